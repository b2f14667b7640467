"""EP-01, EP-05, EP-06, EP-19, EP-22, EP-30, EP-31: numbers and calls along a journal.

Source: e-prescription.md §8, §10, §14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

from rules.artefact import MalformedError
from rules.checking import check
from rules.checks.prescription_facts import (
    PRINT,
    ROBOT,
    SERVICE,
    VALIDATE,
    Act,
    Deposit,
    Sent,
    acknowledged,
    acts,
    asked_of,
    deposits,
    deposits_of,
    looked_up,
    named,
    number_of,
    pages_of,
    sent,
)
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.exchange import Exchange, Outcome
from rules.findings import Finding, Severity
from rules.formats.code2d import Code2D
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription_adapter import adapter_of
from rules.formats.prescription_wire import CANCELLATION, CREATION, EpRequest
from rules.judge import JournalView

SOURCE = "e-prescription.md §14"
DRAFT = "brouillon"


@check(
    "EP-01",
    title="Chaque ordonnance validée est envoyée au service (EP4)",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def registered(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A call that failed is a call, a refused connection too; it may come after the gesture.

    A software that has just seen the service down and says so may spare the next call.
    """
    asked = {each.number for each in view.derived(sent)}
    for act in named(view, VALIDATE):
        if act.told.get("etat") == DRAFT or act.caused_by(CREATION, "TLS"):
            continue
        if act.number in asked or acknowledged(view, act.number, act.exchange.position):
            continue
        found = act.finding(
            f"geste {VALIDATE}",
            "un EP4",
            "aucun appel",
            "Enregistrer chaque ordonnance auprès du service au moment de la valider.",
        )
        spared = bool(act.alerts) and _down(view, act.exchange.position)
        yield replace(found, severity=Severity.REVIEW if spared else None)


def _down(view: JournalView, position: int) -> bool:
    """Whether the last call before a position was not answered."""
    before = [e for e in view.of(SERVICE) if e.position < position and e.peer != ROBOT]
    return bool(before) and before[-1].outcome in (Outcome.UNANSWERED, Outcome.FAILED)


