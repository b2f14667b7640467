"""What the « Alors » steps ask of a journal, as data that can be asked again.

A step states an expectation by name and parameters; it is evaluated at once and
written in the journal. ``segur-bench verdict`` evaluates it again, from the
journal alone, and must find the same.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rules.checks.ins_transmission import carries
from rules.checks.mom import THRESHOLDS, MomCount, count
from rules.context import Environment
from rules.exchange import Exchange, Outcome
from rules.judge import JournalView, judge_journal

COUNTERS: Mapping[str, str] = {
    "dmp": "dépôts DMP",
    "mss_pro": "envois MSSanté à un confrère",
    "mss_citoyenne": "envois à la messagerie citoyenne",
}


TOLERATED = "ecarts_attendus"
"""Parameter added to every expectation: the checks whose findings a tester announced."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Whether an expectation holds, why in French, and the exchanges that show it."""

    holds: bool
    reason: str
    exchanges: tuple[str, ...] = ()
    observed: bool = True
    """False when nothing on the wire allows a conclusion."""


Evaluate = Callable[[JournalView, Environment, Mapping[str, Any]], Observation]
_known: dict[str, Evaluate] = {}


def expectation(name: str) -> Callable[[Evaluate], Evaluate]:
    """Declare the evaluation of an expectation."""

    def register(function: Evaluate) -> Evaluate:
        _known[name] = function
        return function

    return register


def evaluate(
    name: str, view: JournalView, environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """Evaluate an expectation on a slice of journal; KeyError when it is unknown."""
    _load()
    return _known[name](view, environment, parameters)


@cache
def _load() -> None:
    """The expectations kept in other modules; they declare themselves here."""
    for name in ("identity", "insi", "prescription", "usability"):
        importlib.import_module(f"bench.{name}_expectations")


@expectation("compteur-mom")
def mom_counter(
    view: JournalView, environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``professionnel``, ``compteur`` (dmp, mss_pro, mss_citoyenne), ``valeur``."""
    counted = _count_of(view, environment, parameters["professionnel"])
    name, wanted = parameters["compteur"], int(parameters["valeur"])
    value = getattr(counted, name)
    reasons = "; ".join(f"{reason}" for _, reason in counted.refused)
    return Observation(
        holds=value == wanted,
        reason=f"{COUNTERS[name]} : {value} compté(s), {wanted} attendu(s)"
        + (f" ({reasons})" if reasons and value != wanted else ""),
        exchanges=counted.counted,
    )


@expectation("mom-atteinte")
def mom_reached(
    view: JournalView, environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``professionnel``, ``atteinte`` (boolean)."""
    counted = _count_of(view, environment, parameters["professionnel"])
    totals = ", ".join(
        f"{COUNTERS[name]} {getattr(counted, name)}/{floor}" for name, floor in THRESHOLDS.items()
    )
    word = "atteinte" if counted.complete else "non atteinte"
    return Observation(
        holds=counted.complete == bool(parameters["atteinte"]),
        reason=f"mise en ordre de marche {word} : {totals}",
        exchanges=counted.counted,
    )


@expectation("aucun-ecart")
def no_finding(
    view: JournalView, environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """No failing finding on any exchange of the scenario, but those announced."""
    known = parameters.get(TOLERATED, ())
    findings = judge_journal(view, environment).findings
    failing = [f for f in findings if f.fails and f.check_id not in known]
    if not failing:
        return Observation(True, "aucun écart relevé", observed=bool(view.exchanges))
    first = failing[0]
    return Observation(
        holds=False,
        reason=f"{len(failing)} écart(s), d'abord {first.check_id} "
        f"({', '.join(first.exigences) or 'règle du banc'}) : {first.advice}",
        exchanges=tuple(dict.fromkeys(f.exchange_id for f in failing if f.exchange_id)),
    )


@expectation("echange-vu")
def exchange_seen(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``service``, ``operation``, optional ``issue`` (outcome), ``patient``, ``minimum``."""
    found = _matching(view, parameters)
    least = int(parameters.get("minimum", 1))
    what = _named(parameters)
    return Observation(
        holds=len(found) >= least,
        reason=f"{what} : {len(found)} vu(s), au moins {least} attendu(s)",
        exchanges=tuple(e.id for e in found),
        observed=bool(found),
    )


@expectation("echange-absent")
def exchange_unseen(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """Same parameters as ``echange-vu``: nothing of the kind must have been seen.

    A proof that the channel is alive is the step's affair: an absence is only
    worth something if a stimulus was acknowledged.
    """
    found = _matching(view, parameters)
    stimulated = any(e.service == "lgc" for e in view.exchanges)
    return Observation(
        holds=not found,
        reason=f"{_named(parameters)} : {len(found)} vu(s), aucun attendu",
        exchanges=tuple(e.id for e in found),
        observed=stimulated,
    )


@expectation("geste")
def gesture_outcome(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``action`` and ``issue`` (``accepté``, ``refusé``): what the product answered last.

    ``issue`` may be a list of those admitted.
    """
    gestures = view.of("lgc", parameters["action"])
    if not gestures:
        return Observation(False, f"geste {parameters['action']} non joué", observed=False)
    last, wanted = gestures[-1], parameters["issue"]
    return Observation(
        holds=last.outcome.value in ([wanted] if isinstance(wanted, str) else wanted),
        reason=f"le logiciel a répondu « {last.outcome.value} » au geste {parameters['action']}",
        exchanges=(last.id,),
    )


def _count_of(view: JournalView, environment: Environment, professional: str) -> MomCount:
    return count(view, environment).get(professional, MomCount())


def _matching(view: JournalView, parameters: Mapping[str, Any]) -> list[Exchange]:
    outcome = parameters.get("issue")
    patient = parameters.get("patient")
    return [
        e
        for e in view.of(parameters["service"], parameters["operation"])
        if (outcome is None or e.outcome is Outcome(outcome))
        and (patient is None or e.correlation.patient == patient)
    ]


def _named(parameters: Mapping[str, Any]) -> str:
    words = [parameters["service"], parameters["operation"], parameters.get("issue", "")]
    return " ".join(word for word in words if word)


@expectation("ins-absente")
def ins_absent(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``ins`` (15 characters) stands in no message the product sent after INSi answered it."""
    wanted = str(parameters["ins"])
    sent = [e for e in view.exchanges if e.service not in ("lgc", "insi")]
    carrying = [e for e in sent if carries(e, wanted)]
    return Observation(
        holds=not carrying,
        reason=f"INS {wanted} : présente dans {len(carrying)} message(s) sur {len(sent)}",
        exchanges=tuple(e.id for e in carrying),
        observed=bool(sent),
    )


@expectation("destinataire")
def recipient(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``adresse`` is a recipient of an accepted mail."""
    wanted = str(parameters["adresse"]).lower()
    mails = [e for e in view.of("mssante", "SMTP") if e.accepted]
    to_it = [e for e in mails if any(wanted in r.lower() for r in e.request.all("RCPT TO"))]
    return Observation(
        holds=bool(to_it),
        reason=f"{len(to_it)} message(s) accepté(s) pour {wanted}",
        exchanges=tuple(e.id for e in to_it),
        observed=bool(mails),
    )
