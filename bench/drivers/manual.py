"""Driver for a person: the gesture is shown, the person says when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.panel import Panel

from bench.drivers.base import ActionResult
from bench.drivers.gestures import instruction

Ask = Callable[[str], str]


class ManualDriver:
    """Shows each gesture in French and waits for « fait », « refusé » or « absent »."""

    name = "manual"
    concurrent = False

    def __init__(self, console: Console | None = None, ask: Ask | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._ask = ask or self._console.input

    def start(self, environment_file: str, seed: int) -> None:  # noqa: ARG002 - nothing to start
        """Tell where the addresses and test data are."""
        self._console.print(f"Adresses, certificats et patients de test : {environment_file}")

    def perform(self, action: str, parameters: Mapping[str, Any]) -> ActionResult:
        """Show the gesture and read the tester's answer."""
        self._console.print(
            Panel(instruction(action, parameters), title="À faire dans le logiciel")
        )
        answer = self._ask("[f]ait, [r]efusé par le logiciel, [a]bsent du logiciel : ")
        word = answer.strip().lower()[:1]
        return ActionResult(action, {"r": 409, "a": 501}.get(word, 200))

    def stop(self) -> None:
        """Nothing to let go."""
