"""EP-10, EP-12, EP-13, EP-16, EP-18: paper and document against what was registered.

A page and an EP4 are of one ordonnance when they carry one number: the last EP4
that the service accepted with it. Source: e-prescription.md §14.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from rules.checking import check
from rules.checks.prescription_code2d import differing_traits
from rules.checks.prescription_documents import (
    differing_ald,
    differing_substitution,
    unnamed_replaced,
)
from rules.checks.prescription_number import EXIGENCES
from rules.checks.prescription_page import differing_notice
from rules.checks.prescription_print_zones import misplaced
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.code2d import SECOND_RPPS
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_wire import EpRequest
from rules.judge import JournalView

SOURCE = "e-prescription.md §14"

Pair = tuple[Exchange, PrintedOrdonnance, Ordonnance]


def registered(view: JournalView) -> dict[str, Ordonnance]:
    """What the last accepted EP4 of each number registered."""
    return {
        request.created.id: request.created
        for exchange, request in view.artefacts(EpRequest, "prescription")
        if exchange.accepted and request.created is not None and request.created.id
    }


def printed(view: JournalView) -> tuple[Pair, ...]:
    """Each page of the journal with the ordonnance that was registered under its number."""
    known = view.derived(registered)
    found: list[Pair] = []
    for exchange, page in view.artefacts(PrintedOrdonnance):
        told = known.get(page.number or "")
        if told is not None:
            found.append((exchange, page, told))
    return tuple(found)


def of_page(exchange: Exchange, finding: Finding) -> Finding:
    """A finding about the page that an exchange carries."""
    return replace(finding, exchange_id=exchange.id, artefact=PrintedOrdonnance.label)


@check(
    "EP-10",
    title="Le Code 2D imprimé porte les traits transmis avec l'ordonnance",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="EF_INS25_01 (e-prescription.md §5, §14)",
)
def same_traits(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Nom de naissance, premier prénom, date."""
    for exchange, page, told in view.derived(printed):
        patient = told.patient
        if patient is None:
            continue
        first = next(iter(patient.given_names), "")
        wanted = (patient.birth_name or "", first, patient.birth_date or "")
        for code in page.codes:
            yield from (of_page(exchange, f) for f in differing_traits(code, wanted))


@check(
    "EP-12",
    title="Le remplaçant et le titulaire transmis sont sur le Code 2D et dans le document",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def same_prescribers(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Both of a remplacement, in either order: which is the titulaire is not published."""
    for exchange, page, told in view.derived(printed):
        people = (told.prescriber, told.replaced)
        wanted = {who.rpps for who in people if who is not None and who.rpps}
        for code in page.codes:
            read = {code.rpps, *((code.second_rpps,) if code.second_rpps else ())}
            if wanted and read != wanted:
                yield of_page(
                    exchange,
                    Finding(
                        code.place(*SECOND_RPPS[:2]),
                        ", ".join(sorted(wanted)),
                        ", ".join(sorted(read)),
                        "Écrire dans le Code 2D le RPPS du titulaire et, s'il est remplacé, celui "
                        "du remplaçant, comme dans l'appel.",
                    ),
                )
    yield from unnamed_replaced(view)


@check(
    "EP-13",
    title="La mention de consultation des exécutions suit le consentement transmis",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def same_consent(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The notice is printed with the consent that the EP4 sent, and only then."""
    for exchange, page, told in view.derived(printed):
        if told.consent is not None:
            found = differing_notice(page, consent=told.consent)
            yield from (of_page(exchange, f) for f in found)


@check(
    "EP-16",
    title="Les « non substituable » du papier et du document sont ceux transmis",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def same_motives(view: JournalView, _context: Context) -> Iterator[Finding]:
    """As many of each motive; a mention without motive is the page's own defect."""
    for exchange, page, told in view.derived(printed):
        wanted = Counter(
            line.substitution.motive or ""
            for line in told.lines
            if line.not_substitutable and line.substitution
        )
        read = Counter(motive or "" for motive in page.excluded)
        copied = Counter({motive: count * page.copies for motive, count in wanted.items()})
        if not page.scanned and read not in (wanted, copied):
            yield of_page(
                exchange,
                Finding(
                    "mentions « non substituable »",
                    _said(wanted),
                    _said(read),
                    "Imprimer « non substituable » et son motif pour les lignes, et elles seules, "
                    "qui l'ont dans l'appel.",
                ),
            )
    yield from differing_substitution(view)


def _said(motives: Counter[str]) -> str:
    return ", ".join(sorted(m or "sans motif" for m in motives.elements())) or "aucune"


@check(
    "EP-18",
    title="Les lignes en ALD transmises le sont sur le papier et dans le document",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def same_zones(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Zones of a bizone page, or « En ALD » in front of a line."""
    for exchange, page, told in view.derived(printed):
        if not page.scanned and any(line.ald for line in told.lines):
            yield from (of_page(exchange, f) for f in misplaced(page, told))
    yield from differing_ald(view)
