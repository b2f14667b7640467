"""What the « Alors » steps ask of a product whose services are slow (LGC.DMP/UX.10, EP-32, AV-19).

The criterion of the exigence is that the product stays usable. Its bounds in seconds
are ours, hors spécification: each reason says what was measured and the bound.
Same contract as :mod:`bench.expectations`, which loads this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from bench.expectations import Observation, expectation
from rules.context import Environment
from rules.exchange import Exchange, Outcome
from rules.formats.gesture import Gesture
from rules.judge import JournalView

SLOW = "lent"
OWN_TIME = 5.0
"""Seconds that a gesture may take beside its calls."""
ANSWER = 2.0
"""Seconds within which another gesture answers: less than the latency of a single call."""
_VALIDATE = "prescription.validate"

Interval = tuple[datetime, datetime]


@expectation("suite-des-services")
def order_of_services(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``suite``: ``service operation`` names, each first accepted after the one before.

    ``secondes``: the latency injected, 0 unless given. The answer of the
    ordonnance numérique must have come before what follows is sent: its Code 2D is
    worth nothing until then (EP-29b). Others may still be under way.
    """
    latency = float(parameters.get("secondes", 0))
    firsts: list[tuple[str, Exchange | None]] = []
    for name in parameters["suite"]:
        service, _, operation = str(name).partition(" ")
        firsts.append(
            (str(name), next((e for e in view.of(service, operation) if e.accepted), None))
        )
    made = [first for _, first in firsts if first is not None]
    flaws = [f"{name} jamais accepté" for name, first in firsts if first is None]
    flaws += _disorders(made, latency)
    told = ", ".join(f"{e.service} {e.operation}" for e in sorted(made, key=_start))
    return Observation(
        not flaws,
        f"suite observée : {told}" + (f" ; {' ; '.join(flaws)}" if flaws else ""),
        tuple(each.id for each in made),
        observed=bool(made),
    )


def _disorders(made: list[Exchange], latency: float) -> Iterator[str]:
    for before, after in pairwise(made):
        names = f"{after.service} {after.operation} avant {before.service} {before.operation}"
        if after.started_at < before.started_at:
            yield names
        elif before.service == "prescription" and after.started_at < _span(before, latency)[1]:
            yield f"{names} répondu"


