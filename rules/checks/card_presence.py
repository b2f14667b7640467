"""A card in a reader, what was asked of it, and the gestures of the user around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from rules.checks.card_image import CpsImage, image_of
from rules.exchange import Exchange
from rules.formats import apdu
from rules.formats.apdu import CardCommand
from rules.formats.gesture import Gesture


@dataclass(frozen=True)
class Act:
    """A gesture of the user, with its exchange."""

    exchange: Exchange
    gesture: Gesture

    @property
    def position(self) -> int:
        """Rank of its exchange in the journal."""
        return self.exchange.position

    @property
    def done(self) -> bool:
        """Whether the software says it is done."""
        return self.gesture.status == 200

    def covers(self, exchange: Exchange) -> bool:
        """Whether an exchange was observed while the gesture was going on."""
        end = self.exchange.answered_at or exchange.started_at
        return self.exchange.started_at <= exchange.started_at <= end

    @property
    def error(self) -> Mapping[str, object]:
        """``erreur`` of a refused gesture, or nothing."""
        return _mapping(self.gesture.answer.get("erreur"))

    @property
    def card(self) -> Mapping[str, object]:
        """``carte`` of the answer of a gesture ``card.*`` that is done, or nothing."""
        return _mapping(self.gesture.answer.get("carte")) if self.done else {}

    @property
    def situations(self) -> list[Mapping[str, Any]]:
        """``carte.situations``, or nothing."""
        found = self.card.get("situations")
        listed: list[object] = found if isinstance(found, list) else []
        return [each for each in listed if isinstance(each, Mapping)]

    @property
    def professional(self) -> str | None:
        """idNat_PS that the gesture names."""
        value = self.gesture.parameters.get("professionnel")
        return value if isinstance(value, str) else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


@dataclass
class Step:
    """A command (None: power switched), the file and key it works on, its whole answer."""

    exchange: Exchange
    command: CardCommand | None
    act: Act | None
    path: bytes = b""
    key: int | None = None
    answer: bytes = b""


@dataclass
class Presence:
    """A card in a reader, from its insertion to its removal."""

    reader: str
    number: str
    family: str
    start: int
    since: datetime
    end: int | None = None
    steps: list[Step] = field(default_factory=list)
    earlier: Presence | None = None
    """The same card, the time before."""
    declared_holder: str | None = None
    """idNat_PS of the holder as the bench knows it."""

    def during(self, position: int) -> bool:
        """Whether the card was in the reader at a position of the journal."""
        return self.start <= position and (self.end is None or position < self.end)

    def overlaps(self, first: int, last: int) -> bool:
        """Whether it was there at some moment between two positions."""
        return self.start <= last and (self.end is None or self.end > first)

    @property
    def commands(self) -> Iterator[tuple[Step, CardCommand]]:
        """Steps that are commands."""
        return ((step, step.command) for step in self.steps if step.command is not None)

    @cached_property
    def files(self) -> dict[bytes, bytes]:
        """Files read, assembled from offset 0; a hole ends what is known of one."""
        parts: dict[bytes, dict[int, bytes]] = {}
        for step, command in self.commands:
            if command.instruction == apdu.READ_BINARY and command.done:
                path, offset = _place(step, command)
                parts.setdefault(path, {})[offset] = step.answer
        return {path: _joined(read) for path, read in parts.items()}

    @cached_property
    def image(self) -> CpsImage:
        """What was read of it, completed by what had been read of the same card before."""
        before: list[Presence] = []
        while (former := (before or [self])[-1].earlier) is not None and not former.imaged:
            before.append(former)
        for presence in reversed(before):  # oldest first: a card may come back a thousand times
            assert presence.image
        read = image_of(self.files)
        return read.completed_by(self.earlier.image) if self.earlier else read

    @property
    def imaged(self) -> bool:
        """Whether :attr:`image` is known already."""
        return "image" in vars(self)

    @property
    def holder(self) -> str | None:
        """idNat_PS of the holder: as read on the card, else as the bench knows it."""
        return self.image.info.national_id if self.image.info else self.declared_holder


def _place(step: Step, command: CardCommand) -> tuple[bytes, int]:
    if command.head[2] & 0x80:  # short identifier: EF.SN is 1C (sheet §7)
        return b"SFI" + bytes((command.head[2] & 0x1F,)), command.head[3]
    return step.path, command.parameters


def _joined(parts: Mapping[int, bytes]) -> bytes:
    data = bytearray()
    for offset in sorted(parts):
        if offset > len(data):
            break
        data[offset:] = parts[offset]
    return bytes(data)
