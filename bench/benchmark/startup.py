"""Cold start and memory of the simulators, and a whole campaign, in fresh processes."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.benchmark import processes
from bench.benchmark.capture import Captured
from bench.benchmark.clients import Bench, HttpClient
from bench.benchmark.figures import Sample
from bench.benchmark.plan import CAMPAIGN_WAIT
from bench.errors import BenchEnvironmentError

CAMPAIGN = "features/mom"


@dataclass(frozen=True, slots=True)
class Start:
    """One cold start: seconds, and Mo (None where the system does not say)."""

    ready: float
    processor: float
    first_answer: float
    memory: float | None


def cold_start(captured: Captured, environment: Mapping[str, str]) -> Start:
    """Start all simulators in a fresh process and folder; keys were drawn before.

    The first answer is that to a ``TD0.2``, whose message is parsed and judged:
    what a process loads late is counted there.
    """
    with tempfile.TemporaryDirectory(prefix="banc-mesure-") as temporary:
        folder = Path(temporary)
        with processes.running(
            "bench.benchmark.subject", temporary, environment=environment
        ) as subject:
            memory = subject.resident
            bench = Bench.in_folder(folder)
            bench.administer("/clock/freeze", {"at": captured.at.isoformat()})
            began = time.perf_counter()
            client = HttpClient(
                bench.port(bench.descriptor["dmp"]["base"]), bench.trust(bench.card)
            )
            try:
                client.send(captured.existence[0])
            finally:
                client.close()
            answered = time.perf_counter() - began
            processor = float(subject.said["processeur"])
            return Start(subject.ready_in, processor, subject.ready_in + answered, memory)


def cold_starts(
    captured: Captured, count: int, environment: Mapping[str, str], step: Callable[[str], None]
) -> list[Start]:
    """Several cold starts after one that warms the disk's cache and the bytecode."""
    starts: list[Start] = []
    for rank in range(count + 1):
        step(f"Démarrage à froid ({'chauffe' if rank == 0 else f'{rank}/{count}'})")
        starts.append(cold_start(captured, environment))
    return starts[1:]


def campaigns(count: int, environment: Mapping[str, str], step: Callable[[str], None]) -> Sample:
    """Seconds of ``segur-bench run features/mom``, from the command to its report.

    Raises BenchEnvironmentError when a campaign does not end conforme.
    """
    seconds: list[float] = []
    for rank in range(count):
        step(f"Campagne entière ({rank + 1}/{count})")
        with tempfile.TemporaryDirectory(prefix="banc-mesure-") as temporary:
            command = [sys.executable, "-m", "bench.cli", "run", CAMPAIGN, "--dossier", "campagne"]
            elapsed, code, said = processes.timed(
                command, Path(temporary), CAMPAIGN_WAIT, environment
            )
        if code != 0:
            raise BenchEnvironmentError(f"La campagne mesurée a fini avec le code {code} : {said}")
        seconds.append(elapsed)
    return Sample(tuple(seconds))
