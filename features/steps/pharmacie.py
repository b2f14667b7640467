"""Steps about what pharmacies do of an ordonnance, and what its prescriber reads of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pytest_bdd import given, parsers, then, when

from bench.people import set_state
from bench.session import Scenario
from features.steps.identite import patients
from features.steps.ordonnance import CONSULT, WHO, number

SEARCH = "prescription.search"
RECIPES = {
    "délivre": "tout",
    "délivre en partie": "partiel",
    "modifie": "modifie",
    "remplace": "remplace",
    "complète": "ajoute",
    "supprime": "supprime",
    "refuse": "refus",
}
LIES = {
    "des lignes remplacées, ajoutées et supprimées": "executions-melees",
    "un motif inconnu": "motif-inconnu",
    "un type de ligne inconnu": "type-ligne-inconnu",
    "des éléments inconnus": "elements-inconnus",
}


@when(
    parsers.re(
        r"(?P<which>la|l'autre) pharmacie (?P<done>" + "|".join(RECIPES) + ") "
        r"les lignes de l'ordonnance"
    )
)
def execute(scenario: Scenario, which: str, done: str) -> None:
    _order(scenario, recette=RECIPES[done], pharmacie=0 if which == "la" else 1)


@when("la pharmacie remplace une ligne, en ajoute une et supprime l'autre")
def execute_all_ways(scenario: Scenario) -> None:
    """Motifs of the bench, but 28 and 73; what is delivered instead is fictitious."""
    told: dict[str, Any] = {"accordPrescripteur": True, "dateModification": f"{today()}"}
    instead = {"eprescType": "medicament", "cis": "60000091", "libelle": "MEDICAMENT FICTIF B"}
    _order(
        scenario,
        gestes=[
            {"ligne": 1, "statut": "REMPLACEE", "motif": 5, "remplacement": instead, **told},
            {"ligne": 3, "statut": "AJOUTEE", "motif": 6, "remplacement": instead, **told},
            {"ligne": 2, "statut": "SUPPRIMEE", "motif": 28, "sousMotif": 73, **told},
        ],
    )


@when("le patient s'oppose auprès du téléservice")
def oppose(scenario: Scenario) -> None:
    set_state(scenario, "prescription", {"consentements": {number(scenario): False}})


@given(parsers.re(r"un téléservice qui rendra (?P<what>" + "|".join(LIES) + r")"))
def lies(scenario: Scenario, what: str) -> None:
    scenario.spoil("prescription", "EP3", fault=LIES[what])


@given("un téléservice qui trouvera deux cents ordonnances")
def finds_many(scenario: Scenario) -> None:
    scenario.spoil("prescription", "EP2", fault="recherche-200", times=None)


@when(parsers.re(WHO + r"consulte l'ordonnance"))
def consult(scenario: Scenario) -> None:
    scenario.must(CONSULT, numero=number(scenario), professionnel=scenario.notes["professionnel"])


@when(
    parsers.re(
        WHO + r"recherche ses ordonnances du jour (?P<where>hors d'un dossier|dans ce dossier)"
    )
)
def search_today(scenario: Scenario, where: str) -> None:
    patient = None if where == "hors d'un dossier" else patients(scenario)[-1]["id"]
    day = f"{today()}"
    who = scenario.notes["professionnel"]
    scenario.must(SEARCH, professionnel=who, patient=patient, debut=day, fin=day)


@then(parsers.re(r"le logiciel montre les exécutions : (?P<statuses>.+)"))
def executions_shown(scenario: Scenario, statuses: str) -> None:
    scenario.expect("executions-montrees", statuts=statuses.split(", "))


@then(parsers.re(r"le logiciel (?:ne montre aucune exécution|montre l'ordonnance sans exécution)"))
def no_execution(scenario: Scenario) -> None:
    scenario.expect("executions-montrees", statuts=[])
    scenario.expect("reponse", action=CONSULT, chemin="ordonnance.numero", parmi=[number(scenario)])


@then("le logiciel montre l'ordonnance et ses lignes")
def shown(scenario: Scenario) -> None:
    scenario.expect("reponse", action=CONSULT, chemin="ordonnance.numero", parmi=[number(scenario)])
    scenario.expect("reponse", action=CONSULT, chemin="ordonnance.contenu.lignes", present=True)


@then("la pharmacie ne peut plus rien délivrer")
def nothing_left(scenario: Scenario) -> None:
    _turned_down(scenario, recette="tout")


@then("la pharmacie ne peut rien délivrer après sa fin de validité")
def too_late(scenario: Scenario) -> None:
    _turned_down(scenario, recette="tout", date=f"{today() + timedelta(days=3)}")


@then("l'ordonnance est trouvée")
def found(scenario: Scenario) -> None:
    scenario.expect("ordonnance-trouvee", numero=number(scenario))


@then("l'ordonnance de l'autre patient ne l'est pas")
def other_not_found(scenario: Scenario) -> None:
    scenario.expect(
        "ordonnance-trouvee", numero=scenario.notes["première ordonnance"], absente=True
    )


@then("toutes les pages de la recherche ont été lues")
def every_page_read(scenario: Scenario) -> None:
    scenario.expect("recherche-complete", nombre=200)


def today() -> date:
    """The local day."""
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Paris")).date()


def _order(scenario: Scenario, **order: Any) -> None:
    set_state(scenario, "prescription", {"pharmacie": {"numero": number(scenario), **order}})


def _turned_down(scenario: Scenario, **order: Any) -> None:
    before = _executions(scenario)
    try:
        _order(scenario, **order)
    except ValueError:
        scenario.expect("nombre-d-echanges", service="prescription", operation="EP1",
                        nombre=before, issue="accepté")  # fmt: skip
        return
    raise AssertionError("le téléservice a laissé la pharmacie délivrer")


def _executions(scenario: Scenario) -> int:
    return sum(e.accepted for e in scenario.view().of("prescription", "EP1"))
