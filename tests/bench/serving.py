"""A bench served in a child process: read what it prints, stop it, kill it."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.campaigns import COMMAND, shared_store, variables

PORTS = 32
"""More than a bench has listeners."""
READY = "Le banc observe"
PATIENCE = 60.0
"""Seconds before a silent bench is a failure."""


def free_ports() -> int:
    """The first of consecutive free ports, below those the system lends."""
    first = 11000 + os.getpid() * 97 % 18000
    for base in range(first, first + 20 * PORTS, PORTS):
        if all(_is_free(port) for port in range(base, base + PORTS)):
            return base
    raise RuntimeError("pas de suite de ports libres")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Served:
    """``segur-bench serve`` on a folder; it may be started again after a kill."""

    def __init__(self, folder: Path, *words: str, watched: Path | None = None) -> None:
        self.folder = folder
        self._watched = watched
        self._words = words
        self.process: subprocess.Popen[str]
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.printed: list[str] = []

    def start(self) -> Served:
        """Start, and wait until it observes."""
        self.launch()
        self.wait_for(lambda line: READY in line)
        return self

    def launch(self) -> None:
        """Start, without waiting."""
        store = shared_store()
        options = ("--store", store) if store else ()
        self._lines = queue.Queue()
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--dossier", str(self.folder), *self._words, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=variables(self._watched),
        )
        reading = (self.process, self._lines)
        self._reader = threading.Thread(target=self._read, args=reading, daemon=True)
        self._reader.start()

    def __enter__(self) -> Served:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait_for(self, wanted: Callable[[str], bool]) -> str:
        """The next line that is wanted; raises if the bench ends or stays silent."""
        while True:
            line = self._lines.get(timeout=PATIENCE)
            if line is None:
                raise RuntimeError("le banc s'est arrêté :\n" + "".join(self.printed[-30:]))
            if wanted(line):
                return line

    def kill(self) -> None:
        """SIGKILL: nothing is said, nothing is closed."""
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def rest(self) -> str:
        """Everything it printed, once it has ended."""
        self._reader.join(PATIENCE)
        return "".join(self.printed)

    @property
    def described(self) -> dict[str, Any]:
        """The environment descriptor it wrote."""
        return json.loads((self.folder / "environnement.json").read_text(encoding="utf-8"))

    def _read(self, process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.printed.append(line)
                lines.put(line)
        lines.put(None)
