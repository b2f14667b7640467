"""Verifying the INS of a file, and what is kept of calls and events."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.contract import NoParameters, PatientOnly
from reference_impl.contract_identity import (
    CallJson,
    EventJson,
    LogAnswer,
    SendersAnswer,
    TaskJson,
    TrustSender,
    VerificationJson,
    Verify,
    VerifyAnswer,
    WorklistAnswer,
)
from reference_impl.errors import ForbiddenGestureError
from reference_impl.gestures.identity import take
from reference_impl.gestures.views import patient_view
from reference_impl.identity.lifecycle import Event, require_reliable
from reference_impl.identity.retrieval import REFUTED, event_of, without_ins
from reference_impl.insi.client import Call
from reference_impl.insi.verification import Verification, verify
from reference_impl.lgc import Lgc
from reference_impl.people import CarriedIdentity, Patient
from reference_impl.worklist import INS_KO


def verify_patient(lgc: Lgc, asked: Verify) -> VerifyAnswer:
    """``identity.verify``: a KO lowers the identity, drops its INS and asks for a person (N26)."""
    professional = lgc.publisher.professional(asked.professionnel)

    def kept(call: Call) -> None:
        lgc.insi_log.add(asked.patient, professional, "organisation", call)

    with lgc.patient_call(asked.patient):
        patient = lgc.records.patient(asked.patient)
        require_reliable(patient, "La vérification de l’INS")
        if patient.ins is None:
            raise ForbiddenGestureError(
                "INS_ABSENTE", "Ce dossier n’a pas d’INS à vérifier.", "patient"
            )
        carried = CarriedIdentity(patient.ins, patient.traits)
        verification = verify(lgc.insi, carried, professional, kept)
        changed = _judged(lgc, patient, verification)
    return VerifyAnswer(patient=patient_view(changed), verification=verification_view(verification))


def trust_sender(lgc: Lgc, asked: TrustSender) -> SendersAnswer:
    """``identity.trust_sender``: contrat de confiance with a sender."""
    lgc.trusted.set(asked.emetteur, asked.present)
    return SendersAnswer(emetteurs=lgc.trusted.all())


def read_log(lgc: Lgc, asked: PatientOnly) -> LogAnswer:
    """``identity.log``: the calls to INSi, and what happened to the identity."""
    patient = lgc.records.patient(asked.patient)
    return LogAnswer(
        appels=[CallJson.model_validate(row) for row in lgc.insi_log.of(patient.id)],
        evenements=[EventJson.model_validate(row) for row in lgc.records.events(patient.id)],
        patient=patient_view(patient),
    )


def read_worklist(lgc: Lgc, _asked: NoParameters) -> WorklistAnswer:
    """``worklist.read``."""
    return WorklistAnswer(taches=[TaskJson.model_validate(row) for row in lgc.worklist.all()])


def verification_view(verification: Verification) -> VerificationJson:
    """The verification of the driver contract."""
    return VerificationJson(
        resultat=verification.result,
        code=verification.code,
        libelle=verification.label,
        appels=verification.calls,
    )


def _judged(lgc: Lgc, patient: Patient, verification: Verification) -> Patient:
    """The identity once verified; nothing changes when INSi could not say."""
    at = lgc.clock.now().isoformat()
    now = replace(patient, asked_at=at)
    if verification.result == "KO":
        lowered = without_ins(now, Event.VERIFICATION_FAILED, at).alerted(
            REFUTED,
            "INSi ne reconnaît plus l’INS de ce dossier pour ces traits : elle a été retirée, "
            "vérifiez l’identité avec la personne.",
        )
        lgc.records.save(patient, lowered, Event.VERIFICATION_FAILED.value)
        lgc.worklist.add(patient.id, INS_KO)
        return lowered
    if verification.result != "OK":
        return patient
    if verification.found is not None:
        event = event_of(patient.traits, patient.traits, verification.found)
        return take(lgc, patient, event, verification.found, now, patient.channel)
    lgc.records.save(patient, now, "vérification INSi positive")
    return now
