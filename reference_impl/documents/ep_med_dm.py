"""CDA R2 level 3 of an ordonnance: eP-MED-DM 2024.01.

The number of the ordonnance is the identifier of the main act, whose dates are those of
its validity; the document has an identifier of its own. Without a number the service does
not hold the ordonnance: there is no Code 2D section (PRESC.03, PRESC.04). Lines that the
model cannot say (biology, care) are in the comment section.

Source: sheet e-prescription §9 (CI-SIS, volet eP-MED-DM).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import NAMESPACE_OID, UUID, uuid5

from lxml import etree

from reference_impl.documents import (
    cda,
    codes,
    datamatrix,
    ep_med_dm_lines,
    ep_med_dm_patient,
    qr,
)
from reference_impl.documents.codes import Code
from reference_impl.documents.ordonnance_text import line_text
from reference_impl.people import Professional
from reference_impl.prescriptions.model import DEVICE, Executor, Line, Ordonnance, Prescriber
from reference_impl.prescriptions.number import ROOT as NUMBER_ROOT
from reference_impl.xmltree import node

VERSION = "2024.01"
TEMPLATES: tuple[tuple[str, str | None], ...] = (
    (codes.TEMPLATE_HL7_FRANCE, None),
    (codes.TEMPLATE_CI_SIS, None),
    ("1.3.6.1.4.1.19376.1.9.1.1.1", None),
    ("1.3.6.1.4.1.19376.1.5.3.1.1.1", None),
    (codes.TEMPLATE_PRESCRIPTION, VERSION),
)
_LOINC = ep_med_dm_patient.LOINC
FLAGS = {
    code: Code(code, ep_med_dm_lines.TA_ASIP, label)
    for code, label in (
        ("MED-1096", "Prescription bizone"),
        ("MED-1097", "Prescription médicaments d'exception"),
        ("MED-1098", "Ordonnance sécurisée"),
        ("MED-1132", "Prescription grand appareillage"),
        ("MED-1094", "Exécution à domicile"),
        ("MED-1095", "Exécution en urgence"),
        ("MED-1159", "Affection militaire"),
    )
}
"""Flags of the document, by code."""
_CORRESPONDENT = Code("CORRE", "1.2.250.1.213.1.1.4.2.280", "Correspondant")
_PHARMACIST = Code("G15_21/A", codes.AUTHOR_SPECIALTY_SYSTEM, "Pharmacien titulaire d'officine")
_PHYSICIAN = Code("G15_10", codes.AUTHOR_SPECIALTY_SYSTEM, "Médecin")
_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Prescription:
    """What the document says. ``number`` and ``code_2d`` are None in the fallback.

    ``replaced`` is the titulaire when a remplaçant prescribes, as a user of this
    product or as the ordonnance names him; ``page`` is the PDF given to the patient.
    """

    header: cda.Header
    ordonnance: Ordonnance
    replaced: Prescriber | Professional | None
    number: str | None
    code_2d: str | None
    page: bytes


def build(asked: Prescription) -> bytes:
    """The document, UTF-8. Same prescription, same bytes."""
    header = asked.header
    root = etree.Element(
        f"{{{cda.HL7}}}ClinicalDocument", nsmap={None: cda.HL7, "xsi": ep_med_dm_lines.XSI}
    )
    cda.identity(root, header)
    cda.record_target(root, header)
    cda.author(root, header)
    cda.custodian(root, header.author)
    cda.legal_authenticator(root, header)
    _participants(root, asked)
    _acts(root, asked)
    if header.replaces is not None:
        parent = node(node(root, "relatedDocument", {"typeCode": "RPLC"}), "parentDocument")
        node(parent, "id", {"root": header.replaces})
    cda.encounter(root, header)
    _sections(node(node(root, "component"), "structuredBody"), asked)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _participants(root: etree._Element, asked: Prescription) -> None:
    """The PS remplacé, then who is named to execute and the day wished."""
    if asked.replaced is not None:
        participant = node(root, "participant", {"typeCode": "CON"})
        cda.coded(participant, "functionCode", _CORRESPONDENT)
        _time(participant, "low", asked.header.written_at)
        entity = node(participant, "associatedEntity", {"classCode": "PROV"})
        _replaced(entity, asked.replaced)
    executor, wished = asked.ordonnance.wished_executor, asked.ordonnance.wished_on
    if executor is None and wished is None:
        return
    participant = node(root, "participant", {"typeCode": "PRF"})
    if wished is None:
        node(participant, "time", {"nullFlavor": "UNK"})
    else:
        _time(participant, "high", _end_of(wished, asked.header.written_at))
    unknown = {"nullFlavor": "UNK"} if executor is None else {}
    entity = node(participant, "associatedEntity", {"classCode": "PROV", **unknown})
    if executor is not None:
        _executor(entity, executor)


def _executor(entity: etree._Element, executor: Executor) -> None:
    if executor.rpps:
        node(entity, "id", {"root": codes.PS_AUTHORITY, "extension": f"8{executor.rpps}"})
    cda.coded(entity, "code", _PHARMACIST)
    if executor.family_name:
        _person(entity, executor.given_name, executor.family_name)
    if executor.finess or executor.structure:
        organization = node(entity, "scopingOrganization")
        if executor.finess:
            structure = {"root": codes.STRUCTURE_AUTHORITY, "extension": f"1{executor.finess}"}
            node(organization, "id", structure)
        node(organization, "name", text=executor.structure or executor.finess)


def _replaced(entity: etree._Element, replaced: Prescriber | Professional) -> None:
    node(entity, "id", {"root": codes.PS_AUTHORITY, "extension": f"8{replaced.rpps}"})
    known = isinstance(replaced, Professional)
    cda.coded(entity, "code", cda.specialty(replaced) if known else _PHYSICIAN)
    _person(entity, replaced.given_name, replaced.family_name)
    if known:
        cda.organization(entity, "scopingOrganization", replaced)


def _person(entity: etree._Element, given: str | None, family: str | None) -> None:
    name = node(node(entity, "associatedPerson"), "name")
    if given:
        node(name, "given", text=given)
    node(name, "family", text=family)


def _time(parent: etree._Element, bound: str, instant: datetime) -> None:
    interval = node(parent, "time", {f"{{{ep_med_dm_lines.XSI}}}type": "IVL_TS"})
    node(interval, bound, {"value": cda.timestamp(instant)})


def _validity(asked: Prescription) -> tuple[datetime, datetime]:
    """From the instant of prescription to the end of the last day."""
    low = asked.header.written_at
    if not asked.ordonnance.validity:
        return low, low
    return low, max(low, _end_of(asked.ordonnance.validity[-1], low))


def _end_of(day: str, local: datetime) -> datetime:
    """The last second of a day (ISO), in the zone of an instant."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), local.tzinfo)


