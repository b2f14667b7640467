"""Third voice: every golden answer, and every style a server may write, is understood alike."""

from __future__ import annotations

import dataclasses

import pytest

from reference_impl.insi.answer import read_answer
from rules.formats.insi import read_answer as read_by_rules
from rules.formats.insi_answer import InsiAnswer, InsiFault
from simulators.insi import faults
from simulators.insi.people import QUALIFICATION
from simulators.insi.wire import STYLES, Reply, answer
from tests.rules.insi import golden
from tests.shared_data import needs_shared

ECETINSI = next(p for p in QUALIFICATION if p.birth_name == "ECETINSI")
WRITTEN_OTHERWISE = ("en-tete-vide", "element-inconnu", "commentaire", "bom", "mise-en-page")


@needs_shared
@pytest.mark.parametrize("form", ["http", "xml"])
@pytest.mark.parametrize("name", golden.NAMES)
def test_golden_answers_are_read_as_the_rules_read_them(name: str, form: str) -> None:
    answered = golden.exchange(name, form).response
    assert answered is not None
    expected = read_by_rules(answered)
    status = golden.exchange(name).response.status  # type: ignore[union-attr]
    understood = read_answer(status, answered.body)
    if isinstance(expected, InsiFault):
        assert (understood.fault, understood.code) == (True, expected.code)
        assert understood.retry_later is (expected.fault.subcode == "siram_40")
        return
    assert isinstance(expected, InsiAnswer)
    assert (understood.code, understood.label) == (expected.code, expected.text)
    if expected.individual is None:
        assert understood.individual is None
        return
    one, other = understood.individual, expected.individual
    assert one is not None
    assert (one.ins.matricule, one.ins.oid) == (other.active.number, other.active.oid)
    assert one.ins.key == (other.active.key or one.ins.key)
    assert len(one.history) == len(other.history)
    assert one.traits.birth_name == other.birth_name
    assert one.traits.birth_given_names == (other.given_names or other.given_name)
    assert (one.traits.sex, one.traits.birth_date) == (other.sex, other.birth_date)
    assert one.traits.birth_place == other.birth_place


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("lie", [None, *WRITTEN_OTHERWISE])
def test_a_style_changes_nothing_of_what_is_understood(style: str, lie: str | None) -> None:
    plain = read_answer(200, answer(Reply("00", ECETINSI)))
    body = answer(faults.spoil(Reply("00", ECETINSI, style=style), lie))
    understood = read_answer(200, body)
    assert understood.code == "00"
    assert understood.individual is not None
    assert plain.individual is not None
    assert understood.individual.ins == plain.individual.ins
    assert understood.individual.history == plain.individual.history
    assert len(understood.individual.history) == 1
    told, known = understood.individual.traits, plain.individual.traits
    # The oldest style has no list: its only prénom is the beginning of the one of others.
    assert known.birth_given_names.startswith(told.birth_given_names)
    assert (told.birth_given_names == known.birth_given_names) is (style != "2021")
    assert (told.birth_name, told.sex, told.birth_date, told.birth_place) == (
        known.birth_name,
        known.sex,
        known.birth_date,
        known.birth_place,
    )


def test_children_in_disorder_and_inverted_dates_are_read() -> None:
    """Dates before the identifier, an end before its start: seen in a CNDA file."""
    body = answer(dataclasses.replace(Reply("00", ECETINSI), dates_first=True))
    [past] = read_answer(200, body).individual.history  # type: ignore[union-attr]
    assert (past.ins.matricule, past.begin, past.end) == (
        "2090763220834",
        "2019-03-01",
        "2019-02-28",
    )
