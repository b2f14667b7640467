"""IMAP4rev1 on the wire: STARTTLS, XOAUTH2 (with SASL-IR), IDLE, one write per answer.

Every authenticated command is journaled in the unit that runs it, before its answer
leaves; NOOP, CAPABILITY and IDLE change nothing and are not.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from dataclasses import replace
from typing import Any

from rules.formats.xoauth2 import REFUSAL
from simulators import tls
from simulators.faults import Fault
from simulators.mssante.accounts import WORDS, Answer, Verdict, authenticate
from simulators.mssante.faults import AT_OPENING, IN_CLEAR, IN_COMMAND, UNDER_TLS, draw
from simulators.mssante.imap_commands import Session
from simulators.mssante.imap_folders import NoError
from simulators.mssante.imap_stream import (
    LINE_LIMIT,
    EndedError,
    RefusedLiteralError,
    Stream,
    TooLongError,
)
from simulators.mssante.imap_syntax import Command, ImapSyntaxError
from simulators.mssante.operator import Operator
from simulators.mssante.starttls import HandshakeError, note_failure
from simulators.mssante.state import MailStore, Reading
from simulators.mssante.wire import Line, Said, Told, exchange, note_unreadable
from simulators.streams import Protocol, address_of

_log = logging.getLogger("simulators.mssante")
OPERATION = "IMAP-AUTH"
EXTENSIONS = "SASL-IR LITERAL+ IDLE UIDPLUS MOVE UNSELECT SPECIAL-USE"
IDLE_CHECK = 1.0
"""Seconds after which IDLE looks by itself: a change may come from another process."""


class Connection:
    """One client from greeting to logout."""

    def __init__(self, operator: Operator, context: ssl.SSLContext, stream: Stream) -> None:
        self._operator = operator
        self._kernel = operator.kernel
        self._context = context
        self._stream = stream
        self._line = Line(address_of(stream.transport))
        self._session: Session | None = None
        self._offers_tls = self._offers_oauth = True

    async def run(self) -> None:
        """Serve the client to the end; nothing it sends stops the simulator."""
        try:
            fault = draw(self._kernel, "TLS", AT_OPENING)
            if fault is not None:
                await self._failed(None, None, fault)
            else:
                await self._serve()
        except (
            EndedError,
            asyncio.IncompleteReadError,
            ConnectionError,
            TimeoutError,
            ssl.SSLError,
        ):
            _log.debug("session IMAP close")
        except Exception:
            _log.exception("session IMAP interrompue")
        finally:
            self._stream.close()

    async def _serve(self) -> None:
        self._offers_tls = draw(self._kernel, "IMAP-CAPABILITY", IN_CLEAR) is None
        await self._stream.send(b"* OK IMAP4rev1 pret\r\n")
        while True:
            try:
                command = await self._stream.command()
            except RefusedLiteralError as error:
                await self._unreadable(str(error).encode(), "NO [LIMIT]")
                continue
            except ImapSyntaxError as error:
                await self._unreadable(str(error).encode(), f"BAD {error}")
                await self._stream.send(f"* BAD {error}\r\n".encode())
                continue
            except TooLongError as error:
                await self._unreadable(error.heard, "BYE trop long")
                raise
            await self._dispatch(command)

    async def _unreadable(self, heard: bytes, answer: str) -> None:
        await asyncio.to_thread(note_unreadable, self._kernel, self._line, "IMAP-?", heard, answer)

    async def _tagged(self, command: Command, words: str) -> None:
        await self._stream.send(f"{command.tag} {words}\r\n".encode())

    # Commands without a mailbox

    async def _dispatch(self, command: Command) -> None:
        special = {
            "CAPABILITY": self._capability,
            "NOOP": self._noop,
            "LOGOUT": self._logout,
            "STARTTLS": self._starttls,
            "AUTHENTICATE": self._authenticate,
            "LOGIN": self._login,
            "IDLE": self._idle,
        }
        if command.name in special:
            await special[command.name](command)
        elif self._session is None:
            await self._tagged(command, "BAD authentification requise ou commande inconnue")
        else:
            await self._run(command, self._session)

    async def _capability(self, command: Command) -> None:
        if self._stream.front is None:
            starttls = " STARTTLS" if self._offers_tls else ""
            offer = f"IMAP4rev1{starttls} LOGINDISABLED"
        else:
            self._offers_oauth = draw(self._kernel, "IMAP-CAPABILITY", UNDER_TLS) is None
            mechanism = " AUTH=XOAUTH2" if self._offers_oauth else ""
            offer = f"IMAP4rev1{mechanism} {EXTENSIONS}"
        text = f"* CAPABILITY {offer}\r\n{command.tag} OK CAPABILITY termine\r\n"
        await self._stream.send(text.encode())

    async def _noop(self, command: Command) -> None:
        lines = await asyncio.to_thread(self._news) if self._session else []
        await self._stream.send(_lines([*lines, f"{command.tag} OK NOOP termine".encode()]))

    def _news(self) -> list[bytes]:
        assert self._session is not None
        with self._kernel.store.reading() as connection:
            return self._session.news(MailStore(Reading(connection), self._kernel.campaign))

    async def _logout(self, command: Command) -> None:
        await self._stream.send(
            f"* BYE Deconnexion\r\n{command.tag} OK LOGOUT termine\r\n".encode()
        )
        raise EndedError

    async def _starttls(self, command: Command) -> None:
        if self._stream.front is not None or not self._offers_tls:
            await self._tagged(command, "BAD STARTTLS n'est pas offert ici")
            return
        await self._tagged(command, "OK Debut de la negociation TLS")
        try:
            front = await self._stream.start_tls(self._context)
        except HandshakeError as failure:
            await self._failed(failure.peer, failure.__cause__, failure.fault)
            raise EndedError from failure
        self._line = Line(self._line.peer, tls.peer_of(front.secured))
        try:
            await self._stream.first_word()
        except (OSError, ssl.SSLError) as error:
            await self._failed(tls.peer_of(front.secured), error, front.fault)
            raise EndedError from error

    async def _failed(self, shown: Any, error: BaseException | None, fault: Any) -> None:
        await asyncio.to_thread(note_failure, self._kernel, self._line.peer, shown, error, fault)
        self._stream.abort()

    # Authentication

    async def _authenticate(self, command: Command) -> None:
        mechanism = str(command.arguments[0]).upper() if command.arguments else ""
        refusal = self._unwanted(mechanism)
        if refusal:
            await self._refuse(command, f"AUTHENTICATE {mechanism}".strip(), refusal)
            return
        blob = str(command.arguments[1]).encode() if len(command.arguments) > 1 else None
        if blob is None:
            await self._stream.send(b"+ \r\n")
            blob = await self._stream.line()
        if blob == b"*":
            await self._tagged(command, "BAD authentification abandonnee")
            return
        blob = b"" if blob == b"=" else blob
        said = Said(OPERATION, "AUTHENTICATE XOAUTH2", self._kernel.clock.now(), blob)
        verdict = await asyncio.to_thread(authenticate, self._kernel, self._line, said)
        await asyncio.sleep(verdict.delay)
        await self._conclude(command, verdict)

    def _unwanted(self, mechanism: str) -> str:
        if self._stream.front is None:
            return "NO [PRIVACYREQUIRED] STARTTLS d'abord"
        if self._session is not None:
            return "BAD deja authentifie"
        known = mechanism == "XOAUTH2" and self._offers_oauth
        return "" if known else "NO [CANNOT] mecanisme inconnu"

    async def _conclude(self, command: Command, verdict: Verdict) -> None:
        box = verdict.mailbox
        if verdict.answer is Answer.ACCEPTED and box is not None:
            self._line = replace(self._line, authenticated=box.address, professional=box.holder)
            self._session = Session(self._kernel, box.address)
            self._stream.literal_limit = self._operator.size_limit
        if verdict.answer is Answer.SILENT:
            await self._stream.until_gone()
        if verdict.answer in (Answer.CHALLENGED, Answer.CUT):
            await self._stream.send(b"+ " + REFUSAL + b"\r\n")
        if verdict.answer in (Answer.CUT, Answer.CLOSED, Answer.SILENT):
            raise EndedError
        if verdict.answer is Answer.CHALLENGED:
            await self._stream.line()
        await self._tagged(command, WORDS[OPERATION][verdict.answer])

    async def _login(self, command: Command) -> None:
        """Never offered (LOGINDISABLED); its password is not journaled."""
        if self._stream.front is None:
            await self._refuse(command, "LOGIN", "NO [PRIVACYREQUIRED] STARTTLS d'abord")
        else:
            await self._refuse(command, "LOGIN", "NO [CANNOT] utiliser AUTHENTICATE XOAUTH2")

    async def _refuse(self, command: Command, text: str, words: str) -> None:
        said = Said(OPERATION, text, self._kernel.clock.now())
        refused = exchange(self._kernel, self._line, said, Told(words))
        await asyncio.to_thread(self._kernel.journal.append, refused)
        await self._tagged(command, words)

    # Commands on a mailbox

    async def _run(self, command: Command, session: Session) -> None:
        name = command.name.removeprefix("UID ")
        operation = f"IMAP-{name[:40]}" if name.isalpha() else "?"
        fault = draw(self._kernel, operation, IN_COMMAND, content=command.literal)
        if fault is not None and fault.name in ("bye", "muet", "couper"):
            await self._spoil(command, operation, fault)
        lines, words = await asyncio.to_thread(self._commit, command, operation, session, fault)
        if fault is not None and fault.name == "lent":
            await asyncio.sleep(fault.delay)
        if fault is not None and fault.name == "couper-apres-traitement":
            raise EndedError
        await self._stream.send(_lines([*lines, f"{command.tag} {words}".encode()]))

    def _commit(
        self, command: Command, operation: str, session: Session, fault: Fault | None
    ) -> tuple[list[bytes], str]:
        """Run and journal a command in one unit; what to answer."""
        said = Said(operation, command.text, self._kernel.clock.now(), command.literal)
        said = replace(said, headers=(("AUTH", session.address),))
        silent = fault is not None and fault.name == "couper-apres-traitement"
        with self._kernel.unit() as unit:
            lines, words = self._execute(MailStore(unit, self._kernel.campaign), command, fault)
            untagged = _lines(lines) if lines else b""
            told = Told(None if silent else words, untagged, fault=fault.name if fault else None)
            placed = self._kernel.journal.record(
                unit, exchange(self._kernel, self._line, said, told)
            )
        self._kernel.journal.announce(placed)
        self._operator.changed(*session.changed)
        return lines, words

    def _execute(
        self, store: MailStore, command: Command, fault: Fault | None
    ) -> tuple[list[bytes], str]:
        assert self._session is not None
        if fault is not None and fault.name == "serverbug":
            return [], "NO [SERVERBUG] Internal error"
        try:
            result = self._session.execute(store, command)
        except NoError as refused:
            return [], str(refused)
        except ImapSyntaxError as error:
            return [], f"BAD {error}"
        return result.lines, result.words

    async def _spoil(self, command: Command, operation: str, fault: Fault) -> None:
        """A fault that keeps the command from running."""
        said = Said(operation, command.text, self._kernel.clock.now(), command.literal)
        told = Told("BYE" if fault.name == "bye" else None, fault=fault.name)
        spoilt = exchange(self._kernel, self._line, said, told)
        await asyncio.to_thread(self._kernel.journal.append, spoilt)
        if fault.name == "bye":
            await self._stream.send(b"* BYE fin de session decidee par le serveur\r\n")
        if fault.name == "muet":
            await self._stream.until_gone()
        raise EndedError

    async def _idle(self, command: Command) -> None:
        """Tell what changes until DONE (RFC 2177)."""
        if self._session is None:
            await self._tagged(command, "BAD authentification requise")
            return
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(arrived.set)

        stop = self._operator.watch(self._session.address, wake)
        await self._stream.send(b"+ en attente\r\n")
        done = asyncio.ensure_future(self._stream.line())
        try:
            while not done.done():
                waiting = asyncio.ensure_future(arrived.wait())
                await asyncio.wait(
                    (done, waiting), timeout=IDLE_CHECK, return_when=asyncio.FIRST_COMPLETED
                )
                waiting.cancel()
                arrived.clear()
                lines = await asyncio.to_thread(self._news)
                if lines:
                    await self._stream.send(_lines(lines))
        finally:
            stop()
            done.cancel()
        said = (await done).strip().upper()
        await self._tagged(command, "OK IDLE termine" if said == b"DONE" else "BAD DONE attendu")


def _lines(lines: list[bytes]) -> bytes:
    return b"\r\n".join(lines) + b"\r\n"


async def start(
    operator: Operator, bound: socket.socket, context: ssl.SSLContext
) -> asyncio.Server:
    """Listen for clients of mailboxes."""
    loop = asyncio.get_running_loop()

    def connect() -> Protocol:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await Connection(operator, context, Stream(protocol, reader, writer)).run()

        protocol = Protocol(asyncio.StreamReader(limit=LINE_LIMIT, loop=loop), serve, loop=loop)
        return protocol

    return await loop.create_server(connect, sock=bound)
