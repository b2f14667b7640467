"""EP-16, EP-17, EP-18, EP-21, EP-22: the lines that an EP4 registers.

Places are keys of the neutral model: ``lignes[2].substitution.motif``. Source:
e-prescription.md §6, §7.2, §7.3, §14; CSP L5125-23.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rules.checking import check
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.prescription import (
    BIZONE,
    BIZONE_SUBTYPE,
    DEVICE,
    MOTIVES,
    Line,
    Ordonnance,
    iso_date,
)

SOURCE = "e-prescription.md §7.2, §14"
EFG_AGE = 6
_CIS = re.compile(r"[0-9]{8}", re.ASCII)
_CIP13 = re.compile(r"34009[0-9]{8}", re.ASCII)
_LPP = re.compile(r"[0-9]{7}", re.ASCII)


def numbered(told: Ordonnance) -> Iterator[tuple[str, Line]]:
    """Each line with its place in the neutral model."""
    for number, line in enumerate(told.lines, start=1):
        yield f"lignes[{number}]", line


@check(
    "EP-16",
    title="Chaque « non substituable » a son motif : MTE, EFG ou CIF",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="CSP L5125-23, arrêté du 12/11/2019 (e-prescription.md §6, §14)",
)
def motives(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """On the wire."""
    for place, line in numbered(told):
        motive = line.substitution.motive if line.substitution else None
        if line.not_substitutable and motive not in MOTIVES:
            yield Finding(
                f"{place}.substitution.motif",
                ", ".join(MOTIVES),
                motive or "absent",
                "Faire choisir le motif de la non-substitution : MTE, EFG ou CIF.",
            )


@check(
    "EP-17",
    title="Le motif EFG ne vaut que pour un enfant de moins de 6 ans",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source="CSP L5125-23 (e-prescription.md §6, §14)",
)
def child(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """Age on the day of prescription."""
    born, day = iso_date(told.patient.birth_date if told.patient else None), told.day
    if born is None or day is None or _age(born, day) < EFG_AGE:
        return
    for place, line in numbered(told):
        if line.not_substitutable and line.substitution and line.substitution.motive == "EFG":
            yield Finding(
                f"{place}.substitution.motif",
                "EFG pour un enfant de moins de 6 ans",
                f"EFG pour un patient de {_age(born, day)} ans",
                "Ne proposer le motif EFG que pour un enfant de moins de 6 ans.",
            )


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@check(
    "EP-18",
    title="Chaque produit dit s'il est en ALD ; une ordonnance mixte est bizone",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1, §7.2, §14",
)
def bizone(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """A line of another type may leave the flag out: it counts as no ALD.

    The sub-type BZN, seen on a screen, says it as well as the flag of the document.
    """
    for place, line in numbered(told):
        if line.ald is None and (line.drug or line.type == DEVICE):
            yield Finding(
                f"{place}.ald",
                "true ou false",
                "absent",
                "Dire de chaque médicament et dispositif s'il est en rapport avec l'ALD.",
            )
    ald = [bool(line.ald) for line in told.lines]
    if any(ald) and not all(ald) and not told.bizone:
        yield Finding(
            "flags",
            f"{BIZONE} (ordonnance bizone), ou le sous-type {BIZONE_SUBTYPE}",
            ", ".join(told.flags) or "aucun",
            "Déclarer bizone une ordonnance dont une partie seulement des lignes est en ALD.",
        )


@check(
    "EP-21",
    title="La validité est un intervalle de 12 mois au plus",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1, §14",
)
def validity(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """24 months for some acts that the sheet does not name: between both, to be seen.

    Only the document must give it: a call without it is not judged.
    """
    if not told.validity:
        return
    days = [iso_date(each) for each in told.validity]
    if len(days) != 2 or days[0] is None or days[1] is None:
        yield Finding(
            "validite",
            "premier et dernier jour, AAAA-MM-JJ",
            " à ".join(told.validity),
            "Donner le premier et le dernier jour de validité de l'ordonnance.",
        )
        return
    low, high = days[0], days[1]
    if low > high:
        yield Finding(
            "validite",
            "un premier jour avant le dernier",
            f"{low} à {high}",
            "Remettre dans l'ordre les deux jours de validité.",
        )
    elif high > _months_after(low, 12):
        beyond = high > _months_after(low, 24)
        yield Finding(
            "validite",
            "12 mois au plus"
            if not beyond
            else "24 mois au plus, et seulement pour certains actes",
            f"{low} à {high}",
            "Ramener la durée de validité à celle que la réglementation admet.",
            severity=None if beyond else Severity.REVIEW,
        )


def _months_after(day: date, months: int) -> date:
    """The same day of another year; 29 February becomes 1 March, and years end in 9999."""
    year = day.year + months // 12
    if year > date.max.year:
        return date.max
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


@check(
    "EP-22",
    title="Chaque médicament a un code CIS, ou est une préparation ; ses codes sont bien formés",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §7.2, §7.3, §14",
)
def codes(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """Shapes and keys only: the drug base says whether a CIP13 is of its CIS."""
    for place, line in numbered(told):
        if line.drug:
            yield from _drug(place, line)
        elif line.type == DEVICE and line.lpp is not None and not _LPP.fullmatch(line.lpp):
            yield Finding(
                f"{place}.lpp",
                "7 chiffres",
                line.lpp,
                "Écrire le code LPP sur 7 chiffres, ou le libellé seul pour un dispositif hors "
                "liste.",
            )


def _drug(place: str, line: Line) -> Iterator[Finding]:
    if line.cis is None and not line.compounded:
        yield Finding(
            f"{place}.cis",
            "le code CIS, ou preparationMagistrale",
            "absent",
            "Donner le code CIS du médicament (BDPM), ou déclarer une préparation magistrale.",
        )
    elif line.cis is not None and not _CIS.fullmatch(line.cis):
        yield Finding(
            f"{place}.cis", "8 chiffres", line.cis, "Écrire le code CIS sur 8 chiffres (BDPM)."
        )
    if line.cip13 is not None and not (_CIP13.fullmatch(line.cip13) and _ean13(line.cip13)):
        yield Finding(
            f"{place}.cip13",
            "13 chiffres, 34009 en tête et la clé EAN en fin",
            line.cip13,
            "Reprendre le code CIP13 de la présentation dans la BDPM.",
        )


def _ean13(digits: str) -> bool:
    """Whether the last digit is the key: weights 1 and 3 in turn, a sum of tens."""
    return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0
