"""Witness: zeep, a SOAP client nobody here wrote, reads our ?wsdl and calls each operation.

Pure Python, so it runs with the default tests. The assertion is signed by signxml.
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
from tests.rules.certificates import Holder
from tests.rules.insi.messages import assertion
from tests.simulators.prescription.client import (
    DOCTOR,
    PHARMACIST,
    line,
    ordonnance,
    pharmacist,
    stamp,
)

LPS = "{urn:siram:lps:ctxlps}"
WSA = "{http://www.w3.org/2005/08/addressing}"
SOAP12 = "{http://www.w3.org/2003/05/soap-envelope}"


class Headers(Plugin):
    """Adds wsa:Action and the signed assertion, which zeep does not make."""

    def __init__(self, platform: Platform, who: str) -> None:
        self.platform = platform
        self.who = who

    def egress(
        self, envelope: etree._Element, http_headers: Any, operation: Any, binding_options: Any
    ) -> tuple[etree._Element, Any]:
        header = envelope.find(f"{SOAP12}Header")
        assert header is not None
        etree.SubElement(header, f"{WSA}Action").text = operation.soapaction
        etree.SubElement(header, f"{WSA}To").text = binding_options["address"]
        reply = etree.SubElement(etree.SubElement(header, f"{WSA}ReplyTo"), f"{WSA}Address")
        reply.text = "http://www.w3.org/2005/08/addressing/anonymous"
        signer = self.platform.kernel.pki.credential(f"cps-{self.who}-sign")
        holder = Holder(signer.certificate, signer.key)
        issued = stamp(self.platform.kernel.clock.now())
        block = etree.fromstring(assertion(holder=holder, name_id=self.who, issued=issued))
        header.replace(header.find("{*}Security"), block)
        return envelope, http_headers


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("prescription",)) as started:
        yield started


def connected(platform: Platform, who: str = DOCTOR) -> Client:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(platform.folder / platform.descriptor["confiance"]["pem"])
    transport = Transport(session=session, timeout=20, operation_timeout=20)
    wsdl = platform.descriptor["ordonnance"]["wsdl"]
    return Client(wsdl, transport=transport, plugins=[Headers(platform, who)])


def call(client: Client, operation: str, who: str = DOCTOR, **content: Any) -> Any:
    make, now = client.get_element, datetime.now(UTC)
    software = {
        "IDAM": {"_value_1": "TSTBANC00042", "R": "4"},
        "Version": "4.2.0",
        "Instance": "d3119009-340f-4651-b660-6dc245ebd83b",
        "Nom": "urn:lps:LOGICIEL ESSAI:4.2.0",
    }
    lps = make(f"{LPS}ContexteLPS")(
        Id=str(uuid.uuid4()), Temps=now, Emetteur=who, LPS=software, Version="01_00",
        Nature="CTXLPS",
    )  # fmt: skip
    headers = {
        "Security": {},
        "ContexteLPS": lps,
        "MessageID": make(f"{WSA}MessageID")(f"urn:uuid:{uuid.uuid4()}"),
    }
    return client.service[operation](**content, _soapheaders=headers)


def capitals(value: Any) -> Any:
    """Names of the placeholder: the neutral key, with a capital."""
    if isinstance(value, dict):
        return {k[:1].upper() + k[1:]: capitals(v) for k, v in value.items()}
    return [capitals(each) for each in value] if isinstance(value, list) else value


def test_it_records_executes_reads_searches_and_cancels(platform: Platform) -> None:
    doctor, pharmacy = connected(platform), connected(platform, PHARMACIST)
    told = ordonnance(platform.kernel.clock.now(), line(1, renouvellements=1), line(2))
    who = {"Rpps": DOCTOR[1:], "Am": "331999011"}
    assert call(doctor, "enregistrer", **capitals(told)).Etat == "ENREGISTREE"
    lines = [{"Ligne": 1, "Statut": "DELIVREE", "Completude": "FFC"}]
    executed = call(
        pharmacy, "transmettreExecution", PHARMACIST, Id=told["id"],
        Date=told["horodatage"][:10], Executant=capitals(pharmacist()), Lignes=lines,
    )  # fmt: skip
    assert (executed.Etat, executed.Rang) == ("EXECUTION_PARTIELLE", 1)
    seen = call(doctor, "consulter", Id=told["id"], Emetteur=who, AvecExecutions=True)
    assert seen.AccesExecutions == "AUTORISE"
    assert [each.Cis for each in seen.Ordonnance.Lignes] == ["63107752", "63107752"]
    (execution,) = seen.Ordonnance.Executions
    assert execution.Executant.Nom == "TESTPHARMA"
    found = call(doctor, "rechercher", Emetteur=who, Page=1, TaillePage=10)
    assert (found.Total, found.Resultats[0].Id) == (1, told["id"])
    other = ordonnance(platform.kernel.clock.now())
    call(doctor, "enregistrer", **capitals(other))
    gone = call(
        doctor, "enregistrer", Operation="annulation", Id=other["id"],
        Prescripteur={"Rpps": DOCTOR[1:]},
    )  # fmt: skip
    assert gone.Etat == "ANNULEE"
    served = [e for e in exchanges(platform, "prescription") if e.operation != "wsdl"]
    assert [e.operation for e in served] == ["EP4", "EP1", "EP3", "EP2", "EP4", "EP4-annulation"]
    judged = judge_journal(JournalView(tuple(served)), platform.kernel.environment)
    assert judged.findings == ()


def test_it_reads_a_refusal(platform: Platform) -> None:
    with pytest.raises(Fault) as caught:
        call(connected(platform), "consulter", Id="04B5BBY113H9WH0099", Emetteur={"Am": "1"})
    (error,) = list(caught.value.detail)
    assert error.get("code") == "EP-P-007"


def test_every_import_is_served_here(platform: Platform) -> None:
    """zeep asked for nothing elsewhere: what it read is what the bench journaled."""
    before = len(exchanges(platform, "prescription"))
    connected(platform)
    asked = [e.request.target for e in exchanges(platform, "prescription")[before:]]
    assert asked[0].endswith("?wsdl")
    assert {t.partition("?xsd=")[2] for t in asked[1:]} == {
        "epresc.xsd", "wsse.xsd", "ctxlps.xsd", "wsa.xsd", "siram.xsd",
    }  # fmt: skip
