"""Messages per second: parallel clients on kept connections, servers turn by turn."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.benchmark.clients import Client
from bench.benchmark.figures import Sample
from bench.benchmark.plan import WAIT
from bench.errors import BenchEnvironmentError


def _nothing() -> None:
    """Nothing to prepare, nothing to do afterwards."""


def _no_more() -> float:
    return 0.0


@dataclass(frozen=True)
class Contender:
    """One server under load.

    ``before`` is called before each run, not timed. ``after`` does the rest of the
    work on the messages of a run (a verdict) and gives the seconds it took.
    """

    name: str
    connect: Callable[[], Client[Any]]
    items: Sequence[Any]
    before: Callable[[], None] = _nothing
    after: Callable[[], float] = _no_more
    remark: str = ""


@dataclass(frozen=True)
class Rates:
    """Messages per second of one contender; ``whole`` counts what ``after`` took."""

    name: str
    sent: Sample
    whole: Sample
    remark: str = ""


@dataclass
class _Crowd:
    """Clients that draw from one queue until it is empty or one of them fails."""

    queue: deque[Any]
    errors: list[Exception] = field(default_factory=list[Exception])

    def work(self, client: Client[Any], ready: threading.Barrier) -> None:
        ready.wait(WAIT)
        while self.queue and not self.errors:
            try:
                client.send(self.queue.popleft())
            except IndexError:
                return
            except Exception as error:
                self.errors.append(error)


def seconds_to_send(items: Sequence[Any], clients: Sequence[Client[Any]]) -> float:
    """Seconds that clients take together to send every item.

    Raises BenchEnvironmentError when one was not accepted: its rate would be false.
    """
    crowd = _Crowd(deque(items))
    ready = threading.Barrier(len(clients) + 1)
    threads = [threading.Thread(target=crowd.work, args=(c, ready), daemon=True) for c in clients]
    for thread in threads:
        thread.start()
    ready.wait(WAIT)
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    if crowd.errors:
        error = crowd.errors[0]
        if isinstance(error, BenchEnvironmentError):
            raise error
        raise BenchEnvironmentError(f"La mesure a été interrompue : {error}") from error
    return elapsed


def compare(
    contenders: Sequence[Contender], clients: int, runs: int, step: Callable[[str], None]
) -> tuple[Rates, ...]:
    """Rates of each contender: one warm-up each, then ``runs`` times all in turn."""
    sent: dict[str, list[float]] = {c.name: [] for c in contenders}
    whole: dict[str, list[float]] = {c.name: [] for c in contenders}
    for run in range(runs + 1):
        for contender in contenders:
            step(f"{contender.name} ({'chauffe' if run == 0 else f'{run}/{runs}'})")
            elapsed, after = _run(contender, clients)
            if run:
                sent[contender.name].append(len(contender.items) / elapsed)
                whole[contender.name].append(len(contender.items) / (elapsed + after))
    return tuple(
        Rates(c.name, Sample(tuple(sent[c.name])), Sample(tuple(whole[c.name])), c.remark)
        for c in contenders
    )


def _run(contender: Contender, clients: int) -> tuple[float, float]:
    contender.before()
    opened: list[Client[Any]] = []
    try:
        for _ in range(clients):
            opened.append(contender.connect())  # noqa: PERF401 - those before a failure are closed
        elapsed = seconds_to_send(contender.items, opened)
    finally:
        for client in opened:
            client.close()
    return elapsed, contender.after()
