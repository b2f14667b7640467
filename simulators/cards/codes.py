"""Secret codes of a card and their counters of tries.

Sources: ISO/IEC 7816-4 §11.6; fact sheet ``cards.md`` §1 (four to eight digits, three
tries; unblocking code of eight digits, three tries).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.cards.iso7816 import SW, StatusError

_PADDING = b"\xff"


@dataclass
class SecretCode:
    """A code of ``minimum`` to ``maximum`` digits. Only ``verified`` is volatile."""

    value: str
    left: int = 3
    tries: int = 3
    minimum: int = 4
    maximum: int = 8
    verified: bool = False

    def status(self) -> None:
        """Raise what VERIFY without data answers, unless the code is verified."""
        if not self.left:
            raise StatusError(SW.CODE_BLOCKED)
        if not self.verified:
            raise StatusError(SW.CODE_WRONG | self.left)

    def verify(self, presented: bytes) -> None:
        """Compare; a wrong code costs one try and closes what was open.

        The last try answers 6983 at once: CryptoLib CPS then says CKR_PIN_LOCKED.
        """
        if not self.left:
            raise StatusError(SW.CODE_BLOCKED)
        right = hmac.compare_digest(presented.rstrip(_PADDING), self.value.encode())
        self.verified = right
        if not right:
            self.left -= 1
            raise StatusError(SW.CODE_WRONG | self.left if self.left else SW.CODE_BLOCKED)
        self.left = self.tries

    def change(self, new: bytes) -> None:
        """Put another code, its counter at the most; raises 6A80 when it is not digits."""
        digits = new.rstrip(_PADDING)
        if not self.minimum <= len(digits) <= self.maximum or not digits.isdigit():
            raise StatusError(SW.WRONG_DATA)
        self.value = digits.decode("ascii")
        self.unblock()

    def unblock(self) -> None:
        """Give every try back; the code must be verified again."""
        self.left = self.tries
        self.verified = False

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """Old and new code of a CHANGE REFERENCE DATA or RESET RETRY COUNTER.

        Codes come either padded to eight octets or as long as they are: then only
        the card knows where the old one ends.
        """
        old = self.maximum if len(data) == 2 * self.maximum else len(self.value)
        return data[:old], data[old:]

    def state(self) -> dict[str, Any]:
        """Value and counter, as JSON."""
        return {"valeur": self.value, "essais_restants": self.left}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back a :meth:`state`; raises ValueError."""
        value, left = state.get("valeur"), state.get("essais_restants")
        if not isinstance(value, str) or not value.isdigit():
            raise ValueError("« valeur » doit être un code en chiffres.")
        if not isinstance(left, int) or not 0 <= left <= self.tries:
            raise ValueError(f"« essais_restants » va de 0 à {self.tries}.")
        self.value, self.left, self.verified = value, left, False
