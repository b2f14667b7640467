"""Steps about services that take seconds to answer, and a user who goes on working."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.people import invent, open_with_document, traits
from bench.session import GestureMissingError, Scenario
from features.steps.apcv import AUTHENTICATE
from features.steps.envois import LETTER, TEXT
from features.steps.identite import patients

SLOW = ("psc", "insi", "apcv", "prescription", "dmp", "mssante")
"""Every wire of the bench but the cards, which are no network."""
STEPS = [
    "psc token",
    f"apcv {AUTHENTICATE}",
    "lgc prescription.create",
    "prescription EP4",
    "dmp TD2.1",
    "mssante SMTP",
]
"""LGC.DMP/UX.10.01, steps 1 to 6; the QR code is read where the number is (step 4)."""
SPOKEN = {
    "l'appli carte Vitale": "apcv",
    "l'ordonnance numérique": "prescription",
    "DMP": "dmp",
    "MSSanté": "mssante",
}
PATIENCE = 120.0
"""Seconds: a product may feed the DMP in the background."""


@given("le dossier local de son titulaire, avec un compte rendu")
def local_record(scenario: Scenario) -> None:
    """Still provisoire, with a document that the DMP does not have."""
    who = scenario.notes["appli"].holder
    created = scenario.must("patient.create", traits=traits(who))
    patients(scenario).append({"id": created["patient"]["id"], "ins": who.ins})
    written = scenario.must("document.write", **_note(scenario, "Compte rendu de consultation"))
    scenario.notes["document"] = written["document"]["id"]


@given("son DMP, que rien n'interdit au professionnel, avec un autre document")
def open_record(scenario: Scenario) -> None:
    scenario.notes["au DMP"] = open_with_document(scenario, scenario.notes["appli"].holder)


@given(parsers.re(r"chaque service met (?P<seconds>\d+) secondes à répondre"))
def slow_everywhere(scenario: Scenario, seconds: str) -> None:
    scenario.notes["latence"] = int(seconds)
    for service in SLOW:
        scenario.spoil(service, fault="lent", times=None, delay=float(seconds))


@given("le professionnel continue de travailler pendant chaque geste")
def goes_on(scenario: Scenario) -> None:
    """In the same record, whose local document he consults, and in another one."""
    someone = invent(scenario)
    other = scenario.must("patient.create", traits=traits(someone))["patient"]["id"]
    mine = patients(scenario)[-1]["id"]
    scenario.others += [
        ("patient.read", {"patient": mine}),
        ("document.print", {"document": scenario.notes["document"]}),
        ("document.write", _note(scenario, "Note prise pendant l'attente")),
        ("patient.read", {"patient": other}),
        ("patient.search", {"texte": someone.birth_name}),
    ]


@when("le DMP a reçu l'ordonnance")
def received(scenario: Scenario) -> None:
    """Whether the product waits for it or not."""
    scenario.wait(lambda view: any(e.accepted for e in view.of("dmp", "TD2.1")), PATIENCE)
    scenario.expect("echange-vu", service="dmp", operation="TD2.1", issue="accepté")


@when("le professionnel cherche les documents du DMP")
def search_dmp(scenario: Scenario) -> None:
    who = scenario.notes["professionnel"]
    scenario.must("dmp.search", patient=patients(scenario)[-1]["id"], professionnel=who)


@then("ce document est dans la liste")
def document_listed(scenario: Scenario) -> None:
    scenario.expect("document-liste", identifiant=scenario.notes["au DMP"])


@then("les six étapes se sont suivies dans l'ordre")
def in_order(scenario: Scenario) -> None:
    scenario.expect("suite-des-services", suite=STEPS, secondes=scenario.notes["latence"])


@then(parsers.re(r"aucun geste n'a duré plus que ses appels à (?P<services>.+)"))
def never_longer(scenario: Scenario, services: str) -> None:
    called = [name for words, name in SPOKEN.items() if words in services]
    scenario.expect("temps-propre", secondes=scenario.notes["latence"], services=called)


@then("le logiciel est resté utilisable pendant chaque geste")
def never_frozen(scenario: Scenario) -> None:
    if not scenario.session.driver.concurrent:
        raise GestureMissingError("travailler dans d'autres dossiers pendant que les gestes durent")
    scenario.expect("reste-utilisable", secondes=scenario.notes["latence"])


def _note(scenario: Scenario, title: str) -> dict[str, Any]:
    return {
        "patient": patients(scenario)[-1]["id"],
        "professionnel": scenario.notes["professionnel"],
        "type": LETTER,
        "titre": title,
        "texte": TEXT,
    }
