"""EP-29, EP-29b, EP-29c: what leaves when the service is down, and when it is not.

Source: LGC.PRESC.03 and .04, e-prescription.md §10, §14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from rules.checking import check
from rules.checks.prescription_facts import (
    PRINT,
    SERVICE,
    VALIDATE,
    Act,
    acknowledged,
    deposits_of,
    named,
    number_of,
    pages_of,
    sent,
)
from rules.checks.prescription_sequences import DRAFT
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.ep_med_dm import EpMedDm
from rules.formats.hl7v3 import ExistenceAnswer
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import DEVICE, DRUG
from rules.formats.prescription_number import ZONE, CarriedNumber
from rules.formats.prescription_wire import CREATION, EpAnswer
from rules.judge import JournalView

EXIGENCES = ("LGC.PRESC.03", "LGC.PRESC.04", "SC.ORDN/CONF.04")
SOURCE = "LGC.PRESC.03, LGC.PRESC.04 (e-prescription.md §10, §14)"
MAIL = "SMTP"
WAITING = "à envoyer"
_WITHOUT = (
    "Sans réponse du service, prévenir l'utilisateur, et remettre l'ordonnance sans Code 2D ni "
    "numéro, sur le papier comme dans le DMP."
)


@check(
    "EP-29",
    title="Service en panne : l'utilisateur le sait, et aucun Code 2D ne part",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def degraded(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Until an EP4 of the number is accepted, a lost answer is no answer."""
    for act in named(view, VALIDATE):
        if not _down(view, act):
            continue
        if not act.alerts:
            yield act.finding("ordonnance.alertes", "une phrase", "aucune", _WITHOUT)
        if act.told.get("code_2d"):
            yield act.finding("ordonnance.code_2d", "aucun", "un Code 2D", _WITHOUT)
        for deposit in deposits_of(view, act):
            here = deposit.exchange.position
            if _coded(deposit.document) and not acknowledged(view, act.number, here):
                place = "/ClinicalDocument/component"
                yield deposit.finding(place, "aucun Code 2D", "un Code 2D", _WITHOUT)
        yield from _pages(view, act)
    lost = {each.number for each in view.derived(sent) if not each.refused}
    for exchange, number, label in view.derived(handed):
        mailed = exchange.operation == MAIL and number in lost
        if mailed and not acknowledged(view, number, exchange.position):
            found = Finding("courriel", "aucun Code 2D", f"le Code 2D {number}", _WITHOUT)
            yield replace(found, exchange_id=exchange.id, artefact=label)


def _down(view: JournalView, act: Act) -> bool:
    """Whether a validation called the service, and was told by nothing that it is registered."""
    calls = act.caused_by(CREATION, "TLS")
    if not calls or any(e.accepted and e.operation == CREATION for e in calls):
        return False
    return not acknowledged(view, act.number, act.exchange.position)


def _coded(document: ClinicalDocument) -> bool:
    """Whether a document holds a Code 2D: its section, or a page that shows one."""
    made = document.prescription
    page = document.pdf.ordonnance if document.pdf else None
    return (made is not None and made.has_barcode) or page is not None


def _pages(view: JournalView, act: Act) -> Iterator[Finding]:
    for printing in named(view, PRINT):
        here = printing.exchange.position
        if printing.local_id != act.local_id or here < act.exchange.position:
            continue
        number = number_of(view, act.local_id, here)
        if pages_of(view, printing) and not acknowledged(view, number, here):
            yield printing.finding("page imprimée", "ni Code 2D ni numéro", "présents", _WITHOUT)


