"""The MIME tree of a stored mail by octets: BODY[section], BODYSTRUCTURE, ENVELOPE.

RFC 3501 §6.4.5 and §7.4.2. Octets are cut out of the mail as it was received, never
written again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from itertools import zip_longest
from typing import cast

from simulators.mssante.imap_syntax import listed, string

_HEADERS = BytesHeaderParser(policy=compat32)
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_MAX_DEPTH = 30


@dataclass(frozen=True)
class Node:
    """A part: ``header`` ends with its empty line, ``children`` are those of a
    multipart or the one mail of a message/rfc822."""

    header: bytes
    body: bytes
    fields: Message
    children: tuple[Node, ...] = ()

    @property
    def kind(self) -> tuple[str, str]:
        """Media type and subtype, lower case."""
        return self.fields.get_content_maintype(), self.fields.get_content_subtype()

    @property
    def is_multipart(self) -> bool:
        """Several parts with a boundary."""
        return self.kind[0] == "multipart" and bool(self.children)

    @property
    def mail(self) -> Node | None:
        """The mail of a message/rfc822."""
        return self.children[0] if self.kind == ("message", "rfc822") and self.children else None

    def part(self, numbers: tuple[int, ...]) -> Node | None:
        """The part of a section number (``1.2``), None when there is none."""
        node: Node | None = self
        for number in numbers:
            if node is None:
                return None
            node = _child(node.mail or node, number)
        return node


def parse(data: bytes, depth: int = 0) -> Node:
    """Cut a mail, or a part, into its tree."""
    header, body = _cut(data)
    fields = _HEADERS.parsebytes(header)
    kind = fields.get_content_type()
    children: tuple[Node, ...] = ()
    if depth < _MAX_DEPTH and kind.startswith("multipart/"):
        children = tuple(parse(piece, depth + 1) for piece in _pieces(body, fields.get_boundary()))
    elif depth < _MAX_DEPTH and kind == "message/rfc822":
        children = (parse(body, depth + 1),)
    return Node(header, body, fields, children)


def _child(node: Node, number: int) -> Node | None:
    if not node.is_multipart:
        return node if number == 1 else None
    return node.children[number - 1] if 0 < number <= len(node.children) else None


def _cut(data: bytes) -> tuple[bytes, bytes]:
    if data.startswith((b"\r\n", b"\n")):
        size = data.index(b"\n") + 1
        return data[:size], data[size:]
    found = _END_OF_HEADER.search(data)
    return (data[: found.end()], data[found.end() :]) if found else (data, b"")


def _pieces(body: bytes, boundary: str | None) -> list[bytes]:
    if not boundary:
        return []
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    delimiter = re.compile(rb"(?:^|\r?\n)--" + mark + rb"(?P<end>--)?[ \t]*(?=\r?\n|$)")
    found = list(delimiter.finditer(body))
    pieces: list[bytes] = []
    for here, following in zip_longest(found, found[1:]):
        if here["end"]:
            break
        piece = body[here.end() : following.start() if following else len(body)]
        pieces.append(re.sub(rb"^\r?\n", b"", piece, count=1))
    return pieces


def selected_fields(header: bytes, names: list[str], *, excluded: bool) -> bytes:
    """HEADER.FIELDS and HEADER.FIELDS.NOT: those fields as they stand, and an empty line."""
    wanted = {name.lower().encode() for name in names}
    kept: list[bytes] = []
    keep = False
    for line in header.splitlines(keepends=True):
        if not line.strip(b"\r\n"):
            break
        if line[:1] not in b" \t":
            keep = (line.partition(b":")[0].strip().lower() in wanted) is not excluded
        if keep:
            kept.append(line)
    return b"".join(kept) + b"\r\n"


def envelope(fields: Message) -> bytes:
    """ENVELOPE of a mail."""
    sender = _addresses(fields, "From")
    items = [
        string(_value(fields, "Date")),
        string(_value(fields, "Subject")),
        sender,
        _addresses(fields, "Sender") if fields["Sender"] else sender,
        _addresses(fields, "Reply-To") if fields["Reply-To"] else sender,
        *(_addresses(fields, name) for name in ("To", "Cc", "Bcc")),
        string(_value(fields, "In-Reply-To")),
        string(_value(fields, "Message-ID")),
    ]
    return listed(items)


def structure(node: Node, *, extended: bool) -> bytes:
    """BODYSTRUCTURE, or BODY when it is not ``extended``."""
    main, sub = node.kind
    if node.is_multipart:
        parts = b"".join(structure(child, extended=extended) for child in node.children)
        more = [_parameters(node), _disposition(node), b"NIL", b"NIL"] if extended else []
        return b"(" + b" ".join([parts, string(sub), *more]) + b")"
    if main == "multipart":
        main, sub = "text", "plain"  # a multipart without parts cannot be described
    items = [
        string(main),
        string(sub),
        _parameters(node),
        string(_value(node.fields, "Content-ID")),
        string(_value(node.fields, "Content-Description")),
        string(_value(node.fields, "Content-Transfer-Encoding") or "7BIT"),
        b"%d" % len(node.body),
    ]
    if node.mail is not None:
        items += [envelope(node.mail.fields), structure(node.mail, extended=extended)]
    if node.mail is not None or main == "text":
        items.append(b"%d" % node.body.count(b"\n"))
    if extended:
        items += [b"NIL", _disposition(node), b"NIL", b"NIL"]
    return listed(items)


def _value(fields: Message, name: str) -> str | None:
    value = fields[name]
    return None if value is None else _FOLD.sub("", str(value)).strip()


def _addresses(fields: Message, name: str) -> bytes:
    value = _value(fields, name)
    pairs = [(label, address) for label, address in getaddresses([value or ""]) if address]
    if not pairs:
        return b"NIL"
    return b"(" + b"".join(_address(label, address) for label, address in pairs) + b")"


def _address(label: str, address: str) -> bytes:
    local, _, domain = address.rpartition("@")
    return listed([string(label or None), b"NIL", string(local or domain), string(domain)])


def _parameters(node: Node) -> bytes:
    pairs = (node.fields.get_params(failobj=[], header="content-type") or [])[1:]
    return _pairs([(str(name), _plain(value)) for name, value in pairs])


def _disposition(node: Node) -> bytes:
    pairs = node.fields.get_params(failobj=[], header="content-disposition") or []
    if not pairs:
        return b"NIL"
    rest = [(str(name), _plain(value)) for name, value in pairs[1:]]
    return listed([string(str(pairs[0][0])), _pairs(rest)])


def _pairs(pairs: list[tuple[str, str]]) -> bytes:
    if not pairs:
        return b"NIL"
    return listed(word for name, value in pairs for word in (string(name), string(value)))


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return str(cast("tuple[object, ...]", value)[2])  # RFC 2231
    return str(value)
