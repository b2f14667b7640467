"""TD2.1: what a deposit does once the message is known to be well made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from rules.formats.registry import REPLACES, DocumentEntry
from rules.formats.xds import Submission
from simulators.dmp.errors import DmpRefusalError
from simulators.dmp.registry_xml import entry_xml
from simulators.dmp.state import (
    APPROVED,
    DEPRECATED,
    DmpState,
    RecordState,
    StoredDocument,
    entry_uuid_of,
)


@dataclass(frozen=True, slots=True)
class Deposited:
    """What was kept: unique ids of the clinical documents."""

    unique_ids: tuple[str, ...]


def deposit(
    submission: Submission, state: DmpState, *, ins: str, seed: int, at: datetime
) -> Deposited:
    """Keep a lot and its documents. Raises DmpRefusalError; nothing is kept then.

    Source: IHE ITI TF-2 §3.41.4.1.3, sheet dmp.md §3.7 and §8.
    """
    _require_open(state, ins)
    lot = submission.objects.submission_set
    if lot is None or not lot.unique_id:
        raise DmpRefusalError("XDSRepositoryMetadataError", "Le lot n'a pas d'identifiant unique")
    _require_new(submission, state, lot.unique_id)
    replaced = _replaced(submission, state, ins)
    state.add_lot(lot.unique_id, ins, at)
    for entry in submission.objects.entries:
        _keep(entry, submission, state, lot=lot.unique_id, ins=ins, seed=seed)
    for document in replaced:
        state.set_status(document.entry_uuid, DEPRECATED)
    return Deposited(tuple(e.unique_id or "" for e in submission.objects.documents))


def _require_open(state: DmpState, ins: str) -> None:
    record = state.record(ins)
    if record.state is RecordState.ABSENT:
        raise DmpRefusalError("XDSUnknownPatientId")
    if record.state is RecordState.CLOSED:
        raise DmpRefusalError("DMPClosed")


def _require_new(submission: Submission, state: DmpState, lot: str) -> None:
    for unique_id in (lot, *(e.unique_id or "" for e in submission.objects.entries)):
        if state.has_unique_id(unique_id):
            raise DmpRefusalError(
                "XDSDuplicateUniqueIdInRegistry", f"Un objet porte déjà l'identifiant {unique_id}"
            )


def _replaced(submission: Submission, state: DmpState, ins: str) -> list[StoredDocument]:
    replaced = []
    for link in submission.objects.links(REPLACES):
        old = state.document(link.target)
        if old is None:
            raise DmpRefusalError(
                "XDSReplaceFailed", f"Document à remplacer inconnu : {link.target}"
            )
        if old.ins != ins:
            raise DmpRefusalError("XDSPatientIdDoesNotMatch")
        if old.status != APPROVED:
            raise DmpRefusalError("XDSRegistryDeprecatedDocumentError")
        replaced.append(old)
    return replaced


def _keep(
    entry: DocumentEntry, submission: Submission, state: DmpState, *, lot: str, ins: str, seed: int
) -> None:
    data = submission.bytes_of(entry)
    if data is None:
        raise DmpRefusalError(
            "XDSMissingDocument", f"Le document {entry.id} n'est pas dans le message"
        )
    unique_id = entry.unique_id or ""
    entry_uuid = entry_uuid_of(seed, unique_id)
    sha1 = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    state.add_document(
        StoredDocument(
            entry_uuid=entry_uuid,
            unique_id=unique_id,
            ins=ins,
            authors=tuple(a.person.id for a in entry.authors if a.person),
            status=APPROVED,
            mime_type=entry.mime_type or "text/xml",
            metadata=entry_xml(entry, entry_uuid, sha1=sha1, size=len(data)),
            content="",
            signature=entry.is_signature,
            visibility=entry.visibility,
        ),
        lot,
        data,
    )
