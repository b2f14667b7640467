"""IHE_XDM archives made from CDA documents, conformant unless told otherwise."""

from __future__ import annotations

import hashlib
import io
import uuid
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

from rules.formats.cda import ClinicalDocument
from rules.formats.cda_models import MODELS, N1_FORMATS
from rules.formats.registry import (
    CLASS_CODE,
    CONFIDENTIALITY_CODE,
    CONTENT_TYPE_CODE,
    ENTRY_AUTHOR,
    ENTRY_PATIENT_ID,
    ENTRY_UNIQUE_ID,
    EVENT_CODE,
    FACILITY_CODE,
    FORMAT_CODE,
    HAS_MEMBER,
    LCM,
    PRACTICE_CODE,
    REPLACES,
    RIM,
    SET_AUTHOR,
    SET_PATIENT_ID,
    SET_SOURCE_ID,
    SET_UNIQUE_ID,
    STABLE_DOCUMENT,
    SUBMISSION_SET_NODE,
    TYPE_CODE,
)

LOT = "urn:uuid:b399687a-14d0-5679-95c9-c0462b6760b8"
AUTHOR = "810999990012^TESTMEDECIN^Louise^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS"


def files_of(*documents: bytes) -> dict[str, bytes]:
    """Paths and bytes of a conformant archive."""
    names = [f"DOC{rank:05d}.XML" for rank in range(1, len(documents) + 1)]
    folder = "IHE_XDM/SUBSET01"
    pairs = list(zip(names, documents, strict=True))
    return {
        "INDEX.HTM": b"<html/>",
        "README.TXT": b"Emetteur",
        f"{folder}/METADATA.XML": metadata(pairs).encode(),
        **{f"{folder}/{name}": data for name, data in pairs},
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files, deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def archive_of(*documents: bytes) -> bytes:
    """The bytes of a conformant archive."""
    return zipped(files_of(*documents))


def metadata(pairs: list[tuple[str, bytes]]) -> str:
    """METADATA.XML of documents with their file names."""
    entries = [_entry(name, data) for name, data in pairs]
    ins = _cx(ClinicalDocument.parse(pairs[0][1]))
    lot_id = f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, pairs[0][0] + ins + str(len(pairs[0][1]))).int}"
    lot = (
        f'<RegistryPackage id="{LOT}">{_slot("submissionTime", "20260312092000")}'
        f'<Classification classificationScheme="{SET_AUTHOR}">{_slot("authorPerson", AUTHOR)}'
        "</Classification>"
        f"{_code(CONTENT_TYPE_CODE, '07', '1.2.250.1.213.2.2')}"
        f"{_identifier(SET_PATIENT_ID, ins)}{_identifier(SET_SOURCE_ID, '1.2.250.1.999')}"
        f"{_identifier(SET_UNIQUE_ID, lot_id)}</RegistryPackage>"
        f'<Classification classifiedObject="{LOT}" classificationNode="{SUBMISSION_SET_NODE}"/>'
    )
    members = "".join(
        f'<Association associationType="{HAS_MEMBER}" sourceObject="{LOT}" '
        f'targetObject="{_id(data)}"/>'
        for _, data in pairs
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}" xmlns="{RIM}"><RegistryObjectList>'
        f"{''.join(entries)}{lot}{members}</RegistryObjectList></lcm:SubmitObjectsRequest>"
    )


def _id(data: bytes) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(data).hexdigest())}"


def _cx(document: ClinicalDocument) -> str:
    patient = document.patient
    assert patient is not None
    first = patient.ids[0]
    kind = "NH" if patient.ins else "PI"
    return f"{first.extension}^^^&amp;{first.root}&amp;ISO^{kind}"


def _entry(name: str, data: bytes) -> str:
    document = ClinicalDocument.parse(data)
    patient, act, encounter = document.patient, document.acts[0], document.encounter
    facility = encounter.facility if encounter else None
    assert patient is not None
    assert document.code is not None
    assert facility is not None
    setting = act.performers[0].organization
    place = setting.practice_setting if setting else None
    assert place is not None
    assert act.low is not None
    assert document.effective_time is not None
    traits = patient.traits
    model = next((MODELS[t.root] for t in document.models if t.root in MODELS), None)
    body = document.body
    form = (model and model.format_code) or N1_FORMATS[(body and body.media_type) or ""]
    info = (
        f"<Value>PID-5|{traits.birth_name}^{traits.first_given_name}^"
        f"{traits.birth_given_names}^^^^L</Value>"
        f"<Value>PID-7|{traits.birth_date.replace('-', '')}</Value>"
        f"<Value>PID-8|{traits.sex}</Value>"
    )
    parts = (
        _slot("creationTime", document.effective_time.utc),
        _slot("hash", hashlib.sha1(data, usedforsecurity=False).hexdigest()),
        _slot("languageCode", document.language),
        _slot("legalAuthenticator", AUTHOR),
        _slot("serviceStartTime", act.low.utc),
        _slot("size", str(len(data))),
        _slot("sourcePatientId", _cx(document)),
        f'<Slot name="sourcePatientInfo"><ValueList>{info}</ValueList></Slot>',
        _slot("URI", name),
        f'<Name><LocalizedString value="{escape(document.title or "")}"/></Name>',
        f'<Classification classificationScheme="{ENTRY_AUTHOR}">{_slot("authorPerson", AUTHOR)}'
        "</Classification>",
        _code(CLASS_CODE, "10", "1.2.250.1.213.1.1.4.1"),
        _code(CONFIDENTIALITY_CODE, "N", "2.16.840.1.113883.5.25"),
        _code(FORMAT_CODE, form, "1.3.6.1.4.1.19376.1.2.3"),
        _code(FACILITY_CODE, facility.code, facility.code_system),
        _code(PRACTICE_CODE, place.code, place.code_system),
        _code(TYPE_CODE, document.code.code, document.code.code_system),
        *(_code(EVENT_CODE, a.code.code, a.code.code_system) for a in document.acts if a.code),
        _identifier(ENTRY_PATIENT_ID, _cx(document)),
        _identifier(ENTRY_UNIQUE_ID, document.unique_id),
    )
    link = (
        f'<Association associationType="{REPLACES}" sourceObject="{_id(data)}" '
        'targetObject="urn:uuid:6d0db1cd-c486-5398-af0e-78238b073a23"/>'
        if document.replaces
        else ""
    )
    return (
        f'<ExtrinsicObject id="{_id(data)}" mimeType="text/xml" objectType="{STABLE_DOCUMENT}">'
        f"{''.join(parts)}</ExtrinsicObject>{link}"
    )


def _slot(name: str, value: str | None) -> str:
    return f'<Slot name="{name}"><ValueList><Value>{value}</Value></ValueList></Slot>'


def _code(scheme: str, code: str | None, system: str | None) -> str:
    return (
        f'<Classification classificationScheme="{scheme}" nodeRepresentation="{code}">'
        f"{_slot('codingScheme', system)}</Classification>"
    )


def _identifier(scheme: str, value: str | None) -> str:
    return f'<ExternalIdentifier identificationScheme="{scheme}" value="{value}"/>'
