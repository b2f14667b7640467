"""SMTP submission of the API LPS: aiosmtpd with STARTTLS, then XOAUTH2.

aiosmtpd keeps the connection, the command loop, DATA and its end, dot-stuffing and
pipelining. Ours: XOAUTH2 and its lines of 12,288 octets (RFC 4954 §4), the empty reverse
path of notifications (RFC 5321 §4.5.5, refused by aiosmtpd), DSN parameters, one write
per reply, and the journal, where every transaction and authentication is written
before its reply leaves.
"""

# ruff: noqa: N802 - aiosmtpd finds commands and hooks by names like smtp_MAIL

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import defaultdict
from dataclasses import replace
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult

from rules.formats.xoauth2 import MAX_LINE
from simulators import tls
from simulators.mssante import errors
from simulators.mssante.accounts import WORDS, Answer, Verdict, authenticate
from simulators.mssante.errors import Reply
from simulators.mssante.faults import AT_OPENING, IN_CLEAR, UNDER_TLS, draw
from simulators.mssante.operator import MAX_RECIPIENTS, Operator
from simulators.mssante.starttls import Front, HandshakeError, note_failure, upgrade
from simulators.mssante.wire import (
    KEPT,
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    Line,
    Path,
    Said,
    Told,
    Transaction,
    exchange,
    note_unreadable,
    read_path,
)
from simulators.streams import address_of, quick_ack

_log = logging.getLogger("simulators.mssante")
# aiosmtpd warns of its own deprecated attributes; a bench stays silent.
logging.getLogger("mail.log").addHandler(logging.NullHandler())
OPERATION = "SMTP-AUTH"
_CHALLENGE = "334 "


