"""TD0.2 (existence and authorisation) and TD0.3 (authorisation).

Sources: SEL-MP-037 TD0.2, TD0.3; HL7 V3 PRPA_IN201307UV02 and 201308UV02.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from reference_impl.dmp.errors import refusal
from reference_impl.errors import OutcomeUnknownError
from reference_impl.people import SoftwareIdentity
from reference_impl.ports import AuthorizationAction, DmpState, DmpStatus
from reference_impl.xmltree import node

HL7 = "urn:hl7-org:v3"
HABILITATIONS = "urn:si-dmp-habilitations"
EXISTENCE_ACTION = "urn:hl7-org:v3:PRPA_IN201307UV02"
AUTHORIZATION_ACTION = "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization"
_DMP_DEVICE = "1.2.250.1.213.4.1.1.1"
_H = f"{{{HL7}}}"


@dataclass(frozen=True, slots=True)
class ExistenceQuery:
    """Identifiers of one TD0.2. ``message_id`` and ``query_id`` are UUID."""

    message_id: str
    query_id: str
    created_at: datetime
    ins: str
    ins_oid: str
    software: SoftwareIdentity


def existence_request(query: ExistenceQuery) -> etree._Element:
    """PRPA_IN201307UV02. Arcs 10 and 11 of the product's OID are messages and queries."""
    root = etree.Element(f"{_H}PRPA_IN201307UV02", {"ITSVersion": "XML_1.0"}, nsmap={None: HL7})
    oid = query.software.oid
    node(root, "id", {"root": f"{oid}.10", "extension": query.message_id})
    created = query.created_at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    node(root, "creationTime", {"value": created})
    node(
        root,
        "interactionId",
        {"root": "2.16.840.1.113883.1.6", "extension": "PRPA_IN201307UV02"},
    )
    for tag, code in (
        ("processingCode", "D"),
        ("processingModeCode", "T"),
        ("acceptAckCode", "AL"),
    ):
        node(root, tag, {"code": code})
    _device(root, "receiver", "RCV", _DMP_DEVICE, "DMP")
    _device(root, "sender", "SND", oid, query.software.name)
    process = node(root, "controlActProcess", {"classCode": "CACT", "moodCode": "EVN"})
    reason = {
        "code": "TEST_EXST",
        "codeSystem": "1.2.250.1.213.1.1.4.11",
        "displayName": "Test d'existence de dossier",
    }
    node(process, "reasonCode", reason)
    _query(process, query)
    return root


def read_existence(body: etree._Element) -> DmpStatus:
    """State of the record and of the authorisation. Raises RefusedError on an error answer."""
    acknowledgement = body.find(f"{_H}acknowledgement")
    if acknowledgement is not None and acknowledgement.get("typeCode") != "AA":
        detail = acknowledgement.find(f"{_H}acknowledgementDetail")
        raise refusal(
            _code(detail, f"{_H}code") or "AE",
            "" if detail is None else (detail.findtext(f"{_H}text") or ""),
        )
    response = _code(body, f".//{_H}queryAck/{_H}queryResponseCode")
    if response == "NF":
        return DmpStatus("absent")
    record = _code(body, f".//{_H}subject1/{_H}patient/{_H}statusCode")
    if response != "OK" or record is None:
        raise _unexpected("le test d’existence")
    state: DmpState = "actif" if record == "active" else "fermé"
    return DmpStatus(state, _authorization(body))


def authorization_request(action: AuthorizationAction) -> etree._Element:
    """The patient and the professional are only in the VIHF."""
    root = etree.Element(f"{{{HABILITATIONS}}}setAuthorization", nsmap={None: HABILITATIONS})
    node(root, "action", text=action)
    return root


def read_authorization(body: etree._Element) -> None:
    """Raises RefusedError unless the status is ``DMPOk``, whatever its case."""
    output = body.find(f"{{{HABILITATIONS}}}output")
    if output is None:
        raise _unexpected("la mise à jour de l’autorisation")
    status = (output.findtext(f"{{{HABILITATIONS}}}status") or "").strip()
    if status.lower() != "dmpok":
        raise refusal(status or "Inconnu", output.findtext(f"{{{HABILITATIONS}}}context") or "")


def _device(root: etree._Element, tag: str, kind: str, oid: str, name: str) -> None:
    device = node(
        node(root, tag, {"typeCode": kind}),
        "device",
        {"classCode": "DEV", "determinerCode": "INSTANCE"},
    )
    node(device, "id", {"root": oid})
    node(device, "softwareName", text=name)


def _query(process: etree._Element, query: ExistenceQuery) -> None:
    by_parameter = node(process, "queryByParameter")
    node(
        by_parameter,
        "queryId",
        {"root": f"{query.software.oid}.11", "extension": query.query_id},
    )
    node(by_parameter, "statusCode", {"code": "new"})
    identifier = node(node(by_parameter, "parameterList"), "patientIdentifier")
    node(identifier, "value", {"root": query.ins_oid, "extension": query.ins})
    node(identifier, "semanticsText", text="Patient.id")


def _authorization(body: etree._Element) -> str | None:
    for line in body.iterfind(f"{_H}attentionLine"):
        if _code(line, f"{_H}keyWordText") == "AUTORISATION":
            return _code(line, f"{_H}value")
    return None


def _code(parent: etree._Element | None, path: str) -> str | None:
    found = None if parent is None else parent.find(path)
    return None if found is None else found.get("code")


def _unexpected(what: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        "REPONSE_ILLISIBLE", f"La réponse du DMP pour {what} n’est pas celle attendue."
    )
