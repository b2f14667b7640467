"""Reading of the mailbox: STARTTLS, XOAUTH2, INBOX.

Sources: RFC 3501, 4959; Référentiel MSSanté n° 2 (ECO.1.0.2, ECO.1.2.1).
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from reference_impl.errors import UnavailableError
from reference_impl.mss import xoauth2
from reference_impl.mss.smtp import TokenRefusedError
from reference_impl.people import HostPort

_HEADERS = "(BODY.PEEK[HEADER])"
_WHOLE = "(BODY.PEEK[])"


def read_inbox(
    server: HostPort,
    tls: ssl.SSLContext,
    mailbox: str,
    token: str,
    timeout: float,
    *,
    whole: bool = False,
) -> tuple[EmailMessage, ...]:
    """The messages of INBOX, oldest first: their headers, or all of them when ``whole``.

    Nothing is marked as read. Raises TokenRefusedError, UnavailableError.
    """
    with _session(server, tls, timeout) as session:
        _authenticate(session, mailbox, token)
        _ok(session.select("INBOX", readonly=True))
        found = _ok(session.uid("SEARCH", "ALL"))
        numbers = found[0].split() if found and isinstance(found[0], bytes) else []
        items = _WHOLE if whole else _HEADERS
        return tuple(_fetch(session, number.decode("ascii"), items) for number in numbers)


@contextmanager
def _session(server: HostPort, tls: ssl.SSLContext, timeout: float) -> Generator[imaplib.IMAP4]:
    session: imaplib.IMAP4 | None = None
    try:
        session = imaplib.IMAP4(server.host, server.port, timeout)
        session.starttls(tls)
        yield session
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "négociation impossible"
        raise UnavailableError(
            "TLS_REFUSE", f"La connexion sécurisée avec la messagerie a échoué : {reason}."
        ) from error
    except (imaplib.IMAP4.error, OSError) as error:
        raise UnavailableError(
            "SERVICE_INJOIGNABLE", "La messagerie MSSanté est injoignable ou a coupé la connexion."
        ) from error
    finally:
        if session is not None:
            _leave(session)


def _leave(session: imaplib.IMAP4) -> None:
    """LOGOUT; the server may have closed first."""
    with suppress(imaplib.IMAP4.error, OSError):
        session.logout()


def _authenticate(session: imaplib.IMAP4, mailbox: str, token: str) -> None:
    """XOAUTH2; after the reason of a refusal an empty answer asks for the verdict."""
    answers = iter((xoauth2.response(mailbox, token),))
    try:
        session.authenticate("XOAUTH2", lambda _: next(answers, b""))
    except imaplib.IMAP4.error as error:
        raise TokenRefusedError from error


def _fetch(session: imaplib.IMAP4, number: str, items: str) -> EmailMessage:
    lines = _ok(session.uid("FETCH", number, items))
    content = next((line[1] for line in lines if isinstance(line, tuple)), b"")
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(content)


def _ok(answer: tuple[str, Sequence[Any]]) -> list[Any]:
    """The lines of an answer: bytes, or pairs for a literal."""
    status, lines = answer
    if status != "OK":
        raise UnavailableError("IMAP_REFUSE", f"La messagerie a répondu {status} à la lecture.")
    return [line for line in lines if line is not None]
