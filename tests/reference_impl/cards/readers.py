"""Readers without a wire, holding the cards of the bench: what is sent to them is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from reference_impl.cards.chip import Place
from reference_impl.cards.errors import CardAbsentError, removed
from reference_impl.cards.places import ReaderPlace
from simulators.cards.card import Card
from simulators.cards.cps import Cps
from simulators.cards.issue import issue
from simulators.pki import Pki


@dataclass
class InProcess:
    """A reader. ``card`` may be taken out or changed at any time.

    ``sent`` has the commands received; ``before`` is called with each of them and
    may give the answer in place of the card.
    """

    name: str = "Lecteur d’essai"
    card: Card | None = None
    sent: list[bytes] = field(default_factory=list)
    before: Callable[[bytes], bytes | None] = lambda _command: None

    def connect(self) -> Link:
        if self.card is None:
            raise CardAbsentError("vide")
        self.card.powerUp()
        return Link(self, self.card)

    def instructions(self) -> list[int]:
        """Instruction of each command sent."""
        return [command[1] for command in self.sent]


@dataclass
class Link:
    """A connection with the card that was there."""

    reader: InProcess
    card: Card

    @property
    def atr(self) -> bytes:
        return self.card.getATR()

    def transmit(self, command: bytes) -> bytes:
        instead = self.reader.before(command)
        if not self.present():
            raise removed(self.reader.name)
        self.reader.sent.append(command)
        return self.card.execute(command) if instead is None else instead

    def exclusive(self) -> AbstractContextManager[bool]:
        return nullcontext(False)

    def present(self) -> bool:
        return self.reader.card is self.card

    def close(self) -> None:
        self.card.powerDown()


@cache
def pki() -> Pki:
    """The certificates of the bench's professionals; those of its first days are long-lived."""
    return Pki(seed=1, at=datetime(2026, 3, 12, 9, 0, tzinfo=UTC))


def card_of_louise(variant: str = "conforme") -> Cps:
    """A new card of the first professional, or a variant of it."""
    return issue(pki(), pki().world.professionals[0], variant)


def places(*readers: InProcess) -> Callable[[str | None], Sequence[Place]]:
    """What :class:`reference_impl.cards.sessions.Cards` asks for."""
    return lambda _holder: [ReaderPlace(reader) for reader in readers]
