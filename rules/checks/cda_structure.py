"""CDA-02: elements of the header in the order of the model, in permitted number.

This is no XSD validation: it reads the header elements of cda.md §1 and leaves
the body, the attributes and the data types alone. An element whose absence has
a rule of its own (``setId``: CDA-08, ``custodian``: CDA-24 …) is not counted
here, so that one defect is said once.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from lxml import etree

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_types import HL7, attribute
from rules.xml import place_of

NULL_FLAVORS = ("UNK", "NASK", "ASKU", "NAV", "MSK")

_SHAPES: dict[str, str] = {
    "ClinicalDocument": "id code title! effectiveTime "
    "confidentialityCode languageCode setId versionNumber copyTime recordTarget! author!* "
    "dataEnterer informant* custodian informationRecipient* legalAuthenticator authenticator* "
    "participant* inFulfillmentOf* documentationOf* relatedDocument authorization* componentOf "
    "component!",
    "recordTarget": "patientRole!",
    "patientRole": "id* addr* telecom* patient! providerOrganization",
    "patient": "id name!* administrativeGenderCode! birthTime! maritalStatusCode "
    "religiousAffiliationCode raceCode ethnicGroupCode guardian* birthplace languageCommunication*",
    "author": "functionCode time assignedAuthor!",
    "assignedAuthor": "id* code addr* telecom* assignedPerson|assignedAuthoringDevice "
    "representedOrganization",
    "custodian": "assignedCustodian",
    "assignedCustodian": "representedCustodianOrganization",
    "representedCustodianOrganization": "id* name telecom addr",
    "legalAuthenticator": "time signatureCode assignedEntity!",
    "authenticator": "time! signatureCode! assignedEntity!",
    "assignedEntity": "id* code addr* telecom* assignedPerson representedOrganization*",
    "representedOrganization": "id* name* telecom* addr* standardIndustryClassCode "
    "asOrganizationPartOf",
    "informationRecipient": "intendedRecipient",
    "documentationOf": "serviceEvent!",
    "serviceEvent": "id* code effectiveTime* performer*",
    "performer": "functionCode time assignedEntity!",
    "relatedDocument": "parentDocument!",
    "parentDocument": "id!* code text setId versionNumber",
    "componentOf": "encompassingEncounter",
    "encompassingEncounter": "id* code effectiveTime dischargeDispositionCode responsibleParty "
    "encounterParticipant* location",
    "component": "nonXMLBody|structuredBody",
    "nonXMLBody": "text! languageCode",
}
"""Children in order: ``!`` required, ``*`` repeatable, ``|`` alternatives of one place."""
_COMMON = ("realmCode", "typeId", "templateId")
"""Judged by CDA-03 and CDA-04 at the top; allowed first in any element of CDA."""
_TRAITS = frozenset({"name", "administrativeGenderCode", "birthTime"})
"""CDA-15 says it when a trait is missing beside an INS."""
_NEVER_NULL = (
    "title",
    "recordTarget",
    "author",
    "custodian",
    "legalAuthenticator",
    "documentationOf",
    "componentOf",
)


@check(
    "CDA-02",
    title="En-tête : éléments du modèle, dans l'ordre et en nombre permis (sans validation XSD)",
    severity=Severity.BLOCKING,
    source="CI-SIS Structuration minimale (02/2025) §1.1 à §1.8",
    exigences=("DOC/va1.12", "LGC.DOC.01"),
)
def structure(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Order, number and null flavours of the header elements."""
    said_by_others = _TRAITS if document.ins else frozenset[str]()
    for element in _header(document.root):
        shape = _shape_of(element)
        if shape is not None:
            yield from _children(element, shape, said_by_others)
        yield from _null_flavor(element)


def _header(root: etree._Element) -> Iterator[etree._Element]:
    yield root
    for child in root.iterchildren(f"{{{HL7}}}*"):
        if _local(child) != "structuredBody":
            yield from _header(child)


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _shape_of(element: etree._Element) -> str | None:
    parent = element.getparent()
    nested = parent is not None and _local(parent) == "intendedRecipient"
    return None if nested else _SHAPES.get(_local(element))


def _children(element: etree._Element, shape: str, exempt: frozenset[str]) -> Iterator[Finding]:
    slots = [slot.rstrip("!*").split("|") for slot in shape.split()]
    ranks = {child: rank for rank, names in enumerate(slots) for child in names}
    found = [c for c in element.iterchildren(f"{{{HL7}}}*") if _local(c) not in _COMMON]
    yield from (_unknown(child) for child in found if _local(child) not in ranks)
    known = [child for child in found if _local(child) in ranks]
    for before, after in pairwise(known):
        if ranks[_local(before)] > ranks[_local(after)]:
            yield _misplaced(before, after)
            break
    for names, slot in zip(slots, shape.split(), strict=True):
        number = sum(_local(child) in names for child in known)
        if number > 1 and not slot.endswith("*"):
            yield _number(element, names, "un seul", number)
        elif not number and "!" in slot and not exempt.intersection(names):
            yield _number(element, names, "un au moins" if slot.endswith("*") else "un", number)


def _unknown(child: etree._Element) -> Finding:
    return Finding(
        place_of(child),
        "un élément du modèle CDA R2",
        _local(child),
        "Retirer cet élément : le schéma CDA ne le connaît pas à cette place.",
    )


def _misplaced(before: etree._Element, after: etree._Element) -> Finding:
    return Finding(
        place_of(after),
        f"{_local(after)} avant {_local(before)}",
        f"{_local(after)} après {_local(before)}",
        "Remettre les éléments dans l'ordre du schéma CDA.",
    )


def _number(element: etree._Element, names: list[str], expected: str, number: int) -> Finding:
    return Finding(
        place_of(element),
        f"{expected} {' ou '.join(names)}",
        str(number),
        f"Corriger le nombre d'éléments {' ou '.join(names)} dans {_local(element)}.",
    )


def _null_flavor(element: etree._Element) -> Iterator[Finding]:
    flavor, name = attribute(element, "nullFlavor"), _local(element)
    if flavor is None:
        return
    parent = element.getparent()
    of_document = parent is not None and _local(parent) == "ClinicalDocument"
    if flavor not in NULL_FLAVORS or (of_document and name in _NEVER_NULL):
        yield Finding(
            f"{place_of(element)}/@nullFlavor",
            "une valeur" if flavor in NULL_FLAVORS else f"parmi {', '.join(NULL_FLAVORS)}",
            flavor,
            "Renseigner l'élément, ou choisir un nullFlavor que l'en-tête admet à cette place.",
        )
