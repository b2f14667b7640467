"""One campaign in progress: the simulators, the product's driver, the journal's marks.

Steps of features talk to :class:`Scenario`: it performs gestures, states
expectations, and hands out test people. Everything it does is a mark or an
exchange of the journal, so that the verdict can be made again from it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.drivers import ActionOutcome, ActionResult, Driver
from bench.expectations import TOLERATED, Observation, evaluate
from bench.known import KnownFindings
from bench.meanwhile import Asked, Played, play
from fixtures.world import PatientFixture, ProfessionalFixture
from rules.exchange import Correlation, Exchange, Message, Outcome
from rules.judge import JournalView, Reading
from simulators.journal import new_id
from simulators.platform import Platform

_OUTCOMES = {
    ActionOutcome.DONE: Outcome.ACCEPTED,
    ActionOutcome.REFUSED: Outcome.REFUSED,
    ActionOutcome.NOT_OFFERED: Outcome.UNANSWERED,
    ActionOutcome.FAILED: Outcome.FAILED,
}


class ExpectationError(AssertionError):
    """A « Alors » step is not satisfied; its text is the French reason."""


class GestureMissingError(Exception):
    """The product does not offer a gesture: a person must do it (501)."""


@dataclass
class Session:
    """What lives as long as a campaign: one installation of the product throughout."""

    platform: Platform
    driver: Driver
    seed: int
    environment_file: str
    known: KnownFindings = field(default_factory=KnownFindings)
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    """What steps remember from one scenario to the next ones: files opened in the product."""
    _given: set[str] = field(default_factory=set[str])
    _scenarios: int = 0

    def start(self) -> None:
        """Make the product ready. Raises DriverError."""
        self.driver.start(self.environment_file, self.seed)

    def scenario(self, scenario_id: str) -> Scenario:
        """Open a scenario."""
        rank, self._scenarios = self._scenarios, self._scenarios + 1
        return Scenario(self, scenario_id, rank, self.platform.kernel.journal.position())

    def new_patient(self, *, dmp: str, mes: str) -> PatientFixture:
        """A test patient in the wanted states that no scenario was given yet.

        Once everybody was given, the first ones serve again.
        """
        wanted = [p for p in self.platform.kernel.world.patients if p.dmp == dmp and p.mes == mes]
        chosen = next((p for p in wanted if p.ins not in self._given), wanted[0])
        self._given.add(chosen.ins)
        return chosen


@dataclass
class Scenario:
    """One scenario being played."""

    session: Session
    id: str
    rank: int
    """How many scenarios came before in the campaign."""
    start: int
    """Position of the journal when it began."""
    _step: int = 0
    _rules: list[int] = field(default_factory=list[int])
    """Faults it asked for."""
    _readings: dict[str, Reading] = field(default_factory=dict[str, Reading])
    """Exchanges already parsed: each expectation reads only what is new."""
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
    """What steps remember for the next ones: patients, documents, answers."""
    others: list[Asked] = field(default_factory=list[Asked])
    """What the user goes on doing while each of the next gestures lasts."""

    def begin_step(self) -> None:
        """Number the step now open; exchanges observed meanwhile carry it."""
        self._step += 1
        self.session.platform.kernel.step = f"{self.id}#{self._step}"

    def close(self) -> None:
        """End the scenario; what it spoilt and did not meet is as it was."""
        self.session.platform.kernel.step = None
        self.mend()

    def mend(self) -> None:
        """End the faults it asked for."""
        for rule in self._rules:
            self.session.platform.kernel.faults.remove(rule)
        self._rules.clear()

    def spoil(self, service: str, operation: str | None = None, /, **fault: Any) -> None:
        """Ask for a fault until the end of the scenario: see ``simulators.faults.Faults.add``."""
        rule = self.session.platform.kernel.faults.add(service, operation, **fault)
        self._rules.append(rule.id)

    # People -----------------------------------------------------------------

    def professional(self, rank: int = 0) -> ProfessionalFixture:
        """A test professional; scenarios use different ones where they can.

        Who works in several places has a situation to choose first: only the
        scenarios about that ask for such a person.
        """
        known = self.session.platform.kernel.world.professionals
        everyone = [one for one in known if not one.other_practices]
        return everyone[(self.rank + rank) % len(everyone)]

    def patient(self, *, dmp: str = "actif", mes: str = "ouverte") -> PatientFixture:
        """A test patient in the wanted states, of this scenario alone."""
        return self.session.new_patient(dmp=dmp, mes=mes)

    # Gestures ---------------------------------------------------------------

    def perform(self, action: str, /, **parameters: Any) -> ActionResult:
        """Ask the product for a gesture and journal its answer.

        Raises GestureMissingError when the product does not offer it.
        """
        clock = self.session.platform.kernel.clock
        asked: Asked = (action, parameters)
        played = play(self.session.driver, clock.now, asked, self.others)
        # A gesture comes after the exchanges it caused, and before what was done meanwhile.
        for each in played:
            self._journal(each)
        result = played[0].result
        if result.outcome is ActionOutcome.NOT_OFFERED:
            raise GestureMissingError(action)
        return result

    def must(self, action: str, /, **parameters: Any) -> Mapping[str, Any]:
        """A gesture that must succeed: its answer, or ExpectationError with the product's words."""
        result = self.perform(action, **parameters)
        if result.outcome is not ActionOutcome.DONE:
            raise ExpectationError(f"geste {action} {result.outcome} : {result.error}")
        return result.answer

    def _journal(self, played: Played) -> None:
        kernel = self.session.platform.kernel
        head = (("Content-Type", "application/json"),)
        action, result = played.action, played.result
        kernel.journal.append(
            Exchange(
                id=new_id(),
                campaign=kernel.campaign,
                position=0,
                service="lgc",
                operation=action,
                started_at=played.started,
                answered_at=played.answered,
                peer=self.session.driver.name,
                request=Message(f"POST /actions/{action} HTTP/1.1", head, _json(played.parameters)),
                response=Message(f"HTTP/1.1 {result.status}", head, _json(result.answer)),
                outcome=_OUTCOMES[result.outcome],
                correlation=Correlation(professional=played.parameters.get("professionnel")),
                step=kernel.step,
            )
        )

    # Expectations -----------------------------------------------------------

    def view(self) -> JournalView:
        """The exchanges of this scenario so far."""
        journal = self.session.platform.kernel.journal
        return JournalView(journal.read(after=self.start), self._readings)

    def wait(self, seen: Callable[[JournalView], bool], seconds: float) -> bool:
        """Wait until the wires show something, for a product may act in the background.

        False when they did not within so many seconds.
        """
        came = threading.Event()
        forget = self.session.platform.kernel.journal.subscribe(lambda _: came.set())
        end = time.monotonic() + seconds
        try:
            while not seen(self.view()):
                if not came.wait(max(0.0, end - time.monotonic())):
                    return seen(self.view())
                came.clear()
        finally:
            forget()
        return True

    def expect(self, name: str, **parameters: Any) -> Observation:
        """State an expectation: written in the journal, then evaluated.

        Raises ExpectationError with the reason when it does not hold.
        """
        kernel = self.session.platform.kernel
        kernel.journal.mark(
            "expectation",
            kernel.clock.now(),
            {"scenario": self.id, "step": self._step, "name": name, "parameters": parameters},
        )
        known = self.session.known.of(self.id)
        asked = {**parameters, TOLERATED: known}
        seen = evaluate(name, self.view(), kernel.environment, asked)
        if not seen.holds:
            raise ExpectationError(seen.reason)
        return seen

    def mark(self, kind: str, **payload: Any) -> None:
        """Write a mark of this scenario in the journal."""
        self.session.platform.kernel.journal.mark(
            kind, datetime.now(UTC), {"scenario": self.id, **payload}
        )


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(value), ensure_ascii=False, sort_keys=True).encode()
