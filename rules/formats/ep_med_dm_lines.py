"""The lines of an eP-MED-DM: what each entry prescribes, and what is said about it.

Namespaces: HL7 v3; of ``urn:ihe:pharm…`` only the codes are read. Codes of CIS, CIP13,
LPP and EMDN are those of the sheet.

Source: official examples and schematrons as e-prescription.md §9.4 and §9.5 read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.formats.cda_types import (
    Coded,
    Identifier,
    Instant,
    Node,
    attribute,
    coded,
    find,
    find_all,
    identifiers,
    instant,
)

SUBSTITUTION = "1.2.250.1.213.1.1.3.87"
STEP = "1.2.250.1.213.1.1.3.83.1"
CIS, CIP13, LPP, EMDN = (
    "1.2.250.1.213.2.3.1",
    "1.2.250.1.213.2.3.2",
    "1.2.250.1.215.200.2.1",
    "1.2.250.1.213.2.68",
)
ALD = "MED-574"
_OBSERVATION = "1.2.250.1.213.1.1.3.48."
STATEMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    ALD: ("ALD", (f"{_OBSERVATION}13",)),
    "GEN-180": ("AT/MP", (f"{_OBSERVATION}14",)),
    "GEN-179": ("hors AMM", (f"{_OBSERVATION}12",)),
    "GEN-181": ("non remboursable", (f"{_OBSERVATION}15", f"{_OBSERVATION}215")),
    "GEN-295": ("prévention", (f"{_OBSERVATION}34", f"{_OBSERVATION}224")),
}
"""Code, name and templates (2023 and after, then 2022) of each observation."""
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@dataclass(frozen=True)
class Statement(Node):
    """An observation BL about a line: its templates, its code, what it says."""

    code: str | None
    value: bool | None
    """None when it is neither ``true`` nor ``false``."""

    @classmethod
    def read(cls, element: etree._Element) -> Statement:
        """Read an observation element."""
        said = attribute(find(element, "value"), "value")
        return cls(
            element,
            attribute(find(element, "code"), "code"),
            {"true": True, "false": False}.get(said or ""),
        )

    @property
    def templates(self) -> tuple[str, ...]:
        """Roots of its templateIds."""
        return templates_of(self.element)

    def tells(self, code: str) -> bool:
        """Whether it is the observation of a code, by that code or by its templates."""
        return self.code == code or bool({*STATEMENTS[code][1]} & {*self.templates})


@dataclass(frozen=True)
class Line(Artefact):
    """A line of the prescription: a drug or a device. ``rank`` counts from 1 by kind."""

    element: etree._Element = field(repr=False, compare=False)
    version: str | None
    rank: int

    @property
    def templates(self) -> tuple[str, ...]:
        """Roots of its templateIds."""
        return templates_of(self.element)

    @property
    def ids(self) -> tuple[Identifier, ...]:
        """Its ``id`` elements."""
        return identifiers(self.element)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """Observations about the line, in order."""
        found = find_all(self.element, "entryRelationship/observation")
        return tuple(Statement.read(each) for each in found)

    @property
    def ald(self) -> bool | None:
        """Whether it is for an affection de longue durée; None when it does not say."""
        return next((s.value for s in self.statements if s.tells(ALD)), None)

    @property
    def repeats(self) -> str | None:
        """``repeatNumber/@value`` as written."""
        return attribute(find(self.element, "repeatNumber"), "value")


@dataclass(frozen=True)
class DrugLine(Line):
    """FR-Traitement-prescrit."""

    label: ClassVar[str] = "eP-MED-DM, médicament"

    @property
    def product(self) -> etree._Element | None:
        """``manufacturedProduct``."""
        return find(self.element, "consumable/manufacturedProduct")

    @property
    def material(self) -> etree._Element | None:
        """``manufacturedMaterial``."""
        return find(self.product, "manufacturedMaterial")

    @cached_property
    def code(self) -> Coded | None:
        """Code of the drug: CIS, or a nullFlavor for a préparation magistrale."""
        return coded(self.material, "code")

    @property
    def cis(self) -> str | None:
        """CIS code."""
        return self.code.code if self.code and self.code.code_system == CIS else None

    @property
    def cip13(self) -> str | None:
        """CIP13, among the translations."""
        translations = map(Coded.read, find_all(self.material, "code/translation"))
        return next((t.code for t in translations if t.code_system == CIP13), None)

    @property
    def steps(self) -> tuple[etree._Element, ...]:
        """Subordinate administrations: tapered, split or conditional doses."""
        found = find_all(self.element, "entryRelationship/substanceAdministration")
        return tuple(step for step in found if STEP in templates_of(step))

    @property
    def substitutions(self) -> tuple[etree._Element, ...]:
        """Acts that say whether another may be delivered."""
        acts = find_all(self.element, "entryRelationship/act")
        return tuple(act for act in acts if SUBSTITUTION in templates_of(act))

    @property
    def substitution(self) -> str | None:
        """``G`` allowed, ``N`` none."""
        act = next(iter(self.substitutions), None)
        return attribute(find(act, "code"), "code")

    @property
    def period(self) -> tuple[date | None, date | None]:
        """First day of the treatment and its last, or the day after; None when not said."""
        element = next((t for t in find_all(self.element, "effectiveTime") if lasts(t)), None)
        low, high = day_of(instant(element, "low")), day_of(instant(element, "high"))
        width = find(element, "width")
        days = attribute(width, "value") or ""
        if low and not high and attribute(width, "unit") == "d" and days.isdecimal():
            high = low + timedelta(days=min(int(days), _LONGEST))
        return low, high


_LONGEST = 36_500


@dataclass(frozen=True)
class DeviceLine(Line):
    """A dispositif médical."""

    label: ClassVar[str] = "eP-MED-DM, dispositif médical"

    @property
    def device(self) -> Coded | None:
        """Its code: EMDN, with LPP as translation (or the other way round)."""
        return coded(self.element, "participant/participantRole/playingDevice/code")


def templates_of(element: etree._Element | None) -> tuple[str, ...]:
    """Roots of the templateIds of an element."""
    return tuple(t.root for t in identifiers(element, "templateId") if t.root)


def type_of(element: etree._Element | None) -> str | None:
    """Local name of the ``xsi:type`` of an element, whatever its prefix."""
    told = attribute(element, _XSI_TYPE)
    return told.rpartition(":")[2] if told else None


def lasts(time: etree._Element) -> bool:
    """Whether an ``effectiveTime`` says how long, and not how often."""
    return attribute(time, "operator") != "A" and type_of(time) in (None, "IVL_TS")


def day_of(found: Instant | None) -> date | None:
    """The day that an instant begins with, None when it has no whole day."""
    text = (found and found.value) or ""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
