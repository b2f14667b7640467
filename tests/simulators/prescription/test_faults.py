"""Each case of the sheet (§15): what a tester asks, and what the product meets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.formats.prescription_number import encode
from simulators.faults import HANDSHAKE, TRANSPORT
from simulators.platform import Platform
from simulators.prescription.errors import CATALOGUE
from simulators.prescription.faults import CASES, FAULTS, LIES, REFUSALS
from simulators.prescription.wedge import LAYOUTS, number_in, typed
from simulators.testing import administration
from tests.simulators.prescription.client import DOCTOR, Caller, line, ordonnance

DAYS = st.integers(0, 20_000).map(lambda days: START + timedelta(days=days, seconds=days * 7919))
START = datetime(2014, 1, 2, tzinfo=UTC)
CODE = (
    '{"S":{"V":2},"D":{"ID":"<id>","P":{"N":"D\'ESSAI-LONG   ","P":"Zoé ","D":"1985-07-12"},'
    '"M":{"RPPS":"10999990012","AM":"331999011"}}}'
)
WHO = {"rpps": DOCTOR[1:], "am": "331999011"}


def recorded(doctor: Caller) -> dict[str, Any]:
    told = ordonnance(doctor.now, line(1), line(2))
    assert doctor.call("EP4", told).error is None
    return told


def consulted(doctor: Caller, fault: str, **asked: Any) -> Any:
    told = recorded(doctor)
    doctor.platform.kernel.faults.add("prescription", "EP3", fault=fault)
    return doctor.call("EP3", {"id": told["id"], "emetteur": WHO, **asked})


@pytest.mark.parametrize(("fault", "code"), REFUSALS.items())
def test_a_refusal_is_answered_and_nothing_is_done(
    platform: Platform, doctor: Caller, fault: str, code: str
) -> None:
    platform.kernel.faults.add("prescription", "EP4", fault=fault)
    told = ordonnance(doctor.now)
    assert doctor.call("EP4", told).error == code
    assert doctor.last().fault == fault
    assert platform.state()["prescription"]["ordonnances"] == {}
    assert doctor.call("EP4", told).error is None, "the next call is served"


def test_n03_the_answer_is_lost(platform: Platform, doctor: Caller) -> None:
    platform.kernel.faults.add("prescription", "EP4", fault="couper-apres-traitement")
    told = ordonnance(doctor.now)
    with pytest.raises(httpx.TransportError):
        doctor.post("EP4", told)
    assert set(platform.state()["prescription"]["ordonnances"]) == {told["id"]}
    assert str(doctor.call("EP4", told).content["dejaEnregistree"]).lower() == "true"


def test_n05_an_unknown_type_of_line(doctor: Caller) -> None:
    seen = consulted(doctor, "type-ligne-inconnu").ordonnance
    assert [each.type for each in seen.lines] == ["acteDemain", "medicament"]


def test_n06_an_unknown_motive(doctor: Caller) -> None:
    (execution,) = consulted(doctor, "motif-inconnu").ordonnance.executions
    assert (execution.lines[0].motive, execution.lines[0].sub_motive) == (97, 998)


def test_n07_replaced_added_and_suppressed(doctor: Caller) -> None:
    (execution,) = consulted(doctor, "executions-melees").ordonnance.executions
    found = [each.status for each in execution.lines]
    assert found == ["REMPLACEE", "AJOUTEE", "SUPPRIMEE"]
    assert execution.lines[0].replaced_by is not None


def test_n08_two_pharmacies(doctor: Caller) -> None:
    executions = consulted(doctor, "deux-pharmacies").ordonnance.executions
    assert [e.executor.family_name for e in executions] == ["TESTPHARMA", "TESTOFFICINE"]


def test_n09_the_patient_opposes_whatever_the_software_believes(doctor: Caller) -> None:
    seen = consulted(doctor, "opposition-serveur")
    assert (seen.content["accesExecutions"], seen.ordonnance.executions) == ("REFUSE", ())
    refused = consulted(doctor, "opposition-serveur", avecExecutions=True)
    assert refused.error == "EP-P-008"
    told = recorded(doctor)
    with administration(doctor.platform) as admin:
        change = {"consentements": {told["id"]: False}}
        admin.put("/state/prescription", json=change).raise_for_status()
    asked = {"id": told["id"], "emetteur": WHO, "avecExecutions": True}
    assert doctor.call("EP3", asked).error == "EP-P-008"


def test_n14_a_withdrawn_product_is_a_warning(doctor: Caller) -> None:
    seen = consulted(doctor, "cis-retire")
    assert seen.error is None
    assert "EP-P-011" in str(seen.content["avertissements"])


def test_n15_nothing_or_two_hundred(platform: Platform, doctor: Caller) -> None:
    recorded(doctor)
    platform.kernel.faults.add("prescription", "EP2", fault="recherche-vide")
    assert doctor.call("EP2", {"emetteur": WHO}).found == ()
    platform.kernel.faults.add("prescription", "EP2", fault="recherche-200", times=4)
    pages = [
        doctor.call("EP2", {"emetteur": WHO, "page": page, "taillePage": 50})
        for page in range(1, 5)
    ]
    assert {str(page.content["total"]) for page in pages} == {"200"}
    assert len({each.id for page in pages for each in page.found}) == 200


@pytest.mark.parametrize("fault", ["elements-inconnus", "autres-prefixes"])
def test_n16_what_nobody_knows_does_not_disturb(doctor: Caller, fault: str) -> None:
    seen = consulted(doctor, fault)
    assert seen.error is None
    assert len(seen.ordonnance.lines) == 2
    wire = doctor.last()
    assert wire.response is not None
    shown = b"lementInconnu" in wire.response.body or b"zz9:Envelope" in wire.response.body
    assert shown or (fault, doctor.adapter.form) == ("autres-prefixes", "json")


def test_every_case_is_played_by_known_faults() -> None:
    known = {*FAULTS, *TRANSPORT, *HANDSHAKE}
    assert set(CASES) == {f"N{rank:02d}" for rank in range(1, 19)}
    assert {name for names in CASES.values() for name in names} <= known
    assert set(REFUSALS) | set(LIES) <= {name for names in CASES.values() for name in names}


@pytest.mark.parametrize("fault", CASES["N18"])
@pytest.mark.parametrize("alone", [False, True])
def test_n18_a_reader_of_another_keyboard(
    platform: Platform, doctor: Caller, fault: str, alone: bool
) -> None:
    """The number survives, whether the Code 2D is scanned or the number alone."""
    number = recorded(doctor)["id"]
    code = number if alone else CODE.replace("<id>", number)
    platform.kernel.faults.add("prescription", "EP1", fault=fault)
    with administration(platform) as admin:
        answer = admin.put("/state/prescription", json={"pharmacie": [{"scan": code}]})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["ordonnances"][number]["executions"]) == 1
    assert platform.kernel.faults.active() == (), "it was drawn"


def test_n18_what_holds_no_number_is_said(platform: Platform, doctor: Caller) -> None:
    recorded(doctor)
    with administration(platform) as admin:
        answer = admin.put("/state/prescription", json={"pharmacie": [{"scan": "IS01"}]})
    assert answer.status_code == 422
    assert "aucun numéro" in answer.json()["erreur"]["message"]


@given(st.integers(0, 999_999), st.sampled_from(LAYOUTS), DAYS)
def test_n18_every_number_survives_each_keyboard(rank: int, layout: str, at: datetime) -> None:
    number = str(encode(at, rank))
    for text in (number, CODE.replace("<id>", number)):
        assert number_in(typed(text, layout) + "\r") == number
        assert number_in(text) == number


def test_every_error_says_that_it_is_ours() -> None:
    assert all(error.hors_specification for error in CATALOGUE.values())
