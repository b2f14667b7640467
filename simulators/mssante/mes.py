"""Mon espace santé: what becomes of a mail sent to an usager, and what the usager answers.

Source: ENS Messagerie 1.3 as quoted in mssante.md §7. The causes of bounces are the
document's; senders, subjects and statuses are ours but for the subject of a mail that is
too large (placeholders of §7.4, ``hors_specification``).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import SMTP
from email.utils import format_datetime

from rules.checks.mssante_patients import MES_LIMIT, valid_ins
from rules.formats.mail import PATIENT_DOMAIN, MssMessage
from simulators.mssante.state import MailStore

_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_NAMES = uuid.UUID("6f1e7c52-1a55-5ad3-9b2e-0d3c5f5e7a10")
STATES = ("ouverte", "fermée", "inconnue")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a mail bounces; every field but ``too_large``'s subject is a placeholder."""

    status: str
    diagnostic: str
    sentence: str
    subject: str = "Message non distribué"
    sender: str = f"mailer-daemon@{PATIENT_DOMAIN}"


CLOSED = Cause(
    "5.2.1",
    "550 5.2.1 Messagerie fermee",
    "Votre message n'a pas pu être remis : la messagerie de cet usager est fermée.",
)
UNKNOWN = Cause(
    "5.1.1",
    "550 5.1.1 Usager inconnu",
    "Votre message n'a pas pu être remis : cet usager n'a pas été trouvé.",
)
INVALID = Cause(
    "5.1.3",
    "553 5.1.3 Adresse invalide",
    "Votre message n'a pas pu être remis : l'adresse de l'usager n'est pas valide.",
)
TOO_LARGE = Cause(
    "5.3.4",
    "552 5.3.4 Message size exceeds fixed limit",
    "Le message n'a pas pu être remis : sa taille dépasse la limite acceptée.",
    "Undelivered Mail Returned to Sender",
    f"MAILER-DAEMON@{PATIENT_DOMAIN}",
)
CAUSES = (CLOSED, UNKNOWN, INVALID, TOO_LARGE)


def refusal(store: MailStore, address: str, size: int) -> Cause | None:
    """Why Mon espace santé does not deliver a mail of that size, None when it does."""
    if not valid_ins(address.partition("@")[0].upper()):
        return INVALID
    if size > MES_LIMIT:
        return TOO_LARGE
    box = store.mailbox(address)
    if box is None or box.state == "inconnue":
        return UNKNOWN
    return CLOSED if box.state != "ouverte" else None


def follow(store: MailStore, message: MssMessage, professional: str, patient: str) -> None:
    """Open or close the conversation after a delivered mail (state machine of §7.3)."""
    asked = message.header("Reply-To")
    reply_to = next((box.address for box in asked.mailboxes), "") if asked else ""
    store.set_conversation(
        professional,
        patient,
        open=message.value("X-MSS-MES") != "FIN" and message.subject != "[FIN]",
        reply_to=reply_to or professional,
        message_id=message.message_id or "",
        subject=message.subject,
    )


def bounce(cause: Cause, original: bytes, recipient: str, sender: str, at: datetime) -> bytes:
    """The notification put in the sender's inbox (multipart/report, RFC 3464)."""
    original_id = _message_id(original)
    report = MIMEMultipart("report", _boundary(original_id, recipient))
    report.set_param("report-type", "delivery-status")
    report["Return-Path"] = "<>"
    report["Date"] = format_datetime(at)
    report["From"] = cause.sender
    report["To"] = sender
    report["Message-ID"] = _new_id(cause.status, original_id, recipient)
    if original_id:
        report["In-Reply-To"] = report["References"] = original_id
    report["Subject"] = _encoded(cause.subject)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(_text(cause.sentence + "\n"))
    report.attach(_status(cause, recipient, at))
    headers = MIMEBase("text", "rfc822-headers")
    headers.set_payload(_head(original).decode("ascii", "replace"))
    report.attach(headers)
    return report.as_bytes(policy=report.policy.clone(linesep="\r\n"))


def reply(
    store: MailStore, patient: str, professional: str, text: str, at: datetime
) -> tuple[bytes, str]:
    """The answer of an usager and the mailbox it goes to (reply-to when there was one).

    Raises ValueError, with a French sentence, when the conversation does not allow it.
    """
    conversation = store.conversation(professional, patient)
    if conversation is None:
        raise ValueError("Un usager ne peut pas commencer une conversation : écrivez-lui d'abord.")
    if not conversation.open:
        raise ValueError("La conversation est close : l'usager ne peut plus répondre.")
    message = EmailMessage(policy=SMTP)
    local = patient.partition("@")[0]
    message["Date"] = format_datetime(at)
    message["From"] = Address(local, local, PATIENT_DOMAIN)
    message["To"] = conversation.reply_to
    message["Message-ID"] = _new_id("réponse", conversation.message_id, at.isoformat())
    if conversation.message_id:
        message["In-Reply-To"] = message["References"] = conversation.message_id
    message["Subject"] = f"RE: {conversation.subject}"
    message.set_content(text)
    return message.as_bytes(), conversation.reply_to


def _text(sentence: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", "plain", charset="utf-8")
    part.set_payload(sentence, _UTF8)
    return part


def _status(cause: Cause, recipient: str, at: datetime) -> MIMEBase:
    about = _block(
        ("Reporting-MTA", f"dns; mx.{PATIENT_DOMAIN}"), ("Arrival-Date", format_datetime(at))
    )
    lost = _block(
        ("Original-Recipient", f"rfc822; {recipient}"),
        ("Final-Recipient", f"rfc822; {recipient}"),
        ("Action", "failed"),
        ("Status", cause.status),
        ("Diagnostic-Code", f"smtp; {cause.diagnostic}"),
    )
    part = MIMEBase("message", "delivery-status")
    part.attach(about)
    part.attach(lost)
    return part


def _block(*fields: tuple[str, str]) -> Message:
    block = Message()
    for name, value in fields:
        block[name] = value
    return block


def _encoded(subject: str) -> str:
    return subject if subject.isascii() else Header(subject, "utf-8").encode()


def _head(original: bytes) -> bytes:
    return original.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n") + b"\n"


def _message_id(original: bytes) -> str:
    for line in _head(original).split(b"\n"):
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].decode("ascii", "replace").strip()
    return ""


def _new_id(*words: str) -> str:
    """The same mail and cause give the same identifier: campaigns can be compared."""
    return f"<{uuid.uuid5(_NAMES, '|'.join(words))}@{PATIENT_DOMAIN}>"


def _boundary(*words: str) -> str:
    return "=_mes-" + uuid.uuid5(_NAMES, "|".join(words)).hex[:16]


def describe(causes: Iterable[Cause] = CAUSES) -> dict[str, str]:
    """Statuses and sentences, for administration."""
    return {cause.status: cause.sentence for cause in causes}
