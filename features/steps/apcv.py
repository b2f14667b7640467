"""Steps about the appli carte Vitale, and about services that take seconds to answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.people import make_known
from bench.phones import SIBLINGS, TOO_LONG, family, phone, show
from bench.session import Scenario
from features.steps.identite import patients
from features.steps.insi import create, current

READ, QUALIFY, CLOSE = "apcv.read", "apcv.qualify", "apcv.close"
AUTHENTICATE, DESTROY = "authentifierUtilisateurProximite", "detruireContexteApCV"
MEMBERS = {"le titulaire": 0, "le conjoint": 1, "l'enfant": 2}


CUT = 512
"""Where some scanners stop (sheet ``apcv`` §10, N03)."""


@given("l'appli carte Vitale d'une famille")
def present_family(scenario: Scenario) -> None:
    scenario.notes["appli"] = family(scenario)


@given("une appli carte Vitale de démonstration")
def demonstration(scenario: Scenario) -> None:
    scenario.notes["appli"] = phone(scenario, "D")


@given(parsers.re(r"l'appli carte Vitale d'une mère de (?P<which>" + "|".join(SIBLINGS) + r")"))
def present_siblings(scenario: Scenario, which: str) -> None:
    """Two children of hers, known to INSi, that the service gives beside her."""
    present_family(scenario)
    fault, first, children = SIBLINGS[which]
    mother = scenario.notes["appli"].holder
    for rank, child in children:
        make_known(scenario, child, insured=mother.matricule, rank=rank)
    scenario.notes["enfants"] = list(enumerate((child for _, child in children), start=first))
    scenario.spoil("apcv", AUTHENTICATE, fault=fault)


@given("l'appli carte Vitale d'une personne sans INS")
def present_without_ins(scenario: Scenario) -> None:
    present_family(scenario)
    scenario.spoil("apcv", AUTHENTICATE, fault="sans-ins")


@given("un dossier local qui contredit son titulaire")
def contradicting_record(scenario: Scenario) -> None:
    who = scenario.notes["appli"].holder
    scenario.notes["personne"] = replace(who, birth_name=f"{who.birth_name}AUTRE")
    create(scenario)


@when(
    parsers.re(r"le professionnel la lit par (?P<source>QR code|NFC)(?P<without>, sans carte CPS)?")
)
def read_it(scenario: Scenario, source: str, without: str | None) -> None:
    scenario.notes["voie"] = "psc" if without else "cps"
    code = show(scenario, scenario.notes["appli"])
    scenario.must(READ, **scanned(scenario, code, source.split(maxsplit=1)[0]))


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
    parsers.re(
        r"il retient (?P<who>" + "|".join(MEMBERS) + r") pour (?P<where>un nouveau|ce) dossier"
    )
)
def qualify(scenario: Scenario, who: str, where: str) -> None:
    rank = MEMBERS[who]
    held = patients(scenario)[-1]["id"] if where == "ce" else None
    answer = scenario.must(QUALIFY, **chosen(scenario, rank, held))
    person = scenario.notes["appli"].members[rank].patient
    patients(scenario).append({"id": answer["patient"]["id"], "ins": person.ins})


@when("il retient chacun des deux enfants pour un nouveau dossier")
def qualify_siblings(scenario: Scenario) -> None:
    for rank, child in scenario.notes["enfants"]:
        answer = scenario.must(QUALIFY, **chosen(scenario, rank, None))
        patients(scenario).append({"id": answer["patient"]["id"], "ins": child.ins})


@when("il tente de retenir le titulaire pour ce dossier")
def try_to_qualify(scenario: Scenario) -> None:
    mine = current(scenario)
    scenario.perform(QUALIFY, **chosen(scenario, 0, mine))
    scenario.must("patient.read", patient=mine)


@when("le logiciel redémarre")
def restart(scenario: Scenario) -> None:
    scenario.must("software.restart")


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


@then("chaque enfant a son INS, rendue par INSi")
def each_has_its_own(scenario: Scenario) -> None:
    for mine in patients(scenario):
        scenario.expect("etat-identite", patient=mine["id"], ins=mine["ins"])
    scenario.expect("controle", regle="AV-13", action=QUALIFY)


@then("le titulaire a l'INS rendue par INSi")
def holder_searched(scenario: Scenario) -> None:
    mine = patients(scenario)[-1]
    scenario.expect("etat-identite", patient=mine["id"], ins=mine["ins"])
    scenario.expect("appels-insi", action=QUALIFY, nombre=1)


@then("le dossier n'a rien pris de l'appli, et l'utilisateur en est averti")
def nothing_overwritten(scenario: Scenario) -> None:
    statuses = ["provisoire", "validée"]
    scenario.expect("etat-identite", patient=current(scenario), statuts=statuses, ins="")
    scenario.expect("controle", regle="AV-14", action=QUALIFY)


@then("le contexte a servi de nouveau, sans autre lecture")
def used_again(scenario: Scenario) -> None:
    scenario.expect("nombre-d-echanges", service="apcv", operation=AUTHENTICATE,
                    nombre=1, issue="accepté")  # fmt: skip


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


def scanned(scenario: Scenario, code: str, source: str = "QR") -> dict[str, Any]:
    """Parameters of a reading."""
    return {"donnees": code, "source": source, **_caller(scenario)}


def chosen(scenario: Scenario, rank: int, patient: str | None) -> dict[str, Any]:
    """Parameters of a qualification."""
    return {"patient": patient, "individu": rank, **_caller(scenario)}


def _caller(scenario: Scenario) -> dict[str, str]:
    """Who calls, and with what: a card unless the scenario says otherwise."""
    way = scenario.notes.get("voie", "cps")
    return {"professionnel": scenario.notes["professionnel"], "voie": way}


def try_to_read(scenario: Scenario, code: str) -> None:
    """A reading that may be refused."""
    scenario.perform(READ, **scanned(scenario, code))
