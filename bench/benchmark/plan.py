"""How many of everything a benchmark does: every loop of it is bounded here."""

from __future__ import annotations

from dataclasses import dataclass

SEED = 1
"""Seed of the world that is measured."""
WAIT = 60.0
"""Seconds after which a process that says nothing, or an answer that does not come, is given up."""
CAMPAIGN_WAIT = 600.0
"""Seconds after which a campaign is given up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Counts of one benchmark.

    ``messages`` distinct deposits and mails are written once and sent again at each
    of the ``runs``, on a bench that was reset; a bare server, which is faster, is
    given them ``repeats`` times so that its runs last long enough to be timed.
    """

    messages: int = 80
    clients: int = 8
    runs: int = 5
    repeats: int = 5
    starts: int = 5
    campaigns: int = 3
    round_trips: int = 300
    patients: int = 8


FULL = Plan()
QUICK = Plan(messages=24, runs=3, starts=3, campaigns=1, round_trips=100, patients=4)
