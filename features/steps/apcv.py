"""Steps about the appli carte Vitale, and about services that take seconds to answer."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.phones import TOO_LONG, phone, show
from bench.session import Scenario
from features.steps.identite import patients

READ, QUALIFY, CLOSE = "apcv.read", "apcv.qualify", "apcv.close"
AUTHENTICATE, DESTROY = "authentifierUtilisateurProximite", "detruireContexteApCV"
CUT = 512
"""Where some scanners stop (sheet ``apcv`` §10, N03)."""
SLOW = ("psc", "insi", "apcv", "prescription", "dmp", "mssante")


@given("l'appli carte Vitale d'une famille")
def family(scenario: Scenario) -> None:
    scenario.notes["appli"] = phone(scenario, "T")


@given("une appli carte Vitale de démonstration")
def demonstration(scenario: Scenario) -> None:
    scenario.notes["appli"] = phone(scenario, "D")


@given(parsers.re(r"chaque service met (?P<seconds>\d+) secondes à répondre"))
def slow_everywhere(scenario: Scenario, seconds: str) -> None:
    for service in SLOW:
        scenario.spoil(service, fault="lent", times=None, delay=float(seconds))


@when(parsers.re(r"le professionnel la lit par (?P<source>QR code|NFC)"))
def read_it(scenario: Scenario, source: str) -> None:
    scenario.must(
        READ,
        **scanned(scenario, show(scenario, scenario.notes["appli"]), source.split(maxsplit=1)[0]),
    )


@when("le professionnel tente de lire un QR code périmé")
def read_outdated(scenario: Scenario) -> None:
    try_to_read(scenario, show(scenario, scenario.notes["appli"], TOO_LONG))


@when("le professionnel tente de lire un QR code déjà lu par un autre")
def read_again(scenario: Scenario) -> None:
    code = show(scenario, scenario.notes["appli"])
    other = scenario.professional(1).national_id
    scenario.must("session.open", professionnel=other)
    scenario.must(READ, **{**scanned(scenario, code), "professionnel": other})
    scenario.must(CLOSE, professionnel=other)
    try_to_read(scenario, code)


@when("le professionnel tente de lire un QR code tronqué")
def read_cut(scenario: Scenario) -> None:
    try_to_read(scenario, show(scenario, scenario.notes["appli"])[:CUT])


@when(
    parsers.re(r"il retient (?P<who>le titulaire|le premier ayant droit) pour un nouveau dossier")
)
def qualify(scenario: Scenario, who: str) -> None:
    rank = 0 if who == "le titulaire" else 1
    answer = scenario.must(
        QUALIFY,
        patient=None,
        individu=rank,
        professionnel=scenario.notes["professionnel"],
    )
    person = scenario.notes["appli"].members[rank].patient
    patients(scenario).append({"id": answer["patient"]["id"], "ins": person.ins})


@when("il ferme l'appli carte Vitale")
def close(scenario: Scenario) -> None:
    scenario.must(CLOSE, professionnel=scenario.notes["professionnel"])


@then("l'identité du titulaire est qualifiée par l'appli carte Vitale")
def holder_qualified(scenario: Scenario) -> None:
    mine = patients(scenario)[-1]
    scenario.expect("etat-identite", patient=mine["id"], statuts=["qualifiée"], ins=mine["ins"])
    scenario.expect("reponse", action=QUALIFY, chemin="patient.canal", parmi=["AV"])


@then("aucun appel n'est parvenu à INSi pendant ce geste")
def insi_silent(scenario: Scenario) -> None:
    scenario.expect("appels-insi", action=QUALIFY, nombre=0)


@then("l'INS de l'ayant droit vient d'INSi, et n'est pas celle du titulaire")
def dependent_searched(scenario: Scenario) -> None:
    mine = patients(scenario)[-1]
    scenario.expect("etat-identite", patient=mine["id"], ins=mine["ins"])
    scenario.expect("controle", regle="AV-13", action=QUALIFY)
    scenario.expect("appels-insi", action=QUALIFY, nombre=1)


@then("le logiciel refuse la lecture")
def reading_refused(scenario: Scenario) -> None:
    # A service that refuses may be told as a failure of the product, or as its own refusal.
    scenario.expect("geste", action=READ, issue=["refusé", "en échec"])
    scenario.expect("reponse", action=READ, chemin="erreur.message", present=True)


@then("le téléservice a refusé d'ouvrir un contexte")
def opening_refused(scenario: Scenario) -> None:
    scenario.expect("echange-vu", service="apcv", operation=AUTHENTICATE, issue="refusé")


@then(parsers.re(r"le logiciel dit que l'appli est de type (?P<kind>[TDR])"))
def kind_told(scenario: Scenario, kind: str) -> None:
    scenario.expect("reponse", action=READ, chemin="apcv.type", parmi=[kind])


@then("le téléservice a détruit ce contexte")
def destroyed(scenario: Scenario) -> None:
    scenario.expect("controle", regle="AV-09", action=CLOSE)
    scenario.expect("echange-vu", service="apcv", operation=DESTROY, issue="accepté")


@then(parsers.re(r"les services ont été appelés dans l'ordre : (?P<calls>.+)"))
def in_order(scenario: Scenario, calls: str) -> None:
    scenario.expect("suite-des-services", suite=calls.split(", "))


@then(
    parsers.re(
        r"aucun geste n'a duré plus que la latence de (?P<seconds>\d+) secondes de ses appels"
    )
)
def never_frozen(scenario: Scenario, seconds: str) -> None:
    called = ["apcv", "prescription", "dmp", "mssante"]
    scenario.expect("sans-gel", secondes=int(seconds), services=called)


def scanned(scenario: Scenario, code: str, source: str = "QR") -> dict[str, Any]:
    """Parameters of a reading."""
    who = scenario.notes["professionnel"]
    return {"donnees": code, "source": source, "professionnel": who}


def try_to_read(scenario: Scenario, code: str) -> None:
    """A reading that may be refused."""
    scenario.perform(READ, **scanned(scenario, code))
