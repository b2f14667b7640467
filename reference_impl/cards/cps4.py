"""CPS4: ChipDoc on logical channel 1 (sheet of cards §3.5)."""

from __future__ import annotations

import hashlib

from reference_impl.cards.cps import CODE, IsoCps
from reference_impl.cards.errors import CardRefusedError
from reference_impl.cards.iso import OK
from reference_impl.cards.reader import Connection

AID = bytes.fromhex("8025000001FF0100")
_SHA256_PKCS1 = 0x28
_ROOT = bytes.fromhex("3F00")


class Cps4(IsoCps):
    """The ChipDoc application of a CPS4."""

    family = "CPS4"
    channel = 0x01

    def __init__(self, reader: str, connection: Connection) -> None:
        super().__init__(reader, connection)
        self._ask((0xA4, 0x04, 0x0C), AID, "sélection de l’application")

    def _select(self, path: bytes) -> int:
        return self._status(0xA4, 0x08, 0x0C, path.removeprefix(_ROOT))

    def tries_left(self) -> int | None:
        """VERIFY without data; it says nothing once the code is verified."""
        self._enter()
        sw = self._status(0x20, 0x00, CODE)
        if sw == OK:
            return None
        if sw >> 4 == 0x63C:
            return sw & 0xF
        if sw in (0x6983, 0x6984):
            return 0
        raise CardRefusedError(sw, "lecture du compteur d’essais")

    def unblock(self, unblocking_code: str, new_code: str) -> None:
        """VERIFY of the unblocking code, tries given back, then the new code."""
        self._enter()
        self._prove_unblocking(unblocking_code)
        self._ask((0x2C, 0x03, 0x80 | CODE), b"", "déblocage")
        self._ask((0x24, 0x01, CODE), new_code.encode("ascii"), "choix du nouveau code")

    def _signed(self, key: int, message: bytes) -> bytes:
        """The digest is made here, padded and signed there."""
        chosen = bytes([0x91, 0x02, _SHA256_PKCS1, 0x80 | key])
        self._ask((0x22, 0x81, 0xB6), chosen, "choix de la clé")
        digest = hashlib.sha256(message).digest()
        return self._ask((0x2A, 0x9E, 0x9A), digest, "signature", expected=256)
