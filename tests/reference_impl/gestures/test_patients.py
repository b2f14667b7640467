"""Files made, found again, corrected."""

from __future__ import annotations

from typing import Any

import pytest
import respx

from reference_impl.people import Evidence, Status
from tests.reference_impl.driver import Driver, create, insi
from tests.reference_impl.house import CAMILLE_INS, CAMILLE_JSON, LOUISE
from tests.reference_impl.insi.messages import found

SEEN = Evidence("CN", "haut", "2026-03-12T09:00:00+00:00")


@pytest.mark.parametrize(
    ("typed", "kept"), [("1985-07", "1985-07-01"), ("1985-00-12", "1985-01-12")]
)
def test_a_date_partly_known_is_completed_and_marked(driver: Driver, typed: str, kept: str) -> None:
    patient = driver("patient.read", patient=create(driver, date_naissance=typed))["patient"]
    assert (patient["traits"]["date_naissance"], patient["date_incertaine"]) == (kept, True)


def test_a_lunar_date_never_enters_the_sanitary_identity(driver: Driver) -> None:
    answer = driver("patient.create", 400, traits=CAMILLE_JSON | {"date_naissance": "1985-13-45"})
    assert answer["erreur"]["code"] == "DATE_LUNAIRE"
    assert "facturation" in answer["erreur"]["message"]


def test_names_in_use_are_never_filled_automatically(driver: Driver) -> None:
    traits = {k: v for k, v in CAMILLE_JSON.items() if k != "nom_utilise"}
    created = driver("patient.create", traits=traits)["patient"]["traits"]
    assert (created["nom_utilise"], created["prenom_utilise"]) == (None, None)


@pytest.mark.parametrize("first", ["CAMILLE-ANNE", "Camille"])
def test_a_premier_prenom_that_begins_the_list_is_kept(driver: Driver, first: str) -> None:
    traits = CAMILLE_JSON | {"premier_prenom": first}
    created = driver("patient.create", traits=traits)["patient"]["traits"]
    assert created["premier_prenom"] == first.upper()


def test_a_premier_prenom_from_elsewhere_is_refused(driver: Driver) -> None:
    traits = CAMILLE_JSON | {"premier_prenom": "ANNE"}
    assert driver("patient.create", 400, traits=traits)["erreur"]["champ"] == (
        "traits.premier_prenom"
    )


def test_cnda_203_cas_3_ligatures_become_letters_and_the_typographic_apostrophe_is_refused(
    driver: Driver, network: respx.MockRouter
) -> None:
    route = insi(network, found())
    names = {"prenoms_naissance": "Cœur"}
    refused = driver(
        "patient.create", 400, traits=CAMILLE_JSON | names | {"nom_naissance": "D’Æion"}
    )
    assert refused["erreur"]["champ"] == "traits.nom_naissance"
    patient = create(driver, nom_naissance="D'Æion", **names)
    driver("identity.search_insi", patient=patient, professionnel=LOUISE)
    assert b"<ins:NomNaissance>D'AEION<" in route.calls[0].request.content
    assert b"<ins:Prenom>COEUR<" in route.calls[0].request.content


def edit(driver: Driver, patient: str, traits: dict[str, Any], unlocked: bool = False) -> Any:
    asked = {"patient": patient, "traits": traits, "deverrouille": unlocked}
    return driver("identity.edit_traits", **asked)["patient"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Status.QUALIFIED, "validée"),
        (Status.VALIDATED, "validée"),
        (Status.RETRIEVED, "provisoire"),
        (Status.PROVISIONAL, "provisoire"),
    ],
)
def test_a_strict_trait_edited_drops_the_ins(driver: Driver, before: Status, after: str) -> None:
    patient = driver.house.patient(before, evidence=SEEN).id
    if before is not Status.PROVISIONAL:
        asked = {"patient": patient, "traits": {"nom_naissance": "TESTJUIN"}}
        assert driver.code("identity.edit_traits", **asked) == "TRAITS_VERROUILLES"
    edited = edit(driver, patient, {"nom_naissance": "Testjuin"}, before is not Status.PROVISIONAL)
    assert (edited["statut"], edited["ins"]) == (after, None)
    assert edited["traits"]["nom_naissance"] == "TESTJUIN"
    assert edited["traits"]["prenoms_naissance"] == "CAMILLE ANNE"
    held = [CAMILLE_INS.matricule] if before in (Status.QUALIFIED, Status.RETRIEVED) else []
    assert [past["matricule"] for past in edited["historique"]] == held


def test_names_in_use_are_free(driver: Driver) -> None:
    patient = driver.house.patient().id
    edited = edit(driver, patient, {"nom_utilise": "de Mai", "prenom_utilise": None})
    assert (edited["statut"], edited["traits"]["nom_utilise"]) == ("qualifiée", "de Mai")


def test_traits_said_again_are_no_edit(driver: Driver) -> None:
    patient = driver.house.patient().id
    assert edit(driver, patient, CAMILLE_JSON)["statut"] == "qualifiée"


def test_an_edit_forgets_what_insi_proposed(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver)
    insi(network, found(place="75056"))
    driver("identity.search_insi", patient=patient, professionnel=LOUISE)
    assert edit(driver, patient, {"sexe": "M"})["alertes"] == []
    asked = {"patient": patient, "professionnel": LOUISE, "accepter": True}
    assert driver.code("identity.accept_insi", **asked) == "AUCUNE_PROPOSITION"


@pytest.mark.parametrize(
    ("traits", "code"),
    [
        ({"date_naissance": "1985-13-45"}, "DATE_LUNAIRE"),
        ({"nom_naissance": "T3ST"}, "TRAIT_INVALIDE"),
        ({"premier_prenom": "ANNE"}, "TRAIT_INVALIDE"),
        ({"nom_naissance": ""}, "PARAMETRE_INVALIDE"),
        ({"inconnu": "x"}, "PARAMETRE_INVALIDE"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(
    driver: Driver, traits: dict[str, str], code: str
) -> None:
    patient = create(driver)
    asked = {"patient": patient, "traits": traits}
    assert driver.code("identity.edit_traits", 400, **asked) == code


def test_a_corrected_date_is_certain(driver: Driver) -> None:
    patient = create(driver, date_naissance="1985")
    assert edit(driver, patient, {"date_naissance": "1985-07-12"})["date_incertaine"] is False
    assert edit(driver, patient, {"date_naissance": "1985-07"})["date_incertaine"] is True


def test_files_are_found_again(driver: Driver) -> None:
    qualified = driver.house.patient().id
    create(driver, nom_naissance="AUTRE", date_naissance="1990-01-01", nom_utilise=None)

    def found_by(**criteria: str) -> list[str]:
        return [p["id"] for p in driver("patient.search", **criteria)["patients"]]

    assert found_by(texte="Tést-avril") == [qualified]
    assert found_by(ins="285073306304208") == [qualified]
    assert found_by(texte="autre", date_naissance="01/01/1990") == ["p2"]
    assert found_by(texte="autre", ins="285073306304208") == []
    assert driver.code("patient.search", 400) == "CRITERE_ABSENT"
