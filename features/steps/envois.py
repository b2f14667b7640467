"""Steps about documents that leave, or must not leave with an INS."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, then, when

from bench.session import Scenario
from features.steps.identite import add_patient, patients
from features.steps.insi import about, current
from features.steps.mom import VISIBLE

LETTER = "11488-4"
TEXT = "Patient vu ce jour en consultation. Examen clinique sans particularité."


@when("il tente d'envoyer un document de ce patient à un confrère par MSSanté")
def try_to_mail(scenario: Scenario) -> None:
    scenario.perform(
        "mss.send",
        documents=[written(scenario)],
        professionnel=scenario.notes["professionnel"],
        destinataires=[scenario.professional(1).mailbox],
        usager=False,
        fin_de_conversation=False,
        texte="Cher confrère, veuillez trouver le document joint.",
    )


@when("il tente de déposer un document de ce patient au DMP")
def try_to_deposit(scenario: Scenario) -> None:
    scenario.perform(
        "dmp.deposit",
        document=written(scenario),
        professionnel=scenario.notes["professionnel"],
        visibilite=VISIBLE,
    )


@when("il imprime un document de ce patient")
def print_document(scenario: Scenario) -> None:
    scenario.must("document.print", document=written(scenario))


@then("l'INS de la personne n'apparaît dans aucun message")
def ins_nowhere(scenario: Scenario) -> None:
    scenario.expect("ins-absente", ins=patients(scenario)[-1]["ins"])


@then("le courriel accepté porte l'INS du patient")
def ins_in_mail(scenario: Scenario) -> None:
    ins = patients(scenario)[-1]["ins"]
    scenario.expect("ins-transmise", service="mssante", operation="SMTP", ins=ins)


@then("le dépôt accepté par le DMP porte l'INS du patient")
def ins_in_deposit(scenario: Scenario) -> None:
    ins = patients(scenario)[-1]["ins"]
    scenario.expect("ins-transmise", service="dmp", operation="TD2.1", ins=ins)


@then("le DMP n'a reçu aucun dépôt")
def no_deposit(scenario: Scenario) -> None:
    scenario.expect("echange-absent", service="dmp", operation="TD2.1")


@then("la page imprimée porte les cinq données d'identité et la nature du matricule")
def five_data_printed(scenario: Scenario) -> None:
    who = printed_person(scenario)
    year, month, day = who.birth_date.split("-")
    scenario.expect(
        "imprime",
        patient=current(scenario),
        dit=[
            who.birth_name,
            who.first_given_name,
            f"{day}/{month}/{year}",
            who.ins,
            "NIR",
        ],
    )


@then("la page imprimée porte le lieu de naissance et la liste des prénoms")
def other_traits_printed(scenario: Scenario) -> None:
    who = printed_person(scenario)
    wanted = [who.birth_given_names, who.birth_place]
    scenario.expect("imprime", patient=current(scenario), dit=wanted)


@then("le datamatrix INS imprimé porte l'INS du patient")
def datamatrix_printed(scenario: Scenario) -> None:
    ins = printed_person(scenario).ins
    scenario.expect("imprime", patient=current(scenario), datamatrix=ins)


@then("la page imprimée ne porte ni matricule, ni OID, ni datamatrix")
def nothing_printed(scenario: Scenario) -> None:
    who = printed_person(scenario)
    hidden = [who.matricule, who.oid]
    scenario.expect("imprime", patient=current(scenario), tait=hidden, datamatrix="")


@then("la page imprimée porte les traits d'identité")
def traits_printed(scenario: Scenario) -> None:
    who = printed_person(scenario)
    wanted = [who.birth_name, who.first_given_name]
    scenario.expect("imprime", patient=current(scenario), dit=wanted)


@given("un patient du DMP, à l'identité qualifiée")
def qualified_with_record(scenario: Scenario) -> None:
    """A patient of the world, for whom the DMP is open."""
    add_patient(scenario, "qualifiée")


def printed_person(scenario: Scenario) -> Any:
    """The person of the current file, as the bench knows them."""
    return scenario.notes["personne"]


def written(scenario: Scenario) -> str:
    """Write a document for the current patient; its local id."""
    number = scenario.notes["numero"] = scenario.notes.get("numero", 0) + 1
    answer = scenario.must(
        "document.write",
        type=LETTER,
        titre=f"Compte rendu n° {number}",
        texte=TEXT,
        **about(scenario),
    )
    return str(answer["document"]["id"])
