"""EP-01, EP-05, EP-06, EP-19, EP-22, EP-30, EP-31 along a journal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rules.checks.prescription_facts import ROBOT
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.code2d import Code2D, code2d_text
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.judge import judge_artefact, judge_sequence
from tests.rules.ep_med_dm.documents import Line
from tests.rules.ep_med_dm.pages import AM, NAMES, RPPS
from tests.rules.journals import exchange, journal
from tests.rules.prescription.calls import line
from tests.rules.prescription_sequences.stories import (
    LOST,
    NUMBER,
    OTHER,
    REFUSED,
    call,
    consulted,
    ep2,
    ep3,
    ep4,
    gesture,
    held,
    ids,
    n1,
    n3,
    outage,
    printed,
    story,
    validated,
)

TWO = {"lignes": [line(posologieTexte="2 comprimés par jour")]}


def test_a_right_story_raises_nothing() -> None:
    assert ids(*story()) == []
    assert ids(*outage()) == []


def test_a_validation_without_ep4() -> None:
    assert ids(n3(None), n1(), validated(None)) == ["EP-01"]


def test_a_refused_connection_is_a_call() -> None:
    cut = replace(exchange("prescription", "TLS", ep4().request), **LOST)
    assert ids(cut, n3(None), n1(), validated(None, alertes=["Panne."])) == []


def test_a_number_taken_by_two_workstations() -> None:
    second = ep4(told=TWO, **REFUSED)
    assert ids(*story(), second) == ["EP-05"]


def test_the_same_content_again_is_a_repetition() -> None:
    assert ids(ep4(**LOST), *story()) == []


def test_a_refused_number_stays_free() -> None:
    assert ids(ep4(told=TWO, **REFUSED), *story()) == []


def test_another_number_on_paper() -> None:
    assert ids(ep4(), n3(), n1(), validated(), ep4(OTHER, told=TWO), printed(OTHER)) == ["EP-06"]


def test_another_number_in_the_dmp() -> None:
    others = ep4(OTHER, told=TWO), gesture("patient.read", {})
    assert ids(*others, ep4(), n3(OTHER), n1(), validated()) == ["EP-06"]


@pytest.mark.parametrize(
    "changes",
    [{"numero": OTHER}, {"code_2d": code2d_text(OTHER, NAMES, RPPS, AM)}],
)
def test_another_number_said(changes: dict[str, Any]) -> None:
    made = {"ordonnance": {**held(), **changes}, "envois": []}
    assert ids(ep4(), n3(), n1(), gesture("prescription.validate", made)) == ["EP-06"]


def test_another_number_under_the_code_of_a_page() -> None:
    code = Code2D.parse(code2d_text(OTHER, NAMES, RPPS, AM))
    page = PrintedOrdonnance((f"e-prescription\nN°{NUMBER}",), (code,))
    found = {f.check_id for f in judge_artefact(page, Context()).findings}
    assert "EP-06" in found
    same = PrintedOrdonnance((f"e-prescription\nN°{OTHER}",), (code,))
    assert "EP-06" not in {f.check_id for f in judge_artefact(same, Context()).findings}


def test_a_registered_ordonnance_deposited_without_code() -> None:
    assert ids(ep4(), n3(None), n1(), validated()) == ["EP-19"]


def base(cis: str = "63107752") -> Any:
    """What the drug base shows."""
    drug = {"cis": cis, "cip13": "3400933516390", "libelle": "PARACETAMOL", "stupefiant": False}
    return gesture("drug.search", {"medicaments": [drug]})


def test_a_pack_of_another_drug() -> None:
    assert ids(base(), *story()) == []
    assert ids(base("60000001"), ep4(), validated(None), n1()) == _only_pack()
    coded = (Line(code="60000001"),)
    told = {"lignes": [line(cip13=None)]}
    assert "EP-22" in ids(base(), ep4(told=told), n3(drugs=coded), n1(), validated())


def test_a_pack_under_two_drugs() -> None:
    other = ep4(OTHER, told={"lignes": [line(cis="60000001")]})
    assert ids(ep4(), other) == ["EP-22"]
    bare = [{"lignes": [line(cip13=None, cis=cis)]} for cis in ("60000001", "60000002")]
    assert ids(ep4(told=bare[0]), ep4(OTHER, told=bare[1])) == []


def _only_pack() -> list[str]:
    return ["EP-22", "EP-29c"]


def test_a_lost_answer_then_another_number() -> None:
    twice = ep4(**LOST), ep4(OTHER), n3(OTHER), n1(), validated(OTHER)
    assert ids(*twice) == ["EP-30"]


@pytest.mark.parametrize("between", [ep3(), ep2(NUMBER)])
def test_asking_before_another_number(between: Any) -> None:
    assert ids(ep4(**LOST), between, ep4(OTHER), n3(OTHER), n1(), validated(OTHER)) == []


def test_a_number_already_used_calls_for_another() -> None:
    assert ids(ep4(**REFUSED), ep4(OTHER), n3(OTHER), n1(), validated(OTHER)) == []


def test_two_creations_in_one_gesture() -> None:
    assert ids(ep4(), ep4(OTHER), n3(OTHER), n1(), validated(OTHER)) == ["EP-30"]


def test_the_same_lines_again_are_a_renewal() -> None:
    again = ep4(OTHER), n3(OTHER), n1(), validated(OTHER, id="o2")
    assert ids(*story(), *again) == []


def traces(*numbers: str, action: str = "EP4") -> Exchange:
    """What a workstation sends of its traces: JSON lines."""
    lines = [{"idPrescription": n, "action": action, "codeRetour": "0"} for n in numbers]
    made = call("traces", {})
    body = "\n".join(map(json.dumps, lines)).encode()
    return replace(made, request=replace(made.request, body=body))


def test_traces_of_each_call() -> None:
    assert ids(*story(), traces(NUMBER)) == []
    assert ids(*story(), traces(OTHER)) == ["EP-31"]
    assert ids(*story(), traces(OTHER, NUMBER)) == []


def test_what_follows_the_last_sending_is_not_traced_yet() -> None:
    assert ids(traces(OTHER), *story()) == []


def _names(*deposited: Exchange) -> list[str | None]:
    view = journal(*deposited)
    return [document.unique_id for _, document in view.artefacts(ClinicalDocument, "dmp")]


def test_two_workstations_at_once() -> None:
    """The calls of one come between those of the other: each answers for its own."""
    calls = ep4(), ep4(OTHER, told=TWO)
    documents = n3(), n1(), n3(OTHER), n1()
    assert ids(*calls, *documents, validated(id="o1"), validated(OTHER, id="o2")) == ["EP-29c"]
    first = validated(id="o1", names=_names(*documents[:2]))
    second = validated(OTHER, id="o2", names=_names(*documents[2:]))
    assert ids(*calls, *documents, first, second) == []


def test_an_ep4_that_follows_the_gesture() -> None:
    later = ep4(), gesture("outbox.flush", {})
    assert ids(n3(None), n1(), validated(None), *later) == ["EP-01"]
    documents = n3(), n1()
    names = _names(*documents)
    assert ids(validated(names=names), ep4(), *documents, gesture("outbox.flush", {})) == []


def test_a_call_spared_when_the_service_was_just_down() -> None:
    alert = ["Le service ne répond pas."]
    second = validated(None, id="o2", alertes=alert)
    found = judge_sequence(journal(*outage(), n3(None), n1(), second), Context().environment)
    spared = [f for f in found.findings if f.check_id == "EP-01"]
    assert [f.severity for f in spared] == [Severity.REVIEW]
    assert ids(*outage(), n3(None), n1(), validated(None, id="o2")) == ["EP-01"]


def test_a_document_that_left_while_the_service_was_down() -> None:
    assert ids(ep4(**LOST), n3(None), n1(), ep4(), validated()) == []
    assert ids(n3(None), n1(), ep4(), validated()) == ["EP-19"]


def _named(identifier: str) -> dict[str, Any]:
    return {"lignes": [line(idLigne=f"431764e3-dc5a-5a84-9b9b-{identifier:0>12}")]}


def test_identifiers_of_lines_may_be_new_at_each_attempt() -> None:
    again = ep4(told=_named("1"), **LOST), ep4(told=_named("2"))
    assert ids(*again, n3(), n1(), validated(), printed()) == []
    blind = ep4(told=_named("1"), **LOST), ep4(OTHER, told=_named("2"))
    assert ids(*blind, n3(OTHER), n1(), validated(OTHER)) == ["EP-30"]


def test_an_answer_that_came_too_late_for_the_software() -> None:
    """The service registered and answered, after the software had given up."""
    alert = ["Le service ne répond pas : recommencez."]
    first = ep4(), validated(None, etat="brouillon", alertes=alert)
    assert ids(*first, ep4(OTHER), n3(OTHER), n1(), validated(OTHER)) == ["EP-30"]


def test_traces_name_each_operation_when_they_use_our_words() -> None:
    opened = (*story(), ep3(), consulted())
    assert ids(*opened, traces(NUMBER)) == ["EP-31"]
    assert ids(*opened, traces(NUMBER, action="enregistrement")) == []


def test_the_robot_leaves_no_trace() -> None:
    robot = call("EP1", {"id": OTHER}, peer=ROBOT)
    assert ids(*story(), robot, traces(NUMBER)) == []
    assert ids(*story(), call("EP1", {"id": OTHER}), traces(NUMBER)) == ["EP-31"]
