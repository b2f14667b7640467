"""Driver that starts the reference LGC in a process of its own, one per scenario.

The reference learns the world from the environment descriptor, like any
product. ``command`` replaces it by another program with the same command line:
that is how the broken LGCs of ``tests/defects`` are played.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.drivers.base import ActionResult, DriverError
from bench.drivers.http import HttpDriver

RESTART = "software.restart"
"""Gesture that this driver does itself: the program ends and starts again on its records."""
REFERENCE_COMMAND = (sys.executable, "-m", "reference_impl")


class ReferenceDriver:
    """The reference LGC, started and stopped by the bench."""

    name = "reference"
    concurrent = True

    def __init__(self, command: Sequence[str] = REFERENCE_COMMAND) -> None:
        self._command = tuple(command)
        self._process: subprocess.Popen[str] | None = None
        self._http: HttpDriver | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._started: tuple[str, int] = ("", 0)

    def start(self, environment_file: str, seed: int) -> None:
        """Start the process with an empty record base; wait for its address."""
        self._folder = tempfile.TemporaryDirectory(prefix="lgc-", ignore_cleanup_errors=True)
        self._started = environment_file, seed
        self._launch(Path(self._folder.name))

    def _launch(self, folder: Path) -> None:
        """Start the process on the records of a folder."""
        environment_file, seed = self._started
        log = folder / "journal.txt"
        with log.open("a", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [
                    *self._command,
                    "--environment",
                    environment_file,
                    "--data",
                    str(folder),
                    "--port",
                    "0",
                    "--seed",
                    str(seed),
                ],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
            )
        self._http = HttpDriver(self._address(log))
        self._http.start(environment_file, seed)

    def perform(self, action: str, parameters: Mapping[str, Any]) -> ActionResult:
        """Do a gesture in the running LGC."""
        if self._http is None or self._folder is None:
            raise DriverError("Le LGC de référence n'est pas démarré.")
        if action == RESTART:
            self._end()
            self._launch(Path(self._folder.name))
            return ActionResult(action, 200)
        return self._http.perform(action, parameters)

    def stop(self) -> None:
        """End the process this driver started, and forget its records."""
        self._end()
        if self._folder:
            with contextlib.suppress(OSError):
                self._folder.cleanup()
        self._folder = None

    def _end(self) -> None:
        """End the process; its records stay."""
        if self._http:
            self._http.stop()
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
        self._http = self._process = None

    def _address(self, log: Path) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        try:
            return str(json.loads(line)["url"])
        except (ValueError, KeyError, TypeError):
            self._process.kill()
            self._process.wait()
            tail = log.read_text(encoding="utf-8").strip().splitlines()[-1:] or ["sans message"]
            raise DriverError(f"Le LGC n'a pas démarré : {tail[0]}") from None
