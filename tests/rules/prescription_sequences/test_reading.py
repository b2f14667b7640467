"""EP-24, EP-25 and EP-33: what the software shows of executions and searches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from rules.context import Environment
from rules.exchange import Outcome
from rules.findings import Severity
from rules.judge import judge_sequence
from tests.rules.journals import journal
from tests.rules.prescription.calls import ordonnance
from tests.rules.prescription_sequences.stories import (
    NUMBER,
    OTHER,
    call,
    consulted,
    ep2,
    ep3,
    ep4,
    gesture,
    ids,
    n1,
    n3,
    validated,
)

EXECUTION: dict[str, Any] = {
    "date": "2026-03-13",
    "executant": {"rpps": "10999990178", "nom": "TESTPHARMA", "prenom": "Hugo"},
    "lignes": [{"ligne": 1, "statut": "NON_DELIVREE", "motif": 28, "sousMotif": 73}],
}
FLAT: dict[str, Any] = {
    "date": "2026-03-13",
    "executant": {"rpps": "10999990178", "nom": "TESTPHARMA"},
    "ligne": 1,
    "motif": 28,
    "sousMotif": 73,
}
ALERT = {"alertes": ["Le patient s'oppose à la lecture des exécutions."]}


def opposed() -> tuple[Any, ...]:
    """An ordonnance whose patient is opposed."""
    return ep4(told={"consentement": False}), n3(), n1(), validated()


def test_executions_are_shown() -> None:
    assert ids(ep3([EXECUTION]), consulted([EXECUTION])) == []
    assert ids(ep3([EXECUTION]), consulted([FLAT])) == []


def test_an_execution_is_missing() -> None:
    assert ids(ep3([EXECUTION]), consulted()) == ["EP-24"]


def test_the_motive_is_missing() -> None:
    bare = {**EXECUTION, "lignes": [{"ligne": 1, "statut": "NON_DELIVREE"}]}
    assert ids(ep3([EXECUTION]), consulted([bare])) == ["EP-24"]


def test_an_execution_shown_without_consent() -> None:
    assert ids(ep3(access="REFUSE"), consulted([EXECUTION], **ALERT)) == ["EP-24"]


def test_an_execution_that_cannot_be_read() -> None:
    assert ids(ep3(), consulted([{"ligne": "une"}])) == ["EP-24"]


def test_executions_of_an_opposed_patient_are_not_asked() -> None:
    assert ids(*opposed(), ep3(asked=False), consulted()) == []
    assert ids(*opposed(), ep3(access="REFUSE"), consulted()) == ["EP-25"]


def test_a_refusal_that_is_said() -> None:
    assert ids(*opposed(), ep3(access="REFUSE"), consulted(**ALERT)) == []
    assert ids(ep3(access="REFUSE"), consulted()) == ["EP-25"]
    error = {"erreur": {"code": "EP-P-008", "message": "Accès refusé : le patient s'oppose."}}
    said = gesture("prescription.consult", error, {"numero": NUMBER}, 403)
    assert ids(ep3(access="REFUSE"), said) == []


def searched(*numbers: str, patient: str | None = None) -> Any:
    """``prescription.search`` and what it shows."""
    answer = {"ordonnances": [{"numero": number} for number in numbers]}
    return gesture("prescription.search", answer, {"patient": patient})


def test_a_search_shows_what_is_found() -> None:
    assert ids(ep2(NUMBER, OTHER), searched(NUMBER, OTHER)) == []
    assert ids(ep2(NUMBER, OTHER), searched(NUMBER)) == ["EP-33"]


def test_a_search_calls_the_service() -> None:
    assert ids(searched(NUMBER)) == ["EP-33"]


def test_an_ordonnance_is_opened_from_the_service() -> None:
    assert ids(consulted()) == ["EP-33"]


@pytest.mark.parametrize(
    "shown",
    [
        {**EXECUTION, "date": "13/03/2026"},
        {**EXECUTION, "date": "2026-03-13T16:48:20+01:00"},
        {**EXECUTION, "executant": {"rpps": "10999990178"}},
        {**EXECUTION, "executant": {"nom": "TestPharma"}},
    ],
)
def test_other_spellings_of_an_execution(shown: dict[str, Any]) -> None:
    assert ids(ep3([EXECUTION]), consulted([shown])) == []


@pytest.mark.parametrize(
    "shown",
    [
        {**EXECUTION, "date": "2026-03-14"},
        {**EXECUTION, "executant": None},
        {**EXECUTION, "executant": {"nom": "TESTOFFICINE"}},
    ],
)
def test_another_date_or_another_pharmacist(shown: dict[str, Any]) -> None:
    assert ids(ep3([EXECUTION]), consulted([shown])) == ["EP-24"]


def test_a_screen_that_the_driver_does_not_tell_is_to_be_seen() -> None:
    silent = gesture("prescription.consult", {"ordonnance": {}}, {"numero": NUMBER})
    judged = judge_sequence(journal(ep3([EXECUTION]), silent), Environment())
    found = [f for f in judged.findings if f.check_id == "EP-24"]
    assert [f.severity for f in found] == [Severity.REVIEW]
    assert ids(ep3(), silent) == []


def test_an_ordonnance_that_another_workstation_opens() -> None:
    answer = {"ordonnance": ordonnance(id=OTHER, executions=[EXECUTION])}
    theirs = call("EP3", {"id": OTHER, "avecExecutions": True}, answer=answer)
    assert ids(ep3(), theirs, consulted()) == []


def test_a_refusal_that_is_an_error_is_said_too() -> None:
    refused = replace(ep3(), outcome=Outcome.REFUSED, response=None, error_code="EP-P-008")
    assert ids(refused, ep3(asked=False, access="REFUSE"), consulted()) == ["EP-25"]
    assert ids(refused, ep3(asked=False, access="REFUSE"), consulted(**ALERT)) == []


def test_a_patient_who_agrees_later() -> None:
    assert ids(*opposed(), ep3([EXECUTION]), consulted([EXECUTION])) == []


def test_a_software_may_ask_for_more_and_sort_itself() -> None:
    """The day of what is found is 12/03/2026; nobody was named in the call."""
    shown = {"ordonnances": []}
    for asked in ({"patient": "p1"}, {"debut": "2026-03-13"}, {"fin": "2026-03-11"}):
        assert ids(ep2(NUMBER), gesture("prescription.search", shown, asked)) == []
    asked = {"debut": "2026-03-12", "fin": "2026-03-12"}
    assert ids(ep2(NUMBER), gesture("prescription.search", shown, asked)) == ["EP-33"]


def test_what_was_cancelled_may_be_hidden() -> None:
    answer = {"total": 1, "resultats": [{**ordonnance(), "etat": "ANNULEE"}]}
    assert ids(call("EP2", {}, answer=answer), searched()) == []


def screen(text: str) -> Any:
    """``prescription.consult``, whose answer holds the screen too."""
    return consulted([EXECUTION], suivi={"ecran": text})


@pytest.mark.parametrize(
    "shown",
    [
        "Ligne 1 non délivrée le 2026-03-13 par Testpharma Hugo, motif code(28) > observance",
        "MODIFICATION Ligne 1, 13/03/2026, TESTPHARMA, motif 28, sous-motif 73",
        "Le 13 mars 2026, RPPS 10999990178 : 28",
    ],
)
def test_a_screen_that_shows_it(shown: str) -> None:
    assert ids(ep3([EXECUTION]), screen(shown)) == []


@pytest.mark.parametrize(
    "shown", ["Délivrances : aucune", "14/03/2026, TESTPHARMA, 28", "13/03/2026, motif 28"]
)
def test_a_screen_that_hides_it(shown: str) -> None:
    assert ids(ep3([EXECUTION]), screen(shown)) == ["EP-24"]


def test_a_motive_in_words_is_to_be_seen() -> None:
    told = journal(ep3([EXECUTION]), screen("13/03/2026, TESTPHARMA : traitement non reçu"))
    found = [f for f in judge_sequence(told, Environment()).findings if f.check_id == "EP-24"]
    assert [f.severity for f in found] == [Severity.REVIEW]
