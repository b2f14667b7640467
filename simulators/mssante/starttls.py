"""Turning a clear connection into TLS (RFC 3207, RFC 3501 §6.2.1), for SMTP and IMAP."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import sslproto
from typing import Any, cast

from rules.exchange import TlsPeer
from simulators import tls
from simulators.kernel import Kernel
from simulators.mssante.faults import SERVICE
from simulators.web.exchanges import handshake


class HandshakeError(Exception):
    """A handshake that failed, with what it showed of the client."""

    def __init__(self, peer: TlsPeer, fault: Any) -> None:
        super().__init__("poignée de main TLS")
        self.peer = peer
        self.fault = fault


class Front(sslproto.SSLProtocol):
    """The TLS side of a connection; tells the client by an alert why it fails."""

    @property
    def secured(self) -> Any:
        """The ``SSLObject``."""
        return getattr(self, "_sslobj", None)

    @property
    def fault(self) -> Any:
        """The ``tls-…`` fault this connection suffers, if any."""
        return getattr(self.secured, "_banc_fault", None)

    def _on_handshake_complete(self, handshake_exc: BaseException | None) -> None:
        if handshake_exc is not None:
            self._process_outgoing()  # type: ignore[attr-defined]
        super()._on_handshake_complete(handshake_exc)  # type: ignore[misc]


async def upgrade(
    protocol: asyncio.Protocol, transport: Any, context: ssl.SSLContext, *, announce: bool
) -> tuple[Front, asyncio.Transport]:
    """Negotiate TLS on an open connection; the TLS side and its transport.

    ``announce`` calls ``protocol.connection_made`` again. Raises HandshakeError.
    """
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    front = Front(
        loop,
        protocol,
        context,
        waiter,
        server_side=True,
        call_connection_made=announce,
        ssl_handshake_timeout=30,
        ssl_shutdown_timeout=5,
    )
    transport.set_protocol(front)
    secured = cast("asyncio.Transport", front._get_app_transport())  # type: ignore[attr-defined]
    front.connection_made(transport)
    try:
        await waiter
    except (OSError, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and not waiter.cancelled():
            raise
        raise HandshakeError(tls.peer_of(front.secured), front.fault) from error
    return front, secured


def note_failure(
    kernel: Kernel, peer: str, shown: TlsPeer | None, error: BaseException | None, fault: Any
) -> None:
    """Journal a handshake that failed, or a connection refused at its opening."""
    kernel.journal.append(handshake(kernel, SERVICE, peer, shown, error, fault))
