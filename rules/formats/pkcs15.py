"""Directories of a PKCS#15 application: which objects a card announces, and where.

Reference: ISO/IEC 7816-15 §8; layouts met on a CPS in sheet of cards §3.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.formats.tlv import Tlv, TlvError, read_tlvs

_SEQUENCE, _UTF8, _OCTETS, _INTEGER, _TYPED = 0x30, 0x0C, 0x04, 0x02, 0xA1


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One object: label, path from 3F00 (``b""`` when none), key reference if it is a key."""

    label: str
    path: bytes
    key_reference: int | None


def read_directory(data: bytes) -> tuple[DirectoryEntry, ...]:
    """Entries of a PrKDF, CDF or DODF; nothing when the bytes are no such directory."""
    try:
        return tuple(filter(None, (_entry(each) for each in read_tlvs(data))))
    except TlvError:
        return ()


def _entry(each: Tlv) -> DirectoryEntry | None:
    if each.tag not in (_SEQUENCE, 0xA0):
        return None
    parts = each.children()
    sequences = [part for part in parts if part.tag == _SEQUENCE]
    label = sequences[0].child(_UTF8) if sequences else None
    typed = next((part for part in parts if part.tag == _TYPED), None)
    if label is None or typed is None:
        return None
    reference = sequences[1].child(_INTEGER) if len(sequences) > 1 else None
    return DirectoryEntry(
        label.decode("utf-8", "replace"),
        next(_octets(typed), b""),
        None if not reference else int.from_bytes(reference, "big"),
    )


def _octets(each: Tlv) -> Iterator[bytes]:
    """Octet strings at any depth below an object."""
    for child in each.children():
        if child.tag == _OCTETS:
            yield child.value
        elif child.tag & 0x20:
            yield from _octets(child)
