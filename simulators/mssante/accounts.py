"""Who may open a mailbox: the holder, with the access token of Pro Santé Connect.

What a real operator verifies is not public (mssante.md §3.3): signature, issuer, life
and holder are our placeholder, ``hors_specification``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from rules.artefact import MalformedError
from rules.exchange import Correlation
from rules.formats.xoauth2 import parse_xoauth2
from simulators.kernel import Kernel
from simulators.mssante.faults import AT_AUTHENTICATION, draw
from simulators.mssante.state import Mailbox, MailStore, Reading
from simulators.mssante.wire import Line, Said, Told, exchange
from simulators.psc.errors import TokenRefusedError
from simulators.psc.tokens import verify_access_token


class Answer(Enum):
    """What the client is told; each wire has its words."""

    ACCEPTED = auto()
    CHALLENGED = auto()
    """Challenge 401, then a refusal in words."""
    CUT = auto()
    """Challenge 401, then the connection is cut."""
    TEMPORARY = auto()
    SILENT = auto()
    CLOSED = auto()
    """The connection is cut without a word."""


WORDS = {
    "SMTP-AUTH": {
        Answer.ACCEPTED: "235 2.7.0 Authentication successful",
        Answer.CHALLENGED: "535 5.7.8 Authentication credentials invalid",
        Answer.TEMPORARY: "454 4.7.0 Temporary authentication failure",
    },
    "IMAP-AUTH": {
        Answer.ACCEPTED: "OK Authentification acceptee",
        Answer.CHALLENGED: "NO [AUTHENTICATIONFAILED] Jeton refuse",
        Answer.TEMPORARY: "NO [UNAVAILABLE] Authentification momentanement impossible",
    },
}
"""Last line of each answer; a cut has none but the challenge."""
CUT_WORDS = "334 401, puis coupure"
_INJECTED = {
    "401-535": Answer.CHALLENGED,
    "401-cut": Answer.CUT,
    "454": Answer.TEMPORARY,
    "muet": Answer.SILENT,
    "couper": Answer.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an authentication ends. ``delay`` is in seconds."""

    answer: Answer
    mailbox: Mailbox | None = None
    delay: float = 0


class RefusedError(Exception):
    """A mailbox that is not opened; the message says why, in French."""


def authenticate(kernel: Kernel, line: Line, asked: Said) -> Verdict:
    """Decide on an XOAUTH2 answer and journal it; the answer may leave at once.

    The operation is ``SMTP-AUTH`` or ``IMAP-AUTH``, the body is the base64 line.
    """
    fault = draw(kernel, asked.operation, AT_AUTHENTICATION)
    delay = fault.delay if fault and fault.name == "lent" else 0
    mailbox, reason = None, ""
    answer = _INJECTED.get(fault.name) if fault else None
    if answer is None:
        try:
            mailbox = open_mailbox(kernel, asked.body)
            answer = Answer.ACCEPTED
        except RefusedError as refused:
            answer, reason = _refusal(kernel), str(refused)
    said = WORDS[asked.operation].get(answer) or (CUT_WORDS if answer is Answer.CUT else None)
    told = Told(said, reason=reason, fault=fault.name if fault else None)
    known = Correlation(professional=mailbox.holder if mailbox else None)
    kernel.journal.append(exchange(kernel, line, asked, told, known))
    return Verdict(answer, mailbox, delay)


def open_mailbox(kernel: Kernel, blob: bytes) -> Mailbox:
    """The mailbox that an XOAUTH2 answer opens; raises RefusedError."""
    try:
        claimed = parse_xoauth2(blob)
        claims = verify_access_token(kernel, claimed.token, kernel.clock.now())
    except MalformedError as error:
        raise RefusedError(f"réponse XOAUTH2 illisible : {error.finding.found}") from error
    except TokenRefusedError as error:
        raise RefusedError(str(error)) from error
    except KeyError as error:
        raise RefusedError("Pro Santé Connect n'est pas démarré dans ce banc") from error
    with kernel.store.reading() as connection:
        box = MailStore(Reading(connection), kernel.campaign).mailbox(claimed.user)
    if box is None or box.kind == "MES":
        raise RefusedError(f"aucune boîte {claimed.user} chez cet opérateur")
    holder = claims.get("SubjectNameID") or claims.get("preferred_username")
    if holder != box.holder:
        raise RefusedError(f"{holder} n'est pas titulaire de {box.address}")
    return box


def _refusal(kernel: Kernel) -> Answer:
    """Setting ``mssante.refus``: ``535`` (default) or ``coupure``."""
    chosen = kernel.settings.get("mssante", {}).get("refus", "535")
    return Answer.CUT if chosen == "coupure" else Answer.CHALLENGED
