"""Serving one request in a worker thread: fault, endpoint, journal, one transaction."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from email.utils import format_datetime
from enum import Enum, auto

import h11

from rules.exchange import Exchange, Message, Outcome, TlsPeer
from simulators.faults import HANDSHAKE, TRANSPORT, Fault
from simulators.http import HttpRequest, HttpResponse, Route
from simulators.journal import new_id
from simulators.kernel import Kernel
from simulators.web.exchanges import message_of, of_call

_log = logging.getLogger("simulators.web")

_KEPT = 64 * 1024
"""Octets kept of a request that is refused for its size."""


class Cut(Enum):
    """Where a connection is cut."""

    NOWHERE = auto()
    AT_ONCE = auto()
    IN_THE_BODY = auto()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent: an answer or silence, after a delay in seconds, cut or not."""

    response: HttpResponse | None
    cut: Cut = Cut.NOWHERE
    delay: float = 0


class Server:
    """Serves the requests of one service; every method may run in any thread."""

    def __init__(self, kernel: Kernel, service: str, *, recorded: bool = True) -> None:
        self._kernel = kernel
        self._service = service
        self._recorded = recorded

    def serve(self, request: HttpRequest, route: Route, connected: Fault | None) -> Delivery:
        """Answer a request. ``connected`` is the fault its connection suffers."""
        operation = _operation(route, request)
        fault = self._draw(request, route, operation)
        name = fault.name if fault else (connected.name if connected else None)
        if fault is not None and fault.name in TRANSPORT and not _processed(fault):
            return self._spoil(request, operation, fault)
        if fault is not None and fault.name not in TRANSPORT and fault.name not in HANDSHAKE:
            request = replace(request, fault=fault.name)
        return self._process(request, route, operation, fault, name)

    def unknown(self, request: HttpRequest, allowed: tuple[str, ...]) -> Delivery:
        """Answer a path that the service does not have (404) or a wrong method (405)."""
        if allowed:
            text = f"Méthode {request.method} refusée ici. Méthodes admises : {', '.join(allowed)}."
            answer = _text(405, text, ("Allow", ", ".join(allowed)))
        else:
            answer = _text(404, f"Chemin inconnu de ce service : {request.target[:200]}")
        return self._refuse(request, answer, f"http-{answer.status}")

    def too_large(self, request: HttpRequest, limit: int) -> Delivery:
        """Answer a body above the limit, of which only the beginning is kept."""
        text = f"Corps trop gros : ce service accepte {limit} octets."
        kept = replace(request, body=request.body[:_KEPT])
        return self._refuse(kept, _text(413, text, ("Connection", "close")), "http-413")

    def interrupted(self, request: HttpRequest) -> None:
        """Journal a request whose sender left, or went wrong, before its end."""
        nothing = HttpResponse(status=400, error_code="corps-incomplet")
        self._append(
            of_call(
                self._kernel,
                self._service,
                "?",
                request,
                nothing,
                sent=False,
                outcome=Outcome.UNANSWERED,
            )
        )

    def malformed(self, received: bytes, peer: str, tls: TlsPeer | None) -> None:
        """Journal octets that are not an HTTP request (answered 400 by the connection)."""
        first_line = received.split(b"\n", 1)[0][:200].decode("latin-1").strip()
        now = self._kernel.clock.now()
        answer = HttpResponse(status=400, error_code="http-illisible")
        self._append(
            Exchange(
                id=new_id(),
                campaign=self._kernel.campaign,
                position=0,
                service=self._service,
                operation="?",
                started_at=now,
                answered_at=now,
                peer=peer,
                request=Message(first_line, (), received),
                response=message_of(answer),
                outcome=Outcome.REFUSED,
                tls=tls,
                host=tls.sni if tls else None,
                error_code=answer.error_code,
                step=self._kernel.step,
            )
        )

    def _draw(self, request: HttpRequest, route: Route, operation: str) -> Fault | None:
        if not self._recorded:
            return None
        patient = route.patient(request) if route.patient else None
        return self._kernel.faults.draw(self._service, operation, patient, request.body)

    def _process(
        self,
        request: HttpRequest,
        route: Route,
        operation: str,
        fault: Fault | None,
        name: str | None,
    ) -> Delivery:
        try:
            with self._kernel.unit() as unit:
                response = self._complete(route.endpoint(request, unit))
                delivery = _afterwards(response, fault)
                placed = None
                if self._recorded:
                    exchange = self._exchange(operation, request, response, delivery, name)
                    placed = self._kernel.journal.record(unit, exchange)
        except Exception:
            _log.exception("%s %s : l'appel a échoué", self._service, operation)
            return self._breakdown(request, operation, name)
        if placed is not None:
            self._announce(placed)
        return delivery

    def _exchange(
        self,
        operation: str,
        request: HttpRequest,
        response: HttpResponse,
        delivery: Delivery,
        fault: str | None,
    ) -> Exchange:
        outcome = {
            Cut.NOWHERE: None,
            Cut.AT_ONCE: Outcome.UNANSWERED,
            Cut.IN_THE_BODY: Outcome.FAILED,
        }[delivery.cut]
        return of_call(
            self._kernel,
            self._service,
            operation,
            request,
            delivery.response or response,
            sent=delivery.response is not None,
            outcome=outcome,
            fault=fault,
        )

    def _spoil(self, request: HttpRequest, operation: str, fault: Fault) -> Delivery:
        """Apply a fault that keeps the service from seeing the request."""
        if fault.name.startswith("http-"):
            response = self._complete(_injected(int(fault.name.removeprefix("http-"))))
            delivery, outcome = Delivery(response), Outcome.FAILED
        else:
            response = HttpResponse(status=500)
            cut = Cut.NOWHERE if fault.name == "muet" else Cut.AT_ONCE
            delivery, outcome = Delivery(None, cut), Outcome.UNANSWERED
        self._append(
            of_call(
                self._kernel,
                self._service,
                operation,
                request,
                response,
                sent=delivery.response is not None,
                outcome=outcome,
                fault=fault.name,
            )
        )
        return delivery

    def _breakdown(self, request: HttpRequest, operation: str, fault: str | None) -> Delivery:
        """The service itself failed: say so, keep the evidence, go on."""
        answer = self._complete(
            _text(500, "Le simulateur n'a pas su traiter cette demande ; elle est dans le journal.")
        )
        answer = replace(answer, error_code="panne-du-banc")
        self._append(
            of_call(
                self._kernel,
                self._service,
                operation,
                request,
                answer,
                outcome=Outcome.FAILED,
                fault=fault,
            )
        )
        return Delivery(answer)

    def _refuse(self, request: HttpRequest, answer: HttpResponse, code: str) -> Delivery:
        response = self._complete(replace(answer, error_code=code))
        self._append(of_call(self._kernel, self._service, "?", request, response))
        return Delivery(response)

    def _append(self, exchange: Exchange) -> None:
        if not self._recorded:
            return
        try:
            with self._kernel.unit() as unit:
                placed = self._kernel.journal.record(unit, exchange)
        except Exception:
            _log.exception("le journal n'a pas pu garder un échange")
            return
        self._announce(placed)

    def _announce(self, exchange: Exchange) -> None:
        try:
            self._kernel.journal.announce(exchange)
        except Exception:
            _log.exception("un abonné du journal a échoué")

    def _complete(self, response: HttpResponse) -> HttpResponse:
        """Add the headers that HTTP asks for: the journal keeps what is sent."""
        present = {name.lower() for name, _ in response.headers}
        headers = list(response.headers)
        if "date" not in present:
            headers.append(("Date", format_datetime(self._kernel.clock.now(), usegmt=True)))
        if "content-length" not in present and response.status not in (204, 304):
            headers.append(("Content-Length", str(len(response.body))))
        h11.Response(status_code=response.status, headers=headers)  # refuses what cannot be sent
        return replace(response, headers=tuple(headers))


