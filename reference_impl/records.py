"""Patients and documents of the LGC, and the traces it keeps of identities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from reference_impl.errors import UnknownRecordError
from reference_impl.identity.traits import traits_from_json, traits_to_json
from reference_impl.insi.client import Call, Way
from reference_impl.people import Attribute, Document, Ins, PastIns, Patient, Professional, Status
from reference_impl.ports import Clock
from reference_impl.store import Store, documents, identity_log, insi_calls, patients


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
            connection.execute(patients.insert().values(id=patient.id, **_patient_row(patient)))
            self._trace(connection, None, patient, "création")

    def patient(self, patient_id: str) -> Patient:
        """A patient. Raises UnknownRecordError."""
        with self._store.unit() as connection:
            row = connection.execute(select(patients).where(patients.c.id == patient_id)).first()
        if row is None:
            raise UnknownRecordError(
                "PATIENT_INCONNU", f"Aucun patient n’a l’identifiant « {patient_id} ».", "patient"
            )
        return _patient(row)

    def save(self, before: Patient, after: Patient, event: str) -> None:
        """Keep what became of a patient, and the trace of it (guide INS, EXI REC 08)."""
        with self._store.unit() as connection:
            connection.execute(
                update(patients).where(patients.c.id == after.id).values(**_patient_row(after))
            )
            self._trace(connection, before, after, event)

    def other_holder(self, ins: Ins, patient_id: str) -> Patient | None:
        """Another patient who already holds this INS: two local files of one person."""
        with self._store.unit() as connection:
            rows = connection.execute(select(patients).where(patients.c.id != patient_id)).all()
        return next((p for p in map(_patient, rows) if p.ins == ins), None)

    def trace_call(
        self, patient: Patient, professional: Professional, way: Way, call: Call
    ) -> None:
        """Keep who asked what of INSi, and its answer (INS-L-01)."""
        with self._store.unit() as connection:
            connection.execute(
                insi_calls.insert().values(
                    le=self._clock.now().isoformat(),
                    patient=patient.id,
                    professionnel=professional.national_id,
                    operation=call.operation,
                    voie=way,
                    message_id=call.message_id,
                    code=call.answer.code,
                    libelle=call.answer.label,
                )
            )

    def calls(self, patient_id: str) -> list[dict[str, Any]]:
        """The INSi calls made for a patient, oldest first."""
        query = select(insi_calls).where(insi_calls.c.patient == patient_id)
        with self._store.unit() as connection:
            rows = connection.execute(query.order_by(insi_calls.c.id)).all()
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
                avant=_patient_row(before) if before else None,
                apres=_patient_row(after),
            )
        )


def _patient_row(patient: Patient) -> dict[str, Any]:
    return {
        "traits": traits_to_json(patient.traits),
        "statut": str(patient.status),
        "attributs": sorted(patient.attributes),
        "ins": _ins_json(patient.ins) if patient.ins else None,
        "historique": [
            {"ins": _ins_json(past.ins), "debut": past.begin, "fin": past.end}
            for past in patient.history
        ],
        "justificatif": patient.evidence,
    }


def _patient(row: Row[Any]) -> Patient:
    return Patient(
        id=row.id,
        traits=traits_from_json(row.traits),
        status=Status(row.statut),
        ins=_ins(row.ins) if row.ins else None,
        attributes=frozenset(Attribute(name) for name in row.attributs),
        history=tuple(
            PastIns(_ins(past["ins"]), past["debut"], past["fin"]) for past in row.historique
        ),
        evidence=row.justificatif,
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
    )


def _ins_json(ins: Ins) -> dict[str, str]:
    return {"matricule": ins.matricule, "cle": ins.key, "oid": ins.oid}


def _ins(value: dict[str, str]) -> Ins:
    return Ins(value["matricule"], value["cle"], value["oid"])
