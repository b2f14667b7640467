"""Submission: STARTTLS, XOAUTH2, one transaction.

The outcome is told exactly: refused, not sent, or unknown when the connection
is lost after the final dot. Sources: RFC 5321, 3207, 4954; Référentiel MSSanté
n° 2 (ECO.1.0.1, ECO.1.2.1).
"""

from __future__ import annotations

import base64
import re
import smtplib
import ssl
from collections.abc import Generator
from contextlib import contextmanager

from reference_impl.errors import OutcomeUnknownError, RefusedError, UnavailableError
from reference_impl.mss import xoauth2
from reference_impl.mss.message import Envelope
from reference_impl.people import HostPort

_BARE_DOT = re.compile(rb"(?m)^\.")


class TokenRefusedError(Exception):
    """The operator did not accept the token; a fresh one may be tried once."""


def submit(
    server: HostPort, tls: ssl.SSLContext, token: str, envelope: Envelope, timeout: float
) -> tuple[tuple[str, str], ...]:
    """Send one mail; returns the recipients refused one by one with the server's words.

    Raises TokenRefusedError, RefusedError, UnavailableError, OutcomeUnknownError.
    """
    with _session(server, tls, timeout) as session:
        _authenticate(session, envelope.sender, token)
        refused = _envelope(session, envelope)
        _data(session, envelope.content)
        return refused


@contextmanager
def _session(server: HostPort, tls: ssl.SSLContext, timeout: float) -> Generator[smtplib.SMTP]:
    """A connection under TLS. Whatever breaks before the final dot left nothing behind."""
    session: smtplib.SMTP | None = None
    try:
        session = smtplib.SMTP(server.host, server.port, timeout=timeout)
        session.ehlo()
        session.starttls(context=tls)
        session.ehlo()
        yield session
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "négociation impossible"
        raise UnavailableError(
            "TLS_REFUSE", f"La connexion sécurisée avec la messagerie a échoué : {reason}."
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise UnavailableError(
            "SERVICE_INJOIGNABLE", "La messagerie MSSanté est injoignable ou a coupé la connexion."
        ) from error
    finally:
        if session is not None:
            _leave(session)


def _leave(session: smtplib.SMTP) -> None:
    """QUIT. What the server says to it changes nothing to what it accepted before."""
    try:
        session.quit()
    except (smtplib.SMTPException, OSError):
        session.close()


def _authenticate(session: smtplib.SMTP, mailbox: str, token: str) -> None:
    """AUTH without initial response: the token makes a line longer than a first line may be."""
    code, _ = session.docmd("AUTH", "XOAUTH2")
    if code != 334:
        raise UnavailableError(
            "XOAUTH2_REFUSE", "La messagerie n’accepte pas l’authentification XOAUTH2."
        )
    try:
        code, _ = session.docmd(base64.b64encode(xoauth2.response(mailbox, token)).decode("ascii"))
        if code == 334:  # the reason of the refusal; an empty line asks for the verdict
            code, _ = session.docmd("")
    except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
        # Mailiz cuts the connection instead of answering 535.
        raise TokenRefusedError from error
    if code == 454:
        raise UnavailableError(
            "AUTHENTIFICATION_INDISPONIBLE", "La messagerie ne peut pas vérifier la session."
        )
    if code != 235:
        raise TokenRefusedError


def _envelope(session: smtplib.SMTP, envelope: Envelope) -> tuple[tuple[str, str], ...]:
    options = []
    if session.has_extn("size"):
        options.append(f"size={len(envelope.content)}")
    code, words = session.mail(envelope.sender, options)
    if code != 250:
        raise _answered(code, words)
    answers = [(address, *session.rcpt(address)) for address in envelope.recipients]
    refused = [answer for answer in answers if answer[1] not in {250, 251}]
    if len(refused) == len(answers):
        # One temporary refusal is enough to try the whole mail again later.
        _, code, words = min(refused, key=lambda answer: answer[1])
        raise _answered(code, words)
    return tuple((address, f"{code} {_text(words)}") for address, code, words in refused)


def _data(session: smtplib.SMTP, content: bytes) -> None:
    code, words = session.docmd("DATA")
    if code != 354:
        raise _answered(code, words)
    body = _BARE_DOT.sub(b"..", content)
    ending = b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n"
    try:
        session.send(body + ending)
        code, words = session.getreply()
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        raise OutcomeUnknownError(
            "REPONSE_NON_LUE",
            "La messagerie a coupé la connexion : le message est peut-être parti.",
        ) from error
    if code != 250:
        raise _answered(code, words)


def _answered(code: int, words: bytes) -> RefusedError | UnavailableError:
    """4xx is to be tried again, 5xx is final."""
    text = f"{code} {_text(words)}"
    if 400 <= code < 500:
        return UnavailableError(f"SMTP_{code}", f"La messagerie demande de réessayer : {text}.")
    return RefusedError(f"SMTP_{code}", f"La messagerie refuse le message : {text}.")


def _text(words: bytes) -> str:
    return " ".join(words.decode("utf-8", "replace").split())
