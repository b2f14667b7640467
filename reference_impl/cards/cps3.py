"""CPS3: IAS-ECC over T=0 (sheet of cards §3.4).

With T=0 a command that carries data is sent without Le: its answer is announced
by 61xx and fetched.
"""

from __future__ import annotations

from reference_impl.cards.cps import CODE, IsoCps
from reference_impl.cards.errors import unreadable
from reference_impl.cards.iso import fields
from reference_impl.cards.sha256 import partial

_CODE_OBJECT = 0xBF8101
"""Security data object of class 1 (codes), reference 1: the code porteur."""

_ASK_COUNTER = bytes.fromhex("4D087006BF810102A080")
_HASH_SHA256 = bytes.fromhex("800140")
_SIGN_SHA256 = bytes.fromhex("800142")


class Cps3(IsoCps):
    """The IAS application of a CPS3, by contact."""

    family = "CPS3"
    channel = 0x00

    def _select(self, path: bytes) -> int:
        # From the master file; 3F00 itself is not written in this form.
        return self._status(0xA4, 0x09, 0x0C, path)

    def tries_left(self) -> int:
        """Counter of the object of the code, which may be asked for as often as wanted."""
        self._enter()
        answer = self._ask((0xCB, 0x3F, 0xFF), _ASK_COUNTER, "lecture du compteur d’essais")
        try:
            return fields(fields(answer, 0x70)[_CODE_OBJECT], 0xA0)[0x9B][0]
        except (ValueError, KeyError, IndexError) as error:
            raise unreadable("son compteur d’essais") from error

    def unblock(self, unblocking_code: str, new_code: str) -> None:
        """VERIFY of the unblocking code, then RESET RETRY COUNTER with the new one."""
        self._enter()
        self._prove_unblocking(unblocking_code)
        self._ask((0x2C, 0x02, CODE), new_code.encode("ascii"), "déblocage")

    def _signed(self, key: int, message: bytes) -> bytes:
        """The card finishes the hash itself, and signs what it finished."""
        state, bits, last = partial(message)
        begun = state + bits.to_bytes(8, "big")
        hashed = bytes([0x90, len(begun)]) + begun + bytes([0x80, len(last)]) + last
        self._ask((0x22, 0x41, 0xAA), _HASH_SHA256, "choix du condensé")
        self._ask((0x2A, 0x90, 0xA0), hashed, "condensé")
        self._ask((0x22, 0x41, 0xB6), _SIGN_SHA256 + bytes([0x84, 1, key]), "choix de la clé")
        return self._ask((0x2A, 0x9E, 0x9A), b"", "signature", expected=256)
