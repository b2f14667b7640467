"""Witness: zeep, a SOAP client nobody here wrote, reads our ?wsdl of AUTH and SIGN and calls both.

Pure Python, so it runs with the default tests. zeep makes the WS-Addressing headers of its own,
as the description asks; the assertion is signed by signxml with the key of a card.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from lxml import etree
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

from rules.formats.apcv_names import AUTHENTICATE, DESTROY, NS_AUTH, NS_SIGN, RESTORE, SIGN
from rules.judge import JournalView, judge_journal
from simulators.apcv.description import schema
from simulators.apcv.faults import FAULTS
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.shared_data import GOLDEN, needs_shared
from tests.simulators.apcv.lps import FAMILY, LOUISE, WSA, Lps

LPS = "{urn:siram:lps:ctxlps}"
PRACTICE = {"IdentifiantFacturation": "331999011", "CodeSpecialiteAMO": "01"}
PATHS = {"auth": "/wssoap/apcv/auth/1/0", "sign": "/wssoap/apcv/sign/1/0"}
CARD = {"_value_1": "2850733063042", "cle": "08"}
INVOICE: dict[str, Any] = {
    "Facture": {"type": "FSE", "NIRAssure": CARD, "DonneeFSE": "ZXNzYWk="},
    "ResumeFacture": {
        "ProfessionnelSante": {
            "IdentifiantFacturation": "331999011",
            "IdNatPS": LOUISE,
            "Nom": "TESTMEDECIN",
        },
        "Beneficiaire": {"NomFamille": "TESTAVRIL", "Prenom": "CAMILLE", "NIRCertifie": CARD},
    },
}


class Completed:
    """What zeep does not make: ReplyTo, and the assertion signed by a card in its block."""

    def __init__(self, lps: Lps) -> None:
        self.lps = lps

    def apply(
        self, envelope: etree._Element, headers: dict[str, str]
    ) -> tuple[etree._Element, dict[str, str]]:
        header = envelope.find("{*}Header")
        assert header is not None
        reply = etree.SubElement(etree.SubElement(header, f"{{{WSA}}}ReplyTo"), f"{{{WSA}}}Address")
        reply.text = f"{WSA}/anonymous"
        reserved = header.find("{*}Security")
        assert reserved is not None
        header.replace(reserved, etree.fromstring(self.lps.security()))
        return envelope, headers

    def verify(self, envelope: etree._Element) -> None:
        """Answers are not signed (sheet ``apcv`` §3.4): nothing to verify."""


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc", "apcv")) as started:
        yield started


@pytest.fixture
def lps(shared_platform: Platform) -> Lps:
    shared_platform.reset()
    return Lps(shared_platform)


def connected(lps: Lps, service: str = "auth") -> Client:
    """A client of the description as it is served now."""
    platform = lps.platform
    session = requests.Session()
    session.trust_env = False
    session.verify = str(platform.folder / platform.descriptor["confiance"]["pem"])
    transport = Transport(session=session, timeout=20, operation_timeout=20)
    address = platform.descriptor["apcv"][service]
    return Client(f"{address}?wsdl", transport=transport, wsse=Completed(lps))


def call(client: Client, operation: str, idam: str = "TSTBANC00042", **content: Any) -> Any:
    software = {
        "IDAM": {"_value_1": idam, "R": "4"},
        "Version": "4.2.0",
        "Instance": "d3119009-340f-4651-b660-6dc245ebd83b",
        "Nom": "urn:lps:LOGICIEL ESSAI:4.2.0",
    }
    block = client.get_element(f"{LPS}ContexteLPS")(
        Id=str(uuid.uuid4()), Temps=datetime.now(UTC), Emetteur=LOUISE, LPS=software,
        Version="01_00", Nature="CTXLPS",
    )  # fmt: skip
    headers = {"Security": {}, "ContexteLPS": block}
    return client.service[operation](**content, _soapheaders=headers)


def authenticated(client: Client, lps: Lps) -> Any:
    return call(
        client, AUTHENTICATE, ProfessionnelSante=PRACTICE, Donnees=lps.code(), version="1.0"
    )


def test_it_finds_the_services_by_their_names(lps: Lps) -> None:
    ports = connected(lps).wsdl.services["ServiceAUTHService"].ports
    binding = ports["ServiceAUTHPort"].binding
    assert set(binding.all()) == {AUTHENTICATE, RESTORE, DESTROY}
    assert binding.port_type.name.localname == "ServiceAUTH"
    assert (
        ports["ServiceAUTHPort"].binding_options["address"]
        == (lps.platform.descriptor["apcv"]["auth"])
    )


def test_it_authenticates_restores_signs_and_destroys(lps: Lps) -> None:
    auth, sign = connected(lps), connected(lps, "sign")
    opened = authenticated(auth, lps)
    assert (opened.CodeStatut, opened.ProfilApCV.Identification.numSerie) == ("0", FAMILY)
    holder = opened.ProfilApCV.Utilisateur
    assert holder.IdentitePatient.INSACTIF.IdIndividu.NumIdentifiant == "2850733063042"
    assert holder.IdentitePatient.TIQ.ListePrenom == "CAMILLE ANNE"
    assert len(opened.ProfilApCV.Individu) == 2
    restored = call(auth, RESTORE, version="1.0")
    context = restored.ContexteApCV.Identifiant
    assert context == opened.ContexteApCV.Identifiant
    assert restored.ContexteApCV.DateFinValidite == opened.ContexteApCV.DateFinValidite
    assert isinstance(restored.ContexteApCV.DateFinValidite, datetime)
    named: dict[str, Any] = {"ContexteApCV": {"Identifiant": context}}
    assert call(sign, SIGN, **named, **INVOICE).CodeStatut == "0"
    assert call(auth, DESTROY, **named, version="1.0").CodeStatut == "0"
    gone = call(auth, RESTORE, version="1.0")
    assert (gone.CodeStatut, gone.ContexteApCV, gone.ProfilApCV) == ("6", None, None)


def test_the_descriptor_tells_where_the_description_is(lps: Lps) -> None:
    told = lps.platform.descriptor["apcv"]
    assert told["wsdl"] == f"{told['auth']}?wsdl"


def test_its_calls_raise_no_finding_and_every_message_meets_the_schemas(lps: Lps) -> None:
    auth, sign = connected(lps), connected(lps, "sign")
    context = authenticated(auth, lps).ContexteApCV.Identifiant
    named: dict[str, Any] = {"ContexteApCV": {"Identifiant": context}}
    call(auth, RESTORE, version="1.0")
    call(sign, SIGN, **named, **INVOICE)
    call(auth, DESTROY, **named, version="1.0")
    journal = exchanges(lps.platform, "apcv")
    served = [e for e in journal if e.operation not in ("wsdl", "telephone")]
    assert [e.operation for e in served] == [AUTHENTICATE, RESTORE, SIGN, DESTROY]
    for exchange in served:
        assert exchange.response is not None
        assert errors(exchange.request.body) == errors(exchange.response.body) == []
    judged = judge_journal(JournalView(journal), lps.platform.kernel.environment)
    assert judged.findings == ()


def test_it_reads_a_refusal(lps: Lps) -> None:
    with pytest.raises(Fault) as caught:
        call(connected(lps), RESTORE, idam="AUTRE", version="1.0")
    assert caught.value.detail is not None
    (error,) = list(caught.value.detail)
    assert error.get("code") == "desir_550"


@pytest.mark.parametrize("service", ["auth", "sign"])
def test_every_import_is_served_at_the_same_address(lps: Lps, service: str) -> None:
    """zeep asked for nothing elsewhere: what it read is what the bench journaled."""
    connected(lps, service)
    asked = exchanges(lps.platform, "apcv")
    assert {e.operation for e in asked} == {"wsdl"}
    assert [e.request.target.partition("?")[0] for e in asked] == [PATHS[service]] * len(asked)
    assert {e.request.target.partition("?")[2] for e in asked} == {
        "wsdl", f"xsd={service}.xsd", "xsd=ctxlps.xsd", "xsd=siram.xsd", "xsd=wsse.xsd",
    }  # fmt: skip


def test_what_is_not_described_is_not_found(lps: Lps) -> None:
    session = connected(lps).transport.session
    address = lps.platform.descriptor["apcv"]["auth"]
    for query in ("", "?xsd=sign.xsd", "?xsd=../server.py"):
        assert session.get(f"{address}{query}").status_code == 404


@needs_shared
@pytest.mark.parametrize(
    "name", ["authentification-demande", "authentification-reponse", "destruction-demande"]
)
def test_golden_messages_meet_the_schema(name: str) -> None:
    assert errors((GOLDEN / "prescription" / f"apcv-{name}.xml").read_bytes()) == []


@pytest.mark.parametrize(
    ("lie", "expected"),
    [
        ("inconnus", "Extension"),
        ("sexe-vide", "Sexe"),
        ("sans-ins", None),
        ("sans-nom-famille", None),
        ("sans-nom-usage", None),
        ("date-lunaire", None),
        ("famille", None),
        ("fuseau", None),
        ("prefixes", None),
        ("sans-prefixe", None),
    ],
)
def test_the_schema_refuses_what_was_never_seen_and_only_that(
    lps: Lps, lie: str, expected: str | None
) -> None:
    assert lie in FAULTS
    lps.platform.kernel.faults.add("apcv", AUTHENTICATE, fault=lie)
    lps.authenticate()
    response = lps.last().response
    assert response is not None
    found = errors(response.body)
    assert any(expected in each for each in found) if expected else found == []


def errors(envelope: bytes) -> list[str]:
    """What lxml says of the body of a message, by the schema of its space."""
    body = etree.fromstring(envelope)[-1][0]
    service = {NS_AUTH: "auth", NS_SIGN: "sign"}[etree.QName(body).namespace or ""]
    text = schema(PATHS[service], f"{service}.xsd")
    assert text is not None
    judge = etree.XMLSchema(etree.fromstring(text))
    judge.validate(etree.fromstring(etree.tostring(body)))
    return [each.message for each in judge.error_log]
