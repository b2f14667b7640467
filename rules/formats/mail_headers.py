"""Header fields of a mail: unfolded, decoded from RFC 2047, read as addresses.

Sources: RFC 5322 §2.2.3 (folding), §3.4 (addresses), §3.6.4 (msg-id); RFC 2047.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import getaddresses

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ENCODED_WORD = re.compile(r"=\?([^?*]+)(?:\*[^?]*)?\?[bBqQ]\?[^?]*\?=")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MESSAGE_ID = re.compile(rf"<{_ATOM}(?:\.{_ATOM})*@(?:{_ATOM}(?:\.{_ATOM})*|\[[^\[\]\\\s]*\])>")
_ANY_ID = re.compile(r"<[^<>\s]+>")
UTF8_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
"""Charsets whose bytes are UTF-8 (US-ASCII is a subset)."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address of a header field and its display name (``""`` when absent)."""

    label: str
    address: str

    @property
    def domain(self) -> str:
        """Part after the ``@``, in lower case."""
        return self.address.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Header:
    """One field: ``raw`` is unfolded and as sent, ``value`` is decoded."""

    name: str
    raw: str
    value: str

    @property
    def place(self) -> str:
        """How a finding names it."""
        return f"en-tête {self.name}"

    @property
    def charsets(self) -> tuple[str, ...]:
        """Charsets of its encoded words, lower case."""
        return tuple(found.lower() for found in _ENCODED_WORD.findall(self.raw))

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """Addresses of the field, in order; entries without address are left out."""
        pairs = getaddresses([self.raw])
        return tuple(Mailbox(decoded(label), address) for label, address in pairs if address)

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Identifiers between angle brackets, in order (References, In-Reply-To)."""
        return tuple(_ANY_ID.findall(self.raw))


def header(name: str, folded: str) -> Header:
    """A field from its name and its folded value as the parser gives it."""
    raw = _FOLD.sub("", folded).strip()
    return Header(name, raw, decoded(raw))


def decoded(raw: str) -> str:
    """Text of a value with its encoded words; unreadable ones are kept as sent."""
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        return _utf8(raw)
    return "".join(_piece(content, charset) for content, charset in pieces)


def _piece(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        return _utf8(content)
    try:
        return content.decode(charset or "utf-8", "replace")
    except LookupError:
        return content.decode("ascii", "replace")


def _utf8(text: str) -> str:
    """Raw 8-bit octets, kept as surrogates by the parser, read as UTF-8 (RFC 6532)."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_message_id(text: str) -> bool:
    """Whether a text is one msg-id of RFC 5322 §3.6.4 (dot-atom-text form)."""
    return _MESSAGE_ID.fullmatch(text) is not None


def folded(text: str) -> str:
    """Text without accents, in capitals, with plain apostrophes."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c)).upper()
