"""INS-W-25, 26, 27: what the user was shown, and whom they chose."""

from __future__ import annotations

from typing import Any

import pytest

from rules.exchange import Exchange
from tests.rules.identity.story import about, created, found, gesture, ins, nobody, patient, refusal
from tests.rules.insi.searches import OLA, body, by_given_names, call, card_body, ids, judged, story

FOUND = found(ins(), prenoms_naissance="OLA CATARINA BELLA")
MOTHER = {
    "position": 1, "nom_usuel": "TESTMAI", "nom_naissance": "TESTAVRIL", "prenom": "Camille",
    "date_naissance": "19850712", "rang_gemellaire": "1", "nir_certifie": "285073306304208",
    "nir_ouvrant_droit": "285073306304208", "qualite": "0",
}  # fmt: skip
CHILD = {**MOTHER, "position": 2, "prenom": "Nino", "date_naissance": "20191305",
         "nir_certifie": None, "qualite": "6"}  # fmt: skip


def told(answer: str | None, **insi: Any) -> list[Exchange]:
    return story(call(body("OLA"), answer), **insi)


@pytest.mark.parametrize(
    ("answer", "insi"),
    [
        (FOUND, {}),
        (nobody("02"), {"code": "02", "traits": {"prenoms_naissance": "OLA"}}),
        (nobody("01"), {"code": "01", "traits": {"prenoms_naissance": "OLA"}}),
        (FOUND, {"held": None, "ecarts": ["nom_naissance"]}),
        (FOUND, {"held": None, "propose": {"nom_naissance": "X"}}),
        (found(ins(number="X")), {"code": "REPONSE_INVALIDE"}),
        (found(ins(oid="1.2.3")), {"code": "REPONSE_INVALIDE"}),
        (found(ins(), sexe=""), {"code": "REPONSE_INVALIDE"}),
        (nobody("00"), {"code": "REPONSE_INVALIDE"}),
        (None, {"code": "INSI_INJOIGNABLE"}),
    ],
)
def test_what_may_be_told(answer: str | None, insi: dict[str, Any]) -> None:
    insi.setdefault("held", ins() if insi.get("code", "00") == "00" else None)
    assert [i for i in ids(*told(answer, **insi)) if i == "INS-W-25"] == []


@pytest.mark.parametrize(
    ("answer", "insi", "expected"),
    [
        (FOUND, {"code": "01"}, "00"),
        (FOUND, {"code": "REPONSE_ILLISIBLE"}, "00"),
        (nobody("01"), {"code": "00"}, "01"),
        (nobody("02"), {"code": "01"}, "02"),
        (FOUND, {"held": None}, "2850733063042"),
        (FOUND, {"held": ins(number="1850733063042")}, "2850733063042"),
    ],
)
def test_a_misread_answer(answer: str, insi: dict[str, Any], expected: str) -> None:
    [seen] = [f for f in judged(*told(answer, **insi)) if f.check_id == "INS-W-25"]
    assert seen.expected == expected


def test_a_refusal_is_a_decision_and_a_failure_is_not() -> None:
    calls = by_given_names(("OLA", "00"))
    refused = refusal("identity.search_insi", "Déjà attribuée.", code="INS_DEJA_ATTRIBUEE")
    assert ids(created(traits=OLA), *calls, refused) == []
    failed = gesture("identity.search_insi", {"patient": "p1"}, {}, 500)
    [seen] = [f for f in judged(created(traits=OLA), *calls, failed) if f.check_id == "INS-W-25"]
    assert seen.found == "HTTP 500"


def by_card(
    sent: str, position: int | None = None, people: tuple[dict[str, Any], ...] = (MOTHER, CHILD)
) -> list[Exchange]:
    """The card read, then a search by it."""
    read = gesture("card.read_vitale", {}, {"vitale": {"beneficiaires": list(people)}})
    chosen = {} if position is None else {"beneficiaire": position}
    answer = {"insi": {"code": "01", "libelle": ".", "appels": 1}}
    searched = about("identity.search_insi", patient(), source="vitale", answer=answer, **chosen)
    return [created(), read, call(sent, nobody("01")), searched]


@pytest.mark.parametrize(
    ("sent", "position"),
    [
        (card_body("2850733063042"), 1),
        (card_body(None, birth="2019-13-05"), 2),
    ],
)
def test_what_the_card_says_is_sent(sent: str, position: int) -> None:
    assert ids(*by_card(sent, position)) == []


def test_a_lone_beneficiary_needs_no_choice() -> None:
    assert ids(*by_card(card_body("2850733063042"), people=(MOTHER,))) == []


@pytest.mark.parametrize("individual", [None, "2850733063042"])
def test_the_number_of_the_insured_is_theirs(individual: str | None) -> None:
    alone = {**MOTHER, "nir_certifie": None}
    assert ids(*by_card(card_body(individual), people=(alone,))) == []


@pytest.mark.parametrize(
    ("sent", "position", "place"),
    [
        (card_body(None), 1, "MatriculeIndividu"),
        (card_body("2850733063042", birth="2019-13-05"), 2, "MatriculeIndividu"),
        (card_body(None, birth="2019-01-05"), 2, "DateNaissance"),
        (card_body(None, birth="2019-13-05", rank="2"), 2, "RangNaissance"),
        (card_body(None, "1850733063042", birth="2019-13-05"), 2, "MatriculeOD"),
    ],
)
def test_something_else_than_the_card_says(sent: str, position: int, place: str) -> None:
    [seen] = judged(*by_card(sent, position))
    assert (seen.check_id, seen.place.rpartition("/")[2]) == ("INS-W-26", place)


def test_another_beneficiary_than_the_one_chosen() -> None:
    assert ids(*by_card(card_body("2850733063042"), 2)) == ["INS-W-27"]


@pytest.mark.parametrize("position", [None, 9])
def test_a_call_before_any_choice(position: int | None) -> None:
    [seen] = judged(*by_card(card_body("2850733063042"), position))
    assert (seen.check_id, seen.found) == ("INS-W-27", "un appel, pour l'un des 2 bénéficiaires")
