"""INSi, evidence, attributes, attestation: what they make of an identity."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest
import respx

from reference_impl.errors import ForbiddenGestureError
from reference_impl.people import Evidence, Ins, Status
from tests.reference_impl.driver import Driver, create, insi
from tests.reference_impl.house import CAMILLE_INS, LOUISE
from tests.reference_impl.insi.messages import ambiguous, fault, found, not_found

NIA = Ins("1090799350412", "04", "1.2.250.1.213.1.4.9")


def search(driver: Driver, patient: str, **asked: Any) -> dict[str, Any]:
    return driver("identity.search_insi", patient=patient, professionnel=LOUISE, **asked)


def decide(driver: Driver, patient: str, accept: bool) -> dict[str, Any]:
    asked = {"patient": patient, "professionnel": LOUISE, "accepter": accept}
    return driver("identity.accept_insi", **asked)["patient"]


def divergent(driver: Driver, network: respx.MockRouter, **made: Any) -> str:
    """A patient to whom INSi answered another place of birth."""
    patient = create(driver, **made)
    insi(network, found(place="75056"))
    search(driver, patient)
    return patient


def test_a_new_file_says_where_it_comes_from_and_nothing_is_preselected(driver: Driver) -> None:
    patient = driver("patient.read", patient=create(driver))["patient"]
    assert patient["canal"] == "SM"
    assert patient["justificatif"] is None
    assert patient["historique"] == patient["alertes"] == []
    assert (patient["interroge_le"], patient["date_incertaine"]) == (None, False)


def test_what_differs_is_proposed_with_an_alert_and_kept_across_a_restart(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    insi(network, found(place="75056"))
    answer = search(driver, patient)
    assert answer["insi"]["ecarts"] == ["lieu_naissance"]
    assert answer["insi"]["propose"]["lieu_naissance"] == "75056"
    assert answer["patient"]["statut"] == "provisoire"
    assert "lieu de naissance" in answer["patient"]["alertes"][0]
    assert answer["patient"]["interroge_le"].startswith("2026-03-12")
    driver.house.reopen()
    accepted = decide(Driver(driver.house), patient, True)
    assert accepted["statut"] == "récupérée"
    assert accepted["traits"]["lieu_naissance"] == "75056"
    assert (accepted["canal"], accepted["alertes"]) == ("INSI", [])


def test_what_the_operator_refuses_changes_nothing(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = divergent(driver, network)
    refused = decide(driver, patient, False)
    assert (refused["statut"], refused["ins"], refused["alertes"]) == ("provisoire", None, [])
    asked = {"patient": patient, "professionnel": LOUISE, "accepter": True}
    assert driver.code("identity.accept_insi", **asked) == "AUCUNE_PROPOSITION"


def test_accepting_from_validee_qualifies(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver)
    driver("identity.record_evidence", patient=patient, justificatif="PA")
    insi(network, found(names="CAMILLE ANNE ZOE"))
    assert search(driver, patient)["patient"]["statut"] == "validée"
    accepted = decide(driver, patient, True)
    assert accepted["statut"] == "qualifiée"
    assert accepted["traits"]["prenoms_naissance"] == "CAMILLE ANNE ZOE"
    assert accepted["justificatif"]["code"] == "PA"


def test_a_validated_identity_equal_but_for_an_absent_place_qualifies(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    driver("identity.record_evidence", patient=patient, justificatif="CN")
    insi(network, found().replace(b"<LieuNaissance>33063</LieuNaissance>", b""))
    answer = search(driver, patient)["patient"]
    assert (answer["statut"], answer["traits"]["lieu_naissance"]) == ("qualifiée", "33063")


def test_who_saw_which_document_and_when(driver: Driver) -> None:
    patient = create(driver)
    asked = {"patient": patient, "justificatif": "PA", "professionnel": LOUISE}
    seen = driver("identity.record_evidence", **asked)["patient"]["justificatif"]
    assert seen == {
        "code": "PA",
        "libelle": "Passeport",
        "niveau": "haut",
        "le": "2026-03-12T09:00:00+00:00",
        "par": LOUISE,
    }
    low = driver("identity.record_evidence", patient=patient, justificatif="PC")["patient"]
    assert (low["statut"], low["justificatif"]["code"]) == ("validée", "PA")


def test_a_birth_certificate_validates_a_child_only(driver: Driver) -> None:
    child = create(driver, date_naissance="2019-03-05", prenoms_naissance="LEA")
    seen = driver("identity.record_evidence", patient=child, justificatif="AN")["patient"]
    assert (seen["statut"], seen["justificatif"]["niveau"]) == ("validée", "haut")
    adult = driver("identity.record_evidence", patient=create(driver), justificatif="AN")
    assert adult["patient"]["statut"] == "provisoire"
    assert adult["patient"]["justificatif"]["niveau"] == "moyen"


@pytest.mark.parametrize(
    ("before", "after"),
    [(Status.QUALIFIED, "récupérée"), (Status.VALIDATED, "provisoire")],
)
def test_withdrawing_the_evidence_lowers_the_status(
    driver: Driver, before: Status, after: str
) -> None:
    seen = Evidence("CN", "haut", "2026-03-12T09:00:00+00:00")
    patient = driver.house.patient(before, evidence=seen).id
    lowered = driver("identity.withdraw_evidence", patient=patient)["patient"]
    assert (lowered["statut"], lowered["justificatif"]) == (after, None)
    assert (lowered["ins"] is not None) == (before is Status.QUALIFIED)
    assert driver.code("identity.withdraw_evidence", patient=patient) == "JUSTIFICATIF_ABSENT"


def attest(driver: Driver, patient: str, author: str = "professionnel") -> dict[str, Any]:
    asked = {"patient": patient, "professionnel": LOUISE, "auteur": author}
    return driver("identity.attest", **asked)["patient"]


def attest_code(driver: Driver, patient: str, author: str = "professionnel") -> str:
    asked = {"patient": patient, "professionnel": LOUISE, "auteur": author}
    return driver.code("identity.attest", **asked)


def test_the_professional_attests_a_recovered_identity(driver: Driver) -> None:
    patient = driver.house.patient(Status.RETRIEVED).id
    attested = attest(driver, patient)
    assert attested["statut"] == "qualifiée"
    assert attested["justificatif"]["code"] == "PS"
    assert attested["justificatif"]["par"] == LOUISE
    assert "procédure d’exception" in attested["justificatif"]["libelle"]
    events = driver("identity.log", patient=patient)["evenements"]
    assert "procédure d’exception" in events[-1]["evenement"]
    assert (events[-1]["avant"]["statut"], events[-1]["apres"]["statut"]) == (
        "récupérée",
        "qualifiée",
    )
    assert attest_code(driver, patient) == "DEJA_QUALIFIEE"


def test_the_secretariat_attests_nothing(driver: Driver) -> None:
    patient = driver.house.patient(Status.RETRIEVED).id
    assert attest_code(driver, patient, "secretariat") == "ATTESTATION_RESERVEE"
    assert driver("patient.read", patient=patient)["patient"]["statut"] == "récupérée"


def test_nobody_attests_without_an_answer_of_insi_that_matches(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    assert attest_code(driver, patient) == "ATTESTATION_SANS_INSI"
    other = create(driver, prenoms_naissance="JEANNE")
    insi(network, found())
    assert search(driver, other)["insi"]["ecarts"] == ["prenoms_naissance"]
    assert attest_code(driver, other) == "ATTESTATION_SANS_INSI"


def test_a_place_that_differs_does_not_prevent_an_attestation(
    driver: Driver, network: respx.MockRouter
) -> None:
    attested = attest(driver, divergent(driver, network))
    assert (attested["statut"], attested["traits"]["lieu_naissance"]) == ("qualifiée", "75056")


@pytest.mark.parametrize("gesture", ["identity.accept_insi", "identity.attest"])
def test_an_unreliable_identity_takes_nothing(
    driver: Driver, network: respx.MockRouter, gesture: str
) -> None:
    patient = divergent(driver, network)
    driver("identity.set_attribute", patient=patient, attribut="douteuse", present=True)
    asked: dict[str, Any] = {"patient": patient, "professionnel": LOUISE}
    asked |= {"accepter": True} if gesture.endswith("insi") else {"auteur": "professionnel"}
    assert driver.code(gesture, **asked) == "IDENTITE_NON_FIABLE"
    driver("identity.set_attribute", patient=patient, attribut="douteuse", present=False)
    assert driver.code(gesture, **asked) in ("AUCUNE_PROPOSITION", "ATTESTATION_SANS_INSI")


def test_douteuse_and_fictive_exclude_one_another_and_homonyme_goes_with_both(
    driver: Driver,
) -> None:
    patient = driver.house.patient().id
    driver("identity.set_attribute", patient=patient, attribut="homonyme", present=True)
    driver("identity.set_attribute", patient=patient, attribut="fictive", present=True)
    asked = {"patient": patient, "attribut": "douteuse", "present": True}
    assert driver.code("identity.set_attribute", **asked) == "ATTRIBUTS_INCOMPATIBLES"
    driver("identity.set_attribute", patient=patient, attribut="fictive", present=False)
    marked = driver("identity.set_attribute", **asked)["patient"]
    assert marked["attributs"] == ["douteuse", "homonyme"]


def test_an_ins_taken_away_stays_in_the_history_with_its_end(driver: Driver) -> None:
    patient = driver.house.patient().id
    asked = {"patient": patient, "attribut": "douteuse", "present": True}
    history = driver("identity.set_attribute", **asked)["patient"]["historique"]
    assert [(past["matricule"], past["fin"]) for past in history] == [
        (CAMILLE_INS.matricule, "2026-03-12")
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sexe": "I"}, "sexe"),
        ({"date_naissance": "1985"}, None),
    ],
)
def test_preconditions_of_a_call(
    driver: Driver, network: respx.MockRouter, changes: dict[str, str], words: str | None
) -> None:
    route = insi(network, not_found(), not_found(), not_found())
    patient = create(driver, **changes)
    if words is None:
        # EXI ID 11: a completed date is a date of the calendar, that the register writes so too.
        assert search(driver, patient)["insi"]["code"] == "01"
        assert b"<ins:DateNaissance>1985-12-31<" in route.calls[0].request.content
    else:
        asked = {"patient": patient, "professionnel": LOUISE}
        assert driver.code("identity.search_insi", **asked) == "SEXE_INDETERMINE"
        assert route.call_count == 0


def test_an_uncertain_date_keeps_its_mark_until_insi_gives_another(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver, date_naissance="1985")
    insi(network, found())
    answer = search(driver, patient)
    assert answer["insi"]["ecarts"] == ["date_naissance"]
    assert answer["patient"]["date_incertaine"] is True
    accepted = decide(driver, patient, True)
    assert (accepted["date_incertaine"], accepted["traits"]["date_naissance"]) == (
        False,
        "1985-07-12",
    )


@pytest.mark.parametrize(
    ("element", "instead"),
    [
        ("<DateNaissance>1985-07-12<", "<DateNaissance>1985-00-00<"),
        ("<DateNaissance>1985-07-12<", "<DateNaissance>1985-07-32<"),
        ("<NomNaissance>TESTAVRIL<", "<NomNaissance><"),
        ("<ListePrenom>CAMILLE ANNE<", "<ListePrenom><"),
        ("<Sexe>F<", "<Sexe><"),
    ],
)
def test_an_identity_that_cannot_be_used_is_refused_and_logged(
    driver: Driver, network: respx.MockRouter, element: str, instead: str
) -> None:
    patient = create(driver)
    insi(network, found().replace(element.encode(), instead.encode()))
    answer = search(driver, patient)
    assert answer["insi"]["code"] == "INS_INCOMPLETE"
    assert "refusée" in answer["insi"]["libelle"]
    assert (answer["patient"]["statut"], answer["patient"]["ins"]) == ("provisoire", None)
    call = driver("identity.log", patient=patient)["appels"][0]
    assert call["contenu"]["ins"]["matricule"] == CAMILLE_INS.matricule


def test_a_key_that_does_not_conform_is_kept_and_told(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    insi(network, found(key="<Cle>60</Cle>"))
    kept = search(driver, patient)["patient"]
    assert kept["ins"]["cle"] == "60"
    assert "clé 60" in kept["alertes"][0]


def test_a_test_ins_and_lower_case_are_told_and_kept(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    insi(network, found(oid="1.2.250.1.213.1.4.10", names="Camille Anne"))
    assert search(driver, patient)["patient"]["ins"] is None
    kept = decide(driver, patient, True)
    assert kept["traits"]["prenoms_naissance"] == "Camille Anne"
    assert any("de test" in alert for alert in kept["alertes"])
    assert any("minuscules" in alert for alert in kept["alertes"])


def test_traits_kept_as_returned_are_searched_in_capitals(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    insi(network, found(names="Camille Anne"))
    search(driver, patient)
    decide(driver, patient, True)
    route = insi(network, found())
    search(driver, patient)
    assert b"<ins:Prenom>CAMILLE<" in route.calls[-1].request.content


def test_the_premier_prenom_is_not_overwritten_and_said_when_it_does_not_fit(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver, prenoms_naissance="OLA CAMILLE ANNE")
    insi(network, not_found(), found())
    taken = search(driver, patient)["patient"]
    assert taken["statut"] == "récupérée"
    assert taken["traits"]["prenoms_naissance"] == "CAMILLE ANNE"
    assert taken["traits"]["premier_prenom"] == "OLA"
    assert "OLA" in taken["alertes"][0]
    asked = {"patient": patient, "traits": {"premier_prenom": "CAMILLE-ANNE"}}
    assert driver("identity.edit_traits", **asked)["patient"]["alertes"] == []


def test_one_ins_for_two_files_leaves_an_alert(driver: Driver, network: respx.MockRouter) -> None:
    holder = driver.house.patient().id
    patient = create(driver)
    # Same matricule under another key: the collision is seen all the same (CNDA 3.05 cas 3).
    insi(network, found(key="<Cle>60</Cle>"))
    asked = {"patient": patient, "professionnel": LOUISE}
    assert driver.code("identity.search_insi", **asked) == "INS_DEJA_ATTRIBUEE"
    alerts = driver("patient.read", patient=patient)["patient"]["alertes"]
    assert holder in alerts[0]


def test_histories_never_repeat_an_entry(driver: Driver, network: respx.MockRouter) -> None:
    entry = (
        f"<INSHISTO><IdIndividu><NumIdentifiant>{NIA.matricule}</NumIdentifiant><Cle>{NIA.key}"
        f"</Cle></IdIndividu><OID>{NIA.oid}</OID></INSHISTO>"
    )
    patient = create(driver)
    for _ in range(2):
        insi(network, found(history=entry * 2))
        shown = search(driver, patient)["patient"]
    assert [past["matricule"] for past in shown["historique"]] == [NIA.matricule]
    assert shown["ins"]["nature"] == "NIR"


def test_the_log_says_who_asked_what_and_what_came_back(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    insi(network, not_found(), found())
    search(driver, patient)
    log = driver("identity.log", patient=patient)
    first, second = log["appels"]
    assert (first["code"], first["contenu"]) == ("01", None)
    assert (second["code"], second["voie"], second["professionnel"]) == (
        "00",
        "organisation",
        LOUISE,
    )
    assert second["operation"] == "rechercherInsAvecTraitsIdentite"
    assert second["message_id"].startswith("uuid:")
    assert second["contenu"]["ins"]["matricule"] == CAMILLE_INS.matricule
    assert second["contenu"]["historique"] == []
    assert [event["evenement"] for event in log["evenements"]] == [
        "création",
        "INSi répond les mêmes traits",
    ]


def test_several_found_is_said_and_nobody_is_chosen(
    driver: Driver, network: respx.MockRouter
) -> None:
    route = insi(network, ambiguous(), ambiguous(), ambiguous())
    answer = search(driver, create(driver))
    assert (answer["insi"]["code"], answer["insi"]["propose"]) == ("02", None)
    assert answer["patient"]["statut"] == "provisoire"
    assert route.call_count == 3


def test_an_impatient_click_calls_nothing(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver)
    asked, answered = threading.Event(), threading.Event()

    def slow(_request: httpx.Request) -> httpx.Response:
        asked.set()
        assert answered.wait(10)
        return httpx.Response(200, content=found())

    route = network.post("https://insi.test/lps").mock(side_effect=slow)
    first: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: first.append(search(driver, patient)))
    thread.start()
    assert asked.wait(10)
    try:
        asked_again = {"patient": patient, "professionnel": LOUISE}
        assert driver.code("identity.search_insi", **asked_again) == "APPEL_EN_COURS"
        assert driver.code("identity.verify", **asked_again) == "APPEL_EN_COURS"
    finally:
        answered.set()
        thread.join(10)
    assert route.call_count == 1
    assert first[0]["insi"]["code"] == "00"


def test_a_fault_leaves_the_call_free_again(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver)
    insi(network, fault("desir_1020", "siram_40"), found())
    assert search(driver, patient)["insi"]["code"] == "desir_1020"
    assert search(driver, patient)["insi"]["code"] == "00"


def test_a_failing_call_frees_the_patient(driver: Driver) -> None:
    lgc = driver.house.lgc
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lgc.patient_call("p1"):
            _ = 1 / 0
    with lgc.patient_call("p1"), pytest.raises(ForbiddenGestureError), lgc.patient_call("p1"):
        pass


@pytest.mark.parametrize("announced", [True, False])
def test_another_ins_that_the_history_does_not_announce_is_told(
    driver: Driver, network: respx.MockRouter, announced: bool
) -> None:
    entry = (
        f"<INSHISTO><IdIndividu><NumIdentifiant>{NIA.matricule}</NumIdentifiant><Cle>{NIA.key}"
        f"</Cle></IdIndividu><OID>{NIA.oid}</OID></INSHISTO>"
    )
    patient = driver.house.patient(ins=NIA).id
    insi(network, found(history=entry if announced else ""))
    taken = search(driver, patient)["patient"]
    assert taken["ins"]["matricule"] == CAMILLE_INS.matricule
    assert [past["matricule"] for past in taken["historique"]] == [NIA.matricule]
    assert any("autre INS" in alert for alert in taken["alertes"]) is not announced
