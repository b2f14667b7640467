"""EP-23: stupéfiants, on the wire, on paper and in the document of the DMP.

A line says itself stupéfiant, or the drug base that the software shows
(``drug.search``) says so of its CIS: no base of drugs is read. Source: CSP R5132-29
and R5132-30, e-prescription.md §6, §7.1, §14.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rules.checking import check
from rules.checks.prescription_documents import carried, matched
from rules.checks.prescription_facts import named, sent
from rules.checks.prescription_lines import numbered
from rules.checks.prescription_number import EXIGENCES
from rules.checks.prescription_print_wire import of_page, printed
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cartouche import packed, plain
from rules.formats.cda_types import find_all
from rules.formats.ep_med_dm import DrugLine, EpMedDm
from rules.formats.prescription import SECURE, Line, Ordonnance
from rules.formats.prescription_wire import EpRequest
from rules.judge import JournalView
from rules.xml import place_of

SOURCE = "CSP R5132-29, R5132-30 (e-prescription.md §6, §14)"
NARCOTIC_DAYS = 28
SECURE_SUBTYPE = "SEC"
"""Ours: an ordonnance sécurisée."""
_EXECUTOR = "PRF"
_IN_LETTERS = re.compile(
    r"\b(UNE?|DEUX|TROIS|QUATRE|CINQ|SIX|SEPT|HUIT|NEUF|DIX|ONZE|DOUZE|TREIZE|QUATORZE|QUINZE|"
    r"SEIZE|VINGTS?|TRENTE|QUARANTE|CINQUANTE|SOIXANTE|CENTS?|MILLE|DEMIE?)\b"
)
_TITLE = "Stupéfiant : ordonnance sécurisée, 28 jours au plus, pharmacie nommée pour un TSO"


@check(
    "EP-23",
    title=_TITLE,
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def narcotics(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """A line says itself stupéfiant; a treatment of substitution (TSO) is one too.

    What must be in letters is the paper: a posology in digits on the wire is to be seen.
    """
    for place, line in numbered(told):
        if _said(line):
            yield from wrong_narcotic(told, place, line)
            if not in_letters(line.posology or ""):
                yield Finding(
                    f"{place}.posologieTexte",
                    "unités par prise, nombre de prises et dosage en toutes lettres",
                    line.posology or "absente",
                    "Écrire en toutes lettres les nombres de la posologie d'un stupéfiant, au "
                    "moins sur l'ordonnance imprimée.",
                    severity=Severity.REVIEW,
                )


def wrong_narcotic(told: Ordonnance, place: str, line: Line) -> Iterator[Finding]:
    """What is wrong with the line of a stupéfiant: flag, duration, pharmacy of a TSO."""
    if SECURE not in told.flags and told.subtype != SECURE_SUBTYPE:
        yield Finding(
            "flags",
            f"{SECURE} (ordonnance sécurisée)",
            ", ".join(told.flags) or "aucun",
            "Déclarer sécurisée une ordonnance qui prescrit un stupéfiant.",
        )
    if line.days is None or line.days > NARCOTIC_DAYS:
        yield Finding(
            f"{place}.dureeJours",
            f"{NARCOTIC_DAYS} jours au plus",
            "absente" if line.days is None else f"{line.days} jours",
            "Limiter à 28 jours la durée de prescription d'un stupéfiant.",
            severity=Severity.REVIEW if line.days is None else None,
        )
    if line.substitution_treatment and not _named(told):
        yield Finding(
            "executantDesigne",
            "la pharmacie qui délivrera",
            "absente",
            "Nommer sur l'ordonnance la pharmacie qui délivrera le traitement de substitution.",
        )


def in_letters(text: str) -> bool:
    """Whether the numbers of a text are written out: words, and no digit without them."""
    return bool(_IN_LETTERS.search(plain(text)))


def _named(told: Ordonnance) -> bool:
    who = told.wished_executor
    return who is not None and bool(who.structure or who.finess or who.family_name)


def _said(line: Line) -> bool:
    return bool(line.narcotic or line.substitution_treatment)


@check(
    "EP-23",
    title=_TITLE,
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def of_a_journal(view: JournalView, _context: Context) -> Iterator[Finding]:
    """On the wire, in the document, on paper."""
    yield from _unsaid_narcotics(view)
    yield from _narcotic_documents(view)
    yield from _printed_narcotics(view)


def _unsaid_narcotics(view: JournalView) -> Iterator[Finding]:
    """Drugs that the base of the software says stupéfiants, though their line does not."""
    known = view.derived(_narcotics)
    for each in view.derived(sent):
        for place, line in numbered(each.ordonnance):
            if line.cis in known and not _said(line):
                for found in wrong_narcotic(each.ordonnance, place, line):
                    label = EpRequest.label
                    yield replace(found, exchange_id=each.exchange.id, artefact=label)


def _narcotics(view: JournalView) -> frozenset[str]:
    """CIS that a search of drugs showed as stupéfiants."""
    return frozenset(
        str(drug.get("cis"))
        for act in named(view, "drug.search")
        for drug in act.gesture.entries("medicaments")
        if drug.get("stupefiant") is True
    )


def _narcotic_documents(view: JournalView) -> Iterator[Finding]:
    """What was sent as stupéfiant is so in the document: flag, duration, pharmacy of a TSO."""
    known = view.derived(_narcotics)
    for deposit, made, told in view.derived(carried):
        narcotic = [line for line in told.lines if _said(line) or line.cis in known]
        if narcotic and SECURE not in {flag.code for flag in made.flags}:
            yield deposit.finding(
                "/ClinicalDocument/documentationOf",
                f"un serviceEvent INFO de code {SECURE} (ordonnance sécurisée)",
                "absent",
                "Déclarer sécurisé le document qui prescrit un stupéfiant, comme l'appel.",
            )
        for line, wanted in matched(made, told):
            days = _days(line) if wanted in narcotic and isinstance(line, DrugLine) else 0
            # The document alone is judged by EP-23 when it says itself sécurisée.
            if days > NARCOTIC_DAYS and SECURE not in {flag.code for flag in made.flags}:
                yield deposit.finding(
                    f"{place_of(line.element)}/effectiveTime",
                    f"au plus {NARCOTIC_DAYS} jours",
                    f"{days} jours",
                    "Limiter à 28 jours la durée de prescription d'un stupéfiant.",
                )
        if any(line.substitution_treatment for line in told.lines) and not _names_executor(made):
            yield deposit.finding(
                "/ClinicalDocument/participant",
                f"un participant {_EXECUTOR} : la pharmacie qui délivrera",
                "absent",
                "Nommer dans le document la pharmacie qui délivrera le traitement de substitution.",
            )


def _days(line: DrugLine) -> int:
    low, high = line.period
    return 0 if low is None or high is None else (high - low).days


def _names_executor(made: EpMedDm) -> bool:
    found = find_all(made.root, "participant")
    return any(
        each.get("typeCode") == _EXECUTOR and find_all(each, "associatedEntity") for each in found
    )


def _printed_narcotics(view: JournalView) -> Iterator[Finding]:
    """What was sent in letters is printed so; what was sent in digits is not printed as it is."""
    for exchange, page, told in view.derived(printed):
        for line in told.lines:
            posology = line.posology or ""
            digits, letters = any(map(str.isdigit, posology)), in_letters(posology)
            if not _said(line) or page.scanned or digits == letters:
                continue
            if (packed(posology) in page.packed) == digits:
                found = Finding(
                    f"ligne {line.n} ({line.label})",
                    posology if letters else "la posologie en toutes lettres",
                    "une autre posologie" if letters else posology,
                    "Imprimer la posologie d'un stupéfiant en toutes lettres, comme transmise.",
                )
                yield of_page(exchange, found)
