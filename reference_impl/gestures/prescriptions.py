"""Ordonnances: written, validated, printed, read back."""

from __future__ import annotations

from typing import Any

from reference_impl.contract import NoParameters, PrintAnswer
from reference_impl.contract_prescriptions import (
    ConsultPrescription,
    CreatePrescription,
    DocumentIdsJson,
    DrugJson,
    DrugsAnswer,
    FollowUpJson,
    FoundPatientJson,
    FoundPrescriptionJson,
    ListPrescriptions,
    LocalPrescriptionJson,
    LocalPrescriptionsAnswer,
    PrescriptionAndProfessional,
    PrescriptionAnswer,
    PrescriptionJson,
    PrescriptionsAnswer,
    PresentationJson,
    PrintPrescription,
    SearchDrugs,
    SearchPrescriptions,
    TracesAnswer,
    ValidatedAnswer,
    ValidatePrescription,
)
from reference_impl.documents import code2d
from reference_impl.documents.metadata import encapsulated_pdf
from reference_impl.errors import ForbiddenGestureError, InvalidRequestError
from reference_impl.gestures import ordonnance_documents
from reference_impl.gestures.views import patient_view, printed_view, shipment_view
from reference_impl.lgc import Lgc
from reference_impl.people import Patient, Professional
from reference_impl.prescriptions.client import Consulted
from reference_impl.prescriptions.drugs import Drug
from reference_impl.prescriptions.follow_up import follow_up, screen
from reference_impl.prescriptions.model import (
    Executor,
    InsNumber,
    Line,
    Ordonnance,
    PatientIdentity,
)
from reference_impl.prescriptions.records import Kept, State
from reference_impl.prescriptions.service import OPPOSITION, Wish, require_consent

_FIRST_DAY = "2014-01-01"
"""No number is older."""


def search_drugs(lgc: Lgc, asked: SearchDrugs) -> DrugsAnswer:
    """``drug.search``."""
    found = lgc.prescriptions.drugs.search(asked.texte)
    return DrugsAnswer(medicaments=[_drug(drug) for drug in found])


def create(lgc: Lgc, asked: CreatePrescription) -> PrescriptionAnswer:
    """``prescription.create``: a draft."""
    patient = lgc.records.patient(asked.patient)
    author = lgc.publisher.professional(asked.professionnel)
    owner = lgc.publisher.professional(asked.remplace) if asked.remplace else author
    executor, wished_on = asked.executant_designe, asked.date_execution_souhaitee
    wish = Wish(
        lines=[Line.from_json(line.model_dump()) for line in asked.lignes],
        consent=asked.consentement,
        kind=asked.type,
        subtype=asked.sous_type,
        flags=tuple(asked.flags),
        validity=asked.validite_jours,
        executor=Executor.from_json(executor.model_dump()) if executor else None,
        wished_on=wished_on.isoformat() if wished_on else None,
        weight=asked.poids_kg,
        height=asked.taille_cm,
        pregnant=asked.grossesse,
    )
    return _answer(lgc, lgc.prescriptions.create(patient, author, owner, wish))


def validate(lgc: Lgc, asked: ValidatePrescription) -> ValidatedAnswer:
    """``prescription.validate``: number, EP4, then the documents whatever the service did."""
    author = lgc.publisher.professional(asked.professionnel)
    patient_id = lgc.prescriptions.records.get(asked.ordonnance).patient_id
    with lgc.patient_lock(patient_id):
        kept = lgc.prescriptions.records.get(asked.ordonnance)
        patient = lgc.records.patient(patient_id)
        if kept.state is State.DRAFT and not kept.in_doubt:
            ordonnance_documents.require_writable(lgc, kept, patient)
        kept = lgc.prescriptions.validate(kept, patient, author, asked.consentement)
        kept, deposits = ordonnance_documents.publish(lgc, kept, patient)
    _send_traces(lgc, author)
    return ValidatedAnswer(**_fields(lgc, kept), envois=[shipment_view(s) for s in deposits])


def print_page(lgc: Lgc, asked: PrintPrescription) -> PrintAnswer:
    """``prescription.print``: the page that was published."""
    kept = lgc.prescriptions.records.get(asked.ordonnance)
    if kept.n1 is None:
        raise ForbiddenGestureError(
            "ORDONNANCE_NON_VALIDEE",
            "Validez l’ordonnance avant de l’imprimer : elle n’a ni numéro ni Code 2D.",
            "ordonnance",
        )
    if kept.state is State.CANCELLED:
        raise ForbiddenGestureError(
            "ORDONNANCE_ANNULEE",
            "Cette ordonnance est annulée : elle ne s’imprime plus.",
            "ordonnance",
        )
    if kept.registered:
        require_consent(kept, asked.avec_consentement, "avec_consentement")
    patient = lgc.records.patient(kept.patient_id)
    document = lgc.publisher.current(kept.n1, patient)
    pdf = encapsulated_pdf(document.content)
    return PrintAnswer(document=printed_view(document, pdf), patient=patient_view(patient))