def _acts(root: etree._Element, asked: Prescription) -> None:
    """The prescription itself, then a flag a documentationOf."""
    header = asked.header
    event = node(node(root, "documentationOf"), "serviceEvent", {"classCode": "ACT"})
    if asked.number is not None:
        node(event, "id", {"root": NUMBER_ROOT, "extension": asked.number})
    cda.coded(event, "code", codes.HEALTH_PRODUCTS.type)
    interval = node(event, "effectiveTime")
    for bound, instant in zip(("low", "high"), _validity(asked), strict=True):
        node(interval, bound, {"value": cda.timestamp(instant)})
    entity = node(node(event, "performer", {"typeCode": "PRF"}), "assignedEntity")
    cda.professional_parts(entity, header.author)
    cda.organization(entity, "representedOrganization", header.author, setting=True)
    for flag in asked.ordonnance.flags:
        told = node(node(root, "documentationOf"), "serviceEvent", {"classCode": "INFO"})
        cda.coded(told, "code", FLAGS.get(flag, Code(flag, ep_med_dm_lines.TA_ASIP, flag)))


def _sections(body: etree._Element, asked: Prescription) -> None:
    ordonnance = asked.ordonnance
    namespace = uuid5(NAMESPACE_OID, asked.header.unique_id)
    writer = ep_med_dm_lines.Lines(asked.header.written_at, namespace)
    acts = tuple(line for line in ordonnance.lines if not line.drug and line.kind != DEVICE)
    if asked.code_2d is not None:
        _code_section(_section(body, "code-2d", namespace), asked.code_2d)
    filled: tuple[tuple[tuple[Line, ...], Callable[[etree._Element], None], str], ...] = (
        (ordonnance.drugs, lambda section: writer.drugs(section, ordonnance.drugs), "medicaments"),
        (ordonnance.devices, lambda s: writer.devices(s, ordonnance.devices), "dispositifs"),
        (acts, lambda section: _comment(section, acts), "commentaire"),
    )
    for lines, fill, name in filled:
        if lines:
            fill(_section(body, name, namespace))
    at = asked.header.written_at
    if ep_med_dm_patient.measured(ordonnance):
        section = _section(body, "signes-vitaux", namespace)
        ep_med_dm_patient.vitals(section, ordonnance, at, namespace)
    if ordonnance.pregnant:
        ep_med_dm_patient.pregnancy(_section(body, "grossesses", namespace), at, namespace)
    _copy(_section(body, "copie", namespace), asked.page, namespace)


