"""Identities that come from elsewhere: documents received, datamatrix scanned.

Sources: INS/va1.04, va1.05, va1.07, va1.11 to va1.13, va1.57; sheet INS §1.6, INS-T-08.
A file is matched by its INS only when the traits agree.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

from reference_impl.contract_identity import (
    Match,
    Receive,
    ReceiveAnswer,
    ScanAnswer,
    ScanDatamatrix,
)
from reference_impl.documents import datamatrix
from reference_impl.errors import InvalidRequestError
from reference_impl.gestures.identity import take
from reference_impl.gestures.verification import verification_view
from reference_impl.gestures.views import carried_view, patient_view
from reference_impl.identity.carried import read_received
from reference_impl.identity.evidence import CONTRACT, Trust
from reference_impl.identity.lifecycle import UNRELIABLE, Event
from reference_impl.identity.retrieval import event_of
from reference_impl.identity.traits import agree, normalised
from reference_impl.insi.client import Call
from reference_impl.insi.verification import Verification, verify
from reference_impl.lgc import Lgc
from reference_impl.people import (
    CarriedIdentity,
    Channel,
    Evidence,
    Individual,
    Patient,
    Professional,
)
from reference_impl.worklist import RECEIVED_KO, TO_MATCH, TO_VERIFY

_MATCHING = "rapprochement"


def receive(lgc: Lgc, asked: Receive) -> ReceiveAnswer:
    """``identity.receive``: the INS received is verified, unless it is already known here."""
    professional = lgc.publisher.professional(asked.professionnel)
    carried = read_received(_decoded(asked.contenu, "contenu")).carried
    if carried is None:
        lgc.worklist.add(None, TO_MATCH)
        return ReceiveAnswer(patient=None, rapprochement="manuel", verification=None)
    carried = _as_stored(lgc, carried)
    with lgc.patient_call(f"INS {carried.ins.matricule}"):
        known = lgc.records.holders(carried.ins)
        if known:
            return _known(lgc, known[0], carried)
        return _unknown(lgc, carried, professional, asked.emetteur)


def scan_datamatrix(lgc: Lgc, asked: ScanDatamatrix) -> ScanAnswer:
    """``identity.scan_datamatrix``: traits come prefilled, the status is provisoire.

    A datamatrix is not signed: it says who the document is about, and proves nothing.
    """
    lgc.publisher.professional(asked.professionnel)
    carried = _as_stored(lgc, datamatrix.read_text(_scanned(asked)))
    known = lgc.records.holders(carried.ins) or _namesakes(lgc, carried)
    match: Match = "nouveau"
    if known:
        patient, match = _matched(lgc, known[0], carried)
    else:
        patient = Patient(lgc.ids.local("p"), carried.traits, channel=Channel.BARCODE)
        lgc.records.add_patient(patient)
    return ScanAnswer(
        patient=patient_view(patient), rapprochement=match, datamatrix=carried_view(carried)
    )


def _known(lgc: Lgc, patient: Patient, carried: CarriedIdentity) -> ReceiveAnswer:
    """No call for an INS already récupérée or qualifiée here (INS/va1.11)."""
    matched, match = _matched(lgc, patient, carried)
    told = Verification("déjà connue", "", "Cette INS est déjà dans un dossier local.", 0)
    return ReceiveAnswer(
        patient=patient_view(matched), rapprochement=match, verification=verification_view(told)
    )


def _unknown(
    lgc: Lgc, carried: CarriedIdentity, professional: Professional, sender: str
) -> ReceiveAnswer:
    """Verify, then integrate when INSi says OK, and only then."""
    namesakes = _namesakes(lgc, carried)
    local = namesakes[0] if len(namesakes) == 1 else None
    calls: list[Call] = []

    def kept(call: Call) -> None:
        calls.append(call)
        lgc.insi_log.add(local.id if local else None, professional, "organisation", call)

    verification = verify(lgc.insi, carried, professional, kept)
    told = verification_view(verification)
    found = verification.found or Individual(carried.ins, (), carried.traits)
    holders = lgc.records.holders(found.ins)
    if verification.result == "OK" and holders:
        matched, match = _matched(lgc, holders[0], carried)
        return ReceiveAnswer(patient=patient_view(matched), rapprochement=match, verification=told)
    if verification.result != "OK" or len(namesakes) > 1:
        _set_aside(lgc, local, verification)
        return ReceiveAnswer(patient=None, rapprochement="manuel", verification=told)
    patient, match = _integrated(lgc, local, carried, found, sender)
    lgc.insi_log.adopt([call.message_id for call in calls], patient.id)
    return ReceiveAnswer(patient=patient_view(patient), rapprochement=match, verification=told)


def _integrated(
    lgc: Lgc, local: Patient | None, carried: CarriedIdentity, found: Individual, sender: str
) -> tuple[Patient, Match]:
    """The file that takes a verified identity; a contract of trust qualifies it (INS/va1.04)."""
    if local is None:
        local = Patient(lgc.ids.local("p"), carried.traits, channel=Channel.INSI)
        lgc.records.add_patient(local)
        return _taken(lgc, local, Event.VERIFIED, found, sender), "nouveau"
    with lgc.patient_lock(local.id):
        current = lgc.records.patient(local.id)
        event = event_of(current.traits, carried.traits, found)
        return _taken(lgc, current, event, found, sender), "automatique"


def _taken(lgc: Lgc, patient: Patient, event: Event, found: Individual, sender: str) -> Patient:
    at = lgc.clock.now().isoformat()
    now = replace(patient, asked_at=at)
    if sender in lgc.trusted:
        event = Event.VERIFIED_TRUSTED
        now = replace(now, evidence=now.evidence or Evidence(CONTRACT, Trust.HIGH, at, sender))
    return take(lgc, patient, event, found, now)


def _set_aside(lgc: Lgc, local: Patient | None, verification: Verification) -> None:
    """What was not integrated waits for a person, and the file it looked like says so."""
    reasons = {"KO": RECEIVED_KO, "indisponible": TO_VERIFY}
    reason = reasons.get(verification.result, TO_MATCH)
    lgc.worklist.add(local.id if local else None, reason)
    if local is not None and verification.result == "KO":
        _alert(lgc, local, "Un document reçu pour cette personne porte une INS qu’INSi refuse.")


def _matched(lgc: Lgc, patient: Patient, carried: CarriedIdentity) -> tuple[Patient, Match]:
    """Automatic by INS and traits together; anything else is left to a person (INS-T-08)."""
    alike = agree(patient.traits, carried.traits)
    if alike and carried.ins.same_person(patient.ins):
        return patient, "automatique"
    sentence = (
        "Une identité reçue ressemble à ce dossier sans que son INS y soit : rapprochez-les à la "
        "main."
        if alike
        else "Une identité reçue porte l’INS de ce dossier avec d’autres traits : rapprochez-les à "
        "la main."
    )
    lgc.worklist.add(patient.id, TO_MATCH)
    return _alert(lgc, patient, sentence), "manuel"


def _alert(lgc: Lgc, patient: Patient, sentence: str) -> Patient:
    with lgc.patient_lock(patient.id):
        current = lgc.records.patient(patient.id)
        alerted = current.alerted(_MATCHING, sentence)
        lgc.records.save(current, alerted, "identité reçue à rapprocher")
    return alerted


def _namesakes(lgc: Lgc, carried: CarriedIdentity) -> list[Patient]:
    """Files without INS and of good faith whose traits agree."""
    return [
        patient
        for patient in lgc.records.all_patients()
        if patient.ins is None
        and not patient.attributes & UNRELIABLE
        and agree(patient.traits, carried.traits)
    ]


def _as_stored(lgc: Lgc, carried: CarriedIdentity) -> CarriedIdentity:
    """Under the OID of INSi, with traits written as RNIV wants."""
    ins = replace(carried.ins, oid=lgc.environment.stored_oid(carried.ins.oid))
    return CarriedIdentity(ins, normalised(carried.traits))


def _scanned(asked: ScanDatamatrix) -> str:
    if (asked.texte is None) == (asked.image is None):
        raise InvalidRequestError(
            "DATAMATRIX_ABSENT",
            "Donnez le texte du datamatrix ou son image, et l’un des deux seulement.",
            "texte",
        )
    if asked.image is not None:
        return datamatrix.read_picture(_decoded(asked.image, "image"))
    return asked.texte or ""


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise InvalidRequestError(
            "BASE64_INVALIDE", f"Le paramètre « {field} » n’est pas en base64.", field
        ) from error
