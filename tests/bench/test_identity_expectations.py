"""Each expectation about identities: when it holds, when it does not, when nothing was seen."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bench.expectations import Observation, evaluate
from bench.letters import letter_about
from bench.people import invent
from bench.session import Scenario
from fixtures.world import PatientFixture
from rules.exchange import Exchange
from rules.formats.cda import ClinicalDocument
from tests.rules.identity.story import (
    about,
    call,
    created,
    found,
    gesture,
    ins,
    patient,
    refusal,
    retrieved,
    searched,
)
from tests.rules.journals import ENVIRONMENT, INS, LOUISE, journal, letter, mail

SEARCH = "identity.search_insi"
CLOSED = gesture("patient.search", {}, {"patients": [{"id": "p1"}, {"id": "p2"}]})
TASKS = gesture("worklist.read", {}, {"taches": [{"patient": "p1", "motif": "INS KO", "le": ""}]})


def asked(name: str, *story: Exchange, **parameters: Any) -> Observation:
    return evaluate(name, journal(*story), ENVIRONMENT, parameters)


HOLDS: list[tuple[str, dict[str, Any], tuple[Exchange, ...]]] = [
    ("etat-identite", {"patient": "p1", "statuts": ["récupérée"], "ins": INS}, tuple(retrieved())),
    ("etat-identite", {"patient": "p1", "ins": ""}, (created(),)),
    ("trait-garde", {"patient": "p1", "trait": "sexe", "valeur": "F"}, (created(),)),
    ("reponse", {"action": SEARCH, "chemin": "insi.code", "parmi": ["00"]}, tuple(retrieved())),
    ("reponse", {"action": SEARCH, "chemin": "insi.ecarts", "present": False}, tuple(retrieved())),
    (
        "reponse",
        {"action": "worklist.read", "chemin": "taches.0.motif", "parmi": ["INS KO"]},
        (TASKS,),
    ),
    ("appels-insi", {"action": SEARCH, "nombre": 1}, tuple(retrieved())),
    ("appelant", {"mode": "organisation"}, tuple(retrieved())),
    ("controle", {"regle": "INS-S-01", "action": SEARCH}, tuple(retrieved())),
    ("patients-trouves", {"presents": ["p1"], "absents": ["p3"], "nombre": 2}, (CLOSED,)),
    ("liste-de-travail", {"patient": "p1"}, (TASKS,)),
    ("ins-transmise", {"service": "mssante", "operation": "SMTP", "ins": INS}, (mail(letter()),)),
]

FAILS: list[tuple[str, dict[str, Any], tuple[Exchange, ...], str]] = [
    ("etat-identite", {"patient": "p1", "statuts": ["validée"]}, (created(),), "provisoire"),
    ("etat-identite", {"patient": "p1", "ins": ""}, tuple(retrieved()), INS),
    ("trait-garde", {"patient": "p1", "trait": "sexe", "valeur": "M"}, (created(),), "F"),
    (
        "reponse",
        {"action": SEARCH, "chemin": "insi.propose", "present": True},
        tuple(retrieved()),
        "rien",
    ),
    (
        "reponse",
        {"action": "worklist.read", "chemin": "taches.4.motif", "parmi": ["INS KO"]},
        (TASKS,),
        "rien",
    ),
    ("appels-insi", {"action": SEARCH, "nombre": 0}, tuple(retrieved()), "1 appel"),
    ("appelant", {"mode": "cps", "professionnel": LOUISE}, tuple(retrieved()), "dont 1"),
    (
        "controle",
        {"regle": "INS-S-01", "action": SEARCH},
        (created(), call(found()), searched(patient())),
        "1 écart",
    ),
    ("patients-trouves", {"presents": ["p3"]}, (CLOSED,), "1 oublié"),
    ("patients-trouves", {"absents": ["p1"]}, (CLOSED,), "1 de trop"),
    ("patients-trouves", {"nombre": 0}, (CLOSED,), "2 dossier"),
    ("liste-de-travail", {"patient": "p9"}, (TASKS,), "0 tâche"),
    (
        "ins-transmise",
        {"service": "mssante", "operation": "SMTP", "ins": "2850733063043" + "05"},
        (mail(letter()),),
        "dans 0",
    ),
    (
        "imprime",
        {"patient": "p1", "dit": ["TESTAVRIL"]},
        (about("document.print", patient(), answer={"document": {"contenu": ""}}),),
        "aucun document",
    ),
]

UNSEEN: list[tuple[str, dict[str, Any]]] = [
    ("etat-identite", {"patient": "p1", "ins": ""}),
    ("trait-garde", {"patient": "p1", "trait": "sexe", "valeur": "M"}),
    ("reponse", {"action": SEARCH, "chemin": "insi.code", "parmi": ["00"]}),
    ("appels-insi", {"action": SEARCH, "nombre": 0}),
    ("appelant", {"mode": "organisation"}),
    ("controle", {"regle": "INS-S-01", "action": SEARCH}),
    ("patients-trouves", {"nombre": 0}),
    ("liste-de-travail", {}),
    ("ins-transmise", {"service": "mssante", "operation": "SMTP", "ins": INS}),
    ("imprime", {"patient": "p1"}),
]


@pytest.mark.parametrize(("name", "parameters", "story"), HOLDS)
def test_an_expectation_that_holds(
    name: str, parameters: dict[str, Any], story: tuple[Exchange, ...]
) -> None:
    seen = asked(name, *story, **parameters)
    assert seen.holds, seen.reason
    assert seen.observed
    assert seen.exchanges


@pytest.mark.parametrize(("name", "parameters", "story", "reason"), FAILS)
def test_an_expectation_that_does_not_hold_says_why(
    name: str, parameters: dict[str, Any], story: tuple[Exchange, ...], reason: str
) -> None:
    seen = asked(name, *story, **parameters)
    assert not seen.holds
    assert seen.observed
    assert reason in seen.reason


@pytest.mark.parametrize(("name", "parameters"), UNSEEN)
def test_what_was_never_played_concludes_nothing(name: str, parameters: dict[str, Any]) -> None:
    seen = asked(name, **parameters)
    assert not seen.holds
    assert not seen.observed


@pytest.mark.parametrize(
    ("parameters", "flaw"),
    [
        ({"dit": ["Testavril", "12/07/1985"], "tait": [INS], "datamatrix": ""}, None),
        ({"dit": ["TESTMAI"]}, "« TESTMAI » absent"),
        ({"tait": ["testavril"]}, "« testavril » présent"),
        ({"datamatrix": INS}, "datamatrix : aucun"),
    ],
)
def test_what_a_printed_page_says(parameters: dict[str, Any], flaw: str | None) -> None:
    body = ClinicalDocument.parse(letter()).body
    assert body is not None
    content = base64.b64encode(body.content or b"").decode()
    page = about("document.print", patient(), answer={"document": {"contenu": content}})
    seen = asked("imprime", page, patient="p1", **parameters)
    assert seen.holds is (flaw is None)
    assert (flaw or "tout y est") in seen.reason


def test_a_gesture_about_another_patient_is_not_that_of_the_first() -> None:
    refused = refusal(SEARCH, "Refusé.", patient="p2")
    story = (*retrieved(), refused)
    mine = {"action": SEARCH, "chemin": "insi.code", "patient": "p1", "parmi": ["00"]}
    assert asked("reponse", *story, **mine).holds
    assert not asked("reponse", *story, **{**mine, "patient": "p2"}).holds
    assert ins()["cle"] == "08"


def scenario(rank: int) -> Scenario:
    return Scenario(None, "essai", rank, 0)  # type: ignore[arg-type]  # no platform is needed


def test_people_of_scenarios_are_never_the_same_and_always_the_same() -> None:
    everyone = [invent(one) for rank in range(100) for one in [scenario(rank)] for _ in range(3)]
    assert len({who.ins for who in everyone}) == len({who.birth_name for who in everyone}) == 300
    assert invent(scenario(7)) == invent(scenario(7))
    assert invent(scenario(7), "JEAN PIERRE").birth_given_names == "JEAN PIERRE"


def test_a_letter_is_about_the_person_it_is_asked_for() -> None:
    who = invent(scenario(3))
    data = base64.b64decode(letter_about(who, 12))
    told = ClinicalDocument.parse(data)
    assert told.patient is not None
    assert told.ins is not None
    assert told.ins.extension == who.ins
    assert _traits(told) == _of(who)
    other = ClinicalDocument.parse(base64.b64decode(letter_about(who, 13, ins=INS)))
    assert other.ins is not None
    assert other.ins.extension == INS
    assert other.unique_id != told.unique_id


def _traits(document: ClinicalDocument) -> tuple[str | None, ...]:
    assert document.patient is not None
    told = document.patient.traits
    return told.birth_name, told.birth_given_names, told.sex, told.birth_date, told.birth_place


def _of(who: PatientFixture) -> tuple[str, ...]:
    return who.birth_name, who.birth_given_names, who.sex, who.birth_date, who.birth_place
