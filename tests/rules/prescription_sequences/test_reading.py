"""EP-24, EP-25 and EP-33: what the software shows of executions and searches."""

from __future__ import annotations

from typing import Any

from tests.rules.prescription_sequences.stories import (
    NUMBER,
    OTHER,
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
