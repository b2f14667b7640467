"""Steps about ordonnances numériques: written, validated, executed by a pharmacy, read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_bdd import given, parsers, then, when

from bench.session import ExpectationError, Scenario
from features.steps.identite import patients
from features.steps.lignes import KINDS, NAMED, PHARMACY, TYPES

CREATE, VALIDATE, PRINT = "prescription.create", "prescription.validate", "prescription.print"
CONSULT, CANCEL, RENEW = "prescription.consult", "prescription.cancel", "prescription.renew"
EVERYWHERE = ["appel", "page", "code 2D", "N3", "N1", "courriel"]

PAPER = ["appel", "page", "code 2D", "N1"]
WHO = r"(?:le professionnel|il) "


@when(parsers.re(WHO + r"prépare une ordonnance (?P<kind>" + "|".join(KINDS) + r")"))
def write(scenario: Scenario, kind: str) -> None:
    create(scenario, kind)


@when("il prépare une ordonnance simple valable un jour")
def write_for_a_day(scenario: Scenario) -> None:
    create(scenario, "simple", validite_jours=1)


@when("il prépare une ordonnance simple au nom du titulaire qu'il remplace")
def write_as_substitute(scenario: Scenario) -> None:
    scenario.notes["titulaire"] = scenario.professional(1)
    create(scenario, "simple", remplace=scenario.notes["titulaire"].national_id)


@when("il cherche un médicament par sa DCI et le prescrit")
def write_by_generic_name(scenario: Scenario) -> None:
    found = scenario.must("drug.search", texte="substance fictive deux")
    scenario.expect("reponse", action="drug.search", chemin="medicaments", present=True)
    create(scenario, "simple", cis=found["medicaments"][0]["cis"])


@given(
    parsers.re(
        r"une ordonnance (?P<kind>" + "|".join(KINDS) + r") "
        r"enregistrée (?P<consent>avec|sans) consentement"
    )
)
def recorded(scenario: Scenario, kind: str, consent: str) -> None:
    create(scenario, kind, consentement=consent == "avec")
    validate(scenario)
    is_recorded(scenario)


@when(parsers.re(WHO + r"valide l'ordonnance"))
def validate(scenario: Scenario) -> None:
    keep(scenario, scenario.must(VALIDATE, **about(scenario)))


@when(parsers.re(WHO + r"valide de nouveau l'ordonnance"))
def validate_again(scenario: Scenario) -> None:
    """Late sending is for its editor to offer."""
    result = scenario.perform(VALIDATE, **about(scenario))
    if result.answer.get("ordonnance"):
        keep(scenario, result.answer)


@when(parsers.re(WHO + r"imprime l'ordonnance(?P<consent>, (?:avec|sans) (?:le )?consentement)?"))
def print_it(scenario: Scenario, consent: str | None) -> None:
    agreed = "sans" not in (consent or "")
    scenario.must(PRINT, ordonnance=scenario.notes["ordonnance"]["id"], avec_consentement=agreed)


@when(parsers.re(WHO + r"envoie l'ordonnance à un confrère par MSSanté"))
def mail_it(scenario: Scenario) -> None:
    kept = scenario.notes["ordonnance"]["documents"]
    scenario.must(
        "mss.send",
        documents=[kept["n1"]],
        professionnel=scenario.notes["professionnel"],
        destinataires=[scenario.professional(1).mailbox],
        usager=False,
        fin_de_conversation=False,
        texte="Cher confrère, veuillez trouver l'ordonnance jointe.",
    )


@when(parsers.re(WHO + r"annule l'ordonnance"))
def cancel(scenario: Scenario) -> None:
    keep(scenario, scenario.must(CANCEL, **about(scenario)))


@when(parsers.re(WHO + r"tente d'annuler l'ordonnance"))
def try_to_cancel(scenario: Scenario) -> None:
    scenario.perform(CANCEL, **about(scenario))


@when(parsers.re(WHO + r"renouvelle l'ordonnance"))
def renew(scenario: Scenario) -> None:
    keep(scenario, scenario.must(RENEW, **about(scenario)))


@given("le téléservice d'ordonnance en panne")
def down(scenario: Scenario) -> None:
    scenario.spoil("prescription", fault="http-503", times=None)


@when("le téléservice d'ordonnance revient")
def up_again(scenario: Scenario) -> None:
    scenario.mend()


@given("le téléservice d'ordonnance qui perd sa prochaine réponse")
def answer_lost(scenario: Scenario) -> None:
    scenario.spoil("prescription", "EP4", fault="couper-apres-traitement")


@given("le téléservice d'ordonnance qui dira le prochain numéro déjà utilisé")
def number_taken(scenario: Scenario) -> None:
    scenario.spoil("prescription", "EP4", fault="numero-deja-utilise")


@then("l'ordonnance est enregistrée par le téléservice")
def is_recorded(scenario: Scenario) -> None:
    _state(scenario, VALIDATE, "enregistrée")
    scenario.expect("echange-vu", service="prescription", operation="EP4", issue="accepté")


@then("l'ordonnance est un brouillon sans numéro")
def is_draft(scenario: Scenario) -> None:
    _state(scenario, CREATE, "brouillon")
    scenario.expect("reponse", action=CREATE, chemin="ordonnance.numero", present=False)


@then("l'ordonnance est sans code et l'utilisateur en est averti")
def is_without_code(scenario: Scenario) -> None:
    _state(scenario, VALIDATE, "sans code")
    scenario.expect("reponse", action=VALIDATE, chemin="ordonnance.code_2d", present=False)
    scenario.expect("reponse", action=VALIDATE, chemin="ordonnance.alertes", present=True)


@then("l'ordonnance est annulée")
def is_cancelled(scenario: Scenario) -> None:
    _state(scenario, CANCEL, "annulée")


@then("l'ordonnance n'a pas été annulée")
def never_cancelled(scenario: Scenario) -> None:
    _cancellations(scenario, 0)


@then("le téléservice a accepté 1 annulation")
def one_cancelled(scenario: Scenario) -> None:
    _cancellations(scenario, 1)


@then("le logiciel refuse l'annulation")
def cancellation_refused(scenario: Scenario) -> None:
    scenario.expect("geste", action=CANCEL, issue="refusé")
    _cancellations(scenario, 0)


@then("aucune ordonnance n'est parvenue au téléservice")
def none_sent(scenario: Scenario) -> None:
    scenario.expect("echange-absent", service="prescription", operation="EP4")


@then(
    "son numéro est le même dans l'appel, sur la page, dans le Code 2D, au DMP et dans le courriel"
)
def same_everywhere(scenario: Scenario) -> None:
    scenario.expect("numero-partout", lieux=EVERYWHERE)


@then("la page et son Code 2D portent le numéro enregistré")
def printed_again(scenario: Scenario) -> None:
    scenario.expect("numero-partout", lieux=["appel", "page", "code 2D", "N3", "N1"])


@then("la page imprimée ne porte ni numéro ni Code 2D")
def nothing_printed(scenario: Scenario) -> None:
    scenario.expect("page-sans-code")


@then(
    parsers.re(
        r"le DMP a reçu (?P<n3>\d) documents? N3 et (?P<n1>\d) documents? N1, "
        r"(?P<how>avec|sans) le Code 2D"
    ),
    converters={"n3": int, "n1": int},
)
def deposited(scenario: Scenario, n3: int, n1: int, how: str) -> None:
    scenario.expect("documents-ordonnance", n3=n3, n1=n1, code_2d=how == "avec")


@then(
    parsers.re(r"(?P<n>\d) ordonnances? (?:a|ont) été créées? sous (?P<numbers>\d) numéros?"),
    converters={"n": int, "numbers": int},
)
def created(scenario: Scenario, n: int, numbers: int) -> None:
    scenario.expect("creations", enregistres=n, numeros=numbers)


@then("1 ordonnance a été créée, 2 numéros ayant été essayés")
def created_at_second_try(scenario: Scenario) -> None:
    scenario.expect("creations", enregistres=1, numeros=2)


@then("1 seule ordonnance existe, sous 1 seul numéro")
def never_twice(scenario: Scenario) -> None:
    _state(scenario, VALIDATE, "enregistrée")
    scenario.expect("creations", numeros=1, enregistres=1)


@then("les lignes sont transmises comme elles ont été prescrites")
def lines_sent(scenario: Scenario) -> None:
    scenario.expect("lignes-transmises")


@then(parsers.re(r"le numéro est le même dans l'appel, sur la page, dans le Code 2D et au DMP"))
def same_on_paper(scenario: Scenario) -> None:
    scenario.expect("numero-partout", lieux=PAPER)


@then("l'ordonnance et son Code 2D nomment le titulaire et son remplaçant")
def both_named(scenario: Scenario) -> None:
    owner = scenario.notes["titulaire"].rpps
    author = scenario.notes["professionnel"][1:]
    scenario.expect("prescripteurs", titulaire=owner, remplacant=author)


@then("l'ordonnance est enregistrée une seule fois, ou reste sans code")
def late_or_never(scenario: Scenario) -> None:
    """The policy of the editor is observed: both are allowed (EP-29b)."""
    scenario.expect("geste", action=VALIDATE, issue=["accepté", "refusé"])
    scenario.expect("creations", enregistres_au_plus=1)


def create(scenario: Scenario, kind: str, *, cis: str | None = None, **asked: Any) -> None:
    """Write a draft for the current patient; it becomes the current ordonnance.

    ``cis`` is the drug of its lines when the prescriber chose it.
    """
    lines = [{**line, "cis": cis} for line in KINDS[kind]] if cis else KINDS[kind]
    told: dict[str, Any] = {"consentement": True, **asked, "lignes": lines}
    if kind in TYPES:
        told["type"] = TYPES[kind]
    if kind in NAMED:
        told["executant_designe"] = PHARMACY
    if "ordonnance" in scenario.notes:
        scenario.notes.setdefault("première ordonnance", number(scenario))
    who = {
        "patient": patients(scenario)[-1]["id"],
        "professionnel": scenario.notes["professionnel"],
    }
    keep(scenario, scenario.must(CREATE, **who, **told))


def keep(scenario: Scenario, answer: Mapping[str, Any]) -> None:
    """Note the ordonnance that a gesture answered."""
    told = answer.get("ordonnance")
    if not isinstance(told, Mapping) or "id" not in told:
        raise ExpectationError("le geste ne rend pas d'ordonnance (docs/contracts.md)")
    scenario.notes["ordonnance"] = told


def about(scenario: Scenario) -> dict[str, Any]:
    """Parameters of a gesture on the current ordonnance."""
    return {
        "ordonnance": scenario.notes["ordonnance"]["id"],
        "professionnel": scenario.notes["professionnel"],
    }


def number(scenario: Scenario) -> str:
    """Number of the current ordonnance."""
    return str(scenario.notes["ordonnance"]["numero"])


def _state(scenario: Scenario, action: str, state: str) -> None:
    scenario.expect("reponse", action=action, chemin="ordonnance.etat", parmi=[state])


def _cancellations(scenario: Scenario, count: int) -> None:
    scenario.expect(
        "nombre-d-echanges",
        service="prescription",
        operation="EP4-annulation",
        nombre=count,
        issue="accepté",
    )
