"""What an eP-MED-DM says of the patient: weight, height, pregnancy, when they are known.

Source: sheet e-prescription §9.3; entries FR-Signes-vitaux and
FR-Observation-sur-la-grossesse of CI-SIS.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from lxml import etree

from reference_impl.documents import cda
from reference_impl.documents.codes import Code
from reference_impl.documents.ep_med_dm_posology import XSI_TYPE, templated
from reference_impl.prescriptions.model import Ordonnance
from reference_impl.xmltree import node

LOINC, _SNOMED = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96"
_OBSERVATION = "1.3.6.1.4.1.19376.1.5.3.1.4.13"
_WEIGHT = Code("29463-7", LOINC, "Poids (mesuré)")
_HEIGHT = Code("8302-2", LOINC, "Taille")
_PREGNANT = Code("77386006", _SNOMED, "grossesse en cours")


def measured(ordonnance: Ordonnance) -> bool:
    """Whether there are measures to write."""
    return bool(ordonnance.weight or ordonnance.height)


def vitals(section: etree._Element, ordonnance: Ordonnance, at: datetime, namespace: UUID) -> None:
    """Narrative and entry of the measures; weight in kg, height in cm."""
    told = [
        (_WEIGHT, "poids", ordonnance.weight, "kg"),
        (_HEIGHT, "taille", ordonnance.height, "cm"),
    ]
    known = [(code, name, value, unit) for code, name, value, unit in told if value]
    table = node(node(section, "text"), "table", {"border": "0"})
    row = node(node(table, "tbody"), "tr")
    for code, name, value, unit in known:
        text = f"{code.label} : {value.replace('.', ',')} {unit}"
        node(node(row, "td"), "content", {"ID": name}, text)
    organizer = node(
        node(section, "entry"), "organizer", {"classCode": "CLUSTER", "moodCode": "EVN"}
    )
    templated(
        organizer,
        "2.16.840.1.113883.10.20.1.32",
        "2.16.840.1.113883.10.20.1.35",
        f"{_OBSERVATION}.1",
        "1.2.250.1.213.1.1.3.49",
    )
    node(organizer, "id", {"root": _id(namespace, "signes-vitaux")})
    cda.coded(organizer, "code", Code("85353-1", LOINC, "Signes vitaux"))
    node(organizer, "statusCode", {"code": "completed"})
    node(organizer, "effectiveTime", {"value": f"{at:%Y%m%d}"})
    for code, name, value, unit in known:
        own = ("2.16.840.1.113883.10.20.1.31", f"{_OBSERVATION}.2", "1.2.250.1.213.1.1.3.50")
        made = _observation(
            node(organizer, "component", {"typeCode": "COMP"}), own, namespace, name
        )
        _told(made, code, name, at)
        node(made, "value", {XSI_TYPE: "PQ", "value": value, "unit": unit})


def pregnancy(section: etree._Element, at: datetime, namespace: UUID) -> None:
    """Narrative and entry of a pregnancy in progress."""
    paragraph = node(node(section, "text"), "paragraph")
    node(paragraph, "content", {"ID": "grossesse"}, "Grossesse en cours")
    own = (f"{_OBSERVATION}.5", "1.2.250.1.213.1.1.3.53")
    made = _observation(node(section, "entry"), own, namespace, "grossesse")
    _told(made, Code("11449-6", LOINC, "Statut de grossesse"), "grossesse", at)
    cda.coded(made, "value", _PREGNANT).set(XSI_TYPE, "CE")


def _observation(
    parent: etree._Element, own: tuple[str, ...], namespace: UUID, name: str
) -> etree._Element:
    made = node(parent, "observation", {"classCode": "OBS", "moodCode": "EVN"})
    templated(made, _OBSERVATION, *own)
    node(made, "id", {"root": _id(namespace, name)})
    return made


def _told(made: etree._Element, code: Code, name: str, at: datetime) -> None:
    cda.coded(made, "code", code)
    node(node(made, "text"), "reference", {"value": f"#{name}"})
    node(made, "statusCode", {"code": "completed"})
    node(made, "effectiveTime", {"value": f"{at:%Y%m%d}"})


def _id(namespace: UUID, name: str) -> str:
    return str(uuid5(namespace, name)).upper()
