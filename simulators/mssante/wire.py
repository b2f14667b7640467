"""SMTP arguments read, contents verified, exchanges built: no socket here.

Shapes of the journal: see ``docs/contracts.md`` and :class:`rules.exchange.Message`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from rules.exchange import Correlation, Exchange, Message, Outcome, TlsPeer
from simulators.journal import new_id
from simulators.kernel import Kernel
from simulators.mssante import errors
from simulators.mssante.errors import Reply
from simulators.mssante.faults import SERVICE

MAIL_PARAMETERS = ("SIZE", "BODY", "RET", "ENVID", "AUTH")
RCPT_PARAMETERS = ("NOTIFY", "ORCPT")
_PATH = re.compile(r"(?P<verb>(?i:FROM|TO)):\s*<(?P<address>[^<>\s]*)>(?:\s+(?P<parameters>.*))?")
KEPT = 1000
"""Octets kept of what is no command."""
_ADDRESS = re.compile(r"[^@\s]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Line:
    """The connection an exchange came by. ``name`` is what EHLO said."""

    peer: str
    tls: TlsPeer | None = None
    name: str = ""
    authenticated: str | None = None
    professional: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What a client said: operation of the journal, start line, instant, body."""

    operation: str
    text: str
    at: datetime
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered: last line (None when nothing was), rest, reason of a refusal."""

    answer: str | None
    untagged: bytes = b""
    reason: str = ""
    fault: str | None = None


@dataclass
class Transaction:
    """One mail transaction, from MAIL to its last reply."""

    mail_from: str
    options: str
    started_at: datetime
    recipients: list[str] = field(default_factory=list[str])
    refused: list[tuple[str, Reply]] = field(default_factory=list[tuple[str, Reply]])


@dataclass(frozen=True, slots=True)
class Path:
    """A reverse or forward path (``""`` for ``<>``) and its parameters."""

    address: str
    parameters: dict[str, str]
    text: str

    def refusal(self, allowed: tuple[str, ...], size_limit: int = 0) -> Reply | None:
        """What is wrong with its parameters. ``size_limit`` is in octets."""
        if set(self.parameters) - set(allowed):
            return errors.BAD_PARAMETER
        size = self.parameters.get("SIZE", "0")
        if not (size.isascii() and size.isdigit()):
            return errors.BAD_PATH
        return errors.TOO_LARGE if int(size) > size_limit > 0 else None


def read_path(verb: str, argument: str | None) -> Path | None:
    """Read ``FROM:<…> SIZE=…`` or ``TO:<…>``; None when the syntax is wrong."""
    found = _PATH.fullmatch((argument or "").strip())
    if found is None or found["verb"].upper() != verb:
        return None
    if found["address"] and not _ADDRESS.fullmatch(found["address"]):
        return None
    text = found["parameters"] or ""
    words = (word.partition("=") for word in text.split())
    return Path(found["address"], {name.upper(): value for name, _, value in words}, text)


def has_bare_octets(content: bytes) -> bool:
    """NUL, or CR and LF that do not go together: the way of SMTP smuggling."""
    pairs = content.count(b"\r\n")
    return b"\0" in content or content.count(b"\r") != pairs or content.count(b"\n") != pairs


def trace_fields(transaction: Transaction, line: Line, host: str, at: datetime) -> bytes:
    """Fields put before a delivered mail (RFC 5321 §4.4)."""
    name = line.name if line.name.isascii() and line.name.isprintable() else "?"
    return (
        f"Return-Path: <{transaction.mail_from}>\r\n"
        f"Received: from {name} by {host} with ESMTPSA; {format_datetime(at)}\r\n"
    ).encode("ascii", "replace")


def exchange(
    kernel: Kernel, line: Line, said: Said, told: Told, known: Correlation | None = None
) -> Exchange:
    """One exchange: what was said on a connection and what was answered."""
    answer = told.answer
    accepted = answer is not None and answer.startswith(("2", "OK"))
    explained = (("Motif", told.reason),) if told.reason else ()
    return Exchange(
        id=new_id(),
        campaign=kernel.campaign,
        position=0,
        service=SERVICE,
        operation=said.operation,
        started_at=said.at,
        answered_at=kernel.clock.now() if answer is not None else None,
        peer=line.peer,
        request=Message(said.text, said.headers, said.body),
        response=Message(answer, explained, told.untagged) if answer is not None else None,
        outcome=_outcome(answer, accepted),
        tls=line.tls,
        host=line.tls.sni if line.tls else None,
        error_code=None if accepted or answer is None else answer.split(" ", 1)[0],
        fault=told.fault,
        correlation=known or Correlation(professional=line.professional),
        step=kernel.step,
    )


def transaction(line: Line, open_one: Transaction, content: bytes) -> Said:
    """A mail transaction as the journal takes it."""
    headers = [("EHLO", line.name)]
    if line.authenticated:
        headers.append(("AUTH", line.authenticated))
    if open_one.options:
        headers.append(("MAIL-PARAMETRES", open_one.options))
    headers.extend(("RCPT TO", address) for address in open_one.recipients)
    headers.extend(("RCPT REFUSE", f"{a} {reply.text}") for a, reply in open_one.refused)
    start = f"MAIL FROM:<{open_one.mail_from}>"
    return Said("SMTP", start, open_one.started_at, content, tuple(headers))


def note_unreadable(kernel: Kernel, line: Line, operation: str, heard: bytes, answer: str) -> None:
    """Journal octets that are no command of the protocol, with what was answered."""
    said = Said(operation, "commande illisible", kernel.clock.now(), heard, (("EHLO", line.name),))
    kernel.journal.append(exchange(kernel, line, said, Told(answer)))


def _outcome(answer: str | None, accepted: bool) -> Outcome:
    if answer is None:
        return Outcome.UNANSWERED
    return Outcome.ACCEPTED if accepted else Outcome.REFUSED
