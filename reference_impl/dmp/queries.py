"""TD3.1 (search) and TD3.2 (retrieve), and the registry's answers.

Sources: SEL-MP-037 TD3.1, TD3.2; IHE ITI-18, ITI-43; ebRS 3.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from reference_impl.dmp.errors import refusal
from reference_impl.dmp.soap import Reply, included
from reference_impl.dmp.submission import XDSB
from reference_impl.documents.ebrim import RIM
from reference_impl.errors import OutcomeUnknownError
from reference_impl.ports import DmpEntry
from reference_impl.xmltree import node

QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
QUERY_ACTION = "urn:ihe:iti:2007:RegistryStoredQuery"
RETRIEVE_ACTION = "urn:ihe:iti:2007:RetrieveDocumentSet"
REPOSITORY = "1.2.250.1.213.4.1.1.1.2"

_APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
_SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
_FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
_GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
_UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
_CLASS_CODE = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
_TYPE_CODE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
_SIGNATURE_CLASS = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"
_R = f"{{{RIM}}}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Success of a registry call, with the codes of its warnings."""

    warnings: tuple[str, ...] = ()


def find_documents(patient_id: str, since: datetime) -> etree._Element:
    """The documents up to date whose act is not before ``since``, with their metadata."""
    start = since.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    return _query(
        _FIND_DOCUMENTS,
        "LeafClass",
        {
            "$XDSDocumentEntryPatientId": f"'{patient_id}'",
            "$XDSDocumentEntryStatus": f"('{_APPROVED}')",
            "$XDSDocumentEntryServiceStartTimeFrom": start,
        },
    )


def get_document(unique_id: str) -> etree._Element:
    """TD3.1b: the technical identifier of one document, nothing else (RG_3130)."""
    return _query(_GET_DOCUMENTS, "ObjectRef", {"$XDSDocumentEntryUniqueId": f"('{unique_id}')"})


def retrieve(unique_id: str) -> etree._Element:
    """TD3.2 of one document."""
    root = etree.Element(f"{{{XDSB}}}RetrieveDocumentSetRequest", nsmap={None: XDSB})
    request = node(root, "DocumentRequest")
    node(request, "RepositoryUniqueId", text=REPOSITORY)
    node(request, "DocumentUniqueId", text=unique_id)
    return root


def read_outcome(response: etree._Element) -> Outcome:
    """A RegistryResponse or AdhocQueryResponse. Raises RefusedError or UnavailableError."""
    errors = response.findall(f"{{{RS}}}RegistryErrorList/{{{RS}}}RegistryError")
    if response.get("status") == _SUCCESS:
        return Outcome(tuple(error.get("errorCode", "") for error in errors))
    for error in errors:
        if not error.get("severity", "").endswith(":Warning"):
            raise refusal(error.get("errorCode", "Inconnu"), error.get("codeContext", ""))
    if response.get("status") is None:
        raise _unexpected()
    raise refusal(response.get("status", "").rpartition(":")[2], "")


def read_entries(response: etree._Element) -> tuple[DmpEntry, ...]:
    """The entries of an answer with metadata; signatures of lots are left out."""
    read_outcome(response)
    objects = response.findall(f"{_R}RegistryObjectList/{_R}ExtrinsicObject")
    return tuple(_entry(o) for o in objects if _coded(o, _CLASS_CODE) != _SIGNATURE_CLASS)


def read_reference(response: etree._Element) -> str | None:
    """The entryUUID of an answer by reference, None when there is no document."""
    read_outcome(response)
    found = response.find(f"{_R}RegistryObjectList/{_R}ObjectRef")
    return None if found is None else found.get("id")


def read_document(reply: Reply, unique_id: str) -> bytes:
    """The bytes of the document asked for."""
    body = reply.body
    response = None if body is None else body.find(f"{{{RS}}}RegistryResponse")
    if body is None or response is None:
        raise _unexpected()
    read_outcome(response)
    for document in body.iterfind(f"{{{XDSB}}}DocumentResponse"):
        if document.findtext(f"{{{XDSB}}}DocumentUniqueId") == unique_id:
            element = document.find(f"{{{XDSB}}}Document")
            content = None if element is None else included(element, reply.parts)
            if content is not None:
                return content
    raise _unexpected()


def _query(query_id: str, return_type: str, slots: Mapping[str, str]) -> etree._Element:
    root = etree.Element(f"{{{QUERY}}}AdhocQueryRequest", nsmap={"query": QUERY, None: RIM})
    node(root, "ResponseOption", {"returnComposedObjects": "true", "returnType": return_type})
    query = node(root, f"{_R}AdhocQuery", {"id": query_id})
    for name, value in slots.items():
        node(node(node(query, "Slot", {"name": name}), "ValueList"), "Value", text=value)
    return root


def _entry(extrinsic: etree._Element) -> DmpEntry:
    identifiers = extrinsic.iterfind(f"{_R}ExternalIdentifier")
    unique_id = next(
        (i.get("value", "") for i in identifiers if i.get("identificationScheme") == _UNIQUE_ID), ""
    )
    title = extrinsic.find(f"{_R}Name/{_R}LocalizedString")
    repositories = extrinsic.xpath(
        "r:Slot[@name='repositoryUniqueId']/r:ValueList/r:Value/text()", namespaces={"r": RIM}
    )
    return DmpEntry(
        unique_id=unique_id,
        title="" if title is None else title.get("value", ""),
        type_code=_coded(extrinsic, _TYPE_CODE) or "",
        state=extrinsic.get("status", "").rpartition(":")[2],
        entry_uuid=extrinsic.get("id"),
        repository_unique_id=str(repositories[0])
        if isinstance(repositories, list) and repositories
        else None,
    )


def _coded(extrinsic: etree._Element, scheme: str) -> str | None:
    for classification in extrinsic.iterfind(f"{_R}Classification"):
        if classification.get("classificationScheme") == scheme:
            return classification.get("nodeRepresentation")
    return None


def _unexpected() -> OutcomeUnknownError:
    return OutcomeUnknownError("REPONSE_ILLISIBLE", "La réponse du DMP n’est pas celle attendue.")
