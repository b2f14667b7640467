"""A mail of MSSanté, as the rules read it: fields, MIME tree, archive, report.

Sources: Ref#2 v1.0.1 §2 (ECO.2.x), CI-SIS volet « Échange de documents de santé »,
RFC 5322, RFC 2045 to 2047. Lenient as a receiver: what a mail reader would still
show is read, and what it got wrong is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from functools import cached_property
from typing import ClassVar

from rules.artefact import Artefact, MalformedError
from rules.context import Context, Envelope
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.mail_headers import Header, Mailbox, header
from rules.formats.mail_report import Dsn, Mdn, children, own_parts, read_report
from rules.formats.xdm import XdmArchive

LABEL = "Courriel MSSanté"
ARCHIVE_NAME = "ihe_xdm.zip"
"""Name of the document archive, compared without case (§4.5 of the sheet)."""
PATIENT_DOMAIN = "patient.mssante.fr"
MAX_BYTES = 64 * 1024 * 1024
_ISOLATED = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_FATAL_DEFECTS = ("NoBoundaryInMultipartDefect", "StartBoundaryNotFoundDefect")


@dataclass(frozen=True)
class Part:
    """A leaf of the MIME tree. ``content`` is decoded from its transfer encoding."""

    place: str
    """``partie 2.1 (text/plain)``."""
    media_type: str
    charset: str | None
    filename: str | None
    disposition: str | None
    content: bytes = field(repr=False)
    defects: tuple[str, ...] = ()

    @property
    def attached(self) -> bool:
        """A named part, or one said to be an attachment."""
        return self.disposition == "attachment" or self.filename is not None

    @property
    def text(self) -> str:
        """Content as text, in its charset; undecodable octets are replaced."""
        try:
            return self.content.decode(self.charset or "us-ascii", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


@dataclass(frozen=True)
class MssMessage(Artefact):
    """A mail and, when it is known, the envelope that carried it."""

    label: ClassVar[str] = LABEL
    headers: tuple[Header, ...]
    leaves: tuple[Part, ...]
    size: int
    """Octets of the whole message as sent."""
    structure: str = "text/plain"
    """Media type of the root."""
    alternatives: frozenset[str] = frozenset()
    """Media types found under a ``multipart/alternative``."""
    archive: XdmArchive | None = None
    report: Mdn | Dsn | None = None
    unreadable: tuple[Finding, ...] = ()
    envelope: Envelope | None = None

    def parts(self) -> Iterable[Artefact]:
        """The document archive, then the report."""
        return tuple(part for part in (self.archive, self.report) if part is not None)

    def problems(self) -> Iterable[Finding]:
        """Parts that could not be read."""
        return self.unreadable

    def header(self, name: str) -> Header | None:
        """First field of a name, compared without case."""
        return next(iter(self.headers_named(name)), None)

    def headers_named(self, name: str) -> tuple[Header, ...]:
        """Every field of a name, in order."""
        wanted = name.lower()
        return tuple(each for each in self.headers if each.name.lower() == wanted)

    def value(self, name: str) -> str | None:
        """Decoded value of the first field of a name."""
        found = self.header(name)
        return found.value if found else None

    @property
    def subject(self) -> str:
        """Decoded subject, ``""`` when absent."""
        return self.value("Subject") or ""

    @property
    def message_id(self) -> str | None:
        """Message-ID as sent, with its angle brackets."""
        found = self.header("Message-ID")
        return found.raw if found else None

    @property
    def sender(self) -> Mailbox | None:
        """First mailbox of From."""
        found = self.header("From")
        return next(iter(found.mailboxes), None) if found else None

    @cached_property
    def shown_recipients(self) -> tuple[str, ...]:
        """Addresses of To, Cc and Bcc."""
        return tuple(
            box.address
            for name in ("To", "Cc", "Bcc")
            for each in self.headers_named(name)
            for box in each.mailboxes
        )

    def recipients(self, context: Context | None = None) -> tuple[str, ...]:
        """Addresses of the envelope (Bcc too), those of the fields when unknown."""
        envelope = self.envelope or (context.envelope if context else None)
        return envelope.rcpt_to if envelope else self.shown_recipients

    @property
    def attachments(self) -> tuple[Part, ...]:
        """Attached or named parts."""
        return tuple(part for part in self.leaves if part.attached)

    @property
    def archives(self) -> tuple[Part, ...]:
        """Parts named ``IHE_XDM.zip``."""
        return tuple(p for p in self.leaves if (p.filename or "").lower() == ARCHIVE_NAME)

    @property
    def documents(self) -> tuple[ClinicalDocument, ...]:
        """CDA documents of the archive, none without a readable archive."""
        return self.archive.documents if self.archive else ()

    @property
    def body(self) -> Part | None:
        """The text part shown first."""
        texts = [p for p in self.leaves if p.media_type.startswith("text/") and not p.attached]
        plain = (p for p in texts if p.media_type == "text/plain")
        return next(plain, texts[0] if texts else None)

    @property
    def automatic(self) -> bool:
        """A notification of a system, or an answer that nobody typed."""
        said = self.value("Auto-Submitted")
        return self.report is not None or (said is not None and said.lower() != "no")

    @property
    def from_professional(self) -> bool:
        """Written by a client of messaging: neither a bounce nor a mail of an usager."""
        sender = self.sender
        return not isinstance(self.report, Dsn) and not (
            sender is not None and sender.domain == PATIENT_DOMAIN
        )


def patient_address(address: str) -> bool:
    """Whether an address is that of an usager of Mon espace santé."""
    return address.lower().endswith(f"@{PATIENT_DOMAIN}")


def parse_mail(data: bytes, envelope: Envelope | None = None) -> MssMessage:
    """Read the octets of a mail (CRLF or LF lines); raises MalformedError (MSS-B01)."""
    if len(data) > MAX_BYTES:
        raise _malformed("message entier", f"au plus {MAX_BYTES} octets", f"{len(data)} octets")
    try:
        return _read(data, envelope)
    except RecursionError as error:
        raise _malformed("structure MIME", "une imbrication lisible", "trop profonde") from error


def _read(data: bytes, envelope: Envelope | None) -> MssMessage:
    message = message_from_bytes(data, policy=policy.compat32)
    headers = tuple(header(name, str(value)) for name, value in message.raw_items())
    if not headers:
        raise _malformed("début du message", "des champs d'en-tête", repr(data[:40]))
    leaves = tuple(_leaves(message))
    archive, findings = _archive(leaves)
    return MssMessage(
        headers=headers,
        leaves=leaves,
        size=len(data),
        structure=message.get_content_type(),
        alternatives=frozenset(_alternatives(message)),
        archive=archive,
        report=read_report(message),
        unreadable=(*_isolated(data), *_defects(message), *findings),
        envelope=envelope,
    )


def _leaves(message: Message, number: str = "") -> Iterator[Part]:
    """Leaves in reading order; an enclosed mail is a leaf, it is only quoted."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for rank, child in enumerate(children(message), start=1):
            yield from _leaves(child, f"{number}.{rank}" if number else str(rank))
        return
    kind = message.get_content_type()
    yield Part(
        place=f"partie {number or '1'} ({kind})",
        media_type=kind,
        charset=_charset(message),
        filename=_filename(message),
        disposition=_disposition(message),
        content=_content(message),
        defects=tuple(type(defect).__name__ for defect in message.defects),
    )


