"""BER-TLV: encoding, and reading that says where it stops making sense.

Sources: ISO/IEC 7816-4 §5.2.2, X.690 §8.1. Only definite lengths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_CONSTRUCTED = 0x20


def tlv(tag: int, *values: bytes) -> bytes:
    """One data object: its tag (``0x81``, ``0x7F41``, ``0xBF8101``) and joined values."""
    value = b"".join(values)
    return _tag(tag) + length(len(value)) + value


def length(count: int) -> bytes:
    """The length octets of a value: short under 128, ``81 xx`` or ``82 xxxx`` from there."""
    if count < 0x80:
        return bytes((count,))
    digits = count.to_bytes((count.bit_length() + 7) // 8)
    return bytes((0x80 | len(digits),)) + digits


def _tag(tag: int) -> bytes:
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8))


@dataclass(frozen=True, slots=True)
class DataObject:
    """A data object as read."""

    tag: int
    value: bytes

    @property
    def constructed(self) -> bool:
        """Whether the value is made of data objects."""
        return bool(_tag(self.tag)[0] & _CONSTRUCTED)


def objects(content: bytes) -> Iterator[DataObject]:
    """The data objects of a content, in order; raises ValueError on unreadable octets.

    Octets ``00`` between objects are padding (ISO/IEC 7816-4 §5.2.2.1).
    """
    at = 0
    while at < len(content):
        if content[at] == 0:
            at += 1
            continue
        tag, at = _read_tag(content, at)
        count, at = _read_length(content, at)
        if at + count > len(content):
            raise ValueError(f"l'objet {tag:X} annonce {count} octets, il en reste moins")
        yield DataObject(tag, content[at : at + count])
        at += count


def _read_tag(content: bytes, at: int) -> tuple[int, int]:
    tag = content[at]
    at += 1
    if tag & 0x1F == 0x1F:
        while True:
            if at >= len(content) or tag > 0xFFFF:
                raise ValueError("étiquette BER-TLV incomplète ou trop longue")
            tag = tag << 8 | content[at]
            at += 1
            if not content[at - 1] & 0x80:
                break
    return tag, at


def _read_length(content: bytes, at: int) -> tuple[int, int]:
    if at >= len(content):
        raise ValueError("longueur BER-TLV absente")
    first = content[at]
    at += 1
    if first < 0x80:
        return first, at
    digits = content[at : at + (first & 0x7F)]
    if not digits or len(digits) != first & 0x7F or len(digits) > 3:
        raise ValueError("longueur BER-TLV illisible")
    return int.from_bytes(digits), at + len(digits)


def digits(text: str, count: int) -> bytes:
    """Packed BCD of ``count`` octets, zeros at the left."""
    return bytes.fromhex(text.rjust(2 * count, "0"))
