"""A bare aiosmtpd with STARTTLS: ``python -m bench.benchmark.bare_smtp``.

Any XOAUTH2 token is taken, every mail is received whole and dropped.
"""

# ruff: noqa: N802 - aiosmtpd finds hooks by names like handle_DATA

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from bench.benchmark.plan import SEED
from fixtures.world import make_world
from simulators.http import ClientCertificate
from simulators.pki import Pki

_SIZE = 35 * 1024 * 1024


class Sink:
    """Accepts everybody and everything."""

    async def auth_XOAUTH2(self, _server: SMTP, _arguments: list[str]) -> AuthResult:
        """Any token."""
        return AuthResult(success=True)

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:
        """Any mail; its octets were received."""
        return f"250 OK {len(envelope.content)}"


async def serve() -> None:
    """Serve until the input ends."""
    logging.getLogger("mail.log").addHandler(logging.NullHandler())
    loop = asyncio.get_running_loop()
    pki = Pki(SEED, None, datetime.now(UTC), make_world(SEED))
    context = pki.server_context(("localhost", "127.0.0.1"), ClientCertificate.NONE)

    def connection() -> SMTP:
        return SMTP(
            Sink(),
            hostname="localhost",
            data_size_limit=_SIZE,
            tls_context=context,
            require_starttls=True,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=loop,
        )

    server = await loop.create_server(connection, "127.0.0.1", 0)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
