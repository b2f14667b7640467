"""Messages that say another one did not arrive (ECO, ENS Messagerie §6).

A bounce is a delivery report, or the « Message non distribué » of Mon espace
santé; an out-of-office answer is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage, Message

_REASONS = {
    "5.1.1": "le destinataire est inconnu",
    "5.1.3": "l’adresse du destinataire est invalide",
    "5.2.1": "la messagerie du destinataire est fermée",
    "5.3.4": "le message est trop volumineux",
}
_SUBJECTS = ("message non distribué", "undelivered mail returned to sender")


@dataclass(frozen=True, slots=True)
class Bounce:
    """What did not arrive. ``status`` is an RFC 3463 code, None when the report has none."""

    message_id: str | None
    recipient: str | None
    status: str | None
    explanation: str


def recognise(message: EmailMessage) -> Bounce | None:
    """The bounce a whole message is, or None."""
    report = _delivery_report(message)
    subject = str(message.get("Subject", "")).strip().lower()
    if report is None and not subject.startswith(_SUBJECTS):
        return None
    if report is not None and report.get("Action", "").lower() not in {"failed", ""}:
        return None  # relayed or delayed: nothing is lost yet
    status = None if report is None else report.get("Status")
    recipient = None if report is None else _address(report.get("Final-Recipient"))
    reason = _REASONS.get(status or "", "la remise a échoué")
    return Bounce(
        message_id=_original(message),
        recipient=recipient,
        status=status,
        explanation=f"Message non distribué : {reason}.",
    )


def _delivery_report(message: EmailMessage) -> dict[str, str] | None:
    """Fields of the recipient in the first delivery-status part."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            fields = [b for b in blocks if isinstance(b, Message)] if blocks else []
            named = {k.title(): str(v) for block in fields for k, v in block.items()}
            return {
                key: named.get(key, "").strip()
                for key in ("Action", "Status", "Final-Recipient")
                if named.get(key)
            }
    return None


def _original(message: EmailMessage) -> str | None:
    """Message-ID of the message that came back."""
    for part in message.walk():
        if part.get_content_type() == "text/rfc822-headers":
            text = part.get_content()
            for line in str(text).splitlines():
                if line.lower().startswith("message-id:"):
                    return line.partition(":")[2].strip()
        if part is not message and part.get_content_type() == "message/rfc822":
            inner = part.get_content()
            return str(inner.get("Message-ID", "")) or None
    return str(message.get("In-Reply-To", "")).strip() or None


def _address(recipient: str | None) -> str | None:
    """``rfc822; a@b`` without its type."""
    return None if not recipient else recipient.rpartition(";")[2].strip()
