"""What the « Alors » steps of the CNDA cases ask of INSi's wire: order of calls, traits as sent.

Same contract as :mod:`bench.expectations`, which loads this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.expectations import Observation, expectation
from rules.checks.insi_sequences import Step, steps
from rules.context import Context, Environment
from rules.formats.insi import InsiRequest
from rules.identities import Act, acts
from rules.judge import JournalView, judge_artefact

SEARCH = "identity.search_insi"


@expectation("suite-insi")
def sequence_of_calls(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``appels``: ``[prénoms, code]`` of each search on traits of the last search, in order."""
    last = _last(view, parameters)
    if last is None:
        return Observation(False, "aucune recherche jouée", observed=False)
    made = steps(view, last)
    found = [[step.search.joined_given_names, step.code] for step in made]
    wanted = [list(each) for each in parameters["appels"]]
    return Observation(
        found == wanted,
        f"appels à INSi : {_told(found)} ; attendus : {_told(wanted)}",
        _ids(made) or (last.exchange.id,),
    )


@expectation("traits-transmis")
def traits_sent(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``nom``, ``prenoms``: what the first call of the last search sent, to the character."""
    last = _last(view, parameters)
    made = steps(view, last) if last else ()
    if not made:
        return Observation(False, "aucun appel à INSi", observed=False)
    search = made[0].search
    found = (search.birth_name, search.joined_given_names)
    wanted = (parameters["nom"], parameters["prenoms"])
    return Observation(
        found == wanted,
        f"envoyé : {found[0]}, {found[1]} ; attendu : {wanted[0]}, {wanted[1]}",
        _ids(made[:1]),
    )


@expectation("demandes-admises")
def requests_admitted(
    view: JournalView, environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``regle``: a check that finds nothing in any request; none sent is as good.

    The product must have been asked something: a silence proves nothing by itself.
    """
    played = [e for e in view.exchanges if e.service == "lgc"]
    wrong: list[str] = []
    for exchange in view.of("insi"):
        for request in view.reading(exchange).every(InsiRequest):
            found = judge_artefact(request, Context(environment=environment)).findings
            if any(f.check_id == parameters["regle"] for f in found):
                wrong.append(exchange.id)
    return Observation(
        not wrong,
        f"{len(wrong)} demande(s) à INSi en écart avec {parameters['regle']}",
        tuple(wrong) or tuple(e.id for e in played[-1:]),
        observed=bool(played),
    )


@expectation("historique")
def history_kept(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``patient`` and ``matricules``: 15 characters of each entry, in any order."""
    told = [
        act
        for act in view.derived(acts)
        if act.after is not None and act.patient == parameters["patient"]
    ]
    after = told[-1].after if told else None
    if after is None:
        return Observation(False, "identité jamais annoncée par le logiciel", observed=False)
    found = sorted(f"{past.number}{past.key or ''}" for past in after.history)
    wanted = sorted(parameters["matricules"])
    return Observation(
        found == wanted,
        f"historique : {', '.join(found) or 'vide'} ; attendu : {', '.join(wanted) or 'vide'}",
        (told[-1].exchange.id,),
    )


def _last(view: JournalView, parameters: Mapping[str, Any]) -> Act | None:
    action = parameters.get("action", SEARCH)
    played = [act for act in view.derived(acts) if act.gesture.name == action]
    return played[-1] if played else None


def _ids(made: tuple[Step, ...]) -> tuple[str, ...]:
    return tuple(step.exchange.id for step in made)


def _told(calls: list[list[str]]) -> str:
    return ", ".join(_pairs(calls)) or "aucun"


def _pairs(calls: list[list[str]]) -> Iterator[str]:
    for names, code in calls:
        yield f"{names} ({code or 'erreur'})"
