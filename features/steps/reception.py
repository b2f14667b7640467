"""Steps about identities that come from outside, their verification, and the log of calls."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.letters import letter_about
from bench.people import invent, make_known
from bench.session import Scenario
from features.steps.identite import patients
from features.steps.insi import about, current, forget_person, search

RECEIVE, VERIFY, SCAN = "identity.receive", "identity.verify", "identity.scan_datamatrix"
SENDER = "service.medecine@hopital.banc.mssante.fr"


@given("INSi connaît maintenant cette personne sous une autre INS")
def other_ins(scenario: Scenario) -> None:
    who = scenario.notes["personne"]
    forget_person(scenario)
    make_known(
        scenario,
        invent(scenario),
        birth_name=who.birth_name,
        given_names=who.birth_given_names,
        sex=who.sex,
        birth_date=who.birth_date,
        birth_place=who.birth_place,
    )


@given("un contrat de confiance avec l'émetteur")
def trusted(scenario: Scenario) -> None:
    scenario.must("identity.trust_sender", emetteur=SENDER, present=True)


@when("le contrat de confiance prend fin")
def no_longer_trusted(scenario: Scenario) -> None:
    scenario.must("identity.trust_sender", emetteur=SENDER, present=False)


@when(parsers.re(r"(?:le logiciel|il) reçoit d'un tiers un document de cette personne"))
def receive(scenario: Scenario) -> None:
    receive_about(scenario, scenario.notes["personne"])


@when("le logiciel reçoit d'un tiers un document qui porte l'INS du dossier et d'autres traits")
def receive_other_traits(scenario: Scenario) -> None:
    receive_about(scenario, invent(scenario), ins=scenario.notes["personne"].ins)


@when(parsers.re(r"(?:le professionnel|il) scanne le datamatrix INS de cette personne"))
def scan(scenario: Scenario) -> None:
    scan_about(scenario, scenario.notes["personne"])


@when("le professionnel scanne un datamatrix qui porte l'INS du dossier et d'autres traits")
def scan_other_traits(scenario: Scenario) -> None:
    scan_about(scenario, invent(scenario), scenario.notes["personne"].ins)


@when(parsers.re(r"(?:le professionnel|il) vérifie l'INS du dossier"))
def verify(scenario: Scenario) -> None:
    scenario.must(VERIFY, **about(scenario))


@when("il lit la liste de travail")
def read_worklist(scenario: Scenario) -> None:
    scenario.must("worklist.read")


@when("il lit le journal INSi du dossier")
def read_log(scenario: Scenario) -> None:
    scenario.must("identity.log", patient=current(scenario))


@when("un second professionnel recherche l'INS du dossier avec sa carte CPS")
def other_professional(scenario: Scenario) -> None:
    scenario.notes["professionnel"] = scenario.professional(1).national_id
    search(scenario, voie="cps")


@then("la vérification a appelé INSi")
def verified_by_call(scenario: Scenario) -> None:
    scenario.expect("controle", regle="BANC-INS.01", action=RECEIVE)
    scenario.expect("reponse", action=RECEIVE, chemin="verification.appels", parmi=[1, 2, 3, 4])


@then("aucun appel n'est parvenu à INSi pendant la réception")
def received_silently(scenario: Scenario) -> None:
    scenario.expect("appels-insi", action=RECEIVE, nombre=0)


@then(parsers.re(r"la vérification est (?P<result>OK|KO|déjà connue|indisponible)"))
def verification_told(scenario: Scenario, result: str) -> None:
    action = scenario.notes.get("verification", VERIFY)
    scenario.expect("reponse", action=action, chemin="verification.resultat", parmi=[result])


@then(parsers.re(r"l'identité reçue est (?P<status>récupérée|qualifiée)"))
def received_status(scenario: Scenario, status: str) -> None:
    scenario.expect("reponse", action=RECEIVE, chemin="patient.statut", parmi=[status])


@then(parsers.re(r"le rapprochement est (?P<how>automatique|manuel|nouveau)"))
def matched(scenario: Scenario, how: str) -> None:
    action = scenario.notes.get("arrivee", RECEIVE)
    scenario.expect("reponse", action=action, chemin="rapprochement", parmi=[how])


@then("le dossier ouvert par le datamatrix est provisoire et sans INS")
def scanned_provisional(scenario: Scenario) -> None:
    scenario.expect("reponse", action=SCAN, chemin="patient.statut", parmi=["provisoire"])
    scenario.expect("reponse", action=SCAN, chemin="patient.ins", present=False)


@then("aucun dossier ne porte l'INS reçue")
def ins_held_by_nobody(scenario: Scenario) -> None:
    scenario.must("patient.search", ins=scenario.notes["personne"].ins)
    scenario.expect("patients-trouves", nombre=0)


@then(parsers.re(r"(?P<whose>ce patient|une tâche) est dans la liste de travail"))
def task_waits(scenario: Scenario, whose: str) -> None:
    mine = {"patient": current(scenario)} if whose == "ce patient" else {}
    scenario.expect("liste-de-travail", **mine)


@then("le journal du logiciel dit de chaque appel ce que le simulateur a vu")
def log_compared(scenario: Scenario) -> None:
    scenario.expect("controle", regle="INS-L-01", action="identity.log")


@then(parsers.re(r"le journal dit que l'appel n° (?P<rank>\d+) a eu le code (?P<code>\S+)"))
def code_logged(scenario: Scenario, rank: str, code: str) -> None:
    path = f"appels.{int(rank) - 1}.code"
    scenario.expect("reponse", action="identity.log", chemin=path, parmi=[code])


@then(parsers.re(r"le journal dit que l'appel n° (?P<rank>\d+) est passé par (?P<way>\w+)"))
def way_logged(scenario: Scenario, rank: str, way: str) -> None:
    path = f"appels.{int(rank) - 1}.voie"
    scenario.expect("reponse", action="identity.log", chemin=path, parmi=[way])


@then("le journal garde le matricule et l'historique rendus")
def content_logged(scenario: Scenario) -> None:
    scenario.expect("reponse", action="identity.log", chemin="appels.0.contenu", present=True)


@then("le journal garde les changements de statut du dossier")
def events_logged(scenario: Scenario) -> None:
    for field in ("le", "evenement", "apres"):
        path = f"evenements.1.{field}"
        scenario.expect("reponse", action="identity.log", chemin=path, present=True)


def receive_about(scenario: Scenario, who: Any, ins: str | None = None) -> None:
    """A CDA about somebody arrives; the file it is filed under becomes the current one."""
    number = scenario.rank * 10 + scenario.notes.setdefault("recus", 0)
    scenario.notes["recus"] += 1
    scenario.notes["verification"] = scenario.notes["arrivee"] = RECEIVE
    answer = scenario.must(
        RECEIVE,
        contenu=letter_about(who, number, ins=ins),
        emetteur=SENDER,
        professionnel=scenario.notes["professionnel"],
    )
    _filed(scenario, answer, who)


def scan_about(scenario: Scenario, who: Any, ins: str | None = None) -> None:
    """A datamatrix about somebody is scanned (sheet of the INS §4.1)."""
    year, month, day = who.birth_date.split("-")
    text = (
        f"IS01{'0' * 22}S1{ins or who.ins}S2{who.oid}\x1dS3{who.birth_given_names}\x1d"
        f"S4{who.birth_name}\x1dS5{who.sex}S6{day}-{month}-{year}S7{who.birth_place}"
    )
    scenario.notes["arrivee"] = SCAN
    answer = scenario.must(SCAN, texte=text, professionnel=scenario.notes["professionnel"])
    _filed(scenario, answer, who)


def _filed(scenario: Scenario, answer: Any, who: Any) -> None:
    if answer.get("patient"):
        patients(scenario).append({"id": answer["patient"]["id"], "ins": who.ins})
