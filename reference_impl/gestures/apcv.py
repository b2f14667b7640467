"""The appli carte Vitale: reading it, qualifying an identity with it, closing it.

The holder's INS needs no INSi (sheet INS §1.6); whoever else is on the application is
looked for in INSi, with what a carte Vitale would say.
"""

from __future__ import annotations

from dataclasses import replace

from reference_impl.apcv.values import Member, Reading
from reference_impl.cards.values import Beneficiary
from reference_impl.contract_apcv import (
    ApcvAnswer,
    ApcvContextJson,
    ApcvInsJson,
    ApcvJson,
    ApcvPersonJson,
    CloseApcv,
    QualifyAnswer,
    QualifyApcv,
    ReadApcv,
)
from reference_impl.errors import ForbiddenGestureError, InvalidRequestError
from reference_impl.gestures.identity import require_alone, take
from reference_impl.gestures.views import patient_view
from reference_impl.identity.evidence import Trust
from reference_impl.identity.lifecycle import Event, require_reliable
from reference_impl.identity.retrieval import DIVERGENCE, event_of
from reference_impl.identity.traits import contradictions, same_strict_traits
from reference_impl.insi.answer import missing_traits
from reference_impl.insi.card_request import CardCriteria
from reference_impl.insi.client import Call
from reference_impl.lgc import Lgc
from reference_impl.people import (
    Channel,
    Evidence,
    Individual,
    Ins,
    Patient,
    Professional,
)

_SCANNER = "\t\r\n"
"""What a scanner types after the code."""
_EVIDENCE = "AV"


def read(lgc: Lgc, asked: ReadApcv) -> ApcvAnswer:
    """``apcv.read``: the text goes unchanged, whichever way it came."""
    professional = lgc.publisher.professional(asked.professionnel)
    text = asked.donnees.rstrip(_SCANNER)
    return ApcvAnswer(apcv=_view(lgc.apcv.read(professional, text, asked.voie)))


def close(lgc: Lgc, asked: CloseApcv) -> ApcvAnswer:
    """``apcv.close``: the context is destroyed."""
    lgc.apcv.close(lgc.publisher.professional(asked.professionnel))
    return ApcvAnswer(apcv=ApcvJson())


def qualify(lgc: Lgc, asked: QualifyApcv) -> QualifyAnswer:
    """``apcv.qualify``: the record is matched by its INS, or made, when none is given."""
    professional = lgc.publisher.professional(asked.professionnel)
    reading = lgc.apcv.current(professional, asked.voie)
    member = _chosen(reading, asked.individu)
    if asked.individu == 0 and member.ins is not None and member.traits is not None:
        found = _usable(Individual(member.ins, (), member.traits))
        changed = _qualify_holder(lgc, asked.patient, found, professional)
    else:
        changed = _search(lgc, asked, professional, reading, member)
    return QualifyAnswer(patient=patient_view(changed), apcv=_view(reading))


def _chosen(reading: Reading, rank: int) -> Member:
    if rank >= len(reading.members):
        raise InvalidRequestError(
            "INDIVIDU_INCONNU",
            f"L’appli carte Vitale n’a pas de personne n° {rank}.",
            "individu",
        )
    return reading.members[rank]


def _usable(found: Individual) -> Individual:
    missing = missing_traits(found.traits)
    if missing:
        raise ForbiddenGestureError(
            "APCV_TRAITS_INUTILISABLES",
            f"L’identité de l’appli carte Vitale ne peut pas être reprise : {missing}.",
            "individu",
        )
    return found


def _qualify_holder(
    lgc: Lgc, patient_id: str | None, found: Individual, professional: Professional
) -> Patient:
    patient_id = patient_id or _record(lgc, found)
    with lgc.patient_lock(patient_id):
        patient = lgc.records.patient(patient_id)
        require_reliable(patient, "La qualification par l’appli carte Vitale")
        gaps = contradictions(patient.traits, found.traits) + _other_ins(patient, found)
        if gaps:
            return _alerted(lgc, patient, gaps)
        at = lgc.clock.now().isoformat()
        proof = Evidence(_EVIDENCE, Trust.HIGH, at, professional.national_id)
        proven = replace(patient, evidence=proof)
        return take(lgc, patient, Event.VITALE_APP, found, proven, Channel.VITALE_APP)


def _other_ins(patient: Patient, found: Individual) -> tuple[str, ...]:
    """Whether the record has the matricule of somebody else; a NIA gives way to the NIR."""
    held = patient.ins
    other = held is not None and not held.is_nia and held.matricule != found.ins.matricule
    return ("matricule INS",) if other else ()


