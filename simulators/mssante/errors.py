"""Replies of the operator: SMTP codes, enhanced codes, and where each comes from.

Codes are those of RFC 5321, RFC 4954 and RFC 3463; the table of the producer volet
(SMTPERRORCODE, mssante.md §6.5) lists the ones a client must be ready for. Texts are ours.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP reply: ``text`` begins with its code and is ASCII."""

    text: str
    source: str = "RFC 5321"
    hors_specification: bool = False
    """True when the situation is known and the answer of real operators is not."""

    @property
    def code(self) -> int:
        """Three digits."""
        return int(self.text[:3])

    @property
    def accepted(self) -> bool:
        """A positive completion."""
        return self.text.startswith("2")


STARTTLS_FIRST = Reply("530 5.7.0 Must issue a STARTTLS command first", "RFC 3207 §4")
AUTH_FIRST = Reply("530 5.7.0 Authentication required", "RFC 4954 §6")
AUTH_DONE = Reply("235 2.7.0 Authentication successful", "RFC 4954 §6")
AUTH_REFUSED = Reply("535 5.7.8 Authentication credentials invalid", "RFC 4954 §6")
AUTH_TEMPORARY = Reply("454 4.7.0 Temporary authentication failure", "RFC 4954 §6")
AUTH_CUT = Reply(
    "334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJtYWlsIn0=",
    "observé sur Mailiz formation le 05/10/2026 (mssante.md §3.3)",
)
MAIL_OK = Reply("250 2.1.0 Ok")
RCPT_OK = Reply("250 2.1.5 Ok")
NOT_OWNED = Reply(
    "553 5.7.1 Sender address rejected: not owned by the authenticated mailbox",
    "mssante.md §4.5 ; RFC 6409 §6.1",
    hors_specification=True,
)
BAD_PATH = Reply("501 5.1.7 Bad address syntax")
BAD_PARAMETER = Reply("555 5.5.4 Parameters not recognized or not implemented")
NESTED = Reply("503 5.5.1 Error: nested MAIL command")
NO_MAIL = Reply("503 5.5.1 Error: need MAIL command")
NO_EHLO = Reply("503 5.5.1 Error: send EHLO first")
TOO_LARGE = Reply("552 5.3.4 Message size exceeds fixed limit", "RFC 1870 §6")
OUT_OF_TRUST = Reply(
    "550 5.7.1 Domaine hors de l'espace de confiance MSSante",
    "mssante.md §2.2",
    hors_specification=True,
)
UNKNOWN_MAILBOX = Reply("550 5.1.1 Boite aux lettres inconnue", "mssante.md §6.5")
TOO_MANY = Reply("452 4.5.3 Too many recipients", "RFC 5321 §4.5.3.1.10")
BAD_CONTENT = Reply("554 5.6.0 Octet NUL, CR ou LF isole dans le message", "RFC 5321 §2.3.8")

FAULTS = {
    "450": Reply("450 4.2.0 Recipient address rejected: greylisted, try again"),
    "451": Reply("451 4.3.0 Requested action aborted: local error in processing"),
    "452": Reply("452 4.3.1 Insufficient system storage"),
    "550": UNKNOWN_MAILBOX,
    "552": TOO_LARGE,
    "554": Reply("554 5.7.1 Transaction failed"),
}
"""Refusals of a transaction that a tester may ask for (mssante.md §12)."""
