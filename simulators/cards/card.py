"""What a reader needs of a card: the shape of virtualsmartcard's card OS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Card(Protocol):
    """A chip in a reader. Method names are those of vsmartcard's ``SmartcardOS``."""

    serial: str
    """Number of the card: 10 digits for a CPS."""

    family: str
    """``CPS3``, ``CPS4`` or ``Vitale``."""

    def getATR(self) -> bytes:  # noqa: N802 - name of virtualsmartcard
        """Answer to reset, from TS to TCK."""
        ...

    def powerUp(self) -> None:  # noqa: N802 - name of virtualsmartcard
        """Supply the chip: volatile state is that of a reset."""
        ...

    def powerDown(self) -> None:  # noqa: N802 - name of virtualsmartcard
        """Cut the chip: selected file, verified codes, chaining and pending data are lost."""
        ...

    def reset(self) -> None:
        """Warm reset: same effect on the volatile state."""
        ...

    def execute(self, command: bytes) -> bytes:
        """Answer a command APDU with data then SW1 SW2; never raises."""
        ...

    def state(self) -> dict[str, Any]:
        """What outlives the power, as JSON: counters of tries, codes, files written."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back a :meth:`state`; raises ValueError when it is none of this card."""
        ...
