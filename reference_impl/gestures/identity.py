"""What moves the status of an identity: INSi, evidence, attributes, the word of a professional."""

from __future__ import annotations

from dataclasses import replace

from reference_impl.contract import PatientAnswer, PatientOnly, TraitsJson
from reference_impl.contract_identity import (
    AcceptInsi,
    Attest,
    InsiJson,
    RecordEvidence,
    SearchAnswer,
    SearchInsi,
    SetAttribute,
)
from reference_impl.errors import ForbiddenGestureError
from reference_impl.gestures.views import patient_view
from reference_impl.gestures.vitale import read_beneficiary
from reference_impl.identity.evidence import ATTESTATION, Trust, trust_of
from reference_impl.identity.lifecycle import Event, after, require_reliable, with_attribute
from reference_impl.identity.retrieval import (
    COLLISION,
    DIVERGENCE,
    answered,
    attestable,
    collision_alert,
    event_of,
)
from reference_impl.identity.traits import differences, normalised, traits_to_json
from reference_impl.insi.card_request import CardCriteria
from reference_impl.insi.client import Call, Search
from reference_impl.lgc import Lgc
from reference_impl.people import (
    Attribute,
    Channel,
    Evidence,
    Individual,
    Patient,
    Professional,
    Status,
)


def search_insi(lgc: Lgc, asked: SearchInsi) -> SearchAnswer:
    """``identity.search_insi``: nothing is called for an identity that may not be searched.

    A date that was completed is searched: the register itself holds such births under
    these conventions (EXI ID 11), and only an equal answer gives a status.
    """
    professional = lgc.publisher.professional(asked.professionnel)
    with lgc.patient_call(asked.patient):
        patient = lgc.records.patient(asked.patient)
        require_reliable(patient, "L’appel au téléservice INSi")
        _require_known_sex(patient)
        search, channel = _search(lgc, patient, asked, professional)
        changed = _applied(lgc, patient, search, channel)
    answer = search.last.answer
    found = answer.individual
    taken = changed.proposed is None
    insi = InsiJson(
        code=answer.code,
        libelle=answer.label,
        appels=len(search.calls),
        ecarts=[] if taken or found is None else list(differences(patient.traits, found.traits)),
        propose=None if taken or found is None else _traits_view(found),
    )
    return SearchAnswer(patient=patient_view(changed), insi=insi)


def accept_insi(lgc: Lgc, asked: AcceptInsi) -> PatientAnswer:
    """``identity.accept_insi``: what the operator decides of traits that differ."""
    lgc.publisher.professional(asked.professionnel)
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        require_reliable(patient, "La reprise des traits rendus par INSi")
        found = _proposed(patient)
        if asked.accepter:
            changed = take(lgc, patient, Event.INSI_ACCEPTED, found)
        else:
            changed = replace(patient, proposed=None).alerted(DIVERGENCE, None)
            lgc.records.save(patient, changed, "traits rendus par INSi refusés par l’opérateur")
    return PatientAnswer(patient=patient_view(changed))


def attest(lgc: Lgc, asked: Attest) -> PatientAnswer:
    """``identity.attest``: procédure d’exception, by the professional and nobody else."""
    professional = lgc.publisher.professional(asked.professionnel)
    if asked.auteur != "professionnel":
        raise ForbiddenGestureError(
            "ATTESTATION_RESERVEE",
            "Seul le professionnel de santé qui connaît la personne peut attester son identité : "
            "le secrétariat enregistre un justificatif.",
            "auteur",
        )
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        require_reliable(patient, "L’attestation de l’identité")
        found = _attested(patient)
        now = lgc.clock.now().isoformat()
        word = Evidence(ATTESTATION, Trust.HIGH, now, professional.national_id)
        proven = replace(patient, evidence=word)
        if found is None:
            changed = replace(after(patient, Event.ATTESTED), evidence=word)
            lgc.records.save(patient, changed, Event.ATTESTED.value)
        else:
            changed = take(lgc, patient, Event.ATTESTED, found, proven)
    return PatientAnswer(patient=patient_view(changed))


def record_evidence(lgc: Lgc, asked: RecordEvidence) -> PatientAnswer:
    """``identity.record_evidence``: type, trust, date, and who saw the document."""
    by = lgc.publisher.professional(asked.professionnel) if asked.professionnel else None
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        require_reliable(patient, "L’enregistrement d’un justificatif")
        now = lgc.clock.now()
        code, levels = asked.justificatif, lgc.environment.evidence_levels
        trust = trust_of(code, patient.traits.birth_date, now.date(), levels)
        event = Event.HIGH_TRUST if trust is Trust.HIGH else Event.LOW_TRUST
        changed = after(patient, event)
        # A document of less trust never hides the one that gave the status.
        if trust is Trust.HIGH or changed.status not in (Status.VALIDATED, Status.QUALIFIED):
            seen = Evidence(code, trust, now.isoformat(), by.national_id if by else None)
            changed = replace(changed, evidence=seen)
        lgc.records.save(patient, changed, f"{event.value} : {code}")
    return PatientAnswer(patient=patient_view(changed))


