"""Answers the C library: one connection, one line, one call (see ``api_lec.c``).

What a call is answered without any fault: the error the library found by itself; then for
a reading, LECTEUR (13) when the reader is unplugged, CARTE_INCORRECTE (37) when a CPS is in
the reader, TIMEOUT (25) when no card came in the time given, CARTE_ABSENTE (11) when none
was given, PARAM_TAILLE (55) when the buffer is too small. Hors spécification: which of
these codes answers which cause, and the values of etatCarte.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime

from simulators.cards import faults, journaling
from simulators.cards.apilec.document import document
from simulators.cards.deck import VITALE, Deck, kind_of
from simulators.cards.journaling import Place
from simulators.cards.state import CardStore, ReaderRow
from simulators.faults import Fault
from simulators.kernel import Kernel
from simulators.streams import Protocol, address_of

_log = logging.getLogger("simulators.cards")
INIT, READ, FINISH = "Hn_Init", "Hn_LectureVitaleDonneesIdentification", "Hn_Finir"
PRESENT, SAME, OTHER, ABSENT = range(4)
_LINE = re.compile(
    rb"(?P<function>Hn_Init|Hn_LectureVitaleDonneesIdentification|Hn_Finir) "
    rb"session=(?P<session>[01]) code=(?P<code>\d{1,3}) "
    rb"attente=(?P<wait>\d{1,5}) taille=(?P<room>\d{1,10})"
)
_LIMIT = 1024
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the library told it. ``wait`` in seconds, ``room`` in octets."""

    function: str
    session: bool
    code: int
    wait: int
    room: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The arguments, as the journal keeps them."""
        if self.function != READ:
            return ()
        return (("Attente", str(self.wait)), ("Taille", str(self.room)))


@dataclass(frozen=True, slots=True)
class Result:
    """What a call returns."""

    code: int
    state: int = ABSENT
    content: bytes = b""

    @property
    def octets(self) -> bytes:
        """The answer on the line."""
        head = f"CODE {self.code} ETAT {self.state} TAILLE {len(self.content)}\n"
        return head.encode("ascii") + self.content


class ApiLec:
    """The reading API of one reader."""

    def __init__(self, kernel: Kernel, deck: Deck, reader: str) -> None:
        self._kernel = kernel
        self._deck = deck
        self._reader = reader
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._last: str | None = None

    async def start(self, bound: socket.socket, _context: ssl.SSLContext) -> asyncio.Server:
        """Listen for libraries."""
        loop = self._loop = asyncio.get_running_loop()

        def connect() -> Protocol:
            return Protocol(asyncio.StreamReader(_LIMIT, loop=loop), self._serve, loop=loop)

        return await loop.create_server(connect, sock=bound)

    def recheck(self) -> None:
        """From any thread: a reading that waits for a card looks again."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                line = await reader.readuntil(b"\n")
            answer = await self._answer(line.rstrip(b"\r\n"), address_of(writer.transport))
            if answer is None:
                await reader.read()  # « muet »: until the library gives up
            else:
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, TimeoutError):
            _log.debug("appel d'API de lecture abandonné")
        except Exception:
            _log.exception("appel d'API de lecture interrompu")
        finally:
            writer.close()

    async def _answer(self, line: bytes, peer: str) -> bytes | None:
        started = self._kernel.clock.now()
        call = read_call(line)
        if call is None:
            return await asyncio.to_thread(self._unreadable, line, peer, started)
        fault = faults.of_call(self._kernel, call.function)
        if fault is not None and fault.name == "lent":
            await asyncio.sleep(fault.delay)
        if call.function == READ and not call.code and fault is None:
            await self._wait_for_card(call.wait)
        return await asyncio.to_thread(self._run, call, fault, peer, started)

    async def _wait_for_card(self, seconds: int) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await asyncio.to_thread(self._present):
                    await self._changed.wait()
                    self._changed.clear()
        except TimeoutError:
            return

    def _present(self) -> bool:
        with self._kernel.unit() as unit:  # not a mere reading: after whoever is writing
            row = CardStore(unit.connection, self._kernel.campaign).reader(self._reader)
        return row is not None and (row.present or not row.plugged)

    def _run(self, call: Call, fault: Fault | None, peer: str, started: datetime) -> bytes | None:
        name = fault.name if fault else None
        with self._kernel.unit() as unit:
            store = CardStore(unit.connection, self._kernel.campaign)
            row = store.reader(self._reader)
            place = self._place(store, row, peer)
            result = self._result(store, row, call, name)
            silent = name in ("muet", "couper")
            told = None if silent else (result.code, result.content)
            exchange = self._kernel.journal.record(
                unit,
                journaling.api_call(
                    self._kernel, place, call.function, call.headers, told, started, name
                ),
            )
        self._kernel.journal.announce(exchange)
        if name == "couper":
            return b""
        return None if silent else result.octets

    def _result(
        self, store: CardStore, row: ReaderRow | None, call: Call, fault: str | None
    ) -> Result:
        if call.code:
            return Result(call.code)
        if fault in faults.CODES:
            return Result(faults.CODES[fault], PRESENT if row and row.present else ABSENT)
        if call.function == INIT:
            self._last = None
        if call.function != READ:
            return Result(0, PRESENT if row and row.present else ABSENT)
        return self._reading(store, row, call, fault) if call.session else Result(26)

    def _reading(
        self, store: CardStore, row: ReaderRow | None, call: Call, fault: str | None
    ) -> Result:
        if row is None or not row.plugged:
            return Result(13)
        card = store.card(row.card) if row.card else None
        if card is None:
            return Result(25 if call.wait else 11)
        if kind_of(card.name) != VITALE:
            return Result(37, PRESENT)
        image = self._deck.vitale(card)
        content = document(image, fault)
        if len(content) > call.room:
            return Result(55, PRESENT)
        state = PRESENT if self._last is None else SAME if self._last == image.serial else OTHER
        self._last = image.serial
        return Result(0, state, content)

    def _place(self, store: CardStore, row: ReaderRow | None, peer: str) -> Place:
        card = store.card(row.card) if row and row.present and row.card else None
        if card is None:
            return Place(self._reader, "", "", peer=peer)
        chip = self._deck.chip(card).card
        return Place(self._reader, chip.serial, chip.family, peer=peer)

    def _unreadable(self, line: bytes, peer: str, started: datetime) -> bytes:
        place = Place(self._reader, "", "", peer=peer)
        heard = (("Ligne", line[:200].decode("ascii", "backslashreplace")),)
        self._kernel.journal.append(
            journaling.api_call(self._kernel, place, "?", heard, (10, b""), started)
        )
        return Result(10).octets


def read_call(line: bytes) -> Call | None:
    """Read the line of a call; None when it is none."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    return Call(
        found["function"].decode("ascii"),
        found["session"] == b"1",
        int(found["code"]),
        int(found["wait"]),
        int(found["room"]),
    )
