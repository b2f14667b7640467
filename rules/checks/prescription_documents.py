"""BANC-EPMED.04, and the part of EP-12, EP-16 and EP-18 about the document of the DMP.

A document and an EP4 are of one ordonnance when they carry one number. Source:
e-prescription.md §9, §14.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rules.checking import check
from rules.checks.ep_med_dm_values import EXIGENCES
from rules.checks.prescription_facts import Deposit, deposits, sent
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats import ep_med_dm as cda
from rules.formats.ep_med_dm import EpMedDm
from rules.formats.prescription import DEVICE, NO_SUBSTITUTION, Line, Ordonnance
from rules.judge import JournalView
from rules.xml import place_of

Pair = tuple[Deposit, EpMedDm, Ordonnance]
_ADVICE = "Écrire le document à partir de l'ordonnance même qui est transmise au service."


def carried(view: JournalView) -> tuple[Pair, ...]:
    """Each eP-MED-DM deposited, with the ordonnance registered under its number."""
    known = {each.number: each.ordonnance for each in view.derived(sent) if each.kept}
    found: list[Pair] = []
    for deposit in view.derived(deposits):
        made = deposit.document.prescription
        number = made and (made.number or (made.code2d and made.code2d.number))
        told = known.get(number or "")
        if made is not None and told is not None:
            found.append((deposit, made, told))
    return tuple(found)


def matched(made: EpMedDm, told: Ordonnance) -> Iterator[tuple[cda.Line, Line]]:
    """Lines of both: by an identifier that serves once, else by a CIS alone, else by rank."""
    for written, wanted in (
        (made.drugs, [line for line in told.lines if line.drug]),
        (made.devices, [line for line in told.lines if line.type == DEVICE]),
    ):
        times = Counter(name for line in written for name in _names(line))
        by_id = {_bare(line.line_id or ""): line for line in wanted}
        for rank, line in enumerate(written):
            known = (by_id.get(name) for name in _names(line) if times[name] == 1)
            same = next((each for each in known if each is not None), None)
            same = same or _by_code(line, written, wanted)
            if same is None and len(written) == len(wanted):
                same = wanted[rank]
            if same is not None:
                yield line, same


def _names(line: cda.Line) -> list[str]:
    return [_bare(name) for i in line.ids for name in (i.root, i.extension) if name]


def _bare(name: str) -> str:
    return name.lower().removeprefix("urn:uuid:")


def _by_code(line: cda.Line, written: Sequence[cda.Line], wanted: list[Line]) -> Line | None:
    code = line.cis if isinstance(line, cda.DrugLine) else None
    same = [each for each in wanted if each.cis == code]
    alone = sum(isinstance(each, cda.DrugLine) and each.cis == code for each in written) == 1
    return same[0] if code and alone and len(same) == 1 else None


@check(
    "BANC-EPMED.04",
    title="Le document contient chaque ligne transmise, et aucune autre",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §9, §14",
)
def same_lines(view: JournalView, _context: Context) -> Iterator[Finding]:
    """By CIS for drugs, in any order; by number of lines for devices."""
    for deposit, made, told in view.derived(carried):
        wanted = sorted(line.cis or "" for line in told.lines if line.drug)
        read = sorted(line.cis or "" for line in made.drugs)
        if wanted != read:
            place = f"section {cda.DRUGS}"
            yield deposit.finding(place, _listed(wanted), _listed(read), _ADVICE)
        devices = sum(line.type == DEVICE for line in told.lines)
        if devices != len(made.devices):
            place = f"section {cda.DEVICES}"
            count = str(devices), str(len(made.devices))
            yield deposit.finding(place, *count, _ADVICE)


def _listed(codes: list[str]) -> str:
    return ", ".join(code or "préparation" for code in codes) or "aucun médicament"


def differing_ald(view: JournalView) -> Iterator[Finding]:
    """EP-18: the ALD of each line."""
    for deposit, made, told in view.derived(carried):
        for line, wanted in matched(made, told):
            if line.ald is not None and line.ald != bool(wanted.ald):
                place = f"{place_of(line.element)}/entryRelationship/observation"
                said = ("non ALD", "ALD")
                yield deposit.finding(place, said[bool(wanted.ald)], said[line.ald], _ADVICE)


def differing_substitution(view: JournalView) -> Iterator[Finding]:
    """EP-16: what is non substituable."""
    for deposit, made, told in view.derived(carried):
        for line, wanted in matched(made, told):
            if isinstance(line, cda.DrugLine) and line.substitution in ("G", NO_SUBSTITUTION):
                code = NO_SUBSTITUTION if wanted.not_substitutable else "G"
                if line.substitution != code:
                    place = f"{place_of(line.element)}/entryRelationship/act/code/@code"
                    yield deposit.finding(place, code, line.substitution, _ADVICE)


def unnamed_replaced(view: JournalView) -> Iterator[Finding]:
    """EP-12: the participant who is replaced."""
    for deposit, made, told in view.derived(carried):
        if told.replaced is not None and not made.names_replaced:
            yield deposit.finding(
                "/ClinicalDocument/participant",
                "un participant CON de fonction CORRE (ou REF de fonction 353)",
                "absent",
                "Nommer le professionnel remplacé quand un remplaçant prescrit.",
            )
