"""How this installation reaches cards, as the descriptor says it (part ``cartes``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Access = Literal["banc", "pcsc", "pkcs11"]


@dataclass(frozen=True, slots=True)
class ReaderAddress:
    """A reader of the bench. ``kind`` (``cps``, ``vitale``) and ``holder`` are only hints:

    what is in a reader is known by asking the card.
    """

    name: str
    host: str
    port: int
    kind: str = "cps"
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class CardSettings:
    """Readers and libraries. Paths are absolute; ``configuration`` is a folder for Hn_Init."""

    access: Access = "banc"
    readers: tuple[ReaderAddress, ...] = ()
    pkcs11: Path | None = None
    reading_api: Path | None = None
    configuration: Path | None = None
