"""The ordonnance numérique as a service of the bench: one address, every wire on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, cast

from rules.artefact import MalformedError
from rules.exchange import Correlation, Message, Outcome
from rules.formats.prescription import Ordonnance, PrescribedPatient, Prescriber, read_keyed
from rules.formats.prescription_adapter import SOAP, Adapter, Call, add, ours
from rules.formats.prescription_wire import EpRequest, request_of
from simulators.http import ClientCertificate, HttpListener, HttpRequest, HttpResponse, Route
from simulators.kernel import Kernel
from simulators.prescription import description, faults, settings, wire
from simulators.prescription.admission import admit
from simulators.prescription.errors import RefusedError
from simulators.prescription.operations import Caller, Operations
from simulators.prescription.robot import Robot
from simulators.prescription.rows import Kept
from simulators.prescription.state import PrescriptionState, local_day
from simulators.reading import ReadOnce
from simulators.store import Unit
from simulators.wsdl import described

MAX_BODY = 4 * 1024 * 1024
"""An ordonnance is a few kilobytes."""
Read = tuple[Call, EpRequest | None]


class PrescriptionService:
    """The simulator. Its listener is ``prescription``."""

    name = "prescription"
    faults: Mapping[str, str] = faults.FAULTS

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._adapters = (*ours(), *settings.adapters(kernel))
        for adapter in self._adapters[len(ours()) :]:
            add(adapter)  # the checks read the journal by the same adapters
        self._readers = {a.name: ReadOnce[Read](partial(_read, a)) for a in self._adapters}

    def listeners(self) -> Sequence[HttpListener]:
        """One address; an adapter added later has the paths it shares."""
        places = {
            (o.method, o.path): adapter for adapter in self._adapters for o in adapter.operations
        }
        routes = tuple(
            Route((method,), path, partial(self.call, adapter), partial(self._operation, adapter))
            for (method, path), adapter in places.items()
        )
        described = tuple(
            Route(("GET",), adapter.address, partial(self.describe_itself, adapter), "wsdl")
            for adapter in self._adapters
            if description.described(adapter)
        )
        openapi = Route(("GET",), "/openapi.json", self.openapi, "wsdl")
        routes = (*routes, *described, openapi)
        return (
            HttpListener("prescription", routes, (), ClientCertificate.OPTIONAL, max_body=MAX_BODY),
        )

    def _operation(self, adapter: Adapter, request: HttpRequest) -> str:
        try:
            return self._readers[adapter.name].first(request)[0].name
        except MalformedError:
            return "?"

    def call(self, adapter: Adapter, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Answer one call."""
        call: Call | None = None
        try:
            call, message = self._readers[adapter.name].again(request)
            if call.operation is None:
                raise RefusedError("EP-P-031")
            code = faults.refuses(request.fault)
            if code is not None:
                raise RefusedError(code)
            caller = admit(call, message, request, self._kernel)
            return self._answer(call, self._serve(call, request, unit, caller), request)
        except MalformedError as error:
            told = f"{error.finding.place} : {error.finding.expected} attendu."
            return self._refuse(adapter, RefusedError("EP-P-030", told), call)
        except RefusedError as refused:
            return self._refuse(adapter, refused, call)

    def _serve(
        self, call: Call, request: HttpRequest, unit: Unit, caller: Caller
    ) -> dict[str, Any]:
        state = self._state(unit)
        operations = Operations(state, self._kernel.environment, request.at, caller)
        content = operations.serve(call.name, call.content)
        if request.fault == faults.OPPOSED and call.content.get("avecExecutions"):
            raise RefusedError("EP-P-008")
        return faults.spoil(request.fault, call.name, content)

    def _answer(self, call: Call, content: Mapping[str, Any], request: HttpRequest) -> HttpResponse:
        assert call.operation is not None
        style = faults.style(request.fault)
        body = wire.answer(call.adapter, call.operation, content, _message_id(call), style)
        headers = (("Content-Type", wire.content_type(call.adapter, call.operation)),)
        return HttpResponse(200, headers, body, correlation=_correlation(call))

    def _refuse(self, adapter: Adapter, refused: RefusedError, call: Call | None) -> HttpResponse:
        error = refused.error
        return HttpResponse(
            wire.status(adapter, error),
            (("Content-Type", wire.content_type(adapter)),),
            wire.refusal(adapter, refused, _message_id(call) if call else None),
            outcome=Outcome.FAILED if error.technical else Outcome.REFUSED,
            error_code=error.code,
            correlation=_correlation(call) if call else Correlation(),
        )

    def describe_itself(self, adapter: Adapter, request: HttpRequest, _unit: Unit) -> HttpResponse:
        """``GET ?wsdl`` and the schemas it imports (``?xsd=``)."""
        return described(
            request, partial(description.wsdl, adapter), partial(description.schema, adapter)
        )

    def openapi(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        """``GET /openapi.json``: the JSON wires."""
        address = request.url.removesuffix("/openapi.json")
        told = description.openapi(self._adapters, address)
        headers = (("Content-Type", "application/json"),)
        return HttpResponse(200, headers, json.dumps(told, ensure_ascii=False).encode())

    def prepare(self, unit: Unit) -> None:
        """Put the settings of the campaign, once; the base begins empty."""
        settings.start(self._state(unit), self._kernel)

    def describe(self) -> Mapping[str, Any]:
        """Its part of the environment descriptor."""
        address = self._kernel.addresses["prescription"]
        rest, soap = (next(a for a in ours() if a.form == form) for form in ("json", SOAP))
        return {
            "rest": address.url(rest.address),
            "soap": address.url(soap.address),
            "wsdl": address.url(f"{soap.address}?wsdl"),
            "openapi": address.url("/openapi.json"),
            "voie": settings.way(self._kernel),
        }

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Settings, the last ordonnances by number, traces."""
        state = self._state(unit)
        today = local_day(self._kernel.clock.now())
        return {
            "reglages": state.settings(),
            "ordonnances": {k.number: _shown(k, state, today) for k in state.everything()},
            "traces": state.traces(),
        }

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """Change settings and consents, put ordonnances, have the pharmacies execute.

        ``{"consentements": {"<numéro>": false}, "ordonnances": [neutral ordonnance],
        "pharmacie": [{"numero": "…", "recette": "tout"}]}`` (see :mod:`.robot`), and
        settings by their name (see :mod:`.settings`).
        """
        state = self._state(unit)
        rest = next(a for a in ours() if a.form != SOAP)
        robot = Robot(self._kernel, rest, partial(self.call, rest))
        changes: dict[str, Callable[[Any], None]] = {
            "consentements": partial(_change_consents, state),
            "ordonnances": partial(_put, state, self._kernel.clock.now()),
            "pharmacie": lambda orders: robot.obey(orders, unit),
        }
        for name, value in change.items():
            if name in changes:
                changes[name](value)
            else:
                state.set_setting(name, settings.verify(name, value))

    def _state(self, unit: Unit) -> PrescriptionState:
        return PrescriptionState(unit.connection, self._kernel.campaign)


def _read(adapter: Adapter, message: Message) -> Read:
    call = adapter.read_request(message)
    return call, request_of(call, message)


def _message_id(call: Call) -> str | None:
    return call.soap.message_id if call.soap else None


def _correlation(call: Call) -> Correlation:
    try:
        patient = read_keyed(PrescribedPatient, call.content.get("patient") or {})
        who = read_keyed(
            Prescriber, call.content.get("prescripteur") or call.content.get("emetteur") or {}
        )
    except MalformedError:
        return Correlation()
    number = call.content.get("id")
    return Correlation(
        patient=patient.ins.matricule if patient.ins else None,
        professional=f"8{who.rpps}" if who.rpps else None,
        document=number if isinstance(number, str) else None,
    )


def _shown(kept: Kept, state: PrescriptionState, today: date) -> dict[str, Any]:
    return {
        "etat": kept.state(today).value,
        "consentement": kept.consent,
        "enregistree": kept.recorded_at,
        "lignes": {
            str(p.line): {"executions": p.done, "prevues": p.rounds, "supprimee": p.closed}
            for p in kept.progress.values()
        },
        "executions": state.executions(kept.number),
        "contenu": kept.document,
    }


def _put(state: PrescriptionState, at: datetime, told: Any) -> None:
    for each in cast("list[Any]", told if isinstance(told, list) else [told]):
        try:
            state.put(read_keyed(Ordonnance, each), at)
        except RefusedError as error:
            raise ValueError(f"Ordonnance numérique : {error.error.code} : {error.text}") from error
        except MalformedError as error:
            raise ValueError(f"Ordonnance numérique : {error.finding.place} illisible.") from error


def _change_consents(state: PrescriptionState, told: Any) -> None:
    told = cast("Mapping[str, object]", told) if isinstance(told, Mapping) else {"": None}
    if not all(isinstance(consent, bool) for consent in told.values()):
        raise ValueError('Ordonnance numérique : consentements : {"<numéro>": true ou false}.')
    for number, consent in told.items():
        try:
            state.set_consent(number, consent is True)
        except RefusedError as error:
            raise ValueError(f"Ordonnance numérique : {number} : {error.text}") from error
