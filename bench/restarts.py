"""What a journal cannot know by itself: where a campaign ends, answers that died with the bench.

A product that stops lets its cards go, and its last connections: what it sends once
the last scenario is over belongs to no campaign. The end is marked.

An exchange is durable before its answer leaves. When the bench is killed in
between, the journal says « accepted » though the product never read it, and the
product rightly sends again. A restart is marked; the exchange that was the last
of its connection before it, and that came again afterwards, had no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

from rules.exchange import Exchange, Outcome
from simulators.journal import Mark

RESTARTED = "bench-restarted"
"""Kind of the mark that a bench writes when it opens a campaign that had begun."""

ENDED = "campaign-ended"
"""Kind of the mark that a campaign writes after its last scenario."""


def until_end(exchanges: Sequence[Exchange], marks: Iterable[Mark]) -> tuple[Exchange, ...]:
    """The exchanges of a campaign: those after its end are left out, if it was marked."""
    end = next((m.position for m in marks if m.kind == ENDED), None)
    return tuple(e for e in exchanges if end is None or e.position <= end)


def without_lost_answers(
    exchanges: Sequence[Exchange], marks: Iterable[Mark]
) -> tuple[Exchange, ...]:
    """The same exchanges, those whose answer was lost in a restart left unanswered."""
    lost = {e.id for m in marks if m.kind == RESTARTED for e in _lost(exchanges, m.position)}
    return tuple(_unanswered(e) if e.id in lost else e for e in exchanges)


def _lost(exchanges: Sequence[Exchange], position: int) -> Iterable[Exchange]:
    """Those in flight when the bench stopped at a position, which were sent again."""
    last = {(e.service, e.peer): e for e in exchanges if e.position <= position}
    again = {_said(e) for e in exchanges if e.position > position}
    # A dialogue with a card is made of the same few commands: coming again tells nothing.
    asked = [e for e in last.values() if e.service != "cards" and e.accepted and e.request.body]
    return [e for e in asked if _said(e) in again]


def _said(exchange: Exchange) -> tuple[str, str, bytes]:
    return exchange.service, exchange.operation, sha256(exchange.request.body).digest()


def _unanswered(exchange: Exchange) -> Exchange:
    return replace(exchange, outcome=Outcome.UNANSWERED, answered_at=None, response=None)
