"""The pharmacies execute by EP1s that are in the journal and that no rule finds fault with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from simulators.platform import Platform
from simulators.prescription.robot import PEER, RECIPES
from simulators.testing import administration
from tests.rules.prescription.test_model import golden
from tests.shared_data import needs_shared
from tests.simulators.prescription.client import DOCTOR, Caller, line, ordonnance

STATUSES = {
    "tout": ["DELIVREE", "DELIVREE"],
    "partiel": ["DELIVREE_PARTIELLEMENT"],
    "refus": ["NON_DELIVREE", "NON_DELIVREE"],
    "modifie": ["MODIFIEE", "DELIVREE"],
    "remplace": ["REMPLACEE", "DELIVREE"],
    "ajoute": ["DELIVREE", "DELIVREE", "AJOUTEE"],
    "supprime": ["DELIVREE", "SUPPRIMEE"],
}


@pytest.fixture
def doctor(platform: Platform) -> Caller:
    return Caller(platform, DOCTOR)


def recorded(doctor: Caller, *lines: dict[str, Any]) -> str:
    told = ordonnance(doctor.now, *lines)
    assert doctor.call("EP4", told).error is None
    return told["id"]


def ask(platform: Platform, **order: Any) -> tuple[int, dict[str, Any]]:
    with administration(platform) as admin:
        response = admin.put("/state/prescription", json={"pharmacie": [order]})
    return response.status_code, response.json()


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_is_seen_by_the_prescriber(
    platform: Platform, doctor: Caller, recipe: str
) -> None:
    number = recorded(doctor, line(1), line(2))
    status, state = ask(platform, numero=number, recette=recipe)
    assert status == 200, state
    ep1 = doctor.last()
    assert (ep1.operation, ep1.peer, ep1.correlation.document) == ("EP1", PEER, number)
    asked = {"id": number, "emetteur": {"rpps": DOCTOR[1:], "am": "331999011"}}
    seen = doctor.call("EP3", asked).ordonnance
    assert seen is not None
    (execution,) = seen.executions
    assert [each.status for each in execution.lines] == STATUSES[recipe]
    assert execution.executor is not None
    assert execution.executor.finess == "330999400"
    changed = [e for e in execution.lines if not (e.status or "").startswith("DELIVREE")]
    assert all(e.motive and e.sub_motive and e.modified_on for e in changed)
    assert doctor.findings() == []


def test_two_pharmacies_share_a_line(platform: Platform, doctor: Caller) -> None:
    number = recorded(doctor, line(1, quantite={"valeur": 4, "unite": "30009000"}))
    ask(platform, numero=number, recette="partiel")
    _, state = ask(platform, numero=number, pharmacie=1)
    known = state["ordonnances"][number]
    assert known["etat"] == "EXECUTEE"
    first, second = known["executions"]
    assert (first["lignes"][0]["quantite"]["valeur"], first["lignes"][0]["completude"]) == (
        2,
        "FFP",
    )
    assert second["lignes"][0]["completude"] == "RFC"
    assert second["executant"]["nom"] == "TESTOFFICINE"


def test_renewals_are_one_order_each(platform: Platform, doctor: Caller) -> None:
    number = recorded(doctor, line(1, renouvellements=2))
    statuses = [ask(platform, numero=number)[0] for _ in range(4)]
    assert statuses == [200, 200, 200, 422]
    known = platform.state()["prescription"]["ordonnances"][number]
    assert (known["etat"], len(known["executions"])) == ("EXECUTEE", 3)


def test_two_pharmacies_each_add_a_line(platform: Platform, doctor: Caller) -> None:
    number = recorded(doctor, line(1, renouvellements=1))
    for pharmacy in (0, 1):
        assert ask(platform, numero=number, recette="ajoute", pharmacie=pharmacy)[0] == 200
    known = platform.state()["prescription"]["ordonnances"][number]
    added = [e["lignes"][-1]["ligne"] for e in known["executions"]]
    assert (added, known["etat"]) == ([2, 3], "EXECUTEE")
    again = {"ligne": 3, "statut": "AJOUTEE", "motif": 6, "remplacement": {"libelle": "X"}}
    assert ask(platform, numero=number, gestes=[again])[0] == 422


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"numero": "04B5BBY113H9WH0099"}, "inconnue"),
        ({}, "numero"),
        ({"recette": "magie"}, "recette"),
        ({"recette": ["tout"]}, "recette"),
        ({"gestes": [3]}, "gestes"),
        ({"gestes": "DELIVREE"}, "gestes"),
        ({"pharmacie": True}, "0 à 1"),
        ({"pharmacie": 7}, "pharmacie"),
        ({"date": "hier"}, "date"),
        ({"date": "2020-01-01"}, "EP-P-013"),
        ({"gestes": [{"ligne": 9, "statut": "DELIVREE"}]}, "EP-P-016"),
        ({"gestes": [{"ligne": 1, "statut": "NON_DELIVREE"}]}, "EP-P-013"),
        ({"gestes": [{"ligne": 1, "statut": "DELIVREE", "quantite": 9}]}, "EP-P-012"),
        ({"potion": 1}, "potion"),
    ],
)
def test_an_order_that_means_nothing_says_so(
    platform: Platform, doctor: Caller, order: dict[str, Any], said: str
) -> None:
    number = recorded(doctor)
    known = {} if order == {} else {"numero": number}
    status, body = ask(platform, **{**known, **order})
    assert status == 422
    assert said in body["erreur"]["message"]
    assert platform.state()["prescription"]["ordonnances"][number]["executions"] == []
    assert doctor.last().operation == "EP4"


def test_a_consent_is_true_or_false(platform: Platform, doctor: Caller) -> None:
    number = recorded(doctor)
    for wrong in ({number: "oui"}, {number: None}, [number]):
        with administration(platform) as admin:
            response = admin.put("/state/prescription", json={"consentements": wrong})
        assert (response.status_code, response.json()["erreur"]["champ"]) == (422, "consentements")
    assert platform.state()["prescription"]["ordonnances"][number]["consentement"] is True


def test_no_fault_is_spent_on_the_robot(platform: Platform, doctor: Caller) -> None:
    number = recorded(doctor)
    platform.kernel.faults.add("prescription", fault="faute-technique")
    assert ask(platform, numero=number)[0] == 200
    assert len(platform.kernel.faults.active()) == 1


def test_ordonnances_are_put_without_a_wire(platform: Platform, doctor: Caller) -> None:
    told = ordonnance(doctor.now)
    with administration(platform) as admin:
        admin.put("/state/prescription", json={"ordonnances": [told]}).raise_for_status()
        again = admin.put("/state/prescription", json={"ordonnances": [told]})
        wrong = admin.put("/state/prescription", json={"ordonnances": ["?"]})
        unknown = admin.put("/state/prescription", json={"consentements": {told["id"][::-1]: True}})
        nothing = admin.put("/state/prescription", json={"rien": 1})
    assert [r.status_code for r in (again, wrong, unknown, nothing)] == [422] * 4
    assert set(platform.state()["prescription"]["ordonnances"]) == {told["id"]}


@needs_shared
def test_golden_ordonnances_are_executed_as_the_golden_execution_says(platform: Platform) -> None:
    """The story of ordonnance-bizone-executee, at its instant."""
    platform.kernel.clock.freeze(datetime(2026, 3, 12, 9, 26, 42, tzinfo=UTC))
    doctor = Caller(platform, DOCTOR)
    told = golden("bizone-executee")
    expected = told.pop("executions")
    assert doctor.call("EP4", told).error is None
    platform.kernel.clock.freeze(datetime(2026, 3, 13, 9, 0, tzinfo=UTC))
    assert ask(platform, numero=told["id"], gestes=expected[0]["lignes"])[0] == 200
    known = platform.state()["prescription"]["ordonnances"][told["id"]]
    assert known["executions"][0]["lignes"] == expected[0]["lignes"]
    assert known["etat"] == "EXECUTION_PARTIELLE"
