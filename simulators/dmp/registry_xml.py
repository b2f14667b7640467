"""Writing ebRIM: a deposited entry as the registry gives it back, and registry answers.

Source: IHE ITI TF-3 §4.2, sheet dmp.md §9 and §13.1.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from lxml import etree
from lxml.builder import ElementMaker

from rules.formats.registry import (
    ENTRY_AUTHOR,
    ENTRY_PATIENT_ID,
    ENTRY_UNIQUE_ID,
    QUERY,
    RIM,
    RS,
    STABLE_DOCUMENT,
    Author,
    Coded,
    DocumentEntry,
)
from rules.formats.xds import FAILURE, SUCCESS
from simulators.dmp.errors import DmpRefusalError

REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
ERROR_SEVERITY = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"

_R = ElementMaker(namespace=RIM, nsmap={"rim": RIM})
_RS = ElementMaker(namespace=RS, nsmap={"rs": RS})
_Q = ElementMaker(namespace=QUERY, nsmap={"query": QUERY, "rim": RIM})


def entry_xml(entry: DocumentEntry, entry_uuid: str, *, sha1: str, size: int) -> bytes:
    """The ExtrinsicObject of a stored document, status and version to be set at reading."""
    slots = {name: values for name, values in entry.slots.items() if name != "URI"}
    slots.update(hash=(sha1,), size=(str(size),), repositoryUniqueId=(REPOSITORY,))
    element = _R.ExtrinsicObject(
        *(_slot(name, slots[name]) for name in sorted(slots)),
        _R.Name(*_texts(entry.title)),
        _R.Description(*_texts(entry.comments)),
        _R.VersionInfo(versionName="1"),
        *_classifications(entry, entry_uuid),
        _identifier(entry_uuid, ENTRY_PATIENT_ID, entry.patient_id, "XDSDocumentEntry.patientId"),
        _identifier(entry_uuid, ENTRY_UNIQUE_ID, entry.unique_id, "XDSDocumentEntry.uniqueId"),
        id=entry_uuid,
        lid=entry_uuid,
        mimeType=entry.mime_type or "text/xml",
        objectType=STABLE_DOCUMENT,
        isOpaque="false",
    )
    return etree.tostring(element, encoding="UTF-8")


def with_status(stored: bytes, status: str) -> etree._Element:
    """A stored entry with its present availability status."""
    element = etree.fromstring(stored)
    element.set("status", status)
    return element


def reference(entry_uuid: str) -> etree._Element:
    """An ObjectRef."""
    return _R.ObjectRef(id=entry_uuid)


def found(elements: Sequence[etree._Element]) -> etree._Element:
    """A successful AdhocQueryResponse."""
    return _Q.AdhocQueryResponse(
        _R.RegistryObjectList(*elements),
        startIndex="0",
        status=SUCCESS,
        totalResultCount=str(len(elements)),
    )


def success() -> etree._Element:
    """A successful RegistryResponse."""
    return _RS.RegistryResponse(status=SUCCESS)


def failure(refusal: DmpRefusalError, *, query: bool = False) -> etree._Element:
    """A failed RegistryResponse, or a failed AdhocQueryResponse."""
    errors = _RS.RegistryErrorList(
        _RS.RegistryError(
            codeContext=refusal.context,
            errorCode=refusal.error.code,
            location="",
            severity=ERROR_SEVERITY,
        ),
        highestSeverity=ERROR_SEVERITY,
    )
    if not query:
        return _RS.RegistryResponse(errors, status=FAILURE)
    return _Q.AdhocQueryResponse(errors, _R.RegistryObjectList(), status=FAILURE)


def _classifications(entry: DocumentEntry, entry_uuid: str) -> Iterable[etree._Element]:
    for scheme in sorted(entry.codes):
        for rank, coded in enumerate(entry.codes[scheme]):
            yield _coded(entry_uuid, scheme, coded, rank)
    for rank, author in enumerate(entry.authors):
        yield _author(entry_uuid, author, rank)


def _coded(entry_uuid: str, scheme: str, coded: Coded, rank: int) -> etree._Element:
    return _R.Classification(
        _slot("codingScheme", (coded.system,)),
        _R.Name(*_texts(coded.label)),
        classificationScheme=scheme,
        classifiedObject=entry_uuid,
        id=_derived(entry_uuid, f"{scheme}{rank}"),
        nodeRepresentation=coded.code,
    )


def _author(entry_uuid: str, author: Author, rank: int) -> etree._Element:
    slots = {
        "authorInstitution": tuple(x.text for x in author.institutions),
        "authorPerson": tuple(x.text for x in author.persons),
        "authorRole": author.roles,
        "authorSpecialty": tuple(x.text for x in author.specialties),
    }
    return _R.Classification(
        *(_slot(name, values) for name, values in slots.items() if values),
        classificationScheme=ENTRY_AUTHOR,
        classifiedObject=entry_uuid,
        id=_derived(entry_uuid, f"author{rank}"),
        nodeRepresentation="",
    )


def _identifier(entry_uuid: str, scheme: str, value: object, name: str) -> etree._Element:
    text = getattr(value, "text", value)
    return _R.ExternalIdentifier(
        _R.Name(*_texts(name)),
        id=_derived(entry_uuid, scheme),
        identificationScheme=scheme,
        registryObject=entry_uuid,
        value=str(text or ""),
    )


def _slot(name: str, values: Iterable[str]) -> etree._Element:
    return _R.Slot(_R.ValueList(*(_R.Value(value) for value in values)), name=name)


def _texts(text: str | None) -> list[etree._Element]:
    if not text:
        return []
    element = _R.LocalizedString(charset="UTF-8", value=text)
    element.set("{http://www.w3.org/XML/1998/namespace}lang", "FR")
    return [element]


def _derived(entry_uuid: str, name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.UUID(entry_uuid.removeprefix('urn:uuid:')), name)}"