def _content(message: Message) -> bytes:
    if message.is_multipart():
        return b"".join(inner.as_bytes() for inner in children(message))
    content = message.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _charset(message: Message) -> str | None:
    try:
        return message.get_content_charset()
    except (LookupError, ValueError):
        return None


def _filename(message: Message) -> str | None:
    name = message.get_filename()
    return header("", name).value if name is not None else None


def _disposition(message: Message) -> str | None:
    return message.get_content_disposition()


def _alternatives(message: Message) -> Iterator[str]:
    for part in own_parts(message):
        if part.get_content_type() == "multipart/alternative":
            yield from (child.get_content_type() for child in children(part))


def _archive(leaves: Iterable[Part]) -> tuple[XdmArchive | None, tuple[Finding, ...]]:
    """The first archive; a broken one is a finding, the mail stays readable."""
    for part in leaves:
        if (part.filename or "").lower() != ARCHIVE_NAME:
            continue
        if part.defects:
            return None, (_broken_base64(part),)
        try:
            return XdmArchive.parse(part.content), ()
        except MalformedError as error:
            return None, (error.finding,)
    return None, ()


def _broken_base64(part: Part) -> Finding:
    return Finding(
        place=part.place,
        expected="un contenu base64 entier",
        found=", ".join(part.defects),
        advice="Encoder IHE_XDM.zip en base64 sans le tronquer ni y laisser d'autres caractères.",
        severity=Severity.BLOCKING,
        check_id="MSS-X01",
        title="Une pièce jointe IHE_XDM.zip qui se décompresse",
        artefact=LABEL,
    )


def _isolated(data: bytes) -> Iterator[Finding]:
    """NUL, and CR or LF apart in a mail whose lines end with CRLF (RFC 5321 §2.3.8)."""
    found = _ISOLATED.search(data) if b"\r\n" in data else None
    if found is None and b"\0" not in data:
        return
    at = found.start() if found else data.index(b"\0")
    yield MalformedError(
        "MSS-B01",
        f"octet {at}",
        "des lignes terminées par CRLF, ni NUL, ni CR ou LF isolé",
        repr(data[at : at + 1]),
        "Terminer chaque ligne par CRLF et encoder le reste : un opérateur refuse ces octets, qui "
        "servent à glisser un message dans un autre.",
        artefact=LABEL,
    ).finding


def _defects(message: Message) -> Iterator[Finding]:
    for part in own_parts(message):
        for defect in part.defects:
            if type(defect).__name__ in _FATAL_DEFECTS:
                yield _malformed(
                    f"partie {part.get_content_type()}",
                    "un multipart délimité par la boundary annoncée",
                    type(defect).__name__,
                ).finding


def _malformed(place: str, expected: str, found: str) -> MalformedError:
    return MalformedError(
        "MSS-B01",
        place,
        expected,
        found,
        "Produire un message conforme à RFC 5322 et RFC 2045 : ce courriel ne se lit pas.",
        artefact=LABEL,
    )
