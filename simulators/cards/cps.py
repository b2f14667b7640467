"""What CPS3 and CPS4 have in common: codes, keys, data that persist.

Sources: fact sheet ``cards.md`` §1, §3.4, §3.5, §8.1; ISO/IEC 7816-4 §11.5, 7816-8 §11.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

from simulators.cards.card_os import CardOs
from simulators.cards.codes import SecretCode
from simulators.cards.cps2ter import CLASS_CPS2TER, Cps2ter
from simulators.cards.crypto import CardKey, digest_info
from simulators.cards.files import Df, Ef, Rule, format_path
from simulators.cards.iso7816 import SW, Command, StatusError
from simulators.cards.sha import Hash
from simulators.cards.tlv import DataObject, objects

PIN, PUK = 0x01, 0x02
REFERENCE_MASK = 0x1F
_SEQUENCE = b"\x30"


class Use(Enum):
    """What a private key may do."""

    SIGN = "signature"
    AUTHENTICATE = "authentification"
    DECIPHER = "déchiffrement"


@dataclass(frozen=True)
class KeySlot:
    """A private key of the card and the operations its access rules allow."""

    key: CardKey
    uses: frozenset[Use]


@dataclass(frozen=True)
class Chip:
    """What a manufactured CPS holds. ``keys`` are by key reference, ``inner`` the CPS2ter files.

    ``wrong_digest`` makes it sign another digest than the one it is given.
    """

    number: str
    atr: bytes
    root: Df
    pin: SecretCode
    puk: SecretCode
    keys: Mapping[int, KeySlot]
    inner: Df
    wrong_digest: bool = False


class Cps(CardOs):
    """A CPS: the instructions both generations answer the same way."""

    def __init__(self, chip: Chip, *, t0: bool) -> None:
        super().__init__(chip.number, chip.atr, chip.root, t0=t0)
        self.chip = chip
        self.codes = {PIN: chip.pin, PUK: chip.puk}
        self._inner = Cps2ter(chip.inner, chip.pin, t0=t0)
        self.handlers |= {
            0x20: self._verify,
            0x24: self._change,
            0x2C: self._reset_counter,
            0x84: self._get_challenge,
            0xD6: self._update_binary,
        }

    @property
    def pin(self) -> SecretCode:
        """Code porteur."""
        return self.codes[PIN]

    @property
    def puk(self) -> SecretCode:
        """Code de déblocage."""
        return self.codes[PUK]

    def execute(self, command: bytes) -> bytes:
        """Answer a command APDU; class A0 goes to the CPS2ter that lives inside."""
        if command[:1] == CLASS_CPS2TER:
            return self._inner.execute(command)
        return super().execute(command)

    def reset(self) -> None:
        """Forget what is volatile, verified codes included; counters stay."""
        super().reset()
        self._inner.reset()
        for code in self.codes.values():
            code.verified = False

    def permitted(self, rule: Rule) -> bool:
        """ALWAYS, or CODE once the code porteur is verified."""
        return rule is Rule.ALWAYS or (rule is Rule.CODE and self.pin.verified)

    def state(self) -> dict[str, Any]:
        """Codes with their counters, and the files that may be written (hexadecimal)."""
        return {
            "numero": self.serial,
            "porteur": self.pin.state(),
            "deblocage": self.puk.state(),
            "fichiers": {path: ef.content.hex() for path, ef in self._writable().items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back a :meth:`state`; raises ValueError and then changes nothing."""
        if state.get("numero") != self.serial:
            raise ValueError("Cet état est celui d'une autre carte.")
        before = self.state()
        try:
            self._restore(state)
        except (TypeError, AttributeError, ValueError) as error:
            self._restore(before)
            raise ValueError(f"État de carte illisible : {error}") from error

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.pin.restore(state.get("porteur", {}))
        self.puk.restore(state.get("deblocage", {}))
        written = self._writable()
        for path, content in cast("Mapping[str, str]", state.get("fichiers", {})).items():
            if path not in written:
                raise ValueError(f"le fichier {path} ne s'écrit pas")
            octets = bytes.fromhex(content)
            if len(octets) != len(written[path].content):
                raise ValueError(f"le fichier {path} a une autre taille")
            written[path].content = octets

    def _writable(self) -> dict[str, Ef]:
        return {
            format_path(path): node
            for path, node in self.root.walk()
            if isinstance(node, Ef) and node.update is not Rule.NEVER
        }

    def code(self, reference: int) -> SecretCode:
        """The code of a reference (P2); raises 6A88."""
        if reference & 0x60 or reference & REFERENCE_MASK not in self.codes:
            raise StatusError(SW.REFERENCE_NOT_FOUND)
        return self.codes[reference & REFERENCE_MASK]

    def _verify(self, command: Command) -> bytes:
        code = self.code(command.p2)
        if command.p1 == 0xFF and not command.data:
            code.verified = False  # ISO/IEC 7816-4:2013 §11.5.6: set back
        elif command.p1:
            raise StatusError(SW.WRONG_P1_P2)
        elif command.data:
            code.verify(command.data)
        else:
            self.tell_status(code)
        return b""

    def tell_status(self, code: SecretCode) -> None:
        """Answer of VERIFY without data: raises 63Cx or 6983 unless verified."""
        code.status()

    def _change(self, command: Command) -> bytes:
        code = self.code(command.p2)
        if command.p1 == 0x00:
            old, new = code.split(command.data)
            code.verify(old)
            code.change(new)
        elif command.p1 == 0x01:
            if not (code.verified or self.puk.verified):
                raise StatusError(SW.SECURITY_NOT_SATISFIED)
            code.change(command.data)
        else:
            raise StatusError(SW.WRONG_P1_P2)
        return b""

    def _reset_counter(self, command: Command) -> bytes:
        if self.code(command.p2) is not self.pin:
            raise StatusError(SW.REFERENCE_NOT_FOUND)
        if command.p1 > 0x03:
            raise StatusError(SW.WRONG_P1_P2)
        new = command.data
        if command.p1 in (0x00, 0x01):
            presented, new = self.puk.split(command.data) if command.p1 == 0 else (new, b"")
            self.puk.verify(presented)
        elif not self.puk.verified:
            raise StatusError(SW.SECURITY_NOT_SATISFIED)
        if command.p1 in (0x00, 0x02):
            self.pin.change(new)
        elif new:
            raise StatusError(SW.WRONG_LENGTH)
        else:
            self.pin.unblock()
        return b""

    def _get_challenge(self, command: Command) -> bytes:
        if command.p1_p2 or command.data:
            raise StatusError(SW.WRONG_P1_P2)
        return os.urandom(min(command.le or 8, 256))

    def _update_binary(self, command: Command) -> bytes:
        ef, offset = self.addressed(command)
        if not self.permitted(ef.update):
            raise StatusError(SW.SECURITY_NOT_SATISFIED)
        if not command.data:
            raise StatusError(SW.WRONG_LENGTH)
        if offset >= len(ef.content):
            raise StatusError(SW.WRONG_OFFSET)
        if offset + len(command.data) > len(ef.content):
            raise StatusError(SW.NO_ROOM)
        after = ef.content[offset + len(command.data) :]
        ef.content = ef.content[:offset] + command.data + after
        return b""

    def slot(self, reference: int | None, use: Use) -> CardKey:
        """The key of a reference, ready to be used; raises 6985, 6A88 or 6982."""
        if reference is None:
            raise StatusError(SW.CONDITIONS_NOT_SATISFIED)
        slot = self.chip.keys.get(reference)
        if slot is None:
            raise StatusError(SW.REFERENCE_NOT_FOUND)
        if use not in slot.uses:
            raise StatusError(SW.CONDITIONS_NOT_SATISFIED)
        if not self.pin.verified:
            raise StatusError(SW.SECURITY_NOT_SATISFIED)
        return slot.key

    def as_digest_info(self, hash_: Hash | None, data: bytes) -> bytes:
        """What the reader gives to sign: a digest, or a DigestInfo it made itself."""
        if hash_ is None or (data[:1] == _SEQUENCE and len(data) != hash_.size):
            return data
        if len(data) != hash_.size:
            raise StatusError(SW.WRONG_DATA)
        return digest_info(hash_, data)

    def signed(self, key: CardKey, content: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 of a DigestInfo; raises 6A80 on what cannot be signed."""
        return attempt(key.sign, self.spoilt(content))

    def spoilt(self, content: bytes) -> bytes:
        """What is really signed: the same, unless the card was made to err."""
        if not self.chip.wrong_digest:
            return content
        return content[:-1] + bytes((content[-1] ^ 0xFF,))


def attempt(operation: Callable[[bytes], bytes], content: bytes) -> bytes:
    """Apply a key to data of the reader; raises 6A80 on what it cannot take."""
    try:
        return operation(content)
    except ValueError as error:
        raise StatusError(SW.WRONG_DATA) from error


def readable(data: bytes) -> list[DataObject]:
    """The data objects of a command; raises 6A80 when they cannot be read."""
    try:
        return list(objects(data))
    except ValueError as error:
        raise StatusError(SW.WRONG_DATA) from error
