"""The CPS2ter kept inside a CPS: class A0, its own selection and status words.

Source: fact sheet ``cards.md`` §3.1, §3.5. CryptoLib CPS reads there the situations
``CPS2TER_ACTIVITY_nn_PS`` and ``CPS_SIT_FACT``; the rest of its files is unknown.
"""

from __future__ import annotations

from simulators.cards.card_os import CardOs
from simulators.cards.codes import SecretCode
from simulators.cards.files import Df, Ef, Rule
from simulators.cards.iso7816 import SW, Command, StatusError
from simulators.cards.tlv import tlv

CLASS_CPS2TER = b"\xa0"

_WORDS = {
    SW.FILE_NOT_FOUND: 0x9404,
    SW.SECURITY_NOT_SATISFIED: 0x9804,
    SW.CODE_BLOCKED: 0x9840,
    SW.CODE_WRONG: 0x9840,  # the last try is gone
    SW.CODE_WRONG | 1: 0x9804,
    SW.CODE_WRONG | 2: 0x9804,
}

_MASTER, _DEDICATED, _ELEMENTARY = 1, 2, 4


class Cps2ter(CardOs):
    """The inner application; it shares the code porteur of the card."""

    family = "CPS2ter"

    def __init__(self, root: Df, pin: SecretCode, *, t0: bool) -> None:
        super().__init__("", b"", root, t0=t0)
        self.more = 0x9F00 if t0 else 0x6100
        self._pin = pin
        self.handlers[0x20] = self._verify

    def admit(self, command: Command) -> None:
        """Class A0 only, without chaining."""
        if command.cla != CLASS_CPS2TER[0]:
            raise StatusError(SW.UNKNOWN_CLASS)

    def translated(self, sw: int) -> int:
        """Status words of GSM 11.11 instead of ISO ones."""
        return _WORDS.get(sw, sw)

    def permitted(self, rule: Rule) -> bool:
        """CODE once the code porteur is verified, here or in the main application."""
        return rule is Rule.ALWAYS or (rule is Rule.CODE and self._pin.verified)

    def select(self, command: Command) -> bytes:
        """SELECT by identifier: answers ``85`` with size, identifier and type."""
        if command.p1_p2:
            raise StatusError(SW.WRONG_P1_P2)
        node = self.selection.by_identifier(command.data)
        if isinstance(node, Ef):
            size, kind = len(node.content), _ELEMENTARY
        else:
            size, kind = 0, _MASTER if node is self.root else _DEDICATED
        return tlv(0x85, size.to_bytes(2) + node.fid.to_bytes(2) + bytes((kind,)))

    def _verify(self, command: Command) -> bytes:
        if command.p1_p2 not in (0x0000, 0x0001):
            raise StatusError(SW.WRONG_P1_P2)
        if command.data:
            self._pin.verify(command.data)
        else:
            self._pin.status()
        return b""
