"""The prescription of the DMP: volet eP-MED-DM of CI-SIS, versions 2022.01 to 2024.01.

Namespace: HL7 v3. The number of the ordonnance numérique is read where the document
carries it: ``id`` under the root of the CNAM (that of the document, or of its main act:
cda.md §1.7), and the Code 2D of its image.

Source: official examples and schematrons as e-prescription.md §9 reads them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
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
from rules.formats.ep_med_dm_lines import DeviceLine, DrugLine, Line, templates_of
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
FLAG_SYSTEM = "1.2.250.1.213.1.1.4.322"
REPLACED = (("REF", "353"), ("CON", "CORRE"))
"""typeCode and function of the PS remplacé: in the examples of 2022, then in later ones."""

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
    def identifiers(self) -> tuple[Identifier, ...]:
        """Those under the root of the CNAM: of the document, of its versions, of its main act."""
        of_versions = identifiers(self.root, "setId")
        found = (*identifiers(self.root), *identifiers(self.act), *of_versions)
        return tuple(i for i in found if i.root == NUMBER_ROOT)

    @property
    def carried(self) -> Identifier | None:
        """The first of them."""
        return next(iter(self.identifiers), None)

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

    @property
    def act(self) -> etree._Element | None:
        """The main act: the first serviceEvent that is no flag."""
        events = find_all(self.root, "documentationOf/serviceEvent")
        return next((event for event in events if not _is_flag(event)), None)

    @cached_property
    def flags(self) -> tuple[Coded, ...]:
        """Codes of the serviceEvents that qualify it: bizone, ordonnance sécurisée…

        Their class is INFO; the examples of 2026 give them none, and the system of their code.
        """
        events = filter(_is_flag, find_all(self.root, "documentationOf/serviceEvent"))
        return tuple(c for e in events if (c := coded(e, "code")) is not None)

    @property
    def names_replaced(self) -> bool:
        """Whether a participant is the professional replaced (2022, then later examples)."""
        told = (
            (attribute(each, "typeCode"), attribute(find(each, "functionCode"), "code"))
            for each in find_all(self.root, "participant")
        )
        return any(each in REPLACED for each in told)

    @property
    def validity(self) -> tuple[Instant | None, Instant | None]:
        """First and last instants of validity: the period of the main act."""
        times = find(self.act, "effectiveTime")
        return instant(times, "low"), instant(times, "high")

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


def _is_flag(event: etree._Element) -> bool:
    system = attribute(find(event, "code"), "codeSystem")
    return event.get("classCode") == "INFO" or system == FLAG_SYSTEM


def decoded(element: etree._Element | None) -> bytes | None:
    """Octets of an element in base64; None when it is absent, empty or something else."""
    text = "".join((text_of(element) or "").split())
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None
