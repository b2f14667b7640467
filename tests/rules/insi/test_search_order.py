"""INS-W-22, 23, 24: the calls of one search, each rule silent on what the sheet allows."""

from __future__ import annotations

import pytest

from rules.exchange import Exchange
from tests.rules.identity.story import created, ins, patient, searched
from tests.rules.insi.searches import (
    OLA,
    after,
    answer_of,
    body,
    by_given_names,
    call,
    ids,
    judged,
    story,
)

ALL = "OLA CATARINA BELLA"
LEONARDO = {**OLA, "nom_naissance": "DE VINCI", "prenoms_naissance": "LEONARDO PIERO"}


def leonardo(*calls: tuple[str, str, str | None], code: str = "00") -> list[Exchange]:
    """(prénoms, answer, place) for someone whose birthplace is known."""
    made = [call(body(g, "DE VINCI", place=p), answer_of(a)) for g, a, p in calls]
    return story(*made, traits=LEONARDO, code=code)


@pytest.mark.parametrize(
    "calls",
    [
        (("OLA", "00"),),
        (("OLA", "01"), ("CATARINA", "00")),
        (("OLA", "01"), ("CATARINA", "01"), ("BELLA", "00")),
        (("OLA", "01"), ("CATARINA", "01"), ("BELLA", "01"), (ALL, "01")),
        (("OLA CATARINA", "01"), ("BELLA", "01"), (ALL, "00")),
        ((ALL, "00"),),
        (("OLA", "fault"),),
        (("OLA", "01"), ("CATARINA", None)),
    ],
)
def test_the_sequences_of_the_sheet(calls: tuple[tuple[str, str], ...]) -> None:
    last = calls[-1][1]
    code = last if last in ("00", "01") else "desir_1020"
    assert ids(*story(*by_given_names(*calls), code=code)) == []


def test_prenoms_are_compared_as_they_must_leave() -> None:
    typed = {**OLA, "prenoms_naissance": "Cœur Élodie-Anne"}
    calls = by_given_names(("COEUR", "01"), ("ELODIE-ANNE", "00"))
    assert ids(*story(*calls, traits=typed)) == []


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ((("CATARINA", "01"), ("OLA", "00")), "OLA"),
        (((ALL, "01"), ("OLA", "00")), "OLA"),
        ((("OLA", "01"), ("BELLA", "00")), "CATARINA"),
        ((("OLA", "01"), (ALL, "00")), "CATARINA"),
        ((("OLA", "01"),), "un autre appel, pour « CATARINA »"),
        ((("OLA", "01"), ("CATARINA", "01"), ("BELLA", "01")), f"un autre appel, pour « {ALL} »"),
        ((("OLA", "00"), ("CATARINA", "01")), "aucun appel après le code 00"),
        ((("AUTRE", "00"),), "OLA"),
    ],
)
def test_out_of_turn(calls: tuple[tuple[str, str], ...], expected: str) -> None:
    made = by_given_names(*calls)
    [found] = judged(*story(*made, code=calls[-1][1]))
    assert (found.check_id, found.expected) == ("INS-W-22", expected)
    assert found.exchange_id in [each.id for each in made]
    assert found.advice


@pytest.mark.parametrize(
    ("calls", "code"),
    [
        ((("LEONARDO", "02", None), ("LEONARDO PIERO", "00", None)), "00"),
        (
            (
                ("LEONARDO", "02", None),
                ("LEONARDO PIERO", "02", None),
                ("LEONARDO PIERO", "02", "63220"),
            ),
            "02",
        ),
        (
            (
                ("LEONARDO", "02", None),
                ("LEONARDO PIERO", "01", None),
                ("LEONARDO", "00", "63220"),
            ),
            "00",
        ),
        ((("LEONARDO", "01", None), ("PIERO", "02", None), ("LEONARDO PIERO", "00", None)), "00"),
        ((("LEONARDO", "02", "63220"), ("LEONARDO PIERO", "00", "63220")), "00"),
        ((("LEONARDO", "02", None), ("LEONARDO PIERO", "fault", None)), "desir_1020"),
    ],
)
def test_ambiguity_narrowed_as_the_sheet_says(
    calls: tuple[tuple[str, str, str | None], ...], code: str
) -> None:
    assert ids(*leonardo(*calls, code=code)) == []


