"""CDA R2 level 1: a French header (CI-SIS, « Structuration minimale ») around a PDF.

The order of the elements is that of the CDA schema. Sources: CI-SIS Volet
Structuration minimale; rules of February 2025 (family qualifiers BR and CL
only, exactly three templateIds for an unstructured body).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from reference_impl.documents import codes
from reference_impl.documents.codes import Code
from reference_impl.people import Ins, Patient, Professional, Traits
from reference_impl.xmltree import node

HL7 = "urn:hl7-org:v3"
_LINE = 76
UNSTRUCTURED = (
    (codes.TEMPLATE_HL7_FRANCE, None),
    (codes.TEMPLATE_CI_SIS, None),
    (codes.TEMPLATE_UNSTRUCTURED, None),
)
"""templateIds of a document whose body is a PDF."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a document says of itself. ``written_at`` is aware local time.

    ``patient_ids`` are (root, extension) pairs, the INS first when it may leave.
    ``replaces`` is the id of the version this one cancels and replaces.
    ``templates`` are (root, extension) pairs. ``telecoms`` are addresses of the patient
    (``mailto:…``): a model that wants them is told when there is none, others (None)
    have neither telecom nor addr.
    """

    unique_id: str
    set_id: str
    version: int
    kind: codes.DocumentType
    title: str
    written_at: datetime
    patient_ids: tuple[tuple[str, str], ...]
    traits: Traits
    author: Professional
    replaces: str | None = None
    templates: tuple[tuple[str, str | None], ...] = UNSTRUCTURED
    telecoms: tuple[str, ...] | None = None


def patient_ids(
    patient: Patient, ins_oid: str | None, local_root: str
) -> tuple[tuple[str, str], ...]:
    """Identifiers to write: INS and IPP, or the IPP alone when the identity is not qualified.

    ``ins_oid`` is the OID under which the INS leaves, ``local_root`` the domain
    of the local identifiers.
    """
    local = (local_root, patient.id)
    ins: Ins | None = patient.ins if patient.qualified else None
    return (local,) if ins is None or ins_oid is None else ((ins_oid, ins.value), local)


def build(header: Header, pdf: bytes) -> bytes:
    """The document, UTF-8. Same header and PDF, same bytes."""
    root = etree.Element(f"{{{HL7}}}ClinicalDocument", nsmap={None: HL7})
    identity(root, header)
    record_target(root, header)
    author(root, header)
    custodian(root, header.author)
    legal_authenticator(root, header)
    _service_event(root, header)
    if header.replaces is not None:
        parent = node(node(root, "relatedDocument", {"typeCode": "RPLC"}), "parentDocument")
        node(parent, "id", {"root": header.replaces})
    encounter(root, header)
    _body(root, pdf)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def timestamp(instant: datetime) -> str:
    """HL7 TS to the second with its offset: ``20260312101500+0100``."""
    return instant.strftime("%Y%m%d%H%M%S%z")


def _act_start(header: Header) -> str:
    """Start of the act, to the minute: this product knows no other hour than the document's."""
    return timestamp(header.written_at.replace(second=0))


def coded(parent: etree._Element, tag: str, code: Code) -> etree._Element:
    """A coded element: code, system and label."""
    return node(
        parent,
        tag,
        {"code": code.code, "codeSystem": code.system, "displayName": code.label},
    )


def identity(root: etree._Element, header: Header) -> None:
    """From realmCode to versionNumber."""
    node(root, "realmCode", {"code": "FR"})
    node(root, "typeId", {"root": "2.16.840.1.113883.1.3", "extension": "POCD_HD000040"})
    for template, version in header.templates:
        node(
            root,
            "templateId",
            {"root": template} | ({} if version is None else {"extension": version}),
        )
    node(root, "id", {"root": header.unique_id})
    coded(root, "code", header.kind.type)
    node(root, "title", text=header.title)
    node(root, "effectiveTime", {"value": timestamp(header.written_at)})
    coded(root, "confidentialityCode", codes.NORMAL)
    node(root, "languageCode", {"code": "fr-FR"})
    node(root, "setId", {"root": header.set_id})
    node(root, "versionNumber", {"value": str(header.version)})


def record_target(root: etree._Element, header: Header) -> None:
    """The patient."""
    role = node(node(root, "recordTarget"), "patientRole")
    for domain, extension in header.patient_ids:
        node(role, "id", {"root": domain, "extension": extension})
    if header.telecoms is not None:
        _contacts(role, header.telecoms)
    traits = header.traits
    patient = node(role, "patient")
    _patient_name(patient, traits)
    coded(patient, "administrativeGenderCode", codes.gender(traits.sex))
    node(patient, "birthTime", {"value": traits.birth_date.replace("-", "")})
    if traits.birth_place is not None:
        place = node(node(node(patient, "birthplace"), "place"), "addr")
        node(place, "county", text=traits.birth_place)


