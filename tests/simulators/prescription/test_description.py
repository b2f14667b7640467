"""openapi.json and ?wsdl say what the service does: what it demands, what it answers.

Witness: jsonschema for the OpenAPI document, lxml's XML Schema for the WSDL's types.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import jsonschema
import pytest
from lxml import etree

from rules.formats.prescription import LINE_TYPES
from simulators.platform import Platform
from simulators.prescription.errors import CATALOGUE
from simulators.testing import client
from tests.simulators.prescription.client import DOCTOR, Caller, line, ordonnance, pharmacist

WHO = {"rpps": DOCTOR[1:], "am": "331999011"}
XS = "{http://www.w3.org/2001/XMLSchema}"


@pytest.fixture
def described(platform: Platform) -> dict[str, Any]:
    with client(platform) as http:
        return http.get(platform.descriptor["ordonnance"]["openapi"]).json()


def problems(described: dict[str, Any], name: str, value: Any) -> list[str]:
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    return [e.json_path for e in jsonschema.Draft202012Validator(schema).iter_errors(value)]


def without(told: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    changed = deepcopy(told)
    held = changed
    for step in path[:-1]:
        held = held[step]
    del held[path[-1]]
    return changed


@pytest.mark.parametrize(
    "path", [("id",), ("prescripteur",), ("patient",), ("lignes",), ("patient", "nomNaissance"),
             ("prescripteur", "rpps")],
)  # fmt: skip
def test_what_it_says_is_required_of_an_ep4_is_refused_when_absent(
    platform: Platform, described: dict[str, Any], path: tuple[str, ...]
) -> None:
    doctor = Caller(platform)
    whole = ordonnance(doctor.now)
    assert problems(described, "Ordonnance", whole) == []
    told = without(whole, path)
    assert problems(described, "Ordonnance", told) != []
    assert doctor.call("EP4", told).error in ("EP-P-002", "EP-P-003", "EP-P-005", "EP-P-006")


@pytest.mark.parametrize("key", ["id", "date", "executant", "lignes"])
def test_what_it_says_is_required_of_an_ep1_is_refused_when_absent(
    platform: Platform, described: dict[str, Any], key: str
) -> None:
    doctor, pharmacy = Caller(platform), Caller(platform, "810999993032")
    told = ordonnance(doctor.now)
    doctor.call("EP4", told)
    whole = {"id": told["id"], "date": told["horodatage"][:10], "executant": pharmacist(),
             "lignes": [{"ligne": 1, "statut": "DELIVREE"}]}  # fmt: skip
    assert problems(described, "Executing", whole) == []
    assert problems(described, "Executing", without(whole, (key,))) != []
    assert pharmacy.call("EP1", without(whole, (key,))).error in ("EP-P-007", "EP-P-013")
    assert pharmacy.call("EP1", whole).error is None


@pytest.mark.parametrize("kind", LINE_TYPES)
def test_lines_are_told_apart_by_their_discriminator(described: dict[str, Any], kind: str) -> None:
    schemas = described["components"]["schemas"]
    told = schemas["Line"]["discriminator"]
    assert told["propertyName"] == "eprescType"
    assert set(told["mapping"]) == set(LINE_TYPES)
    name = told["mapping"][kind].rpartition("/")[2]
    made = line(1, eprescType=kind)
    assert problems(described, "Line", made) == []
    assert problems(described, name, made) == []
    others = {ref.rpartition("/")[2] for ref in told["mapping"].values()} - {name}
    assert all(problems(described, other, made) for other in others)
    assert problems(described, "Line", {**made, "eprescType": "acteDemain"}) != []


def test_every_error_of_the_catalogue_is_among_the_answers(described: dict[str, Any]) -> None:
    for told in (each for path in described["paths"].values() for each in path.values()):
        said = {code: text["description"] for code, text in told["responses"].items()}
        for error in CATALOGUE.values():
            # EP-P-011 is a warning, never a refusal.
            assert error.code == "EP-P-011" or error.code in said[str(error.status)]


def test_answers_hold_to_what_is_said(platform: Platform, described: dict[str, Any]) -> None:
    """A line that said no type is given back as a drug; every answer is whole."""
    doctor = Caller(platform)
    bare = line(1)
    del bare["eprescType"]
    told = ordonnance(doctor.now, bare)
    asked = {"id": told["id"], "emetteur": WHO}
    gone = {"operation": "annulation", "id": told["id"], "prescripteur": {"rpps": DOCTOR[1:]}}
    for operation, content, name in (
        ("EP4", told, "Recorded"), ("EP3", asked, "Consulted"), ("EP2", {"emetteur": WHO},
         "FoundPage"), ("EP4-annulation", gone, "Cancelled"), ("EP3", {"id": "X"}, "Refus"),
    ):  # fmt: skip
        assert problems(described, name, doctor.post(operation, content).json()) == []
    assert (
        doctor.call("EP3", asked).content["ordonnance"]["lignes"][0]["eprescType"] == "medicament"
    )


def test_a_search_needs_not_all_that_an_ep4_does(described: dict[str, Any]) -> None:
    wanted = {"emetteur": WHO, "patient": {"ins": {"matricule": "285073306304208"}},
              "prescripteur": {"am": "331999011"}}  # fmt: skip
    assert problems(described, "Searching", wanted) == []
    assert problems(described, "Searching", {**wanted, "page": 0}) == ["$.page"]


def test_the_schema_of_the_wsdl_demands_the_same(platform: Platform) -> None:
    doctor = Caller(platform, DOCTOR, "soap-placeholder")
    with client(platform) as http:
        told = http.get(doctor.url(f"{doctor.adapter.address}?xsd=epresc.xsd")).content
    schema = etree.XMLSchema(etree.fromstring(told))
    whole = ordonnance(doctor.now)
    for content, held in ((whole, True), (without(whole, ("id",)), False),
                          (without(whole, ("patient", "nomNaissance")), False)):  # fmt: skip
        ordered = {key: content[key] for key in _order(told, "EnregistrerReq") if key in content}
        element = doctor.adapter.write_element("EnregistrerReq", ordered)
        assert schema.validate(_sequenced(element, told)) is held, schema.error_log


def _order(schema: bytes, name: str) -> list[str]:
    found = etree.fromstring(schema).find(f"{XS}element[@name='{name}']/{XS}complexType")
    assert found is not None
    names = [each.get("name", "") for each in found.iter(f"{XS}element")]
    return [name[:1].lower() + name[1:] for name in names]


def _sequenced(element: etree._Element, schema: bytes) -> etree._Element:
    """The same with the children of each element in the order of its type."""
    types = {t.get("name"): t for t in etree.fromstring(schema).findall(f"{XS}complexType")}
    root = etree.fromstring(schema).find(f"{XS}element[@name='EnregistrerReq']/{XS}complexType")

    def sort(node: etree._Element, kind: etree._Element | None) -> None:
        if kind is None:
            return
        held = {e.get("name"): e for e in kind.iter(f"{XS}element")}
        ranks = list(held)
        node[:] = sorted(node, key=lambda child: ranks.index(etree.QName(child).localname))
        for child in node:
            told = held[etree.QName(child).localname].get("type", "")
            sort(child, types.get(told.removeprefix("tns:")))

    sort(element, root)
    return element
