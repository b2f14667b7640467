"""Steps about ordonnances numériques: written, validated, executed by a pharmacy, read back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pytest_bdd import given, parsers, then, when

from bench.people import set_state
from bench.session import Scenario
from features.steps.identite import patients

CREATE, VALIDATE, PRINT = "prescription.create", "prescription.validate", "prescription.print"
CONSULT, CANCEL, RENEW = "prescription.consult", "prescription.cancel", "prescription.renew"
SEARCH = "prescription.search"
EVERYWHERE = ["appel", "page", "code 2D", "N3", "N1", "courriel"]

_EVENING = {
    "eprescType": "medicament",
    "cis": "60000002",
    "posologieTexte": "1 comprimé le soir",
    "dureeJours": 30,
    "quantite": {"valeur": 2},
}
_MORNING = {
    **_EVENING,
    "cis": "60000001",
    "posologieTexte": "1 comprimé le matin",
    "quantite": {"valeur": 1},
}
_BED = {
    "eprescType": "dispositifMedical",
    "lpp": "1215702",
    "emdn": "V0806",
    "libelle": "Lit médical",
    "quantite": 1,
    "dureeJours": 60,
}
_BLOOD = {"eprescType": "acteBiologieMedicale", "libelle": "Hémogramme, glycémie à jeun"}
KINDS: dict[str, list[dict[str, Any]]] = {
    "simple": [_EVENING],
    "bizone": [{**_MORNING, "ald": True}, _EVENING],
    "mixte": [_EVENING, _BED],
    "de biologie": [_BLOOD],
    "de deux médicaments": [_EVENING, _MORNING],
    "renouvelable une fois": [{**_EVENING, "renouvellements": 1}],
}
"""Lines of an ordonnance by the words of a step; drugs are those of the base of the bench."""
RECIPES = {
    "délivre": "tout",
    "délivre en partie": "partiel",
    "modifie": "modifie",
    "remplace": "remplace",
    "supprime": "supprime",
}
_WHO = r"(?:le professionnel|il) "


@when(parsers.re(_WHO + r"prépare une ordonnance (?P<kind>" + "|".join(KINDS) + r")"))
def write(scenario: Scenario, kind: str) -> None:
    create(scenario, kind, consent=True)


@given(
    parsers.re(
        r"une ordonnance (?P<kind>" + "|".join(KINDS) + r") "
        r"enregistrée (?P<consent>avec|sans) consentement"
    )
)
def recorded(scenario: Scenario, kind: str, consent: str) -> None:
    create(scenario, kind, consent=consent == "avec")
    validate(scenario)
    is_recorded(scenario)


@when(parsers.re(_WHO + r"valide l'ordonnance"))
def validate(scenario: Scenario) -> None:
    keep(scenario, scenario.must(VALIDATE, **about(scenario)))


@when(parsers.re(_WHO + r"imprime l'ordonnance"))
def print_it(scenario: Scenario) -> None:
    scenario.must(PRINT, ordonnance=scenario.notes["ordonnance"]["id"], avec_consentement=True)


@when(parsers.re(_WHO + r"envoie l'ordonnance à un confrère par MSSanté"))
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


@when(parsers.re(_WHO + r"annule l'ordonnance"))
def cancel(scenario: Scenario) -> None:
    keep(scenario, scenario.must(CANCEL, **about(scenario)))


@when(parsers.re(_WHO + r"tente d'annuler l'ordonnance"))
def try_to_cancel(scenario: Scenario) -> None:
    scenario.perform(CANCEL, **about(scenario))


@when(parsers.re(_WHO + r"renouvelle l'ordonnance"))
def renew(scenario: Scenario) -> None:
    keep(scenario, scenario.must(RENEW, **about(scenario)))


@when(parsers.re(_WHO + r"consulte l'ordonnance"))
def consult(scenario: Scenario) -> None:
    scenario.must(CONSULT, numero=number(scenario), professionnel=scenario.notes["professionnel"])


@when(parsers.re(_WHO + r"recherche ses ordonnances du jour hors d'un dossier"))
def search_today(scenario: Scenario) -> None:
    today = f"{datetime.now(UTC).astimezone(ZoneInfo('Europe/Paris')):%Y-%m-%d}"
    who = scenario.notes["professionnel"]
    scenario.must(SEARCH, professionnel=who, patient=None, debut=today, fin=today)


@when(
    parsers.re(
        r"(?P<which>la|l'autre) pharmacie (?P<done>" + "|".join(RECIPES) + ") "
        r"les lignes de l'ordonnance"
    )
)
def execute(scenario: Scenario, which: str, done: str) -> None:
    order = {"recette": RECIPES[done], "pharmacie": 0 if which == "la" else 1}
    set_state(scenario, "prescription", {"pharmacie": {"numero": number(scenario), **order}})


@when("le patient s'oppose auprès du téléservice")
def oppose(scenario: Scenario) -> None:
    set_state(scenario, "prescription", {"consentements": {number(scenario): False}})


@given("le téléservice d'ordonnance en panne")
def down(scenario: Scenario) -> None:
    scenario.spoil("prescription", fault="http-503", times=None)


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


@then(parsers.re(r"le logiciel montre les exécutions : (?P<statuses>.+)"))
def executions_shown(scenario: Scenario, statuses: str) -> None:
    scenario.expect("executions-montrees", statuts=statuses.split(", "))


@then(parsers.re(r"le logiciel (?:ne montre aucune exécution|montre l'ordonnance sans exécution)"))
def no_execution(scenario: Scenario) -> None:
    scenario.expect("executions-montrees", statuts=[])
    scenario.expect("reponse", action=CONSULT, chemin="ordonnance.numero", parmi=[number(scenario)])


@then("la pharmacie ne peut plus rien délivrer")
def nothing_left(scenario: Scenario) -> None:
    try:
        execute(scenario, "la", "délivre")
    except ValueError:
        scenario.expect("nombre-d-echanges", service="prescription", operation="EP1",
                        nombre=2, issue="accepté")  # fmt: skip
        return
    raise AssertionError("la pharmacie a délivré au-delà des renouvellements")


@then("l'ordonnance est trouvée")
def found(scenario: Scenario) -> None:
    scenario.expect("ordonnance-trouvee", numero=number(scenario))


def create(scenario: Scenario, kind: str, *, consent: bool) -> None:
    """Write a draft for the current patient; it becomes the current ordonnance."""
    told = {"type": "BIOLOGIE"} if kind == "de biologie" else {}
    keep(
        scenario,
        scenario.must(
            CREATE,
            patient=patients(scenario)[-1]["id"],
            professionnel=scenario.notes["professionnel"],
            consentement=consent,
            lignes=KINDS[kind],
            **told,
        ),
    )


def keep(scenario: Scenario, answer: Any) -> None:
    """Note the ordonnance that a gesture answered."""
    scenario.notes["ordonnance"] = answer["ordonnance"]


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
