"""Steps of the CNDA INSi cases: the people of the qualification base, one file for each.

What CNDA hands out as answers to inject is served by the simulator itself.
"""

from __future__ import annotations

import re
from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.people import of_qualification
from bench.session import Scenario
from features.steps.identite import patients
from features.steps.insi import SEARCH, about, current
from features.steps.vitale import insert

UNKNOWN_PLACE = "99999"
_FILE = (
    r"le dossier de (?P<name>[^,]+), (?P<given>[^,]+), (?P<sex>[MF]), "
    r"né(?:e)? le (?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4})(?: à (?P<place>\w{5}))?"
)
_CALL = re.compile(r"(?P<names>[A-Z' -]+) \((?P<code>\d\d)\)")


@given(parsers.re(_FILE))
def file_of(  # noqa: PLR0913, PLR0917 - the words of the sentence
    scenario: Scenario,
    name: str,
    given: str,
    sex: str,
    day: str,
    month: str,
    year: str,
    place: str | None,
) -> None:
    traits = {
        "nom_naissance": name,
        "prenoms_naissance": given,
        "sexe": sex,
        "date_naissance": f"{year}-{month}-{day}",
        "lieu_naissance": place or UNKNOWN_PLACE,
    }
    open_file(scenario, traits)
    scenario.notes["personne"] = of_qualification(name, traits["date_naissance"])


@when("le professionnel tente d'ouvrir un dossier et de rechercher l'INS de D’ÆION, CŒUR")
def try_foreign_characters(scenario: Scenario) -> None:
    """The product may refuse the characters as they are typed, or the search."""
    traits = {
        "nom_naissance": "D’ÆION",
        "prenoms_naissance": "CŒUR",
        "sexe": "M",
        "date_naissance": "1987-01-25",
        "lieu_naissance": "2B020",
    }
    created = scenario.perform("patient.create", traits=traits)
    patient = created.answer.get("patient")
    if patient:
        patients(scenario).append({"id": patient["id"], "ins": ""})
        scenario.perform(SEARCH, voie="organisation", **about(scenario))


@given("sa carte Vitale de la base de qualification dans le lecteur")
def qualification_card(scenario: Scenario) -> None:
    insert(scenario, scenario.notes["personne"])


@given("INSi rend deux INS en historique, dont une sans date")
def two_former(scenario: Scenario) -> None:
    scenario.spoil("insi", fault="cnda-2.04-cas2")


@then("aucune ligature ni apostrophe typographique n'est envoyée à INSi")
def nothing_foreign_sent(scenario: Scenario) -> None:
    scenario.expect("demandes-admises", regle="INS-W-16")


@then(parsers.re(r"les appels à INSi sont, dans l'ordre : (?P<calls>.+)"))
def calls_in_order(scenario: Scenario, calls: str) -> None:
    wanted = [[m["names"].strip(), m["code"]] for m in _CALL.finditer(calls)]
    scenario.expect("suite-insi", appels=wanted)


@then(parsers.re(r"la demande porte à la lettre le nom (?P<name>.+) et le prénom (?P<given>.+)"))
def sent_to_the_letter(scenario: Scenario, name: str, given: str) -> None:
    scenario.expect("traits-transmis", nom=name, prenoms=given)


@then(parsers.re(r"le dossier porte le matricule (?P<number>\w{13}) (?P<key>\d\d)"))
def holds_number(scenario: Scenario, number: str, key: str) -> None:
    scenario.expect("etat-identite", patient=current(scenario), ins=f"{number}{key}")


@then(parsers.re(r"le dossier montre un matricule de nature (?P<nature>NIR|NIA)"))
def nature_shown(scenario: Scenario, nature: str) -> None:
    scenario.must("patient.read", patient=current(scenario))
    scenario.expect("reponse", action="patient.read", chemin="patient.ins.nature", parmi=[nature])


@then(parsers.re(r"l'historique du dossier est : (?P<numbers>.+)"))
def history_is(scenario: Scenario, numbers: str) -> None:
    entries = [] if numbers == "aucun" else [n.replace(" ", "") for n in numbers.split(", ")]
    scenario.expect("historique", patient=current(scenario), matricules=entries)


def open_file(scenario: Scenario, traits: dict[str, Any]) -> None:
    """The file of a CNDA person: one INS has one file, whatever scenario opened it first."""
    files: dict[str, str] = scenario.session.notes.setdefault("dossiers CNDA", {})
    key = "|".join(str(value) for value in traits.values())
    if key in files:
        scenario.must("patient.read", patient=files[key])
    else:
        files[key] = scenario.must("patient.create", traits=traits)["patient"]["id"]
    patients(scenario).append({"id": files[key], "ins": ""})
