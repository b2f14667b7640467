"""Running the checks: on an artefact, on an exchange, on a whole journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from rules.artefact import Artefact, MalformedError, parser_of
from rules.checking import Check, all_checks, checks_for
from rules.context import Context, Environment, Identity, envelope_of
from rules.exchange import Exchange, of
from rules.findings import Finding

A = TypeVar("A", bound=Artefact)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Judgement:
    """Findings, and which checks were evaluated or could not be."""

    findings: tuple[Finding, ...] = ()
    evaluated: frozenset[str] = frozenset()
    skipped: frozenset[tuple[str, tuple[str, ...]]] = frozenset()
    """Check ids that lacked something, with what they lacked."""

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(
            self.findings + other.findings,
            self.evaluated | other.evaluated,
            self.skipped | other.skipped,
        )

    @property
    def fails(self) -> bool:
        """True when a finding makes what was judged non conforme."""
        return any(finding.fails for finding in self.findings)


@dataclass(frozen=True)
class Reading:
    """An exchange with its artefacts, or with the finding that forbade them."""

    exchange: Exchange
    artefacts: tuple[Artefact, ...] = ()
    problems: tuple[Finding, ...] = ()

    def first(self, kind: type[A]) -> A | None:
        """First artefact of a class, at any depth."""
        return next(self.every(kind), None)

    def every(self, kind: type[A]) -> Iterator[A]:
        """Artefacts of a class, at any depth, in reading order."""
        for artefact in self.artefacts:
            yield from _every(artefact, kind)


def _every(artefact: Artefact, kind: type[A]) -> Iterator[A]:
    if isinstance(artefact, kind):
        yield artefact
    for part in artefact.parts():
        yield from _every(part, kind)


def read(exchange: Exchange) -> Reading:
    """Parse one exchange with the parser of its service.

    A message that cannot be parsed gives a Reading with one problem and no
    artefact; a service without parser gives an empty Reading.
    """
    all_checks()
    parser = parser_of(exchange.service)
    if parser is None:
        return Reading(exchange)
    try:
        return Reading(exchange, tuple(parser(exchange)))
    except MalformedError as error:
        return Reading(exchange, problems=(replace(error.finding, exchange_id=exchange.id),))


@dataclass(frozen=True)
class JournalView:
    """The exchanges of a campaign in order, each read once; journal checks' subject.

    ``identities`` follows the driver gestures: see :mod:`rules.identities`.
    """

    exchanges: tuple[Exchange, ...]
    _readings: dict[str, Reading] = field(default_factory=dict, repr=False, compare=False)
    _derived: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    def reading(self, exchange: Exchange) -> Reading:
        """The artefacts of an exchange, parsed at the first demand."""
        if exchange.id not in self._readings:
            self._readings[exchange.id] = read(exchange)
        return self._readings[exchange.id]

    def of(self, service: str, *operations: str) -> tuple[Exchange, ...]:
        """Exchanges of a service, restricted to the given operations if any."""
        return of(self.exchanges, service, *operations)

    def artefacts(self, kind: type[A], *services: str) -> Iterator[tuple[Exchange, A]]:
        """Every artefact of a class with the exchange that carried it."""
        for exchange in self.exchanges:
            if not services or exchange.service in services:
                for artefact in self.reading(exchange).every(kind):
                    yield exchange, artefact

    def derived(self, build: Callable[[JournalView], T]) -> T:
        """What a function makes of this whole journal, built at the first demand."""
        if build not in self._derived:
            self._derived[build] = build(self)
        return self._derived[build]

    @cached_property
    def identities(self) -> Timeline:
        """What was known of each patient identity, and when."""
        from rules.identities import timeline  # artefacts of gestures need this module

        return timeline(self)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Identities in the order they became known: (position, INS, identity)."""

    entries: tuple[tuple[int, str, Identity], ...] = ()

    def at(self, position: int) -> Mapping[str, Identity]:
        """The identity known for each INS just before a journal position."""
        return {ins: identity for when, ins, identity in self.entries if when < position}

    def everyone(self) -> Mapping[str, Identity]:
        """The last identity known for each INS."""
        return {ins: identity for _, ins, identity in self.entries}