@check(
    "EP-05",
    title="Un numéro n'est jamais repris pour une autre ordonnance",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def never_reused(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The same content sent again is a repetition; what was refused left its number free."""
    first: dict[str, Sent] = {}
    for each in view.derived(sent):
        before = first.get(each.number)
        if before is not None and before.content != each.content:
            yield _sent(
                each,
                "id",
                "un numéro nouveau",
                f"{each.number}, déjà pris par l'échange {before.exchange.position}",
                "Tirer un numéro pour chaque ordonnance, sans rang commun à deux postes.",
            )
        elif before is None and not each.refused:
            first[each.number] = each


@check(
    "EP-06",
    title="Le même numéro partout : service, Code 2D, ordonnance imprimée, document",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def one_page_one_number(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """What is printed in clear on a page against each Code 2D of this page."""
    for code in page.codes:
        printed = page.numbers_beside(code)
        if printed and code.number and code.number not in printed:
            yield Finding(
                code.place("D", "ID"),
                f"{printed[0]}, imprimé sous le code",
                code.number,
                "Imprimer sous le Code 2D le numéro qu'il contient.",
            )


@check(
    "EP-06",
    title="Le même numéro partout : service, Code 2D, ordonnance imprimée, document",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def one_number(view: JournalView, _context: Context) -> Iterator[Finding]:
    """What the software answers, prints and deposits, against what it registered."""
    for act in named(view, VALIDATE):
        number = _registered_as(view, act)
        if number is None:
            continue
        for place, found in _told(act):
            if found != number:
                yield act.finding(place, number, found, _SAME)
        for deposit in deposits_of(view, act):
            made = deposit.document.prescription
            carried = made and (made.number or (made.code2d and made.code2d.number))
            if carried and carried != number:
                yield deposit.finding("/ClinicalDocument/id", number, carried, _SAME)
    for act in named(view, PRINT):
        number = number_of(view, act.local_id, act.exchange.position)
        for page in pages_of(view, act):
            if number and page.number and page.number != number:
                yield act.finding("page imprimée", number, page.number, _SAME)


def _registered_as(view: JournalView, act: Act) -> str | None:
    """The number of the EP4 of a validation: another workstation may have called meanwhile."""
    calls = (asked_of(view, e) for e in act.caused_by(CREATION) if e.accepted)
    asked = [request.number for request in calls if request is not None and request.number]
    others = {a.number for a in named(view, VALIDATE) if a.local_id != act.local_id}
    mine = [number for number in asked if number not in others] or asked
    if act.number in asked or not mine:
        return act.number
    later = {each.number for each in view.derived(sent)} - others
    return act.number if act.number in later else mine[-1]


_SAME = "Garder un seul numéro par ordonnance, du service au papier et au document du DMP."


def _told(act: Act) -> Iterator[tuple[str, str]]:
    if act.number:
        yield "ordonnance.numero", act.number
    code = act.told.get("code_2d")
    try:
        read = Code2D.parse(str(code)) if code else None
    except MalformedError:
        return  # EP-07 judges the Code 2D wherever it is shown
    if read is not None and read.number:
        yield "ordonnance.code_2d", read.number


@check(
    "EP-19",
    title="Le document porte le Code 2D d'une ordonnance que le service a enregistrée",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="CI-SIS eP-MED-DM, section FR-Code-a-barres (e-prescription.md §9.3, §10)",
)
def barcode(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The section is there whenever the service answered before the deposit, or was not asked."""
    for act in named(view, VALIDATE):
        if not acknowledged(view, act.number, act.exchange.position):
            continue
        for deposit in deposits_of(view, act):
            made = deposit.document.prescription
            if made is not None and not made.has_barcode and not _lost_before(view, act, deposit):
                yield deposit.finding(
                    "/ClinicalDocument/component/structuredBody",
                    "la section FR-Code-a-barres",
                    "absente",
                    "Joindre le Code 2D au document dès que le service a enregistré l'ordonnance.",
                )


def _lost_before(view: JournalView, act: Act, deposit: Deposit) -> bool:
    """Whether the service had failed, and not answered since, when a document left."""
    position = deposit.exchange.position
    if acknowledged(view, act.number, position):
        return False
    calls = [e for e in view.of(SERVICE, CREATION, "TLS") if e.position < position]
    return bool(calls) and not calls[-1].accepted


@check(
    "EP-22",
    title="Un CIP13 n'est prescrit que sous le CIS auquel il appartient",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def packs_of_drugs(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Against the drug base that the software shows (``drug.search``), then against itself.

    No base of the bench is read: a product with the real one knows drugs that it does not.
    A pack is of one CIS, whichever of two is right.
    """
    known = dict(view.derived(_known_packs))
    for each in view.derived(sent):
        for line in each.ordonnance.lines:
            if line.cis and known.setdefault(line.cip13 or "", line.cis) != line.cis:
                place = f"lignes[{line.n}].cip13"
                yield _sent(each, place, f"un CIP13 du CIS {line.cis}", line.cip13 or "", _PACK)
            known.pop("", None)
    for deposit in view.derived(deposits):
        made = deposit.document.prescription
        for drug in made.drugs if made else ():
            owner = known.get(drug.cip13 or "", drug.cis)
            if drug.cis and drug.code and owner != drug.cis:
                yield deposit.finding(
                    drug.code.place, f"un CIP13 du CIS {drug.cis}", drug.cip13 or "", _PACK
                )


_PACK = "Écrire un CIP13 de la spécialité prescrite, selon la base de médicaments."


def _known_packs(view: JournalView) -> dict[str, str]:
    return {
        str(drug["cip13"]): str(drug["cis"])
        for act in named(view, "drug.search")
        for drug in act.gesture.entries("medicaments")
        if drug.get("cip13") and drug.get("cis")
    }


@check(
    "EP-30",
    title="Une ordonnance dont la réponse s'est perdue n'est pas recréée à l'aveugle",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §14, §15 N03",
)
def no_double_creation(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Same patient, lines and day under another number, with nothing asked between.

    An answer is lost when there is none, or when the software never says its number.
    """
    for before, after in pairwise(_by_content(view)):
        if before.content != after.content or before.number == after.number or before.refused:
            continue
        start, end = before.exchange.started_at, after.exchange.started_at
        lost = before.exchange.response is None or _unheard(view, before)
        if lost and not looked_up(view, before.number, start, end):
            yield _sent(
                after,
                "id",
                before.number,
                after.number,
                "Sans réponse, renvoyer la même ordonnance sous le même numéro, ou demander au "
                "service s'il le connaît.",
            )


def _unheard(view: JournalView, each: Sent) -> bool:
    """Whether a validation sent it, and no gesture ever says its number."""
    caused = any(each.exchange in act.caused for act in named(view, VALIDATE))
    return caused and all(act.number != each.number for act in view.derived(acts))


def _by_content(view: JournalView) -> list[Sent]:
    """EP4 in order, those of one content side by side."""
    groups: dict[str, list[Sent]] = {}
    for each in view.derived(sent):
        groups.setdefault(repr(each.content), []).append(each)
    return [each for group in groups.values() for each in group]


@check(
    "EP-31",
    title="Les traces envoyées parlent de chaque appel",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source="e-prescription.md §8",
    hors_specification=True,
)
def traced(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Only when traces are sent: calls made before the last sending, by number and operation.

    How a trace names an operation is not published: only names of ours are compared.
    """
    sendings = view.of(SERVICE, "traces")
    if not sendings:
        return
    told = [trace for each in sendings for trace in _traces(each)]
    for exchange, request in view.artefacts(EpRequest, SERVICE):
        number, mine = request.number, exchange.peer != ROBOT
        due = mine and number and exchange.position < sendings[-1].position
        actions = {action for traced_number, action in told if traced_number == number}
        if due and exchange.operation not in actions and actions <= _OPERATIONS:
            yield Finding(
                "traces",
                f"une trace de {exchange.operation} pour {number}",
                ", ".join(sorted(actions)) or "aucune",
                "Écrire une trace par appel du service, avec le numéro de l'ordonnance.",
                exchange_id=exchange.id,
                artefact=EpRequest.label,
            )


_OPERATIONS = frozenset({"EP1", "EP2", "EP3", CREATION, CANCELLATION})


def _traces(exchange: Exchange) -> Iterator[tuple[str, str]]:
    adapter = adapter_of(exchange.request)
    try:
        held: Any = adapter.read_request(exchange.request).content.get("traces") if adapter else []
    except MalformedError:
        return
    for each in cast("list[object]", held if isinstance(held, list) else [held]):
        if isinstance(each, Mapping):
            trace = cast("Mapping[str, object]", each)
            yield str(trace.get("idPrescription")), str(trace.get("action"))


def _sent(each: Sent, place: str, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        place, expected, found, advice, exchange_id=each.exchange.id, artefact=EpRequest.label
    )
