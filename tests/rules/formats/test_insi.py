from dataclasses import replace

import pytest

from rules.exchange import Message
from rules.formats.insi import (
    CardSearch,
    InsiRequest,
    TraitsSearch,
    read_answer,
    read_request,
)
from rules.formats.insi_answer import InsiAnswer, InsiFault
from rules.judge import read
from tests.rules.insi import golden
from tests.shared_data import needs_shared

pytestmark = needs_shared


def answer(name: str) -> InsiAnswer:
    found = read(golden.exchange(name)).first(InsiAnswer)
    assert found is not None
    return found


@pytest.mark.parametrize("form", ["http", "xml"])
@pytest.mark.parametrize("name", golden.NAMES)
def test_every_golden_exchange_is_read(name: str, form: str) -> None:
    reading = read(golden.exchange(name, form))
    assert reading.problems == ()
    request, reply = reading.artefacts
    assert isinstance(request, InsiRequest)
    assert request.operation == golden.story()["echanges"][name]["operation"]
    assert isinstance(reply, InsiFault if "faute" in name else InsiAnswer)


def test_a_search_by_traits() -> None:
    request = read_request(golden.exchange("e03-traits-org-jaxws").request)
    assert isinstance(request.search, TraitsSearch)
    search = request.search
    assert (search.birth_name, search.given_names) == ("TESTAVRIL", ("CAMILLE", "ANNE"))
    assert search.joined_given_names == "CAMILLE ANNE"
    assert (search.sex, search.birth_date, search.birth_place) == ("F", "1985-07-12", "33063")
    assert request.assertion is None


def test_a_search_by_card() -> None:
    request = read_request(golden.exchange("e07-vitale-cpx-assure").request)
    assert isinstance(request.search, CardSearch)
    assert request.search.insured == request.search.individual == "2850733063042"
    assert (request.search.birth_rank, request.search.birth_date) == ("1", "1985-07-12")


def test_contexts_and_assertion() -> None:
    request = read_request(golden.exchange("e04-traits-cpx").request)
    assert request.lps is not None
    assert request.bam is not None
    assert request.assertion is not None
    assert (request.lps.idam, request.lps.idam_type) == ("TSTBANC00042", "4")
    assert request.lps.name == "urn:lps:LOGICIEL ESSAI:4.2.0"
    assert request.bam.sender == request.assertion.saml.name_id == "810999990012"
    assert request.assertion.saml.value("secteurActivite") == "SA07"
    assert request.bam.time is not None
    assert request.bam.time.tzinfo is not None


@pytest.mark.parametrize(
    "name", ["e02-traits-org-prenom1", "e03-traits-org-jaxws", "e04-traits-cpx"]
)
def test_one_person_in_every_serialisation(name: str) -> None:
    person = answer(name).individual
    assert person is not None
    assert person.active.ins == "285073306304208"
    assert person.active.oid == "1.2.250.1.213.1.4.8"
    assert person.birth_place == "33063"


def test_history_and_missing_parts() -> None:
    histories = [answer(name).individual for name in golden.NAMES[1:4]]
    assert [len(person.history) for person in histories if person] == [1, 2, 0]
    partial = answer("e06-traits-cpx-homonymes-prenoms").individual
    assert partial is not None
    assert partial.active.key is None
    assert partial.birth_place is None
    assert answer("e01-traits-org-prenom2").individual is None


def test_faults() -> None:
    gateway = read(golden.exchange("e10-faute-passerelle-idam")).first(InsiFault)
    application = read(golden.exchange("e12-faute-application-technique")).first(InsiFault)
    assert gateway is not None
    assert application is not None
    assert (gateway.code, gateway.severity) == ("desir_550", "erreur")
    assert (application.code, application.severity) == ("insi_102", "fatal")
    assert gateway.message_id is not None
    assert application.message_id is None


def test_an_answer_that_is_no_insi_message_is_left_aside() -> None:
    assert read_answer(Message("HTTP/1.1 503 x", (), b"<html><body>panne</body></html>")) is None
    assert read_answer(Message("HTTP/1.1 200 OK", (), b"")) is None


def test_an_unreadable_request_is_a_problem_of_the_reading() -> None:
    good = golden.exchange("e02-traits-org-prenom1")
    cut = replace(good, request=replace(good.request, body=good.request.body[:200]))
    reading = read(cut)
    assert [problem.check_id for problem in reading.problems] == ["INS-W-01"]


def test_a_lone_answer_is_read_as_an_answer() -> None:
    good = golden.exchange("e02-traits-org-prenom1", "xml")
    assert good.response is not None
    lone = replace(good, request=good.response, response=None)
    assert isinstance(read(lone).artefacts[0], InsiAnswer)


def test_the_wsdl_is_no_message() -> None:
    asked = replace(
        golden.exchange("e02-traits-org-prenom1"),
        request=Message("GET /lps?wsdl HTTP/1.1"),
        response=None,
    )
    assert read(asked).artefacts == ()


@pytest.mark.parametrize("changes", [{"operation": "TLS"}, {"error_code": "corps-incomplet"}])
def test_what_never_was_a_whole_message_is_no_defect(changes: dict[str, str]) -> None:
    good = golden.exchange("e02-traits-org-prenom1")
    reading = read(replace(good, request=Message("ClientHello"), response=None, **changes))
    assert reading.artefacts == ()
    assert reading.problems == ()
