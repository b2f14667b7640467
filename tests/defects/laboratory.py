"""Where a broken LGC is observed: one platform, one fresh installation per defect.

The LGC runs in this process, on real sockets towards the simulators. Gestures
are journaled as those of a campaign, and only the interval of the journal that
belongs to the defect is judged.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.defects import Defect, Injection, Patcher, Played
from bench.drivers.base import ActionResult
from bench.drivers.reference import RESTART
from bench.session import ExpectationError, Session
from reference_impl import app, wiring
from reference_impl.config import read_environment
from reference_impl.errors import LgcError
from reference_impl.lgc import Lgc
from reference_impl.people import Environment
from rules.judge import JournalView, Judgement, judge_journal
from simulators.clock import Clock as BenchClock
from simulators.platform import Platform

from .stimuli import STIMULI, Bench

SETTINGS: dict[str, Callable[[Environment], Environment]] = {}
"""By stimulus, how its installation is set up otherwise than by the descriptor alone."""
PROFILES: dict[str, str] = {}
"""By stimulus, the profile of rules it is judged under: ``test`` unless given."""
SERVICES = ("psc", "insi", "dmp", "mssante", "cards", "apcv", "prescription")


@dataclass(frozen=True)
class BenchTime:
    """The clock of the LGC follows that of the bench, which a stimulus may advance."""

    clock: BenchClock

    def now(self) -> datetime:
        return self.clock.now()


@dataclass
class InProcess:
    """The driver contract without its HTTP: same actions, same refusals."""

    lgc: Lgc
    name: str = "reference"
    concurrent: bool = False
    build: Callable[[], Lgc] | None = None
    """How the LGC starts again on its own records."""

    def start(self, environment_file: str, seed: int) -> None:
        """Already running."""

    def stop(self) -> None:
        """Closed by the laboratory."""

    def perform(self, action: str, parameters: Mapping[str, Any]) -> ActionResult:
        if action == RESTART and self.build is not None:
            self.lgc.close()
            self.lgc = self.build()
            return ActionResult(action, 200)
        asked = app.ACTIONS[action]
        try:
            answer = asked.perform(self.lgc, asked.parameters.model_validate(dict(parameters)))
        except LgcError as error:
            return ActionResult(action, error.http_status, {"erreur": error.as_json()})
        return ActionResult(action, 200, answer.model_dump(mode="json"))


@dataclass
class Laboratory:
    """Plays stimuli on a platform; each one has an installation and a patient of its own."""

    platform: Platform
    _played: int = field(default=0)

    def play(self, defect: Defect) -> Played:
        """The ids that the gestures of a defect raise."""
        return Played(defect, frozenset(f.check_id for f in self.judged(defect).findings))

    def judged(self, defect: Defect) -> Judgement:
        """Everything that is found about a defect."""
        with self._failing(defect.injection):
            return self._judge(defect.stimulus, defect)

    def conformant(self, stimulus: str, injection: Injection | None = None) -> Judgement:
        """The same gestures by the reference LGC, which must all end as they should."""
        with self._failing(injection):
            return self._judge(stimulus, None)

    @contextmanager
    def _failing(self, injection: Injection | None) -> Iterator[None]:
        kernel = self.platform.kernel
        if injection:
            kernel.faults.add(
                injection.service,
                operation=injection.operation,
                fault=injection.fault,
                times=injection.times,
            )
        try:
            yield
        finally:
            kernel.faults.clear()
            kernel.clock.resume()

    def _judge(self, stimulus: str, defect: Defect | None) -> Judgement:
        kernel = self.platform.kernel
        start = kernel.journal.position()
        patcher = Patcher()
        # Retries are asked for by gestures: nothing may run behind a stimulus.
        patcher.set("reference_impl.outbox:Worker.start", lambda _worker: None)
        try:
            if defect:
                defect.patch(patcher)
            self._play(stimulus, broken=defect is not None)
        finally:
            patcher.undo()
        view = JournalView(kernel.journal.read(after=start))
        profile = PROFILES.get(stimulus, kernel.environment.rules_profile)
        return judge_journal(view, replace(kernel.environment, rules_profile=profile))

    def _play(self, stimulus: str, *, broken: bool) -> None:
        self._played += 1
        with self._installation(SETTINGS.get(stimulus)) as driver:
            session = Session(self.platform, driver, 1, "")
            bench = Bench(session.scenario(stimulus), self._played)
            try:
                STIMULI[stimulus](bench)
            except ExpectationError:
                # A broken LGC may be refused before the end; the reference may not.
                if not broken:
                    raise

    @contextmanager
    def _installation(
        self, settled: Callable[[Environment], Environment] | None
    ) -> Iterator[InProcess]:
        environment = read_environment(self.platform.folder / "environnement.json")
        environment = settled(environment) if settled else environment
        seed = zlib.crc32(f"{os.getpid()}/{self._played}".encode())
        with tempfile.TemporaryDirectory(prefix="lgc-", ignore_cleanup_errors=True) as folder:
            clock = BenchTime(self.platform.kernel.clock)

            def build() -> Lgc:
                return wiring.build(environment, Path(folder), seed, clock)

            driver = InProcess(build(), build=build)
            try:
                yield driver
            finally:
                driver.lgc.close()


def play(defects: Sequence[Defect]) -> Iterator[Played]:
    """Play defects one by one on a platform started for them."""
    with (
        tempfile.TemporaryDirectory(prefix="defauts-", ignore_cleanup_errors=True) as folder,
        Platform(SERVICES, folder=Path(folder), campaign="defauts") as platform,
    ):
        laboratory = Laboratory(platform)
        for defect in defects:
            yield laboratory.play(defect)
