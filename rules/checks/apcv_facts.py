"""What happened with the appli carte Vitale in a journal: contexts, and the gestures around.

Facts only, asked by ``view.derived``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from rules.exchange import Exchange
from rules.formats.apcv import ApcvRequest
from rules.formats.apcv_answer import OK, ApcvAnswer
from rules.formats.apcv_names import AUTHENTICATE, RESTORE
from rules.formats.gesture import Gesture
from rules.identities import Act, acts
from rules.judge import JournalView

EXIGENCES = ("ApCV/va1.01", "SC.APCV.01")
"""The agrément, of each wave: what the service asks of its callers."""


@dataclass(frozen=True)
class Call:
    """A request with its answer; ``answer`` is None for a fault or none."""

    exchange: Exchange
    request: ApcvRequest
    answer: ApcvAnswer | None

    @property
    def professional(self) -> str | None:
        """NameID of the assertion."""
        return self.request.assertion.saml.name_id if self.request.assertion else None

    @property
    def opened(self) -> ApcvAnswer | None:
        """The answer that gave a context, by an authentication or a restitution."""
        given = self.answer if self.request.operation in (AUTHENTICATE, RESTORE) else None
        return given if given is not None and given.code == OK and given.context_id else None

    @property
    def done(self) -> bool:
        """Whether it was answered CodeStatut 0."""
        return self.answer is not None and self.answer.code == OK

    def valid_at(self, at: datetime) -> bool:
        """Whether the context that was opened still runs."""
        opened = self.opened
        return opened is not None and (opened.ends is None or at < opened.ends)


def calls(view: JournalView) -> tuple[Call, ...]:
    """Every call in order."""
    return tuple(
        Call(exchange, request, view.reading(exchange).first(ApcvAnswer))
        for exchange, request in view.artefacts(ApcvRequest, "apcv")
    )


@dataclass(frozen=True)
class Qualification:
    """A gesture ``apcv.qualify`` with the profile the software had for this professional."""

    act: Act
    source: Call

    @property
    def rank(self) -> int:
        """Which person was chosen: 0 the holder."""
        asked = self.act.gesture.parameters.get("individu")
        return asked if isinstance(asked, int) else 0

    @property
    def profile(self) -> ApcvAnswer:
        """What was last answered."""
        opened = self.source.opened
        assert opened is not None
        return opened


def qualifications(view: JournalView) -> tuple[Qualification, ...]:
    """Every ``apcv.qualify`` whose reading is in the journal."""
    return tuple(_qualifications(view))


def _qualifications(view: JournalView) -> Iterator[Qualification]:
    for act in view.derived(acts):
        if act.gesture.name != "apcv.qualify":
            continue
        professional = act.gesture.parameters.get("professionnel")
        source = opened_for(view, professional, act.exchange.position)
        if source is not None:
            yield Qualification(act, source)


ADDED = "\t\r\n"
"""What a scanner adds after the text."""
TYPED = f" {ADDED}"
"""What no whole text begins or ends with (sheet §2): trimming it is harmless."""
_ON_PAGE = re.compile(r'<code id="texte">(.*?)</code>', re.DOTALL)


def scanned(gesture: Gesture) -> str | None:
    """The text that ``apcv.read`` gave, without what the scanner adds."""
    text = gesture.parameters.get("donnees")
    return text.strip(TYPED) if isinstance(text, str) else None


def spellings(text: str) -> tuple[str, str]:
    """A text that was scanned, trimmed or not: cut short, it may end with a space of its own."""
    return text.strip(TYPED), text.strip(ADDED)


def given(view: JournalView) -> tuple[str, ...]:
    """Every text that a scanner gave, or that the bench's phone showed, in order."""
    return tuple(_given(view))


def _given(view: JournalView) -> Iterator[str]:
    for _, gesture in gestures(view, "apcv.read"):
        yield from spellings(str(gesture.parameters.get("donnees") or ""))
    for exchange in view.of("apcv", "telephone", "ecran"):
        told = exchange.response.body.decode("utf-8", "replace") if exchange.response else ""
        if exchange.operation == "telephone":
            yield from spellings(told)
        else:
            yield from map(unescape, _ON_PAGE.findall(told))


def opened_for(view: JournalView, professional: object, position: int) -> Call | None:
    """The last call that gave this professional a context before a position."""
    before = [
        call
        for call in view.derived(calls)
        if call.opened is not None
        and call.exchange.position < position
        and call.professional == professional
    ]
    return before[-1] if before else None


def gestures(view: JournalView, *names: str) -> Iterator[tuple[Exchange, Gesture]]:
    """Gestures of the driver by their names."""
    for exchange in view.of("lgc", *names):
        gesture = view.reading(exchange).first(Gesture)
        if gesture is not None:
            yield exchange, gesture
