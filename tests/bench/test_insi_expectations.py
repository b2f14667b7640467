"""What the CNDA cases ask of INSi's wire: each expectation holds and fails for its reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.expectations import Observation, evaluate
from rules.exchange import Exchange
from rules.judge import JournalView
from tests.rules.identity.story import PAST, created, ins, patient, searched
from tests.rules.insi.messages import environment
from tests.rules.insi.searches import OLA, body, by_given_names, call, story


def asked(name: str, *exchanges: Exchange, **parameters: Any) -> Observation:
    placed = [replace(each, position=rank) for rank, each in enumerate(exchanges, 1)]
    return evaluate(name, JournalView(tuple(placed)), environment(), parameters)


SEQUENCE = story(*by_given_names(("OLA", "01"), ("CATARINA", "00")))


def test_the_sequence_of_calls() -> None:
    right = asked("suite-insi", *SEQUENCE, appels=[["OLA", "01"], ["CATARINA", "00"]])
    assert right.holds
    assert right.exchanges == tuple(each.id for each in SEQUENCE[1:3])
    wrong = asked("suite-insi", *SEQUENCE, appels=[["CATARINA", "00"]])
    assert not wrong.holds
    assert "OLA (01), CATARINA (00)" in wrong.reason
    none = asked("suite-insi", created(), appels=[])
    assert not none.observed


def test_a_search_that_calls_nobody() -> None:
    refused = [created(traits=OLA), searched(patient(traits=OLA), "REFUS")]
    assert asked("suite-insi", *refused, appels=[]).holds
    assert not asked("suite-insi", *refused, appels=[["OLA", "01"]]).holds
    assert not asked("traits-transmis", *refused, nom="TCHITCHI", prenoms="OLA").observed


def test_traits_as_sent() -> None:
    assert asked("traits-transmis", *SEQUENCE, nom="TCHITCHI", prenoms="OLA").holds
    other = asked("traits-transmis", *SEQUENCE, nom="TCHI-TCHI", prenoms="OLA")
    assert not other.holds
    assert "attendu : TCHI-TCHI" in other.reason


def test_requests_that_break_a_rule() -> None:
    assert asked("demandes-admises", *SEQUENCE, regle="INS-W-16").holds
    ligature = story(call(body("CŒUR"), None), code="REFUS")
    told = asked("demandes-admises", *ligature, regle="INS-W-16")
    assert not told.holds
    assert told.exchanges == (ligature[1].id,)
    assert not asked("demandes-admises", regle="INS-W-16").observed


def test_history_in_any_order() -> None:
    former = {**PAST, "matricule": "1850733063042", "cle": "58"}
    told = [created(), searched(patient("récupérée", ins(), historique=[PAST, former]))]
    numbers = ["185073306304258", "285073306309948"]
    assert asked("historique", *told, patient="p1", matricules=numbers).holds
    short = asked("historique", *told, patient="p1", matricules=numbers[:1])
    assert not short.holds
    assert "285073306309948" in short.reason
    assert not asked("historique", *told, patient="autre", matricules=[]).observed
