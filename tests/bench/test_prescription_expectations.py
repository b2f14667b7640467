"""What the steps ask of ordonnances: each expectation holds, and fails for its reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bench.expectations import Observation, evaluate
from rules.exchange import Exchange, Message, Outcome
from rules.judge import JournalView
from tests.rules.prescription.calls import NOW, context, exchange, message, ordonnance
from tests.rules.prescription.pages import NUMBER, pdf, printed

OTHER = "04B5BF6A13UFPA0036"
EXECUTOR = {"rpps": "10999993032", "nom": "TESTPHARMA"}


def asked(name: str, *exchanges: Exchange, **parameters: Any) -> Observation:
    placed = [replace(each, id=f"e{rank}", position=rank) for rank, each in enumerate(exchanges, 1)]
    return evaluate(name, JournalView(tuple(placed)), context().environment, parameters)


def gesture(name: str, answer: dict[str, Any], seconds: float = 0) -> Exchange:
    return exchange(
        Message(f"POST /actions/{name} HTTP/1.1", (), b"{}"),
        service="lgc",
        operation=name,
        response=Message("HTTP/1.1 200 .", (), json.dumps(answer).encode()),
        answered_at=NOW + timedelta(seconds=seconds),
    )


def validated(number: str | None = NUMBER) -> Exchange:
    return gesture("prescription.validate", {"ordonnance": {"numero": number}})


def creation(number: str = NUMBER, outcome: Outcome = Outcome.ACCEPTED) -> Exchange:
    return exchange(message("EP4", ordonnance(id=number)), outcome=outcome)


def other(service: str, operation: str, outcome: Outcome = Outcome.ACCEPTED) -> Exchange:
    told: dict[str, Any] = {"service": service, "operation": operation, "outcome": outcome}
    return exchange(Message("", (), b""), **told)


def consulted(*executions: dict[str, Any]) -> Exchange:
    return gesture("prescription.consult", {"ordonnance": {"executions": list(executions)}})


def execution(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"date": "2026-03-13", "executant": EXECUTOR, "lignes": list(lines), **changes}


def test_one_number_everywhere() -> None:
    story = (creation(), validated(), printed(pdf()))
    right = asked("numero-partout", *story, lieux=["appel", "page", "code 2D"])
    assert right.holds, right.reason
    assert right.exchanges == ("e1", "e3")
    missing = asked("numero-partout", *story, lieux=["appel", "N3"])
    assert not missing.holds
    assert "N3 : absent" in missing.reason


def test_another_number_on_paper_or_on_the_wire() -> None:
    wrong = asked(
        "numero-partout", creation(OTHER), validated(), printed(pdf()), lieux=["appel", "page"]
    )
    assert not wrong.holds
    assert f"appel : {OTHER}" in wrong.reason
    assert not asked("numero-partout", validated(None), lieux=["appel"]).observed


def test_a_page_without_code() -> None:
    assert not asked("page-sans-code", printed(pdf())).holds
    assert not asked("page-sans-code", validated()).observed


def test_creations_are_counted() -> None:
    taken = (creation(OTHER, Outcome.REFUSED), creation(), validated())
    assert asked("creations", *taken, appels=2, numeros=2, enregistres=1).holds
    twice = asked("creations", creation(), creation(OTHER), validated(), numeros=1)
    assert not twice.holds
    assert "numeros : 2 (1 attendu(s))" in twice.reason
    assert not asked("creations", enregistres=0).observed


def test_no_document_of_the_dmp() -> None:
    assert asked("documents-ordonnance", validated(), n3=0, n1=0, code_2d=True).holds
    missing = asked("documents-ordonnance", validated(), n3=1, n1=1, code_2d=True)
    assert not missing.holds
    assert "0 document(s) N3, 1 attendu(s)" in missing.reason


DELIVERED = {"ligne": 1, "statut": "DELIVREE"}
REPLACED = {"ligne": 2, "statut": "REMPLACEE", "motif": 5}


def test_executions_shown() -> None:
    shown = consulted(execution(DELIVERED), execution(REPLACED))
    assert asked("executions-montrees", shown, statuts=["DELIVREE", "REMPLACEE"]).holds
    assert not asked("executions-montrees", shown, statuts=[]).holds
    assert asked("executions-montrees", consulted(), statuts=[]).holds
    assert not asked("executions-montrees", validated(), statuts=[]).observed


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (execution(DELIVERED, date=None), "date ou exécutant absents"),
        (execution(DELIVERED, executant=None), "date ou exécutant absents"),
        (execution({**DELIVERED, "statut": "REMPLACEE"}), "motif absent"),
    ],
)
def test_executions_half_shown(told: dict[str, Any], reason: str) -> None:
    statuses = [line["statut"] for line in told["lignes"]]
    seen = asked("executions-montrees", consulted(told), statuts=statuses)
    assert not seen.holds
    assert reason in seen.reason


def test_exchanges_are_counted() -> None:
    named = {"service": "dmp", "operation": "TD2.1"}
    story = (other("dmp", "TD2.1", Outcome.REFUSED), validated())
    assert asked("nombre-d-echanges", *story, **named, nombre=1).holds
    assert not asked("nombre-d-echanges", *story, **named, nombre=1, issue="accepté").holds


def test_a_search_outside_any_record() -> None:
    found = gesture("prescription.search", {"ordonnances": [{"numero": NUMBER}]})
    assert asked("ordonnance-trouvee", found, numero=NUMBER).holds
    assert not asked("ordonnance-trouvee", found, numero=OTHER).holds
    assert not asked("ordonnance-trouvee", validated(), numero=OTHER).observed


# What is prescribed, and by whom ------------------------------------------------


def drafted(*lines: dict[str, Any]) -> Exchange:
    asked = json.dumps({"lignes": list(lines)}).encode()
    return replace(
        gesture("prescription.create", {"ordonnance": {"id": "o1"}}),
        request=Message("POST /actions/prescription.create HTTP/1.1", (), asked),
    )


LINE = {"eprescType": "medicament", "cis": "60000001", "horsAMM": True, "quantite": {"valeur": 1}}


def sent(*lines: dict[str, Any]) -> Exchange:
    return exchange(message("EP4", ordonnance(lignes=list(lines))))


def test_lines_leave_as_they_were_prescribed() -> None:
    other_unit = {**LINE, "n": 1, "quantite": {"valeur": 1, "unite": "30009000"}, "ald": False}
    assert asked("lignes-transmises", drafted(LINE), sent(other_unit)).holds
    assert not asked("lignes-transmises", drafted(LINE)).observed


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (({**LINE, "horsAMM": False},), "ligne 1 : horsAMM None, True prescrit"),
        (({**LINE, "quantite": {"valeur": 2}},), "quantite 2, 1 prescrit"),
        ((LINE, LINE), "2 ligne(s), 1 prescrite(s)"),
    ],
)
def test_lines_lost_on_the_way(lines: tuple[dict[str, Any], ...], reason: str) -> None:
    wrong = asked("lignes-transmises", drafted(LINE), sent(*lines))
    assert not wrong.holds
    assert reason in wrong.reason


def test_a_number_registered_twice_at_most_once() -> None:
    twice = (creation(), creation(OTHER), validated())
    assert asked("creations", *twice[1:], enregistres_au_plus=1).holds
    wrong = asked("creations", *twice, enregistres_au_plus=1)
    assert not wrong.holds
    assert "enregistres : 2 (au plus 1 attendu(s))" in wrong.reason


def test_a_search_is_whole_and_says_nothing_twice() -> None:
    found = gesture("prescription.search", {"ordonnances": [{"numero": NUMBER}, {"numero": OTHER}]})
    assert asked("recherche-complete", found, nombre=2).holds
    assert not asked("recherche-complete", found, nombre=200).holds
    again = gesture("prescription.search", {"ordonnances": [{"numero": NUMBER}] * 2})
    assert not asked("recherche-complete", again, nombre=2).holds
    assert not asked("recherche-complete", validated(), nombre=2).observed
    assert not asked("ordonnance-trouvee", found, numero=OTHER, absente=True).holds


def test_titulaire_and_remplacant_on_paper_and_on_the_wire() -> None:
    code = printed(pdf())
    rpps = ordonnance()["prescripteur"]["rpps"]
    story = (creation(), code)
    wrong = asked("prescripteurs", *story, titulaire=rpps, remplacant="10999990178")
    assert wrong.observed
    assert not wrong.holds
    assert "EP4" in wrong.reason
    missing = asked("prescripteurs", creation(), titulaire=rpps, remplacant=rpps)
    assert "Code 2D : absent" in missing.reason
    assert not asked("prescripteurs", validated(), titulaire=rpps, remplacant=rpps).observed
