"""CPS4: ChipDoc over T=1, as CryptoLib CPS speaks to it.

Sources: fact sheet ``cards.md`` §1.1, §1.2, §3.5; ISO/IEC 7816-4 §5.4.1 (logical
channels), 7816-8 §11.
"""

from __future__ import annotations

from simulators.cards.codes import SecretCode
from simulators.cards.cps import Chip, Cps, Use, attempt, readable
from simulators.cards.files import Selection
from simulators.cards.iso7816 import SW, Command, StatusError
from simulators.cards.sha import SHA1, SHA256, Hash

ATR_CPS4 = bytes.fromhex("3B9B188001001225006480040100009044")
ATR_CPS4_CANDIDATE = bytes.fromhex("3B9B188001001225006480000401009044")

KEYS = (0x10, 0x20)
"""References of the signature and the authentication key."""

_CHANNELS = (0, 1)
_PKCS1, _PSS = False, True
_SIGNATURES: dict[int, tuple[Hash, bool]] = {
    0x0A: (SHA1, _PKCS1),
    0x28: (SHA256, _PKCS1),
    0x15: (SHA1, _PSS),
    0x2C: (SHA256, _PSS),
}
_GIVEN_DIGEST = 0x80
"""Bit of a key reference: the digest is given, the card does not make it."""


class Cps4(Cps):
    """The operating system of a CPS4. Files are selected apart on each channel."""

    family = "CPS4"
    fci_tag = 0x6F

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip, t0=False)
        self._channels = {number: Selection(self.root) for number in _CHANNELS}
        self._signature: tuple[int, int] | None = None
        self._decipher_key: int | None = None
        self.handlers |= {
            0x22: self._manage_environment,
            0x2A: self._perform_operation,
            0x70: self._manage_channel,
        }

    def reset(self) -> None:
        """Forget the selections of every channel and the security environment too."""
        super().reset()
        self._channels = {number: Selection(self.root) for number in _CHANNELS}
        self._signature = self._decipher_key = None

    def admit(self, command: Command) -> None:
        """Classes 00, 01 and their chained forms; sets the selection of the channel."""
        if command.cla & 0xE0:
            raise StatusError(SW.UNKNOWN_CLASS)
        if command.cla & 0x0C:
            raise StatusError(SW.NO_SECURE_MESSAGING)
        if command.cla & 0x03 not in self._channels:
            raise StatusError(SW.NO_CHANNEL)
        self.selection = self._channels[command.cla & 0x03]

    def tell_status(self, code: SecretCode) -> None:
        """The counter, even when the code is verified: CryptoLib CPS reads it so."""
        raise StatusError(SW.CODE_WRONG | code.left if code.left else SW.CODE_BLOCKED)

    def _manage_channel(self, command: Command) -> bytes:
        if command.p1 == 0x00 and command.p2 in _CHANNELS:
            return b"" if command.p2 else b"\x01"
        if command.p1 == 0x80 and command.p2 in _CHANNELS:
            self._channels[command.p2] = Selection(self.root)
            return b""
        raise StatusError(SW.WRONG_P1_P2)

    def _manage_environment(self, command: Command) -> bytes:
        if command.p1 not in (0x41, 0x81, 0xC1) or command.p2 not in (0xB6, 0xB8):
            raise StatusError(SW.WRONG_P1_P2)
        parts = {item.tag: item.value for item in readable(command.data)}
        if command.p2 == 0xB6:
            self._signature = self._to_sign_with(parts)
        else:
            self._decipher_key = self._known_key(parts.get(0x83, parts.get(0x84, b"")))
        return b""

    def _to_sign_with(self, parts: dict[int, bytes]) -> tuple[int, int]:
        told = parts.get(0x91, b"")
        if len(told) != 2 or told[0] not in _SIGNATURES:
            raise StatusError(SW.WRONG_DATA)
        return told[0], self._known_key(bytes((told[1] & ~_GIVEN_DIGEST,)))

    def _known_key(self, reference: bytes) -> int:
        if len(reference) != 1:
            raise StatusError(SW.WRONG_DATA)
        if reference[0] not in self.chip.keys:
            raise StatusError(SW.REFERENCE_NOT_FOUND)
        return reference[0]

    def _perform_operation(self, command: Command) -> bytes:
        if command.p1_p2 == 0x9E9A:
            return self._sign(command.data)
        if command.p1_p2 == 0x8086:
            return self._raw(command.data)
        raise StatusError(SW.WRONG_P1_P2)

    def _sign(self, data: bytes) -> bytes:
        if self._signature is None:
            raise StatusError(SW.CONDITIONS_NOT_SATISFIED)
        algorithm, reference = self._signature
        key = self.slot(reference, Use.SIGN)
        hash_, probabilistic = _SIGNATURES[algorithm]
        if not probabilistic:
            return self.signed(key, self.as_digest_info(hash_, data))
        if len(data) != hash_.size:
            raise StatusError(SW.WRONG_DATA)
        return key.sign_pss(hash_, self.spoilt(data))

    def _raw(self, data: bytes) -> bytes:
        """RSA of one whole block: the reader pads and takes the padding off."""
        key = self.slot(self._decipher_key, Use.DECIPHER)
        if len(data) == key.size + 1 and data[0] in (0x00, 0x81):
            data = data[1:]
        return attempt(key.raw, data)
