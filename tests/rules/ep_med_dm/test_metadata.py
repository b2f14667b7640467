"""DMP-21-09: the act of a prescription ends with its validity, a date to come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.context import Environment
from rules.judge import circumstances, judge_reading
from tests.rules.journals import deposit, journal

START = b'<Slot name="serviceStartTime">'


def to_come(kind: bytes, stop: bytes) -> list[str]:
    """Places of the dates that are said to be in the future, for a type of document."""
    made = deposit()
    slot = b'<Slot name="serviceStopTime"><ValueList><Value>%s</Value></ValueList></Slot>' % stop
    assert START in made.request.body
    body = made.request.body.replace(b"11488-4", kind).replace(START, slot + START, 1)
    view = journal(replace(made, request=replace(made.request, body=body)))
    context = circumstances(view, 0, Environment())
    found = judge_reading(view.reading(view.exchanges[0]), context).findings
    return [f.place for f in found if f.check_id == "DMP-21-09" and "à venir" in f.advice]


@pytest.mark.parametrize("kind", [b"57833-6", b"PRESC-BIO"])
def test_the_end_of_validity_is_to_come(kind: bytes) -> None:
    assert to_come(kind, b"20270312225959") == []


def test_another_act_has_ended() -> None:
    (place,) = to_come(b"11488-4", b"20270312225959")
    assert place.endswith("ExtrinsicObject[1]/Slot[@name='serviceStopTime']")
    assert to_come(b"11488-4", b"20260312092500") == []