class Submission(SMTP):
    """One connection of a client of messaging."""

    line_length_limit = MAX_LINE

    def __init__(self, operator: Operator, context: ssl.SSLContext) -> None:
        super().__init__(
            self,
            data_size_limit=operator.size_limit,
            hostname=operator.host,
            ident="ESMTP",
            tls_context=context,
            auth_required=True,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self.command_size_limits = defaultdict(lambda: 1024, {"AUTH": MAX_LINE})
        self._operator = operator
        self._context = context
        self._kernel = operator.kernel
        self._line = Line("?")
        self._open: Transaction | None = None
        self._said = ""
        self._heard = b""
        self._offers_tls = True
        self._offers_oauth = True
        self._spoke_under_tls = False
        self._front: Front | None = None

    # Connection

    def connection_made(self, transport: Any) -> None:
        """Opened in clear, then again when TLS is on."""
        if self.transport is None:
            self._line = Line(address_of(transport))
            fault = draw(self._kernel, "TLS", AT_OPENING)
            if fault is not None:
                self._later(note_failure, self._kernel, self._line.peer, None, None, fault)
                transport.abort()
                return
            self._offers_tls = draw(self._kernel, "SMTP-EHLO", IN_CLEAR) is None
        else:
            self._tls_protocol = transport._ssl_protocol  # aiosmtpd reads it
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Octets came, in clear or decrypted."""
        if self.transport is None:
            return
        quick_ack(self.transport)
        self._spoke_under_tls = self._front is not None
        self._heard = data[:KEPT]
        super().data_received(data)

    def eof_received(self) -> bool | None:
        """The client half closed."""
        return super().eof_received() if self.session is not None else None

    def connection_lost(self, error: Exception | None) -> None:
        """Whatever was open is journaled as unanswered."""
        if self.session is None:
            return
        left, self._open = self._open, None
        if left is not None:
            self._later(self._operator.refuse, self._line, left, None)
        if self._front is not None and not self._spoke_under_tls:
            # A client that refuses our certificate under TLS 1.3 says so only now.
            shown, fault = tls.peer_of(self._front.secured), self._front.fault
            self._later(note_failure, self._kernel, self._line.peer, shown, error, fault)
        super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:  # type: ignore[override]
        """One write per reply."""
        self._said = status if isinstance(status, str) else status.decode("ascii", "replace")
        if self._said.startswith("500") and self._open is None:
            self._said = self._said.partition(' "')[0]  # what was heard is not sent back
            heard = (self._kernel, self._line, "SMTP-?", self._heard, self._said)
            await asyncio.to_thread(note_unreadable, *heard)
            status = self._said
        await super().push(status)  # type: ignore[type-var]

    async def handle_exception(self, error: Exception) -> str:
        """A failure of ours, or of a handshake: the session ends with words."""
        _log.error("session SMTP interrompue", exc_info=error)
        return errors.FAULTS["451"].text

    def _later(self, function: Any, *arguments: Any) -> None:
        """Write to the journal something that no reply waits for."""
        self.loop.run_in_executor(None, function, *arguments)

    # Greeting and TLS

    async def smtp_EHLO(self, hostname: str) -> None:
        """Extensions on offer; AUTH only under TLS."""
        if not hostname:
            await self.push("501 Syntax: EHLO hostname")
            return
        await self._end_transaction()
        self._set_rset_state()
        self.session.extended_smtp, self.session.host_name = True, hostname  # type: ignore[union-attr]
        self._line = replace(self._line, name=hostname)
        offers = [self.hostname, f"SIZE {self.data_size_limit}"]
        if self._front is None:
            offers.extend(["STARTTLS"] if self._offers_tls else [])
        else:
            self._offers_oauth = draw(self._kernel, "SMTP-EHLO", UNDER_TLS) is None
            offers.extend(["PIPELINING", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES"])
            offers.extend(["AUTH XOAUTH2"] if self._offers_oauth else [])
        last = len(offers) - 1
        await self.push(
            "\r\n".join(f"250{' ' if i == last else '-'}{offer}" for i, offer in enumerate(offers))
        )

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Negotiate TLS; what the handshake showed is kept for the journal."""
        if arg or self._front is not None or not self._offers_tls:
            await self.push("501 Syntax: STARTTLS" if arg else "454 4.7.0 TLS not available")
            return
        await self._end_transaction()
        await self.push("220 2.0.0 Ready to start TLS")
        clear = self.transport
        self._original_transport = clear
        try:
            self._front, _ = await self._upgrade(clear)
        except HandshakeError as failure:
            self._later(
                note_failure,
                self._kernel,
                self._line.peer,
                failure.peer,
                failure.__cause__,
                failure.fault,
            )
            clear.abort()  # type: ignore[union-attr]
            raise asyncio.CancelledError from failure
        self._line = Line(self._line.peer, tls.peer_of(self._front.secured))

    async def _upgrade(self, clear: Any) -> tuple[Front, Any]:
        return await upgrade(self, clear, self._context, announce=True)

    # Authentication

    async def smtp_AUTH(self, arg: str) -> None:
        """Journal also what aiosmtpd refuses by itself: no TLS, unknown mechanism."""
        self._said = ""
        words = (arg or "").split()
        mechanism = words[0].upper() if words else ""
        if self._front is None:
            await self._refuse_auth(mechanism, errors.STARTTLS_FIRST)
            return
        if mechanism != "XOAUTH2" or not self._offers_oauth:
            await self._refuse_auth(mechanism, Reply("504 5.5.4 Unrecognized authentication type"))
            return
        await super().smtp_AUTH(" ".join([mechanism, *words[1:]]))

    async def auth_XOAUTH2(self, _server: SMTP, args: list[str]) -> AuthResult:
        """With and without initial response."""
        if len(args) > 1:
            blob = b"" if args[1] == "=" else args[1].encode()
        else:
            await self.push(_CHALLENGE)
            blob = (await self._reader.readline()).strip()
        if blob == b"*":
            return _failed("501 5.7.0 Authentication cancelled")
        said = self._said_auth("XOAUTH2", blob)
        verdict = await asyncio.to_thread(authenticate, self._kernel, self._line, said)
        await asyncio.sleep(verdict.delay)
        return await self._conclude(verdict)

    async def _conclude(self, verdict: Verdict) -> AuthResult:
        words = WORDS[OPERATION]
        if verdict.answer is Answer.ACCEPTED and verdict.mailbox is not None:
            box = verdict.mailbox
            self._line = replace(self._line, authenticated=box.address, professional=box.holder)
            return AuthResult(success=True, message=words[Answer.ACCEPTED], auth_data=box)
        if verdict.answer is Answer.SILENT:
            await self._reader.read()
        if verdict.answer in (Answer.CHALLENGED, Answer.CUT):
            await self.push(errors.AUTH_CUT.text)
        if verdict.answer in (Answer.CUT, Answer.CLOSED, Answer.SILENT):
            self.transport.close()  # type: ignore[union-attr]
            return AuthResult(success=False)
        if verdict.answer is Answer.CHALLENGED:
            await self._reader.readline()  # the empty line that ends the exchange
        return _failed(words[verdict.answer])

    async def _refuse_auth(self, mechanism: str, reply: Reply) -> None:
        said = self._said_auth(mechanism, b"")
        refused = exchange(self._kernel, self._line, said, Told(reply.text))
        await asyncio.to_thread(self._kernel.journal.append, refused)
        await self.push(reply.text)

    def _said_auth(self, mechanism: str, blob: bytes) -> Said:
        text, name = f"AUTH {mechanism}".strip(), self._line.name
        return Said(OPERATION, text, self._kernel.clock.now(), blob, (("EHLO", name),))

    # Transaction

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Open a transaction; a refusal is one too."""
        path = read_path("FROM", arg)
        refusal = self._mail_refusal(path)
        address = path.address if path else (arg or "").strip()
        begun = Transaction(address, path.text if path else "", self._kernel.clock.now())
        if refusal is not None:
            if refusal is not errors.NESTED:
                await asyncio.to_thread(self._operator.refuse, self._line, begun, refusal)
            await self.push(refusal.text)
            return
        self._open = begun
        self.envelope.mail_from = address  # type: ignore[union-attr]
        await self.push(errors.MAIL_OK.text)

    def _mail_refusal(self, path: Path | None) -> Reply | None:
        mine = (self._line.authenticated or "").lower()
        reasons = (
            (self._front is None, errors.STARTTLS_FIRST),
            (not self._line.name, errors.NO_EHLO),
            (not mine, errors.AUTH_FIRST),
            (self._open is not None, errors.NESTED),
            (path is None, errors.BAD_PATH),
        )
        for broken, reply in reasons:
            if broken:
                return reply
        assert path is not None
        wrong = path.refusal(MAIL_PARAMETERS, self._operator.size_limit)
        if wrong is None and path.address and path.address.lower() != mine:
            return errors.NOT_OWNED
        return wrong

    async def smtp_RCPT(self, arg: str | None) -> None:
        """Admit or refuse a recipient."""
        if self._open is None:
            await self.push(errors.NO_MAIL.text)
            return
        path = read_path("TO", arg)
        address = path.address if path else (arg or "").strip()
        reply = await self._recipient(path)
        if reply.accepted:
            self._open.recipients.append(address)
            self.envelope.rcpt_tos.append(address)  # type: ignore[union-attr]
        else:
            self._open.refused.append((address, reply))
        await self.push(reply.text)

    async def _recipient(self, path: Path | None) -> Reply:
        if path is None or not path.address:
            return errors.BAD_PATH
        if self._open is not None and len(self._open.recipients) >= MAX_RECIPIENTS:
            return errors.TOO_MANY
        wrong = path.refusal(RCPT_PARAMETERS)
        return wrong or await asyncio.to_thread(self._operator.recipient, path.address)

    async def smtp_DATA(self, arg: str) -> None:
        """Receive; a content that aiosmtpd refuses (size, line length) is journaled."""
        await super().smtp_DATA(arg)
        if self._open is not None and self._said[:3] in ("500", "552"):
            refused, self._open = self._open, None
            await asyncio.to_thread(self._operator.refuse, self._line, refused, Reply(self._said))

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:
        """Deliver; the reply leaves when everything is durable."""
        transaction, self._open = self._open, None
        if transaction is None:
            return errors.NO_MAIL.text
        delivered = await asyncio.to_thread(
            self._operator.deliver, self._line, transaction, bytes(envelope.original_content)
        )
        await asyncio.sleep(delivered.delay)
        if delivered.reply is not None:
            return delivered.reply.text
        if not delivered.cut:
            await self._reader.read()
        self.transport.abort()  # type: ignore[union-attr]
        raise asyncio.CancelledError

    async def smtp_RSET(self, arg: str) -> None:
        """Forget the open transaction."""
        await self._end_transaction()
        await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        """End of the session."""
        await self._end_transaction()
        await super().smtp_QUIT(arg)

    async def handle_QUIT(self, _server: SMTP, _session: Any, _envelope: Any) -> str:
        """Words of the transcript."""
        return "221 2.0.0 Bye"

    async def _end_transaction(self) -> None:
        """Journal a transaction left without DATA: its last refusal, or no answer."""
        left, self._open = self._open, None
        if left is not None:
            reply = left.refused[-1][1] if left.refused else None
            await asyncio.to_thread(self._operator.refuse, self._line, left, reply)


def _failed(words: str) -> AuthResult:
    return AuthResult(success=False, handled=False, message=words)


async def start(
    operator: Operator, bound: socket.socket, context: ssl.SSLContext
) -> asyncio.Server:
    """Listen for submissions."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Submission(operator, context), sock=bound)
