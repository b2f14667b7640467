"""Steps about what users do of an identity in the product: evidence, attributes, corrections."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from bench.session import Scenario
from features.steps.identite import HIGH_TRUST, patients
from features.steps.insi import (
    BY_TRAITS,
    SEARCH,
    about,
    create,
    current,
    evidence,
    known_person,
)

LOW_TRUST = "PC"
"""Permis de conduire: no high trust (RNIV §3.3.2)."""
SET_ATTRIBUTE = "identity.set_attribute"
EDIT = "identity.edit_traits"


@when("il enregistre une carte nationale d'identité")
def record_card(scenario: Scenario) -> None:
    evidence(scenario, HIGH_TRUST)


@when("il enregistre un permis de conduire")
def record_licence(scenario: Scenario) -> None:
    evidence(scenario, LOW_TRUST)


@when("il retire ce justificatif")
def withdraw(scenario: Scenario) -> None:
    scenario.must("identity.withdraw_evidence", patient=current(scenario))


@when("le professionnel atteste connaître la personne")
def attest(scenario: Scenario) -> None:
    scenario.must("identity.attest", auteur="professionnel", **about(scenario))


@when("le secrétariat tente d'attester connaître la personne")
def attest_by_secretariat(scenario: Scenario) -> None:
    scenario.perform("identity.attest", auteur="secretariat", **about(scenario))


@then("le logiciel refuse l'attestation")
def attestation_refused(scenario: Scenario) -> None:
    scenario.expect("geste", action="identity.attest", issue="refusé")


@then("la pièce d'identité est enregistrée avec sa nature et sa date")
def evidence_kept(scenario: Scenario) -> None:
    action = "identity.record_evidence"
    scenario.expect(
        "reponse", action=action, chemin="patient.justificatif.code", parmi=[HIGH_TRUST]
    )
    scenario.expect("reponse", action=action, chemin="patient.justificatif.le", present=True)


@then("aucun justificatif n'était présélectionné")
def nothing_preselected(scenario: Scenario) -> None:
    scenario.expect(
        "reponse", action="patient.create", chemin="patient.justificatif", present=False
    )


@then("l'attestation se distingue d'une pièce d'identité et nomme le professionnel")
def attestation_kept(scenario: Scenario) -> None:
    who = [scenario.notes["professionnel"]]
    path = "patient.justificatif.par"
    scenario.expect("reponse", action="identity.attest", chemin=path, parmi=who)
    scenario.expect("controle", regle="INS-S-12", action="identity.attest")


@when(parsers.re(r"il déclare l'identité (?P<attribute>douteuse|fictive)"))
def declare(scenario: Scenario, attribute: str) -> None:
    scenario.must(SET_ATTRIBUTE, patient=current(scenario), attribut=attribute, present=True)


@when(parsers.re(r"il tente de déclarer l'identité (?P<attribute>douteuse|fictive)"))
def try_to_declare(scenario: Scenario, attribute: str) -> None:
    scenario.perform(SET_ATTRIBUTE, patient=current(scenario), attribut=attribute, present=True)


@then("le logiciel refuse cet attribut")
def attribute_refused(scenario: Scenario) -> None:
    scenario.expect("geste", action=SET_ATTRIBUTE, issue="refusé")


@then("le logiciel refuse la recherche")
def search_refused(scenario: Scenario) -> None:
    scenario.expect("geste", action="identity.search_insi", issue="refusé")


@when("il tente de modifier le nom de naissance sans le déverrouiller")
def try_to_edit(scenario: Scenario) -> None:
    edit(scenario, unlocked=False)


@when("il déverrouille et modifie le nom de naissance")
def unlock_and_edit(scenario: Scenario) -> None:
    edit(scenario, unlocked=True)


@when("il modifie le nom utilisé")
def edit_used_name(scenario: Scenario) -> None:
    traits = {"nom_utilise": "TESTUTILISE"}
    scenario.must(EDIT, patient=current(scenario), traits=traits, deverrouille=False)


@then("le logiciel refuse la modification")
def edit_refused(scenario: Scenario) -> None:
    scenario.expect("geste", action=EDIT, issue="refusé")


def edit(scenario: Scenario, *, unlocked: bool) -> None:
    """Ask for another birth name in the current file."""
    traits = {"nom_naissance": f"{scenario.notes['personne'].birth_name} CORRIGE"}
    scenario.perform(EDIT, patient=current(scenario), traits=traits, deverrouille=unlocked)


@given("un second dossier de la même personne")
def second_file(scenario: Scenario) -> None:
    create(scenario)


@when(parsers.re(r"(?:le professionnel|il) cherche les dossiers par (?P<how>.+)"))
def look_up(scenario: Scenario, how: str) -> None:
    who = scenario.notes["personne"]
    ins = str(patients(scenario)[0]["ins"])
    name = who.birth_name
    wrong_key = f"{ins[:13]}{(int(ins[13:]) + 1) % 97:02d}"
    criteria = {
        "la date de naissance": {"date_naissance": who.birth_date},
        "la date et le début du nom": {"date_naissance": who.birth_date, "texte": name[:6]},
        "le nom en minuscules": {"texte": name.lower()},
        "le nom utilisé sans accent ni apostrophe": {"texte": "DELTE"},
        "le matricule et sa clé": {"ins": ins},
        "le matricule sans sa clé": {"ins": ins[:13]},
        "le matricule et une clé fausse": {"ins": wrong_key},
    }
    scenario.perform("patient.search", **criteria[how])


@then("le dossier est trouvé")
def file_found(scenario: Scenario) -> None:
    scenario.expect("patients-trouves", presents=[patients(scenario)[0]["id"]])


@then("le dossier d'une autre personne ne l'est pas")
def other_not_found(scenario: Scenario) -> None:
    scenario.expect("patients-trouves", absents=[patients(scenario)[1]["id"]])


@then("le logiciel refuse ce critère avant de chercher")
def criterion_refused(scenario: Scenario) -> None:
    scenario.expect("geste", action="patient.search", issue="refusé")


@given("son dossier, au nom utilisé D'ÉLTÉ")
def file_with_used_name(scenario: Scenario) -> None:
    create(scenario, nom_utilise="D'ÉLTÉ")


@given("le dossier d'une autre personne")
def file_of_other(scenario: Scenario) -> None:
    kept = scenario.notes["personne"]
    known_person(scenario, None)
    create(scenario)
    scenario.notes["personne"] = kept


@then("aucun appel n'est parvenu à INSi")
def nothing_asked(scenario: Scenario) -> None:
    scenario.expect("echange-absent", service="insi", operation=BY_TRAITS)


@when("le professionnel recherche l'INS de chaque dossier")
def search_each(scenario: Scenario) -> None:
    for one in patients(scenario):
        scenario.perform(
            SEARCH,
            patient=one["id"],
            voie="organisation",
            professionnel=scenario.notes["professionnel"],
        )


@then("le logiciel refuse la seconde INS ou alerte d'un doublon")
def duplicate_told(scenario: Scenario) -> None:
    scenario.expect("controle", regle="INS-S-09", action=SEARCH)
