"""From the values of the LGC to the JSON of the driver contract."""

from __future__ import annotations

import base64

from reference_impl.contract import (
    DmpDocumentJson,
    DmpJson,
    DocumentJson,
    EvidenceJson,
    InsJson,
    PastInsJson,
    PatientJson,
    PrintedDocumentJson,
    ShipmentErrorJson,
    ShipmentJson,
    TraitsJson,
)
from reference_impl.contract_identity import CarriedJson
from reference_impl.identity.evidence import label_of
from reference_impl.identity.rows import ins_to_json
from reference_impl.identity.traits import traits_to_json
from reference_impl.outbox import Shipment
from reference_impl.people import CarriedIdentity, Document, Evidence, Ins, PastIns, Patient
from reference_impl.ports import DmpEntry, DmpStatus


def patient_view(patient: Patient) -> PatientJson:
    """State of a patient."""
    ins = patient.ins
    return PatientJson(
        id=patient.id,
        statut=patient.status.value,
        attributs=sorted(patient.attributes),
        traits=TraitsJson.model_validate(traits_to_json(patient.traits)),
        ins=_ins_view(ins) if ins else None,
        canal=patient.channel.value,
        date_incertaine=patient.uncertain_date,
        justificatif=_evidence_view(patient.evidence) if patient.evidence else None,
        historique=[_past_view(past) for past in patient.history],
        interroge_le=patient.asked_at,
        alertes=[alert.text for alert in patient.alerts],
    )


def _ins_view(ins: Ins) -> InsJson:
    return InsJson(
        matricule=ins.matricule, cle=ins.key, oid=ins.oid, nature="NIA" if ins.is_nia else "NIR"
    )


def _past_view(past: PastIns) -> PastInsJson:
    ins = past.ins
    return PastInsJson(
        matricule=ins.matricule, cle=ins.key, oid=ins.oid, debut=past.begin, fin=past.end
    )


def _evidence_view(evidence: Evidence) -> EvidenceJson:
    return EvidenceJson.model_validate(
        {
            "code": evidence.code,
            "libelle": label_of(evidence.code),
            "niveau": evidence.level,
            "le": evidence.at,
            "par": evidence.by,
        }
    )


def carried_view(carried: CarriedIdentity) -> CarriedJson:
    """INS and traits read on a datamatrix."""
    return CarriedJson(
        ins=ins_to_json(carried.ins),
        traits=TraitsJson.model_validate(traits_to_json(carried.traits)),
    )


def document_view(document: Document) -> DocumentJson:
    """A document of the local record."""
    return DocumentJson(
        id=document.id,
        identifiant_unique=document.unique_id,
        type=document.type_code,
        titre=document.title,
    )


def printed_view(document: Document, pdf: bytes) -> PrintedDocumentJson:
    """A document with the page that a person reads."""
    content = base64.b64encode(pdf).decode("ascii")
    return PrintedDocumentJson(**document_view(document).model_dump(), contenu=content)


def dmp_view(status: DmpStatus) -> DmpJson:
    """State of a DMP."""
    return DmpJson(etat=status.state, autorisation=status.authorization)


def entry_view(entry: DmpEntry, content: bytes | None = None) -> DmpDocumentJson:
    """A document of the DMP, with its bytes when they were read."""
    return DmpDocumentJson(
        identifiant_unique=entry.unique_id,
        titre=entry.title,
        type=entry.type_code,
        etat=entry.state,
        contenu=base64.b64encode(content).decode("ascii") if content is not None else None,
    )


def shipment_view(shipment: Shipment) -> ShipmentJson:
    """A shipment of the outbox."""
    error = shipment.error
    return ShipmentJson(
        id=shipment.id,
        genre=shipment.kind,
        etat=shipment.state.value,
        tentatives=shipment.attempts,
        erreur=ShipmentErrorJson.model_validate(dict(error)) if error else None,
        identifiant_unique=shipment.unique_id,
        message_id=shipment.message_id,
    )
