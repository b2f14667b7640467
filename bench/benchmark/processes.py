"""Processes of a benchmark: started, waited for, ended by who started them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from bench.benchmark.plan import WAIT
from bench.errors import BenchEnvironmentError


@dataclass
class Process:
    """A running process that said one JSON line when it was ready."""

    popen: subprocess.Popen[str]
    said: dict[str, Any] = field(default_factory=dict[str, Any])
    ready_in: float = 0.0
    """Seconds from its launch to that line, import of Python modules included."""

    @property
    def resident(self) -> float | None:
        """Resident memory in Mo (10⁶ octets), None where the system has no ``/proc``."""
        return resident(self.popen.pid)


def resident(pid: int) -> float | None:
    """Resident memory of a process in Mo, None where it cannot be known."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return None


def compiled(folder: Path) -> dict[str, str]:
    """Environment of Python processes that keep their bytecode in a folder.

    The first process compiles and the next ones find it, as in any installation,
    also where Python was told to write none; nothing is left behind.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder)}


@contextmanager
def running(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Generator[Process]:
    """A module of ours in a Python process, until the end of the block.

    Raises BenchEnvironmentError with its last words when it does not start.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        began = time.perf_counter()
        popen = subprocess.Popen(  # noqa: S603 - a module of ours
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        try:
            said = _first_line(popen, module, errors)
            yield Process(popen, said, time.perf_counter() - began)
        finally:
            end(popen)


def _first_line(popen: subprocess.Popen[str], name: str, errors: TextIO) -> dict[str, Any]:
    assert popen.stdout is not None
    # A process that says nothing is ended, which ends the reading of its line.
    alarm = threading.Timer(WAIT, popen.kill)
    alarm.start()
    try:
        line = popen.stdout.readline()
    finally:
        alarm.cancel()
    try:
        return dict(json.loads(line))
    except ValueError:
        popen.kill()
        popen.wait()
        errors.seek(0)
        words = errors.read().strip().splitlines()[-1:] or ["sans message"]
        raise BenchEnvironmentError(f"{name} n'a pas démarré : {words[0]}") from None


def end(popen: subprocess.Popen[Any]) -> None:
    """Close its input, then insist; never raises for a process already gone."""
    for stream in (popen.stdin, popen.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    try:
        popen.wait(15)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()


def timed(
    command: Sequence[str],
    folder: Path,
    timeout: float,
    environment: Mapping[str, str] | None = None,
) -> tuple[float, int, str]:
    """Run a command to its end: seconds, exit code, last line of what it said."""
    began = time.perf_counter()
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            list(command),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchEnvironmentError(
            f"« {' '.join(command[-3:])} » n'a pas fini en {timeout:.0f} s."
        ) from error
    words = (done.stderr or done.stdout).strip().splitlines()[-1:] or [""]
    return time.perf_counter() - began, done.returncode, words[0]
