"""HTTP requests and answers as plain values, so that services touch no socket.

A service gives :class:`Route` objects whose endpoint is a synchronous function
``(HttpRequest, Unit) -> HttpResponse``. :mod:`simulators.web` carries them over
TLS, runs them in a worker thread, applies transport faults, and journals the
exchange in the same transaction as the service's own writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl

from rules.exchange import Correlation, Message, Outcome, TlsPeer
from simulators.store import Unit


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as received. ``headers`` keep their order and their case."""

    method: str
    target: str
    """Path and query as on the wire."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: datetime
    peer: str
    url: str
    """Absolute URL that was called, from the Host header."""
    tls: TlsPeer | None = None
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters of the route's path."""
    fault: str | None = None
    """Service fault injected for this call, by its name in the service's list."""
    exchange_id: str = ""

    @property
    def message(self) -> Message:
        """The request as the journal and the parsers of the rules take it."""
        return Message(f"{self.method} {self.target} HTTP/1.1", self.headers, self.body)

    def header(self, name: str) -> str | None:
        """First value of a header, compared without case."""
        return self.message.header(name)

    @property
    def query(self) -> dict[str, str]:
        """Query parameters, the last value of each."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """Body read as ``application/x-www-form-urlencoded``, last value of each."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, and what the journal must remember of the exchange.

    ``outcome`` defaults to accepted below 400 and refused from 400 on; a SOAP
    answer that carries a business failure in a 200 says so explicitly.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    operation: str | None = None
    """Overrides the operation announced by the route."""
    outcome: Outcome | None = None
    error_code: str | None = None
    correlation: Correlation = field(default_factory=Correlation)


Endpoint = Callable[[HttpRequest, Unit], HttpResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """A path (Starlette syntax, ``/realms/{realm}/token``) and its endpoint.

    ``operation`` names it in the journal, or is computed from the request (a
    SOAP path serves several). It is known before faults are chosen.
    """

    methods: tuple[str, ...]
    path: str
    endpoint: Endpoint
    operation: str | Callable[[HttpRequest], str]
    patient: Callable[[HttpRequest], str | None] | None = None
    """15-character INS the request is about, for faults limited to a patient; optional:
    a matricule found in the body is recognised without it."""

    def operation_of(self, request: HttpRequest) -> str:
        """Name of the operation this request asks for."""
        return self.operation if isinstance(self.operation, str) else self.operation(request)


class ClientCertificate(StrEnum):
    """What a listener demands of its callers."""

    NONE = "aucun"
    OPTIONAL = "facultatif"
    REQUIRED = "obligatoire"


@dataclass(frozen=True, slots=True)
class HttpListener:
    """One HTTPS address of a service.

    ``hostnames`` are the official host names put in the server certificate, so
    that a product with fixed names can be redirected by a hosts file.
    ``tls=False`` serves plain HTTP (CRL and OCSP are plain by nature).
    ``recorded=False`` keeps a listener out of the journal (administration).
    """

    name: str
    routes: tuple[Route, ...]
    hostnames: tuple[str, ...] = ()
    client_certificate: ClientCertificate = ClientCertificate.NONE
    tls: bool = True
    recorded: bool = True
    max_body: int = 64 * 1024 * 1024
    """Bodies above are refused with 413, in octets."""
