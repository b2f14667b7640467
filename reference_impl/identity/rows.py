"""A patient as the store keeps it: JSON values under French names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from reference_impl.identity.traits import traits_from_json, traits_to_json
from reference_impl.people import (
    Alert,
    Attribute,
    Channel,
    Evidence,
    Individual,
    Ins,
    PastIns,
    Patient,
    Status,
)


def patient_row(patient: Patient) -> dict[str, Any]:
    """The columns of a patient, without its identifier."""
    return {
        "traits": traits_to_json(patient.traits),
        "statut": str(patient.status),
        "attributs": sorted(patient.attributes),
        "ins": ins_to_json(patient.ins) if patient.ins else None,
        "historique": [_past_to_json(past) for past in patient.history],
        "justificatif": asdict(patient.evidence) if patient.evidence else None,
        "canal": str(patient.channel),
        "date_incertaine": patient.uncertain_date,
        "propose": individual_to_json(patient.proposed) if patient.proposed else None,
        "interroge_le": patient.asked_at,
        "alertes": [asdict(alert) for alert in patient.alerts],
    }


def patient_of(row: Row[Any]) -> Patient:
    """The patient of a row."""
    return Patient(
        id=row.id,
        traits=traits_from_json(row.traits),
        status=Status(row.statut),
        ins=_ins(row.ins) if row.ins else None,
        attributes=frozenset(Attribute(name) for name in row.attributs),
        history=tuple(_past(past) for past in row.historique),
        evidence=Evidence(**row.justificatif) if row.justificatif else None,
        channel=Channel(row.canal),
        uncertain_date=row.date_incertaine,
        proposed=_individual(row.propose) if row.propose else None,
        asked_at=row.interroge_le,
        alerts=tuple(Alert(**alert) for alert in row.alertes),
    )


def individual_to_json(found: Individual) -> dict[str, Any]:
    """What INSi returned, as the log of its calls keeps it (INS-L-01)."""
    return {
        "ins": ins_to_json(found.ins),
        "historique": [_past_to_json(past) for past in found.history],
        "traits": traits_to_json(found.traits),
    }


def ins_to_json(ins: Ins) -> dict[str, str]:
    """Matricule, key and OID."""
    return {"matricule": ins.matricule, "cle": ins.key, "oid": ins.oid}


def _individual(value: Mapping[str, Any]) -> Individual:
    history = tuple(_past(past) for past in value["historique"])
    return Individual(_ins(value["ins"]), history, traits_from_json(value["traits"]))


def _past_to_json(past: PastIns) -> dict[str, Any]:
    return {"ins": ins_to_json(past.ins), "debut": past.begin, "fin": past.end}


def _past(value: Mapping[str, Any]) -> PastIns:
    return PastIns(_ins(value["ins"]), value["debut"], value["fin"])


def _ins(value: Mapping[str, str]) -> Ins:
    return Ins(value["matricule"], value["cle"], value["oid"])
