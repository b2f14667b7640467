"""INSi as a service of the bench: two addresses, ``?wsdl``, state, descriptor.

Reference: sheet ``ins-insi`` §2.3 (addresses and authentication), §6 (design).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, cast

from rules.artefact import MalformedError
from rules.exchange import Correlation, Outcome
from rules.formats.insi import CardSearch, InsiRequest, read_request
from simulators.http import ClientCertificate, HttpListener, HttpRequest, HttpResponse, Route
from simulators.insi import description, faults, settings
from simulators.insi.admission import Door, RefusedError, admit
from simulators.insi.errors import CATALOGUE, ServiceError
from simulators.insi.people import QUALIFICATION, Person, from_world
from simulators.insi.state import InsiState, Result, person_of
from simulators.insi.verification import Deposits
from simulators.insi.verifying import Verifier
from simulators.insi.wire import CONTENT_TYPE, Reply, answer, fault
from simulators.kernel import Kernel
from simulators.reading import ReadOnce
from simulators.store import Unit
from simulators.wsdl import described

ORGANISATION = Door("insi-org", by_assertion=False)
CARD = Door("insi-cps", by_assertion=True)
HOSTNAMES = {
    ORGANISATION: ("qualiflps-services-ps-tlsm.ameli.fr", "services-ps-tlsm.ameli.fr"),
    CARD: ("qualiflps.services-ps.ameli.fr", "services-ps.ameli.fr"),
}
"""Qualification and production."""
MAX_BODY = 1024 * 1024
"""A search is a few kilobytes."""


class InsiService:
    """The simulator. Its listeners are ``insi-org`` and ``insi-cps``."""

    name = "insi"
    faults: Mapping[str, str] = faults.FAULTS

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._requests = ReadOnce(read_request)

    def listeners(self) -> Sequence[HttpListener]:
        """One address demands an organisation certificate, the other an assertion."""
        demanded = {ORGANISATION: ClientCertificate.REQUIRED, CARD: ClientCertificate.OPTIONAL}
        return tuple(
            HttpListener(
                door.listener,
                (
                    Route(("POST",), "/lps", partial(self.call, door), self._operation),
                    Route(("GET",), "/lps", self.describe_itself, "wsdl"),
                ),
                HOSTNAMES[door],
                demanded[door],
                max_body=MAX_BODY,
            )
            for door in (ORGANISATION, CARD)
        )

    def _operation(self, request: HttpRequest) -> str:
        try:
            return self._requests.first(request).operation or "?"
        except MalformedError:
            return "?"

    def call(self, door: Door, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Answer one SOAP call."""
        try:
            message = self._requests.again(request)
        except MalformedError:
            return _refusal(CATALOGUE["desir_9010"], None)
        try:
            if message.verification is not None:
                return self._verify(door, request, message, unit)
            return self._serve(door, request, message)
        except RefusedError as refused:
            return _refusal(refused.error, message)

    def _serve(self, door: Door, request: HttpRequest, message: InsiRequest) -> HttpResponse:
        _fail(request.fault)
        if request.fault == faults.FAULT_IN_200:
            return replace(_refusal(CATALOGUE["insi_102"], message), status=200)
        # A search writes nothing: the one writer is left to the journal.
        with self._kernel.store.reading() as connection:
            state = InsiState(connection, self._kernel.campaign)
            told = state.settings()
            admit(message, request, door, self._kernel, told)
            assert message.search is not None  # INS-W-02 refuses any other body
            result = state.search(message.search)
        return self._answer(request, message, result, told)

    def _verify(
        self, door: Door, request: HttpRequest, message: InsiRequest, unit: Unit
    ) -> HttpResponse:
        state = self._state(unit)
        told = state.settings()
        if not told["verification"]:
            raise RefusedError(CATALOGUE["desir_9011"])
        _fail(request.fault)
        admit(message, request, door, self._kernel, told)
        assert message.verification is not None
        deposits = Deposits(unit.connection, self._kernel.campaign)
        same_oid = self._kernel.environment.same_oid
        verifier = Verifier(state, deposits, same_oid, request.at, request.fault)
        answered = verifier.serve(message.verification, told)
        return replace(answered, correlation=_correlation(message, None))

    def _answer(
        self, request: HttpRequest, message: InsiRequest, result: Result, told: Mapping[str, Any]
    ) -> HttpResponse:
        by_card = isinstance(message.search, CardSearch)
        instead = settings.nobody(told["profil"], by_card=by_card) if result.code == "01" else None
        if instead is not None and request.fault not in faults.LIES:
            raise RefusedError(CATALOGUE[instead])
        reply = Reply(
            result.code,
            result.person,
            style=told["serialisation"],
            header=told["en_tete"],
            by_card=by_card,
        )
        reply = faults.spoil(reply, request.fault)
        return HttpResponse(
            200,
            (("Content-Type", CONTENT_TYPE),),
            b"" if request.fault == faults.EMPTY else answer(reply),
            outcome=Outcome.FAILED if request.fault == faults.EMPTY else Outcome.ACCEPTED,
            error_code=None if reply.code == "00" else reply.code,
            correlation=_correlation(message, reply),
        )

    def describe_itself(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        """``GET /lps?wsdl`` and the schemas it imports (``?xsd=``)."""
        on = self._verifies()
        return described(
            request,
            partial(description.wsdl, verification=on),
            partial(description.schema, verification=on),
        )

    def _verifies(self) -> bool:
        with self._kernel.store.reading() as connection:
            return bool(InsiState(connection, self._kernel.campaign).settings()["verification"])

    def prepare(self, unit: Unit) -> None:
        """Fill the base with the qualification people and those of the campaign, once."""
        state = self._state(unit)
        settings.start(state, self._kernel)
        state.fill((*from_world(self._kernel.world), *QUALIFICATION))

    def describe(self) -> Mapping[str, Any]:
        """Its part of the environment descriptor."""
        addresses = self._kernel.addresses
        return {
            "organisation": addresses[ORGANISATION.listener].url("/lps"),
            "cpx": addresses[CARD.listener].url("/lps"),
            "wsdl": addresses[CARD.listener].url("/lps?wsdl"),
            "verification": self._verifies(),
        }

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Settings, and people by INS (several may share one)."""
        state = self._state(unit)
        return {
            "reglages": dict(state.settings()),
            "personnes": [asdict(person) for person in state.everyone()],
        }

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """Change settings (see :mod:`.settings`) and people.

        ``{"personnes": {"<ins>": {"birth_name": "AUTRE"}}}`` changes fields of the
        person who holds it, or puts a new one; ``null`` takes the person away.
        """
        state = self._state(unit)
        for name, value in change.items():
            if name == "personnes" and isinstance(value, Mapping):
                for ins, told in cast("Mapping[str, Any]", value).items():
                    _change_person(state, ins, told)
            else:
                state.set_setting(name, settings.verify(name, value))

    def put(self, unit: Unit, person: Person) -> None:
        """Put one more person in the base."""
        self._state(unit).add(person)

    def _state(self, unit: Unit) -> InsiState:
        return InsiState(unit.connection, self._kernel.campaign)


def _fail(name: str | None) -> None:
    if name is not None and name in CATALOGUE:
        raise RefusedError(CATALOGUE[name])


def _refusal(error: ServiceError, message: InsiRequest | None) -> HttpResponse:
    message_id = message.soap.message_id if message else None
    return HttpResponse(
        500,
        (("Content-Type", CONTENT_TYPE),),
        fault(error, message_id),
        outcome=Outcome.FAILED if error.technical else Outcome.REFUSED,
        error_code=error.code,
        correlation=_correlation(message, None) if message else Correlation(),
    )


def _correlation(message: InsiRequest, reply: Reply | None) -> Correlation:
    person = reply.person if reply is not None and reply.code == "00" else None
    return Correlation(
        patient=person.active.ins if person else None,
        professional=message.assertion.saml.name_id if message.assertion else None,
        software=message.lps.instance if message.lps else None,
    )


def _change_person(state: InsiState, ins: str, told: Any) -> None:
    gone = state.remove(ins)
    if told is None:
        return
    new = {"active": {"number": ins[:13], "key": ins[13:] or None}, "history": ()}
    known: dict[str, Any] = asdict(gone[0]) if gone else new
    if not isinstance(told, Mapping):
        raise ValueError(f"INSi : personne {ins} : des champs sont attendus, ou null.")
    try:
        state.add(person_of({**known, **cast("Mapping[str, Any]", told)}))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"INSi : personne {ins} : champs manquants ou inconnus ({error}). Attendus : "
            "birth_name, given_names, sex, birth_date, birth_place."
        ) from error
