"""pytest plugin that plays features for a campaign and marks the journal.

pytest-bdd runs the scenarios; this plugin gives them the ``scenario`` fixture
(a :class:`bench.session.Scenario`) and writes what happened as marks. Verdicts
are not made here: :mod:`bench.projection` makes them from the journal.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.scenario import scenario_wrapper_template_registry

from bench.errors import BenchEnvironmentError, UsageError
from bench.session import GestureMissingError, Scenario, Session

Progress = Callable[[str, str], None]


class FeaturesPlugin:
    """One instance per campaign, given to ``pytest.main``."""

    def __init__(
        self, session: Session, progress: Progress | None = None, only: str | None = None
    ) -> None:
        """``progress`` is told of ``(kind, text)``: scenario, step, end.

        ``only`` keeps the scenarios whose name has this text, whatever its case.
        """
        self._only = (only or "").casefold()
        self._session = session
        self._progress = progress or (lambda _kind, _text: None)
        self._current: Scenario | None = None
        self._started = 0.0
        self._failure: str | None = None
        self.environment_error: BenchEnvironmentError | None = None
        self.unknown_step: UsageError | None = None
        self.collected = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the scenarios asked for; count them, for the progress bar."""
        items[:] = [item for item in items if self._only in _name_of(item).casefold()]
        self.collected = len(items)
        self._progress("total", str(len(items)))

    @pytest.fixture
    def scenario(self, request: pytest.FixtureRequest) -> Iterator[Scenario]:
        """The scenario being played."""
        current = self._session.scenario(scenario_id(request))
        self._current = current
        yield current
        current.close()
        self._current = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_bdd_before_scenario(self, request: Any, feature: Any, scenario: Any) -> None:
        """Mark the beginning, then let the fixture start the product."""
        identifier = scenario_id(request)
        self._failure = None
        self._progress("scenario", scenario.name)
        journal = self._session.platform.kernel.journal
        journal.mark(
            "scenario-started",
            self._session.platform.kernel.clock.now(),
            {
                "id": identifier,
                "feature": feature.name,
                "feature_file": Path(feature.filename).name,
                "feature_description": feature.description or "",
                "name": scenario.name,
                "line": scenario.line_number,
                "tags": sorted({*feature.tags, *scenario.tags}),
            },
        )
        request.getfixturevalue("scenario")

    def pytest_bdd_before_step(self, step: Any) -> None:
        """Open the step."""
        self._started = time.monotonic()
        if self._current:
            self._current.begin_step()
        self._progress("step", step.name)

    def pytest_bdd_after_step(self, step: Any) -> None:
        """Mark a step that went well."""
        self._mark_step(step, "réussi", "")

    def pytest_bdd_step_error(self, step: Any, exception: BaseException) -> None:
        """Mark a step that failed, or that only a person can do."""
        missing = isinstance(exception, GestureMissingError)
        message = f"geste non proposé par le logiciel : {exception}" if missing else str(exception)
        self._failure = message
        if isinstance(exception, BenchEnvironmentError):
            self.environment_error = exception
        self._mark_step(step, "manuel" if missing else "échoué", message)

    def pytest_bdd_step_func_lookup_error(self, feature: Any, step: Any) -> None:
        """A step that nothing plays says nothing of the product: the campaign is worth nothing."""
        place = f"{Path(feature.filename).name}, ligne {step.line_number}"
        self.unknown_step = UsageError(
            f"Pas inconnu : « {step.keyword.strip()} {step.name} » ({place}). Reprenez la phrase "
            "d'un pas existant, ou déclarez-le dans un module de pas."
        )

    def pytest_bdd_after_scenario(self, request: Any) -> None:
        """Mark the end."""
        kernel = self._session.platform.kernel
        kernel.journal.mark("scenario-finished", kernel.clock.now(), {"id": scenario_id(request)})
        self._progress("end", self._failure or "")

    def _mark_step(self, step: Any, status: str, message: str) -> None:
        if self._current is None:
            return
        self._current.mark(
            "step-finished",
            keyword=step.keyword.strip().capitalize(),
            text=step.name,
            line=step.line_number,
            status=status,
            message=message,
            seconds=round(time.monotonic() - self._started, 3),
        )


def _name_of(item: pytest.Item) -> str:
    """Name of a scenario in its feature, with the values of its example row."""
    function: Any = getattr(item, "obj", None)
    template = scenario_wrapper_template_registry.get(function)
    if template is None:
        return item.name
    row: Any = getattr(item, "callspec", None)
    return template.render(row.params["_pytest_bdd_example"] if row else {}).name


def scenario_id(request: pytest.FixtureRequest) -> str:
    """Stable id of a scenario: its test module and function, and its example row."""
    node = request.node
    folder = Path(str(node.path)).parent.name
    # pytest escapes accents in the rows of examples; people read these ids.
    name = re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), str(node.name))
    return f"{folder}/{name}"
