"""What a user goes on doing while a gesture lasts: other gestures, one after the other.

A product that stays usable answers them at once, whatever the services do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, cycle
from typing import Any

from bench.drivers import ActionResult, Driver

PACE = 0.5
"""Seconds between two gestures of the user: also how long a gesture is left alone."""

ONCE = ("document.write",)
"""Gestures that leave something: played once, or how long a gesture lasts would number the next
documents."""

Asked = tuple[str, Mapping[str, Any]]
"""A gesture and its parameters."""


@dataclass(frozen=True, slots=True)
class Played:
    """A gesture that was answered, and when."""

    action: str
    parameters: Mapping[str, Any]
    result: ActionResult
    started: datetime
    answered: datetime


def play(
    driver: Driver, now: Callable[[], datetime], asked: Asked, others: Sequence[Asked] = ()
) -> list[Played]:
    """A gesture, then those played while it lasted, in turn. Raises DriverError.

    A driver that plays one gesture at a time is asked for this one alone.
    """
    if not others or not driver.concurrent:
        return [_timed(driver, now, asked)]
    with ThreadPoolExecutor(1, "geste") as apart:
        lasting = apart.submit(_timed, driver, now, asked)
        meanwhile: list[Played] = []
        again = [each for each in others if each[0] not in ONCE]
        for other in chain(others, cycle(again)):
            if wait([lasting], PACE).done:
                break
            meanwhile.append(_timed(driver, now, other))
    return [lasting.result(), *meanwhile]


def _timed(driver: Driver, now: Callable[[], datetime], asked: Asked) -> Played:
    action, parameters = asked
    started = now()
    result = driver.perform(action, parameters)
    return Played(action, parameters, result, started, now())
