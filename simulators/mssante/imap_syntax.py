"""Words of IMAP4rev1 (RFC 3501 §9): commands read, answers written; no socket here.

An atom is a ``str``, a quoted string or a literal is ``bytes``, a list is a ``list``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

LITERAL = re.compile(rb"\{(\d{1,10})(\+?)\}$")
_MARK = re.compile(rb"\x00(\d+)\x00")
_STOPS = b' ()"\x00'
_QUOTABLE = re.compile(rb"[\x20-\x7e]*")
_MAX_DEPTH = 20


class ImapSyntaxError(Exception):
    """A command that cannot be read; the message goes after BAD."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its literals, as the connection read it."""

    tag: str
    name: str
    """Upper case; ``UID FETCH`` in two words."""
    arguments: tuple[object, ...]
    text: str
    """Name and arguments as typed, literals shown by their size."""
    literal: bytes = b""
    """The longest literal."""


def mark(rank: int) -> bytes:
    """What stands in a line for the literal of that rank."""
    return b"\x00%d\x00" % rank


def read_command(line: bytes, literals: Sequence[bytes]) -> Command:
    """Read a line where literals are marked; raises ImapSyntaxError."""
    if b"\x00" in _MARK.sub(b"", line):
        raise ImapSyntaxError("octet NUL dans la commande")
    tag, _, rest = line.partition(b" ")
    if not re.fullmatch(rb"[!-~]{1,64}", tag) or re.search(rb'[(){%*"\\+]', tag):
        raise ImapSyntaxError("etiquette illisible")
    name, _, after = rest.partition(b" ")
    if name.upper() == b"UID":
        second, _, after = after.partition(b" ")
        name = b"UID " + second
    words = _Scanner(after, literals).words()
    shown = _MARK.sub(lambda found: b"{%d}" % len(literals[int(found[1])]), rest)
    return Command(
        tag.decode("ascii"),
        name.decode("ascii", "replace").upper(),
        tuple(words),
        shown.decode("utf-8", "replace"),
        max(literals, key=len, default=b""),
    )


class _Scanner:
    """Cuts arguments into tokens."""

    def __init__(self, line: bytes, literals: Sequence[bytes]) -> None:
        self._line = line
        self._literals = literals
        self._at = 0

    def words(self, depth: int = 0) -> list[object]:
        """Tokens up to the end, or to the parenthesis that closes this list."""
        if depth > _MAX_DEPTH:
            raise ImapSyntaxError("listes trop imbriquees")
        found: list[object] = []
        while self._at < len(self._line):
            char = self._line[self._at : self._at + 1]
            if char == b" ":
                self._at += 1
            elif char == b")":
                if not depth:
                    raise ImapSyntaxError("parenthese fermante de trop")
                self._at += 1
                return found
            elif char == b"(":
                self._at += 1
                found.append(self.words(depth + 1))
            else:
                found.append(self._word(char))
        if depth:
            raise ImapSyntaxError("parenthese non fermee")
        return found

    def _word(self, char: bytes) -> str | bytes:
        if char == b'"':
            return self._quoted()
        if char == b"\x00":
            found = _MARK.match(self._line, self._at)
            if found is None:
                raise ImapSyntaxError("litteral illisible")
            self._at = found.end()
            return self._literals[int(found[1])]
        return self._atom()

    def _quoted(self) -> bytes:
        found = re.compile(rb'"((?:[^"\\\r\n]|\\["\\])*)"').match(self._line, self._at)
        if found is None:
            raise ImapSyntaxError("guillemets non fermes")
        self._at = found.end()
        return re.sub(rb"\\(.)", rb"\1", found[1])

    def _atom(self) -> str:
        """An atom; what stands between square brackets belongs to it (FETCH)."""
        begin, inside = self._at, 0
        while self._at < len(self._line):
            char = self._line[self._at]
            inside += (char == ord("[")) - (char == ord("]"))
            if inside <= 0 and char in _STOPS:
                break
            self._at += 1
        return self._line[begin : self._at].decode("utf-8", "replace")


def text_of(token: object) -> str:
    """A word as text; raises ImapSyntaxError on a list."""
    if isinstance(token, bytes):
        return token.decode("utf-8", "replace")
    if isinstance(token, str):
        return token
    raise ImapSyntaxError("un mot est attendu")


def words_of(token: object) -> list[str]:
    """A list of words, or one word alone."""
    if isinstance(token, list):
        return [text_of(item) for item in cast("list[object]", token)]
    return [text_of(token)]


@dataclass(frozen=True, slots=True)
class NumberSet:
    """``1:3,5,*``: ranges whose None end is the greatest number in use."""

    ranges: tuple[tuple[int | None, int | None], ...]

    def chosen(self, numbers: Sequence[int]) -> list[int]:
        """Those of ascending ``numbers`` that the set names."""
        if not numbers:
            return []
        top = numbers[-1]
        spans = [sorted((top if a is None else a, top if b is None else b)) for a, b in self.ranges]
        return [n for n in numbers if any(low <= n <= high for low, high in spans)]


def number_set(token: object) -> NumberSet:
    """Read a sequence set; raises ImapSyntaxError."""
    text = text_of(token)
    if not re.fullmatch(r"(\d{1,10}|\*)(:(\d{1,10}|\*))?(,(\d{1,10}|\*)(:(\d{1,10}|\*))?)*", text):
        raise ImapSyntaxError("ensemble de numeros illisible")
    ranges: list[tuple[int | None, int | None]] = []
    for piece in text.split(","):
        first, _, last = piece.partition(":")
        ranges.append((_number(first), _number(last or first)))
    return NumberSet(tuple(ranges))


def _number(text: str) -> int | None:
    return None if text == "*" else int(text)


def string(value: str | bytes | None) -> bytes:
    """``NIL``, a quoted string, or a literal when quoting cannot hold it."""
    if value is None:
        return b"NIL"
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if len(data) < 1000 and _QUOTABLE.fullmatch(data):
        return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n%b" % (len(data), data)


def listed(items: Iterable[bytes]) -> bytes:
    """A parenthesised list."""
    return b"(" + b" ".join(items) + b")"


def flag_list(flags: Iterable[str]) -> bytes:
    """A parenthesised list of flags."""
    return listed(flag.encode("ascii", "replace") for flag in flags)
