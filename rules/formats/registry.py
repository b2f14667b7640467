"""The ebXML registry model of XDS: lot, DocumentEntry, associations, as plain values.

Names are those of IHE ITI TF-3 §4.2 and of the sheet dmp.md §9. Nothing is
required here: what a message lacks is None or empty, and the checks say so.
:mod:`rules.formats.ebrim` reads them from XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rules.formats.hl7_types import Cx, Specialty, Xcn, Xon

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"

STABLE_DOCUMENT = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
SUBMISSION_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDER_NODE = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"

SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
CONTENT_TYPE_CODE = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SET_PATIENT_ID = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SET_SOURCE_ID = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SET_UNIQUE_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"

ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
CLASS_CODE = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
TYPE_CODE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
CONFIDENTIALITY_CODE = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
FORMAT_CODE = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
FACILITY_CODE = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
PRACTICE_CODE = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
EVENT_CODE = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
ENTRY_PATIENT_ID = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
ENTRY_UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"

HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
UPDATE_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"

SIGNATURE_CLASS = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"
SIGNATURE_FORMAT = "http://www.w3.org/2000/09/xmldsig#"
REFERENCE_ID_LIST = "urn:ihe:iti:xds:2013:referenceIdList"

Slots = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded classification: code, code system (``codingScheme``), label."""

    code: str
    system: str
    label: str
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Author:
    """An author classification; every slot as written."""

    persons: tuple[Xcn, ...]
    institutions: tuple[Xon, ...]
    roles: tuple[str, ...]
    specialties: tuple[Specialty, ...]
    place: str = field(default="", compare=False)

    @property
    def person(self) -> Xcn | None:
        """The authorPerson, None when absent."""
        return self.persons[0] if self.persons else None


@dataclass(frozen=True, slots=True)
class _Metadata:
    """What a RegistryPackage and an ExtrinsicObject have in common."""

    id: str
    lid: str | None
    status: str | None
    slots: Slots
    title: str | None
    comments: str | None
    version: str | None
    codes: Mapping[str, tuple[Coded, ...]]
    """Coded classifications by classificationScheme."""
    authors: tuple[Author, ...]
    identifiers: Mapping[str, tuple[str, ...]]
    """ExternalIdentifier values by identificationScheme."""
    nodes: frozenset[str]
    """classificationNode values that classify it, inside it or beside it."""
    place: str

    def slot(self, name: str) -> str | None:
        """First value of a slot, None when the slot is absent or empty."""
        return next(iter(self.slots.get(name, ())), None)

    def code(self, scheme: str) -> Coded | None:
        """First classification of a scheme."""
        return next(iter(self.codes.get(scheme, ())), None)

    def identifier(self, scheme: str) -> str | None:
        """First external identifier of a scheme."""
        return next(iter(self.identifiers.get(scheme, ())), None)


@dataclass(frozen=True, slots=True)
class SubmissionSet(_Metadata):
    """The lot: a RegistryPackage."""

    @property
    def unique_id(self) -> str | None:
        """OID of the lot."""
        return self.identifier(SET_UNIQUE_ID)

    @property
    def source_id(self) -> str | None:
        """OID of the software instance."""
        return self.identifier(SET_SOURCE_ID)

    @property
    def patient_id(self) -> Cx | None:
        """INS of the patient."""
        value = self.identifier(SET_PATIENT_ID)
        return None if value is None else Cx(value)

    @property
    def submission_time(self) -> str | None:
        """UTC, ``yyyyMMddHHmmss``."""
        return self.slot("submissionTime")

    @property
    def content_type_code(self) -> Coded | None:
        """Activity during which the lot was made."""
        return self.code(CONTENT_TYPE_CODE)


