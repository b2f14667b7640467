"""EP-29, EP-29b, EP-29c: what leaves when the service is down, and when it is not.

Source: LGC.PRESC.03 and .04, e-prescription.md §10, §14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import DEVICE, DRUG
from rules.formats.prescription_wire import CREATION, EpAnswer
from rules.judge import JournalView

EXIGENCES = ("LGC.PRESC.03", "LGC.PRESC.04", "SC.ORDN/CONF.04")
SOURCE = "LGC.PRESC.03, LGC.PRESC.04 (e-prescription.md §10, §14)"
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
    """Numbers never sent, or refused; those that were lost are of EP-29."""
    if not view.of(SERVICE):
        return
    known = {each.number for each in view.derived(sent) if each.kept or not each.refused}
    known |= {
        answer.ordonnance.id
        for _, answer in view.artefacts(EpAnswer, SERVICE)
        if answer.ordonnance is not None and answer.ordonnance.id
    }
    for exchange, number, label in _handed(view):
        if number not in known:
            yield Finding(
                "Code 2D",
                "un numéro que le service a enregistré",
                number,
                "N'imprimer et ne déposer le Code 2D qu'une fois l'EP4 accepté ; refusée, "
                "l'ordonnance part sans lui ou sous un autre numéro.",
                exchange_id=exchange.id,
                artefact=label,
            )


def _handed(view: JournalView) -> Iterator[tuple[Exchange, str, str]]:
    """Numbers of the Code 2D printed, deposited or mailed: each once for an exchange."""
    seen: set[tuple[str, str]] = set()
    for exchange in view.exchanges:
        reading = view.reading(exchange)
        pages = [c.number for p in reading.every(PrintedOrdonnance) for c in p.codes]
        images = [c.number for d in reading.every(EpMedDm) for c in d.picture.codes]
        label = PrintedOrdonnance.label if pages else EpMedDm.label
        for number in (*pages, *images):
            if number and (exchange.id, number) not in seen:
                seen.add((exchange.id, number))
                yield exchange, number, label


@check(
    "EP-29c",
    title="À la validation, l'ordonnance part au DMP en N3 (eP-MED-DM) et en N1",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def both_documents(view: JournalView, _context: Context) -> Iterator[Finding]:
    """For an identity that may leave, and a DMP that answers; without product, only the N1."""
    for act in named(view, VALIDATE):
        if act.told.get("etat") == DRAFT or not _may_leave(view, act):
            continue
        documents = [d.document for d in deposits_of(view, act)]
        held = {"N1": any(d.level == "N1" for d in documents)}
        if _structured(act):
            held["N3"] = any(d.prescription is not None for d in documents)
        for level in (name for name, found in held.items() if not found):
            yield act.finding(
                f"geste {VALIDATE}",
                f"un dépôt {level} au DMP",
                ", ".join(name for name, found in held.items() if found) or "aucun dépôt",
                "Déposer les deux formes à la validation : le document structuré et son PDF.",
            )


def _structured(act: Act) -> bool:
    """Whether a line is a drug or a device: the model has no other."""
    content = act.told.get("contenu")
    lines = cast("Mapping[str, object]", content).get("lignes") if content else None
    if not isinstance(lines, list):
        return True
    told = (each for each in cast("list[object]", lines) if isinstance(each, Mapping))
    kinds = (cast("Mapping[str, object]", each).get("eprescType") or DRUG for each in told)
    return any(kind in (DRUG, DEVICE) for kind in kinds)


def _may_leave(view: JournalView, act: Act) -> bool:
    """Not when the identity is not qualifiée, nor when the DMP took nothing, or refused it."""
    identity = act.gesture.identity
    if identity is not None and not identity.qualified:
        return False
    if any(each.get("etat") == "refusé" for each in act.gesture.entries("envois")):
        return False
    start = act.caused[0].position if act.caused else act.exchange.position
    tried = [e for e in view.of("dmp") if e.position >= start]
    return not tried or any(e.accepted and e.operation == "TD2.1" for e in tried)
