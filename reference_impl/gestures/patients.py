"""Files of patients: making one, reading it, finding it again, correcting its traits."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.contract import PatientAnswer, PatientCreate, PatientOnly
from reference_impl.contract_identity import EditTraits, PatientsAnswer, SearchPatients
from reference_impl.errors import ForbiddenGestureError
from reference_impl.gestures.views import patient_view
from reference_impl.identity.dates import completed_date
from reference_impl.identity.lifecycle import Event
from reference_impl.identity.lookup import Lookup
from reference_impl.identity.retrieval import DIVERGENCE, first_name_alert, without_ins
from reference_impl.identity.traits import (
    normalised,
    require_first_name,
    same_strict_traits,
    traits_from_json,
    traits_to_json,
)
from reference_impl.lgc import Lgc
from reference_impl.people import Patient, Status, Traits


def create_patient(lgc: Lgc, asked: PatientCreate) -> PatientAnswer:
    """``patient.create``: always provisoire, with normalised strict traits.

    No name in use is ever filled from the names of birth (EXI ID 08).
    """
    typed = traits_from_json(asked.traits.model_dump())
    birth_date, uncertain = completed_date(typed.birth_date)
    traits = require_first_name(normalised(replace(typed, birth_date=birth_date)))
    patient = Patient(id=lgc.ids.local("p"), traits=traits, uncertain_date=uncertain)
    lgc.records.add_patient(patient)
    return PatientAnswer(patient=patient_view(patient))


def read_patient(lgc: Lgc, asked: PatientOnly) -> PatientAnswer:
    """``patient.read``."""
    return PatientAnswer(patient=patient_view(lgc.records.patient(asked.patient)))


def search_patients(lgc: Lgc, asked: SearchPatients) -> PatientsAnswer:
    """``patient.search``: recherche d’antériorité (INS/va1.02, va1.25, va1.41)."""
    lookup = Lookup.of(asked.texte, asked.date_naissance, asked.ins)
    found = [patient for patient in lgc.records.all_patients() if lookup.fits(patient)]
    return PatientsAnswer(patients=[patient_view(patient) for patient in found])


def edit_traits(lgc: Lgc, asked: EditTraits) -> PatientAnswer:
    """``identity.edit_traits``: names in use are free, strict traits are unlocked first."""
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        changed = _edited(patient, asked)
        if same_strict_traits(patient.traits, changed.traits):
            event = "nom ou prénom utilisé modifié"
        else:
            _require_unlocked(patient, asked)
            event = Event.TRAIT_EDITED.value
            changed = without_ins(changed, Event.TRAIT_EDITED, lgc.clock.now().isoformat())
            changed = changed.alerted(DIVERGENCE, None)
        changed = first_name_alert(changed)
        lgc.records.save(patient, changed, event)
    return PatientAnswer(patient=patient_view(changed))


def _edited(patient: Patient, asked: EditTraits) -> Patient:
    given = asked.traits.model_dump(exclude_unset=True)
    traits = traits_from_json(traits_to_json(patient.traits) | given)
    uncertain = patient.uncertain_date
    if "date_naissance" in given:
        birth_date, uncertain = completed_date(traits.birth_date)
        traits = replace(traits, birth_date=birth_date)
    if given.keys() - {"nom_utilise", "prenom_utilise"}:
        traits = require_first_name(_with_fitting_first_name(normalised(traits), given))
    return replace(patient, traits=traits, uncertain_date=uncertain)


def _with_fitting_first_name(traits: Traits, given: dict[str, str | None]) -> Traits:
    """A new list of given names brings its own premier prénom, unless one is typed with it."""
    if "prenoms_naissance" in given and "premier_prenom" not in given:
        return replace(traits, first_birth_given_name=None)
    return traits


def _require_unlocked(patient: Patient, asked: EditTraits) -> None:
    if patient.status is not Status.PROVISIONAL and not asked.deverrouille:
        raise ForbiddenGestureError(
            "TRAITS_VERROUILLES",
            f"Les traits stricts d’une identité {patient.status} sont verrouillés : déverrouillez-"
            "les d’abord ; le matricule et l’OID seront invalidés.",
            "deverrouille",
        )
