"""Steps about the carte Vitale as a key to query INSi."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, then, when

from bench.people import set_state
from bench.session import Scenario
from features.steps.insi import SEARCH, about, known_person, search

READER, CARD = "Banc Vitale 00", "vitale-01"
BY_CARD = "rechercherInsAvecCarteVitale"


@given("sa carte Vitale dans le lecteur")
def card_in_reader(scenario: Scenario) -> None:
    insert(scenario, scenario.notes["personne"])


@given("sa carte Vitale, où figure aussi un autre bénéficiaire, dans le lecteur")
def family_card(scenario: Scenario) -> None:
    who = scenario.notes["personne"]
    known_person(scenario, None)
    other, scenario.notes["personne"] = scenario.notes["personne"], who
    scenario.notes["autre"] = other
    insert(scenario, other, who)


@given("sa carte Vitale, où sa date de naissance est lunaire, dans le lecteur")
def lunar_card(scenario: Scenario) -> None:
    who = scenario.notes["personne"]
    insert(scenario, who, dates={who.ins: f"{who.birth_date[:4]}1901"})


@given("aucune carte Vitale dans le lecteur")
def no_card(scenario: Scenario) -> None:
    set_state(scenario, "cards", {"lecteurs": {READER: None}})


@when("la carte d'une autre personne remplace la sienne")
def card_swapped(scenario: Scenario) -> None:
    who = scenario.notes["personne"]
    known_person(scenario, None)
    insert(scenario, scenario.notes["personne"])
    scenario.notes["personne"] = who


@when("le professionnel lit la carte Vitale")
def read_card(scenario: Scenario) -> None:
    scenario.must("card.read_vitale")


@when("le professionnel recherche l'INS avec la carte Vitale")
def search_by_card(scenario: Scenario) -> None:
    search(scenario, source="vitale")


@when("il tente de rechercher l'INS avec la carte Vitale")
def try_by_card(scenario: Scenario) -> None:
    asked = {"voie": "organisation", "source": "vitale", **about(scenario)}
    scenario.perform(SEARCH, **asked)


@when("il choisit la personne et recherche son INS avec la carte Vitale")
def search_chosen(scenario: Scenario) -> None:
    search(scenario, source="vitale", beneficiaire=2)


@when("il choisit l'autre bénéficiaire et recherche son INS avec la carte Vitale")
def search_other(scenario: Scenario) -> None:
    search(scenario, source="vitale", beneficiaire=1)


@then("INSi a reçu 1 recherche par carte Vitale")
def one_search_by_card(scenario: Scenario) -> None:
    scenario.expect("appels-insi", action=SEARCH, operation=BY_CARD, nombre=1)


@then("le dossier dit que les traits viennent de la carte Vitale et d'INSi")
def channel_told(scenario: Scenario) -> None:
    scenario.expect("reponse", action=SEARCH, chemin="patient.canal", parmi=["CV"])


@then("la date de naissance est celle d'INSi")
def date_of_insi(scenario: Scenario) -> None:
    date = scenario.notes["personne"].birth_date
    path = "patient.traits.date_naissance"
    scenario.expect("reponse", action=SEARCH, chemin=path, parmi=[date])


def insert(scenario: Scenario, *people: Any, dates: dict[str, str] | None = None) -> None:
    """Put in the reader a card that has these beneficiaries, the first one being the assuré."""
    insured = people[0]
    told = [
        {
            "nom_usuel": who.birth_name,
            "nom_naissance": who.birth_name,
            "prenom": who.first_given_name,
            "date_naissance": (dates or {}).get(who.ins, who.birth_date.replace("-", "")),
            "nir_ouvrant_droit": insured.ins,
            "nir_certifie": who.ins,
            "qualite": "0" if who is insured else "2",
        }
        for who in people
    ]
    serial = f"{scenario.rank:06d}{scenario.notes.setdefault('cartes', 0):06d}"
    scenario.notes["cartes"] += 1
    card = {"numero_serie": serial, "beneficiaires": told}
    set_state(scenario, "cards", {"vitales": {CARD: card}})
    set_state(scenario, "cards", {"lecteurs": {READER: {"carte": CARD}}})
