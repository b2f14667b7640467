"""The stream of events arranged for reading: what renderers need, nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from reports.events import (
    CampaignFinished,
    CampaignStarted,
    Event,
    ExchangeSeen,
    ExigenceJudged,
    FindingSeen,
    MomCounted,
    OrdonnanceSeen,
    ScenarioFinished,
    ScenarioStarted,
    StepFinished,
    Verdict,
)


@dataclass(frozen=True)
class ScenarioReport:
    """A scenario with its steps, its conclusion and what was found in it."""

    started: ScenarioStarted
    steps: tuple[StepFinished, ...]
    finished: ScenarioFinished
    findings: tuple[FindingSeen, ...]
    moms: tuple[MomCounted, ...]
    ordonnances: tuple[OrdonnanceSeen, ...] = ()

    @property
    def seconds(self) -> float:
        """Time spent in the steps."""
        return sum(step.seconds for step in self.steps)


@dataclass(frozen=True)
class Report:
    """A whole campaign, made from its events."""

    events: tuple[Event, ...]

    @cached_property
    def started(self) -> CampaignStarted:
        """How the campaign began."""
        return next(e for e in self.events if isinstance(e, CampaignStarted))

    @cached_property
    def finished(self) -> CampaignFinished:
        """How it ended."""
        return next(e for e in self.events if isinstance(e, CampaignFinished))

    @cached_property
    def exchanges(self) -> tuple[ExchangeSeen, ...]:
        """Exchanges in order."""
        return tuple(e for e in self.events if isinstance(e, ExchangeSeen))

    @cached_property
    def dialogues(self) -> tuple[tuple[ExchangeSeen, ...], ...]:
        """Exchanges in order, those of one dialogue with a card together.

        A signature takes several APDU: listed one by one they would hide the rest.
        """
        runs = groupby(self.exchanges, lambda e: (e.service == "cards", e.scenario))
        return tuple(
            group
            for (card, _), run in runs
            for group in ([tuple(run)] if card else ((e,) for e in run))
        )

    @cached_property
    def findings(self) -> tuple[FindingSeen, ...]:
        """Every finding."""
        return tuple(e for e in self.events if isinstance(e, FindingSeen))

    @cached_property
    def exigences(self) -> tuple[ExigenceJudged, ...]:
        """Exigences the campaign spoke of."""
        return tuple(e for e in self.events if isinstance(e, ExigenceJudged))

    @cached_property
    def scenarios(self) -> tuple[ScenarioReport, ...]:
        """Scenarios in order."""
        return tuple(self._scenario(e) for e in self.events if isinstance(e, ScenarioStarted))

    @cached_property
    def features(self) -> tuple[tuple[str, tuple[ScenarioReport, ...]], ...]:
        """Scenarios by feature, in order of appearance."""
        names = dict.fromkeys(s.started.feature for s in self.scenarios)
        return tuple(
            (name, tuple(s for s in self.scenarios if s.started.feature == name)) for name in names
        )

    @cached_property
    def best_moms(self) -> tuple[MomCounted, ...]:
        """For each professional the counters that went furthest."""
        best: dict[str, MomCounted] = {}
        for event in self.events:
            if isinstance(event, MomCounted):
                known = best.get(event.professional)
                if known is None or _sum(event) > _sum(known):
                    best[event.professional] = event
        return tuple(best[key] for key in sorted(best))

    def counts(self) -> dict[Verdict, int]:
        """How many scenarios reached each verdict."""
        return {v: sum(s.finished.verdict is v for s in self.scenarios) for v in Verdict}

    def of_exchange(self, identifier: str) -> tuple[FindingSeen, ...]:
        """Findings about an exchange."""
        return tuple(f for f in self.findings if f.exchange == identifier)

    def _scenario(self, started: ScenarioStarted) -> ScenarioReport:
        mine: Sequence[Event] = self.events
        return ScenarioReport(
            started=started,
            steps=tuple(
                e for e in mine if isinstance(e, StepFinished) and e.scenario == started.id
            ),
            finished=next(
                e for e in mine if isinstance(e, ScenarioFinished) and e.id == started.id
            ),
            findings=tuple(f for f in self.findings if f.scenario == started.id),
            moms=tuple(e for e in mine if isinstance(e, MomCounted) and e.scenario == started.id),
            ordonnances=tuple(
                e for e in mine if isinstance(e, OrdonnanceSeen) and e.scenario == started.id
            ),
        )


def _sum(counted: MomCounted) -> int:
    return counted.dmp + counted.mss_pro + counted.mss_citoyenne
