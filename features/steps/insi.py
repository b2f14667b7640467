"""Steps about a local file, the person it is about, and what INSi says of them."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.people import invent, make_known, set_state, traits
from bench.session import Scenario
from features.steps.identite import HIGH_TRUST, patients

SEARCH = "identity.search_insi"
BY_TRAITS = "rechercherInsAvecTraitsIdentite"

ANSWERS = {
    "ne trouve personne": "cr01",
    "trouve plusieurs personnes": "cr02",
    "rend une date de naissance incomplète": "date-incomplete",
    "rend un nom de naissance vide": "nom-vide",
    "rend une liste de prénoms vide": "prenoms-vides",
    "rend un sexe vide": "sexe-vide",
    "rend un nom de naissance différent": "traits-differents",
    "rend un NIA": "nia",
    "rend l'INS active aussi en historique": "historique-double",
    "rend un historique": "nir-apres-nia",
    "est indisponible": "desir_1020",
    "ne répond qu'une page d'erreur": "http-503",
}
"""French words of a step, and the fault or lie of the simulator they ask for."""


@given("un professionnel du cabinet")
def professional(scenario: Scenario) -> None:
    scenario.notes["professionnel"] = scenario.professional().national_id


@given(
    parsers.re(r"une (?:autre )?personne connue d'INSi(?: sous les prénoms (?P<names>[A-Z -]+))?")
)
def known_person(scenario: Scenario, names: str | None) -> None:
    who = invent(scenario, names)
    make_known(scenario, who)
    scenario.notes["personne"] = who


@given("une personne inconnue d'INSi")
def unknown_person(scenario: Scenario) -> None:
    scenario.notes["personne"] = invent(scenario)


@given("une autre personne que seul son lieu de naissance en distingue")
def homonym(scenario: Scenario) -> None:
    who, other = scenario.notes["personne"], invent(scenario)
    same = {
        "birth_name": who.birth_name,
        "given_names": who.birth_given_names,
        "sex": who.sex,
        "birth_date": who.birth_date,
        "birth_place": "75056",
    }
    make_known(scenario, other, **same)


@given("son dossier")
def file_of_person(scenario: Scenario) -> None:
    create(scenario)


@given(parsers.re(r"son dossier, sous les prénoms (?P<names>[A-Z -]+)"))
def file_under_names(scenario: Scenario, names: str) -> None:
    create(scenario, prenoms_naissance=names)


@given(parsers.re(r"son dossier, à l'identité (?P<status>provisoire|récupérée|validée|qualifiée)"))
def file_with_status(scenario: Scenario, status: str) -> None:
    create(scenario)
    if status in ("récupérée", "qualifiée"):
        search(scenario)
    if status in ("validée", "qualifiée"):
        evidence(scenario, HIGH_TRUST)
    scenario.expect("etat-identite", patient=current(scenario), statuts=[status])


@given(parsers.re(r"INSi (?P<what>" + "|".join(ANSWERS) + r")"))
def insi_answers(scenario: Scenario, what: str) -> None:
    scenario.spoil("insi", fault=ANSWERS[what])


@given("INSi met une seconde à répondre")
def slow_insi(scenario: Scenario) -> None:
    scenario.spoil("insi", fault="lent", delay=1.0)


@when("le professionnel recherche l'INS sur les traits")
def search_by_traits(scenario: Scenario) -> None:
    search(scenario)


@when("il recherche de nouveau l'INS")
def search_again(scenario: Scenario) -> None:
    search(scenario)


@when("il tente de rechercher l'INS")
def try_to_search(scenario: Scenario) -> None:
    scenario.perform(SEARCH, voie="organisation", **about(scenario))


@when("le professionnel recherche l'INS avec le certificat de la structure")
def search_by_organisation(scenario: Scenario) -> None:
    search(scenario)


@when("le professionnel recherche l'INS avec sa carte CPS")
def search_by_cps(scenario: Scenario) -> None:
    search(scenario, voie="cps")


@when(parsers.re(r"il (?P<decision>accepte|refuse) les traits rendus par INSi"))
def decide(scenario: Scenario, decision: str) -> None:
    scenario.must("identity.accept_insi", accepter=decision == "accepte", **about(scenario))


@when("il accepte les traits proposés, s'il y en a")
def accept_if_any(scenario: Scenario) -> None:
    if scenario.notes["reponse"].get("insi", {}).get("propose"):
        scenario.must("identity.accept_insi", accepter=True, **about(scenario))


@then(parsers.re(r"l'identité est (?P<status>provisoire|récupérée|validée|qualifiée)"))
def status_is(scenario: Scenario, status: str) -> None:
    scenario.expect("etat-identite", patient=current(scenario), statuts=[status])


@then("l'identité est provisoire ou validée")
def status_is_lower(scenario: Scenario) -> None:
    admitted = ["provisoire", "validée"]
    scenario.expect("etat-identite", patient=current(scenario), statuts=admitted)


@then("le dossier porte l'INS de la personne")
def holds_ins(scenario: Scenario) -> None:
    who = scenario.notes["personne"]
    scenario.expect("etat-identite", patient=current(scenario), ins=who.ins)


@then("le dossier ne porte aucune INS")
def holds_no_ins(scenario: Scenario) -> None:
    scenario.expect("etat-identite", patient=current(scenario), ins="")


@then(parsers.re(r"le logiciel annonce le code (?P<code>\S+)"))
def code_told(scenario: Scenario, code: str) -> None:
    scenario.expect("reponse", action=SEARCH, chemin="insi.code", parmi=[code])


@then("le logiciel montre les traits rendus qui diffèrent")
def differences_shown(scenario: Scenario) -> None:
    scenario.expect("reponse", action=SEARCH, chemin="insi.ecarts", present=True)


@then("le logiciel alerte l'utilisateur")
def alerted(scenario: Scenario) -> None:
    scenario.expect("reponse", action=SEARCH, chemin="patient.alertes", present=True)


@then(parsers.re(r"INSi a reçu (?P<count>\d+) appels? pendant cette recherche"))
def calls_counted(scenario: Scenario, count: str) -> None:
    scenario.expect("appels-insi", action=SEARCH, nombre=int(count))


@then("aucun appel n'est parvenu à INSi pendant cette recherche")
def no_call(scenario: Scenario) -> None:
    scenario.expect("appels-insi", action=SEARCH, nombre=0)


@then("le dossier a gardé la liste des prénoms rendue par INSi")
def names_kept(scenario: Scenario) -> None:
    names = scenario.notes["personne"].birth_given_names
    scenario.expect(
        "trait-garde", patient=current(scenario), trait="prenoms_naissance", valeur=names
    )


@then(parsers.re(r"la nature du matricule est (?P<nature>NIR|NIA)"))
def nature_told(scenario: Scenario, nature: str) -> None:
    scenario.expect("reponse", action=SEARCH, chemin="patient.ins.nature", parmi=[nature])


@then(parsers.re(r"l'historique du dossier (?P<how>a une entrée|est vide)"))
def history_told(scenario: Scenario, how: str) -> None:
    present = how != "est vide"
    scenario.expect("reponse", action=SEARCH, chemin="patient.historique", present=present)


@then("l'appel est authentifié par le certificat de la structure")
def called_by_organisation(scenario: Scenario) -> None:
    scenario.expect("appelant", mode="organisation")


@then("l'appel porte l'identité du professionnel, signée par sa carte")
def called_by_cps(scenario: Scenario) -> None:
    scenario.expect("appelant", mode="cps", professionnel=scenario.notes["professionnel"])


def create(scenario: Scenario, **changes: Any) -> None:
    """Open a file for the person of the scenario; it becomes the current one."""
    who = scenario.notes["personne"]
    created = scenario.must("patient.create", traits={**traits(who), **changes})
    patients(scenario).append({"id": created["patient"]["id"], "ins": who.ins})


def search(scenario: Scenario, **options: Any) -> None:
    """Search the INS of the current file; the answer is noted."""
    asked = {"voie": "organisation", **about(scenario), **options}
    scenario.notes["reponse"] = scenario.must(SEARCH, **asked)


def evidence(scenario: Scenario, code: str) -> None:
    """Record an evidence in the current file."""
    scenario.must("identity.record_evidence", patient=current(scenario), justificatif=code)


def about(scenario: Scenario) -> dict[str, Any]:
    """Parameters of a gesture on the current file by the professional of the scenario."""
    return {"patient": current(scenario), "professionnel": scenario.notes["professionnel"]}


def current(scenario: Scenario) -> str:
    """Local id of the last file opened."""
    return str(patients(scenario)[-1]["id"])


def forget_person(scenario: Scenario, **changes: Any) -> None:
    """Change what INSi knows of the person of the scenario."""
    who = scenario.notes["personne"]
    set_state(scenario, "insi", {"personnes": {who.ins: changes or None}})
