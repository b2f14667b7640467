"""The cards of a platform: one reader per professional with his CPS, one for cartes Vitale."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from simulators.cards import faults, journaling
from simulators.cards.apilec import configuration
from simulators.cards.apilec.listener import ApiLec
from simulators.cards.changes import Changes
from simulators.cards.deck import CPS, VITALE, Deck, first_row
from simulators.cards.journaling import Place
from simulators.cards.readers import Slot
from simulators.cards.session import Session
from simulators.cards.state import CardRow, CardStore, ReaderRow
from simulators.errors import SettingsError
from simulators.journal import new_id
from simulators.kernel import Kernel, Listener, StreamListener
from simulators.store import Unit

VITALE_READER = "Banc Vitale 00"
API = "cards-apilec"
API_FOLDER = "cartes/api_lec"
ACCESS = ("banc", "pcsc", "pkcs11")


class CardsService:
    """Readers on sockets, their cards, and the reading API of the carte Vitale."""

    name = faults.SERVICE
    faults = faults.FAULTS

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._deck = Deck(kernel)
        self._settings = _settings(kernel)
        self._slots = {
            name: Slot(kernel, partial(Session, kernel, self._deck, name))
            for name in _readers(kernel)
        }
        self._api = ApiLec(kernel, self._deck, VITALE_READER)

    def listeners(self) -> Sequence[Listener]:
        """One address per reader, one for the reading API."""
        readers = (
            StreamListener(_listener(name), self._starting(name, slot), tls=False)
            for name, slot in self._slots.items()
        )
        return (*readers, StreamListener(API, self._api.start, tls=False))

    def prepare(self, unit: Unit) -> None:
        """Every card in its reader; the other cartes Vitale wait outside."""
        self._deck.clear()
        store = CardStore(unit.connection, self._kernel.campaign)
        expected = _readers(self._kernel)
        cards = [*(c for c in expected.values() if c), *self._vitales()]
        for card in dict.fromkeys(cards):
            if store.card(card) is None:
                store.put_card(first_row(card))
        for name, card in expected.items():
            if store.reader(name) is None:
                store.put_reader(ReaderRow(name, card, plugged=True, insertion=new_id()))
        self._look_again()

    def describe(self) -> Mapping[str, Any]:
        """The part ``cartes`` of the descriptor; the folder of ``Hn_Init`` is written too."""
        api = self._kernel.addresses[API]
        if self._kernel.folder is not None:
            configuration.write(self._kernel.folder / API_FOLDER, api)
        readers = [self._described(name, card) for name, card in _readers(self._kernel).items()]
        return {
            "cartes": {
                "acces": self._settings["acces"],
                "pkcs11": self._settings["pkcs11"],
                "api_lec": self._settings["api_lec"],
                "lecteurs": readers,
                "api_lecture": {
                    "hote": api.host,
                    "port": api.port,
                    "configuration": API_FOLDER,
                },
            }
        }

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Readers, cards and what the cards remember."""
        store = CardStore(unit.connection, self._kernel.campaign)
        return {
            "lecteurs": {
                row.name: {"carte": row.card, "branche": row.plugged} for row in store.readers()
            },
            "cartes": {row.name: self._shown(row) for row in store.cards()},
        }

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """Insert, withdraw, swap, vary cards (see :mod:`simulators.cards.changes`)."""
        store = CardStore(unit.connection, self._kernel.campaign)
        before = self._places(store)
        Changes(store, self._deck).apply(change)
        after = self._places(store)
        self._record(unit, journaling.REMOVED, before, after)
        self._record(unit, journaling.INSERTED, after, before)
        self._look_again()

    def _places(self, store: CardStore) -> dict[str, Place]:
        """Where each card is, by insertion."""
        found: dict[str, Place] = {}
        for row in store.readers():
            card = store.card(row.card) if row.present and row.card else None
            if card is not None:
                chip, holder = self._deck.chip(card).card, self._deck.holder(card.name)
                national_id = holder.national_id if holder else None
                found[row.insertion] = Place(row.name, chip.serial, chip.family, national_id)
        return found

    def _record(
        self, unit: Unit, event: str, there: Mapping[str, Place], other: Mapping[str, Place]
    ) -> None:
        for insertion, place in there.items():
            if insertion not in other:
                self._kernel.journal.record(unit, journaling.event(self._kernel, place, event))

    def _look_again(self) -> None:
        for one in (*self._slots.values(), self._api):
            one.recheck()

    def _shown(self, row: CardRow) -> Mapping[str, Any]:
        card = self._deck.chip(row).card
        return {
            "variante": row.variant,
            "famille": card.family,
            "numero": card.serial,
            **_counters(card.state()),
            **({"modifications": dict(row.overrides)} if row.overrides else {}),
        }

    def _described(self, name: str, card: str | None) -> dict[str, Any]:
        address = self._kernel.addresses[_listener(name)]
        described: dict[str, Any] = {"nom": name, "hote": address.host, "port": address.port}
        holder = self._deck.holder(card or "")
        if holder is None:
            return {**described, "carte": VITALE}
        return {**described, "carte": CPS, "professionnel": holder.national_id}

    def _vitales(self) -> tuple[str, ...]:
        return tuple(one.name for one in self._kernel.world.vitales)

    def _starting(self, name: str, slot: Slot) -> Any:
        async def start(bound: socket.socket, context: ssl.SSLContext) -> asyncio.Server:
            server = await slot.start(bound, context)
            vpcd = self._settings["vpcd"]
            rank = (next(iter(self._slots)), VITALE_READER)
            if vpcd is not None and name in rank:
                slot.dial(vpcd[0], vpcd[1] + rank.index(name))
            return server

        return start


def _counters(memory: Mapping[str, Any]) -> dict[str, Any]:
    """What a card remembers, without its codes."""
    shown: dict[str, Any] = {
        f"essais_{code}": memory[code]["essais_restants"]
        for code in ("porteur", "deblocage")
        if code in memory
    }
    if "fichiers" in memory:
        shown["fichiers"] = memory["fichiers"]
    return shown


def _readers(kernel: Kernel) -> dict[str, str | None]:
    """Readers and the card first in them."""
    world = kernel.world
    readers: dict[str, str | None] = {
        f"Banc CPS {rank:02d}": f"{CPS}-{who.national_id}"
        for rank, who in enumerate(world.professionals)
    }
    readers[VITALE_READER] = world.vitales[0].name if world.vitales else None
    return readers


def _listener(reader: str) -> str:
    return "cards-" + reader.removeprefix("Banc ").lower().replace(" ", "-")


def _settings(kernel: Kernel) -> dict[str, Any]:
    """The part ``cartes`` of the settings: ``acces``, ``pkcs11``, ``api_lec``, ``vpcd``.

    ``vpcd`` is ``host:port`` of a running vpcd: the first CPS goes in its first reader,
    the carte Vitale in its second. Raises SettingsError.
    """
    told = cast("Mapping[str, Any]", kernel.settings.get("cartes") or {})
    access = told.get("acces", "banc")
    if access not in ACCESS:
        raise SettingsError(f"« {access} » n'est pas un accès aux cartes : {', '.join(ACCESS)}.")
    vpcd = told.get("vpcd")
    return {
        "acces": access,
        "pkcs11": told.get("pkcs11"),
        "api_lec": told.get("api_lec"),
        "vpcd": None if vpcd is None else _address(str(vpcd)),
    }


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65535:
        raise SettingsError(f"« {text} » n'est pas l'adresse d'un vpcd : donnez hôte:port.")
    return host, int(port)
