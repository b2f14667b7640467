"""The documents of a validated ordonnance: written, kept in the record, deposited in the DMP.

N3 (eP-MED-DM) and N1 (PDF) are deposited whatever the service of ordonnances answered;
without its answer they carry no Code 2D (PRESC.03, PRESC.04). Acts alone have no N3. A
deposit that fails is tried again by the outbox, and changes nothing to the ordonnance.

Sent late, an ordonnance has new versions of its documents, with the Code 2D, that
replace the first ones (RPLC). Cancelled, its documents are deleted (TD3.3c).
"""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from datetime import datetime

from reference_impl.documents import ordonnance as papers
from reference_impl.documents.ordonnance import Paper
from reference_impl.errors import ForbiddenGestureError, LgcError
from reference_impl.lgc import Lgc
from reference_impl.outbox import Kind, Shipment
from reference_impl.outbox import State as Sending
from reference_impl.people import Document, Patient, Visibility
from reference_impl.prescriptions.records import Kept, State
from reference_impl.prescriptions.sending import INTERRUPTED, stamped
from reference_impl.prescriptions.service import WITHDRAWN
from reference_impl.records import StoredDocument
from reference_impl.shipping import require_dmp_identity

_NO_NUMBER, _NO_OID = "0" * 18, "2.25.0"
_log = logging.getLogger("reference_impl.ordonnances")


def publish(lgc: Lgc, kept: Kept, patient: Patient) -> tuple[Kept, list[Shipment]]:
    """Write and deposit what an ordonnance needs now; its deposits as they stand.

    Done again, it does only what a crash left undone.
    """
    kept = prepare(lgc, kept, patient)
    written = {kept.n1, kept.n3}
    return kept, _attempted(lgc, [s for s in _all(lgc, "dmp") if s.content["document"] in written])


def prepare(lgc: Lgc, kept: Kept, patient: Patient) -> Kept:
    """Write what is to be written, and queue its deposits with it: nothing leaves yet."""
    if kept.state not in (State.RECORDED, State.WITHOUT_CODE):
        return kept
    if kept.published and _says_registered(lgc, kept) == kept.registered:
        return kept
    structured = papers.structurable(kept.ordonnance)
    n3 = _write(lgc, kept, patient, kept.n3, structured=True) if structured else None
    n1 = _write(lgc, kept, patient, kept.n1, structured=False)
    kept = replace(kept, n1=n1.id, n3=n3.id if n3 else None)
    documents = [each for each in (n3, n1) if each] if _may_be_deposited(lgc, patient) else []
    shipments = [_shipment(lgc, "dmp", kept, document) for document in documents]
    # Together: a crash leaves neither a document without deposit nor a deposit twice.
    with lgc.store.unit() as connection:
        lgc.prescriptions.records.save(kept, connection)
        for shipment in shipments:
            lgc.outbox.add(shipment, connection)
    return kept


def require_writable(lgc: Lgc, kept: Kept, patient: Patient) -> None:
    """Write what the documents would be, for nothing: once recorded, it is too late to fail.

    Raises InvalidRequestError for what a page, a code or a CDA cannot say.
    """
    tried = stamped(kept, _NO_NUMBER, lgc.clock.now()).ordonnance
    for structured in (True, False):
        if papers.structurable(tried) or not structured:
            paper = Paper(tried, structured, registered=True)
            lgc.publisher.write(_document(lgc, kept, paper, patient, None), patient)


def withdraw(lgc: Lgc, kept: Kept) -> list[Shipment]:
    """Delete from the DMP what a cancelled ordonnance put there; the deletions as they stand."""
    return _attempted(lgc, _removals(lgc, kept))


def resume(lgc: Lgc) -> None:
    """After a crash, queue what was begun and needs nobody; say what a person has to do again."""
    for kept in lgc.prescriptions.records.all():
        try:
            _resumed(lgc, kept)
        except LgcError as error:
            _log.warning("Ordonnance %s : %s", kept.id, error.message)


def _resumed(lgc: Lgc, kept: Kept) -> None:
    if kept.state is State.CANCELLED:
        _removals(lgc, kept)
    elif kept.state is not State.DRAFT:
        prepare(lgc, kept, lgc.records.patient(kept.patient_id))
    elif kept.in_doubt:
        alerts = dict.fromkeys((*kept.alerts, INTERRUPTED))
        lgc.prescriptions.records.save(replace(kept, alerts=tuple(alerts)))


def _removals(lgc: Lgc, kept: Kept) -> list[Shipment]:
    """The deletions of a cancelled ordonnance, queued once, if it was decided to delete."""
    if kept.state is not State.CANCELLED or WITHDRAWN not in kept.alerts:
        return []
    known = {s.unique_id: s for s in _all(lgc, "dmp-retrait")}
    found: list[Shipment] = []
    for document in _deposited(lgc, kept):
        shipment = known.get(document.unique_id)
        if shipment is None:
            shipment = _shipment(lgc, "dmp-retrait", kept, document)
            lgc.outbox.add(shipment)
        found.append(shipment)
    return found