@expectation("temps-propre")
def own_time(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``secondes`` of latency, ``services``: a gesture takes no longer than its calls, and a bound.

    Each of the services was called with the latency, and no call was given up.
    """
    latency, wanted = float(parameters["secondes"]), [str(n) for n in parameters["services"]]
    calls = [e for e in view.exchanges if e.service in wanted and e.fault == SLOW]
    flaws = [f"{name} jamais appelé avec la latence" for name in wanted
             if name not in {call.service for call in calls}]  # fmt: skip
    flaws += [f"{call.service} {call.operation} abandonné par le logiciel"
              for call in calls if call.outcome is Outcome.UNANSWERED]  # fmt: skip
    told: list[str] = []
    for gesture in _lasting(view, latency):
        spans = [(call.service, _within(_span(call, latency), gesture)) for call in calls]
        own = _seconds(gesture) - _covered(span for _, span in spans if span)
        told.append(_measured(gesture, spans, own))
        if own > OWN_TIME:
            flaws.append(f"{gesture.operation} : {own:.1f} s sans appel en cours")
    measures = " ; ".join(told) or "aucun geste n'a attendu"
    return Observation(
        not flaws,
        f"{' ; '.join([*flaws, measures])} (borne du banc, hors spécification : {OWN_TIME:g} s "
        "en plus des appels)",
        tuple(e.id for e in view.of("lgc")),
        observed=bool(calls),
    )


def _measured(gesture: Exchange, spans: Iterable[tuple[str, Interval | None]], own: float) -> str:
    """How long, what for; a gesture that waits for the DMP is told, it is no fault."""
    waited: dict[str, list[Interval]] = {}
    for service, span in spans:
        if span is not None:
            waited.setdefault(service, []).append(span)
    parts = [f"{name} {_covered(held):.1f} s" for name, held in waited.items()]
    text = f"{gesture.operation} {_seconds(gesture):.1f} s, dont {', '.join(parts) or 'rien'}"
    waits = gesture.operation == _VALIDATE and "dmp" in waited
    return f"{text} et {own:.1f} s au logiciel" + (", ce geste attend le DMP" if waits else "")


@expectation("reste-utilisable")
def still_usable(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``secondes`` of latency: the gestures played while one lasted were answered at once.

    One that the product does not offer at that moment (501) says nothing.
    """
    latency = float(parameters["secondes"])
    flaws: list[str] = []
    times: list[float] = []
    lasting = list(_lasting(view, latency))
    for gesture in lasting:
        others = [e for e in _meanwhile(view, gesture) if e.outcome is not Outcome.UNANSWERED]
        if not others:
            flaws.append(f"{gesture.operation} : aucun autre geste n'a pu être joué")
        for other in others:
            times.append(_seconds(other))
            if not other.accepted:
                flaws.append(f"{other.operation} {other.outcome.value} pendant {gesture.operation}")
            elif times[-1] > ANSWER:
                during = f"{times[-1]:.1f} s pendant {gesture.operation}"
                flaws.append(f"{other.operation} a répondu en {during}")
    measured = (
        f"{len(times)} autres gestes joués pendant {len(lasting)} gestes lents : "
        f"{median(times):.2f} s (médiane), {max(times):.2f} s au plus"
        if times
        else "rien n'a été joué pendant un geste lent"
    )
    return Observation(
        not flaws,
        f"{' ; '.join([*flaws[:3], measured])} (borne du banc, hors spécification : {ANSWER:g} s)",
        tuple(e.id for e in lasting),
        observed=bool(times),
    )


@expectation("document-liste")
def document_listed(
    view: JournalView, _environment: Environment, parameters: Mapping[str, Any]
) -> Observation:
    """``identifiant``: uniqueId of a document that the last ``dmp.search`` lists."""
    played = list(view.of("lgc", "dmp.search"))
    if not played:
        return Observation(False, "geste dmp.search non joué", observed=False)
    gesture = view.reading(played[-1]).first(Gesture)
    listed = gesture.entries("documents") if gesture else ()
    held = [each.get("identifiant_unique") for each in listed]
    reason = f"{len(held)} document(s) listé(s), {parameters['identifiant']} attendu"
    return Observation(parameters["identifiant"] in held, reason, (played[-1].id,))


def _lasting(view: JournalView, latency: float) -> Iterator[Exchange]:
    """Gestures of the scenario that lasted at least one call; not those played meanwhile."""
    gestures = view.of("lgc")
    apart = played_meanwhile(gestures)
    return (e for e in gestures if e.id not in apart and _seconds(e) >= latency)


def played_meanwhile(exchanges: Iterable[Exchange]) -> frozenset[str]:
    """The gestures begun while another one lasted, by id; as many as its length allowed."""
    found: set[str] = set()
    lasting: Exchange | None = None
    for each in exchanges:
        if each.service != "lgc":
            continue
        if lasting is not None and each.started_at < _end(lasting):
            found.add(each.id)
        else:
            lasting = each
    return frozenset(found)


def _meanwhile(view: JournalView, lasting: Exchange) -> list[Exchange]:
    """Gestures begun while another lasted; they come after it in the journal."""
    end = _end(lasting)
    return [
        e
        for e in view.of("lgc")
        if e.position > lasting.position and lasting.started_at <= e.started_at < end
    ]


def _span(call: Exchange, latency: float) -> Interval:
    """From the request to the answer, which leaves after the latency."""
    delay = timedelta(seconds=latency if call.fault == SLOW else 0)
    return call.started_at, _end(call) + delay


def _within(span: Interval, gesture: Exchange) -> Interval | None:
    start, end = max(span[0], gesture.started_at), min(span[1], _end(gesture))
    return (start, end) if start < end else None


def _covered(spans: Iterable[Interval]) -> float:
    """Seconds during which at least one was under way."""
    total, last = 0.0, None
    for start, end in sorted(spans):
        begun = start if last is None else max(start, last)
        total += max(0.0, (end - begun).total_seconds())
        last = end if last is None else max(last, end)
    return total


def _start(exchange: Exchange) -> datetime:
    return exchange.started_at


def _end(exchange: Exchange) -> datetime:
    return exchange.answered_at or exchange.started_at


def _seconds(exchange: Exchange) -> float:
    return (_end(exchange) - exchange.started_at).total_seconds()
