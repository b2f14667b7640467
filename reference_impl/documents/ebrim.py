"""ebRIM objects of XDS: SubmissionSet, DocumentEntry, associations.

The same objects travel in TD2.1 and in the METADATA.XML of an archive. Object
identifiers are drawn by a :class:`Numbering`, so that the same submission is
written alike twice. Sources: IHE ITI TF-3 §4.2; ebRIM 3.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import NAMESPACE_OID, UUID, uuid5

from lxml import etree

from reference_impl.documents.codes import Code
from reference_impl.documents.metadata import Author, DocumentEntry
from reference_impl.xmltree import node

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
UPDATES_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
_ASSOCIATION_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"

_STABLE_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
_SUBMISSION_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"

_SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
_SET_CONTENT_TYPE = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
_SET_IDENTIFIERS = {
    "patientId": "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446",
    "sourceId": "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832",
    "uniqueId": "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8",
}
_ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
_ENTRY_CLASS = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
_ENTRY_CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
_ENTRY_EVENT = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
_ENTRY_FACILITY = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
_ENTRY_FORMAT = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
_ENTRY_SETTING = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
_ENTRY_TYPE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
_ENTRY_IDENTIFIERS = {
    "patientId": "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427",
    "uniqueId": "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab",
}


@dataclass(slots=True)
class Numbering:
    """Object identifiers (``urn:uuid:``) that follow from the uniqueId of the submission set."""

    submission_id: str
    _drawn: int = 0
    _namespace: UUID = field(init=False)

    def __post_init__(self) -> None:
        self._namespace = uuid5(NAMESPACE_OID, self.submission_id)

    def next(self) -> str:
        """The next one."""
        self._drawn += 1
        return f"urn:uuid:{uuid5(self._namespace, str(self._drawn))}"


@dataclass(frozen=True, slots=True)
class SubmissionSet:
    """One lot: one patient, one author. ``submission_time`` is UTC ``AAAAMMJJhhmmss``."""

    unique_id: str
    source_id: str
    patient_id: str
    submission_time: str
    title: str
    content_type: Code
    author: Author


def object_list(parent: etree._Element) -> etree._Element:
    """The RegistryObjectList of a SubmitObjectsRequest."""
    return node(parent, f"{{{RIM}}}RegistryObjectList")


def submission_set(objects: etree._Element, lot: SubmissionSet, numbering: Numbering) -> str:
    """Write the RegistryPackage; returns its object id."""
    object_id = numbering.next()
    package = node(objects, "RegistryPackage", {"id": object_id})
    _slot(package, "submissionTime", lot.submission_time)
    _name(package, "Name", lot.title)
    node(
        package,
        "Classification",
        {
            "classificationNode": _SUBMISSION_SET_NODE,
            "classifiedObject": object_id,
            "id": numbering.next(),
        },
    )
    _author(package, _SET_AUTHOR, lot.author, numbering)
    _classification(package, _SET_CONTENT_TYPE, lot.content_type, numbering)
    values = {"patientId": lot.patient_id, "sourceId": lot.source_id, "uniqueId": lot.unique_id}
    for name, scheme in _SET_IDENTIFIERS.items():
        _identifier(package, scheme, f"XDSSubmissionSet.{name}", values[name], numbering)
    return object_id


def document_entry(
    objects: etree._Element, entry: DocumentEntry, numbering: Numbering, uri: str | None = None
) -> str:
    """Write the ExtrinsicObject; ``uri`` is the file name in an archive. Returns its object id."""
    object_id = numbering.next()
    extrinsic = node(
        objects,
        "ExtrinsicObject",
        {"id": object_id, "mimeType": entry.mime_type, "objectType": _STABLE_DOCUMENT},
    )
    _entry_slots(extrinsic, entry, uri)
    _name(extrinsic, "Name", entry.title)
    if entry.comments is not None:
        _name(extrinsic, "Description", entry.comments)
    _entry_codes(extrinsic, entry, numbering)
    values = {"patientId": entry.patient_id, "uniqueId": entry.unique_id}
    for name, scheme in _ENTRY_IDENTIFIERS.items():
        _identifier(extrinsic, scheme, f"XDSDocumentEntry.{name}", values[name], numbering)
    return object_id


def association(
    objects: etree._Element,
    kind: str,
    source: str,
    target: str,
    numbering: Numbering,
    **slots: str,
) -> None:
    """Write an Association; a HasMember says that the member is an original."""
    element = node(
        objects,
        "Association",
        {
            "associationType": kind,
            "id": numbering.next(),
            "objectType": _ASSOCIATION_TYPE,
            "sourceObject": source,
            "targetObject": target,
        },
    )
    if kind == HAS_MEMBER:
        slots = {"SubmissionSetStatus": "Original", **slots}
    for name, value in slots.items():
        _slot(element, name, value)


def _entry_slots(extrinsic: etree._Element, entry: DocumentEntry, uri: str | None) -> None:
    _slot(extrinsic, "creationTime", entry.creation_time)
    _slot(extrinsic, "hash", entry.hash)
    _slot(extrinsic, "size", str(entry.size))
    _slot(extrinsic, "languageCode", entry.language)
    _slot(extrinsic, "legalAuthenticator", entry.legal_authenticator)
    _slot(extrinsic, "serviceStartTime", entry.service_start_time)
    if entry.service_stop_time is not None:
        _slot(extrinsic, "serviceStopTime", entry.service_stop_time)
    _slot(extrinsic, "sourcePatientId", entry.source_patient_id)
    # An empty sourcePatientInfo is refused by the DMP: no value, no slot.
    if entry.source_patient_info:
        _slot(extrinsic, "sourcePatientInfo", *entry.source_patient_info)
    if uri is not None:
        _slot(extrinsic, "URI", uri)


def _entry_codes(extrinsic: etree._Element, entry: DocumentEntry, numbering: Numbering) -> None:
    _author(extrinsic, _ENTRY_AUTHOR, entry.author, numbering)
    coded: Iterable[tuple[str, Code]] = (
        (_ENTRY_CLASS, entry.class_code),
        *((_ENTRY_CONFIDENTIALITY, code) for code in entry.confidentiality),
        (_ENTRY_FACILITY, entry.facility),
        (_ENTRY_FORMAT, entry.format_code),
        (_ENTRY_SETTING, entry.practice_setting),
        (_ENTRY_TYPE, entry.type_code),
        *((_ENTRY_EVENT, code) for code in entry.events),
    )
    for scheme, code in coded:
        _classification(extrinsic, scheme, code, numbering)


def _slot(parent: etree._Element, name: str, *values: str) -> None:
    listed = node(node(parent, "Slot", {"name": name}), "ValueList")
    for value in values:
        node(listed, "Value", text=value)


def _name(parent: etree._Element, tag: str, text: str) -> None:
    attributes = {"charset": "UTF-8", "value": text, _XML_LANG: "FR"}
    node(node(parent, tag), "LocalizedString", attributes)


def _classification(parent: etree._Element, scheme: str, code: Code, numbering: Numbering) -> None:
    element = _classified(parent, scheme, code.code, numbering)
    _slot(element, "codingScheme", code.system)
    _name(element, "Name", code.label)


def _author(parent: etree._Element, scheme: str, author: Author, numbering: Numbering) -> None:
    element = _classified(parent, scheme, "", numbering)
    _slot(element, "authorInstitution", author.institution)
    _slot(element, "authorPerson", author.person)
    _slot(element, "authorSpecialty", author.specialty)


def _classified(
    parent: etree._Element, scheme: str, value: str, numbering: Numbering
) -> etree._Element:
    return node(
        parent,
        "Classification",
        {
            "classificationScheme": scheme,
            "classifiedObject": parent.get("id", ""),
            "id": numbering.next(),
            "nodeRepresentation": value,
        },
    )


def _identifier(
    parent: etree._Element, scheme: str, name: str, value: str, numbering: Numbering
) -> None:
    element = node(
        parent,
        "ExternalIdentifier",
        {
            "id": numbering.next(),
            "identificationScheme": scheme,
            "registryObject": parent.get("id", ""),
            "value": value,
        },
    )
    _name(element, "Name", name)
