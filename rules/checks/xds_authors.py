"""Shape of the people named in XDS metadata: authors, legalAuthenticator.

Source: PDSM4DMP models by sheet dmp.md §9.3. Used by the checks on lots and entries.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.findings import Finding
from rules.formats.hl7_types import Specialty, Xcn, Xon
from rules.formats.registry import Author

_PROFESSIONALS = "1.2.250.1.71.4.2.1"
_STRUCTURES = "1.2.250.1.71.4.2.2"
_SPECIALTIES = "1.2.250.1.213.1.1.4.5"


def author_faults(author: Author) -> Iterator[Finding]:
    """What is wrong in one author: person 1..1, institution 0..1, specialty 0..1."""
    if len(author.persons) != 1:
        yield Finding(
            f"{author.place}/Slot[@name='authorPerson']",
            "une personne",
            f"{len(author.persons)} valeur(s)",
            "Nommer une personne, et une seule, par auteur.",
        )
    for person in author.persons:
        yield from person_faults(person, f"{author.place}/Slot[@name='authorPerson']")
    place = f"{author.place}/Slot[@name='authorInstitution']"
    if len(author.institutions) > 1:
        yield Finding(
            place,
            "une structure au plus",
            str(len(author.institutions)),
            "N'écrire qu'une structure par auteur.",
        )
    for institution in author.institutions:
        yield from _institution(institution, place)
    for specialty in author.specialties:
        yield from _specialty(specialty, f"{author.place}/Slot[@name='authorSpecialty']")


def person_faults(person: Xcn, place: str) -> Iterator[Finding]:
    """What is wrong in an XCN: components 1, 2, 3, 9, 10 and 13 are required."""
    named = person.id and person.family and person.given
    issued = person.authority and person.authority_type == "ISO"
    kind = (person.name_type, person.id_type)
    right = all(kind)
    if person.authority == _PROFESSIONALS:
        # A device of the structure is named under the same root, with U and RI.
        right = kind in {("D", "IDNPS"), ("D", "EI"), ("U", "RI")}
    if not (named and issued and right):
        yield Finding(
            place,
            "id^NOM^Prénom^^^^^^&OID&ISO^D^^^IDNPS",
            person.text or "vide",
            "Remplir les composants 1, 2, 3, 9, 10 et 13 de la personne.",
        )


def _institution(institution: Xon, place: str) -> Iterator[Finding]:
    filled = institution.name and institution.id and institution.authority
    typed = institution.authority_type == "ISO" and bool(institution.id_type)
    if institution.authority == _STRUCTURES:
        typed = typed and institution.id_type == "IDNST"
    if not (filled and typed):
        yield Finding(
            place,
            f"Nom^^^^^&{_STRUCTURES}&ISO^IDNST^^^identifiant",
            institution.text or "vide",
            "Remplir les composants 1, 6, 7 et 10 de la structure.",
        )


def _specialty(specialty: Specialty, place: str) -> Iterator[Finding]:
    if not (specialty.code and specialty.label and specialty.system == _SPECIALTIES):
        yield Finding(
            place,
            f"G15_10/SM54^Libellé^{_SPECIALTIES}",
            specialty.text or "vide",
            "Écrire la spécialité avec son code, son libellé et l'OID de JDV_J01.",
        )
