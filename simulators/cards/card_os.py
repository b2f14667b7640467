"""The part of a card operating system every card has: transport, chaining, files.

Sources: ISO/IEC 7816-3 §10 and §12 (T=0: ``61xx`` and GET RESPONSE), 7816-4 §5.3.3
(command chaining), §7.1 and §7.2 (SELECT, READ BINARY).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.cards.files import Df, Ef, Node, Rule, Selection
from simulators.cards.iso7816 import SHORT_MAXIMUM, SW, Command, StatusError, parse
from simulators.cards.tlv import tlv

_CHAIN_MAXIMUM = 4096

Handler = Callable[[Command], bytes]


class CardOs:
    """A card of transparent files. ``handlers`` maps an instruction to what answers it.

    ``t0`` makes it speak T=0: answer data of a command that carries data is fetched
    with GET RESPONSE. Subclasses add instructions and say when a rule is fulfilled.
    """

    family = ""
    fci_tag = 0x62
    more = 0x6100

    def __init__(self, serial: str, atr: bytes, root: Df, *, t0: bool = True) -> None:
        self.serial = serial
        self.root = root
        self._atr = atr
        self._t0 = t0
        self._pending = b""
        self._chain: tuple[int, bytes] | None = None
        self.selection = Selection(root)
        self.handlers: dict[int, Handler] = {0xA4: self.select, 0xB0: self.read_binary}

    def getATR(self) -> bytes:  # noqa: N802 - name of virtualsmartcard
        """Answer to reset."""
        return self._atr

    def powerUp(self) -> None:  # noqa: N802 - name of virtualsmartcard
        """Supply the chip."""
        self.reset()

    def powerDown(self) -> None:  # noqa: N802 - name of virtualsmartcard
        """Cut the chip."""
        self.reset()

    def reset(self) -> None:
        """Forget what is volatile: selection, verified codes, chaining, pending data."""
        self._pending = b""
        self._chain = None
        self.selection = Selection(self.root)

    def state(self) -> dict[str, Any]:
        """What outlives the power: nothing on a card that is only read."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back a :meth:`state`."""
        if state:
            raise ValueError("Cette carte n'a pas d'état à restaurer.")

    def execute(self, command: bytes) -> bytes:
        """Answer a command APDU with data then SW1 SW2; never raises."""
        try:
            data, sw = self._process(parse(command))
        except StatusError as refusal:
            data, sw = b"", refusal.sw
        except Exception:
            # A chip answers 6F00 whatever happens inside.
            data, sw = b"", int(SW.INTERNAL)
        return data + self.translated(sw).to_bytes(2)

    def translated(self, sw: int) -> int:
        """The word this card has for an ISO status word."""
        return sw

    def _process(self, command: Command) -> tuple[bytes, int]:
        self.admit(command)
        if command.ins == 0xC0:
            return self._get_response(command)
        self._pending = b""
        whole = self._gathered(command)
        if whole is None:
            return b"", SW.OK
        handler = self.handlers.get(whole.ins)
        if handler is None:
            raise StatusError(SW.UNKNOWN_INSTRUCTION)
        return self._delivered(whole, handler(whole))

    def admit(self, command: Command) -> None:
        """Refuse a class byte the card does not know, secure messaging included."""
        if command.cla & 0xE0 or command.cla & 0x03:
            raise StatusError(SW.UNKNOWN_CLASS)
        if command.cla & 0x0C:
            raise StatusError(SW.NO_SECURE_MESSAGING)

    def _gathered(self, command: Command) -> Command | None:
        """The whole command of a chain, None as long as it goes on."""
        key = command.ins << 16 | command.p1_p2
        begun, self._chain = self._chain, None
        if begun and begun[0] != key:
            raise StatusError(SW.LAST_OF_CHAIN_EXPECTED)
        data = (begun[1] if begun else b"") + command.data
        if len(data) > _CHAIN_MAXIMUM:
            raise StatusError(SW.WRONG_LENGTH)
        if command.chained:
            self._chain = (key, data)
            return None
        return command.with_data(data) if begun else command

    def _delivered(self, command: Command, data: bytes) -> tuple[bytes, int]:
        if not data:
            return b"", SW.OK
        if self._t0 and (command.data or command.le is None):
            self._pending = data
            return b"", self.available()
        room = command.le or SHORT_MAXIMUM
        self._pending = data[room:]
        return data[:room], self.available() if self._pending else SW.OK

    def available(self) -> int:
        """Status word that says how much data waits."""
        return self.more | min(len(self._pending), SHORT_MAXIMUM) & 0xFF

    def _get_response(self, command: Command) -> tuple[bytes, int]:
        if command.p1_p2:
            raise StatusError(SW.WRONG_P1_P2)
        if not self._pending:
            raise StatusError(SW.CONDITIONS_NOT_SATISFIED)
        room = command.le or SHORT_MAXIMUM
        data, self._pending = self._pending[:room], self._pending[room:]
        return data, self.available() if self._pending else SW.OK

    def select(self, command: Command) -> bytes:
        """SELECT: answers the control parameters, or nothing when P2 is 0C."""
        if command.p2 not in (0x00, 0x04, 0x0C):
            raise StatusError(SW.WRONG_P1_P2)
        node = self._selected(command)
        return b"" if command.p2 == 0x0C else tlv(self.fci_tag, self.control(node))

    def _selected(self, command: Command) -> Node:
        selection = self.selection
        ways: dict[int, Callable[[bytes], Node]] = {
            0x00: selection.by_identifier,
            0x01: selection.by_identifier,
            0x02: selection.by_identifier,
            0x03: lambda _: selection.parent(),
            0x04: selection.by_name,
            0x08: selection.from_root,
            0x09: selection.by_path,
        }
        if command.p1 not in ways:
            raise StatusError(SW.WRONG_P1_P2)
        return ways[command.p1](command.data)

    def control(self, node: Node) -> bytes:
        """File control parameters (ISO/IEC 7816-4 §5.3.3, table 12), without the template."""
        fid = tlv(0x83, node.fid.to_bytes(2))
        if isinstance(node, Ef):
            size = tlv(0x80, len(node.content).to_bytes(2))
            return size + tlv(0x82, b"\x01") + fid + tlv(0x8A, b"\x05")
        names = b"".join(tlv(0x84, name) for name in node.names[:1])
        return tlv(0x82, b"\x38") + fid + names + tlv(0x8A, b"\x05")

    def permitted(self, rule: Rule) -> bool:
        """Whether the security state fulfils a rule."""
        return rule is Rule.ALWAYS

    def read_binary(self, command: Command) -> bytes:
        """READ BINARY of the current file, or of a short identifier."""
        ef, offset = self.addressed(command)
        if not self.permitted(ef.read):
            raise StatusError(SW.SECURITY_NOT_SATISFIED)
        if offset > len(ef.content) or (offset == len(ef.content) and offset):
            raise StatusError(SW.WRONG_OFFSET)
        return ef.content[offset : offset + (command.le or SHORT_MAXIMUM)]

    def addressed(self, command: Command) -> tuple[Ef, int]:
        """The file and the offset a binary command names in P1 P2."""
        if command.p1 & 0x80:
            if command.p1 & 0x60:
                raise StatusError(SW.WRONG_P1_P2)
            return self.selection.by_short_identifier(command.p1 & 0x1F), command.p2
        if self.selection.ef is None:
            raise StatusError(SW.NO_CURRENT_FILE)
        return self.selection.ef, command.p1_p2
