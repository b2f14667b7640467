"""The verification the bench imagines: off by default, marked wherever it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from lxml import etree

from rules.formats.insi_verification import NS_VERIF
from rules.judge import JournalView, judge_journal
from simulators.insi.description import schema, wsdl
from simulators.testing import exchanges, running
from tests.rules.insi.verifications import ACTIONS, deposit, follow_up, verification
from tests.simulators.insi.lps import Lps, read

V = f"{{{NS_VERIF}}}"


@pytest.fixture
def verifying(lps: Lps) -> Iterator[Lps]:
    with lps.platform.kernel.unit() as unit:
        lps.platform.services["insi"].set_state(unit, {"verification": True})
    yield lps
    lps.platform.kernel.clock.resume()


def post(lps: Lps, body: str) -> httpx.Response:
    name = etree.fromstring(body).tag.rpartition("}")[2]
    return lps.post(lps.message(body, action=ACTIONS[name]))


def code(lps: Lps, body: str) -> str | None:
    answer = read(post(lps, body))
    assert answer is not None
    return answer.code


def payload(response: httpx.Response) -> etree._Element:
    body = etree.fromstring(response.content).find("{*}Body")
    assert body is not None
    return body[0]


def test_off_it_is_an_unknown_operation(lps: Lps) -> None:
    for body in (verification(), deposit(verification("1")), follow_up("x")):
        response = post(lps, body)
        answer = read(response)
        assert answer is not None
        assert (response.status_code, answer.code) == (500, "desir_9011")
    view = JournalView(exchanges(lps.platform, "insi"))
    found = judge_journal(view, lps.platform.kernel.environment).findings
    assert [f.check_id for f in found] == ["INS-V-02"] * 3
    assert all(f.hors_specification and not f.fails for f in found)


def test_ok_and_ko(verifying: Lps) -> None:
    response = post(verifying, verification())
    assert response.headers["Banc-Hors-Specification"]
    answer = read(response)
    assert answer is not None
    assert (answer.code, answer.text) == ("00", "INS conforme")
    assert verifying.last().operation == "verifierIns"
    for change in (
        {"given_names": "CLAUDE"},
        {"birth_name": "TESTMAI"},
        {"key": "09"},
        {"birth_date": "1985-07-13"},
        {"sex": "M"},
        {"birth_place": "75056"},
        {"oid": "1.2.250.1.213.1.4.9"},
        {"number": "1850733063042"},
    ):
        assert code(verifying, verification(**change)) == "01", change
    assert code(verifying, verification(birth_place=None)) == "00"
    assert code(verifying, verification(oid="1.2.250.1.213.1.4.10")) == "00"


def test_a_fault_makes_it_ko(verifying: Lps) -> None:
    verifying.platform.kernel.faults.add("insi", "verifierIns", fault="verification-ko")
    assert code(verifying, verification()) == "01"
    assert code(verifying, verification()) == "00"
    verifying.platform.kernel.faults.add("insi", fault="desir_1020")
    assert code(verifying, verification()) == "desir_1020"


def test_incomplete_ones_are_refused(verifying: Lps) -> None:
    assert code(verifying, verification(key="")) == "insi_9008"
    assert code(verifying, deposit(verification())) == "insi_9008"
    assert code(verifying, follow_up("")) == "insi_9008"
    assert code(verifying, follow_up("autre")) == "insi_9009"


def test_many_are_deposited_then_followed(verifying: Lps) -> None:
    clock = verifying.platform.kernel.clock
    clock.freeze()
    lines = deposit(verification("1"), verification("2", sex="M"))
    deposited = payload(post(verifying, lines))
    identifier = deposited.findtext(f"{V}Identifiant")
    assert identifier
    assert deposited.findtext(f"{V}Etat") == "en cours"
    running = payload(post(verifying, follow_up(identifier)))
    assert running.findtext(f"{V}Etat") == "en cours"
    assert running.findall(f"{V}LIGNE") == []
    clock.advance(timedelta(seconds=31))
    done = payload(post(verifying, follow_up(identifier)))
    assert done.findtext(f"{V}Etat") == "terminé"
    results = {line.get("Ligne"): line.findtext(f"{V}CodeCR") for line in done.findall(f"{V}LIGNE")}
    assert results == {"1": "00", "2": "01"}
    verifying.platform.kernel.faults.add("insi", fault="verification-sans-fin")
    again = payload(post(verifying, follow_up(identifier)))
    assert again.findtext(f"{V}Etat") == "en cours"
    assert verifying.findings() == []


def test_messages_are_valid_against_the_schema_served(verifying: Lps) -> None:
    text = schema("verif.xsd", verification=True)
    assert text is not None
    assert schema("verif.xsd") is None
    validator = etree.XMLSchema(etree.fromstring(text))
    lines = deposit(verification("1"), verification("2"))
    answered = payload(post(verifying, lines))
    identifier = answered.findtext(f"{V}Identifiant") or ""
    followed = payload(post(verifying, follow_up(identifier)))
    for body in (verification(), lines, follow_up("x")):
        validator.assertValid(etree.fromstring(body))
    for element in (answered, followed):
        validator.assertValid(element)


def test_described_only_where_it_is_served(verifying: Lps) -> None:
    assert b"INSiVerif" not in wsdl("https://x/lps")
    url = verifying.platform.descriptor["insi"]["organisation"]
    with verifying.http("org-insi-manu") as http:
        assert "verifierIns" in http.get(f"{url}?wsdl").text
        assert http.get(f"{url}?xsd=verif.xsd").status_code == 200
        verifying.platform.reset()
        assert "verifierIns" not in http.get(f"{url}?wsdl").text
        assert http.get(f"{url}?xsd=verif.xsd").status_code == 404


def test_the_descriptor_says_whether_it_is_served(lps: Lps) -> None:
    assert lps.platform.descriptor["insi"]["verification"] is False
    with running(("insi",), settings={"insi": {"verification": True}}) as platform:
        assert platform.descriptor["insi"]["verification"] is True
        assert code(Lps(platform), verification()) == "00"
