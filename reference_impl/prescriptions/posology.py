"""A structured posology: doses, how often, how much at most, and doses that change.

Numbers are decimal texts (``"0.5"``), units UCUM (``mg``, ``{tablet}``, ``h``, ``d``);
the way of administration is a Standard Term of the EDQM. No key was ever published:
these are ours. Source: sheet e-prescription §7.2, §9.4.
"""

# ruff: noqa: RUF009  key() and keys() make fields, they are no shared defaults.
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from reference_impl.prescriptions.keyed import Keyed, key, keys

_SMALLER = {"d": ("h", 24), "wk": ("d", 7)}
"""The unit in which a fraction of a period is said, and how many of it there are."""
_UNITS = {
    "{tablet}": "comprimé(s)",
    "{capsule}": "gélule(s)",
    "{application}": "application(s)",
    "h": "h",
    "d": "jour(s)",
    "wk": "semaine(s)",
    "mo": "mois",
}


@dataclass(frozen=True, slots=True)
class Amount(Keyed):
    """A number and its unit; without unit, a number of units of the drug."""

    value: str | None = key("valeur")
    unit: str | None = key("unite")

    @property
    def words(self) -> str:
        """``8 h``, ``4 comprimé(s)``."""
        unit = _UNITS.get(self.unit or "", (self.unit or "").strip("{}"))
        return f"{(self.value or '').replace('.', ',')} {unit}".strip()


@dataclass(frozen=True, slots=True)
class Dose(Keyed):
    """So much, so many times a period; ``days`` is how long a dose that changes lasts."""

    low: str | None = key("doseMin")
    high: str | None = key("doseMax")
    unit: str | None = key("uniteDose")
    times: int | None = key("frequence", int)
    period: Amount | None = key("periode", Amount)
    days: int | None = key("dureeJours", int)

    @property
    def bounds(self) -> tuple[Amount, Amount] | None:
        """Least and greatest dose, one for the other when one alone is said."""
        low, high = self.low or self.high, self.high or self.low
        return (Amount(low, self.unit), Amount(high, self.unit)) if low and high else None

    @property
    def interval(self) -> Amount | None:
        """The time from a dose to the next: three times a day is every 8 h."""
        period = self.period
        if period is None or period.value is None:
            return None
        try:
            value = Decimal(period.value)
        except InvalidOperation:
            return None
        unit = period.unit or "d"
        if self.times and self.times > 1:
            unit, inside = _SMALLER.get(unit, (unit, 1))
            value = value * inside / self.times
        return Amount(f"{value.quantize(Decimal('0.001')).normalize():f}", unit)

    @property
    def words(self) -> str:
        """``1 à 2 comprimé(s), toutes les 8 h, pendant 2 jour(s)``."""
        told: list[str] = []
        if self.bounds:
            low, high = self.bounds
            told.append(high.words if low == high else f"{low.value} à {high.words}")
        if self.interval:
            told.append(f"une fois par période de {self.interval.words}")
        if self.days:
            told.append(f"pendant {self.days} jour(s)")
        return ", ".join(told)


@dataclass(frozen=True, slots=True)
class Posology(Dose):
    """A dose, or the steps of one that changes, and what bounds it."""

    most: Amount | None = key("doseMaximale", Amount)
    most_per: Amount | None = key("doseMaximalePar", Amount)
    """The length of time in which no more is taken."""
    route: str | None = key("voie")
    """EDQM, class ROA: 20053000 is by mouth."""
    steps: tuple[Dose, ...] = keys("etapes", Dose)

    def to_json(self) -> dict[str, Any]:
        """The object, without what is absent."""
        written = super(Posology, self).to_json()
        return written if self.steps else {k: v for k, v in written.items() if k != "etapes"}
