"""``segur-bench cards``: being a card for pcscd, cards as files, the reading API."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.campaign import campaign_name, open_store
from bench.errors import BenchEnvironmentError, UsageError
from fixtures.world import make_world
from simulators.cards import variants, vitale
from simulators.cards.apilec.building import build
from simulators.cards.card import Card
from simulators.cards.errors import CardError
from simulators.cards.export import export, read_card, write_card
from simulators.cards.host import CardInReader, insert
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.journal import Journal
from simulators.kernel import Kernel
from simulators.memory import Memory
from simulators.pki import Pki
from simulators.store import Store


def host_card(image: Path, vpcd: str, say: Callable[[str], None]) -> None:
    """Be the card of a file in a vpcd until Ctrl-C; its counters stay in the file.

    Raises UsageError, BenchEnvironmentError.
    """
    host, port = _address(vpcd)
    try:
        card = read_card(image)
    except CardError as error:
        raise UsageError(str(error)) from error
    inserted = _insert(card, host, port)
    asked = threading.Event()

    def withdraw(*_: object) -> None:
        asked.set()
        inserted.withdraw()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, withdraw)
    say(f"Carte {card.family} {card.serial} dans le lecteur {vpcd}. Ctrl-C la retire.")
    inserted.serve(lambda: write_card(card, image))
    if not asked.is_set():
        raise BenchEnvironmentError(f"Le lecteur {vpcd} a disparu : pcscd est-il arrêté ?")


def _insert(card: Card, host: str, port: int) -> CardInReader:
    try:
        return insert(card, host, port)
    except CardError as error:
        raise BenchEnvironmentError(str(error)) from error


def export_cards(campaign: Path, target: Path | None, store_url: str | None) -> tuple[Path, ...]:
    """Write the cards of a campaign as files, in ``cartes/images`` of its folder by default.

    Raises UsageError, BenchEnvironmentError.
    """
    if store_url is None and not (campaign / "banc.sqlite").is_file():
        raise UsageError(f"{campaign} n'est pas le dossier d'une campagne : banc.sqlite y manque.")
    store = open_store(campaign, store_url)
    try:
        written = export(_kernel(campaign, store, store_url), target or campaign / "cartes/images")
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


def build_api(target: Path, compiler: str) -> Path:
    """Compile the reading API of the carte Vitale; raises BenchEnvironmentError."""
    try:
        return build(target, compiler)
    except CardError as error:
        raise BenchEnvironmentError(str(error)) from error


def known_variants() -> tuple[tuple[str, str, str], ...]:
    """Every variant: kind of card, name, French description."""
    cps = (("CPS", name, told) for name, (told, _) in variants.VARIANTS.items())
    return (*cps, *(("Vitale", name, told) for name, told in vitale.VARIANTS.items()))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()):
        raise UsageError(f"« {text} » n'est pas une adresse : donnez hôte:port.")
    return host, int(port)
