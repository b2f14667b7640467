"""No golden ApCV message raises a finding, alone, in exchange or in sequence."""

from __future__ import annotations

import pytest

from rules.context import Context
from rules.formats.apcv import ApcvData, ApcvRequest, read_answer, read_request
from rules.formats.apcv_answer import ApcvAnswer
from rules.formats.symbols import read_picture
from rules.judge import JournalView, judge_artefact, judge_journal
from tests.rules.apcv import story
from tests.rules.apcv.story import ENVIRONMENT
from tests.shared_data import needs_shared

pytestmark = needs_shared


@pytest.mark.parametrize("name", ["authentification-demande", "destruction-demande"])
def test_no_finding_in_a_request(name: str) -> None:
    request = read_request(story.http(name))
    context = Context(environment=ENVIRONMENT, observed_at=story.NOW)
    judged = judge_artefact(request, context)
    assert judged.findings == ()
    assert {"AV-02", "AV-03", "AV-04", "AV-05", "AV-06", "AV-07", "AV-08"} <= judged.evaluated


def test_no_finding_in_the_code() -> None:
    judged = judge_artefact(ApcvData(story.text()), Context())
    assert judged.findings == ()
    assert "AV-01" in judged.evaluated


def test_the_picture_holds_the_text() -> None:
    symbols = read_picture((story.FOLDER / "apcv-qr.png").read_bytes())
    assert [s.data.decode() for s in symbols] == [story.text()]


def test_the_answer_is_read_whole() -> None:
    answer = read_answer(story.http("authentification-reponse"))
    assert isinstance(answer, ApcvAnswer)
    assert (answer.code, answer.kind, answer.serial) == ("0", "T", "000499900012")
    assert answer.ends is not None
    assert (answer.ends - story.NOW).total_seconds() == pytest.approx(1200, abs=1)
    holder, child = answer.people
    assert (holder.ins, holder.given_names) == ("285073306304208", "CAMILLE ANNE")
    assert (child.ins, child.traits) == (None, {})


def test_no_finding_in_the_sequence() -> None:
    read = story.gesture(2, "apcv.read", {"donnees": story.text() + "\r"}, {"apcv": {}})
    asked = {"professionnel": "810999990012"}
    closed = story.gesture(4, "apcv.close", asked, {"apcv": {}})
    view = JournalView((story.authentication(1), read, story.destruction(3), closed))
    assert isinstance(view.reading(view.exchanges[0]).first(ApcvRequest), ApcvRequest)
    judged = judge_journal(view, ENVIRONMENT)
    assert judged.findings == ()
    assert {"AV-09", "AV-10", "AV-11", "AV-12", "AV-18"} <= judged.evaluated
