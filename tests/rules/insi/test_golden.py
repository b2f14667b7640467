"""The third voice: no golden INSi exchange raises a finding, ever."""

from dataclasses import replace

import pytest

from rules.judge import JournalView, judge_journal, judge_reading, read
from tests.rules.insi import golden
from tests.shared_data import needs_shared

pytestmark = needs_shared


@pytest.mark.parametrize("form", ["http", "xml"])
@pytest.mark.parametrize("name", golden.NAMES)
def test_no_finding(name: str, form: str) -> None:
    judgement = judge_reading(read(golden.exchange(name, form)), golden.context(name))
    assert judgement.findings == ()
    assert {"INS-W-01", "INS-W-02", "INS-W-05", "INS-W-09"} <= judgement.evaluated
    assert not [need for check, need in judgement.skipped if check.startswith("INS-W")]


def test_no_finding_in_the_whole_story() -> None:
    exchanges = [replace(golden.exchange(n), position=i) for i, n in enumerate(golden.NAMES, 1)]
    judgement = judge_journal(JournalView(tuple(exchanges)), golden.environment())
    assert judgement.findings == ()
    assert {"INS-W-03", "INS-W-06", "INS-W-20", "INS-W-21"} <= judgement.evaluated


@pytest.mark.parametrize("name", golden.NAMES)
def test_no_finding_in_a_lone_answer(name: str) -> None:
    whole = golden.exchange(name)
    assert whole.response is not None
    lone = replace(whole, request=whole.response, response=None)
    assert judge_reading(read(lone), golden.context(name)).findings == ()