def judge_artefact(artefact: Artefact, context: Context) -> Judgement:
    """Run every check that applies to an artefact and to its parts."""
    judgement = _run(checks_for(type(artefact)), artefact, context)
    problems = tuple(_complete(f, None, context, artefact) for f in artefact.problems())
    judgement += Judgement(problems, frozenset(f.check_id for f in problems))
    for part in artefact.parts():
        judgement += judge_artefact(part, context.inside(artefact))
    return judgement


def judge_reading(reading: Reading, context: Context) -> Judgement:
    """Run the artefact checks and the exchange checks on one exchange."""
    exchange = reading.exchange
    problems = tuple(_complete(f, None, context, None) for f in reading.problems)
    judgement = Judgement(problems, frozenset(f.check_id for f in problems))
    for artefact in reading.artefacts:
        judgement += judge_artefact(artefact, context)
    checks = (c for c in checks_for(Exchange) if not c.services or exchange.service in c.services)
    return judgement + _run(tuple(checks), exchange, context)


def judge_journal(view: JournalView, environment: Environment) -> Judgement:
    """Judge every exchange in its circumstances, then the sequence as a whole."""
    judgement = Judgement()
    for index, exchange in enumerate(view.exchanges):
        context = circumstances(view, index, environment)
        judgement += judge_reading(view.reading(exchange), context)
    return judgement + judge_sequence(view, environment)


def judge_sequence(view: JournalView, environment: Environment) -> Judgement:
    """Run only the journal-scope checks."""
    context = Context(environment=environment, identities=view.identities.everyone())
    return _run(checks_for(JournalView), view, context)


def circumstances(view: JournalView, index: int, environment: Environment) -> Context:
    """What was known when the exchange at ``index`` was observed."""
    exchange = view.exchanges[index]
    return Context(
        environment=environment,
        observed_at=exchange.started_at,
        tls=exchange.tls,
        host=exchange.host,
        envelope=envelope_of(exchange),
        exchange=exchange,
        identities=view.identities.at(exchange.position),
        professional=environment.professional(exchange.correlation.professional),
        before=view.exchanges[:index],
    )


def rejection(artefact: Artefact, context: Context) -> Finding | None:
    """The first finding for which the real service refuses the message.

    Simulators ask this before acting: one reading of a rule decides both what
    the service answers and what the report says.
    """
    for kind, ctx in _walk(artefact, context):
        problems = (_complete(each, None, ctx, kind) for each in kind.problems())
        for found in (*problems, *_run(checks_for(type(kind)), kind, ctx).findings):
            # A finding a check made lighter is a tolerance of the service.
            if found.rejects and found.severity and found.severity.fails:
                return found
    return None


def _walk(artefact: Artefact, context: Context) -> Iterator[tuple[Artefact, Context]]:
    if artefact.opaque:
        return
    yield artefact, context
    for part in artefact.parts():
        yield from _walk(part, context.inside(artefact))


def _run(checks: Sequence[Check], subject: object, context: Context) -> Judgement:
    findings: list[Finding] = []
    evaluated: set[str] = set()
    skipped: set[tuple[str, tuple[str, ...]]] = set()
    for each in checks:
        missing = each.missing(context)
        if missing:
            skipped.add((each.id, missing))
            continue
        evaluated.add(each.id)
        findings.extend(_findings(each, subject, context))
    return Judgement(tuple(findings), frozenset(evaluated), frozenset(skipped))


def _findings(each: Check, subject: object, context: Context) -> Iterable[Finding]:
    return [_complete(found, each, context, subject) for found in each.function(subject, context)]


def _complete(found: Finding, declared: Check | None, context: Context, subject: object) -> Finding:
    exchange_id = found.exchange_id or (context.exchange.id if context.exchange else None)
    label = found.artefact or getattr(subject, "label", "")
    if declared is None:
        return replace(found, exchange_id=exchange_id, artefact=label)
    return replace(
        found,
        check_id=declared.id,
        title=declared.title,
        severity=found.severity or declared.severity,
        exigences=declared.exigences,
        source=declared.source,
        hors_specification=declared.hors_specification,
        rejects=found.rejects or declared.rejects,
        exchange_id=exchange_id,
        artefact=label,
    )
