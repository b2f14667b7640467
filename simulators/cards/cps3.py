"""CPS3: IAS ECC over T=0, as CryptoLib CPS and stock OpenSC speak to it.

Sources: fact sheet ``cards.md`` §1.1, §3.4 (sequences observed), §7 (what OpenSC asks);
IAS ECC 1.0.1; ISO/IEC 7816-8 §11.
"""

from __future__ import annotations

import hashlib

from simulators.cards.cps import REFERENCE_MASK, Chip, Cps, Use, attempt, readable
from simulators.cards.crypto import digest_info
from simulators.cards.files import Ef, Node, Rule
from simulators.cards.iso7816 import SW, Command, StatusError
from simulators.cards.sha import SHA1, SHA256, Hash
from simulators.cards.tlv import DataObject, tlv

ATR_CPS3 = bytes.fromhex("3BAC00402A001225006480000310009000")
ATR_CPS3_OTHER = bytes.fromhex("3BAC00402A001225006480820212009000")
ATR_CPS3_CONTACTLESS = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")

KEYS = (0x01, 0x02)
"""References of the signature and the authentication key: OpenSC wants them under 0x20."""

_HASHES = {0x10: SHA1, 0x40: SHA256}
_SIGNATURES: dict[int, Hash | None] = {0x02: None, 0x12: SHA1, 0x42: SHA256}
_ALGORITHMS: dict[int, frozenset[int]] = {
    0xAA: frozenset(_HASHES),
    0xB6: frozenset(_SIGNATURES),
    0xA4: frozenset((0x02,)),
    0xB8: frozenset((0x1A,)),
}
"""Algorithm references by control reference template (P2 of MSE)."""

_SDO = 0x3FFF
_CLASS_CODE, _CLASS_RSA_PRIVATE = 0x01, 0x10


