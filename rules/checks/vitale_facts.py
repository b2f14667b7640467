"""Cartes Vitale in a journal: what was read of them, and the searches made with them.

Facts only; the CD checks decide what they mean.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from rules.artefact import MalformedError
from rules.checks.card_facts import story
from rules.checks.card_presence import Presence
from rules.exchange import Exchange
from rules.formats import apdu
from rules.formats.insi import CardSearch
from rules.formats.vitale import VitaleContent, read_templates, read_vitale
from rules.identities import Act, acts
from rules.judge import JournalView

_SEARCH = "identity.search_insi"


@dataclass(frozen=True)
class VitaleReading:
    """A card read: number, content, and the exchange that ended the reading."""

    exchange: Exchange
    number: str
    content: VitaleContent


@dataclass(frozen=True)
class VitaleStory:
    """Readings of cartes Vitale in order, and the cards in readers."""

    readings: tuple[VitaleReading, ...]
    presences: tuple[Presence, ...]

    def last(self, position: int) -> VitaleReading | None:
        """The last reading before a position."""
        rank = bisect_right(self.readings, position, key=lambda r: r.exchange.position)
        return self.readings[rank - 1] if rank else None

    def present(self, position: int) -> Presence | None:
        """The card in a reader at a position."""
        return next((p for p in reversed(self.presences) if p.during(position)), None)

    def content(self, number: str) -> VitaleContent | None:
        """What was ever read of a card."""
        return next((r.content for r in self.readings if r.number == number), None)


@dataclass(frozen=True)
class Search:
    """A RECVITALE sent during a gesture, with the reading it comes from."""

    act: Act
    exchange: Exchange
    sent: CardSearch
    reading: VitaleReading


def vitale_story(view: JournalView) -> VitaleStory:
    """Readings by the API and by public files: use :meth:`JournalView.derived`."""
    told = view.derived(story)
    found = [
        VitaleReading(exchange, call.card, content)
        for exchange, call, _ in told.calls
        if call.function == apdu.READING and call.code == 0
        if (content := _content(call.content)) is not None
    ]
    for presence in told.vitales:
        content = read_templates(presence.files.values())
        if content is not None:
            found.append(VitaleReading(_last_read(presence), presence.number, content))
    found.sort(key=lambda reading: reading.exchange.position)
    return VitaleStory(tuple(found), tuple(told.vitales))


def _content(xml: bytes) -> VitaleContent | None:
    # Bytes that cannot be read were sent by the bench: the software has nothing to answer for.
    try:
        return read_vitale(xml)
    except MalformedError:
        return None


def _last_read(presence: Presence) -> Exchange:
    return [s.exchange for s, c in presence.commands if c.instruction == apdu.READ_BINARY][-1]


def searches(view: JournalView) -> tuple[Search, ...]:
    """Searches by card whose card was read in this journal."""
    told = view.derived(vitale_story)
    return tuple(
        Search(act, call, sent, reading)
        for act in view.derived(acts)
        if by_card(act)
        for call in act.calls
        for sent in view.reading(call).every(CardSearch)
        if (reading := told.last(call.position)) is not None
    )


def by_card(act: Act) -> bool:
    """Whether a gesture asks INSi with the carte Vitale."""
    return act.gesture.name == _SEARCH and act.gesture.parameters.get("source") == "vitale"
