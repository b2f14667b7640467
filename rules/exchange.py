"""What the bench observed on a wire, as plain frozen values.

An :class:`Exchange` is one request and its answer, whatever the protocol: an
HTTP call, one SMTP transaction, one IMAP command, one driver gesture, one APDU
dialogue. Checks read exchanges; only :mod:`simulators.journal` stores them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Outcome(StrEnum):
    """How the observed service took the request."""

    ACCEPTED = "accepté"
    REFUSED = "refusé"
    """The service answered with a business or protocol error of its own."""
    FAILED = "en échec"
    """An injected or technical failure: the sender cannot know what was done."""
    UNANSWERED = "sans réponse"


@dataclass(frozen=True, slots=True)
class TlsPeer:
    """What the handshake showed of the sender.

    ``offered_versions`` and ``offered_ciphers`` come from the ClientHello
    (IANA cipher numbers); empty when the listener could not see it.
    ``certificate`` is the DER of the client certificate, if one was presented.
    """

    version: str | None = None
    cipher: str | None = None
    sni: str | None = None
    certificate: bytes | None = None
    offered_versions: tuple[str, ...] = ()
    offered_ciphers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One side of an exchange: start line, headers in order, raw body.

    For SMTP the start line is ``MAIL FROM:<…>``, the headers are one ``RCPT TO``
    per recipient plus ``AUTH`` (identity authenticated), and the body is the
    message as received after the end of DATA. For a driver gesture the start
    line is ``POST /actions/<name>`` and the body is JSON.
    """

    start_line: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """First value of a header, compared without case, or None."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order, compared without case."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)

    @property
    def method(self) -> str:
        """HTTP method or SMTP verb: the first word of the start line."""
        return self.start_line.split(" ", 1)[0]

    @property
    def target(self) -> str:
        """Second word of an HTTP request line (path and query), or ``""``."""
        words = self.start_line.split(" ")
        return words[1] if len(words) > 1 else ""

    @property
    def status(self) -> int | None:
        """HTTP or SMTP status of an answer, or None when there is none."""
        for word in self.start_line.split(" ")[:2]:
            if word.isdigit() and len(word) == 3:
                return int(word)
        return None


@dataclass(frozen=True, slots=True)
class Correlation:
    """Business keys that tie an exchange to a step, filled as far as known.

    ``patient`` is the 15-character INS; ``professional`` the national id
    (``8`` + RPPS, idNat_PS); ``document`` the document unique id (OID);
    ``software`` the LPS instance.
    """

    patient: str | None = None
    professional: str | None = None
    document: str | None = None
    software: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One observed exchange. ``position`` orders the journal of a campaign."""

    id: str
    campaign: str
    position: int
    service: str
    """``insi``, ``dmp``, ``mssante``, ``psc``, ``lgc`` (driver gestures) …"""
    operation: str
    """Name of the operation in its standard: ``rechercherInsAvecTraitsIdentite``,
    ``TD2.1``, ``SMTP``, ``authorize`` … ``?`` when it could not be told."""
    started_at: datetime
    answered_at: datetime | None
    peer: str
    """Source address, ``host:port``."""
    request: Message
    response: Message | None
    outcome: Outcome
    tls: TlsPeer | None = None
    host: str | None = None
    """Host the sender addressed: SNI, else Host header."""
    error_code: str | None = None
    fault: str | None = None
    """Name of the fault injected by the bench, never mixed with real failures."""
    correlation: Correlation = field(default_factory=Correlation)
    step: str | None = None
    """Scenario step open when it was observed, ``scenario#n``."""

    @property
    def accepted(self) -> bool:
        """True when the service acknowledged the request as done."""
        return self.outcome is Outcome.ACCEPTED

    @property
    def redirected(self) -> bool:
        """True when the HTTP answer sent the caller to another address: nothing was done."""
        return self.response is not None and self.response.status in (301, 302, 303, 307, 308)


def of(exchanges: Iterable[Exchange], service: str, *operations: str) -> tuple[Exchange, ...]:
    """Exchanges of a service, restricted to the given operations if any."""
    return tuple(
        e
        for e in exchanges
        if e.service == service and (not operations or e.operation in operations)
    )
