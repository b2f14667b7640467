"""Bytes of a wire as lines that two campaigns can be compared by.

Whatever is wrapped is opened: MIME parts, archives, base64, tokens, PDF pages,
certificates, symbols of pictures. Encodings differ from one run to the next where contents do not
(compressed sizes, boundaries), so only contents are kept.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import Message
from hashlib import sha256

from cryptography import x509
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from rules.formats.symbols import PictureError, is_picture, read_picture

DEPTH = 8
"""Wrappings opened inside one another; deeper ones are compared by their digest."""
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/\s]{120,}={0,2}(?![A-Za-z0-9+/=])")
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*")
_BROKEN = (ValueError, KeyError, LookupError, OSError, zipfile.BadZipFile, PyPdfError, PictureError)


_Opener = Callable[[bytes, str, int], Iterator[str]]


def unfold(content: bytes, media_type: str = "", depth: int = DEPTH) -> list[str]:
    """Lines of a content. ``media_type`` is its Content-Type, parameters included."""
    if not content:
        return []
    opener = _opener(content, media_type) if depth else None
    if opener is not None:
        try:
            return list(opener(content, media_type, depth - 1))
        except _BROKEN:
            pass  # what cannot be opened is compared as it is
    return list(_text(content, depth))


def _opener(content: bytes, media_type: str) -> _Opener | None:
    kind = media_type.lower()
    if is_picture(content):
        return _picture
    by_start = (opener for start, opener in _STARTS if content.startswith(start))
    by_kind = (opener for start, opener in _KINDS if kind.startswith(start))
    return next(by_start, None) or next(by_kind, None)


def _zip(content: bytes, _kind: str, depth: int) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            yield f"fichier {entry.filename}"
            yield from unfold(archive.read(entry), depth=depth)


def _pdf(content: bytes, _kind: str, _depth: int) -> Iterator[str]:
    reader = PdfReader(io.BytesIO(content))
    for name, value in sorted((reader.metadata or {}).items()):
        yield f"{name} {value}"
    for page in reader.pages:
        yield from page.extract_text().splitlines()


def _picture(content: bytes, _kind: str, depth: int) -> Iterator[str]:
    """The symbols of a picture: the size of its octets follows what they say."""
    symbols = read_picture(content)
    if not symbols:
        yield from _text(content, depth)
    for symbol in symbols:
        yield f"symbole {symbol.kind}"
        yield from unfold(symbol.data, depth=depth)


def _der(content: bytes, _kind: str, _depth: int) -> Iterator[str]:
    try:
        certificate = x509.load_der_x509_certificate(content)
    except ValueError:
        revoked = x509.load_der_x509_crl(content)
        yield f"liste de révocation de {revoked.issuer.rfc4514_string()}"
        yield f"{len(list(revoked))} certificats révoqués"
        return
    yield f"certificat {certificate.subject.rfc4514_string()} n° {certificate.serial_number}"


def _mime(content: bytes, kind: str, depth: int) -> Iterator[str]:
    if kind.lower() != "message/rfc822":
        content = f"Content-Type: {kind}\r\n\r\n".encode() + content
    yield from _part(message_from_bytes(content, policy=policy.compat32), depth)


def _part(message: Message, depth: int) -> Iterator[str]:
    for name, value in message.raw_items():
        yield f"{name}: {' '.join(str(value).split())}"
    if message.is_multipart():
        for child in message.get_payload():
            if isinstance(child, Message):
                yield from _part(child, depth)
        return
    payload = message.get_payload(decode=True)
    if isinstance(payload, bytes):
        yield from unfold(payload, message.get_content_type(), depth)


def _form(content: bytes, _kind: str, depth: int) -> Iterator[str]:
    for pair in content.split(b"&"):
        yield from _text(pair, depth)


def _json(content: bytes, _kind: str, depth: int) -> Iterator[str]:
    written = json.dumps(json.loads(content), ensure_ascii=False, indent=1, sort_keys=True)
    yield from _text(written.encode(), depth)


def _text(content: bytes, depth: int) -> Iterator[str]:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        yield f"{len(content)} octets, SHA-256 {sha256(content).hexdigest()}"
        return
    text = re.sub(r">\s*<", ">\n<", text)
    if depth:
        text = _JWT.sub(lambda found: f"\n{_claims(found[1])}\n", text)
        text = _BASE64.sub(lambda found: _decoded(found[0], depth - 1), text)
    yield from (line for line in text.splitlines() if line.strip())


def _claims(part: str) -> str:
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return part
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


def _decoded(text: str, depth: int) -> str:
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text
    return "\n" + "\n".join(unfold(content, depth=depth)) + "\n"


_STARTS: tuple[tuple[bytes, _Opener], ...] = (
    (b"PK\x03\x04", _zip),
    (b"%PDF", _pdf),
    (b"0\x82", _der),
    (b"{", _json),
    (b"[", _json),
)
_KINDS: tuple[tuple[str, _Opener], ...] = (
    ("multipart/", _mime),
    ("message/rfc822", _mime),
    ("application/x-www-form-urlencoded", _form),
)
