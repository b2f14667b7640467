"""The words of a line of ordonnance, for the page and for the narrative of the CDA.

Stupéfiants are written out in letters, dosage included (CSP R5132-29); « non
substituable » is followed by its motive (CSP L5125-23).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from num2words import num2words

from reference_impl.prescriptions.model import CIF, DEVICE, EFG, MTE, Line

MOTIVES = {
    MTE: "marge thérapeutique étroite",
    EFG: "enfant de moins de 6 ans, sans générique de forme adaptée",
    CIF: "contre-indication formelle à un excipient à effet notoire",
}
PACKAGES = {
    "30009000": ("boîte", "boîtes"),
    "30067000": ("tube", "tubes"),
    "30015500": ("récipient", "récipients"),
}
"""EDQM packaging units, singular and plural."""
_UNITS = {
    "mg": "milligrammes",
    "µg": "microgrammes",
    "mcg": "microgrammes",
    "g": "grammes",
    "ml": "millilitres",
    "l": "litres",
    "h": "heures",
}
_NUMBER = re.compile(r"(?<![\w,.])(\d{1,9}(?:[,.]\d+)?)(?:\s?(mg|µg|mcg|ml|g|l|h)\b)?", re.I)


@dataclass(frozen=True, slots=True)
class LineText:
    """``heading`` says what is prescribed, ``details`` how."""

    heading: str
    details: tuple[str, ...]


def line_text(line: Line, *, ald_marked: bool = False) -> LineText:
    """A line as it is printed; ``ald_marked`` writes « En ALD » where no zone says it."""
    spoken = in_letters if line.narcotic or line.opioid_substitution else str
    label = spoken(line.label or "")
    heading = f"{line.n}. {'En ALD : ' if ald_marked else ''}{label}"
    details = [
        spoken(usage(line)),
        *map(spoken, _quantity(line)),
        *marks(line),
        *_instructions(line),
    ]
    return LineText(heading, tuple(filter(None, details)))


def _instructions(line: Line) -> tuple[str, ...]:
    """What the patient reads besides the posology."""
    told = (("", line.condition), ("Région : ", line.site), ("", line.to_patient))
    return tuple(f"{before}{text}" for before, text in told if text)


def usage(line: Line) -> str:
    """Posology, duration and renewals in one sentence."""
    parts = [line.posology] if line.posology else []
    if line.days:
        parts.append(f"pendant {line.days} {'jours' if line.days > 1 else 'jour'}")
    if line.renewals:
        parts.append(f"à renouveler {line.renewals} fois")
    return ", ".join(parts)


def marks(line: Line) -> tuple[str, ...]:
    """The mentions of a line."""
    told = (
        (line.not_substitutable, f"non substituable ({_motive(line)})"),
        (line.off_label, "Prescription hors autorisation de mise sur le marché (hors AMM)"),
        (line.prevention, "En rapport avec la prévention"),
        (
            line.work_accident,
            "En rapport avec un accident du travail ou une maladie professionnelle",
        ),
        (line.not_reimbursed, "Non remboursable (NR)"),
        (line.urgent, "En urgence"),
        (line.fasting, "À jeun"),
    )
    return (*(text for said, text in told if said), *(f"({each})" for each in line.mentions))


def _motive(line: Line) -> str:
    return (line.substitution.motive if line.substitution else None) or ""


def motive_words(line: Line) -> str:
    """``Non (MTE : marge thérapeutique étroite)``, or ``Oui``."""
    code = _motive(line)
    return f"Non ({code} : {MOTIVES.get(code, code)})" if line.not_substitutable else "Oui"


def _quantity(line: Line) -> tuple[str, ...]:
    quantity = line.quantity
    if quantity is None or quantity.value is None:
        return ()
    usual = ("conditionnement", "conditionnements")
    one, many = PACKAGES.get(quantity.unit or "", usual)
    if line.kind == DEVICE and quantity.unit is None:
        return (f"Quantité : {quantity.value}",)
    return (f"Quantité : {quantity.value} {many if quantity.value > 1 else one}",)


def in_letters(text: str) -> str:
    """The text with its numbers, and their units, in full: ``dix milligrammes``."""
    return _NUMBER.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    number, unit = found[1].replace(",", "."), found[2]
    words = num2words(number, lang="fr")
    if unit is None:
        return words
    full = _UNITS[unit.lower()]
    return f"{words} {full[:-1] if float(number) < 2 else full}"
