"""Witness: zeep, a SOAP client nobody here wrote, reads our ?wsdl and calls INSi.

Pure Python, so it runs with the default tests. Mutual TLS is done by requests.
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
from zeep.plugins import Plugin
from zeep.transports import Transport

from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running

LPS = "{urn:siram:lps:ctxlps}"
BAM = "{urn:siram:bam:ctxbam}"
WSA = "{http://www.w3.org/2005/08/addressing}"
CAMILLE = {
    "NomNaissance": "TESTAVRIL",
    "Prenom": ["CAMILLE"],
    "Sexe": "F",
    "DateNaissance": "1985-07-12",
}


class Addressing(Plugin):
    """Adds wsa:Action, which the WSDL does not declare as a header part."""

    def egress(
        self, envelope: etree._Element, http_headers: Any, operation: Any, binding_options: Any
    ) -> tuple[etree._Element, Any]:
        header = envelope.find("{http://www.w3.org/2003/05/soap-envelope}Header")
        etree.SubElement(header, f"{WSA}Action").text = operation.soapaction
        return envelope, http_headers


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("insi",)) as started:
        yield started


@pytest.fixture(scope="module")
def client(platform: Platform) -> Client:
    return connected(platform)


def connected(platform: Platform) -> Client:
    """A client of the description as it is served now."""
    files = platform.descriptor["certificats"]["org-insi-manu"]
    session = requests.Session()
    session.trust_env = False
    session.verify = str(platform.folder / platform.descriptor["confiance"]["pem"])
    session.cert = (str(platform.folder / files["chaine"]), str(platform.folder / files["cle"]))
    address = platform.descriptor["insi"]["organisation"]
    transport = Transport(session=session, timeout=20, operation_timeout=20)
    return Client(f"{address}?wsdl", transport=transport, plugins=[Addressing()])


def headers(client: Client, idam: str = "TSTBANC00042") -> dict[str, Any]:
    """Header blocks as zeep builds them from the schemas it has read."""
    make, now = client.get_element, datetime.now(UTC)
    software = {
        "IDAM": {"_value_1": idam, "R": "4"},
        "Version": "4.2.0",
        "Instance": "d3119009-340f-4651-b660-6dc245ebd83b",
        "Nom": "urn:lps:LOGICIEL ESSAI:4.2.0",
    }
    common = {"Temps": now, "Emetteur": "1330999004"}
    lps = make(f"{LPS}ContexteLPS")(
        Id=str(uuid.uuid4()), LPS=software, Version="01_00", Nature="CTXLPS", **common
    )
    bam = make(f"{BAM}ContexteBAM")(Id=str(uuid.uuid4()), COUVERTURE={}, Version="01_02", **common)
    return {
        "Security": {},
        "ContexteLPS": lps,
        "MessageID": f"uuid:{uuid.uuid4()}",
        "ContexteBAM": bam,
    }


def test_zeep_finds_both_operations(client: Client) -> None:
    service = client.wsdl.services["ICIR-v1"]
    operations = service.ports["ICIRService"].binding.all()
    assert set(operations) == {"rechercherInsAvecTraitsIdentite", "rechercherInsAvecCarteVitale"}


def test_zeep_searches_and_reads_the_answer(client: Client, platform: Platform) -> None:
    answer = client.service.rechercherInsAvecTraitsIdentite(**CAMILLE, _soapheaders=headers(client))
    assert answer.CR.CodeCR == "00"
    assert answer.INDIVIDU.INSACTIF.IdIndividu.NumIdentifiant == "2850733063042"
    assert answer.INDIVIDU.TIQ.ListePrenom == "CAMILLE ANNE"
    [call] = [e for e in exchanges(platform, "insi") if e.operation != "wsdl"]
    judged = judge_journal(JournalView((call,)), platform.kernel.environment)
    assert judged.findings == ()


def test_zeep_searches_by_the_carte_vitale(client: Client, platform: Platform) -> None:
    """WS_INS1: the first child of a card, who has no certified number."""
    child = next(p for p in platform.kernel.world.patients if p.insured)
    answer = client.service.rechercherInsAvecCarteVitale(
        MatriculeOD={"NumIdentifiant": child.insured},
        DateNaissance=child.birth_date,
        RangNaissance=child.rank,
        _soapheaders=headers(client),
    )
    assert answer.CR.CodeCR == "00"
    assert answer.INDIVIDU.INSACTIF.IdIndividu.NumIdentifiant == child.matricule
    call = exchanges(platform, "insi")[-1]
    assert call.operation == "rechercherInsAvecCarteVitale"
    judged = judge_journal(JournalView((call,)), platform.kernel.environment)
    assert judged.findings == ()


@pytest.mark.parametrize("fault", ["desir_1020", "insi_102"])
def test_zeep_reads_both_shapes_of_faults(client: Client, platform: Platform, fault: str) -> None:
    platform.kernel.faults.add("insi", fault=fault)
    with pytest.raises(Fault) as caught:
        client.service.rechercherInsAvecTraitsIdentite(**CAMILLE, _soapheaders=headers(client))
    assert caught.value.message.startswith("Le service est temporairement inaccessible")
    assert fault.encode() in etree.tostring(caught.value.detail)
    assert [code.localname for code in caught.value.subcodes] == ["siram_40"]


def test_zeep_reads_the_refusal_of_an_unknown_software(client: Client) -> None:
    with pytest.raises(Fault, match="progiciel"):
        client.service.rechercherInsAvecTraitsIdentite(
            **CAMILLE, _soapheaders=headers(client, idam="TSTINCONNU99")
        )


def test_zeep_verifies_where_the_bench_serves_it(platform: Platform) -> None:
    """WS_INS3 to WS_INS5 on our own wire: the description is enough to call them."""
    with platform.kernel.unit() as unit:
        platform.services["insi"].set_state(unit, {"verification": True, "delai_verification": 0})
    caller = connected(platform)
    verified = {
        "Matricule": {"NumIdentifiant": "2850733063042", "Cle": "08"},
        "OID": "1.2.250.1.213.1.4.8",
        **CAMILLE,
    }
    one = caller.service.verifierIns(**verified, _soapheaders=headers(caller))
    assert (one.CR.CodeCR, one.CR.LibelleCR) == ("00", "INS conforme")
    wrong = {**verified, "Sexe": "M", "Ligne": "2"}
    deposited = caller.service.deposerVerificationsIns(
        VERIFINS=[{**verified, "Ligne": "1"}, wrong], _soapheaders=headers(caller)
    )
    assert deposited.Etat == "en cours"
    done = caller.service.suivreVerificationsIns(
        Identifiant=deposited.Identifiant, _soapheaders=headers(caller)
    )
    assert done.Etat == "terminé"
    assert {line.Ligne: line.CodeCR for line in done.LIGNE} == {"1": "00", "2": "01"}
