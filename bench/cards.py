"""``segur-bench cards``: being a card for pcscd, the reading API, the list of variants."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

from bench.errors import BenchEnvironmentError, UsageError
from simulators.cards import variants, vitale
from simulators.cards.apilec.building import build
from simulators.cards.card import Card
from simulators.cards.errors import CardError
from simulators.cards.export import read_card, write_card
from simulators.cards.host import CardInReader, insert


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
    try:
        inserted.serve(lambda: write_card(card, image))
    except CardError as error:
        raise BenchEnvironmentError(str(error)) from error
    if not asked.is_set():
        raise BenchEnvironmentError(f"Le lecteur {vpcd} a disparu : pcscd est-il arrêté ?")


def _insert(card: Card, host: str, port: int) -> CardInReader:
    try:
        return insert(card, host, port)
    except CardError as error:
        raise BenchEnvironmentError(str(error)) from error


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
