"""``segur-bench serve``: simulators up until Ctrl-C, then the report."""

from __future__ import annotations

import signal
import threading

from rich.console import Console

from bench.campaign import (
    CampaignResult,
    Settings,
    campaign_folder,
    conclude,
    mark_start,
    start_platform,
)
from bench.restarts import RESTARTED
from rules.exchange import Exchange


def serve_until_interrupted(
    settings: Settings, console: Console, stop: threading.Event | None = None
) -> CampaignResult:
    """Serve, print each exchange as it comes, conclude when ``stop`` is set (Ctrl-C).

    Raises BenchEnvironmentError when the simulators cannot start.
    """
    stop = stop or threading.Event()
    folder = campaign_folder(settings.folder)
    platform = start_platform(settings, folder)
    try:
        if platform.kernel.journal.marks("campaign-started"):
            platform.kernel.journal.mark(RESTARTED, platform.kernel.clock.now(), {})
        else:
            mark_start(platform, settings, "observation")
        _introduce(console, platform.descriptor, folder)
        platform.kernel.journal.subscribe(lambda exchange: _show(console, exchange))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
        return conclude(platform.kernel.journal, folder, settings.expected)
    finally:
        platform.stop()


def _introduce(console: Console, descriptor: dict[str, object], folder: object) -> None:
    where = f"Environnement : {folder}/environnement.json"
    console.print(where, soft_wrap=True, highlight=False, markup=False)
    console.print_json(data=descriptor)
    console.print("Le banc observe. Ctrl-C termine par le rapport.", highlight=False)


def _show(console: Console, exchange: Exchange) -> None:
    console.print(
        f"{exchange.started_at:%H:%M:%S} {exchange.service:8} {exchange.operation:40} "
        f"{exchange.outcome.value} {exchange.error_code or ''}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
