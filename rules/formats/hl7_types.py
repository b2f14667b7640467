"""HL7 V2 composite types written with ``^`` in XDS metadata and in the VIHF.

Source: CI-SIS volet « Partage de documents de santé » (CX, XCN, XON), IHE ITI
TF-3 §4.2.3.1.7. Reading never fails: a missing component is an empty string,
so that checks can say which one is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass


def _component(text: str, position: int) -> str:
    """Component of an HL7 value by its number in the standard, from 1."""
    components = text.split("^")
    return components[position - 1] if position <= len(components) else ""


def _subcomponent(text: str, position: int) -> str:
    parts = text.split("&")
    return parts[position - 1] if position <= len(parts) else ""


@dataclass(frozen=True, slots=True)
class Cx:
    """Identifier with its authority: ``INS^^^&OID&ISO^NH``."""

    text: str

    @property
    def id(self) -> str:
        """CX.1: the identifier."""
        return _component(self.text, 1)

    @property
    def authority(self) -> str:
        """CX.4.2: OID of the assigning authority."""
        return _subcomponent(_component(self.text, 4), 2)

    @property
    def authority_type(self) -> str:
        """CX.4.3: ``ISO``."""
        return _subcomponent(_component(self.text, 4), 3)

    @property
    def type(self) -> str:
        """CX.5: ``NH`` for an INS, ``PI`` for a local number."""
        return _component(self.text, 5)

    @property
    def same_as(self) -> tuple[str, str]:
        """What two identifiers of one patient share: number and authority."""
        return (self.id, self.authority)


@dataclass(frozen=True, slots=True)
class Xcn:
    """Person: ``id^nom^prénom^^^^^^&OID&ISO^D^^^IDNPS``."""

    text: str

    @property
    def id(self) -> str:
        """XCN.1: identifier of the person."""
        return _component(self.text, 1)

    @property
    def family(self) -> str:
        """XCN.2: family name, or name of the system."""
        return _component(self.text, 2)

    @property
    def given(self) -> str:
        """XCN.3: given name, or model of the system."""
        return _component(self.text, 3)

    @property
    def authority(self) -> str:
        """XCN.9.2: OID of the assigning authority."""
        return _subcomponent(_component(self.text, 9), 2)

    @property
    def authority_type(self) -> str:
        """XCN.9.3: ``ISO``."""
        return _subcomponent(_component(self.text, 9), 3)

    @property
    def name_type(self) -> str:
        """XCN.10: ``D`` for a person, ``U`` for a system."""
        return _component(self.text, 10)

    @property
    def id_type(self) -> str:
        """XCN.13: ``IDNPS``, ``EI``, ``NH``, ``RI``."""
        return _component(self.text, 13)


@dataclass(frozen=True, slots=True)
class Xon:
    """Organisation: ``nom^^^^^&OID&ISO^IDNST^^^id``."""

    text: str

    @property
    def name(self) -> str:
        """XON.1: name."""
        return _component(self.text, 1)

    @property
    def authority(self) -> str:
        """XON.6.2: OID of the assigning authority."""
        return _subcomponent(_component(self.text, 6), 2)

    @property
    def authority_type(self) -> str:
        """XON.6.3: ``ISO``."""
        return _subcomponent(_component(self.text, 6), 3)

    @property
    def id_type(self) -> str:
        """XON.7: ``IDNST``, ``SIREN``."""
        return _component(self.text, 7)

    @property
    def id(self) -> str:
        """XON.10: Struct_IdNat."""
        return _component(self.text, 10)


@dataclass(frozen=True, slots=True)
class Specialty:
    """``code^libellé^OID`` of authorSpecialty."""

    text: str

    @property
    def code(self) -> str:
        """Code of JDV_J01, such as ``G15_10/SM54``."""
        return _component(self.text, 1)

    @property
    def label(self) -> str:
        """Its label."""
        return _component(self.text, 2)

    @property
    def system(self) -> str:
        """OID of its code system."""
        return _component(self.text, 3)
