"""One HTTP connection: uvicorn's h11 protocol, extended to show the TLS peer.

``scope["extensions"]["tls"]`` is filled as the ASGI TLS extension names it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import sslproto
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from rules.exchange import TlsPeer
from simulators.tls import peer_of

if TYPE_CHECKING:
    from simulators.faults import Fault
    from simulators.web.carrier import Carrier

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_HEAD_LIMIT = 64 * 1024
_KEPT = 64 * 1024


def uvicorn_config() -> Config:
    """The uvicorn configuration of a listener; no logging, no lifespan."""

    async def unused(_scope: Any, _receive: Any, _send: Any) -> None:
        """Each connection brings its own application."""

    config = Config(
        unused,
        log_config=None,
        access_log=False,
        lifespan="off",
        http="h11",
        ws="none",
        timeout_keep_alive=120,
        h11_max_incomplete_event_size=_HEAD_LIMIT,
    )
    config.load()
    return config


class _RecordingParser(h11.Connection):
    """Keeps the request head as it was on the wire: order and case of headers."""

    request: h11.Request | None = None

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.request = event
        return event


class _OneWrite:
    """A transport that sends in one write what is written in one turn of the loop.

    Head, body and end of an answer would leave in three segments and meet the
    delayed acknowledgement of the other side.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not data:
            return
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(data)

    def flush(self) -> None:
        if self._waiting:
            data, self._waiting = b"".join(self._waiting), []
            self._transport.write(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(H11Protocol):
    """One connection of a carrier's listener."""

    def __init__(
        self, config: Config, state: ServerState, carrier: Carrier, fault: Fault | None
    ) -> None:
        super().__init__(config, state, {}, carrier.loop)
        self.conn = self.parser = _RecordingParser(h11.SERVER, _HEAD_LIMIT)
        self.app = self._carry  # type: ignore[assignment]
        self.carrier = carrier
        self.fault = fault
        """Fault chosen when the connection opened (``tls-…``)."""
        self.peer = "?"
        self.tls: TlsPeer | None = None
        self.opened = False
        """True once octets of HTTP may flow: after the handshake, if there is one."""
        self._socket: Any = None
        self._last = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A TLS handshake ended well, or a plain connection opened."""
        super().connection_made(_OneWrite(transport, self.loop))  # type: ignore[arg-type]
        self.opened = True
        self._socket = transport.get_extra_info("socket")
        self.peer = address(transport)
        secured = transport.get_extra_info("ssl_object")
        self.tls = peer_of(secured) if secured is not None else None

    @property
    def idle(self) -> bool:
        """Whether nobody is being served on it."""
        return bool(self.parser.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE})

    def data_received(self, data: bytes) -> None:
        """Octets of a request."""
        if _QUICKACK is not None:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        self._last = data[:_KEPT]
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side left, or we did."""
        if self.fault is not None and self.parser.request is None:
            self.carrier.left_silently(self)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, and have it journaled unless a call already will."""
        if self.parser.request is None or self.cycle.response_complete:
            self.carrier.malformed(self, self._last)
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.close()  # an answer had begun

    def reset(self) -> None:
        """Cut the connection without a word (RST)."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    async def _carry(self, scope: Any, receive: Any, send: Any) -> None:
        scope["extensions"] = {"tls": _extension(self.tls)} if self.tls else {}
        await self.carrier.carry(scope, receive, send, self)


class SecuredFront(sslproto.SSLProtocol):
    """The TLS side of a connection, which remembers whom it spoke with."""

    def __init__(
        self,
        connection: Connection,
        context: Any,
        ended: Callable[[SecuredFront, BaseException | None], None],
    ) -> None:
        waiter = connection.loop.create_future()
        super().__init__(
            connection.loop,
            connection,
            context,
            waiter,
            server_side=True,
            ssl_handshake_timeout=30,
            ssl_shutdown_timeout=5,
        )
        self.connection = connection
        self.source = "?"
        self.heard = False
        waiter.add_done_callback(lambda done: ended(self, _failure(done)))

    def connection_made(self, transport: Any) -> None:
        """A TCP connection opened; the handshake begins."""
        self.source = address(transport)
        super().connection_made(transport)

    def buffer_updated(self, nbytes: int) -> None:
        """Octets came, whatever they are."""
        self.heard = True
        super().buffer_updated(nbytes)

    def _on_handshake_complete(self, handshake_exc: BaseException | None) -> None:
        if handshake_exc is not None:
            # asyncio closes without sending the alert OpenSSL wrote: the client
            # would never learn what is wrong with its certificate.
            self._process_outgoing()  # type: ignore[attr-defined]
        super()._on_handshake_complete(handshake_exc)  # type: ignore[misc]

    @property
    def secured(self) -> Any:
        """The ``SSLObject``, also when its handshake failed."""
        return getattr(self, "_sslobj", None)


class Refused(asyncio.Protocol):
    """A connection reset as soon as it opens (fault ``refuser``)."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reset it."""
        self._told(address(transport))
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()  # type: ignore[attr-defined]


def address(transport: Any) -> str:
    """``host:port`` of the other side."""
    name = transport.get_extra_info("peername")
    if not name:
        return "?"
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def _failure(done: asyncio.Future[Any]) -> BaseException | None:
    return None if done.cancelled() else done.exception()


def _extension(peer: TlsPeer) -> dict[str, Any]:
    return {
        "tls_version": peer.version,
        "cipher_suite": peer.cipher,
        "client_cert_chain": [peer.certificate] if peer.certificate else [],
        "peer": peer,
    }
