"""Every text inside a message: bodies, MIME parts, zip members, base64, PDF pages, symbols.

What a search for a forbidden value must look through. Bounded in depth, and
nothing here fails: what cannot be opened is searched as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import Message as Mime

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats.mail_headers import header
from rules.formats.pages import page_texts, read_pages
from rules.formats.symbols import PictureError, Symbol, is_picture, read_picture
from rules.formats.unzip import unzip

MAX_DEPTH = 5
_ENCODED = re.compile(rb'representation\s*=\s*["\']B64["\'][^>]*>([A-Za-z0-9+/=\s]+)<')

Texts = Iterator[tuple[str, bytes]]
"""Place in French, and octets to search."""


def texts_of(message: Message) -> Texts:
    """Places and octets of one side of an exchange, head first."""
    yield "ligne de commande", message.start_line.encode()
    for name, value in message.headers:
        yield f"en-tête {name}", value.encode()
    content_type = message.header("Content-Type") or ""
    if content_type.lower().startswith("multipart/"):
        head = f"Content-Type: {content_type}\r\n\r\n".encode()
        yield from _mime(head + message.body, "corps", 0)
    yield from _open(message.body, "corps", 0)


def texts_of_mail(data: bytes) -> Texts:
    """Places and octets of a mail: fields decoded, then each part."""
    yield "message", data
    yield from _mime(data, "message", 0)


def _mime(data: bytes, place: str, depth: int) -> Texts:
    try:
        message = message_from_bytes(data, policy=policy.compat32)
        parts = list(message.walk())
    except RecursionError:
        return
    for name, value in message.raw_items():
        yield f"{place}, en-tête {name}", header(name, str(value)).value.encode()
    for rank, part in enumerate(parts, start=1):
        yield from _part(part, f"{place}, partie {rank}", depth)


def _part(part: Mime, place: str, depth: int) -> Texts:
    name = part.get_filename()
    if name is not None:
        yield f"{place}, nom de fichier", str(name).encode()
    content = None if part.is_multipart() else part.get_payload(decode=True)
    if isinstance(content, bytes):
        yield from _open(content, place if name is None else f"{place} ({name})", depth + 1)


def _open(data: bytes, place: str, depth: int) -> Texts:
    yield place, data
    if depth >= MAX_DEPTH:
        return
    if data.startswith(b"PK\x03\x04"):
        yield from _zip(data, place, depth)
    elif data[:1024].lstrip().startswith(b"%PDF"):
        yield f"{place}, texte du PDF", "\n".join(page_texts(data)).encode()
        yield from _symbols(read_pages(data), place)
    elif is_picture(data):
        with suppress(PictureError):
            yield from _symbols(read_picture(data), place)
    else:
        for found in _ENCODED.finditer(data):
            try:
                inner = base64.b64decode(b"".join(found[1].split()), validate=True)
            except binascii.Error:
                continue
            yield from _open(inner, f"{place}, contenu en base64", depth + 1)


def _symbols(found: Iterable[Symbol], place: str) -> Texts:
    for each in found:
        yield f"{place}, {each.place}", each.data


def _zip(data: bytes, place: str, depth: int) -> Texts:
    try:
        files = unzip(data, check_id="MSS-X01")
    except MalformedError:
        return
    for path, content in files.items():
        yield f"{place}, {path}", path.encode()
        yield from _open(content, f"{place}, {path}", depth + 1)
