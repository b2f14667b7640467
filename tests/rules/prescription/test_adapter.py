"""Adapters are data: ours, and one made up here that renames, moves and recodes everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_adapter import (
    Adapter,
    AdapterError,
    adapters,
    load,
    load_folder,
    parse,
)
from tests.rules.prescription.official import NS, NS_LINES, OFFICIAL
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
    official = parse(OFFICIAL, "officiel")
    by_rest = Message("POST /epresc/ep4_creer HTTP/1.1", (), json.dumps(content).encode())
    for adapter, message in (
        (rest, by_rest),
        (placeholder, soap(placeholder, "EnregistrerReq", content)),
        (other, soap(other, "Creation", content)),
        (official, soap(official, "FluxOrdonnance", content)),
    ):
        call = adapter.read_request(message)
        assert call.name == "EP4"
        read = Ordonnance.parse(call.content).to_json()
        assert read == told(content)


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
        (OTHER.replace('nom = "essai"', ""), "« nom » manque"),
        (OTHER.replace("adresse =", "adrese ="), "« adrese » inconnue ; vouliez-vous « adresse »"),
        (OTHER.replace('adresse = "/essai"', 'adresse = "essai"'), "« adresse » : « essai »"),
        (OTHER.replace('adresse = "/essai"', "adresse = 3"), "« adresse » : un texte est attendu"),
        (OTHER.replace("demande =", "demnde ="), "« operations.EP4.demnde » inconnue"),
        (
            OTHER.replace('"patient.nomNaissance"', '"patient.nomNaisance"'),
            "« patient.nomNaisance » n'est pas une clé.*« patient.nomNaissance »",
        ),
        (OTHER.replace('n = "@rang"', "n = 3"), "« cles.n » : un texte"),
        (OTHER.replace('n = "@rang"', 'n = "@a b"'), "n'est pas du XML"),
        (OTHER.replace('n = "@rang"', 'n = "idLigne"'), "« lignes.* » ne se relit pas"),
        (OTHER.replace('"Entete/@numero"', '"patient/@numero"'), "« patient.*» ne se relit pas"),
        (OTHER.replace('false = "N"', 'false = "O"'), "« O » y est deux fois"),
        (OTHER.replace('"Annulation"', '"Creation"').replace("annuler", "creer"), "la même place"),
        (OTHER + "\n[booleens]\ntrue = 'O'", "« booleens »"),
        (OTHER + "\n[dates]\ndate = 'AAMMJJ'", "« dates.date » : AAMMJJ n'a pas AAAA"),
        (OTHER + "\n[dates]\nheure = 'hh'", "« dates.heure » inconnue"),
        (OTHER + "\n[faute]\nstatut = 200", "« faute.statut »"),
        (OTHER + "\n[erreurs]\nEP-P-001 = 1", "« erreurs.EP-P-001 »"),
        ("operations = 3\n" + OTHER.partition("[operations")[0], "« operations » : une table"),
        (OTHER.replace('espace = "urn:essai"', ""), "« espace » manque"),
        (OTHER.replace('"urn:essai:creer"', "[1]"), "« operations.EP4.action »"),
    ],
)
def test_an_adapter_that_means_nothing_says_so(spoilt: str, said: str) -> None:
    with pytest.raises(AdapterError, match=said) as caught:
        parse(spoilt, "essai.toml")
    assert str(caught.value).startswith("essai.toml : ")


def test_a_wire_that_has_nothing_of_ours_is_written_as_its_file_says() -> None:
    content = {
        "id": "X", "consentement": False, "horodatage": "2026-03-02T09:05:07+00:00",
        "validite": ["2026-03-02", "2027-03-01"],
        "patient": {"ins": {"matricule": "2"}, "nomNaissance": "É", "prenoms": ["A", "B"],
                    "naissance": "1985-00-12"},
        "lignes": [{"n": 1, "eprescType": "medicament", "cis": "6", "libelle": "L", "ald": True,
                    "quantite": 3, "mentions": ["M1", "M2"]}],
    }  # fmt: skip
    written = parse(OFFICIAL, "officiel").write_element("FluxOrdonnance", content)
    assert written.tag == f"{{{NS}}}FluxOrdonnance"
    assert [child.tag for child in written] == ["Porteur", "Bloc", "Entete", "Validite"]
    entete = written.find("Entete")
    assert entete is not None
    assert dict(entete.attrib) == {
        "numero": "X", "nonOpposition": "N", "emission": "02/03/2026 10:05:07",
    }  # fmt: skip
    assert written.xpath("string(Validite/@du)") == "20260302"
    assert written.xpath("string(Porteur/ins/@nir)") == "2"
    assert written.xpath("string(Porteur/Identite/@ne)") == "19850012"
    assert written.xpath("string(Porteur/Identite/Prenoms)") == "A B"
    line = written.find(f"Bloc/{{{NS_LINES}}}Lignes/{{{NS_LINES}}}Ligne")
    assert line is not None
    assert (line.get("ald"), line.xpath("string(quantite/@nb)")) == ("O", "3")
    mentions = line.findall(f"{{{NS_LINES}}}Mentions/{{{NS_LINES}}}Mention")
    assert [each.text for each in mentions] == ["M1", "M2"]


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ('nonOpposition="O"', 'nonOpposition="true"', "consentement"),
        ('du="20260312"', 'du="2026-03-12"', "validite"),
        ('emission="12/03/2026 ', 'emission="2026-03-12T', "horodatage"),
    ],
)
@needs_shared
def test_what_is_not_spelt_as_the_file_says_is_malformed(
    right: str, wrong: str, place: str
) -> None:
    adapter = parse(OFFICIAL, "officiel")
    sent = soap(adapter, "FluxOrdonnance", golden("simple"))
    assert right.encode() in sent.body
    spoilt = Message(
        sent.start_line, sent.headers, sent.body.replace(right.encode(), wrong.encode())
    )
    with pytest.raises(MalformedError) as caught:
        adapter.read_request(spoilt)
    assert caught.value.finding.place == place


def test_attributes_and_namespaces_nobody_knows_do_not_disturb() -> None:
    """N16: xsi:type and xml:lang of many stacks, nil, extensions named like a key of ours."""
    adapter = ours("soap-placeholder")
    body = (
        f'<z:Envelope xmlns:z="{SOAP12}"><z:Body><ConsulterReq xmlns="{adapter.names.main}" '
        'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:k="u">'
        '<k:Id>B</k:Id><Id i:type="string" xml:lang="fr" lot="3">A</Id>'
        '<Emetteur><Rpps i:nil="true"/><Am>331999011</Am></Emetteur>'
        "<AvecExecutions i:nil='1'/></ConsulterReq></z:Body></z:Envelope>"
    )
    call = adapter.read_request(Message("POST /wssoap/epresc/1/0 HTTP/1.1", (), body.encode()))
    assert call.content == {"id": "A", "emetteur": {"am": "331999011"}}


def test_an_empty_element_is_no_remplacant() -> None:
    """Many stacks write the optional elements that they do not fill."""
    adapter = ours("soap-placeholder")
    sent = soap(adapter, "EnregistrerReq", {"id": "A"})
    body = sent.body.replace(b"</EnregistrerReq>", b"<Remplace/><Lignes/></EnregistrerReq>")
    assert body != sent.body
    read = Ordonnance.parse(adapter.read_request(Message(sent.start_line, (), body)).content)
    assert (read.replaced, read.lines) == (None, ())


def test_a_file_of_windows_is_read(tmp_path: Any) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + OTHER.replace("\n", "\r\n").encode())
    assert load(path).name == "essai"


@pytest.mark.parametrize("octets", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Any, octets: bytes | None) -> None:
    path = tmp_path / "a.toml"
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(AdapterError, match=r"a\.toml : fichier illisible"):
        load(path)


def test_two_files_of_one_name_are_told(tmp_path: Any) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(OTHER, encoding="utf-8")
    with pytest.raises(AdapterError, match=r"b\.toml : « nom » : essai est déjà pris par a\.toml"):
        list(load_folder(tmp_path))
    with pytest.raises(AdapterError, match="n'existe pas"):
        list(load_folder(tmp_path / "nulle-part"))
