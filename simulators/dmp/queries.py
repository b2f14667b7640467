"""TD3.1, TD3.2 and the status changes of TD3.3, on the state (sheet dmp.md §13)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lxml import etree

from rules.formats.ebrim import read_registry_objects
from rules.formats.registry import RIM, UPDATE_STATUS, DocumentEntry
from rules.formats.xds import MetadataUpdate
from rules.formats.xds_query import (
    FIND_DOCUMENTS,
    GET_DOCUMENTS,
    RetrieveRequest,
    StoredQuery,
)
from simulators.dmp.errors import DmpRefusalError
from simulators.dmp.registry_xml import REPOSITORY, reference, with_status
from simulators.dmp.state import (
    APPROVED,
    STATUS_CHANGES,
    Authorization,
    DmpState,
    RecordState,
    StoredDocument,
)

MAX_GET_DOCUMENTS = 20
"""GetDocuments of more is refused (cahier de tests 3.1-010, sheet §13.1)."""

_CODES: Mapping[str, Callable[[DocumentEntry], Sequence[str]]] = {
    "TypeCode": lambda e: [e.type_code.code] if e.type_code else [],
    "ClassCode": lambda e: [e.class_code.code] if e.class_code else [],
    "FormatCode": lambda e: [e.format_code.code] if e.format_code else [],
    "PracticeSettingCode": lambda e: [e.practice_code.code] if e.practice_code else [],
    "HealthcareFacilityTypeCode": lambda e: [e.facility_code.code] if e.facility_code else [],
    "EventCodeList": lambda e: [c.code for c in e.event_codes],
    "ConfidentialityCode": lambda e: sorted(e.visibility),
}
_DATES = {
    "CreationTime": "creationTime",
    "ServiceStartTime": "serviceStartTime",
    "ServiceStopTime": "serviceStopTime",
}


def search(
    query: StoredQuery, state: DmpState, *, ins: str, professional: str
) -> list[etree._Element]:
    """Answer a stored query: entries or references. Raises DmpRefusalError."""
    _require_record(state, ins)
    if query.query_id not in (FIND_DOCUMENTS, GET_DOCUMENTS):
        raise DmpRefusalError("XDSUnknownStoredQuery", f"Recherche non jouée : {query.query_id}")
    by_id = query.query_id == GET_DOCUMENTS
    documents = _by_id(query, state) if by_id else _found(query, state, ins)
    if query.return_type != "ObjectRef":
        # References are enough to feed; metadata need an authorisation (sheet §3.2, §4).
        require_authorization(state, ins, professional)
    seen = [d for d in documents if d.ins == ins and d.visible_to(professional)]
    if query.return_type == "ObjectRef":
        return [reference(d.entry_uuid) for d in seen]
    return [with_status(d.metadata, d.status) for d in seen]


def retrieve(
    request: RetrieveRequest, state: DmpState, *, ins: str, professional: str
) -> list[StoredDocument]:
    """The documents asked for. Raises DmpRefusalError when one cannot be given."""
    _require_record(state, ins)
    require_authorization(state, ins, professional)
    found = []
    for asked in request.documents:
        if asked.repository_unique_id != REPOSITORY:
            raise DmpRefusalError("XDSUnknownRepositoryId", asked.repository_unique_id)
        match = [
            d
            for d in state.by_unique_ids([asked.unique_id])
            if d.ins == ins and d.visible_to(professional)
        ]
        if not match:
            raise DmpRefusalError("XDSDocumentUniqueIdError", asked.unique_id)
        found.append(match[0])
    return found


def change_statuses(
    update: MetadataUpdate, state: DmpState, *, ins: str, professional: str
) -> None:
    """Archive, bring back or delete one's own documents (TD3.3c/d). Raises DmpRefusalError."""
    _require_record(state, ins)
    links = update.objects.links(UPDATE_STATUS)
    if not links:
        raise DmpRefusalError(
            "XDSMetadataUpdateError", "Ce banc ne joue de TD3.3 que l'archivage et la suppression"
        )
    for link in links:
        document = state.document(link.target)
        if document is None or document.ins != ins:
            raise DmpRefusalError("UnresolvedReferenceException", link.target)
        if professional not in document.authors:
            raise DmpRefusalError("DMPAccessDeniedByRightsService")
        change = (link.slot("OriginalStatus") or "", link.slot("NewStatus") or "")
        if change[0] != document.status or change not in STATUS_CHANGES:
            raise DmpRefusalError(
                "XDSMetadataUpdateError", f"Changement refusé : {' → '.join(change)}"
            )
        state.set_status(document.entry_uuid, change[1])


def require_authorization(state: DmpState, ins: str, professional: str) -> None:
    """Consulting needs a valid authorisation. Raises DmpRefusalError."""
    if state.authorization(ins, professional)[0] is not Authorization.VALID:
        raise DmpRefusalError("DMPAccessDeniedByRightsService")


def _require_record(state: DmpState, ins: str) -> None:
    record = state.record(ins)
    if record.state is RecordState.ABSENT:
        raise DmpRefusalError("XDSUnknownPatientId")
    if record.state is RecordState.CLOSED:
        raise DmpRefusalError("DMPClosed")


def _by_id(query: StoredQuery, state: DmpState) -> tuple[StoredDocument, ...]:
    unique_ids = query.values("$XDSDocumentEntryUniqueId")
    entry_uuids = query.values("$XDSDocumentEntryEntryUUID")
    if not unique_ids and not entry_uuids:
        raise DmpRefusalError("XDSStoredQueryMissingParam", "$XDSDocumentEntryUniqueId")
    if len(unique_ids) > MAX_GET_DOCUMENTS:
        raise DmpRefusalError("XDSRegistryError", f"Plus de {MAX_GET_DOCUMENTS} identifiants")
    if unique_ids:
        return state.by_unique_ids(unique_ids)
    return state.by_entry_uuids(entry_uuids)


def _found(query: StoredQuery, state: DmpState, ins: str) -> list[StoredDocument]:
    statuses = query.values("$XDSDocumentEntryStatus") or (APPROVED,)
    return [d for d in state.of_patient(ins, statuses) if _matches(query, _entry(d))]


def _entry(document: StoredDocument) -> DocumentEntry:
    holder = etree.Element(f"{{{RIM}}}RegistryObjectList")
    holder.append(etree.fromstring(document.metadata))
    return read_registry_objects(holder).entries[0]


def _matches(query: StoredQuery, entry: DocumentEntry) -> bool:
    for name, values_of in _CODES.items():
        wanted = {v.split("^")[0] for v in query.values(f"$XDSDocumentEntry{name}")}
        if wanted and not wanted & set(values_of(entry)):
            return False
    for name, slot in _DATES.items():
        value = entry.slot(slot) or ""
        start = query.value(f"$XDSDocumentEntry{name}From")
        end = query.value(f"$XDSDocumentEntry{name}To")
        if (start and value < start) or (end and value >= end):
            return False
    return True
