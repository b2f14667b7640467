"""Endpoints that read and change a running platform.

Errors are ``{"erreur": {"code": …, "message": …, "champ": …}}`` with a French
sentence. A browser led here by a foreign page is refused: the Host header must
be an address or ``localhost``.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rules.checking import all_checks
from rules.exchange import Exchange
from simulators.administration import views
from simulators.administration.errors import RefusedError
from simulators.http import HttpListener, HttpRequest, HttpResponse, Route
from simulators.kernel import Kernel, Service
from simulators.store import Unit
from simulators.version import VERSION

if TYPE_CHECKING:
    from simulators.platform import Platform

_PAGE = 500

Handler = Callable[[HttpRequest], HttpResponse | Mapping[str, Any] | Sequence[Any]]


class Administration:
    """One plain HTTP listener, kept out of the journal."""

    name = "administration"

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @property
    def _kernel(self) -> Kernel:
        return self._platform.kernel

    def listeners(self) -> Sequence[HttpListener]:
        """Its address."""
        handlers: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/health", self._health),
            ("GET", "/version", self._version),
            ("GET", "/environment", lambda _: self._platform.descriptor),
            ("POST", "/reset", self._reset),
            ("GET", "/seed", lambda _: {"graine": self._kernel.seed}),
            ("PUT", "/seed", self._reseed),
            ("GET", "/clock", lambda _: self._instant()),
            ("POST", "/clock/{gesture}", self._clock),
            ("GET", "/state", lambda _: self._platform.state()),
            ("GET", "/state/{service}", self._state),
            ("PUT", "/state/{service}", self._set_state),
            ("GET", "/journal", self._journal),
            ("GET", "/journal/{id}", lambda r: views.whole(self._exchange(r))),
            ("GET", "/journal/{id}/{side}", self._raw),
            ("GET", "/journal/{id}/{side}/body", self._raw),
            ("GET", "/faults", lambda _: [views.rule(r) for r in self._kernel.faults.active()]),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("DELETE", "/faults/{id}", self._remove_fault),
            ("GET", "/faults/known/{service}", self._known_faults),
            ("GET", "/marks", lambda _: [views.mark(m) for m in self._kernel.journal.marks()]),
            ("POST", "/marks", self._mark),
            ("PUT", "/step", self._step),
        )
        routes = tuple(Route((verb,), path, _guarded(h), path) for verb, path, h in handlers)
        return (HttpListener("administration", routes, tls=False, recorded=False),)

    def _health(self, _request: HttpRequest) -> Mapping[str, Any]:
        return {"etat": "prêt", "campagne": self._kernel.campaign, "version": VERSION}

    def _version(self, _request: HttpRequest) -> Mapping[str, Any]:
        rules = {"version": VERSION, "controles": sorted({name for name, _ in all_checks()})}
        return {"banc": VERSION, "services": list(self._platform.services), "regles": rules}

    def _reset(self, _request: HttpRequest) -> Mapping[str, Any]:
        self._platform.reset()
        return self._platform.state()

    def _reseed(self, request: HttpRequest) -> Mapping[str, Any]:
        self._platform.reseed(_read("SeedBody", request.body).graine)
        return {"graine": self._kernel.seed}

    def _clock(self, request: HttpRequest) -> Mapping[str, Any]:
        clock, gesture = self._kernel.clock, request.params["gesture"]
        if gesture == "resume":
            clock.resume()
        elif gesture == "freeze":
            clock.freeze(_read("FreezeBody", request.body).at)
        elif gesture in ("advance", "offset"):
            self._move(request.body, from_now=gesture == "offset")
        else:
            known = "freeze, advance, offset, resume"
            raise RefusedError(404, "geste", f"Geste inconnu : {gesture}. Gestes : {known}.")
        return self._instant()

    def _move(self, content: bytes, *, from_now: bool) -> None:
        clock = self._kernel.clock
        seconds = _read("SecondsBody", content).seconds
        try:
            delta = timedelta(seconds=seconds)
            (clock.now() + delta).isoformat()  # a date out of the calendar raises
        except (OverflowError, ValueError) as error:
            text = f"Durée hors du calendrier : {seconds}."
            raise RefusedError(422, "champ", text, "seconds") from error
        if from_now:
            clock.resume()
        clock.advance(delta)

    def _instant(self) -> Mapping[str, Any]:
        return {"now": self._kernel.clock.now().isoformat()}

    def _service(self, request: HttpRequest) -> Service:
        name = request.params["service"]
        services = self._platform.services
        if name not in services:
            known = ", ".join(services)
            text = f"Service inconnu : « {name} ». Services du banc : {known}."
            raise RefusedError(404, "service", text, "service")
        return services[name]

    def _state(self, request: HttpRequest) -> Mapping[str, Any]:
        with self._kernel.unit() as unit:
            return self._service(request).state(unit)

    def _set_state(self, request: HttpRequest) -> Mapping[str, Any]:
        service, change = self._service(request), _bodies().read_object(request.body)
        try:
            with self._kernel.unit() as unit:
                service.set_state(unit, change)
        except ValueError as error:
            raise RefusedError(422, "etat", str(error), next(iter(change), None)) from error
        if service.name == "pki":
            self._platform.renew_certificates()
        return self._state(request)

    def _journal(self, request: HttpRequest) -> Mapping[str, Any]:
        query = request.query
        after = _whole_number(query.get("after", "0"), "after")
        found = [e for e in self._kernel.journal.read(after) if _wanted(e, query)]
        return {
            "echanges": [views.summary(e) for e in found[:_PAGE]],
            "suite": found[_PAGE - 1].position if len(found) > _PAGE else None,
        }

    def _exchange(self, request: HttpRequest) -> Exchange:
        found = self._kernel.journal.find(request.params["id"])
        if found is None:
            raise RefusedError(404, "echange", "Aucun échange de cet identifiant.", "id")
        return found

    def _raw(self, request: HttpRequest) -> HttpResponse:
        exchange = self._exchange(request)
        sides = {"request": exchange.request, "response": exchange.response}
        message = sides.get(request.params["side"])
        if message is None:
            text = "L'échange n'a pas cette partie : « request », ou « response » s'il a répondu."
            raise RefusedError(404, "partie", text, "side")
        only_body = urlsplit(request.target).path.endswith("/body")
        content = message.body if only_body else views.raw(message)
        return HttpResponse(200, (("Content-Type", "application/octet-stream"),), content)

    def _add_fault(self, request: HttpRequest) -> Mapping[str, Any]:
        asked = _read("FaultBody", request.body)
        try:
            return views.rule(self._kernel.faults.add(**asked.model_dump()))
        except ValueError as error:
            raise RefusedError(422, "defaut", str(error), "fault") from error

    def _clear_faults(self, request: HttpRequest) -> Sequence[Any]:
        self._kernel.faults.clear(request.query.get("service"))
        return [views.rule(rule) for rule in self._kernel.faults.active()]

    def _remove_fault(self, request: HttpRequest) -> Mapping[str, Any]:
        number = _whole_number(request.params["id"], "id")
        if not self._kernel.faults.remove(number):
            raise RefusedError(404, "defaut", f"Aucun défaut n° {number}.", "id")
        return {"id": number}

    def _known_faults(self, request: HttpRequest) -> Mapping[str, Any]:
        return self._kernel.faults.known(self._service(request).name)

    def _mark(self, request: HttpRequest) -> Mapping[str, Any]:
        asked = _read("MarkBody", request.body)
        at = self._kernel.clock.now()
        return views.mark(self._kernel.journal.mark(asked.kind, at, asked.payload))

    def _step(self, request: HttpRequest) -> Mapping[str, Any]:
        self._kernel.step = _read("StepBody", request.body).step
        return {"step": self._kernel.step}


def _bodies() -> Any:
    from simulators.administration import bodies  # noqa: PLC0415 - pydantic is slow to load

    return bodies


def _read(shape: str, content: bytes) -> Any:
    return _bodies().read(getattr(_bodies(), shape), content)


def _guarded(handler: Handler) -> Callable[[HttpRequest, Unit], HttpResponse]:
    def endpoint(request: HttpRequest, _unit: Unit) -> HttpResponse:
        try:
            _verify_host(request)
            result = handler(request)
        except RefusedError as error:
            return _json(error.status, error.body)
        return result if isinstance(result, HttpResponse) else _json(200, result)

    return endpoint


def _verify_host(request: HttpRequest) -> None:
    host = urlsplit(f"//{request.header('host') or ''}").hostname or ""
    if host == "localhost":
        return
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        text = f"Hôte refusé : « {host} ». Appelez l'administration par son adresse."
        raise RefusedError(403, "hote", text, "Host") from error


def _wanted(exchange: Exchange, query: Mapping[str, str]) -> bool:
    facts = {
        "service": exchange.service,
        "operation": exchange.operation,
        "patient": exchange.correlation.patient,
        "professional": exchange.correlation.professional,
        "document": exchange.correlation.document,
        "step": exchange.step,
    }
    return all(facts[name] == query[name] for name in facts if name in query)


def _whole_number(text: str, field: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise RefusedError(422, "champ", f"« {field} » est un nombre entier.", field)
    return int(text)


def _json(status: int, value: Mapping[str, Any] | Sequence[Any]) -> HttpResponse:
    body = json.dumps(value, ensure_ascii=False, indent=2).encode()
    return HttpResponse(status, (("Content-Type", "application/json; charset=utf-8"),), body)
