"""BER-TLV data objects, as smart cards hold them (ISO/IEC 7816-4 §5.2.2, X.690 §8.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class TlvError(ValueError):
    """Bytes that are no sequence of data objects. ``offset`` says from where."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object: tag (``0xE3``, ``0x7F21``), value, offset of its first octet."""

    tag: int
    value: bytes
    offset: int

    def children(self) -> tuple[Tlv, ...]:
        """Data objects of a constructed value. Raises TlvError."""
        return read_tlvs(self.value)

    def child(self, tag: int) -> bytes | None:
        """Value of the first inner object of a tag. Raises TlvError."""
        return next((each.value for each in self.children() if each.tag == tag), None)


def read_tlvs(data: bytes) -> tuple[Tlv, ...]:
    """Every object of a sequence; padding of 00 or FF between them is skipped."""
    return tuple(_objects(data))


def _objects(data: bytes) -> Iterator[Tlv]:
    at = 0
    while at < len(data):
        if data[at] in (0x00, 0xFF):
            at += 1
            continue
        tag, start = _tag(data, at)
        length, begin = _length(data, start)
        if begin + length > len(data):
            raise TlvError(at, f"longueur {length} pour {len(data) - begin} octets restants")
        yield Tlv(tag, data[begin : begin + length], at)
        at = begin + length


def _tag(data: bytes, at: int) -> tuple[int, int]:
    tag, after = data[at], at + 1
    if tag & 0x1F == 0x1F:
        while after < len(data):
            tag = tag << 8 | data[after]
            after += 1
            if not data[after - 1] & 0x80:
                return tag, after
        raise TlvError(at, "étiquette coupée")
    return tag, after


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise TlvError(at, "longueur absente")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if not 1 <= count <= 4 or at + 1 + count > len(data):
        raise TlvError(at, f"longueur illisible ({first:02X})")
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count
