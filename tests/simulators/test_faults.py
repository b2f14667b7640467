"""Which call gets which fault, and what each transport fault does on the wire."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from rules.exchange import Outcome
from simulators.faults import HANDSHAKE, TLS, TRANSPORT, Faults
from simulators.testing import client, exchanges, running, trust, wait_for
from tests.simulators.demo import Demo

MATRICULE = "2850733063042"


@pytest.fixture
def faults():
    made = Faults(seed=1)
    made.declare("insi", {"siram_40": "la passerelle est indisponible"})
    return made


@pytest.fixture(scope="module")
def platform():
    with running([Demo]) as started:
        yield started


@pytest.fixture(autouse=True)
def no_fault_left(request):
    yield
    if "platform" in request.fixturenames:
        request.getfixturevalue("platform").kernel.faults.clear()


def names(faults, calls, operation="op", **options):
    drawn = [faults.draw("insi", operation, **options) for _ in range(calls)]
    return [fault.name if fault else None for fault in drawn]


def test_a_fault_hits_once_by_default(faults):
    faults.add("insi", fault="http-503")
    assert names(faults, 3) == ["http-503", None, None]
    assert faults.active() == ()


def test_times_nth_and_operation_choose_the_calls(faults):
    faults.add("insi", "op", fault="muet", nth=3)
    faults.add("insi", "autre", fault="siram_40", times=None)
    assert names(faults, 4) == [None, None, "muet", None]
    assert names(faults, 2, "autre") == ["siram_40"] * 2
    assert faults.draw("dmp", "op") is None


def test_two_rules_on_one_call_hit_one_after_the_other(faults):
    faults.add("insi", fault="http-500")
    faults.add("insi", fault="http-502", times=2)
    assert names(faults, 4) == ["http-500", "http-502", "http-502", None]


def test_a_patient_is_recognised_by_correlation_or_in_the_body(faults):
    faults.add("insi", fault="couper", patient=MATRICULE + "08", times=None)
    assert names(faults, 1) == [None]
    assert names(faults, 1, patient=MATRICULE + "08") == ["couper"]
    assert names(faults, 1, content=b"<matricule>2850733063042</matricule>") == ["couper"]
    assert names(faults, 1, content=b"<matricule>1850733063042</matricule>") == [None]


def test_a_probability_is_drawn_from_the_seed():
    def run(seed):
        made = Faults(seed)
        made.declare("insi", {})
        made.add("insi", fault="http-503", probability=0.5, times=None)
        return names(made, 40)

    assert run(1) == run(1) != run(2)
    assert 5 < run(1).count("http-503") < 35


def test_faults_of_the_handshake_wait_for_a_handshake(faults):
    faults.add("insi", fault="tls-expire")
    faults.add("insi", fault="http-503")
    assert names(faults, 1) == ["http-503"]
    assert names(faults, 2, TLS) == ["tls-expire", None]


def test_refusing_an_operation_waits_for_it(faults):
    faults.add("insi", "op", fault="refuser")
    assert names(faults, 1, TLS) == [None]
    assert names(faults, 1) == ["refuser"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"service": "insi", "fault": "orage"}, "siram_40"),
        ({"service": "insi", "fault": "orage"}, "corps-tronque"),
        ({"service": "ailleurs", "fault": "muet"}, "insi"),
        ({"service": "insi", "fault": "tls-expire", "operation": "op"}, "ouverture"),
        ({"service": "insi", "fault": "tls-expire", "patient": MATRICULE}, "ouverture"),
        ({"service": "insi", "fault": "muet", "times": 0}, "times"),
        ({"service": "insi", "fault": "muet", "nth": 0}, "nth"),
        ({"service": "insi", "fault": "muet", "probability": 1.5}, "probability"),
        ({"service": "insi", "fault": "muet", "delay": -1}, "delay"),
    ],
)
def test_a_fault_that_means_nothing_is_refused_in_french(faults, asked, said):
    with pytest.raises(ValueError, match=said):
        faults.add(**asked)
    assert faults.active() == ()


def test_rules_are_removed_one_by_one_by_service_or_all(faults):
    faults.declare("dmp", {})
    first, second = faults.add("insi", fault="muet"), faults.add("insi", fault="couper")
    third = faults.add("dmp", fault="muet")
    assert faults.remove(first.id)
    assert not faults.remove(first.id)
    faults.clear("dmp")
    assert faults.active() == (second,)
    assert third not in faults.active()
    faults.clear()
    assert faults.active() == ()


def test_every_fault_is_described_in_french():
    assert all(len(text) > 20 for text in (*TRANSPORT.values(), *HANDSHAKE.values()))


def call(platform, path="/notes", content=b"essai", **options):
    with client(platform, **options) as http:
        return http.post(platform.descriptor["demo"]["adresse"] + path, content=content)


def count(platform):
    return len(platform.state()["demo"]["notes"])


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_http_faults_answer_without_processing(platform, status):
    before = count(platform)
    platform.kernel.faults.add("demo", "ecrire", fault=f"http-{status}")
    answer = call(platform)
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) is (status in (429, 503))
    exchange = exchanges(platform)[-1]
    assert (exchange.fault, exchange.outcome) == (f"http-{status}", Outcome.FAILED)
    assert exchange.response.body == answer.content
    assert count(platform) == before
    assert call(platform).status_code == 201


@pytest.mark.parametrize(
    ("fault", "processed"),
    [
        ("couper", 0),
        ("refuser", 0),
        ("couper-apres-traitement", 1),
    ],
)
def test_a_cut_connection(platform, fault, processed):
    before = count(platform)
    platform.kernel.faults.add("demo", "ecrire", fault=fault)
    with pytest.raises(httpx.TransportError):
        call(platform)
    exchange = exchanges(platform)[-1]
    assert (exchange.fault, exchange.outcome) == (fault, Outcome.UNANSWERED)
    assert exchange.response is None
    assert exchange.answered_at is None
    assert count(platform) == before + processed


def test_what_was_done_before_a_cut_keeps_its_correlation(platform):
    platform.kernel.faults.add("demo", fault="couper-apres-traitement")
    with pytest.raises(httpx.TransportError):
        call(platform)
    assert exchanges(platform)[-1].correlation.patient == "285073306304208"


def test_a_connection_refused_from_the_start(platform):
    platform.kernel.faults.add("demo", fault="refuser")
    with pytest.raises(httpx.TransportError):
        call(platform)
    refused = wait_for(platform, lambda e: e.fault == "refuser" and e.operation == TLS)
    assert "défaut injecté" in refused.response.start_line
    assert call(platform).status_code == 201


def test_a_silent_service(platform):
    before = count(platform)
    platform.kernel.faults.add("demo", fault="muet")
    with pytest.raises(httpx.ReadTimeout):
        call(platform, timeout=0.3)
    exchange = exchanges(platform)[-1]
    assert (exchange.fault, exchange.outcome) == ("muet", Outcome.UNANSWERED)
    assert count(platform) == before


def test_a_slow_answer(platform):
    platform.kernel.faults.add("demo", fault="lent", delay=0.4)
    with pytest.raises(httpx.ReadTimeout):
        call(platform, timeout=0.1)
    assert exchanges(platform)[-1].outcome is Outcome.ACCEPTED
    platform.kernel.faults.add("demo", fault="lent", delay=0.01)
    assert call(platform).status_code == 201
    assert exchanges(platform)[-1].fault == "lent"


def test_a_body_cut_on_the_way(platform):
    before = count(platform)
    platform.kernel.faults.add("demo", fault="corps-tronque")
    url = platform.descriptor["demo"]["adresse"] + "/notes/1"
    with client(platform) as http, pytest.raises(httpx.RemoteProtocolError, match="complete"):
        http.get(url)
    exchange = exchanges(platform)[-1]
    assert exchange.outcome is Outcome.FAILED
    assert len(exchange.response.body) < int(exchange.response.header("content-length"))
    assert count(platform) == before


def test_a_fault_of_the_service_reaches_its_endpoint(platform):
    platform.kernel.faults.add("demo", fault="faux", patient=MATRICULE)
    assert call(platform, content=b"autre").text != "inverse"
    assert call(platform, content=MATRICULE.encode()).text == "inverse"
    exchange = exchanges(platform)[-1]
    assert (exchange.fault, exchange.outcome) == ("faux", Outcome.ACCEPTED)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("tls-expire", "certificate has expired"),
        ("tls-autre-ac", "self-signed certificate|unable to get"),
        ("tls-autre-gamme", "self-signed certificate|unable to get"),
        ("tls-mauvais-nom", "Hostname mismatch"),
    ],
)
def test_a_careful_client_refuses_a_spoilt_server(platform, fault, reason):
    before = platform.kernel.journal.position()
    platform.kernel.faults.add("demo", fault=fault)
    with pytest.raises(httpx.ConnectError, match=reason):
        call(platform)
    refused = wait_for(platform, lambda e: e.position > before)
    assert (refused.operation, refused.fault) == (TLS, fault)
    assert refused.outcome is Outcome.FAILED
    assert call(platform).status_code == 201


def test_a_careless_client_is_seen_talking_to_a_spoilt_server(platform):
    platform.kernel.faults.add("demo", fault="tls-revoque")
    assert call(platform).status_code == 201
    exchange = exchanges(platform)[-1]
    assert (exchange.operation, exchange.fault) == ("ecrire", "tls-revoque")


def test_a_client_that_leaves_after_the_handshake_is_seen_too(platform):
    before = platform.kernel.journal.position()
    platform.kernel.faults.add("demo", fault="tls-revoque")
    port = urlsplit(platform.descriptor["demo"]["adresse"]).port
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as raw,
        trust(platform).wrap_socket(raw, server_hostname="localhost"),
    ):
        pass
    left = wait_for(platform, lambda e: e.position > before)
    assert (left.operation, left.fault) == (TLS, "tls-revoque")


def test_a_connection_kept_open_meets_a_fault_of_the_handshake(platform):
    url = platform.descriptor["demo"]["adresse"] + "/notes/1"
    with client(platform) as http:
        assert http.get(url).status_code == 200
        platform.kernel.faults.add("demo", fault="tls-expire")
        with pytest.raises(httpx.ConnectError, match="expired"):
            http.get(url)
        assert http.get(url).status_code == 200