def withdraw_evidence(lgc: Lgc, asked: PatientOnly) -> PatientAnswer:
    """``identity.withdraw_evidence``: the document recorded by mistake, or no longer valid."""
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        if patient.evidence is None:
            raise ForbiddenGestureError(
                "JUSTIFICATIF_ABSENT", "Aucun justificatif n’est enregistré.", "patient"
            )
        changed = replace(after(patient, Event.EVIDENCE_WITHDRAWN), evidence=None)
        lgc.records.save(patient, changed, Event.EVIDENCE_WITHDRAWN.value)
    return PatientAnswer(patient=patient_view(changed))


def set_attribute(lgc: Lgc, asked: SetAttribute) -> PatientAnswer:
    """``identity.set_attribute``."""
    with lgc.patient_lock(asked.patient):
        patient = lgc.records.patient(asked.patient)
        attribute, today = Attribute(asked.attribut), lgc.clock.now().date().isoformat()
        changed = with_attribute(patient, attribute, asked.present, today)
        verb = "posé" if asked.present else "levé"
        lgc.records.save(patient, changed, f"attribut {asked.attribut} {verb}")
    return PatientAnswer(patient=patient_view(changed))


def take(
    lgc: Lgc,
    before: Patient,
    event: Event,
    found: Individual,
    now: Patient | None = None,
    channel: Channel = Channel.INSI,
) -> Patient:
    """Give what INSi returned to an identity, and keep it. ``now`` is it, not yet kept.

    Raises ForbiddenGestureError when another file holds this INS (INS-S-09).
    """
    require_alone(lgc, before, found)
    at = lgc.clock.now().isoformat()
    changed = answered(now or before, event, found, channel, at)
    lgc.records.save(before, changed, event.value)
    if changed.ins == found.ins:
        lgc.worklist.settle(before.id)
    return changed


def require_alone(lgc: Lgc, patient: Patient, found: Individual) -> None:
    """Refuse the INS that another file holds, with an alert that stays (INS-S-09)."""
    others = lgc.records.holders(found.ins, apart_from=patient.id)
    if not others:
        return
    sentence = collision_alert(others[0])
    alerted = replace(patient, proposed=None).alerted(COLLISION, sentence)
    lgc.records.save(patient, alerted, "INS déjà attribuée à un autre dossier")
    raise ForbiddenGestureError("INS_DEJA_ATTRIBUEE", sentence, "patient")


def _search(
    lgc: Lgc, patient: Patient, asked: SearchInsi, professional: Professional
) -> tuple[Search, Channel]:
    """The calls made, each kept as soon as it is answered, and where traits would come from."""

    def kept(call: Call) -> None:
        lgc.insi_log.add(patient.id, professional, asked.voie, call)

    if asked.source == "vitale":
        criteria = CardCriteria(read_beneficiary(lgc, asked.beneficiaire))
        call = lgc.insi.ask(criteria, asked.voie, professional)
        kept(call)
        return Search((call,), patient.traits), Channel.VITALE
    # Traits taken as INSi wrote them may need capitals before they are sent.
    traits = normalised(patient.traits)
    return lgc.insi.search(traits, asked.voie, professional, kept), Channel.INSI


def _applied(lgc: Lgc, patient: Patient, search: Search, channel: Channel) -> Patient:
    """The identity after a search; a status moves with a 00 only."""
    answer = search.last.answer
    now = replace(patient, asked_at=lgc.clock.now().isoformat())
    if answer.individual is None:
        lgc.records.save(patient, now, f"recherche INSi : {answer.code}")
        return now
    event = event_of(patient.traits, search.searched, answer.individual)
    return take(lgc, patient, event, answer.individual, now, channel)


def _attested(patient: Patient) -> Individual | None:
    """What INSi returned and still has to be taken; None when it already is (récupérée)."""
    if patient.status is Status.RETRIEVED:
        return None
    if patient.status is Status.QUALIFIED:
        raise ForbiddenGestureError(
            "DEJA_QUALIFIEE", "Cette identité est déjà qualifiée.", "patient"
        )
    found = patient.proposed
    if found is None or not attestable(patient.traits, found.traits):
        raise ForbiddenGestureError(
            "ATTESTATION_SANS_INSI",
            "L’attestation demande une réponse d’INSi dont le nom, le premier prénom, la date de "
            "naissance et le sexe sont exactement ceux du dossier : interrogez d’abord INSi.",
            "patient",
        )
    return found


def _proposed(patient: Patient) -> Individual:
    if patient.proposed is None:
        raise ForbiddenGestureError(
            "AUCUNE_PROPOSITION",
            "INSi n’a rendu aucune identité à accepter ou à refuser : interrogez-le d’abord.",
            "patient",
        )
    return patient.proposed


def _require_known_sex(patient: Patient) -> None:
    if patient.traits.sex.upper() not in ("M", "F"):
        raise ForbiddenGestureError(
            "SEXE_INDETERMINE",
            "INSi ne connaît que les sexes M et F : complétez l’identité.",
            "patient",
        )


def _traits_view(found: Individual) -> TraitsJson:
    return TraitsJson.model_validate(traits_to_json(found.traits))
