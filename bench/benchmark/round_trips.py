"""Round trips on one kept connection, in milliseconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any

from bench.benchmark.figures import Sample

WARM_UP = 10
"""Calls made before those that are counted."""


def round_trips(call: Callable[[Any], None], items: tuple[Any, ...], count: int) -> Sample:
    """Milliseconds of each of ``count`` calls, items given in turn again and again."""
    taken: list[float] = []
    for rank, item in enumerate(islice(cycle(items), WARM_UP + count)):
        began = time.perf_counter()
        call(item)
        elapsed = time.perf_counter() - began
        if rank >= WARM_UP:
            taken.append(elapsed * 1000)
    return Sample(tuple(taken))
