"""Who a CDA header names: patient, professionals, structures, acts.

Source: CI-SIS « Structuration minimale » (cda.md §1.2, §1.3, §1.5, §1.7, §1.8).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from rules.context import Traits
from rules.formats.cda_types import (
    INS_ROOTS,
    ROOT_PROFESSIONAL,
    ROOT_STRUCTURE,
    Coded,
    Identifier,
    Instant,
    Name,
    Node,
    attribute,
    coded,
    find,
    find_all,
    identifiers,
    instant,
    name,
)
from rules.xml import text_of

MSS_PATIENT_DOMAIN = "patient.mssante.fr"


@dataclass(frozen=True)
class Patient(Node):
    """``recordTarget/patientRole``. ``element`` is the patientRole."""

    ids: tuple[Identifier, ...]
    name: Name | None
    gender: Coded | None
    birth_time: Instant | None
    birth_place: str | None
    """COG code, from ``birthplace/place/addr/county``."""
    telecoms: tuple[str, ...]

    @classmethod
    def read(cls, role: etree._Element) -> Patient:
        """Read a patientRole element."""
        return cls(
            element=role,
            ids=identifiers(role),
            name=name(role, "patient/name"),
            gender=coded(role, "patient/administrativeGenderCode"),
            birth_time=instant(role, "patient/birthTime"),
            birth_place=text_of(find(role, "patient/birthplace/place/addr/county")) or None,
            telecoms=tuple(v for e in find_all(role, "telecom") if (v := attribute(e, "value"))),
        )

    @property
    def ins_ids(self) -> tuple[Identifier, ...]:
        """The identifiers under one of the four INS roots."""
        return tuple(i for i in self.ids if i.root in INS_ROOTS)

    @property
    def ins(self) -> Identifier | None:
        """The INS: the first identifier under an INS root."""
        return next(iter(self.ins_ids), None)

    @property
    def traits(self) -> Traits:
        """The traits, empty strings where the header has none; date is ISO."""
        names, born = self.name, (self.birth_time and self.birth_time.value) or ""
        iso = f"{born[:4]}-{born[4:6]}-{born[6:8]}" if len(born) >= 8 else born
        return Traits(
            birth_name=(names and names.family("BR")) or "",
            birth_given_names=(names and names.given(None)) or "",
            sex=(self.gender and self.gender.code) or "",
            birth_date=iso,
            birth_place=self.birth_place,
            used_name=names.family("CL") if names else None,
            used_given_name=names.given("CL") if names else None,
        )


@dataclass(frozen=True)
class Organization(Node):
    """A structure: identifiers, name, J04 code when it has one."""

    ids: tuple[Identifier, ...]
    name: str | None
    practice_setting: Coded | None

    @classmethod
    def at(cls, parent: etree._Element | None, path: str) -> Organization | None:
        """Read the organization at a path, or None."""
        element = find(parent, path)
        if element is None:
            return None
        return cls(
            element=element,
            ids=identifiers(element),
            name=text_of(find(element, "name")),
            practice_setting=coded(element, "standardIndustryClassCode"),
        )

    @property
    def national_id(self) -> str | None:
        """Struct_IdNat: the extension under the structures' root."""
        return next((i.extension for i in self.ids if i.root == ROOT_STRUCTURE), None)


@dataclass(frozen=True)
class Participant(Node):
    """An author, authenticator or performer with the entity that plays it."""

    time: Instant | None
    signature: str | None
    role: Coded | None
    """``functionCode``."""
    entity: etree._Element | None
    """assignedAuthor or assignedEntity."""
    ids: tuple[Identifier, ...]
    code: Coded | None
    """Profession and speciality, JDV_J01."""
    person: Name | None
    device: etree._Element | None
    organization: Organization | None

    @classmethod
    def read(cls, element: etree._Element, entity_name: str = "assignedEntity") -> Participant:
        """Read an element whose entity is ``assignedEntity`` or ``assignedAuthor``."""
        entity = find(element, entity_name)
        return cls(
            element=element,
            time=instant(element, "time"),
            signature=attribute(find(element, "signatureCode"), "code"),
            role=coded(element, "functionCode"),
            entity=entity,
            ids=identifiers(entity),
            code=coded(entity, "code"),
            person=name(entity, "assignedPerson/name"),
            device=find(entity, "assignedAuthoringDevice"),
            organization=Organization.at(entity, "representedOrganization"),
        )

    @property
    def national_id(self) -> str | None:
        """PS_IdNat: the extension under the professionals' root."""
        return next((i.extension for i in self.ids if i.root == ROOT_PROFESSIONAL), None)

    @property
    def kind(self) -> str:
        """``patient``, ``système`` or ``professionnel`` (cda.md §1.3)."""
        if any(i.root in INS_ROOTS for i in self.ids):
            return "patient"
        return "professionnel" if self.device is None else "système"


@dataclass(frozen=True)
class ServiceEvent(Node):
    """``documentationOf/serviceEvent``: an act, its period and its performers."""

    code: Coded | None
    ids: tuple[Identifier, ...]
    periods: tuple[etree._Element, ...]
    """effectiveTime elements: exactly one in the main act."""
    low: Instant | None
    high: Instant | None
    performers: tuple[Participant, ...]

    @classmethod
    def read(cls, element: etree._Element) -> ServiceEvent:
        """Read a serviceEvent element."""
        return cls(
            element=element,
            code=coded(element, "code"),
            ids=identifiers(element),
            periods=tuple(find_all(element, "effectiveTime")),
            low=instant(element, "effectiveTime/low"),
            high=instant(element, "effectiveTime/high"),
            performers=tuple(Participant.read(e) for e in find_all(element, "performer")),
        )


@dataclass(frozen=True)
class Encounter(Node):
    """``componentOf/encompassingEncounter``: where and when care was given."""

    code: Coded | None
    period: etree._Element | None
    low: Instant | None
    high: Instant | None
    facility: Coded | None
    """Place of exercise, JDV_J02."""

    @classmethod
    def at(cls, root: etree._Element) -> Encounter | None:
        """Read the encounter of a document, or None."""
        element = find(root, "componentOf/encompassingEncounter")
        if element is None:
            return None
        return cls(
            element=element,
            code=coded(element, "code"),
            period=find(element, "effectiveTime"),
            low=instant(element, "effectiveTime/low"),
            high=instant(element, "effectiveTime/high"),
            facility=coded(element, "location/healthCareFacility/code"),
        )