def search(lgc: Lgc, asked: SearchPrescriptions) -> PrescriptionsAnswer:
    """``prescription.search``: the prescriber's own, in a record or outside."""
    author = lgc.publisher.professional(asked.professionnel)
    patient = lgc.records.patient(asked.patient) if asked.patient else None
    criteria: dict[str, Any] = {"prescripteur": {"rpps": author.rpps}}
    if patient is not None:
        criteria["patient"] = _searched(lgc, patient)
    elif asked.nom_naissance is not None:
        traits = {"nomNaissance": asked.nom_naissance}
        if asked.date_naissance is not None:
            traits["naissance"] = asked.date_naissance.isoformat()
        criteria["patient"] = traits
    if asked.type is not None:
        criteria["type"] = asked.type
    period = _period(lgc, asked)
    if period:
        criteria["periode"] = period
    found, total = lgc.prescriptions.client.search(author, criteria)
    _send_traces(lgc, author)
    left = f"{total} ordonnances répondent : les {len(found)} premières sont montrées, précisez."
    return PrescriptionsAnswer(
        ordonnances=[_found(lgc, each) for each in found],
        alertes=[left] if total > len(found) else [],
    )


def list_local(lgc: Lgc, asked: ListPrescriptions) -> LocalPrescriptionsAnswer:
    """``prescription.list``: the ordonnances of this software, drafts among them."""
    found = lgc.prescriptions.records.all(asked.patient)
    patients = {kept.patient_id: lgc.records.patient(kept.patient_id) for kept in found}
    return LocalPrescriptionsAnswer(
        ordonnances=[
            LocalPrescriptionJson(
                patient=kept.patient_id, **dict(_view(kept, patients[kept.patient_id]))
            )
            for kept in found
        ]
    )


def read_traces(lgc: Lgc, _asked: NoParameters) -> TracesAnswer:
    """``prescription.traces``: the traces poste, one for each call."""
    return TracesAnswer(traces=lgc.prescriptions.client.traces())


def consult(lgc: Lgc, asked: ConsultPrescription) -> PrescriptionAnswer:
    """``prescription.consult``: what was executed, when the patient does not oppose it."""
    author = lgc.publisher.professional(asked.professionnel)
    local, found = lgc.prescriptions.consult(asked.numero, author)
    _send_traces(lgc, author)
    patient = lgc.records.patient(local.patient_id) if local else None
    return PrescriptionAnswer(
        ordonnance=_consulted(lgc, asked.numero, local, found),
        patient=patient_view(patient) if patient else None,
    )


def cancel(lgc: Lgc, asked: PrescriptionAndProfessional) -> ValidatedAnswer:
    """``prescription.cancel``: while nothing is executed; then its documents leave the DMP."""
    author = lgc.publisher.professional(asked.professionnel)
    patient_id = lgc.prescriptions.records.get(asked.ordonnance).patient_id
    with lgc.patient_lock(patient_id):
        kept = lgc.prescriptions.records.get(asked.ordonnance)
        kept = lgc.prescriptions.cancel(kept, author)
        removals = ordonnance_documents.withdraw(lgc, kept)
    _send_traces(lgc, author)
    return ValidatedAnswer(**_fields(lgc, kept), envois=[shipment_view(s) for s in removals])


def renew(lgc: Lgc, asked: PrescriptionAndProfessional) -> PrescriptionAnswer:
    """``prescription.renew``: a draft with the same lines."""
    author = lgc.publisher.professional(asked.professionnel)
    kept = lgc.prescriptions.records.get(asked.ordonnance)
    told = kept.ordonnance
    owner = author
    if told.substitute is not None and told.prescriber is not None:
        owner = lgc.publisher.professional(f"8{told.prescriber.rpps}")
        # The titulaire is back: he renews in his own name.
        owner = author if owner.national_id == author.national_id else owner
    patient = lgc.records.patient(kept.patient_id)
    return _answer(lgc, lgc.prescriptions.renew(kept, patient, author, owner))


