"""The verdict of what a run sent: its journal, read and judged in another process."""

from __future__ import annotations

import time
from pathlib import Path

from bench.benchmark.capture import CAMPAIGN
from bench.errors import BenchEnvironmentError
from rules.context import Environment
from rules.judge import JournalView, Judgement, circumstances, judge_reading
from simulators.journal import Journal
from simulators.store import Store


def seconds_to_judge(folder: Path, service: str, environment: Environment) -> float:
    """Seconds to read the journal of a run and judge the exchanges of one service.

    This is what a report does after the wire, but for the checks on sequences: messages
    were taken out of the story they belong to. Raises BenchEnvironmentError when
    conformant messages get a finding: the rate would not be that of a conformant run.
    """
    store = Store.in_folder(folder)
    try:
        began = time.perf_counter()
        seen = tuple(e for e in Journal(store, CAMPAIGN).read() if e.service == service)
        judgement = _judged(JournalView(seen), environment)
        elapsed = time.perf_counter() - began
    finally:
        store.close()
    if judgement.fails:
        first = next(f for f in judgement.findings if f.fails)
        raise BenchEnvironmentError(f"La mesure est fausse : {first.check_id}, {first.advice}")
    return elapsed


def _judged(view: JournalView, environment: Environment) -> Judgement:
    judgement = Judgement()
    for index, exchange in enumerate(view.exchanges):
        known = circumstances(view, index, environment)
        judgement += judge_reading(view.reading(exchange), known)
    return judgement
