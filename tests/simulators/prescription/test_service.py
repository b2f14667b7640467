"""The life of ordonnances on each wire, over real sockets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rules.exchange import Outcome
from simulators.platform import Platform
from simulators.testing import administration
from tests.simulators.prescription.client import DOCTOR, Caller, line, ordonnance, pharmacist

WHO = {"rpps": DOCTOR[1:], "am": "331999011"}


def recorded(doctor: Caller, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    told = ordonnance(doctor.now, *lines, **changes)
    answer = doctor.call("EP4", told)
    assert (answer.error, answer.content["etat"]) == (None, "ENREGISTREE")
    return told


def execution(doctor: Caller, told: dict[str, Any], *lines: dict[str, Any]) -> dict[str, Any]:
    day = told["horodatage"][:10]
    return {"id": told["id"], "date": day, "executant": pharmacist(), "lignes": list(lines)}


def delivered(n: int = 1, **told: Any) -> dict[str, Any]:
    return {"ligne": n, "statut": "DELIVREE", "completude": "FFC", **told}


def test_a_recorded_ordonnance_is_read_and_found(doctor: Caller) -> None:
    told = recorded(doctor, line(1), line(2, renouvellements=2))
    seen = doctor.call("EP3", {"id": told["id"], "emetteur": WHO})
    assert seen.content["accesExecutions"] == "AUTORISE"
    assert seen.ordonnance is not None
    assert (seen.ordonnance.id, len(seen.ordonnance.lines)) == (told["id"], 2)
    found = doctor.call("EP2", {"emetteur": WHO, "patient": told["patient"]})
    assert [each.id for each in found.found] == [told["id"]]
    assert doctor.findings() == []
    assert doctor.last().correlation.patient == "285073306304208"


def test_the_same_sent_again_is_already_there(doctor: Caller) -> None:
    """N03: the answer was lost."""
    told = recorded(doctor)
    again = doctor.call("EP4", told)
    assert str(again.content["dejaEnregistree"]).lower() == "true"
    changed = {**told, "consentement": False}
    assert doctor.call("EP4", changed).error == "EP-P-001"
    assert doctor.last().outcome is Outcome.REFUSED


def test_executions_follow_the_renewals(doctor: Caller, pharmacy: Caller) -> None:
    told = recorded(doctor, line(1, renouvellements=1), line(2))
    first = execution(doctor, told, delivered(1), delivered(2))
    assert pharmacy.call("EP1", first).content["etat"] == "EXECUTION_PARTIELLE"
    assert pharmacy.call("EP1", first).content["etat"] == "EXECUTION_PARTIELLE", "the same again"
    more = execution(doctor, told, delivered(1, completude="RFC"))
    assert pharmacy.call("EP1", more).content["etat"] == "EXECUTEE"
    beyond = execution(doctor, told, delivered(1, completude="RFC", quantite={"valeur": 1}))
    assert pharmacy.call("EP1", beyond).error == "EP-P-012"
    seen = doctor.call("EP3", {"id": told["id"], "emetteur": WHO, "avecExecutions": True})
    assert seen.ordonnance is not None
    assert [len(e.lines) for e in seen.ordonnance.executions] == [2, 1]
    assert doctor.findings() == []


def test_an_opposed_patient_hides_executions_from_the_prescriber_alone(
    doctor: Caller, pharmacy: Caller
) -> None:
    told = recorded(doctor, consentement=False)
    pharmacy.call("EP1", execution(doctor, told, delivered()))
    asked = {"id": told["id"], "emetteur": WHO}
    seen = doctor.call("EP3", asked)
    assert seen.content["accesExecutions"] == "REFUSE"
    assert seen.ordonnance is not None
    assert seen.ordonnance.executions == ()
    assert doctor.call("EP3", {**asked, "avecExecutions": True}).error == "EP-P-008"
    by_pharmacy = pharmacy.call("EP3", {"id": told["id"], "emetteur": pharmacist()})
    assert by_pharmacy.ordonnance is not None
    assert len(by_pharmacy.ordonnance.executions) == 1


def test_annulation_is_for_what_nobody_executed(doctor: Caller, pharmacy: Caller) -> None:
    told = recorded(doctor)
    gone = {"id": told["id"], "prescripteur": {"rpps": DOCTOR[1:]}}
    assert doctor.call("EP4-annulation", gone).content["etat"] == "ANNULEE"
    assert doctor.last().operation == "EP4-annulation"
    assert pharmacy.call("EP1", execution(doctor, told, delivered())).error == "EP-P-014"
    other = recorded(doctor)
    pharmacy.call("EP1", execution(doctor, other, delivered()))
    refused = doctor.call("EP4-annulation", {**gone, "id": other["id"]})
    assert refused.error == "EP-P-009"


def test_it_expires_by_the_clock(platform: Platform, doctor: Caller, pharmacy: Caller) -> None:
    now = doctor.now
    told = recorded(doctor, validite=[f"{now:%Y-%m-%d}", f"{now + timedelta(days=2):%Y-%m-%d}"])
    platform.kernel.clock.advance(timedelta(days=4))
    late = {**execution(doctor, told, delivered()), "date": f"{doctor.now:%Y-%m-%d}"}
    assert pharmacy.call("EP1", late).error == "EP-P-015"
    assert platform.state()["prescription"]["ordonnances"][told["id"]]["etat"] == "EXPIREE"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": "04B5BBY113H9WH003"}, "EP-P-002"),
        ({"id": "04B5BBY113H9WH003I"}, "EP-P-002"),
        ({"id": "04B5BBY113H9WH0035"}, "EP-P-002"),
        ({"id": "ZZZ5BBY113H9WH0035"}, "EP-P-002"),
        ({"prescripteur": {"rpps": "10999990178", "am": "331999012"}}, "EP-P-003"),
        ({"patient": {"prenoms": ["CAMILLE"]}}, "EP-P-005"),
        ({"patient": {"nomNaissance": "A" * 101}}, "EP-P-005"),
        ({"lignes": []}, "EP-P-006"),
    ],
)
def test_an_ep4_is_refused(doctor: Caller, change: dict[str, Any], code: str) -> None:
    answer = doctor.call("EP4", ordonnance(doctor.now, **change))
    assert answer.error == code
    assert doctor.last().error_code == code


def test_names_are_kept_to_the_letter(doctor: Caller) -> None:
    """N12."""
    for name in ("D'ESSAI--LONG ÉÈ", "A" * 100):
        told = recorded(doctor, patient={"nomNaissance": name, "naissance": "1985-07-12"})
        seen = doctor.call("EP3", {"id": told["id"], "emetteur": WHO}).ordonnance
        assert seen is not None
        assert seen.patient is not None
        assert seen.patient.birth_name == name


def test_late_sending_is_a_setting(platform: Platform, doctor: Caller) -> None:
    """N11: a number of yesterday is refused, unless late sending is open."""
    told = ordonnance(doctor.now - timedelta(hours=23, minutes=30))
    platform.kernel.clock.advance(timedelta(minutes=40))
    assert doctor.call("EP4", told).error == "EP-P-002"
    with administration(platform) as admin:
        admin.put("/state/prescription", json={"envoi_tardif_h": 48}).raise_for_status()
    assert doctor.call("EP4", told).error is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"emetteur": {"rpps": DOCTOR[1:]}}, "EP-P-004"),
        ({}, "EP-P-004"),
        ({"emetteur": WHO, "id": "04B5BBY113H9WH0099"}, "EP-P-007"),
        ({"emetteur": {"rpps": "10999990178", "am": "331999012"}}, "EP-P-003"),
    ],
)
def test_an_ep3_is_refused(doctor: Caller, asked: dict[str, Any], code: str) -> None:
    told = recorded(doctor)
    assert doctor.call("EP3", {"id": told["id"], **asked}).error == code


def test_searches_are_paged_and_limited_to_ones_own(doctor: Caller) -> None:
    numbers = [recorded(doctor)["id"] for _ in range(5)]
    pages = [
        doctor.call("EP2", {"emetteur": WHO, "page": page, "taillePage": 2}) for page in (1, 2, 3)
    ]
    assert [e.id for page in pages for e in page.found] == numbers[::-1]
    assert str(pages[0].content["total"]) == "5"
    other = {"emetteur": WHO, "prescripteur": {"rpps": "10999990178"}}
    assert doctor.call("EP2", other).error == "EP-P-018"
    today = f"{doctor.now:%Y-%m-%d}"
    none = {"emetteur": WHO, "periode": ["2020-01-01", "2020-12-31"]}
    assert str(doctor.call("EP2", none).content["total"]) == "0"
    assert doctor.call("EP2", {"emetteur": WHO, "periode": [today]}).error == "EP-P-017"


def test_a_doctor_executes_nothing(doctor: Caller) -> None:
    told = recorded(doctor)
    sent = execution(doctor, told, delivered())
    sent["executant"] = {"rpps": DOCTOR[1:], "finess": "330999004"}
    assert doctor.call("EP1", sent).error == "EP-P-019"


def test_a_pharmacist_prescribes_nothing(pharmacy: Caller) -> None:
    told = ordonnance(pharmacy.now, prescripteur={**pharmacist(), "am": "330999400"})
    assert pharmacy.call("EP4", told).error == "EP-P-010"


def test_traces_are_kept(platform: Platform, doctor: Caller) -> None:
    trace = {"horodatage": "2026-03-12T10:00:00+01:00", "action": "EP4", "codeRetour": "OK"}
    assert str(doctor.call("traces", {"traces": [trace, trace]}).content["recues"]) == "2"
    assert platform.state()["prescription"]["traces"] == [trace, trace]
    assert doctor.last().operation == "traces"


def test_withdrawn_products_are_a_warning(platform: Platform, doctor: Caller) -> None:
    """N14."""
    with administration(platform) as admin:
        admin.put("/state/prescription", json={"cis_retires": ["63107752"]}).raise_for_status()
    answer = doctor.call("EP4", ordonnance(doctor.now))
    warned = answer.content["avertissements"]
    assert "EP-P-011" in str(warned)


def test_a_reset_empties_the_base(platform: Platform, doctor: Caller) -> None:
    recorded(doctor)
    platform.reset()
    assert platform.state()["prescription"]["ordonnances"] == {}


def test_a_structure_that_is_no_pharmacy_sees_nothing(platform: Platform) -> None:
    """By the certificate of an organisation, whatever FINESS it says: the patient opposed."""
    doctor = Caller(platform, DOCTOR)
    told = recorded(doctor, consentement=False)
    for who, code in (
        ({"finess": "330999999"}, "EP-P-018"),
        ({"finess": "330999004"}, "EP-P-008"),
        ({"am": "331999011"}, "EP-P-008"),
    ):
        asked = {"id": told["id"], "emetteur": who, "avecExecutions": True}
        answer = doctor.post("EP3", asked, certificate="org-auth-cli")
        assert answer.json()["erreur"]["code"] == code
    by_pharmacy = {"id": told["id"], "emetteur": {"finess": "330999400"}}
    answer = doctor.post("EP3", by_pharmacy, certificate="org-auth-cli")
    assert answer.json()["accesExecutions"] == "AUTORISE"
    searched = {"emetteur": {"finess": "330999999"}, "patient": told["patient"]}
    assert doctor.post("EP2", searched, certificate="org-auth-cli").json()["total"] == 0


def test_a_patient_is_found_by_traits_in_any_case(doctor: Caller) -> None:
    traits = {"nomNaissance": "D'Essai  Long", "prenoms": ["Zoé", "Ida"], "naissance": "1985-07-12"}
    number = recorded(doctor, patient=traits)["id"]
    recorded(doctor, patient={**traits, "prenoms": ["Noé"]})
    wanted = {"nomNaissance": "D'ESSAI LONG", "prenoms": ["ZOÉ"], "naissance": "1985-07-12"}
    found = doctor.call("EP2", {"emetteur": WHO, "patient": wanted}).found
    assert [each.id for each in found] == [number], "a twin of another prénom is left out"
    both = {"nomNaissance": "d'essai long", "naissance": "1985-07-12"}
    assert len(doctor.call("EP2", {"emetteur": WHO, "patient": both}).found) == 2


def test_partial_deliveries_that_reach_the_whole_end_the_round(
    doctor: Caller, pharmacy: Caller
) -> None:
    told = recorded(doctor, line(1, quantite={"valeur": 3, "unite": "30009000"}))
    states = []
    for value in (1, 2):
        part = delivered(statut="DELIVREE_PARTIELLEMENT", completude="FFP",
                         quantite={"valeur": value, "unite": "30009000"})  # fmt: skip
        states.append(pharmacy.call("EP1", execution(doctor, told, part)).content["etat"])
    assert states == ["EXECUTION_PARTIELLE", "EXECUTEE"]


def test_the_ins_may_be_demanded(platform: Platform, doctor: Caller) -> None:
    """N13: traits alone are taken, unless a tester demands the INS."""
    traits = {"nomNaissance": "TESTAVRIL", "naissance": "1985-07-12"}
    assert doctor.call("EP4", ordonnance(doctor.now, patient=traits)).error is None
    with administration(platform) as admin:
        admin.put("/state/prescription", json={"exige_ins": True}).raise_for_status()
    assert doctor.call("EP4", ordonnance(doctor.now, patient=traits)).error == "EP-P-022"
    assert doctor.call("EP4", ordonnance(doctor.now)).error is None
