"""One listener of a service: from the bytes of a request to a journaled answer."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from starlette.routing import Match
from starlette.routing import Route as StarletteRoute
from uvicorn.server import ServerState

from simulators import tls
from simulators.faults import HANDSHAKE, TLS, Fault
from simulators.http import HttpListener, HttpRequest, Route
from simulators.journal import new_id
from simulators.kernel import Kernel
from simulators.web import exchanges
from simulators.web.connection import Connection, Refused, SecuredFront, uvicorn_config
from simulators.web.host import Host
from simulators.web.serving import Cut, Delivery, Server

_log = logging.getLogger("simulators.web")

Contexts = Callable[[str], ssl.SSLContext]
"""Gives the server context of a variant of the certificate (``""`` for the true one)."""


class Carrier:
    """Carries one HTTP listener of one service.

    ``contexts`` is asked for a context at each connection, so that certificates
    may change while the bench runs; None serves plain HTTP.
    """

    def __init__(
        self,
        kernel: Kernel,
        service: str,
        listener: HttpListener,
        host: Host,
        contexts: Contexts | None,
        hostnames: tuple[str, ...] = (),
    ) -> None:
        self.loop = host.loop
        self._host = host
        self._kernel = kernel
        self.service = service
        self._listener = listener
        self._contexts = contexts
        self._hostnames = hostnames
        self._server = Server(kernel, service, recorded=listener.recorded)
        self._config = uvicorn_config()
        self._state = ServerState()
        self._routes = [
            (StarletteRoute(r.path, _unused, methods=list(r.methods)), r) for r in listener.routes
        ]

    def connect(self) -> asyncio.BaseProtocol:
        """The protocol of a new connection."""
        fault = self._kernel.faults.draw(self.service, TLS) if self._listener.recorded else None
        if fault is not None and fault.name not in HANDSHAKE:
            return Refused(lambda peer: self._note(self._failed(peer, fault=fault)))
        connection = Connection(self._config, self._state, self, fault)
        if self._contexts is None:
            return connection
        context = self._contexts(fault.variant if fault else "")
        return SecuredFront(connection, context, self._handshaken)

    def hang_up(self) -> None:
        """Close idle connections, from any thread but that of the loop."""
        self._host.run(self._close_idle())

    async def _close_idle(self) -> None:
        for connection in tuple(cast("set[Connection]", self._state.connections)):
            if connection.idle:
                connection.transport.close()

    async def carry(self, scope: Any, receive: Any, send: Any, connection: Connection) -> None:
        """Answer one request (ASGI, with the connection it came by)."""
        body, whole = await _read(receive, self._listener.max_body)
        request = _request(scope, connection, body, self._kernel.clock.now())
        if not whole and len(body) <= self._listener.max_body:
            self._note(lambda: self._server.interrupted(request))
            return
        route, params, allowed = self._find(scope)
        fault = connection.fault
        if not whole:
            work = self._work(self._server.too_large, request, self._listener.max_body)
        elif route is None:
            work = self._work(self._server.unknown, request, allowed)
        else:
            work = self._work(self._server.serve, replace(request, params=params), route, fault)
        await self._deliver(await work, receive, send, connection)

    def _work(self, function: Callable[..., Delivery], *arguments: Any) -> Any:
        return self.loop.run_in_executor(self._host.workers, function, *arguments)

    async def _deliver(
        self, delivery: Delivery, receive: Any, send: Any, connection: Connection
    ) -> None:
        if delivery.delay:
            await asyncio.sleep(delivery.delay)
        response = delivery.response
        if response is None:
            if delivery.cut is Cut.AT_ONCE:
                connection.reset()
            while (await receive())["type"] != "http.disconnect":
                pass  # silent until the other side gives up
            return
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in response.headers]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        whole = delivery.cut is not Cut.IN_THE_BODY
        await send({"type": "http.response.body", "body": response.body, "more_body": not whole})
        if not whole:
            connection.transport.close()

    def _find(self, scope: Any) -> tuple[Route | None, dict[str, str], tuple[str, ...]]:
        """The route, its parameters; else the methods that the path allows."""
        allowed: list[str] = []
        for starlette_route, route in self._routes:
            match, child = starlette_route.matches(scope)
            if match is Match.FULL:
                return route, {k: str(v) for k, v in child["path_params"].items()}, ()
            if match is Match.PARTIAL:
                allowed.extend(route.methods)
        return None, {}, tuple(allowed)

    def malformed(self, connection: Connection, received: bytes) -> None:
        """Octets that are not HTTP came by a connection."""
        self._note(lambda: self._server.malformed(received, connection.peer, connection.tls))

    def left_silently(self, connection: Connection) -> None:
        """A client left after a handshake with a spoilt certificate, asking nothing."""
        self._note(self._failed(connection.peer, connection.tls, fault=connection.fault))

    def _handshaken(self, front: SecuredFront, error: BaseException | None) -> None:
        if self.loop.is_closed() or front.secured is None or front.connection.opened:
            return
        if not front.heard and not tls.has_spoken(front.secured, error):
            return  # somebody opened a connection and left: no handshake was tried
        fault = front.connection.fault
        self._note(self._failed(front.source, tls.peer_of(front.secured), error, fault))

    def _failed(
        self,
        peer: str,
        shown: tls.TlsPeer | None = None,
        error: BaseException | None = None,
        fault: Fault | None = None,
    ) -> Callable[[], None]:
        def record() -> None:
            failed = exchanges.handshake(
                self._kernel, self.service, peer, shown, error, fault, self._hostnames
            )
            self._kernel.journal.append(failed)

        return record

    def _note(self, record: Callable[[], None]) -> None:
        """Journal something that no answer waits for, away from the loop."""
        if not self._listener.recorded:
            return
        try:
            self._host.workers.submit(_quietly, record)
        except RuntimeError:
            _log.debug("le banc s'arrête : un échange n'est plus noté")


async def _unused(_request: Any) -> None:
    """Starlette finds the route; the carrier calls the endpoint."""


async def _read(receive: Any, limit: int) -> tuple[bytes, bool]:
    """The body, and whether it is whole. Above the limit as much again is read and dropped."""
    body = bytearray()
    dropped = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body), False
        if len(body) <= limit:
            body += message["body"]
        else:
            dropped += len(message["body"])
        if not message["more_body"] or len(body) + dropped > 2 * limit:
            return bytes(body), len(body) <= limit


def _request(scope: Any, connection: Connection, body: bytes, at: Any) -> HttpRequest:
    head = connection.parser.request
    assert head is not None
    headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in head.headers.raw_items())
    target = head.target.decode("latin-1")
    host = next((v for k, v in headers if k.lower() == "host"), "")
    return HttpRequest(
        method=head.method.decode("ascii"),
        target=target,
        headers=headers,
        body=body,
        at=at,
        peer=connection.peer,
        url=target if "://" in target else f"{scope['scheme']}://{host}{target}",
        tls=connection.tls,
        exchange_id=new_id(),
    )


def _quietly(record: Callable[[], None]) -> None:
    try:
        record()
    except Exception:
        _log.exception("un échange n'a pas pu être noté")
