"""What every driver offers: one gesture in, one result out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bench.errors import BenchEnvironmentError


class DriverError(BenchEnvironmentError):
    """The product cannot be reached or breaks the driver contract."""


class ActionOutcome(StrEnum):
    """What became of a gesture."""

    DONE = "fait"
    REFUSED = "refusé par le logiciel"
    NOT_OFFERED = "non proposé"
    """The product answers 501: a person must do the gesture."""
    FAILED = "en erreur"


@dataclass(frozen=True, slots=True)
class ActionResult:
    """Answer to a gesture: HTTP status of the driver contract and JSON object."""

    action: str
    status: int
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> ActionOutcome:
        """The outcome that the status stands for."""
        if self.status == 501:
            return ActionOutcome.NOT_OFFERED
        if self.status < 300:
            return ActionOutcome.DONE
        return ActionOutcome.REFUSED if self.status < 500 else ActionOutcome.FAILED

    @property
    def error(self) -> str:
        """The product's own words about a refusal, for the report."""
        error = self.answer.get("erreur")
        if isinstance(error, Mapping):
            return str(error.get("message") or error.get("code") or "")
        return json.dumps(dict(self.answer), ensure_ascii=False) if self.answer else ""


class Driver(Protocol):
    """Moves one product. ``concurrent``: gestures may be played at the same time."""

    name: str
    concurrent: bool

    def start(self, environment_file: str, seed: int) -> None:
        """Make the product ready; ``seed`` distinguishes scenarios. Raises DriverError."""
        ...

    def perform(self, action: str, parameters: Mapping[str, Any]) -> ActionResult:
        """Do a gesture and wait for its result. Raises DriverError."""
        ...

    def stop(self) -> None:
        """Let the product go; never raises."""
        ...