_HEADS = {
    "code-2d": (
        ("1.2.250.1.213.1.1.2.223",),
        Code("57723-9", _LOINC, "Numéro de code à barres unique"),
        "Code 2D de la prescription",
    ),
    "medicaments": (
        ("1.3.6.1.4.1.19376.1.9.1.2.1", "1.2.250.1.213.1.1.2.171"),
        Code("57828-6", _LOINC, "Prescriptions"),
        "Prescription de médicaments",
    ),
    "dispositifs": (
        ("1.2.250.1.213.1.1.2.222",),
        Code("46264-8", _LOINC, "Dispositifs médicaux"),
        "Prescription de dispositifs médicaux",
    ),
    "commentaire": (
        ("2.16.840.1.113883.10.12.201", "1.3.6.1.4.1.19376.1.4.1.2.16", "1.2.250.1.213.1.1.2.73"),
        Code("55112-7", _LOINC, "Commentaire"),
        "Commentaire",
    ),
    "signes-vitaux": (
        (
            "2.16.840.1.113883.10.20.1.16",
            "1.3.6.1.4.1.19376.1.5.3.1.3.25",
            "1.3.6.1.4.1.19376.1.5.3.1.1.5.3.2",
            "1.2.250.1.213.1.1.2.75",
        ),
        Code("8716-3", _LOINC, "Signes vitaux"),
        "Signes vitaux",
    ),
    "grossesses": (
        ("1.3.6.1.4.1.19376.1.5.3.1.1.5.3.4", "1.2.250.1.213.1.1.2.77"),
        Code("10162-6", _LOINC, "Historique des grossesses"),
        "Historique des grossesses",
    ),
    "copie": (
        ("1.2.250.1.213.1.1.2.243",),
        Code("55108-5", _LOINC, "Copie du document"),
        "Copie du document",
    ),
}
"""templateIds, code and title of each section."""


def _section(body: etree._Element, name: str, namespace: UUID) -> etree._Element:
    templates, code, title = _HEADS[name]
    section = node(node(body, "component"), "section")
    ep_med_dm_lines.templated(section, *templates)
    node(section, "id", {"root": str(uuid5(namespace, name)).upper()})
    cda.coded(section, "code", code)
    node(section, "title", text=title)
    return section


def _code_section(section: etree._Element, text: str) -> None:
    node(node(section, "text"), "renderMultiMedia", {"referencedObject": "Code2D"})
    media = node(
        node(section, "entry"),
        "observationMedia",
        {"classCode": "OBS", "moodCode": "EVN", "ID": "Code2D"},
    )
    ep_med_dm_lines.templated(media, "2.16.840.1.113883.10.12.304", "1.2.250.1.213.1.1.3.103")
    picture = io.BytesIO()
    drawn = datamatrix.picture(qr.symbol(text), quiet_zone=qr.QUIET_ZONE)
    drawn.convert("L").save(picture, "JPEG", quality=_JPEG_QUALITY)
    cda.embedded(media, "value", "image/jpeg", picture.getvalue())


def _comment(section: etree._Element, lines: tuple[Line, ...]) -> None:
    text = node(section, "text")
    for line in lines:
        words = line_text(line)
        node(text, "paragraph", text=", ".join((words.heading, *words.details)))


def _copy(section: etree._Element, page: bytes, namespace: UUID) -> None:
    """The PDF that the patient was given."""
    node(node(section, "text"), "renderMultiMedia", {"referencedObject": "copie"})
    cluster = {"classCode": "CLUSTER", "moodCode": "EVN"}
    organizer = node(node(section, "entry"), "organizer", cluster)
    ep_med_dm_lines.templated(organizer, "1.2.250.1.213.1.1.3.18")
    node(organizer, "id", {"root": str(uuid5(namespace, "document-attache")).upper()})
    cda.coded(organizer, "code", Code("55107-7", _LOINC, "Document attaché"))
    node(organizer, "statusCode", {"code": "completed"})
    observation = ep_med_dm_lines.observation(
        node(organizer, "component"), "1.2.250.1.213.1.1.3.48.18", namespace, "type-document"
    )
    cda.coded(observation, "code", Code("69764-9", _LOINC, "Type de document"))
    node(node(observation, "text"), "reference", {"value": "#copie"})
    node(observation, "statusCode", {"code": "completed"})
    node(observation, "effectiveTime", {"nullFlavor": "NA"})
    kind = Code("55108-5", _LOINC, "Copie du document")
    cda.coded(observation, "value", kind)
    observation[-1].set(f"{{{ep_med_dm_lines.XSI}}}type", "CD")
    media = node(
        node(organizer, "component"),
        "observationMedia",
        {"classCode": "OBS", "moodCode": "EVN", "ID": "copie"},
    )
    cda.embedded(media, "value", "application/pdf", page)
