"""``segur-bench cards export``: the cards of a campaign as files, for another host."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.campaign import campaign_name, open_store
from bench.errors import BenchEnvironmentError, UsageError
from fixtures.world import make_world
from simulators.cards.errors import CardError
from simulators.cards.export import export
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.journal import Journal
from simulators.kernel import Kernel
from simulators.memory import Memory
from simulators.pki import Pki
from simulators.store import Store


def export_cards(campaign: Path, target: Path | None, store_url: str | None) -> tuple[Path, ...]:
    """Write the cards of a campaign as files, in ``cartes/images`` of its folder by default.

    Raises UsageError, BenchEnvironmentError.
    """
    if store_url is None and not (campaign / "banc.sqlite").is_file():
        raise UsageError(f"{campaign} n'est pas le dossier d'une campagne : banc.sqlite y manque.")
    store = open_store(campaign, store_url)
    try:
        written = export(_kernel(campaign, store, store_url), target or campaign / "cartes/images")
    except CardError as error:
        raise BenchEnvironmentError(str(error)) from error
    finally:
        store.close()
    if not written:
        raise UsageError(f"La campagne {campaign} n'a pas de cartes.")
    return written


def _kernel(campaign: Path, store: Store, store_url: str | None) -> Kernel:
    """What cards need of a bench, without starting it."""
    name = campaign_name(campaign, store_url)
    memory = Memory(store, name)
    seed = int(memory.get("graine", 1))
    world = make_world(seed)
    pki = Pki(seed, None, datetime.now(UTC), world)
    pki.year = memory.get("annee", pki.year)
    return Kernel(name, seed, Clock(), store, Journal(store, name), pki, Faults(seed), world)