def _write(
    lgc: Lgc, kept: Kept, patient: Patient, former_id: str | None, *, structured: bool
) -> Document:
    former = _replaced(lgc, former_id)
    paper = Paper(kept.ordonnance, structured, kept.registered)
    document = replace(
        _document(lgc, kept, paper, patient, former),
        id=lgc.ids.local("d"),
        unique_id=lgc.ids.oid("document"),
        set_id=former.set_id if former else lgc.ids.oid("version"),
    )
    document = replace(document, content=lgc.publisher.write(document, patient))
    allowed = lgc.publisher.ins_to_write(patient)
    lgc.records.add_document(StoredDocument(document, allowed, published=False))
    return document


def _document(
    lgc: Lgc, kept: Kept, paper: Paper, patient: Patient, former: Document | None
) -> Document:
    """A document without identifier yet."""
    held = paper.ordonnance
    return Document(
        id="",
        unique_id=_NO_OID,
        set_id=_NO_OID,
        type_code=papers.type_code(held),
        title=papers.title(held, structured=paper.structured),
        text=paper.to_text(),
        patient_id=patient.id,
        author_id=kept.professional_id,
        created_at=datetime.fromisoformat(held.at) if held.at else lgc.clock.now(),
        version=former.version + 1 if former else 1,
        replaces=former.unique_id if former else None,
    )


def _replaced(lgc: Lgc, former_id: str | None) -> Document | None:
    """The version that a new one replaces: the one before, if the DMP may have it.

    A deposit that never left is given up instead.
    """
    if former_id is None:
        return None
    former = lgc.records.document(former_id).document
    shipment = next((s for s in _all(lgc, "dmp") if s.unique_id == former.unique_id), None)
    if shipment is not None and shipment.state is Sending.PENDING:
        shipment = lgc.outbox.attempt(shipment.id)
    if shipment is not None and shipment.state is Sending.PENDING and not shipment.in_doubt:
        shipment = lgc.outbox.give_up(
            shipment.id, "DOCUMENT_REMPLACE", "Une version plus récente part à sa place."
        )
    refused = shipment is None or shipment.state is Sending.REFUSED
    return None if refused else former


def _deposited(lgc: Lgc, kept: Kept) -> list[Document]:
    """The last version of each document that the DMP has, or may have; none leaves any more."""
    shipments = {s.unique_id: s for s in _all(lgc, "dmp")}
    found: list[Document] = []
    for document in _documents(lgc, kept):
        version: Document | None = document
        while version is not None:
            shipment = shipments.get(version.unique_id)
            if shipment is not None and _left(lgc, shipment):
                found.append(version)
                break
            before = shipments.get(version.replaces)
            version = lgc.records.document(before.content["document"]).document if before else None
    return found


def _left(lgc: Lgc, shipment: Shipment) -> bool:
    if shipment.state is Sending.PENDING:
        shipment = lgc.outbox.give_up(
            shipment.id, "ORDONNANCE_ANNULEE", "L’ordonnance a été annulée avant ce dépôt."
        )
    return shipment.state is Sending.SENT or shipment.in_doubt


def _documents(lgc: Lgc, kept: Kept) -> list[Document]:
    return [lgc.records.document(each).document for each in (kept.n3, kept.n1) if each]


def _says_registered(lgc: Lgc, kept: Kept) -> bool:
    """Whether the page in hand carries the Code 2D."""
    document = lgc.records.document(kept.n1 or kept.n3 or "").document
    return Paper.from_text(document.text).registered


def _may_be_deposited(lgc: Lgc, patient: Patient) -> bool:
    if lgc.environment.dmp_base is None or not lgc.environment.ordonnance.to_dmp:
        return False
    try:
        require_dmp_identity(patient)
    except ForbiddenGestureError:
        return False
    return True


def _shipment(lgc: Lgc, kind: Kind, kept: Kept, document: Document) -> Shipment:
    """To be queued before its first attempt: whatever happens, the ordonnance stands (N17)."""
    content: dict[str, object] = {"document": document.id}
    if kind == "dmp":
        content["visibilite"] = asdict(Visibility())
    return Shipment(
        id=lgc.ids.local("e"),
        kind=kind,
        patient_id=kept.patient_id,
        professional_id=kept.professional_id,
        content=content,
        created_at=lgc.clock.now(),
        unique_id=document.unique_id,
    )


def _attempted(lgc: Lgc, shipments: list[Shipment]) -> list[Shipment]:
    """Tried at once when they never were; the outbox tries the others again."""
    return [lgc.outbox.attempt(s.id) if s.attempts == 0 else s for s in shipments]


def _all(lgc: Lgc, kind: Kind) -> list[Shipment]:
    return [s for s in lgc.outbox.all() if s.kind == kind]