def _contacts(role: etree._Element, telecoms: tuple[str, ...]) -> None:
    """This product keeps no postal address."""
    node(role, "addr", {"nullFlavor": "NAV"})
    for telecom in telecoms:
        node(role, "telecom", {"value": telecom})
    if not telecoms:
        node(role, "telecom", {"nullFlavor": "NAV"})


def _patient_name(patient: etree._Element, traits: Traits) -> None:
    """Order of the official examples: BR name, list of given names, BR given name, CL names."""
    name = node(patient, "name")
    node(name, "family", {"qualifier": "BR"}, traits.birth_name)
    node(name, "given", text=traits.birth_given_names)
    node(name, "given", {"qualifier": "BR"}, traits.first_given_name)
    if traits.used_name is not None:
        node(name, "family", {"qualifier": "CL"}, traits.used_name)
    if traits.used_name is not None or traits.used_given_name is not None:
        used = traits.used_given_name or traits.first_given_name
        node(name, "given", {"qualifier": "CL"}, used)


def author(root: etree._Element, header: Header) -> None:
    """The author of the document."""
    author = node(root, "author")
    node(author, "time", {"value": timestamp(header.written_at)})
    assigned = node(author, "assignedAuthor")
    professional_parts(assigned, header.author)
    organization(assigned, "representedOrganization", header.author)


def professional_parts(parent: etree._Element, professional: Professional) -> None:
    """id, code, telecom and name, common to assignedAuthor and assignedEntity."""
    node(
        parent,
        "id",
        {"root": codes.PS_AUTHORITY, "extension": professional.national_id},
    )
    coded(parent, "code", specialty(professional))
    if professional.mailbox:
        node(parent, "telecom", {"value": f"mailto:{professional.mailbox}", "use": "WP"})
    name = node(node(parent, "assignedPerson"), "name")
    if professional.civility in codes.PREFIXES:
        node(name, "prefix", text=professional.civility)
    node(name, "given", text=professional.given_name)
    node(name, "family", text=professional.family_name)
    if professional.profession == "10":
        node(name, "suffix", text="DR")


def specialty(professional: Professional) -> Code:
    """JDV_J01 code of the author."""
    return codes.author_specialty(
        professional.profession, professional.profession_label, professional.speciality
    )


def organization(
    parent: etree._Element, tag: str, professional: Professional, *, setting: bool = False
) -> None:
    """A cabinet; ``setting`` adds its cadre d’exercice."""
    organization = node(parent, tag)
    structure = professional.structure
    node(
        organization,
        "id",
        {"root": codes.STRUCTURE_AUTHORITY, "extension": structure.structure_id},
    )
    node(organization, "name", text=structure.name)
    if setting:
        coded(organization, "standardIndustryClassCode", codes.AMBULATORY)


def custodian(root: etree._Element, professional: Professional) -> None:
    """Who keeps the document: the cabinet of its author."""
    custodian = node(node(root, "custodian"), "assignedCustodian")
    organization(custodian, "representedCustodianOrganization", professional)


def legal_authenticator(root: etree._Element, header: Header) -> None:
    """Who answers for the document: its author."""
    legal = node(root, "legalAuthenticator")
    node(legal, "time", {"value": timestamp(header.written_at)})
    node(legal, "signatureCode", {"code": "S"})
    entity = node(legal, "assignedEntity")
    professional_parts(entity, header.author)
    organization(entity, "representedOrganization", header.author, setting=True)


def _service_event(root: etree._Element, header: Header) -> None:
    event = node(node(root, "documentationOf"), "serviceEvent")
    coded(event, "code", codes.CONSULTATION)
    node(node(event, "effectiveTime"), "low", {"value": _act_start(header)})
    entity = node(node(event, "performer", {"typeCode": "PRF"}), "assignedEntity")
    professional_parts(entity, header.author)
    organization(entity, "representedOrganization", header.author, setting=True)


def encounter(root: etree._Element, header: Header) -> None:
    """The contact with the patient, at the cabinet of the author."""
    encounter = node(node(root, "componentOf"), "encompassingEncounter")
    coded(encounter, "code", codes.ENCOUNTER)
    node(node(encounter, "effectiveTime"), "low", {"value": _act_start(header)})
    facility = node(node(encounter, "location"), "healthCareFacility")
    coded(facility, "code", codes.facility(header.author.structure.sector))


def _body(root: etree._Element, pdf: bytes) -> None:
    body = node(node(root, "component"), "nonXMLBody")
    embedded(body, "text", "application/pdf", pdf)


def embedded(parent: etree._Element, tag: str, media_type: str, content: bytes) -> None:
    """A file in base64, on lines of 76 characters."""
    encoded = base64.b64encode(content).decode("ascii")
    lines = "\n".join(encoded[i : i + _LINE] for i in range(0, len(encoded), _LINE))
    node(parent, tag, {"mediaType": media_type, "representation": "B64"}, lines)
