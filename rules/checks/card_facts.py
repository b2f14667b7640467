"""The story of the cards in a journal: which card was where, what was asked of it, by whom.

Facts only, from one linear reading; the CD checks decide what they mean. A gesture is
journaled after the commands it caused: a command belongs to the next gesture when
that one had begun.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from rules.checks.card_presence import Act, Presence, Step
from rules.exchange import Exchange
from rules.formats import apdu
from rules.formats.apdu import ApiCall, CardArtefact, CardCommand, CardEvent
from rules.formats.gesture import Gesture
from rules.judge import JournalView

_NEARBY = 8
"""Gestures looked at after a command: several scenarios may run at once."""
_VITALE = "Vitale"
SHOWING = frozenset({"card.read_cps", "card.choose_situation"})
"""Gestures whose ``carte`` is all that is on the card."""


@dataclass
class CardStory:
    """Every presence of a CPS, every call of the reading API, every gesture, in order.

    ``acts`` is empty when no driver asked for gestures: a user was at the keyboard.
    """

    acts: tuple[Act, ...]
    presences: list[Presence] = field(default_factory=list)
    vitales: list[Presence] = field(default_factory=list)
    calls: list[tuple[Exchange, ApiCall, Act | None]] = field(default_factory=list)

    @cached_property
    def signatures(self) -> dict[bytes, Step]:
        """Results of private keys, by value."""
        return {
            step.answer: step
            for presence in self.presences
            for step, command in presence.commands
            if command.uses_key and step.answer
        }

    @cached_property
    def _by_number(self) -> dict[str, list[Presence]]:
        found: dict[str, list[Presence]] = {}
        for presence in self.presences:
            found.setdefault(presence.number, []).append(presence)
        return found

    def latest(self, number: str, position: int) -> Presence | None:
        """The last time a card was put in a reader before a position."""
        before = [p for p in self._by_number.get(number, ()) if p.start <= position]
        return before[-1] if before else None

    def latest_of(self, holder: str, position: int) -> Presence | None:
        """The last time a card of a holder (idNat_PS) was put in a reader before a position."""
        found = (p for p in reversed(self.presences) if p.start <= position)
        return next((p for p in found if p.holder == holder), None)

    def successor(self, number: str, position: int) -> Presence | None:
        """The card that took the reader a card had left, and was there at a position."""
        former = self.latest(number, position)
        if former is None or former.end is None:
            return None
        end = former.end
        after = (p for p in self.presences if p.reader == former.reader and p.start >= end)
        return next((p for p in after if p.during(position)), None)

    def announced(self) -> Iterator[tuple[Act, Presence]]:
        """Gestures that say a card read, with the card of that number that was in a reader.

        Closing a session and unblocking show what may be read without a code, no more.
        """
        for act in self.acts:
            number = act.card.get("numero") if act.gesture.name in SHOWING else None
            found = (p for p in self.present(act) if p.number == number) if number else ()
            for presence in list(found)[:1]:
                yield act, presence

    def present(self, act: Act) -> list[Presence]:
        """The CPS that were in readers while a gesture went on."""
        first = self._beginnings.get(act.position, act.position)
        return [p for p in self.presences if p.overlaps(first, act.position)]

    def steps_of(self, act: Act) -> list[tuple[Presence, Step]]:
        """What was asked of CPS during a gesture."""
        return self._steps.get(act.position, [])

    @cached_property
    def _steps(self) -> dict[int, list[tuple[Presence, Step]]]:
        found: dict[int, list[tuple[Presence, Step]]] = {}
        for presence in self.presences:
            for step in presence.steps:
                if step.act is not None:
                    found.setdefault(step.act.position, []).append((presence, step))
        return found

    @cached_property
    def _beginnings(self) -> dict[int, int]:
        """Position of the first command of each gesture."""
        return {
            position: min(step.exchange.position for _, step in steps)
            for position, steps in self._steps.items()
        }


def story(view: JournalView) -> CardStory:
    """The story of a journal, told once: use :meth:`JournalView.derived`."""
    acts = tuple(Act(exchange, gesture) for exchange, gesture in view.artefacts(Gesture, "lgc"))
    teller = _Teller(CardStory(acts), [act.position for act in acts])
    for exchange, artefact in view.artefacts(CardArtefact, "cards"):
        teller.hear(exchange, artefact)
    return teller.story


@dataclass
class _Slot:
    """A reader while the journal is read."""

    presence: Presence | None = None
    selected: bytes = b""
    keys: dict[int, int] = field(default_factory=dict)
    last: Step | None = None

    def forget(self) -> None:
        self.selected, self.keys, self.last = b"", {}, None


class _Teller:
    def __init__(self, told: CardStory, positions: list[int]) -> None:
        self.story = told
        self._positions = positions
        self._slots: dict[str, _Slot] = {}
        self._latest: dict[str, Presence] = {}

    def hear(self, exchange: Exchange, artefact: CardArtefact) -> None:
        slot = self._slots.setdefault(artefact.reader, _Slot())
        if isinstance(artefact, ApiCall):
            self.story.calls.append((exchange, artefact, self._act(exchange)))
        elif isinstance(artefact, CardEvent):
            self._event(slot, exchange, artefact)
        elif isinstance(artefact, CardCommand):
            self._command(slot, exchange, artefact)

    def _event(self, slot: _Slot, exchange: Exchange, event: CardEvent) -> None:
        if event.name == apdu.INSERTED:
            self._insert(slot, exchange, event)
        elif event.name == apdu.REMOVED:
            self._remove(slot, exchange)
        elif event.name in apdu.POWERED and slot.presence is not None:
            slot.forget()
            slot.presence.steps.append(Step(exchange, None, self._act(exchange)))

    def _insert(self, slot: _Slot, exchange: Exchange, seen: CardArtefact) -> None:
        self._remove(slot, exchange)
        presence = Presence(
            seen.reader, seen.card, seen.family, exchange.position, exchange.started_at
        )
        presence.declared_holder = exchange.correlation.professional
        slot.presence = presence
        if seen.family == _VITALE:
            self.story.vitales.append(presence)
            return
        presence.earlier = self._latest.get(seen.card)
        self._latest[seen.card] = presence
        self.story.presences.append(presence)

    def _remove(self, slot: _Slot, exchange: Exchange) -> None:
        if slot.presence is not None:
            slot.presence.end = exchange.position
        slot.presence = None
        slot.forget()

    def _command(self, slot: _Slot, exchange: Exchange, command: CardCommand) -> None:
        if slot.presence is None or slot.presence.number != command.card:
            self._insert(slot, exchange, command)
        assert slot.presence is not None
        if command.instruction == apdu.GET_RESPONSE and slot.last is not None:
            slot.last.answer += command.answer
            slot.presence.steps.append(Step(exchange, command, self._act(exchange)))
            return
        step = Step(exchange, command, self._act(exchange), slot.selected, answer=command.answer)
        _follow(slot, step, command)
        slot.last = step
        slot.presence.steps.append(step)

    def _act(self, exchange: Exchange) -> Act | None:
        first = bisect_left(self._positions, exchange.position)
        near = self.story.acts[first : first + _NEARBY]
        return next((act for act in near if act.covers(exchange)), None)


def _follow(slot: _Slot, step: Step, command: CardCommand) -> None:
    """Keep the selected file and the keys chosen, as the card does."""
    if command.instruction == apdu.SELECT and command.done:
        slot.selected = _selected(slot.selected, command)
    elif command.instruction == apdu.MANAGE_SECURITY_ENVIRONMENT:
        # A key refused for what it is asked is chosen all the same, as far as CD-07 goes.
        reference = _key_reference(command.data)
        if reference is not None:
            slot.keys[command.head[3]] = reference
    elif command.uses_key:
        template = 0xB6 if command.signs else 0xA4 if command.authenticates else 0xB8
        step.key = slot.keys.get(template)


def _selected(current: bytes, command: CardCommand) -> bytes:
    by = command.head[2]
    if by == 0x04:
        return b""  # an application: the paths that follow begin there
    if by in (0x08, 0x09):
        return command.data.removeprefix(b"\x3f\x00")
    if command.data == b"\x3f\x00":
        return b""
    return current[:-2] + command.data if by == 0x02 else command.data


def _key_reference(data: bytes) -> int | None:
    """Reference in 84 or 83; CPS4 gives it as the last octet of 91 (sheet §3.5)."""
    at = 0
    while at + 2 <= len(data):
        tag, value = data[at], data[at + 2 : at + 2 + data[at + 1]]
        if tag in (0x83, 0x84, 0x91) and value:
            return value[-1] & 0x7F
        at += 2 + data[at + 1]
    return None
