"""Which artefacts the exchanges of MSSanté carry."""

from __future__ import annotations

from collections.abc import Iterable

from rules.artefact import Artefact, parses
from rules.context import envelope_of
from rules.exchange import Exchange
from rules.formats.mail import parse_mail
from rules.formats.xoauth2 import parse_xoauth2

AUTH_OPERATIONS = ("SMTP-AUTH", "IMAP-AUTH")


@parses("mssante")
def read_mssante(exchange: Exchange) -> Iterable[Artefact]:
    """The mail of a transaction, the credentials of an authentication.

    A transaction refused before DATA has no mail; an authentication that the
    server cut short has no credentials.
    """
    body = exchange.request.body
    if exchange.operation == "SMTP" and (body or exchange.accepted):
        yield parse_mail(body, envelope_of(exchange))
    if exchange.operation in AUTH_OPERATIONS and body and mechanism_of(exchange) == "XOAUTH2":
        yield parse_xoauth2(body)


def mechanism_of(exchange: Exchange) -> str:
    """SASL mechanism of an authentication (``XOAUTH2``, ``PLAIN``, ``LOGIN``…)."""
    words = exchange.request.start_line.upper().split()
    if words[:1] == ["LOGIN"]:
        return "LOGIN"
    return words[1] if len(words) > 1 else ""
