"""Patients and documents of the LGC, and the traces it keeps of identities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text, update

from reference_impl.errors import UnknownRecordError
from reference_impl.identity.rows import patient_of, patient_row
from reference_impl.people import Document, Ins, Patient
from reference_impl.ports import Clock
from reference_impl.store import Store, documents, identity_log, patients


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document, the INS its CDA carries, and whether it already left the LGC."""

    document: Document
    written_ins: str | None
    published: bool


class Records:
    """The durable records of one installation."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add_patient(self, patient: Patient) -> None:
        """Keep a new patient."""
        with self._store.unit() as connection:
            connection.execute(patients.insert().values(id=patient.id, **patient_row(patient)))
            self._trace(connection, None, patient, "création")

    def patient(self, patient_id: str) -> Patient:
        """A patient. Raises UnknownRecordError."""
        with self._store.unit() as connection:
            row = connection.execute(select(patients).where(patients.c.id == patient_id)).first()
        if row is None:
            raise UnknownRecordError(
                "PATIENT_INCONNU", f"Aucun patient n’a l’identifiant « {patient_id} ».", "patient"
            )
        return patient_of(row)

    def save(self, before: Patient, after: Patient, event: str) -> None:
        """Keep what became of a patient, and the trace of it (guide INS, EXI REC 08)."""
        with self._store.unit() as connection:
            connection.execute(
                update(patients).where(patients.c.id == after.id).values(**patient_row(after))
            )
            self._trace(connection, before, after, event)

    def all_patients(self) -> list[Patient]:
        """Every patient, in the order of their files."""
        with self._store.unit() as connection:
            rows = connection.execute(select(patients).order_by(text("rowid"))).all()
        return [patient_of(row) for row in rows]

    def holders(self, ins: Ins, apart_from: str | None = None) -> list[Patient]:
        """The patients who hold this matricule of this authority (INS-S-09)."""
        everyone = self.all_patients()
        return [p for p in everyone if p.id != apart_from and ins.same_person(p.ins)]

    def events(self, patient_id: str) -> list[dict[str, Any]]:
        """What happened to an identity, oldest first."""
        query = select(identity_log).where(identity_log.c.patient == patient_id)
        with self._store.unit() as connection:
            rows = connection.execute(query.order_by(identity_log.c.id)).all()
        return [dict(row._mapping) for row in rows]

    def add_document(self, stored: StoredDocument) -> None:
        """Keep a document that was just written."""
        document = stored.document
        with self._store.unit() as connection:
            connection.execute(
                documents.insert().values(
                    id=document.id,
                    patient=document.patient_id,
                    auteur=document.author_id,
                    identifiant_unique=document.unique_id,
                    identifiant_lot=document.set_id,
                    type=document.type_code,
                    titre=document.title,
                    texte=document.text,
                    cree_le=document.created_at.isoformat(),
                    version=document.version,
                    remplace=document.replaces,
                    contenu=document.content,
                    ins_ecrite=stored.written_ins,
                    diffuse=stored.published,
                )
            )

    def document(self, document_id: str) -> StoredDocument:
        """A document. Raises UnknownRecordError."""
        query = select(documents).where(documents.c.id == document_id)
        with self._store.unit() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise UnknownRecordError(
                "DOCUMENT_INCONNU",
                f"Aucun document n’a l’identifiant « {document_id} ».",
                "document",
            )
        return StoredDocument(_document(row), row.ins_ecrite, row.diffuse)

    def rewrite(self, stored: StoredDocument, content: bytes, ins: str | None) -> StoredDocument:
        """Replace the CDA of a document that never left."""
        self._change_document(stored.document.id, contenu=content, ins_ecrite=ins)
        return replace(stored, document=replace(stored.document, content=content), written_ins=ins)

    def publish(self, document_id: str) -> None:
        """The document is about to leave: its bytes are fixed for ever."""
        self._change_document(document_id, diffuse=True)

    def _change_document(self, document_id: str, **values: object) -> None:
        with self._store.unit() as connection:
            connection.execute(
                update(documents).where(documents.c.id == document_id).values(**values)
            )

    def _trace(
        self, connection: Connection, before: Patient | None, after: Patient, event: str
    ) -> None:
        connection.execute(
            identity_log.insert().values(
                patient=after.id,
                le=self._clock.now().isoformat(),
                evenement=event,
                avant=patient_row(before) if before else None,
                apres=patient_row(after),
            )
        )


def _document(row: Row[Any]) -> Document:
    return Document(
        id=row.id,
        unique_id=row.identifiant_unique,
        set_id=row.identifiant_lot,
        type_code=row.type,
        title=row.titre,
        text=row.texte,
        patient_id=row.patient,
        author_id=row.auteur,
        created_at=datetime.fromisoformat(row.cree_le),
        version=row.version,
        content=row.contenu,
        replaces=row.remplace,
    )
