"""A bare uvicorn: ``python -m bench.benchmark.bare_http ANSWERS.json``.

The same TLS context as a simulator, which asks for a client certificate; the body is
read and an answer of fixed octets given by path: nothing is parsed, judged or kept.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn

from bench.benchmark.plan import SEED
from fixtures.world import make_world
from simulators.http import ClientCertificate
from simulators.pki import Pki


def bare(answers: dict[str, tuple[bytes, bytes]]) -> Any:
    """An ASGI application; ``answers`` maps a path to a content type and a body."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        kind, body = answers.get(scope["path"], (b"text/plain", b""))
        headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application


def read_answers(path: Path) -> dict[str, tuple[bytes, bytes]]:
    """Answers written by :mod:`.capture`: path to content type and base64 body."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return {
        where: (kind.encode("latin-1"), base64.b64decode(body))
        for where, (kind, body) in told.items()
    }


async def serve(path: Path) -> None:
    """Serve until the input ends."""
    pki = Pki(SEED, None, datetime.now(UTC), make_world(SEED))
    config = uvicorn.Config(
        bare(read_answers(path)),
        log_config=None,
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        timeout_keep_alive=120,
    )
    config.load()
    config.ssl = pki.server_context(("localhost", "127.0.0.1"), ClientCertificate.OPTIONAL)
    # As uvicorn binds by itself: asyncio sets TCP_NODELAY only on sockets that say TCP.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    sys.stdout.write(json.dumps({"port": bound.getsockname()[1]}) + "\n")
    sys.stdout.flush()
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1])))