def _drug(drug: Drug) -> DrugJson:
    sold = [box for box in drug.presentations if box.marketed]
    return DrugJson(
        cis=drug.cis,
        cip13=sold[0].cip13 if sold else None,
        libelle=drug.label,
        stupefiant=drug.narcotic,
        securisee=drug.secure,
        substitution_opiaces=drug.opioid_substitution,
        exception=drug.exception,
        duree_maximale=drug.longest,
        conditions=list(drug.conditions),
        presentations=[
            PresentationJson(
                cip7=box.cip7,
                cip13=box.cip13,
                libelle=box.label,
                taux=box.rate or None,
                prix=None if box.price is None else float(box.price),
                alerte=box.supply,
            )
            for box in sold
        ],
        alertes=list(drug.warnings),
    )


def _answer(lgc: Lgc, kept: Kept) -> PrescriptionAnswer:
    return PrescriptionAnswer(**_fields(lgc, kept))


def _fields(lgc: Lgc, kept: Kept) -> dict[str, Any]:
    patient = lgc.records.patient(kept.patient_id)
    return {"ordonnance": _view(kept, patient), "patient": patient_view(patient)}


def _view(kept: Kept, patient: Patient) -> PrescriptionJson:
    """A number the service does not hold is not shown: nobody must write it down."""
    shown = kept.number if kept.state in (State.RECORDED, State.CANCELLED) else None
    content = {k: v for k, v in kept.ordonnance.to_json().items() if k != "executions"}
    if shown is None:
        content.pop("id", None)
    return PrescriptionJson.model_validate(
        {
            "id": kept.id,
            "numero": shown,
            "etat": kept.state.value,
            "code_2d": code2d.write_text(kept.ordonnance, patient.traits)
            if kept.registered
            else None,
            "documents": DocumentIdsJson(n1=kept.n1, n3=kept.n3),
            "contenu": content,
            "executions": [],
            "numeros_annules": list(kept.void),
            "alertes": list(kept.alerts),
        }
    )


def _consulted(lgc: Lgc, number: str, local: Kept | None, found: Consulted) -> PrescriptionJson:
    told = found.ordonnance
    content = told.to_json()
    executions = content.pop("executions", [])
    listed = follow_up(told)
    warnings = [] if found.allowed else [OPPOSITION]
    warnings += found.warnings
    cancelled = found.state == "ANNULEE"
    view: dict[str, Any] = {
        "id": None,
        "code_2d": None,
        "documents": DocumentIdsJson(n1=None, n3=None),
        "etat": (State.CANCELLED if cancelled else State.RECORDED).value,
        "alertes": [],
    }
    if local is not None:
        view = _view(local, lgc.records.patient(local.patient_id)).model_dump()
    return PrescriptionJson.model_validate(
        view
        | {
            "numero": number,
            "etat_service": found.state or None,
            "contenu": content,
            "executions": executions,
            "suivi": FollowUpJson(
                delivrees=list(listed.delivered),
                modifiees=list(listed.modified),
                supprimees=list(listed.suppressed),
                remplacees_ou_ajoutees=list(listed.replaced),
                ecran=screen(told, None if found.allowed else OPPOSITION),
            ),
            "alertes": [*view["alertes"], *warnings],
        }
    )


def _found(lgc: Lgc, told: Ordonnance) -> FoundPrescriptionJson:
    local = lgc.prescriptions.records.numbered(told.number or "")
    who = told.patient
    return FoundPrescriptionJson(
        numero=told.number,
        date=told.day.isoformat() if told.day else None,
        type=told.kind,
        sous_type=told.subtype,
        consentement=told.consent,
        patient=FoundPatientJson(
            id=local.patient_id if local else None,
            nom_naissance=who.birth_name,
            prenoms=list(who.given_names),
            date_naissance=who.birth_date,
            sexe=who.sex,
        )
        if who
        else None,
    )


def _searched(lgc: Lgc, patient: Patient) -> dict[str, Any]:
    """By the INS of a qualified identity, else by name and date."""
    if patient.qualified and patient.ins is not None:
        oid = lgc.environment.document_oid(patient.ins)
        return {"ins": InsNumber(patient.ins.value, oid).to_json()}
    traits = patient.traits
    told = PatientIdentity(birth_name=traits.birth_name, birth_date=traits.birth_date).to_json()
    return {name: value for name, value in told.items() if value}


def _period(lgc: Lgc, asked: SearchPrescriptions) -> list[str] | None:
    if asked.debut is None and asked.fin is None:
        return None
    first = asked.debut.isoformat() if asked.debut else _FIRST_DAY
    last = (asked.fin or lgc.prescriptions.today()).isoformat()
    if first > last:
        raise InvalidRequestError(
            "PERIODE_INVALIDE", "Le début de la période est après sa fin.", "debut"
        )
    return [first, last]


def _send_traces(lgc: Lgc, author: Professional) -> None:
    """When asked for; a deposit that fails is for the next time."""
    if lgc.environment.ordonnance.send_traces:
        lgc.prescriptions.client.send_traces(author)
