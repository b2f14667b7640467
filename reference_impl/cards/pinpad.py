"""Where the code porteur comes from: somebody types it. It is kept nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol


class PinPad(Protocol):
    """What asks the user for the code of a card."""

    def code(self, national_id: str) -> str | None:
        """The code typed for the card of this idNat_PS, None when nobody types."""
        ...


class DescriptorPinPad:
    """Nobody is there: the descriptor is read again each time a code is asked for."""

    def __init__(self, descriptor: Path | None) -> None:
        self._descriptor = descriptor

    def code(self, national_id: str) -> str | None:
        """``carte.pin`` of the professional."""
        if self._descriptor is None:
            return None
        described = json.loads(self._descriptor.read_bytes())
        for professional in described.get("professionnels", ()):
            if professional.get("identifiant_national") == national_id:
                return professional.get("carte", {}).get("pin")
        return None
