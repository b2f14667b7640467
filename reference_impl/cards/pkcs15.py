"""Where the objects of a CPS are: its PKCS#15 directories.

Only EF.DIR and the name of the ODF (5031) are fixed; every other path is read.
Sources: ISO/IEC 7816-15; sheet of cards §3.1 and §3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from reference_impl.cards.errors import unreadable
from reference_impl.cards.iso import Tlv, only, parse

EF_DIR = bytes.fromhex("3F002F00")
_ODF = bytes.fromhex("5031")
_PRIVATE_KEYS, _CERTIFICATES, _DATA = 0xA0, 0xA4, 0xA7
_SEQUENCE, _UTF8, _OCTETS, _INTEGER = 0x30, 0x0C, 0x04, 0x02

Read = Callable[[bytes], bytes | None]
"""Gives the content of the file of a path, None when there is none."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key of the card: its CKA_ID and the reference commands call it by."""

    id: bytes
    reference: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What the directories say. Keys and data objects by label, certificates by CKA_ID.

    Paths are absolute, from 3F00.
    """

    application: bytes
    keys: Mapping[str, PrivateKey]
    certificates: Mapping[bytes, bytes]
    data: Mapping[str, bytes]


def read_layout(read: Read) -> Layout:
    """Read the directories. Raises CardError."""
    try:
        application = _application(read)
        places = {entry.tag: _path(entry) for entry in parse(_file(read, application + _ODF))}
        keys = _entries(read, places[_PRIVATE_KEYS])
        certificates = _entries(read, places[_CERTIFICATES])
        data = _entries(read, places[_DATA])
        return Layout(
            application,
            dict(_key(entry) for entry in keys),
            {_inside(entry, _OCTETS): _path(entry[-1]) for entry in certificates},
            {_label(entry): _path(entry[-1]) for entry in data},
        )
    except (ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        raise unreadable(f"ses répertoires PKCS#15 ({error})") from error


def _application(read: Read) -> bytes:
    template = only(_file(read, EF_DIR), 0x61)
    return next(field.value for field in template.children() if field.tag == 0x51)


def _file(read: Read, path: bytes) -> bytes:
    content = read(path)
    if content is None:
        raise unreadable(f"le fichier {path.hex().upper()} manque")
    return content


def _entries(read: Read, path: bytes) -> Iterator[list[Tlv]]:
    for entry in parse(_file(read, path)):
        if entry.tag == _SEQUENCE:
            yield entry.children()


def _key(entry: list[Tlv]) -> tuple[str, PrivateKey]:
    reference = int.from_bytes(_inside(entry, _INTEGER), "big")
    return _label(entry), PrivateKey(_inside(entry, _OCTETS), reference)


def _label(entry: list[Tlv]) -> str:
    common = entry[0].children()
    return next(field.value for field in common if field.tag == _UTF8).decode("utf-8")


def _inside(entry: list[Tlv], tag: int) -> bytes:
    """A field of the attributes of the class: the second sequence of an entry."""
    return next(field.value for field in entry[1].children() if field.tag == tag)


def _path(holder: Tlv) -> bytes:
    """The first octet string, however deep: certificates wrap it once more than data objects."""
    if holder.tag == _OCTETS:
        return holder.value
    if not holder.tag & 0x20:
        raise ValueError("chemin absent")
    for child in holder.children():
        if child.tag == _OCTETS or child.tag & 0x20:
            return _path(child)
    raise ValueError("chemin absent")
