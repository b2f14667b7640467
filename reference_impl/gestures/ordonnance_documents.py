"""The documents of a validated ordonnance: written, kept in the record, deposited in the DMP.

N3 (eP-MED-DM) and N1 (PDF) are deposited whatever the service of ordonnances answered;
without its answer they carry no Code 2D (PRESC.03, PRESC.04). Acts alone have no N3. A
deposit that fails is tried again by the outbox, and changes nothing to the ordonnance.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from reference_impl.documents import ordonnance as papers
from reference_impl.documents.ordonnance import Paper
from reference_impl.errors import ForbiddenGestureError
from reference_impl.lgc import Lgc
from reference_impl.outbox import Shipment
from reference_impl.people import Document, Patient, Visibility
from reference_impl.prescriptions.records import Kept, State
from reference_impl.records import StoredDocument
from reference_impl.shipping import require_dmp_identity


def publish(lgc: Lgc, kept: Kept, patient: Patient) -> tuple[Kept, list[Shipment]]:
    """Write and deposit what an ordonnance needs now; its deposits as they stand.

    Done again, it writes nothing: but one sent late has a new page, with its Code 2D.
    Documents already deposited without it stay there, and are not deposited twice.
    """
    if kept.state not in (State.RECORDED, State.WITHOUT_CODE):
        return kept, []
    if kept.published and _says_registered(lgc, kept) == kept.registered:
        return kept, _deposits(lgc, kept)
    first = not kept.published
    structured = papers.structurable(kept.ordonnance)
    n3 = _write(lgc, kept, patient, structured=True) if structured else None
    n1 = _write(lgc, kept, patient, structured=False)
    kept = lgc.prescriptions.records.save(replace(kept, n1=n1.id, n3=None if n3 is None else n3.id))
    if not first or not _may_be_deposited(lgc, patient):
        return kept, []
    return kept, [_deposit(lgc, kept, document) for document in (n3, n1) if document]


def _write(lgc: Lgc, kept: Kept, patient: Patient, *, structured: bool) -> Document:
    held = kept.ordonnance
    document = Document(
        id=lgc.ids.local("d"),
        unique_id=lgc.ids.oid("document"),
        set_id=lgc.ids.oid("version"),
        type_code=papers.type_code(held),
        title=papers.title(held, structured=structured),
        text=Paper(held, structured, kept.registered).to_text(),
        patient_id=patient.id,
        author_id=kept.professional_id,
        created_at=datetime.fromisoformat(held.at) if held.at else lgc.clock.now(),
    )
    document = replace(document, content=lgc.publisher.write(document, patient))
    allowed = lgc.publisher.ins_to_write(patient)
    lgc.records.add_document(StoredDocument(document, allowed, published=False))
    return document


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


def _deposit(lgc: Lgc, kept: Kept, document: Document) -> Shipment:
    """Queued, then tried at once; whatever happens, the ordonnance stands (N17)."""
    shipment = Shipment(
        id=lgc.ids.local("e"),
        kind="dmp",
        patient_id=kept.patient_id,
        professional_id=kept.professional_id,
        content={"document": document.id, "visibilite": asdict(Visibility())},
        created_at=lgc.clock.now(),
        unique_id=document.unique_id,
    )
    lgc.outbox.add(shipment)
    return lgc.outbox.attempt(shipment.id)


def _deposits(lgc: Lgc, kept: Kept) -> list[Shipment]:
    written = {kept.n1, kept.n3}
    shipments = (s for s in lgc.outbox.all() if s.kind == "dmp")
    return [s for s in shipments if s.content["document"] in written]
