"""The answer to TD0.2: ``PRPA_IN201308UV02`` (sheet dmp.md §7.2).

The place of the closing date and of its motive is our placeholder.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from lxml import etree
from lxml.builder import ElementMaker

from fixtures.world import PatientFixture
from rules.formats.hl7v3 import ANSWER_NAME, HL7, ExistenceQuery, Instance
from simulators.dmp.state import Authorization, Record, RecordState

DMP_DEVICE = "1.2.250.1.213.4.1.1.1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

UNKNOWN_MOTIVE = "reponse-motif-inconnu"
NO_NAMES = "reponse-noms-non-renseignes"
NO_BIRTH_DAY = "reponse-naissance-sans-jour"
ODDITIES: Mapping[str, str] = {
    UNKNOWN_MOTIVE: "le test d'existence répond un DMP fermé, pour un motif hors de la liste",
    NO_NAMES: "le test d'existence répond sans les traits du patient (NON_RENSEIGNE)",
    NO_BIRTH_DAY: "le test d'existence répond une date de naissance dont le jour est 00",
}
"""Answers that are right and that a product must survive (CDT 0.2-020, sheet dmp.md §18)."""

_H = ElementMaker(namespace=HL7, nsmap={None: HL7})


def existence_answer(
    query: ExistenceQuery,
    record: Record,
    patient: PatientFixture | None,
    rights: tuple[Authorization, bool],
    at: datetime,
    oddity: str | None = None,
) -> etree._Element:
    """The answer for a record and the rights of the caller on it; ``oddity`` of ODDITIES."""
    if oddity == UNKNOWN_MOTIVE:
        closed_on = record.closed_on or f"{at:%Y%m%d}"
        record = replace(record, state=RecordState.CLOSED, closed_on=closed_on)
    if oddity == NO_NAMES:
        patient = None
    if oddity == NO_BIRTH_DAY and patient:
        patient = replace(patient, birth_date=f"{patient.birth_date[:7]}-00")
    absent = record.state is RecordState.ABSENT
    asked = query.id or Instance("", "")
    return _H(
        ANSWER_NAME,
        _H.id(root=str(uuid.uuid4())),
        _H.creationTime(value=f"{at.astimezone(UTC):%Y%m%d%H%M%S}"),
        _H.interactionId(root="2.16.840.1.113883.1.6", extension=ANSWER_NAME),
        _H.processingCode(code="P"),
        _H.processingModeCode(code="T"),
        _H.acceptAckCode(code="NE"),
        _device("receiver", "RCV", query.sender.root if query.sender else "", query.sender_name),
        _device("sender", "SND", DMP_DEVICE, "DMP"),
        *([] if absent else _rights(*rights)),
        _H.acknowledgement(
            _H.targetMessage(_H.id(root=asked.root, extension=asked.extension)), typeCode="AA"
        ),
        _act(query, record, patient, oddity == UNKNOWN_MOTIVE),
        ITSVersion="XML_1.0",
    )


def _rights(state: Authorization, attending: bool) -> list[etree._Element]:
    lines = (
        ("AUTORISATION", "1", {"code": state.value, "codeSystem": "1.2.250.1.213.4.1.2.6.2"}, "CV"),
        ("STATUT_MT", "3", {"value": str(attending).lower()}, "BL"),
    )
    return [
        _H.attentionLine(
            _H.keyWordText(code=word, codeSystem=f"1.2.250.1.213.4.1.2.6.{rank}"),
            _typed("value", kind, attributes),
        )
        for word, rank, attributes, kind in lines
    ]


def _act(
    query: ExistenceQuery, record: Record, patient: PatientFixture | None, unlisted: bool
) -> etree._Element:
    asked = query.query_id or Instance("", "")
    absent = record.state is RecordState.ABSENT or query.patient is None
    act = _H.controlActProcess(
        _H.reasonCode(
            code=query.reason or "TEST_EXST",
            codeSystem="1.2.250.1.213.1.1.4.11",
            displayName="Test d'existence de dossier",
        ),
        classCode="CACT",
        moodCode="EVN",
    )
    if not absent:
        assert query.patient is not None
        act.append(_subject(query.patient, record, patient))
        if record.state is RecordState.CLOSED:
            act.append(_closing(record, unlisted))
    act.append(
        _H.queryAck(
            _H.queryId(root=asked.root, extension=asked.extension),
            _H.queryResponseCode(code="NF" if absent else "OK"),
        )
    )
    return act


def _subject(asked: Instance, record: Record, patient: PatientFixture | None) -> etree._Element:
    closed = record.state is RecordState.CLOSED
    event = _H.registrationEvent(_H.statusCode(code="completed"), classCode="REG", moodCode="EVN")
    if closed and record.closed_on:
        event.append(_H.effectiveTime(_H.high(value=record.closed_on)))
    event.append(
        _H.subject1(
            _H.patient(
                _H.id(root=asked.root, extension=asked.extension),
                _H.statusCode(code="terminated" if closed else "active"),
                _person(patient),
                _observation("RATTACHEMENT_ENS", "1.2.250.1.213.4.1.2.3"),
                _observation("COMPTE_INTERNET_OUVERT", "1.2.250.1.213.4.1.2.9"),
                classCode="PAT",
            ),
            typeCode="SBJ",
        )
    )
    event.append(
        _H.custodian(
            _H.assignedEntity(_H.id(root=DMP_DEVICE), classCode="ASSIGNED"), typeCode="CST"
        )
    )
    return _H.subject(event, typeCode="SUBJ", contextConductionInd="false")


def _person(patient: PatientFixture | None) -> etree._Element:
    """Traits, or NON_RENSEIGNE for a person the bench does not know."""
    person = _H.patientPerson(classCode="PSN", determinerCode="INSTANCE")
    name = _H.name(_H.given(patient.first_given_name if patient else "NON_RENSEIGNE"))
    name.append(_H.family(patient.birth_name if patient else "NON_RENSEIGNE", qualifier="BR"))
    if patient and patient.used_name:
        name.append(_H.family(patient.used_name, qualifier="SP"))
    person.append(name)
    if patient:
        person.append(_H.administrativeGenderCode(code=patient.sex))
        person.append(_H.birthTime(value=patient.birth_date.replace("-", "")))
    return person


def _closing(record: Record, unlisted: bool) -> etree._Element:
    code, label = "FERMETURE_DEMANDE_PATIENT", "Fermeture demandée par le patient"
    if unlisted:
        code, label = "FERMETURE_MOTIF_DU_BANC", "Motif que le banc a inventé"
    return _H.reasonOf(
        _H.detectedIssueEvent(
            _H.code(
                code=code,
                codeSystem="1.2.250.1.213.4.1.2.4",
                displayName=label,
            ),
            _H.text(record.closing_reason or ""),
            classCode="ALRT",
            moodCode="EVN",
        ),
        typeCode="RSON",
    )


def _observation(code: str, system: str) -> etree._Element:
    return _H.subjectOf(
        _H.administrativeObservation(
            _H.code(code=code, codeSystem=system),
            _typed("value", "BL", {"value": "true"}),
            classCode="OBS",
            moodCode="EVN",
        ),
        typeCode="SBJ",
    )


def _device(name: str, kind: str, root: str, software: str | None) -> etree._Element:
    return _H(
        name,
        _H.device(
            _H.id(root=root),
            _H.softwareName(software or ""),
            classCode="DEV",
            determinerCode="INSTANCE",
        ),
        typeCode=kind,
    )


def _typed(name: str, kind: str, attributes: dict[str, str]) -> etree._Element:
    element = etree.Element(f"{{{HL7}}}{name}", nsmap={None: HL7, "xsi": XSI})
    element.set(f"{{{XSI}}}type", kind)
    for key, value in attributes.items():
        element.set(key, value)
    return element
