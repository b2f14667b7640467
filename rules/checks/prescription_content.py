"""BANC-EP.01 and .02: what an ordonnance must say whatever the wire. Rules of ours.

The sheet gives the data of a line (e-prescription.md §7.1, §7.2) and no check of their
own: an ordonnance without posology would pass every other one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from rules.checking import check
from rules.checks.prescription_lines import numbered
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.prescription import (
    LINE_TYPES,
    NO_SUBSTITUTION,
    Line,
    Ordonnance,
    PrescribedPatient,
)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SUBSTITUTIONS = ("G", NO_SUBSTITUTION)


@check(
    "BANC-EP.01",
    title="Aucune donnée d'une ligne n'est hors de ce qui a un sens",
    severity=Severity.MAJOR,
    exigences=EXIGENCES,
    source="e-prescription.md §2.1 et §7.2 ; règle du banc",
)
def sensible(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """Types of the published component, counts above zero, one number a line."""
    used = Counter(line.n for line in told.lines if line.n is not None)
    for place, line in numbered(told):
        yield from _codes(place, line)
        yield from _counts(place, line)
        if line.n is not None and (line.n < 1 or used[line.n] > 1):
            yield Finding(
                f"{place}.n",
                "un rang à partir de 1, propre à la ligne",
                str(line.n),
                "Numéroter les lignes de 1 à n : une exécution désigne sa ligne par ce rang.",
            )


def _codes(place: str, line: Line) -> Iterator[Finding]:
    if line.type not in LINE_TYPES:
        yield Finding(
            f"{place}.eprescType",
            ", ".join(LINE_TYPES),
            line.type,
            "Donner à la ligne l'un des types publiés ; « medicament » quand rien n'est dit.",
            Severity.REVIEW,
        )
    code = line.substitution.code if line.substitution else None
    if code is not None and code not in _SUBSTITUTIONS:
        yield Finding(
            f"{place}.substitution.code",
            "G (substituable) ou N (non substituable)",
            code,
            "Écrire le code de la substitution, son motif à part.",
        )


def _counts(place: str, line: Line) -> Iterator[Finding]:
    quantity = line.quantity.value if line.quantity else None
    counts = (
        ("renouvellements", line.renewals, 0, "0 pour une ligne non renouvelable"),
        ("dureeJours", line.days, 1, "le nombre de jours du traitement"),
        ("quantite", quantity, 1, "le nombre de conditionnements"),
    )
    for name, count, least, meaning in counts:
        if count is not None and count < least:
            yield Finding(
                f"{place}.{name}",
                f"au moins {least}",
                str(count),
                f"Écrire {meaning}, ou rien quand on ne le sait pas.",
            )


@check(
    "BANC-EP.02",
    title="L'ordonnance dit son type, sa date, le patient et la posologie de chaque médicament",
    severity=Severity.MAJOR,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1 et §7.2 ; noms des données propres au banc",
    hors_specification=True,
)
def complete(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """What the neutral model needs; the official package may place it elsewhere."""
    for name, value in (("type", told.kind), ("horodatage", told.at)):
        if not value:
            yield _absent(name)
    if told.at and not _readable(told.at):
        yield Finding(
            "horodatage",
            "une date et une heure ISO 8601, 2026-03-02T10:00:00+01:00",
            told.at,
            "Écrire la date et l'heure de la prescription en ISO 8601, avec leur décalage.",
        )
    if told.patient is not None:  # EF_INS25_01 says it when nobody is named
        yield from _person(told.patient)
    for place, line in numbered(told):
        if not line.label:
            yield _absent(f"{place}.libelle")
        if line.drug and not (line.posology or line.structured):
            yield _absent(f"{place}.posologieTexte")


def _person(patient: PrescribedPatient) -> Iterator[Finding]:
    if not patient.given_names:
        yield _absent("patient.prenoms")
    if not _DATE.fullmatch(patient.birth_date or ""):
        yield Finding(
            "patient.naissance",
            "AAAA-MM-JJ",
            patient.birth_date or "absent",
            "Écrire la date de naissance de l'INS, en ISO 8601.",
        )


def _readable(instant: str) -> bool:
    try:
        datetime.fromisoformat(instant)
    except ValueError:
        return False
    return True


def _absent(place: str) -> Finding:
    return Finding(
        place,
        "présent",
        "absent",
        "Transmettre cette donnée : le pharmacien n'a que l'ordonnance pour la connaître.",
    )