@dataclass(frozen=True, slots=True)
class DocumentEntry(_Metadata):
    """The metadata of one document: an ExtrinsicObject. ``id`` is the entryUUID."""

    mime_type: str | None = None
    object_type: str | None = None

    @property
    def unique_id(self) -> str | None:
        """OID of the document, given by its author software."""
        return self.identifier(ENTRY_UNIQUE_ID)

    @property
    def patient_id(self) -> Cx | None:
        """INS of the patient."""
        value = self.identifier(ENTRY_PATIENT_ID)
        return None if value is None else Cx(value)

    @property
    def class_code(self) -> Coded | None:
        """Class of the document (JDV_J57)."""
        return self.code(CLASS_CODE)

    @property
    def type_code(self) -> Coded | None:
        """Type of the document (JDV_J66)."""
        return self.code(TYPE_CODE)

    @property
    def format_code(self) -> Coded | None:
        """Format (JDV_J60)."""
        return self.code(FORMAT_CODE)

    @property
    def facility_code(self) -> Coded | None:
        """healthcareFacilityTypeCode (JDV_J61)."""
        return self.code(FACILITY_CODE)

    @property
    def practice_code(self) -> Coded | None:
        """practiceSettingCode (JDV_J62)."""
        return self.code(PRACTICE_CODE)

    @property
    def event_codes(self) -> tuple[Coded, ...]:
        """eventCodeList."""
        return self.codes.get(EVENT_CODE, ())

    @property
    def confidentiality(self) -> tuple[Coded, ...]:
        """Confidentiality codes, N and the visibility restrictions."""
        return self.codes.get(CONFIDENTIALITY_CODE, ())

    @property
    def visibility(self) -> frozenset[str]:
        """Codes of :attr:`confidentiality`."""
        return frozenset(code.code for code in self.confidentiality)

    @property
    def creation_time(self) -> str | None:
        """UTC, ``yyyyMMddHHmmss``."""
        return self.slot("creationTime")

    @property
    def hash(self) -> str | None:
        """SHA-1 of the bytes of the document, hexadecimal."""
        return self.slot("hash")

    @property
    def size(self) -> str | None:
        """Number of bytes of the document, as written."""
        return self.slot("size")

    @property
    def legal_authenticator(self) -> Xcn | None:
        """Person responsible for the document."""
        value = self.slot("legalAuthenticator")
        return None if value is None else Xcn(value)

    @property
    def source_patient_id(self) -> Cx | None:
        """Local number of the patient, or the INS."""
        value = self.slot("sourcePatientId")
        return None if value is None else Cx(value)

    @property
    def source_patient_info(self) -> tuple[str, ...]:
        """``PID-5|…`` lines as written."""
        return self.slots.get("sourcePatientInfo", ())

    @property
    def uri(self) -> str | None:
        """Name of the file in an IHE_XDM archive."""
        return self.slot("URI")

    @property
    def is_signature(self) -> bool:
        """True for the entry of the XAdES of the lot."""
        klass, form = self.class_code, self.format_code
        return (klass is not None and klass.code == SIGNATURE_CLASS) or (
            form is not None and form.code == SIGNATURE_FORMAT
        )


@dataclass(frozen=True, slots=True)
class Association:
    """A link between two objects, by their ids."""

    id: str | None
    type: str
    source: str
    target: str
    slots: Slots
    place: str

    def slot(self, name: str) -> str | None:
        """First value of a slot."""
        return next(iter(self.slots.get(name, ())), None)


@dataclass(frozen=True, slots=True)
class RegistryObjects:
    """Content of a ``rim:RegistryObjectList``."""

    submission_sets: tuple[SubmissionSet, ...]
    entries: tuple[DocumentEntry, ...]
    associations: tuple[Association, ...]
    references: tuple[str, ...]
    """``ObjectRef/@id`` values."""
    place: str

    @property
    def submission_set(self) -> SubmissionSet | None:
        """The one lot; None when there is none (several: the first)."""
        return self.submission_sets[0] if self.submission_sets else None

    @property
    def documents(self) -> tuple[DocumentEntry, ...]:
        """The entries that are not the signature of the lot."""
        return tuple(entry for entry in self.entries if not entry.is_signature)

    @property
    def signatures(self) -> tuple[DocumentEntry, ...]:
        """The entries of XAdES signatures."""
        return tuple(entry for entry in self.entries if entry.is_signature)

    def entry(self, entry_id: str) -> DocumentEntry | None:
        """The entry that has this id."""
        return next((e for e in self.entries if e.id == entry_id), None)

    def links(self, kind: str) -> tuple[Association, ...]:
        """Associations of a type."""
        return tuple(a for a in self.associations if a.type == kind)
