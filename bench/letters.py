"""Documents that a third party sends to the product, about a person of a scenario."""

from __future__ import annotations

import base64
from functools import cache
from importlib import resources

from lxml import etree

from fixtures.world import PatientFixture

_CDA = {"h": "urn:hl7-org:v3"}
_ROLE = "/h:ClinicalDocument/h:recordTarget/h:patientRole"
_NAME = f"{_ROLE}/h:patient/h:name"
_GENDERS = {"M": "Masculin", "F": "Féminin"}


def letter_about(who: PatientFixture, number: int, *, ins: str | None = None) -> str:
    """A CDA N1 in base64 that carries the INS of a person, or another one.

    ``number`` tells the documents of a campaign apart. The INS root is that of the test
    environment, as in every document of the bench.
    """
    root = etree.fromstring(_model())
    year, month, day = who.birth_date.split("-")
    for path, attribute, value in (
        (f"{_ROLE}/h:id", "extension", ins or who.ins),
        (f"{_ROLE}/h:patient/h:administrativeGenderCode", "code", who.sex),
        (f"{_ROLE}/h:patient/h:administrativeGenderCode", "displayName", _GENDERS[who.sex]),
        (f"{_ROLE}/h:patient/h:birthTime", "value", f"{year}{month}{day}"),
        ("/h:ClinicalDocument/h:id", "root", f"2.25.7438721792238915638915403410{number:04d}"),
    ):
        _one(root, path).set(attribute, value)
    for path, text in (
        (f"{_NAME}/h:family[@qualifier='BR']", who.birth_name),
        (f"{_NAME}/h:family[@qualifier='CL']", who.used_name or who.birth_name),
        (f"{_NAME}/h:given[not(@qualifier)]", who.birth_given_names),
        (f"{_NAME}/h:given[@qualifier='BR']", who.first_given_name),
        (f"{_NAME}/h:given[@qualifier='CL']", who.first_given_name),
        (f"{_ROLE}/h:patient/h:birthplace//h:county", who.birth_place),
    ):
        _one(root, path).text = text
    return base64.b64encode(etree.tostring(root, encoding="UTF-8", xml_declaration=True)).decode()


def _one(root: etree._Element, path: str) -> etree._Element:
    found = root.xpath(path, namespaces=_CDA)
    return found[0]


@cache
def _model() -> bytes:
    folder = resources.files("fixtures") / "golden" / "cda"
    return (folder / "syn-n1-cr-consultation.xml").read_bytes()
