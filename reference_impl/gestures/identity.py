"""Sessions, patients and their identity."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.contract import (
    InsiJson,
    PatientAnswer,
    PatientCreate,
    PatientOnly,
    ProfessionalOnly,
    RecordEvidence,
    SearchAnswer,
    SearchInsi,
    SessionAnswer,
    SessionJson,
    SetAttribute,
)
from reference_impl.errors import ForbiddenGestureError
from reference_impl.gestures.views import patient_view
from reference_impl.identity.evidence import is_high_trust
from reference_impl.identity.lifecycle import Event, after, require_reliable, with_attribute
from reference_impl.identity.traits import (
    contradictions,
    differences,
    normalised,
    traits_from_json,
    with_strict_traits_of,
)
from reference_impl.insi.answer import Individual
from reference_impl.insi.client import Search
from reference_impl.lgc import Lgc
from reference_impl.people import Attribute, PastIns, Patient, Status


def open_session(lgc: Lgc, asked: ProfessionalOnly) -> SessionAnswer:
    """``session.open``."""
    session = lgc.sessions.open(lgc.publisher.professional(asked.professionnel))
    opened = SessionJson(
        professionnel=session.professional, ouverte_le=session.opened_at.isoformat()
    )
    return SessionAnswer(session=opened)


def close_session(lgc: Lgc, asked: ProfessionalOnly) -> SessionAnswer:
    """``session.close``."""
    session = lgc.sessions.close(lgc.publisher.professional(asked.professionnel))
    closed = SessionJson(
        professionnel=session.professional,
        ouverte_le=session.opened_at.isoformat(),
        fermee_le=lgc.clock.now().isoformat(),
    )
    return SessionAnswer(session=closed)


def create_patient(lgc: Lgc, asked: PatientCreate) -> PatientAnswer:
    """``patient.create``: always provisoire, with normalised strict traits."""
    traits = normalised(traits_from_json(asked.traits.model_dump()))
    patient = Patient(id=lgc.ids.local("p"), traits=traits)
    lgc.records.add_patient(patient)
    return PatientAnswer(patient=patient_view(patient))


def read_patient(lgc: Lgc, asked: PatientOnly) -> PatientAnswer:
    """``patient.read``."""
    return PatientAnswer(patient=patient_view(lgc.records.patient(asked.patient)))


def record_evidence(lgc: Lgc, asked: RecordEvidence) -> PatientAnswer:
    """``identity.record_evidence``."""
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        require_reliable(patient, "L’enregistrement d’un justificatif")
        code = asked.justificatif
        high = is_high_trust(code, patient.traits.birth_date, lgc.clock.now().date())
        event = Event.HIGH_TRUST if high else Event.LOW_TRUST
        changed = replace(after(patient, event), evidence=code)
        lgc.records.save(patient, changed, f"{event.value} : {code}")
    return PatientAnswer(patient=patient_view(changed))


def set_attribute(lgc: Lgc, asked: SetAttribute) -> PatientAnswer:
    """``identity.set_attribute``."""
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        changed = with_attribute(patient, Attribute(asked.attribut), asked.present)
        verb = "posé" if asked.present else "levé"
        lgc.records.save(patient, changed, f"attribut {asked.attribut} {verb}")
    return PatientAnswer(patient=patient_view(changed))


def search_insi(lgc: Lgc, asked: SearchInsi) -> SearchAnswer:
    """``identity.search_insi``: nothing is called for an identity that may not be searched."""
    professional = lgc.publisher.professional(asked.professionnel)
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        require_reliable(patient, "L’appel au téléservice INSi")
        if patient.traits.sex not in ("M", "F"):
            raise ForbiddenGestureError(
                "SEXE_INDETERMINE",
                "INSi ne connaît que les sexes M et F : complétez l’identité.",
                "patient",
            )
        search = lgc.insi.search(patient.traits, asked.voie, professional)
        for call in search.calls:
            lgc.records.trace_call(patient, professional, asked.voie, call)
        changed, gaps = _apply(lgc, patient, search)
    answer = search.last.answer
    insi = InsiJson(
        code=answer.code, libelle=answer.label, appels=len(search.calls), ecarts=list(gaps)
    )
    return SearchAnswer(patient=patient_view(changed), insi=insi)


def _apply(lgc: Lgc, patient: Patient, search: Search) -> tuple[Patient, tuple[str, ...]]:
    """The identity after a search, and the traits that differ when it was not taken."""
    found = search.last.answer.individual
    if found is None:
        return patient, ()
    _require_alone(lgc, patient, found)
    gaps = differences(patient.traits, found.traits)
    event = _event(search, found, gaps)
    changed = after(patient, event, found.ins)
    if changed.ins == found.ins:
        changed = _with_returned(changed, patient, found)
    lgc.records.save(patient, changed, event.value)
    return changed, () if changed.traits != patient.traits else gaps


def _event(search: Search, found: Individual, gaps: tuple[str, ...]) -> Event:
    if not gaps:
        return Event.INSI_EQUAL
    if contradictions(search.searched, found.traits):
        return Event.INSI_DIVERGENT
    return Event.INSI_COMPLETING


def _with_returned(changed: Patient, before: Patient, found: Individual) -> Patient:
    """Take the traits and the history that came with the INS, unchanged (EXI REC 08)."""
    traits = before.traits
    if before.status in (Status.PROVISIONAL, Status.RETRIEVED):
        traits = with_strict_traits_of(traits, found.traits)
    kept = tuple(past for past in changed.history if not _among(past, found.history))
    return replace(changed, traits=traits, history=(*found.history, *kept))


def _among(past: PastIns, history: tuple[PastIns, ...]) -> bool:
    return any(past.ins == other.ins for other in history)


def _require_alone(lgc: Lgc, patient: Patient, found: Individual) -> None:
    other = lgc.records.other_holder(found.ins, patient.id)
    if other is not None:
        raise ForbiddenGestureError(
            "INS_DEJA_ATTRIBUEE",
            f"Cette INS est déjà celle du dossier {other.id} : vérifiez s’il s’agit d’un doublon "
            "avant de l’attribuer.",
            "patient",
        )
