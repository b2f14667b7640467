"""FETCH (RFC 3501 §6.4.5): what is asked of a mail, and the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from simulators.mssante import imap_mime as mime
from simulators.mssante.imap_syntax import (
    ImapSyntaxError,
    flag_list,
    listed,
    words_of,
)
from simulators.mssante.state import Stored

_MACROS = {
    "FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
    "ALL": ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
    "FULL": ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
}
_SIMPLE = ("FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE")
_WHOLE = {"RFC822": "", "RFC822.HEADER": "HEADER", "RFC822.TEXT": "TEXT"}
_SECTION = re.compile(
    r"(?P<name>BODY(?P<peek>\.PEEK)?)\[(?P<section>[^\]]*)\](?:<(?P<from>\d+)\.(?P<size>\d+)>)?",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?P<numbers>\d+(?:\.\d+)*)?\.?(?P<what>.*)", re.DOTALL)
_KNOWN = re.compile(
    r"(\d+(\.\d+)*)?|(\d+(\.\d+)*\.)?(HEADER|TEXT|MIME|HEADER\.FIELDS(\.NOT)? \([^()]*\))"
)
_FIELDS = re.compile(r"HEADER\.FIELDS(?P<not>\.NOT)? \((?P<names>[^()]*)\)", re.IGNORECASE)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing asked. ``section`` is None for what is not ``BODY[…]``."""

    name: str
    section: str | None = None
    peek: bool = True
    partial: tuple[int, int] | None = None

    @property
    def label(self) -> bytes:
        """Its name in the answer."""
        if self.section is None or self.name in _WHOLE:
            return self.name.encode()
        origin = f"<{self.partial[0]}>" if self.partial else ""
        return f"BODY[{self.section}]{origin}".encode()

    @property
    def needs_content(self) -> bool:
        """Whether the mail must be read."""
        return self.name not in ("FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE")


def read_items(token: object) -> list[Item]:
    """What a FETCH asks; raises ImapSyntaxError."""
    words = words_of(token)
    if len(words) == 1 and words[0].upper() in _MACROS:
        words = _MACROS[words[0].upper()]
    return [_item(word) for word in words]


def _item(word: str) -> Item:
    name = word.upper()
    if name in _SIMPLE:
        return Item(name)
    if name in _WHOLE:
        return Item(name, _WHOLE[name], peek=name == "RFC822.HEADER")
    found = _SECTION.fullmatch(word)
    if found is None:
        raise ImapSyntaxError(f"element de FETCH inconnu : {word[:40]}")
    section = found["section"].upper()
    if not _KNOWN.fullmatch(section):
        raise ImapSyntaxError(f"section inconnue : {section[:40]}")
    partial = (int(found["from"]), int(found["size"])) if found["from"] else None
    return Item("BODY[]", section, bool(found["peek"]), partial)


class Mail:
    """A stored mail while it is fetched or searched; its octets are read once."""

    def __init__(self, stored: Stored, content: Callable[[], bytes]) -> None:
        self.stored = stored
        self._content = content

    @cached_property
    def data(self) -> bytes:
        """The whole mail."""
        return self._content()

    @cached_property
    def root(self) -> mime.Node:
        """Its MIME tree."""
        return mime.parse(self.data)


def answer(sequence: int, mail: Mail, items: list[Item]) -> bytes:
    """The untagged FETCH of one mail."""
    pairs = (item.label + b" " + _value(mail, item) for item in items)
    return b"* %d FETCH " % sequence + listed(pairs)


def _value(mail: Mail, item: Item) -> bytes:
    stored = mail.stored
    if item.section is not None:
        return _octets(octets_of(mail.root, item.section), item.partial)
    simple: dict[str, Callable[[], bytes]] = {
        "FLAGS": lambda: flag_list(stored.flags),
        "UID": lambda: b"%d" % stored.uid,
        "INTERNALDATE": lambda: internal_date(stored.at),
        "RFC822.SIZE": lambda: b"%d" % stored.size,
        "ENVELOPE": lambda: mime.envelope(mail.root.fields),
        "BODY": lambda: mime.structure(mail.root, extended=False),
        "BODYSTRUCTURE": lambda: mime.structure(mail.root, extended=True),
    }
    return simple[item.name]()


def internal_date(at: datetime) -> bytes:
    """``"12-Mar-2026 09:17:20 +0000"``, whatever the locale."""
    return f'"{at.day:2d}-{MONTHS[at.month - 1]}-{at:%Y %H:%M:%S %z}"'.encode()


def read_date(text: str) -> datetime:
    """A date-time of APPEND; raises ImapSyntaxError."""
    found = re.fullmatch(r"\s?(\d{1,2})-([A-Za-z]{3})-(\d{4} \d\d:\d\d:\d\d [+-]\d{4})", text)
    if found is None or found[2].title() not in MONTHS:
        raise ImapSyntaxError("date illisible")
    month = MONTHS.index(found[2].title()) + 1
    try:
        return datetime.strptime(f"{found[1]} {month} {found[3]}", "%d %m %Y %H:%M:%S %z")
    except ValueError as error:
        raise ImapSyntaxError("date illisible") from error


def octets_of(root: mime.Node, wanted: str) -> bytes | None:
    """Octets of a section (``1.2``, ``HEADER.FIELDS (FROM)``), None when there is none."""
    found = _NUMBERS.fullmatch(wanted)
    assert found is not None
    numbers = tuple(int(n) for n in found["numbers"].split(".")) if found["numbers"] else ()
    what = found["what"].upper()
    node = root.part(numbers)
    if node is None:
        return None
    if not what:
        return node.body if numbers else root.header + root.body
    if what == "MIME":
        return node.header if numbers else None
    mail = node.mail if numbers else node
    return _of_mail(mail, what) if mail is not None else None


def _of_mail(mail: mime.Node, what: str) -> bytes:
    if what == "HEADER":
        return mail.header
    if what == "TEXT":
        return mail.body
    found = _FIELDS.fullmatch(what)
    assert found is not None
    names = found["names"].replace('"', "").split()
    return mime.selected_fields(mail.header, names, excluded=found["not"] is not None)


def _octets(data: bytes | None, partial: tuple[int, int] | None) -> bytes:
    if data is None:
        return b"NIL"
    if partial is not None:
        data = data[partial[0] : partial[0] + partial[1]]
    return b"{%d}\r\n%b" % (len(data), data)
