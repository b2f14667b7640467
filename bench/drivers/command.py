"""Driver that runs one executable per gesture, JSON on standard input and output."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from bench.drivers.base import ActionResult, DriverError

NOT_OFFERED_EXIT = 127
"""An executable that ends with this code says that it has no such gesture."""


class CommandDriver:
    """``<command> <action>`` with the parameters on stdin; the answer on stdout.

    Exit codes: 0 done, 1 refused by the product, 127 gesture not offered,
    anything else is a failure. ``SEGUR_BENCH_ENVIRONNEMENT`` holds the path of
    the environment descriptor.
    """

    name = "command"
    concurrent = True

    def __init__(self, command: str, *, timeout: float = 120.0) -> None:
        self._words = shlex.split(command)
        self._timeout = timeout
        self._environment_file = ""

    def start(self, environment_file: str, seed: int) -> None:  # noqa: ARG002 - the product has its own
        """Check that the executable exists."""
        if not self._words or shutil.which(self._words[0]) is None:
            raise DriverError(
                f"Commande introuvable : {' '.join(self._words) or '(vide)'}. Corrigez --commande."
            )
        self._environment_file = environment_file

    def perform(self, action: str, parameters: Mapping[str, Any]) -> ActionResult:
        """Run the executable for one gesture."""
        try:
            done = subprocess.run(
                [*self._words, action],
                input=json.dumps(dict(parameters), ensure_ascii=False),
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=self._timeout,
                env=self._variables(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DriverError(
                f"Le geste « {action} » n'a pas fini en {error.timeout:.0f} s."
            ) from error
        status = {0: 200, 1: 409, NOT_OFFERED_EXIT: 501}.get(done.returncode, 500)
        return ActionResult(action, status, self._answer(done.stdout, done.stderr, status))

    def stop(self) -> None:
        """Nothing to let go."""

    def _variables(self) -> dict[str, str]:
        return {**os.environ, "SEGUR_BENCH_ENVIRONNEMENT": self._environment_file}

    @staticmethod
    def _answer(output: str, errors: str, status: int) -> Mapping[str, Any]:
        try:
            value = json.loads(output or "{}")
        except ValueError:
            value = None
        if isinstance(value, dict):
            return value
        message = errors.strip().splitlines()[-1:] or ["la sortie standard n'est pas un objet JSON"]
        return {"erreur": {"code": str(status), "message": message[0]}}
