"""What the phone shows: Base45 of a frame and a block that only the simulator opens.

The frame is the real one; the block is ours, of the real length: AES-GCM of the
profile, the instant and a nonce. NFC gives the same octets.

Source: sheet ``apcv`` §2.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rules.formats import base45
from rules.formats.apcv import MAGIC, ApcvData

BLOCK = 441
LIFE = timedelta(minutes=2)
"""Placeholder of ours: how long a code lives is not known."""
_NONCE, _TAG = 12, 16
_CLEAR = BLOCK - _NONCE - _TAG
_FRAME = len(MAGIC) + 1 + 65


class UnreadableCodeError(Exception):
    """A text that this phone never showed."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a code says. ``nonce`` tells it from every other."""

    serial: str
    at: datetime
    nonce: str

    def outdated(self, now: datetime) -> bool:
        """Whether it lived too long, or comes from the future."""
        return not -LIFE <= now - self.at <= LIFE


class Codec:
    """Seals and opens the codes of one campaign."""

    def __init__(self, campaign: str, seed: int) -> None:
        self._sealing = AESGCM(sha256(f"apcv|{campaign}|{seed}".encode()).digest())

    def show(self, serial: str, at: datetime) -> str:
        """A new code of a profile, as a scanner would type it."""
        nonce = os.urandom(_NONCE)
        told = {"profil": serial, "instant": at.isoformat(), "nonce": nonce.hex()}
        clear = json.dumps(told).encode().ljust(_CLEAR)
        ephemeral = generate_private_key(SECP256R1()).public_key()
        point = ephemeral.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        frame = MAGIC + bytes([len(point)]) + point
        return base45.encode(frame + nonce + self._sealing.encrypt(nonce, clear, frame))

    def read(self, text: str) -> Shown:
        """What a text says. Raises UnreadableCodeError."""
        if ApcvData(text).flaw is not None:
            raise UnreadableCodeError
        octets = base45.decode(text)
        frame, nonce, block = (
            octets[:_FRAME],
            octets[_FRAME : _FRAME + _NONCE],
            octets[_FRAME + _NONCE :],
        )
        try:
            told = json.loads(self._sealing.decrypt(nonce, block, frame))
        except (InvalidTag, ValueError) as error:
            raise UnreadableCodeError from error
        return Shown(told["profil"], datetime.fromisoformat(told["instant"]), told["nonce"])
