"""The prescription of the DMP: volet eP-MED-DM of CI-SIS, versions 2022.01 to 2024.01.

Namespaces: HL7 v3; what is under ``urn:ihe:pharm…`` is not read. Codes of CIS,
CIP13, LPP and EMDN are those of the sheet. The number of the ordonnance numérique
is read where the document carries it: ``id`` under the root of the CNAM (that of the
document, or of its main act: cda.md §1.7), and the Code 2D of its image.

Source: official examples and schematrons as e-prescription.md §9 reads them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import ClassVar, TypeVar

from lxml import etree

from rules.artefact import Artefact
from rules.formats.cda_types import (
    HL7,
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
from rules.formats.code2d import Code2D, Code2DPicture
from rules.formats.prescription_number import CarriedNumber
from rules.formats.symbols import PictureError, read_picture
from rules.xml import text_of

MODEL = "1.2.250.1.213.1.1.1.39"
V2022, V2023, V2024 = VERSIONS = ("2022.01", "2023.01", "2024.01")
CODE = "57833-6"
NUMBER_ROOT = "1.2.250.1.215.500.1.1"
"""Arc of the CNAM: the extension is then the number of the ordonnance."""
_SECTION = "1.2.250.1.213.1.1.2."
BARCODE, DRUGS, DEVICES = f"{_SECTION}223", f"{_SECTION}171", f"{_SECTION}222"
COMMENT, VITALS, PREGNANCY = f"{_SECTION}73", f"{_SECTION}75", f"{_SECTION}77"
PDF_COPY = f"{_SECTION}243"
DRUG_ENTRY, DEVICE_ENTRY = "1.2.250.1.213.1.1.3.83", "1.2.250.1.213.1.1.3.20"
SUBSTITUTION = "1.2.250.1.213.1.1.3.87"
CIS, CIP13, LPP, EMDN = (
    "1.2.250.1.213.2.3.1",
    "1.2.250.1.213.2.3.2",
    "1.2.250.1.215.200.2.1",
    "1.2.250.1.213.2.68",
)
FLAG_SYSTEM = "1.2.250.1.213.1.1.4.322"
ALD = "MED-574"
REPLACED = ("353", "CORRE")
"""Functions of the PS remplacé: in the examples of 2022, then in later ones."""

E = TypeVar("E", bound="Line")


@dataclass(frozen=True)
class Section(Node):
    """A section of the body, at any depth."""

    @property
    def templates(self) -> tuple[str, ...]:
        """Roots of its templateIds."""
        return templates_of(self.element)

    @property
    def code(self) -> str | None:
        """LOINC code."""
        return attribute(find(self.element, "code"), "code")

    def entries(self, name: str) -> Iterator[etree._Element]:
        """Acts of a name directly under its entries."""
        yield from find_all(self.element, f"entry/{name}")


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
        return next((s.value for s in self.statements if s.code == ALD), None)

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
        """First and last day of the treatment, each None when it is not said."""
        element = find(self.element, "effectiveTime")
        return day_of(instant(element, "low")), day_of(instant(element, "high"))


@dataclass(frozen=True)
class DeviceLine(Line):
    """A dispositif médical."""

    label: ClassVar[str] = "eP-MED-DM, dispositif médical"

    @property
    def device(self) -> Coded | None:
        """Its code: EMDN, with LPP as translation (or the other way round)."""
        return coded(self.element, "participant/participantRole/playingDevice/code")


@dataclass(frozen=True)
class EpMedDm(Artefact):
    """The model part of a ClinicalDocument; its header is judged as any other."""

    label: ClassVar[str] = "eP-MED-DM"
    opaque: ClassVar[bool] = True
    """The DMP keeps a document, whatever it prescribes."""
    root: etree._Element = field(repr=False, compare=False)

    @classmethod
    def of(cls, root: etree._Element) -> EpMedDm | None:
        """The prescription in a ClinicalDocument; None when it is of another model."""
        return cls(root) if MODEL in templates_of(root) else None

    @property
    def version(self) -> str | None:
        """``2022.01``, ``2023.01``, ``2024.01``, or what is written instead."""
        found = identifiers(self.root, "templateId")
        return next((t.extension for t in found if t.root == MODEL), None)

    @cached_property
    def carried(self) -> Identifier | None:
        """Identifier under the root of the CNAM: of the document, else of its main act."""
        act = find(self.root, "documentationOf/serviceEvent")
        found = (*identifiers(self.root), *identifiers(act))
        return next((i for i in found if i.root == NUMBER_ROOT), None)

    @property
    def number(self) -> str | None:
        """Number of the ordonnance, when the document or its main act is identified by it."""
        return self.carried.extension if self.carried else None

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Every section of the body."""
        body = find(self.root, "component/structuredBody")
        found = () if body is None else body.iter(f"{{{HL7}}}section")
        return tuple(Section(each) for each in found)

    def of_template(self, template: str) -> tuple[Section, ...]:
        """Sections that have a templateId."""
        return tuple(s for s in self.sections if template in s.templates)

    @cached_property
    def drugs(self) -> tuple[DrugLine, ...]:
        """Lines of drugs."""
        return self._lines(DrugLine, DRUGS, "substanceAdministration")

    @cached_property
    def devices(self) -> tuple[DeviceLine, ...]:
        """Lines of devices."""
        return self._lines(DeviceLine, DEVICES, "supply")

    @property
    def lines(self) -> tuple[Line, ...]:
        """Every line: drugs, then devices."""
        return (*self.drugs, *self.devices)

    @cached_property
    def flags(self) -> tuple[Coded, ...]:
        """Codes of the serviceEvents of class INFO: bizone, ordonnance sécurisée…"""
        events = find_all(self.root, "documentationOf/serviceEvent")
        informative = (e for e in events if e.get("classCode") == "INFO")
        return tuple(c for e in informative if (c := coded(e, "code")) is not None)

    @property
    def names_replaced(self) -> bool:
        """Whether a participant is the professional replaced (2022, then later examples)."""
        functions = find_all(self.root, "participant/functionCode")
        return any(attribute(each, "code") in REPLACED for each in functions)

    @property
    def validity(self) -> tuple[Instant | None, Instant | None]:
        """First and last instants of validity: the period of the main act."""
        event = find(self.root, "documentationOf/serviceEvent")
        return instant(event, "effectiveTime/low"), instant(event, "effectiveTime/high")

    @property
    def has_barcode(self) -> bool:
        """Whether it has a section Code à barres."""
        return bool(self.of_template(BARCODE))

    @cached_property
    def picture(self) -> Code2DPicture:
        """What its image of the Code 2D shows; empty when it shows none."""
        for section in self.of_template(BARCODE):
            for media in section.entries("observationMedia"):
                data = decoded(find(media, "value"))
                try:
                    return Code2DPicture.of(read_picture(data or b""))
                except PictureError:
                    continue
        return Code2DPicture(())

    @property
    def code2d(self) -> Code2D | None:
        """The Code 2D of its image."""
        return next(iter(self.picture.codes), None)

    def parts(self) -> Iterable[Artefact]:
        """Its number, the Code 2D of its image, its lines."""
        if self.carried is not None:
            yield CarriedNumber(self.carried.extension or "", f"{self.carried.place}/@extension")
        yield self.picture
        yield from self.lines

    def _lines(self, kind: type[E], template: str, name: str) -> tuple[E, ...]:
        found = (e for s in self.of_template(template) for e in s.entries(name))
        return tuple(kind(e, self.version, rank) for rank, e in enumerate(found, 1))


def templates_of(element: etree._Element | None) -> tuple[str, ...]:
    """Roots of the templateIds of an element."""
    return tuple(t.root for t in identifiers(element, "templateId") if t.root)


def decoded(element: etree._Element | None) -> bytes | None:
    """Octets of an element in base64; None when it is absent, empty or something else."""
    text = "".join((text_of(element) or "").split())
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None


def day_of(found: Instant | None) -> date | None:
    """The day that an instant begins with, None when it has no whole day."""
    text = (found and found.value) or ""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