def test_nothing_more_is_known_of_the_first_homonym() -> None:
    """CNDA 2.06 cas 1: one prénom, no place: the user is asked."""
    alone = {**LEONARDO, "prenoms_naissance": "LEONARDO", "lieu_naissance": "99999"}
    made = [call(body("LEONARDO", "DE VINCI"), answer_of("02"))]
    assert ids(*story(*made, traits=alone, code="02")) == []


@pytest.mark.parametrize(
    ("calls", "code", "expected"),
    [
        (
            (("LEONARDO", "02", None), ("LEONARDO", "00", "63220")),
            "00",
            "tous les prénoms, avant le lieu de naissance",
        ),
        (
            (("LEONARDO", "02", None), ("PIERO", "00", None)),
            "00",
            "un critère de plus : d'autres prénoms, puis le lieu de naissance",
        ),
        ((("LEONARDO", "02", None),), "02", "un autre appel, avec les autres prénoms"),
        (
            (("LEONARDO", "02", None), ("LEONARDO PIERO", "02", None)),
            "02",
            "un autre appel, avec le lieu de naissance 63220",
        ),
    ],
)
def test_ambiguity_not_narrowed(
    calls: tuple[tuple[str, str, str | None], ...], code: str, expected: str
) -> None:
    [found] = judged(*leonardo(*calls, code=code))
    assert (found.check_id, found.expected) == ("INS-W-23", expected)


def test_one_of_several_is_never_picked() -> None:
    alone = {**LEONARDO, "prenoms_naissance": "LEONARDO", "lieu_naissance": "99999"}
    made = [call(body("LEONARDO", "DE VINCI"), answer_of("02"))]
    [found] = judged(*story(*made, traits=alone, code="02", held=ins()))
    assert (found.check_id, found.found) == ("INS-W-23", "285073306304208")


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        ((("OLA", "fault"), ("OLA", "00")), "le même appel"),
        ((("OLA", None), ("CATARINA", "00")), "un appel après une erreur"),
    ],
)
def test_called_again_after_a_fault(calls: tuple[tuple[str, str | None], ...], found: str) -> None:
    [told] = judged(*story(*by_given_names(*calls)))
    assert (told.check_id, told.found) == ("INS-W-24", found)


def test_somebody_else_in_the_same_search() -> None:
    other = call(body("ZOE", "ADRUN", "1975-12-31"), answer_of("00"))
    found = judged(*story(*by_given_names(("OLA", "fault")), other))
    assert [(f.check_id, f.found) for f in found] == [("INS-W-24", "une autre personne")]


def burst(people: int, every: float = 1) -> list[Exchange]:
    names = (f"TEST{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(people))
    return [
        call(body("OLA", name), answer_of("01"), **after(n * every)) for n, name in enumerate(names)
    ]


def test_mass_retrieval_without_any_user() -> None:
    [found] = judged(*burst(25))
    assert (found.check_id, found.found) == ("INS-W-24", "11 personnes")


def test_a_burst_during_another_gesture() -> None:
    assert ids(*burst(11), created()) == ["INS-W-24"]


def test_a_user_who_asks_by_hand_is_no_burst() -> None:
    assert ids(*burst(40, every=10)) == []
    assert ids(*burst(10)) == []


def test_searches_asked_one_by_one_are_no_burst() -> None:
    journal: list[Exchange] = []
    for n, made in enumerate(burst(25)):
        state = patient(id=f"p{n}")
        journal += [made, searched(state, "01")]
    assert ids(*journal) == []
