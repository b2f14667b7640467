"""The structured posology of a line, in the neutral model of the ordonnance numérique.

Hors spécification: every key is ours. Numbers are decimal texts, units UCUM, the way of
administration a Standard Term of the EDQM. Source: e-prescription.md §7.2.
"""

# ruff: noqa: RUF009  key() and keys() make fields, they are no shared defaults.
from __future__ import annotations

from dataclasses import dataclass

from rules.formats.keyed import key, keys


@dataclass(frozen=True, slots=True)
class Amount:
    """A number and its unit."""

    value: str | None = key("valeur")
    unit: str | None = key("unite")


@dataclass(frozen=True, slots=True)
class Dose:
    """So much, so many times a period; ``days`` is how long a dose that changes lasts."""

    low: str | None = key("doseMin")
    high: str | None = key("doseMax")
    unit: str | None = key("uniteDose")
    times: int | None = key("frequence")
    period: Amount | None = key("periode")
    days: int | None = key("dureeJours")


@dataclass(frozen=True, slots=True)
class Posology(Dose):
    """A dose, or the steps of one that changes, and what bounds it."""

    most: Amount | None = key("doseMaximale")
    most_per: Amount | None = key("doseMaximalePar")
    route: str | None = key("voie")
    steps: tuple[Dose, ...] = keys("etapes")