class Cps3(Cps):
    """The operating system of a CPS3."""

    family = "CPS3"

    def __init__(self, chip: Chip) -> None:
        self._environment: dict[int, tuple[int | None, int | None]] = {}
        self._digest: tuple[Hash, bytes] | None = None
        super().__init__(chip, t0=True)
        self.handlers |= {
            0x22: self._manage_environment,
            0x2A: self._perform_operation,
            0x88: self._internal_authenticate,
            0xCB: self._get_data,
        }

    def reset(self) -> None:
        """Forget the security environment and the digest kept, with the rest."""
        super().reset()
        self._environment.clear()
        self._digest = None

    def control(self, node: Node) -> bytes:
        """Control parameters with the access rules OpenSC asks for (tag 8C).

        Access mode byte then one condition per mode, highest first: 00 always, FF
        never, 11 after the code porteur.
        """
        if not isinstance(node, Ef):
            return super().control(node) + tlv(0x8C, b"\x01\x00")
        condition = {Rule.ALWAYS: 0x00, Rule.CODE: 0x11, Rule.NEVER: 0xFF}
        rules = bytes((0x03, condition[node.update], condition[node.read]))
        return super().control(node) + tlv(0x8C, rules)

    def _manage_environment(self, command: Command) -> bytes:
        if command.p1 == 0xF3 and not command.data:
            self._environment.clear()  # RESTORE of the only environment, number 1
            return b""
        if command.p1 not in (0x41, 0x81, 0xC1) or command.p2 not in _ALGORITHMS:
            raise StatusError(SW.WRONG_P1_P2)
        algorithm, key = self._references(command.data)
        if algorithm is not None and algorithm not in _ALGORITHMS[command.p2]:
            raise StatusError(SW.WRONG_DATA)
        if key is not None and key not in self.chip.keys:
            raise StatusError(SW.REFERENCE_NOT_FOUND)
        self._environment[command.p2] = (algorithm, key)
        return b""

    def _references(self, data: bytes) -> tuple[int | None, int | None]:
        """Algorithm and key references of a control reference template."""
        algorithm = key = None
        for item in readable(data):
            if len(item.value) != 1 or item.tag not in (0x80, 0x83, 0x84):
                raise StatusError(SW.WRONG_DATA)
            if item.tag == 0x80:
                algorithm = item.value[0]
            else:
                # Bit 0x80 says that the key is local to the current DF.
                key = item.value[0] & REFERENCE_MASK
        return algorithm, key

    def _perform_operation(self, command: Command) -> bytes:
        if command.p1_p2 == 0x9E9A:
            return self._sign(command)
        if command.p1_p2 == 0x8086:
            return self._decipher(command)
        if command.p1_p2 == 0x90A0:
            return self._resume_hash(command)
        if command.p1_p2 == 0x9080:
            hash_ = self._hash()
            made = hashlib.new(hash_.name.replace("-", "").lower(), command.data)
            self._digest = (hash_, made.digest())
            return b""
        raise StatusError(SW.WRONG_P1_P2)

    def _hash(self) -> Hash:
        algorithm, _ = self._environment.get(0xAA, (None, None))
        if algorithm is None:
            raise StatusError(SW.CONDITIONS_NOT_SATISFIED)
        return _HASHES[algorithm]

    def _resume_hash(self, command: Command) -> bytes:
        """Take a hash up from ``90`` (state and bit count, or nothing) to ``80`` (last block)."""
        hash_ = self._hash()
        parts = {item.tag: item.value for item in readable(command.data)}
        if not parts or set(parts) - {0x80, 0x90}:
            raise StatusError(SW.WRONG_DATA)
        begun, last = parts.get(0x90, b""), parts.get(0x80)
        if last is None:  # the reader hashed everything
            self._digest = (hash_, begun)
            if len(begun) != hash_.size:
                raise StatusError(SW.WRONG_DATA)
            return b""
        state, bits = begun[:-8] or hash_.initial, int.from_bytes(begun[-8:])
        try:
            self._digest = (hash_, hash_.resume(state, bits, last))
        except ValueError as error:
            raise StatusError(SW.WRONG_DATA) from error
        return b""

    def _sign(self, command: Command) -> bytes:
        algorithm, reference = self._environment.get(0xB6, (None, None))
        key = self.slot(reference, Use.SIGN)
        if algorithm is None:
            raise StatusError(SW.CONDITIONS_NOT_SATISFIED)
        hash_ = _SIGNATURES[algorithm]
        if command.data:
            return self.signed(key, self.as_digest_info(hash_, command.data))
        kept, self._digest = self._digest, None
        if kept is None or kept[0] is not hash_:
            raise StatusError(SW.CONDITIONS_NOT_SATISFIED)
        return self.signed(key, digest_info(*kept))

    def _internal_authenticate(self, command: Command) -> bytes:
        if command.p1_p2:
            raise StatusError(SW.WRONG_P1_P2)
        _, reference = self._environment.get(0xA4, (None, None))
        return attempt(self.slot(reference, Use.AUTHENTICATE).sign, command.data)

    def _decipher(self, command: Command) -> bytes:
        _, reference = self._environment.get(0xB8, (None, None))
        key = self.slot(reference, Use.DECIPHER)
        if command.data[:1] not in (b"\x81", b"\x00"):  # padding indicator
            raise StatusError(SW.WRONG_DATA)
        return attempt(key.decipher, command.data[1:])

    def _get_data(self, command: Command) -> bytes:
        """GET DATA of a security data object: a code or a private key, by its reference."""
        if command.p1_p2 != _SDO:
            raise StatusError(SW.WRONG_P1_P2)
        tag, asked = _asked(command.data)
        kind, reference = tag >> 8 & 0x7F, tag & REFERENCE_MASK
        if kind == _CLASS_CODE and reference in self.codes:
            known = self._code_objects(reference)
        elif kind == _CLASS_RSA_PRIVATE and reference in self.chip.keys:
            known = self._key_objects(reference)
        else:
            raise StatusError(SW.REFERENCE_NOT_FOUND)
        if not set(asked) <= set(known):
            raise StatusError(SW.WRONG_DATA)
        return tlv(0x70, tlv(tag, *(known[one] for one in asked)))

    def _code_objects(self, reference: int) -> dict[int, bytes]:
        code = self.codes[reference]
        sizes = tlv(0x80, bytes((code.maximum,))) + tlv(0x81, bytes((code.minimum,)))
        usages = tlv(0x9C, b"\xff\xff") + tlv(0x9D, b"\xff\xff")  # as often as wanted
        counters = tlv(0x9A, bytes((code.tries,))) + tlv(0x9B, bytes((code.left,)))
        rules = tlv(0xA1, tlv(0x8C, bytes.fromhex("7F00000000FFFF00")))
        return {0x7F41: tlv(0x7F41, sizes), 0xA0: tlv(0xA0, counters, usages, rules)}

    def _key_objects(self, reference: int) -> dict[int, bytes]:
        slot = self.chip.keys[reference]
        signs = Use.SIGN in slot.uses
        rules = bytes.fromhex("7F11FFFFFFFFFF00" if signs else "7FFF1111FFFFFF00")
        size = tlv(0x80, slot.key.size.to_bytes(2))
        return {0xA0: tlv(0xA0, size, tlv(0xA1, tlv(0x8C, rules)))}


def _asked(data: bytes) -> tuple[int, list[int]]:
    """The object and the parts an extended header list asks for, each ``<tag> 80``."""
    for tag in (0x4D, 0x70):
        outer = _only(data)
        if outer.tag != tag:
            raise StatusError(SW.WRONG_DATA)
        data = outer.value
    sdo = _only(data)
    if sdo.tag >> 16 != 0xBF:
        raise StatusError(SW.WRONG_DATA)
    # Length 80 stands for « whatever is there »: read as an empty value.
    parts = readable(sdo.value.replace(b"\x80", b"\x00"))
    return sdo.tag, [part.tag for part in parts]


def _only(data: bytes) -> DataObject:
    found = readable(data)
    if len(found) != 1:
        raise StatusError(SW.WRONG_DATA)
    return found[0]
