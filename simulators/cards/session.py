"""One reader side in one reader: power, commands, what a fault makes of them.

No socket here: :mod:`simulators.cards.readers` carries what is decided here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from rules.exchange import Exchange
from simulators.cards import faults, journaling
from simulators.cards.deck import Chip, Deck
from simulators.cards.iso7816 import instruction_name
from simulators.cards.journaling import Place
from simulators.cards.state import CardStore, ReaderRow
from simulators.faults import Fault
from simulators.journal import new_id
from simulators.kernel import Kernel
from simulators.store import Unit

_log = logging.getLogger("simulators.cards")
_INTERNAL = b"\x6f\x00"
_ONE_MORE = b"\x61\x01"
_GET_RESPONSE = bytes.fromhex("00C0000000")
_SILENT = ("muet", "couper", faults.POWER_LOSS, faults.WITHDRAWN, faults.UNPLUGGED)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: ``answer`` or None; then the line is cut, or nothing more is said."""

    answer: bytes | None = None
    cut: bool = False
    mute: bool = False


GONE = Reply(cut=True)
"""The card is no longer the one this session spoke to."""


class Session:
    """The dialogue with the card that was in a reader when the connection opened."""

    def __init__(self, kernel: Kernel, deck: Deck, reader: str, peer: str) -> None:
        self._kernel = kernel
        self._deck = deck
        self._reader = reader
        self._peer = peer
        self._insertion: str | None = None
        self._card = ""
        self._powered = False
        self._hashed: bytes | None = None
        self._trickle: list[bytes] = []
        self._storm: str | None = None

    def open(self) -> ReaderRow | None:
        """Take the card that is there; the reader as it is, None when it is unknown."""
        with self._kernel.store.reading() as connection:
            row = CardStore(connection, self._kernel.campaign).reader(self._reader)
        self._insertion = row.insertion if row is not None and row.present else None
        return row

    def holds(self) -> bool:
        """Whether the card of this session is still there, once others have committed."""
        with self._kernel.unit() as unit:
            return self._chip(unit) is not None

    def atr(self) -> Reply:
        """The answer to reset; a reader that polls it changes nothing."""
        with self._kernel.unit() as unit:
            chip = self._chip(unit)
            return Reply(chip.card.getATR()) if chip else GONE

    def power(self, *, on: bool, again: bool = False) -> Reply:
        """Supply or cut the card, or reset it (``again``)."""
        with self._kernel.unit() as unit:
            chip = self._chip(unit)
            if chip is None:
                return GONE
            name = self._switch(chip, on=on, again=again)
            told = self._event(unit, chip, name) if name else None
        self._announce(told)
        return Reply()

    def leave(self) -> None:
        """The reader side is gone: the card loses its supply."""
        if self._powered:
            self.power(on=False)

    def fault_of(self, command: bytes) -> Fault | None:
        """The fault that strikes this command, if any."""
        return faults.of_command(self._kernel, instruction_name(command), command)

    def answer(self, command: bytes, fault: Fault | None) -> Reply:
        """What the card answers under a fault; journaled with the card's memory."""
        started = self._kernel.clock.now()
        with self._kernel.unit() as unit:
            chip = self._chip(unit)
            if chip is None:
                return GONE
            # A chip without supply says nothing: the reader side forgot to power it.
            reply = self._run(unit, chip, command, fault) if self._powered else GONE
            shown = None if reply.cut or reply.mute else reply.answer
            name = fault.name if fault else self._storm
            told = [
                self._kernel.journal.record(
                    unit,
                    journaling.apdu(self._kernel, self._place(chip), command, shown, started, name),
                )
            ]
            told += self._aftermath(unit, chip, fault)
        self._announce(*told)
        return reply

    # What a command does

    def _run(self, unit: Unit, chip: Chip, command: bytes, fault: Fault | None) -> Reply:
        name = fault.name if fault else ""
        if name in _SILENT:
            return Reply(cut=name != "muet", mute=name == "muet")
        if name in faults.REFUSALS:
            return Reply(faults.REFUSALS[name])
        if self._trickle and command[1:2] == b"\xc0":
            return Reply(self._next_drop())
        self._trickle, self._storm = [], None
        answer = self._executed(unit, chip, command, name)
        if name == faults.STORM:
            answer = self._dripping(chip, answer)
        return Reply(answer, cut=name == "couper-apres-traitement")

    def _executed(self, unit: Unit, chip: Chip, command: bytes, fault: str) -> bytes:
        commands = (command,)
        if fault == faults.WRONG_DIGEST:
            commands = faults.with_another_digest(command, self._hashed)
        if instruction_name(command) == "HASH":
            self._hashed = command
        answer = _INTERNAL
        for one in commands:
            answer = self._execute(chip, one)
        memory = chip.card.state()
        if memory != chip.memory:
            CardStore(unit.connection, self._kernel.campaign).remember(self._card, memory)
            chip.memory = memory
        return answer

    def _execute(self, chip: Chip, command: bytes) -> bytes:
        try:
            return chip.card.execute(command)
        except Exception:
            _log.exception("la carte n'a pas su répondre")
            return _INTERNAL

    def _dripping(self, chip: Chip, answer: bytes) -> bytes:
        """Hold the answer back, to give it one octet at a time."""
        data, word = answer[:-2], answer[-2:]
        while word[:1] == b"\x61":
            more = self._execute(chip, _GET_RESPONSE[:4] + word[1:])
            data, word = data + more[:-2], more[-2:]
        if not data:
            return answer
        self._storm = faults.STORM
        drops = [bytes([octet]) + _ONE_MORE for octet in data]
        drops[-1] = data[-1:] + word
        self._trickle = drops
        return _ONE_MORE

    def _next_drop(self) -> bytes:
        drop = self._trickle.pop(0)
        if not self._trickle:
            self._storm = None
        return drop

    # What a fault leaves behind

    def _aftermath(self, unit: Unit, chip: Chip, fault: Fault | None) -> list[Exchange]:
        name = fault.name if fault and self._powered else ""
        if name == faults.POWER_LOSS:
            self._switch(chip, on=False)
            return [self._event(unit, chip, journaling.UNPOWERED, name)]
        if name not in (faults.WITHDRAWN, faults.UNPLUGGED):
            return []
        store = CardStore(unit.connection, self._kernel.campaign)
        row = store.reader(self._reader)
        assert row is not None
        self._switch(chip, on=False)
        told = self._event(unit, chip, journaling.REMOVED, name)
        kept = None if name == faults.WITHDRAWN else row.card
        plugged = name != faults.UNPLUGGED
        store.put_reader(replace(row, card=kept, plugged=plugged, insertion=new_id()))
        return [told]

    def _switch(self, chip: Chip, *, on: bool, again: bool = False) -> str:
        """Change the supply; the event it makes, or nothing."""
        self._trickle, self._storm, self._hashed = [], None, None
        before, self._powered = self._powered, on
        if on and again and before:
            chip.card.reset()
            return journaling.RESET
        if on:
            chip.card.powerUp()
            return "" if before else journaling.POWERED
        chip.card.powerDown()
        return journaling.UNPOWERED if before else ""

    # The card and the journal

    def _chip(self, unit: Unit) -> Chip | None:
        store = CardStore(unit.connection, self._kernel.campaign)
        row = store.reader(self._reader)
        gone = row is None or not row.present or row.insertion != self._insertion
        if gone or row is None or row.card is None:
            self._powered = False
            return None
        self._card = row.card
        card = store.card(row.card)
        return self._deck.chip(card) if card else None

    def _place(self, chip: Chip) -> Place:
        holder = self._deck.holder(self._card)
        return Place(
            self._reader,
            chip.card.serial,
            chip.card.family,
            holder.national_id if holder else None,
            self._peer,
        )

    def _event(self, unit: Unit, chip: Chip, name: str, fault: str | None = None) -> Exchange:
        atr = chip.card.getATR().hex().upper()
        extra = (("ATR", atr),) if name in (journaling.POWERED, journaling.RESET) else ()
        made = journaling.event(self._kernel, self._place(chip), name, extra, fault)
        return self._kernel.journal.record(unit, made)

    def _announce(self, *told: Exchange | None) -> None:
        for exchange in told:
            if exchange is not None:
                self._kernel.journal.announce(exchange)