def _operation(route: Route, request: HttpRequest) -> str:
    try:
        return route.operation_of(request)
    except Exception:
        _log.exception("l'opération d'une demande n'a pas pu être nommée")
        return "?"


def _processed(fault: Fault) -> bool:
    return fault.name in ("couper-apres-traitement", "lent", "corps-tronque")


def _afterwards(response: HttpResponse, fault: Fault | None) -> Delivery:
    """The delivery of an answer once the request is processed."""
    name = fault.name if fault else None
    if name == "couper-apres-traitement":
        return Delivery(None, Cut.AT_ONCE)
    if name == "corps-tronque" and response.body:
        half = replace(response, body=response.body[: len(response.body) // 2])
        return Delivery(half, Cut.IN_THE_BODY)
    if fault is not None and name == "lent":
        return Delivery(response, delay=fault.delay)
    return Delivery(response)


def _injected(status: int) -> HttpResponse:
    extra = (("Retry-After", "2"),) if status in (429, 503) else ()
    answer = _text(status, f"Défaut injecté par le banc : http-{status}.", *extra)
    return replace(answer, error_code=f"http-{status}")


def _text(status: int, text: str, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(
        status,
        (("Content-Type", "text/plain; charset=utf-8"), *headers),
        (text + "\n").encode(),
    )
