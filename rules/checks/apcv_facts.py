"""What happened with the appli carte Vitale in a journal: contexts, and the gestures around.

Facts only, asked by ``view.derived``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rules.exchange import Exchange
from rules.formats.apcv import ApcvRequest
from rules.formats.apcv_answer import OK, ApcvAnswer
from rules.formats.apcv_names import AUTHENTICATE, RESTORE
from rules.formats.gesture import Gesture
from rules.identities import Act, acts
from rules.judge import JournalView


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
    known = view.derived(calls)
    for act in view.derived(acts):
        if act.gesture.name != "apcv.qualify":
            continue
        professional = act.gesture.parameters.get("professionnel")
        before = [
            call
            for call in known
            if call.opened is not None
            and call.exchange.position < act.exchange.position
            and call.professional == professional
        ]
        if before:
            yield Qualification(act, before[-1])


def gestures(view: JournalView, *names: str) -> Iterator[tuple[Exchange, Gesture]]:
    """Gestures of the driver by their names."""
    for exchange in view.of("lgc", *names):
        gesture = view.reading(exchange).first(Gesture)
        if gesture is not None:
            yield exchange, gesture
