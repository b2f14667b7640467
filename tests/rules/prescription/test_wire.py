"""Calls of each wire are read into one model, and answers too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats.prescription_number import CarriedNumber
from rules.formats.prescription_wire import (
    EpAnswer,
    EpAssertion,
    EpContexteLps,
    EpRequest,
    execution_of,
    read_answer,
    read_request,
)
from rules.judge import judge_reading, read
from tests.rules.prescription.calls import (
    ADAPTERS,
    LPS,
    SOAP12,
    context,
    exchange,
    message,
    ordonnance,
    request,
)

SOAP_PATH = "/wssoap/epresc/1/0"
FORMS = ("json", "soap")


@pytest.mark.parametrize("form", FORMS)
def test_an_ep4_is_read_into_the_model(form: str) -> None:
    read_as = request("EP4", ordonnance(), form)
    assert read_as.operation == "EP4"
    assert read_as.created is not None
    assert read_as.created.to_json() == {k: v for k, v in ordonnance().items() if v != []}


@pytest.mark.parametrize("form", FORMS)
def test_an_annulation_registers_nothing(form: str) -> None:
    read_as = request("EP4-annulation", {"operation": "annulation", "id": "A"}, form)
    assert (read_as.operation, read_as.created, read_as.number) == ("EP4-annulation", None, "A")


@pytest.mark.parametrize("form", FORMS)
def test_an_ep2_says_what_is_searched(form: str) -> None:
    told = {"emetteur": {"am": "331999011"}, "periode": ["2026-03-01", "2026-03-31"]}
    search = request("EP2", told, form).search
    assert search.requester is not None
    assert (search.requester.am, search.period) == ("331999011", ("2026-03-01", "2026-03-31"))


@pytest.mark.parametrize("form", FORMS)
def test_an_ep1_holds_an_execution(form: str) -> None:
    told = {
        "id": "04B5BBY113H9WH0035",
        "date": "2026-03-13",
        "executant": {"nom": "TESTPHARMA"},
        "lignes": [{"ligne": 1, "statut": "DELIVREE"}],
    }
    read_as = request("EP1", told, form)
    execution = execution_of(read_as)
    assert execution is not None
    assert [each.status for each in execution.lines] == ["DELIVREE"]
    assert execution_of(request("EP4", ordonnance())) is None


def test_a_soap_call_shows_who_calls_and_with_what() -> None:
    parts = list(request("EP3", {"id": "A"}, "soap").parts())
    kinds = [type(part) for part in parts]
    assert kinds == [CarriedNumber, EpAssertion, EpContexteLps]
    assert parts[2].name == "urn:lps:LOGICIEL ESSAI:4.2.0"


def test_a_soap_call_may_show_neither() -> None:
    read_as = request("EP3", {"id": "A"}, "soap", security="", lps="")
    assert [type(part) for part in read_as.parts()] == [CarriedNumber]
    assert LPS not in str(read_as.message.body)


@pytest.mark.parametrize(
    "other",
    [
        Message("GET /epresc/generateIdentifiantUnique HTTP/1.1"),
        Message("GET /wssoap/epresc/1/0?wsdl HTTP/1.1"),
        Message("POST /epresc/traces HTTP/1.1", (), b'{"action": "EP4"}\n'),
        Message("POST /ailleurs HTTP/1.1", (), b"{}"),
    ],
)
def test_what_is_no_call_gives_nothing(other: Message) -> None:
    assert read_request(other) is None
    assert read(exchange(other)).artefacts == ()


@pytest.mark.parametrize("form", FORMS)
def test_an_unreadable_call_is_a_problem(form: str) -> None:
    spoilt = Message(message("EP4", ordonnance(), form).start_line, (), b"\xff")
    assert [f.check_id for f in read(exchange(spoilt)).problems] == ["EP-00"]
    with pytest.raises(MalformedError):
        read_request(spoilt)


def answer(status: int, content: Any, form: str = "json") -> EpAnswer | None:
    if form == "json":
        return read_answer(Message(f"HTTP/1.1 {status} X", (), json.dumps(content).encode()))
    adapter = ADAPTERS["soap"]
    payload = etree.tostring(adapter.write_element("ConsulterRep", content)).decode()
    xml = f'<e:Envelope xmlns:e="{SOAP12}"><e:Body>{payload}</e:Body></e:Envelope>'
    headers = (("Content-Type", "application/soap+xml"),)
    return read_answer(Message(f"HTTP/1.1 {status} X", headers, xml.encode()))


@pytest.mark.parametrize("form", FORMS)
def test_the_answer_of_an_ep3_gives_back_the_ordonnance(form: str) -> None:
    read_as = answer(200, {"etat": "ENREGISTREE", "ordonnance": ordonnance()}, form)
    assert read_as is not None
    assert read_as.error is None
    assert read_as.ordonnance is not None
    assert read_as.ordonnance.id == "04B5BBY113H9WH0035"


def test_the_answer_of_an_ep2_lists_what_was_found() -> None:
    read_as = answer(200, {"resultats": [{"id": "A"}, {"id": 1}, {"id": "B"}]})
    assert read_as is not None
    assert [each.id for each in read_as.found] == ["A", "B"]


def test_a_refusal_says_its_code() -> None:
    refused = answer(409, {"erreur": {"code": "EP-P-001", "libelle": "numéro déjà utilisé"}})
    assert refused is not None
    assert refused.error == "EP-P-001"


def test_a_fault_says_its_code() -> None:
    xml = (
        f'<e:Envelope xmlns:e="{SOAP12}"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value>'
        "<e:Subcode><e:Value>EP-P-007</e:Value></e:Subcode></e:Code><e:Reason><e:Text>x</e:Text>"
        "</e:Reason></e:Fault></e:Body></e:Envelope>"
    )
    read_as = read_answer(Message("HTTP/1.1 500 X", (), xml.encode()))
    assert read_as is not None
    assert read_as.error == "EP-P-007"


def test_a_page_of_a_proxy_is_no_answer() -> None:
    assert read_answer(Message("HTTP/1.1 503 X", (), b"<html><p>x</html>")) is None


def test_both_sides_of_an_exchange_are_read() -> None:
    told = exchange(
        message("EP4", ordonnance()),
        response=Message("HTTP/1.1 200 OK", (), b'{"id": "A", "etat": "ENREGISTREE"}'),
    )
    assert [type(each) for each in read(told).artefacts] == [EpRequest, EpAnswer]


KEYS = st.sampled_from(
    (
        *("id", "horodatage", "validite", "prescripteur", "rpps", "am", "patient", "ins", "oid"),
        *("flags", "matricule", "nomNaissance", "naissance", "lignes", "ald", "cis", "cip13"),
        *("substitution", "code", "motif", "quantite", "dureeJours", "stupefiant", "lps"),
        *("emetteur", "operation"),
    )
)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
TREES = st.recursive(
    LEAVES, lambda each: st.lists(each, max_size=3) | st.dictionaries(KEYS, each, max_size=5)
)


@given(
    st.dictionaries(KEYS, TREES), st.sampled_from(["ep4_creer", "ep3_consulter", "ep2_rechercher"])
)
def test_whatever_object_is_sent_is_judged_or_refused(content: dict[str, Any], path: str) -> None:
    sent = Message(f"POST /epresc/{path} HTTP/1.1", (), json.dumps(content).encode())
    reading = read(exchange(sent))
    assert {f.check_id for f in reading.problems} <= {"EP-00"}
    assert reading.problems or judge_reading(reading, context()).evaluated


@given(st.binary(max_size=60), st.sampled_from(["/epresc/ep1_transmettreExecution", SOAP_PATH]))
def test_whatever_octets_are_sent_are_refused(body: bytes, path: str) -> None:
    reading = read(exchange(Message(f"POST {path} HTTP/1.1", (), body)))
    assert {f.check_id for f in reading.problems} <= {"EP-00"}
