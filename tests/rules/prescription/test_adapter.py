"""Adapters are data: ours, and one made up here that renames, moves and recodes everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_adapter import Adapter, AdapterError, adapters, parse
from tests.rules.prescription.test_model import golden, told
from tests.shared_data import needs_shared

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
OTHER = """
nom = "essai"
forme = "soap"
adresse = "/essai"
espace = "urn:essai"
espaces = { p = "urn:essai:patient" }

[operations.EP4]
action = "urn:essai:creer"
demande = "Creation"
reponse = "p:Cree"

[operations.EP4-annulation]
action = "urn:essai:annuler"
demande = "Annulation"
reponse = "Annulee"

[cles]
id = "Entete/@numero"
"patient.nomNaissance" = "p:Identite/p:NomFamille"
lignes = "Lignes/Ligne"
n = "@rang"
consentement = "NonOpposition"

[valeurs.consentement]
true = "O"
false = "N"
[valeurs.eprescType]
medicament = "MED"
"""


def ours(name: str) -> Adapter:
    return next(a for a in adapters() if a.name == name)


def soap(adapter: Adapter, element: str, content: dict[str, Any]) -> Message:
    envelope = etree.Element(f"{{{SOAP12}}}Envelope")
    body = etree.SubElement(envelope, f"{{{SOAP12}}}Body")
    body.append(adapter.write_element(element, content))
    headers = (("Content-Type", "application/soap+xml"),)
    return Message(f"POST {adapter.address} HTTP/1.1", headers, etree.tostring(envelope))


@needs_shared
@pytest.mark.parametrize("name", ["simple", "bizone", "mixte", "bizone-executee"])
def test_golden_ordonnances_cross_each_wire_unchanged(name: str) -> None:
    content = golden(name)
    rest, placeholder, other = ours("dbx-rest"), ours("soap-placeholder"), parse(OTHER, "essai")
    by_rest = Message("POST /epresc/ep4_creer HTTP/1.1", (), json.dumps(content).encode())
    for adapter, message in (
        (rest, by_rest),
        (placeholder, soap(placeholder, "EnregistrerReq", content)),
        (other, soap(other, "Creation", content)),
    ):
        call = adapter.read_request(message)
        assert call.name == "EP4"
        assert Ordonnance.parse(call.content).to_json() == told(content)


def test_a_made_up_wire_is_written_as_its_file_says() -> None:
    content = {"id": "X", "consentement": True, "patient": {"nomNaissance": "É"}, "lignes": [
        {"n": 1, "eprescType": "medicament"}, {"n": 2, "eprescType": "acteInfirmier"}]}  # fmt: skip
    written = parse(OTHER, "essai").write_element("Creation", content)
    n = {"e": "urn:essai", "p": "urn:essai:patient"}
    assert written.xpath("string(e:Entete/@numero)", namespaces=n) == "X"
    assert written.xpath("string(e:patient/p:Identite/p:NomFamille)", namespaces=n) == "É"
    assert written.xpath("string(e:NonOpposition)", namespaces=n) == "O"
    assert written.xpath("e:Lignes/e:Ligne/@rang", namespaces=n) == ["1", "2"]
    types = written.xpath("e:Lignes/e:Ligne/e:eprescType/text()", namespaces=n)
    assert types == ["MED", "acteInfirmier"]


def test_unknown_elements_and_prefixes_do_not_disturb() -> None:
    adapter = ours("soap-placeholder")
    body = (
        f'<z:Envelope xmlns:z="{SOAP12}"><z:Body><q:ConsulterReq xmlns:q="{adapter.names.main}">'
        "<!-- x --><q:Id>A</q:Id><q:Prescripteur><q:Am>331999011</q:Am></q:Prescripteur>"
        '<k:plus xmlns:k="u">1</k:plus></q:ConsulterReq></z:Body></z:Envelope>'
    )
    call = adapter.read_request(Message("POST /wssoap/epresc/1/0 HTTP/1.1", (), body.encode()))
    assert (call.name, call.content["id"]) == ("EP3", "A")
    assert call.content["prescripteur"] == {"am": "331999011"}


def test_annulation_is_told_from_creation_at_one_path() -> None:
    body = json.dumps({"operation": "annulation", "id": "A"}).encode()
    message = Message("POST /epresc/ep4_creer HTTP/1.1", (), body)
    assert ours("dbx-rest").read_request(message).name == "EP4-annulation"


def test_traces_are_lines() -> None:
    message = Message("POST /epresc/traces HTTP/1.1", (), b'{"action":"EP4"}\n\n{"action":"EP3"}\n')
    call = ours("dbx-rest").read_request(message)
    assert [t["action"] for t in call.content["traces"]] == ["EP4", "EP3"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
def test_unreadable_bodies_are_malformed(body: bytes) -> None:
    for adapter in adapters():
        with pytest.raises(MalformedError) as caught:
            adapter.read_request(Message(f"POST {adapter.operations[0].path} HTTP/1.1", (), body))
        assert caught.value.finding.check_id == "EP-00"


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("forme = ", "TOML"),
        (OTHER.replace('forme = "soap"', 'forme = "edi"'), "forme"),
        (OTHER.replace("operations.EP4]", "operations.EP9]"), "EP9"),
        (OTHER.replace('demande = "Creation"', ""), "demande"),
        (OTHER.replace('espaces = { p = "urn:essai:patient" }', ""), "espaces"),
        (OTHER.replace('nom = "essai"', ""), "nom"),
    ],
)
def test_an_adapter_that_means_nothing_says_so(spoilt: str, said: str) -> None:
    with pytest.raises(AdapterError, match=said):
        parse(spoilt, "essai.toml")
