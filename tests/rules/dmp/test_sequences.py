"""Sequences of calls: what was tested before, replaced, repeated, hidden again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from rules.exchange import Correlation, Exchange, Message, Outcome
from rules.findings import Severity
from rules.judge import JournalView, judge_sequence
from tests.rules.dmp import golden
from tests.rules.dmp.golden import T01, T02, T03, T04, T05, T05BIS, T06, T07, T08, T09, swap
from tests.rules.dmp.golden import exchange as g

CAMILLE = "285073306304208"


def other_patient(name: str, ins: str) -> Exchange:
    """A deposit or a search for another patient: only the VIHF is read by sequences."""
    return golden.edited(g(name), swap(CAMILLE, ins), rename=f"{name}-{ins}")


def answering(authorization: str) -> Exchange:
    """A TD0.2 whose answer gives another authorisation."""
    first = g(T01)
    assert first.response is not None
    body = first.response.body.replace(b"NON_EXISTE", authorization.encode())
    return replace(first, response=replace(first.response, body=body))


def gesture(name: str, at: Exchange, seconds: float) -> Exchange:
    return Exchange(
        id=f"geste-{name}-{seconds}",
        campaign="dorée",
        position=0,
        service="lgc",
        operation=name,
        started_at=at.started_at + timedelta(seconds=seconds),
        answered_at=None,
        peer="",
        request=Message(f"POST /actions/{name}"),
        response=Message("HTTP/1.1 200 OK", (), b"{}"),
        outcome=Outcome.ACCEPTED,
        correlation=Correlation(professional="810999990012"),
    )


def test_a_deposit_without_existence_test() -> None:
    assert golden.sequence(g(T01), g(T04)) == set()
    assert golden.sequence(g(T04)) == {"DMP-02-01"}


def test_a_test_of_another_patient_does_not_count() -> None:
    assert golden.sequence(g(T01), other_patient(T04, "101029935000148")) == {"DMP-02-01"}


def test_a_test_does_not_outlive_the_session() -> None:
    closing = gesture("session.close", g(T01), 60)
    assert golden.sequence(g(T01), closing, g(T04)) == {"DMP-02-01"}
    late = replace(g(T04), started_at=g(T01).started_at + timedelta(hours=13))
    assert golden.sequence(g(T01), late) == {"DMP-02-01"}


def test_an_unanswered_test_does_not_count() -> None:
    lost = replace(g(T01), response=None, outcome=Outcome.UNANSWERED)
    assert golden.sequence(lost, g(T04)) == {"DMP-02-01"}


@pytest.mark.parametrize(("test", "ins"), [(T02, "101029935000148"), (T03, "260063306315240")])
def test_nothing_is_sent_to_an_absent_or_closed_record(test: str, ins: str) -> None:
    assert golden.sequence(g(test)) == set()
    assert golden.sequence(g(test), other_patient(T04, ins)) == {"DMP-02-02"}


def test_a_blocked_professional_consults_nothing() -> None:
    search = golden.later(g(T09), 0)
    search = replace(search, started_at=g(T01).started_at + timedelta(minutes=5))
    assert golden.sequence(answering("INTERDIT"), search) == {"DMP-02-02"}


def test_feeding_a_record_that_blocks_the_professional_is_for_a_person_to_judge() -> None:
    view = JournalView((answering("INTERDIT"), replace(g(T04), position=9)))
    [finding] = judge_sequence(view, golden.environment()).findings
    assert (finding.check_id, finding.severity) == ("DMP-02-02", Severity.REVIEW)


def test_authorisation_is_added_only_when_missing() -> None:
    add = replace(g(T07), started_at=g(T01).started_at + timedelta(minutes=1))
    assert golden.sequence(answering("NON_EXISTE"), add) == set()
    assert golden.sequence(answering("EXPIRE"), add) == set()
    assert golden.sequence(answering("VALIDE"), add) == {"DMP-02-03"}
    assert golden.sequence(answering("INTERDIT"), add) == {"DMP-02-03"}
    assert golden.sequence(add) == {"DMP-02-03"}


def test_a_replacement_needs_the_current_reference() -> None:
    assert golden.sequence(g(T05), g(T05BIS), g(T06)) == set()
    assert golden.sequence(g(T05), g(T06)) == {"DMP-21-18"}
    whole = golden.edited(g(T05BIS), swap("ObjectRef", "LeafClass"))
    assert golden.sequence(g(T05), whole, g(T06)) == {"DMP-21-18"}


def test_an_accepted_document_is_not_sent_again() -> None:
    again = _new_message(g(T04), "encore")
    assert golden.sequence(g(T01), g(T04), again) == {"DMP-21-16"}


def test_a_document_whose_answer_was_lost_may_be_sent_again() -> None:
    lost = replace(g(T04), response=None, outcome=Outcome.UNANSWERED)
    assert golden.sequence(g(T01), lost, _new_message(g(T04), "encore")) == set()


def _new_message(of: Exchange, name: str) -> Exchange:
    fresh = swap("urn:uuid:ad2ba890", "urn:uuid:ad2ba891")
    return golden.later(golden.edited(of, fresh, rename=name), 60)


def test_no_search_right_after_a_deposit() -> None:
    search = replace(g(T09), started_at=g(T04).started_at + timedelta(seconds=3))
    assert golden.sequence(g(T01), g(T04), search) == {"DMP-21-17"}
    asked = gesture("dmp.search", g(T04), 2)
    assert golden.sequence(g(T01), g(T04), asked, search) == set()
    later = replace(search, started_at=g(T04).started_at + timedelta(minutes=5))
    assert golden.sequence(g(T01), g(T04), later) == set()


HIDE = (
    '<Classification classificationScheme="urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f" '
    'classifiedObject="d" id="c9" nodeRepresentation="INVISIBLE_PATIENT"/></ExtrinsicObject>'
)


def test_a_visible_document_is_never_hidden_again() -> None:
    hidden = golden.edited(g(T06), swap("</ExtrinsicObject>", HIDE, 1))
    story = (g(T01), g(T04), g(T05), g(T05BIS))
    assert golden.sequence(*story, g(T06)) == set()
    assert golden.sequence(*story, hidden) == {"DMP-21-11"}


def test_a_document_hidden_from_the_start_may_stay_so() -> None:
    first = golden.edited(g(T04), swap("</ExtrinsicObject>", HIDE, 1))
    hidden = golden.edited(g(T06), swap("</ExtrinsicObject>", HIDE, 1))
    assert golden.sequence(g(T01), first, g(T05), g(T05BIS), hidden) == set()


def test_an_update_does_not_hide_again_either() -> None:
    update = golden.edited(
        g(golden.T12),
        swap('nodeRepresentation="MASQUE_PS"', 'nodeRepresentation="INVISIBLE_PATIENT"'),
    )
    story = (g(T05), g(T05BIS), g(T06), g(T08))
    assert golden.sequence(*story, g(golden.T12)) == set()
    assert golden.sequence(*story, update) == {"DMP-21-11"}


MOVED = "https://lps.dev1.dmp.gouv.fr/si-dmp-server/v2/services/patients?noeud=2"


def redirected(location: str = MOVED, status: int = 302) -> Exchange:
    """A TD0.2 that the DMP sends elsewhere."""
    answer = Message(f"HTTP/1.1 {status} Found", (("Location", location),))
    return replace(
        g(T01), id=f"redirigé-{status}", position=-1, response=answer, outcome=Outcome.FAILED
    )


def asked_at(location: str, method: str = "POST") -> Exchange:
    """The same TD0.2, at another address."""
    target = location.removeprefix("https://lps.dev1.dmp.gouv.fr")
    request = replace(g(T01).request, start_line=f"{method} {target} HTTP/1.1")
    return replace(g(T01), id=f"à-{method}-{target}", request=request)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_followed_with_the_same_request(status: int) -> None:
    assert golden.sequence(redirected(status=status), asked_at(MOVED)) == set()


def test_a_redirection_that_is_not_followed() -> None:
    assert golden.sequence(redirected()) == {"DMP-TLS-04"}
    assert golden.sequence(redirected(), g(T01)) == {"DMP-TLS-04"}
    lost = replace(asked_at(MOVED, "GET"), operation="?", outcome=Outcome.REFUSED)
    assert golden.sequence(redirected(), lost) == {"DMP-TLS-04"}
    twice = (redirected(), redirected(status=307), asked_at(MOVED))
    assert golden.sequence(*twice) == {"DMP-TLS-04"}


def test_a_redirection_out_of_https_is_not_to_be_followed() -> None:
    assert golden.sequence(redirected("http://lps.dev1.dmp.gouv.fr/")) == set()


def access(status: int) -> Exchange:
    """The gesture that called TD0.2, as the product answered it."""
    told = gesture("dmp.access", g(T01), 1)
    return replace(told, response=Message(f"HTTP/1.1 {status} X", (), b"{}"))


def existence(old: str, new: str) -> Exchange:
    """A TD0.2 answered otherwise."""
    first = g(T01)
    assert first.response is not None
    changed = re.sub(old.encode(), new.encode(), first.response.body)
    assert changed != first.response.body
    return replace(first, response=replace(first.response, body=changed))


ODD = {
    "jour 00": (r'(birthTime value="\d{6})\d\d', r"\g<1>00"),
    "noms absents": (r"(<family[^>]*>)[^<]+", r"\1NON_RENSEIGNE"),
    "motif inconnu": (
        r"<queryAck",
        '<reasonOf><detectedIssueEvent><code code="AUTRE"/></detectedIssueEvent></reasonOf>'
        "<queryAck",
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_answer_is_survived_or_found(what: str) -> None:
    answer = existence(*ODD[what])
    assert golden.sequence(answer, access(500)) == {"DMP-02-04"}
    for survived in (200, 409, 501):
        assert golden.sequence(answer, access(survived)) == set()


def test_an_error_after_an_ordinary_answer_is_not_this_one() -> None:
    assert golden.sequence(g(T01), access(500)) == set()
