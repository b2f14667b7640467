"""The PKCS#15 files of a CPS: what says which objects the card has and where.

Sources: fact sheet ``cards.md`` §3.2 (details that matter) and its appendix; ISO/IEC
7816-15 (ODF, CIAInfo, AODF, PrKDF, CDF, DODF).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulators.cards.tlv import tlv

_SEQUENCE, _OCTETS, _BITS, _INTEGER, _UTF8 = 0x30, 0x04, 0x03, 0x02, 0x0C
_ENUMERATED, _NULL, _VALUE = 0x0A, 0x05, 0xA1

PRIVATE, MODIFIABLE = 0, 1
"""Common object flags (bit numbers)."""

DECRYPT, SIGN, UNWRAP, NON_REPUDIATION = 1, 2, 5, 9
"""Key usage flags (bit numbers)."""

_INITIALIZED, _UNBLOCK_DISABLED, _UNBLOCKING, _SO = 4, 3, 6, 7

_SERIAL_AND_RANDOM = (2, 3)  # card flags of the recipe: prnGeneration and the next one
_MANUFACTURER = "ASIP SANTE"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A line of CIAInfo: PKCS#11 mechanism, operation (bit number), reference of the card."""

    mechanism: int
    operation: int
    reference: int


_COMPUTE_SIGNATURE, _DECIPHER, _HASH = 1, 5, 6

CPS3_ALGORITHMS = (
    Algorithm(0x220, _HASH, 0x10),
    Algorithm(0x250, _HASH, 0x40),
    Algorithm(0x01, _COMPUTE_SIGNATURE, 0x02),
    Algorithm(0x06, _COMPUTE_SIGNATURE, 0x12),
    Algorithm(0x40, _COMPUTE_SIGNATURE, 0x42),
    Algorithm(0x01, _DECIPHER, 0x1A),
)


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of the AODF. ``unblocks`` marks the code de déblocage."""

    label: str
    reference: int
    minimum: int
    maximum: int
    unblocks: bool = False


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An entry of the PrKDF. ``usages`` are bit numbers."""

    label: str
    identifier: bytes
    reference: int
    usages: tuple[int, ...]
    bits: int = 2048


@dataclass(frozen=True, slots=True)
class CertificateEntry:
    """An entry of the CDF; ``path`` is absolute."""

    label: str
    identifier: bytes
    path: bytes


@dataclass(frozen=True, slots=True)
class Data:
    """An entry of the DODF. ``protected`` objects ask for the code porteur."""

    label: str
    path: bytes
    protected: bool = False
    modifiable: bool = False


def object_directory(files: dict[str, bytes]) -> bytes:
    """ODF from the paths of ``codes``, ``keys``, ``certificates`` and ``data``."""
    tags = {"codes": 0xA8, "keys": 0xA0, "certificates": 0xA4, "data": 0xA7}
    return b"".join(tlv(tag, _path(files[name])) for name, tag in tags.items())


def code_directory(codes: tuple[Code, ...]) -> bytes:
    """AODF."""
    return b"".join(_code(code) for code in codes)


def key_directory(keys: tuple[PrivateKey, ...], place: bytes) -> bytes:
    """PrKDF; ``place`` is the path of the DF the keys live in."""
    return b"".join(_key(key, place) for key in keys)


def certificate_directory(certificates: tuple[CertificateEntry, ...]) -> bytes:
    """CDF."""
    return b"".join(
        tlv(
            _SEQUENCE,
            tlv(_SEQUENCE, _text(entry.label)),
            tlv(_SEQUENCE, tlv(_OCTETS, entry.identifier)),
            tlv(_VALUE, tlv(_SEQUENCE, _path(entry.path))),
        )
        for entry in certificates
    )


def data_directory(data: tuple[Data, ...]) -> bytes:
    """DODF. The path is directly under ``A1``, without one more SEQUENCE."""
    return b"".join(
        tlv(
            _SEQUENCE,
            tlv(_SEQUENCE, _text(entry.label), _flags(entry)),
            tlv(_SEQUENCE, _text("CPS")),
            tlv(_VALUE, _path(entry.path)),
        )
        for entry in data
    )


def card_info(number: str, label: str, algorithms: tuple[Algorithm, ...]) -> bytes:
    """CIAInfo. ``label`` is the token label (``CPS3v3-2800811112``)."""
    lines = b"".join(_algorithm(rank, one) for rank, one in enumerate(algorithms, 1))
    return tlv(
        _SEQUENCE,
        tlv(_INTEGER, b"\x00"),
        tlv(_OCTETS, bytes.fromhex(number)),
        _text(_MANUFACTURER),
        tlv(0x80, label.encode()),
        _bits(*_SERIAL_AND_RANDOM),
        tlv(0xA2, lines),
    )


def _algorithm(rank: int, algorithm: Algorithm) -> bytes:
    return tlv(
        _SEQUENCE,
        tlv(_INTEGER, bytes((rank,))),
        tlv(_INTEGER, _integer(algorithm.mechanism)),
        tlv(_NULL),
        _bits(algorithm.operation),
        tlv(_INTEGER, _integer(algorithm.reference)),
    )


def _code(code: Code) -> bytes:
    if code.unblocks:
        flags = _bits(_UNBLOCK_DISABLED, _INITIALIZED, _UNBLOCKING, _SO)
    else:
        flags = _bits(_INITIALIZED)
    attributes = tlv(
        _SEQUENCE,
        flags,
        tlv(_ENUMERATED, b"\x01"),  # digits in ASCII
        tlv(_INTEGER, bytes((code.minimum,))),
        tlv(_INTEGER, bytes((code.maximum,))),
        tlv(_INTEGER, bytes((code.maximum,))),
        tlv(0x80, bytes((code.reference,))),
        tlv(_OCTETS, b"\xff"),
    )
    return tlv(
        _SEQUENCE,
        tlv(_SEQUENCE, _text(code.label), _bits(PRIVATE)),
        tlv(_SEQUENCE, tlv(_OCTETS, bytes((code.reference,)))),
        tlv(_VALUE, attributes),
    )


def _key(key: PrivateKey, place: bytes) -> bytes:
    common = (_text(key.label), _bits(PRIVATE), tlv(_OCTETS, b"\x01"))
    usage = (tlv(_OCTETS, key.identifier), _bits(*key.usages))
    reference = tlv(_INTEGER, bytes((key.reference,)))
    value = tlv(_SEQUENCE, _path(place), tlv(_INTEGER, _integer(key.bits)))
    return tlv(
        _SEQUENCE,
        tlv(_SEQUENCE, *common),
        tlv(_SEQUENCE, *usage, reference),
        tlv(_VALUE, value),
    )


def _flags(data: Data) -> bytes:
    if data.protected:
        return _bits(PRIVATE) + tlv(_OCTETS, b"\x01")
    return _bits(MODIFIABLE) if data.modifiable else _bits()


def _path(path: bytes) -> bytes:
    return tlv(_SEQUENCE, tlv(_OCTETS, path))


def _text(text: str) -> bytes:
    return tlv(_UTF8, text.encode())


def _integer(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1)


def _bits(*numbers: int) -> bytes:
    """A named bit list (DER: no trailing zero bit)."""
    if not numbers:
        return tlv(_BITS, b"\x00")
    count = max(numbers) + 1
    value = sum(1 << (count - 1 - number) for number in numbers)
    unused = -count % 8
    return tlv(_BITS, bytes((unused,)), (value << unused).to_bytes((count + 7) // 8))
