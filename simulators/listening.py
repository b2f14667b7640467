"""Binding the listeners of a platform: addresses, certificates, carriers."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from simulators import tls
from simulators.faults import HANDSHAKE, TLS
from simulators.http import ClientCertificate, HttpListener
from simulators.kernel import Address, Kernel, Listener, StreamListener
from simulators.web.carrier import Carrier
from simulators.web.host import Host, bind, bind_twin

_LOCAL = ("localhost", "127.0.0.1", "::1")
_WITHOUT_TRAFFIC = "administration"


class Listening:
    """The open doors of one platform."""

    def __init__(self, kernel: Kernel, host: str) -> None:
        self._kernel = kernel
        self._interface = host
        self._host = Host()
        self._bound: list[tuple[str, Listener, socket.socket]] = []
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self._carriers: list[Carrier] = []

    def bind(
        self,
        asked: Sequence[tuple[str, Listener]],
        base_port: int | None,
        known: Mapping[str, int],
    ) -> None:
        """Bind every listener (service, listener), fill ``kernel.addresses``.

        Ports: ``base_port`` and those after it in order, else those ``known``
        by listener name, else free ones. Raises AddressError.
        """
        for rank, (service, listener) in enumerate(asked):
            port = base_port + rank if base_port else known.get(listener.name, 0)
            bound = bind(self._interface, port)
            self._bound.append((service, listener, bound))
            address = Address(_name_of(self._interface), bound.getsockname()[1])
            self._kernel.addresses[listener.name] = address
        self._kernel.pki.publish_at(
            f"http://{self._interface}:{self._kernel.addresses['pki'].port}"
        )
        self._revocable()

    def serve(self) -> None:
        """Begin to accept connections."""
        self._host.start()
        self._kernel.faults.at_handshake = self.hang_up
        for service, listener, bound in self._bound:
            if isinstance(listener, HttpListener):
                self._serve_http(service, listener, bound)
            else:
                self._serve_stream(service, listener, bound)

    def renew(self) -> None:
        """Make server contexts again at their next use."""
        self._contexts.clear()
        self._revocable()
        self.hang_up()

    def hang_up(self, service: str | None = None) -> None:
        """Close the connections nobody is being served on, of a service or of all."""
        for carrier in self._carriers:
            if service in (None, carrier.service):
                carrier.hang_up()

    def hosts(self) -> list[str]:
        """Lines of a hosts file that lead the official names here."""
        names = [name for _, one, _ in self._bound for name in one.hostnames]
        return [f"{self._interface} {name}" for name in dict.fromkeys(names)]

    def stop(self) -> None:
        """Close everything."""
        self._host.stop()
        for _, _, bound in self._bound:
            bound.close()

    def context(self, listener: Listener, variant: str = "") -> ssl.SSLContext:
        """The server context of a listener for a variant of its certificate."""
        key = (listener.name, variant)
        if key not in self._contexts:
            demand = ClientCertificate.NONE
            if isinstance(listener, HttpListener):
                demand = listener.client_certificate
            made = self._kernel.pki.server_context(_names(listener), demand, variant)
            self._contexts[key] = tls.watch(made)
        return self._contexts[key]

    def _serve_http(self, service: str, listener: HttpListener, bound: socket.socket) -> None:
        contexts = partial(self.context, listener) if listener.tls else None
        if contexts is not None:
            contexts("")  # the first client should not wait for it
        carrier = Carrier(self._kernel, service, listener, self._host, contexts, _names(listener))
        self._carriers.append(carrier)
        self._host.serve(bound, carrier.connect)
        second = bind_twin(bound)
        if second is not None:
            self._host.serve(second, carrier.connect)

    def _serve_stream(self, service: str, listener: StreamListener, bound: socket.socket) -> None:
        # Without TLS the context stays empty: making a real one costs a certificate.
        context = (
            self._switching(service, listener)
            if listener.tls
            else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        )
        starting = listener.start(bound, context)

        async def start() -> Any:
            return await starting

        self._host.keep(self._host.run(start()))

    def _revocable(self) -> None:
        """Issue the revoked certificates of servers: a CRL fetched early must list them."""
        for _, listener, _ in self._bound:
            if listener.tls:
                self._kernel.pki.server_credential(_names(listener), "revoque")

    def _switching(self, service: str, listener: StreamListener) -> ssl.SSLContext:
        """A context whose certificate is replaced when a ``tls-…`` fault is drawn."""
        made = self._kernel.pki.server_context(_names(listener))

        def choose(connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
            fault = self._kernel.faults.draw(service, TLS)
            if fault is not None and fault.name in HANDSHAKE:
                connection.context = self.context(listener, fault.variant)
                connection._banc_fault = fault

        made.sni_callback = choose
        return tls.watch(made)


def _names(listener: Listener) -> tuple[str, ...]:
    return (*listener.hostnames, *_LOCAL)


def _name_of(interface: str) -> str:
    return "localhost" if interface in ("127.0.0.1", "::1") else interface
