"""Reports that come back by mail: MDN (RFC 8098) and DSN (RFC 3464).

The MDN is that of the CI-SIS volet « Transmission au LPS de documents CDA d'un
courriel MSSanté » (``struct-msg-mdn``), whose errors are 900 to 906. The form of
the bounces of Mon espace santé is not public: only RFC 3464 is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import ClassVar, cast

from rules.artefact import Artefact
from rules.formats.mail_headers import header

_ERROR = re.compile(r"\b(?P<code>9\d{2})\s*\^\s*(?P<label>.*)", re.DOTALL)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")

Fields = Mapping[str, str]
"""Fields of a report block, names in lower case, values decoded."""


@dataclass(frozen=True)
class Mdn(Artefact):
    """A disposition notification: what became of a message at its reader's."""

    label: ClassVar[str] = "Accusé de lecture ou de traitement (MDN)"
    fields: Fields = field(default_factory=dict[str, str])

    @property
    def original_message_id(self) -> str | None:
        """Message-ID of the message it speaks of."""
        return self.fields.get("original-message-id")

    @property
    def final_recipient(self) -> str | None:
        """Address of the reader, without its ``rfc822;`` type."""
        return _address(self.fields.get("final-recipient"))

    @property
    def modes(self) -> tuple[str, ...]:
        """Action mode and sending mode, lower case."""
        modes = self.fields.get("disposition", "").partition(";")[0]
        return tuple(mode.strip().lower() for mode in modes.split("/") if mode.strip())

    @property
    def disposition(self) -> str:
        """``displayed``, ``dispatched``, ``processed``, ``deleted`` or ``""``."""
        kind = self.fields.get("disposition", "").partition(";")[2]
        return kind.partition("/")[0].strip().lower()

    @property
    def error(self) -> tuple[str, str] | None:
        """Code (900 to 906) and label of an integration error, or None."""
        modifier = self.fields.get("disposition", "").partition(";")[2].partition("/")[2]
        found = _ERROR.search(modifier)
        return (found["code"], found["label"].strip()) if found else None


@dataclass(frozen=True)
class Dsn(Artefact):
    """A delivery status notification: one block per recipient."""

    label: ClassVar[str] = "Avis de non-distribution (DSN)"
    about_message: Fields
    recipients: tuple[Fields, ...]

    @property
    def failed(self) -> tuple[tuple[str, str], ...]:
        """Address and status (``5.2.1``) of each recipient that was not reached."""
        return tuple(
            (_address(block.get("final-recipient")) or "", _status(block))
            for block in self.recipients
            if block.get("action", "").lower() == "failed"
        )


def read_report(message: Message) -> Mdn | Dsn | None:
    """The report a mail carries, by its media type wherever the part stands."""
    for part in own_parts(message):
        kind = part.get_content_type()
        if kind == "message/disposition-notification":
            return Mdn(_merged(_blocks(part)))
        if kind == "message/delivery-status":
            blocks = _blocks(part)
            return Dsn(blocks[0] if blocks else {}, tuple(b for b in blocks[1:] if b))
    return None


def own_parts(message: Message) -> Iterator[Message]:
    """Parts of a mail, root first, without those of the mails it quotes."""
    yield message
    if message.get_content_maintype() == "multipart":
        for child in children(message):
            yield from own_parts(child)


def children(message: Message) -> list[Message]:
    """Parts directly under a part: none for a leaf."""
    payload = message.get_payload()
    return cast("list[Message]", payload) if isinstance(payload, list) else []


def _blocks(part: Message) -> list[Fields]:
    return [_fields(block) for block in children(part)]


def _fields(block: Message) -> Fields:
    return {name.lower(): header(name, str(value)).value for name, value in block.items()}


def _merged(blocks: Iterable[Fields]) -> Fields:
    merged: dict[str, str] = {}
    for block in blocks:
        merged |= block
    return merged


def _address(value: str | None) -> str | None:
    return value.rpartition(";")[2].strip() if value else None


def _status(block: Fields) -> str:
    found = _STATUS.search(block.get("status", ""))
    return found[0] if found else ""