def _record(lgc: Lgc, found: Individual) -> str:
    """The record that holds this INS or these very traits, or a new one, still provisoire."""
    holders = lgc.records.holders(found.ins)
    if holders:
        return holders[0].id
    same = [
        patient
        for patient in lgc.records.all_patients()
        if patient.ins is None and same_strict_traits(patient.traits, found.traits)
    ]
    if len(same) == 1:
        return same[0].id
    patient = Patient(id=lgc.ids.local("p"), traits=found.traits)
    lgc.records.add_patient(patient)
    return patient.id


def _alerted(lgc: Lgc, patient: Patient, gaps: tuple[str, ...]) -> Patient:
    """Nothing is overwritten: a person compares (AV-14)."""
    sentence = (
        f"L’appli carte Vitale contredit ce dossier ({', '.join(gaps)}) : vérifiez que c’est bien "
        "la même personne, ou créez un autre dossier."
    )
    alerted = patient.alerted(DIVERGENCE, sentence)
    lgc.records.save(patient, alerted, "appli carte Vitale qui contredit le dossier")
    return alerted


def _search(
    lgc: Lgc, asked: QualifyApcv, professional: Professional, reading: Reading, member: Member
) -> Patient:
    """INSi, with what a carte Vitale says of that person (WS_INS1)."""
    if asked.patient is not None:
        require_reliable(lgc.records.patient(asked.patient), "L’appel au téléservice INSi")
    call = lgc.insi.ask(CardCriteria(_beneficiary(member)), asked.voie, professional)
    lgc.insi_log.add(asked.patient, professional, asked.voie, call)
    found = _returned(call)
    holder = reading.members[0].ins
    if member.rank and found.ins.same_person(holder):
        raise ForbiddenGestureError(
            "INS_DU_TITULAIRE",
            "INSi rend l’INS du titulaire de l’appli pour son ayant droit : rien n’est enregistré, "
            "recherchez l’ayant droit sur ses traits d’identité.",
            "individu",
        )
    patient_id = asked.patient or _record(lgc, found)
    lgc.insi_log.adopt([call.message_id], patient_id)
    with lgc.patient_lock(patient_id):
        patient = lgc.records.patient(patient_id)
        require_alone(lgc, patient, found)
        event = event_of(patient.traits, patient.traits, found)
        asked_now = replace(patient, asked_at=lgc.clock.now().isoformat())
        return take(lgc, patient, event, found, asked_now)


def _returned(call: Call) -> Individual:
    answer = call.answer
    if answer.individual is None:
        raise ForbiddenGestureError(
            "INS_NON_TROUVEE",
            f"INSi n’a pas rendu d’INS pour cette personne ({answer.code} {answer.label}) : "
            "recherchez-la sur ses traits d’identité.",
            "individu",
        )
    return answer.individual


def _beneficiary(member: Member) -> Beneficiary:
    """What INSi needs of a person; the date stays as written, lunar or not."""
    if not member.insured_nir or not member.birth_date:
        raise ForbiddenGestureError(
            "APCV_INCOMPLETE",
            "L’appli carte Vitale ne donne pas de quoi chercher cette personne dans INSi : "
            "recherchez-la sur ses traits d’identité.",
            "individu",
        )
    return Beneficiary(
        position=member.rank + 1,
        used_name=member.used_name or "",
        given_name=member.given_name or "",
        birth_date=member.birth_date.replace("-", ""),
        insured_nir=member.insured_nir,
        birth_name=member.family_name,
        certified_nir=member.certified_nir,
        rank=member.birth_rank,
        quality=member.quality or "",
        regime=member.regime,
        fund=member.fund,
        center=member.center,
    )


def _view(reading: Reading) -> ApcvJson:
    return ApcvJson(
        contexte=ApcvContextJson(identifiant=reading.context_id, fin=reading.ends.isoformat()),
        type=reading.kind,
        numero_serie=reading.serial,
        individus=[_person(member) for member in reading.members],
    )


def _person(member: Member) -> ApcvPersonJson:
    traits = member.traits
    return ApcvPersonJson(
        rang=member.rank,
        nom_naissance=traits.birth_name if traits else member.family_name,
        nom_usuel=member.used_name,
        prenom=member.given_name,
        prenoms=traits.birth_given_names if traits else None,
        sexe=traits.sex if traits else None,
        date_naissance=traits.birth_date if traits else member.birth_date,
        lieu_naissance=traits.birth_place if traits else None,
        qualite=member.quality,
        nir_certifie=member.certified_nir,
        ins=_ins(member.ins),
    )


def _ins(ins: Ins | None) -> ApcvInsJson | None:
    return None if ins is None else ApcvInsJson(matricule=ins.matricule, cle=ins.key, oid=ins.oid)
