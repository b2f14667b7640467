"""Steps of the mise en ordre de marche: deposits, sends, counters."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.session import Scenario
from features.steps.identite import patients

KINDS = ("11488-4", "CERT_DECL", "96349-6")
"""Compte rendu, certificat, lettre d'adressage: what a cabinet writes every day."""

VISIBLE = {"masque_ps": False, "invisible_patient": False, "invisible_representants": False}


@when(
    parsers.re(r"le professionnel dépose (?P<nombre>\d+) documents? au DMP"),
    converters={"nombre": int},
)
def deposit_many(scenario: Scenario, nombre: int) -> None:
    for rank in range(nombre):
        deposit(scenario, _written(scenario, rank))


@when(
    parsers.re(
        r"(?:le professionnel|il) envoie (?P<nombre>\d+) documents? à un confrère par MSSanté"
    ),
    converters={"nombre": int},
)
def send_many(scenario: Scenario, nombre: int) -> None:
    for rank in range(nombre):
        _send(scenario, _written(scenario, rank), [_colleague(scenario)])


@when("il envoie de nouveau ce document à un confrère par MSSanté")
def send_again(scenario: Scenario) -> None:
    _send(scenario, scenario.notes["document"], [_colleague(scenario)])


@when(parsers.re(r"le professionnel s'envoie 1 document à lui-même par MSSanté"))
def send_to_self(scenario: Scenario) -> None:
    _send(scenario, _written(scenario, 0), [scenario.professional().mailbox])


@when(
    parsers.re(
        r"(?:le professionnel|il) envoie 1 document à (?:un|ce) patient par la messagerie citoyenne"
    )
)
def send_to_patient(scenario: Scenario) -> None:
    scenario.must(
        "mss.send",
        documents=[_written(scenario, 0)],
        professionnel=scenario.notes["professionnel"],
        usager=True,
        fin_de_conversation=True,
        texte="Votre document est joint à ce message.",
    )


@when("le professionnel tente de déposer un document au DMP pour le premier patient")
def try_deposit(scenario: Scenario) -> None:
    document = _written(scenario, 0, patient=0)
    scenario.perform(
        "dmp.deposit",
        document=document,
        professionnel=scenario.notes["professionnel"],
        visibilite=VISIBLE,
    )


@when("il tente d'envoyer ce document à un confrère par MSSanté")
def try_send(scenario: Scenario) -> None:
    scenario.perform(
        "mss.send",
        documents=[scenario.notes["document"]],
        professionnel=scenario.notes["professionnel"],
        destinataires=[_colleague(scenario)],
        usager=False,
        fin_de_conversation=False,
        texte="Cher confrère, veuillez trouver le document joint.",
    )


@when("il tente d'envoyer ce document au premier patient par la messagerie citoyenne")
def try_send_to_patient(scenario: Scenario) -> None:
    scenario.perform(
        "mss.send",
        documents=[scenario.notes["document"]],
        professionnel=scenario.notes["professionnel"],
        usager=True,
        fin_de_conversation=True,
        texte="Votre document est joint à ce message.",
    )


@when("il dépose un document au DMP pour l'autre patient")
def deposit_for_other(scenario: Scenario) -> None:
    deposit(scenario, _written(scenario, 1, patient=1))


@when("le professionnel relance les envois en attente")
def flush(scenario: Scenario) -> None:
    scenario.must("outbox.flush")


@given("le DMP refusera le prochain dépôt")
def dmp_will_refuse(scenario: Scenario) -> None:
    scenario.spoil("dmp", "TD2.1", fault="XDSRepositoryBusy")


@then("le DMP a refusé un dépôt")
def dmp_refused(scenario: Scenario) -> None:
    scenario.expect("echange-vu", service="dmp", operation="TD2.1", issue="refusé")


@then(
    parsers.re(r"l'opérateur MSSanté a accepté (?P<nombre>\d+) messages?"),
    converters={"nombre": int},
)
def operator_accepted(scenario: Scenario, nombre: int) -> None:
    scenario.expect(
        "echange-vu", service="mssante", operation="SMTP", issue="accepté", minimum=nombre
    )


@then("l'adresse du destinataire est l'INS du patient")
def addressed_to_ins(scenario: Scenario) -> None:
    scenario.expect("destinataire", adresse=f"{patients(scenario)[0]['ins']}@patient.mssante.fr")


@then(parsers.re(r"(?P<n>\d+) dépôts? au DMP (?:est|sont) comptés?"), converters={"n": int})
def dmp_counted(scenario: Scenario, n: int) -> None:
    _counter(scenario, "dmp", n)


@then(parsers.re(r"(?P<n>\d+) envois? à un confrère (?:est|sont) comptés?"), converters={"n": int})
def pro_counted(scenario: Scenario, n: int) -> None:
    _counter(scenario, "mss_pro", n)


@then(parsers.re(r"(?P<n>\d+) envois? à un patient (?:est|sont) comptés?"), converters={"n": int})
def patient_counted(scenario: Scenario, n: int) -> None:
    _counter(scenario, "mss_citoyenne", n)


@then("la mise en ordre de marche est atteinte")
def reached(scenario: Scenario) -> None:
    _reached(scenario, True)


@then("la mise en ordre de marche n'est pas atteinte")
def not_reached(scenario: Scenario) -> None:
    _reached(scenario, False)


@then("aucun écart n'est relevé")
def no_finding(scenario: Scenario) -> None:
    scenario.expect("aucun-ecart")


def deposit(scenario: Scenario, document: str) -> dict[str, Any]:
    """Deposit a document, visible to all; the ``envoi`` the product announces."""
    answer = scenario.must(
        "dmp.deposit",
        document=document,
        professionnel=scenario.notes["professionnel"],
        visibilite=VISIBLE,
    )
    return dict(answer["envoi"])


def _send(scenario: Scenario, document: str, recipients: list[str]) -> None:
    scenario.must(
        "mss.send",
        documents=[document],
        professionnel=scenario.notes["professionnel"],
        destinataires=recipients,
        usager=False,
        fin_de_conversation=False,
        texte="Cher confrère, veuillez trouver le document joint.",
    )


def _written(scenario: Scenario, rank: int, *, patient: int | None = None) -> str:
    """Write a new document; its local id, also noted as the last document."""
    everyone = patients(scenario)
    chosen = everyone[patient if patient is not None else rank % len(everyone)]
    number = scenario.notes.get("numero", 0) + 1
    scenario.notes["numero"] = number
    answer = scenario.must(
        "document.write",
        patient=chosen["id"],
        professionnel=scenario.notes["professionnel"],
        type=KINDS[number % len(KINDS)],
        titre=f"Document n° {number} de la répétition",
        texte=(
            "Patient vu ce jour en consultation. Examen clinique sans particularité, "
            f"tension artérielle 12/7. Document n° {number} produit pour la répétition "
            "de la mise en ordre de marche."
        ),
    )
    scenario.notes["document"] = answer["document"]["id"]
    return str(scenario.notes["document"])


def _colleague(scenario: Scenario) -> str:
    return scenario.professional(1).mailbox


def _counter(scenario: Scenario, name: str, value: int) -> None:
    scenario.expect(
        "compteur-mom",
        professionnel=scenario.notes["professionnel"],
        compteur=name,
        valeur=value,
    )


def _reached(scenario: Scenario, wanted: bool) -> None:
    scenario.expect("mom-atteinte", professionnel=scenario.notes["professionnel"], atteinte=wanted)