@check(
    "EP-29b",
    title="Aucune ordonnance n'est remise avec un Code 2D que le service ne connaît pas",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def known_to_the_base(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Numbers never sent, or refused; those that were lost are of EP-29.

    A mail may forward the ordonnance of another software: what was never sent says nothing.
    Nor does a number of a day before the journal, which a former campaign may have registered.
    """
    if not view.of(SERVICE):
        return
    asked = {each.number for each in view.derived(sent)}
    known = {each.number for each in view.derived(sent) if each.kept or not each.refused}
    known |= set(_learnt(view))
    for exchange, number, label in view.derived(handed):
        forwarded = exchange.operation == MAIL and number not in asked
        if number not in known and not forwarded and not _former(view, number):
            yield Finding(
                "Code 2D",
                "un numéro que le service a enregistré",
                number,
                "N'imprimer et ne déposer le Code 2D qu'une fois l'EP4 accepté ; refusée, "
                "l'ordonnance part sans lui ou sous un autre numéro.",
                exchange_id=exchange.id,
                artefact=label,
            )


def _former(view: JournalView, text: str) -> bool:
    number = CarriedNumber(text).number
    began = view.exchanges[0].started_at.astimezone(ZONE).date()
    return number is not None and number.date < began


def _learnt(view: JournalView) -> Iterator[str]:
    """Numbers that the service told: ordonnances of other workstations, or of other days."""
    for _, answer in view.artefacts(EpAnswer, SERVICE):
        yield from (o.id for o in (answer.ordonnance, *answer.found) if o is not None and o.id)


def handed(view: JournalView) -> tuple[tuple[Exchange, str, str], ...]:
    """Numbers of the Code 2D printed, deposited or mailed, with the artefact that shows them."""
    return tuple(
        (exchange, number, label)
        for exchange in view.exchanges
        if _leaves(exchange)
        for number, label in _shown(view, exchange).items()
    )


def _leaves(exchange: Exchange) -> bool:
    """Whether the software hands something over; what it reads may be of anyone."""
    deposited = exchange.service == "dmp" and exchange.operation.startswith("TD2.")
    return deposited or exchange.operation in (PRINT, MAIL)


def _shown(view: JournalView, exchange: Exchange) -> dict[str, str]:
    reading = view.reading(exchange)
    pages = ((c, p.label) for p in reading.every(PrintedOrdonnance) for c in p.codes)
    images = ((c, d.label) for d in reading.every(EpMedDm) for c in d.picture.codes)
    return {code.number: label for code, label in (*images, *pages) if code.number}


@check(
    "EP-29c",
    title="À la validation, l'ordonnance part au DMP en N3 (eP-MED-DM) et en N1",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def both_documents(view: JournalView, _context: Context) -> Iterator[Finding]:
    """For an identity that may leave, and a DMP that answers; without product, only the N1.

    What the software says that it will send again is to be seen, not judged.
    """
    for act in named(view, VALIDATE):
        if act.told.get("etat") == DRAFT or not _may_leave(view, act):
            continue
        documents = [d.document for d in deposits_of(view, act)]
        held = {"N1": any(d.level == "N1" for d in documents)}
        if _structured(view, act):
            held["N3"] = any(d.prescription is not None for d in documents)
        waits = any(each.get("etat") == WAITING for each in act.shipments)
        for level in (name for name, found in held.items() if not found):
            found = act.finding(
                f"geste {VALIDATE}",
                f"un dépôt {level} au DMP",
                ", ".join(name for name, found in held.items() if found) or "aucun dépôt",
                "Déposer les deux formes à la validation : le document structuré et son PDF.",
            )
            yield replace(found, severity=Severity.REVIEW if waits else None)


def _structured(view: JournalView, act: Act) -> bool:
    """Whether a line is a drug or a device: the model has no other."""
    content = act.told.get("contenu")
    lines = cast("Mapping[str, object]", content).get("lignes") if content else None
    if not isinstance(lines, list):
        kept = [each.ordonnance for each in view.derived(sent) if each.number == act.number]
        return not kept or any(line.type in (DRUG, DEVICE) for line in kept[-1].lines)
    told = (each for each in cast("list[object]", lines) if isinstance(each, Mapping))
    kinds = (cast("Mapping[str, object]", each).get("eprescType") or DRUG for each in told)
    return any(kind in (DRUG, DEVICE) for kind in kinds)


def _may_leave(view: JournalView, act: Act) -> bool:
    """Not when the identity is not qualifiée, nor without DMP, nor when it took nothing."""
    identity = act.gesture.identity
    if identity is not None and not identity.qualified:
        return False
    if any(each.get("etat") == "refusé" for each in act.shipments):
        return False
    tried = [d.exchange for d in deposits_of(view, act)]
    if not tried:
        if not _has_dmp(view, act):
            return False
        tried = [e for e in act.caused if e.service == "dmp"]
    return not tried or any(e.accepted for e in tried)


def _has_dmp(view: JournalView, act: Act) -> bool:
    """What the last test of existence answered about the patient; True when nobody asked."""
    identity = act.gesture.identity
    called = (e.correlation.patient for e in act.caused_by(CREATION))
    patient = identity.ins if identity and identity.ins else next(called, None)
    answers = [
        view.reading(each).first(ExistenceAnswer)
        for each in view.of("dmp", "TD0.2")
        if each.position < act.exchange.position and each.correlation.patient == patient
    ]
    said = [answer.status for answer in answers if answer is not None]
    return not said or said[-1] == "active"
