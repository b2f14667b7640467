"""One side of an exchange as reports show it."""

from __future__ import annotations

import hashlib

from reports.events import MessageView
from reports.redaction import redacted_headers, redacted_text
from rules.exchange import Message

SHOWN_BYTES = 200_000
"""Bodies above are named by their hash only."""


def message_view(message: Message) -> MessageView:
    """A message with its secrets redacted; its body is shown when it is a short text."""
    return MessageView(
        start_line=redacted_text(message.start_line),
        headers=redacted_headers(message.headers),
        body_sha256=hashlib.sha256(message.body).hexdigest(),
        body_size=len(message.body),
        text=_octets(message) if _is_apdu(message) else _text(message.body),
    )


def _is_apdu(message: Message) -> bool:
    return message.start_line.startswith(("APDU ", "SW "))


def _octets(message: Message) -> str:
    """A command or an answer of a card, as card people write it."""
    return message.body[:SHOWN_BYTES].hex(" ").upper()


def _text(body: bytes) -> str | None:
    if len(body) > SHOWN_BYTES or b"\x00" in body:
        return None
    try:
        return redacted_text(body.decode("utf-8"))
    except UnicodeDecodeError:
        return None
