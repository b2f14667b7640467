"""What a journal shows of ordonnances: gestures, EP4 sent, documents, pages.

A gesture is journaled after the exchanges it caused, among which those of another
workstation may be. A document is of a gesture when its answer names it among its
``envois``, else when the gesture caused its deposit and no other answers for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rules.exchange import Exchange, Outcome
from rules.findings import Finding
from rules.formats.cda import ClinicalDocument
from rules.formats.gesture import Gesture
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_wire import CANCELLATION, CREATION, EpAnswer, EpRequest
from rules.judge import JournalView

SERVICE = "prescription"
VALIDATE, PRINT = "prescription.validate", "prescription.print"
FORMS = 2
"""Documents that an ordonnance leaves in the DMP: N3 and N1."""
PROCESSED = "couper-apres-traitement"
"""Fault under which the service registered, then answered nothing."""
ROBOT = "robot-pharmacie"
"""Peer of the calls that the bench makes itself: the software answers for none."""


@dataclass(frozen=True)
class Sent:
    """An EP4 with the ordonnance it registers."""

    exchange: Exchange
    ordonnance: Ordonnance

    @property
    def number(self) -> str:
        """The number it asks for."""
        return self.ordonnance.id or ""

    @property
    def kept(self) -> bool:
        """Whether the base holds it, whatever the software was told."""
        return self.exchange.accepted or self.exchange.fault == PROCESSED

    @property
    def refused(self) -> bool:
        """Whether the service answered no."""
        return self.exchange.outcome is Outcome.REFUSED

    @property
    def content(self) -> tuple[object, ...]:
        """Who and what is prescribed, and which day; identifiers of lines may be new each time."""
        made = self.ordonnance
        lines = tuple(replace(line, n=None, line_id=None) for line in made.lines)
        return made.patient, lines, made.day


@dataclass(frozen=True)
class Act:
    """A gesture about an ordonnance, with the exchanges observed since the one before."""

    gesture: Gesture
    exchange: Exchange
    caused: tuple[Exchange, ...]

    @property
    def told(self) -> Mapping[str, Any]:
        """``ordonnance`` of the answer."""
        return self.gesture.part("ordonnance")

    @property
    def local_id(self) -> str | None:
        """``id`` of the ordonnance in the software, from the answer or the parameters."""
        found = self.told.get("id") or self.gesture.parameters.get("ordonnance")
        return str(found) if found else None

    @property
    def number(self) -> str | None:
        """The number that the software says."""
        found = self.told.get("numero")
        return str(found) if found else None

    @property
    def alerts(self) -> tuple[str, ...]:
        """Sentences shown to the user."""
        found = self.told.get("alertes")
        return tuple(map(str, found)) if isinstance(found, list) else ()

    @property
    def shipments(self) -> tuple[Mapping[str, Any], ...]:
        """``envois`` of the answer."""
        return self.gesture.entries("envois")

    def caused_by(self, *operations: str) -> tuple[Exchange, ...]:
        """Calls of the service that the gesture caused."""
        return tuple(e for e in self.caused if e.service == SERVICE and e.operation in operations)

    def finding(self, place: str, expected: str, found: str, advice: str) -> Finding:
        """A finding about what the software said."""
        return Finding(
            place, expected, found, advice, exchange_id=self.exchange.id, artefact=Gesture.label
        )


@dataclass(frozen=True)
class Deposit:
    """A document sent to the DMP."""

    exchange: Exchange
    document: ClinicalDocument

    def finding(self, place: str, expected: str, found: str, advice: str) -> Finding:
        """A finding about the document."""
        label = ClinicalDocument.label
        return Finding(place, expected, found, advice, exchange_id=self.exchange.id, artefact=label)


def sent(view: JournalView) -> tuple[Sent, ...]:
    """Every EP4 that could be read, in order."""
    return tuple(
        Sent(exchange, request.created)
        for exchange, request in view.artefacts(EpRequest, SERVICE)
        if exchange.operation == CREATION and request.created is not None
    )


def acts(view: JournalView) -> tuple[Act, ...]:
    """Every gesture, with the exchanges since the one before."""
    found: list[Act] = []
    since: list[Exchange] = []
    for exchange in view.exchanges:
        gesture = view.reading(exchange).first(Gesture) if exchange.service == "lgc" else None
        if gesture is None:
            since.append(exchange)
        else:
            found.append(Act(gesture, exchange, tuple(since)))
            since = []
    return tuple(found)


def named(view: JournalView, name: str) -> Iterator[Act]:
    """Gestures of a name that the software says it did."""
    yield from (a for a in view.derived(acts) if a.gesture.name == name and a.gesture.done)


def deposits(view: JournalView) -> tuple[Deposit, ...]:
    """Every document sent to the DMP, whatever was answered."""
    return tuple(
        Deposit(exchange, document)
        for exchange, document in view.artefacts(ClinicalDocument, "dmp")
        if exchange.operation.startswith("TD2.")
    )


def deposits_of(view: JournalView, act: Act) -> tuple[Deposit, ...]:
    """Documents of a validation: those that its ``envois`` name, those of its number.

    When its answer does not name both, those that it caused too, unless another gesture
    names them or says their number.
    """
    here = {e.id for e in act.caused}
    claims = view.derived(_claims)
    mine = claims.get(act.exchange.id, set[str]()) - {act.number}
    others = {told for key, names in claims.items() if key != act.exchange.id for told in names}
    return tuple(
        d
        for d in view.derived(deposits)
        if d.document.unique_id in mine
        or act.number in _numbers(d)
        or (d.exchange.id in here and len(mine) < FORMS and not _names(d) & (others - mine))
    )


def _claims(view: JournalView) -> Mapping[str, set[str]]:
    """By validation, the documents and the number that its answer names."""
    return {
        act.exchange.id: {
            str(told)
            for told in (act.number, *(e.get("identifiant_unique") for e in act.shipments))
            if told
        }
        for act in named(view, VALIDATE)
    }


def _names(deposit: Deposit) -> set[str]:
    return _numbers(deposit) | {deposit.document.unique_id or ""}


def _numbers(deposit: Deposit) -> set[str]:
    made, pdf = deposit.document.prescription, deposit.document.pdf
    page = pdf.ordonnance if pdf else None
    carried = (made.number if made else None, page.number if page else None)
    return {number for number in carried if number}


def acknowledged(view: JournalView, number: str | None, position: int) -> bool:
    """Whether the software was told, before a position, that a number is registered.

    By an EP4 accepted, or by an EP3 that gives the ordonnance back (N03).
    """
    told = view.derived(_told)
    return number is not None and any(n == number and at < position for at, n in told)


def _told(view: JournalView) -> tuple[tuple[int, str | None], ...]:
    by_call = [(e.exchange.position, e.number) for e in view.derived(sent) if e.exchange.accepted]
    by_reading = [
        (exchange.position, answer.ordonnance.id)
        for exchange, answer in view.artefacts(EpAnswer, SERVICE)
        if exchange.operation == "EP3" and exchange.accepted and answer.ordonnance is not None
    ]
    return (*by_call, *by_reading)


def number_of(view: JournalView, local_id: str | None, position: int) -> str | None:
    """The last number that the software gave to an ordonnance up to a position."""
    told = [
        act.number
        for act in view.derived(acts)
        if act.local_id == local_id and act.number and act.exchange.position <= position
    ]
    return told[-1] if told and local_id else None


def pages_of(view: JournalView, act: Act) -> tuple[PrintedOrdonnance, ...]:
    """Ordonnances numériques that a gesture printed."""
    return tuple(view.reading(act.exchange).every(PrintedOrdonnance))


def asked_of(view: JournalView, exchange: Exchange) -> EpRequest | None:
    """The request of a call."""
    return view.reading(exchange).first(EpRequest)


def looked_up(view: JournalView, number: str, start: datetime, end: datetime) -> bool:
    """Whether the software asked about a number, or cancelled it, between two instants."""
    for exchange in view.of(SERVICE, "EP2", "EP3", CANCELLATION):
        request = asked_of(view, exchange) if start <= exchange.started_at <= end else None
        if request is not None and (exchange.operation == "EP2" or request.number == number):
            return True
    return False
