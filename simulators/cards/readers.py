"""Card readers on sockets: the vpcd wire of vsmartcard, the bench holding the card.

Every message is a two-octet big-endian length and its payload: one octet 00 power off,
01 power on, 02 reset, 04 ask for the ATR, or a command APDU. Only the last two are
answered. An empty reader accepts the connection and closes it; an unplugged one resets it.

Source: vsmartcard's vpcd (fact sheet ``cards.md`` §8.1).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import struct
from collections.abc import Callable

from simulators.cards import faults
from simulators.cards.session import Reply, Session
from simulators.kernel import Kernel
from simulators.streams import Protocol, address_of, quick_ack

_log = logging.getLogger("simulators.cards")
OFF, ON, RESET, ATR = b"\0", b"\x01", b"\x02", b"\x04"
PATIENCE = 5.0
"""Seconds another reader side waits for a reader that is taken, before it is closed."""
EMPTY = 1.0
"""Seconds a vpcd is left empty between two cards: pcscd looks every 0.4 s, and would not
see that another one took the place."""
RETRY = 0.5
"""Seconds between two attempts to reach a vpcd."""
_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
NEW_SESSION = Callable[[str], Session]


class Slot:
    """One reader: at most one reader side at a time."""

    def __init__(self, kernel: Kernel, new_session: NEW_SESSION) -> None:
        self._kernel = kernel
        self._new_session = new_session
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()
        self._current: tuple[Session, asyncio.WriteTransport] | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def start(self, bound: socket.socket, _context: ssl.SSLContext) -> asyncio.Server:
        """Listen for reader sides."""
        loop = self._loop = asyncio.get_running_loop()

        def connect() -> Protocol:
            return Protocol(asyncio.StreamReader(loop=loop), self.serve, loop=loop)

        return await loop.create_server(connect, sock=bound)

    def dial(self, host: str, port: int) -> None:
        """From the loop: also offer the card to a vpcd that listens, as long as there is one."""
        self._dialling = asyncio.ensure_future(self._dial(host, port))

    def recheck(self) -> None:
        """From any thread: hang up if the card of the session is no longer there."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look_again)

    def _look_again(self) -> None:
        self._changed.set()
        if self._current is not None:
            self._looking = asyncio.ensure_future(self._hang_up_if_gone(*self._current))

    async def _hang_up_if_gone(self, session: Session, transport: asyncio.WriteTransport) -> None:
        if not await asyncio.to_thread(session.holds):
            transport.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one reader side to its end; nothing it sends stops the simulator."""
        try:
            if faults.of_opening(self._kernel) is not None:
                _reset(writer)
                return
            async with asyncio.timeout(PATIENCE):
                await self._turn.acquire()
        except TimeoutError:
            writer.close()
            return
        try:
            await self._serve(reader, writer)
        finally:
            self._turn.release()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = self._new_session(address_of(writer.transport))
        row = await asyncio.to_thread(session.open)
        if row is None or not row.plugged:
            _reset(writer)
            return
        if row.card is None:
            writer.close()
            return
        self._current = (session, writer.transport)
        try:
            await _converse(session, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            _log.debug("le lecteur est parti")
        except Exception:
            _log.exception("lecteur interrompu")
        finally:
            self._current = None
            writer.close()
        await asyncio.to_thread(session.leave)

    async def _dial(self, host: str, port: int) -> None:
        while True:
            self._changed.clear()
            row = await asyncio.to_thread(self._new_session("vpcd").open)
            if row is not None and row.present and await self._offer(host, port):
                await asyncio.sleep(EMPTY)
            try:
                async with asyncio.timeout(RETRY):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _offer(self, host: str, port: int) -> bool:
        """Whether a vpcd was there and had the card for a while."""
        try:
            reader, writer = await _connect(host, port)
        except OSError:
            _log.debug("pas de vpcd à %s:%s", host, port)
            return False
        await self.serve(reader, writer)
        return True


async def _connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    # Not open_connection: vpcd writes length and message apart, and waits under Nagle for
    # the first to be acknowledged.
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = Protocol(reader, loop=loop)
    transport, _ = await loop.create_connection(lambda: protocol, host, port)
    quick_ack(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _converse(
    session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        size = int.from_bytes(await reader.readexactly(2))
        message = await reader.readexactly(size)
        reply = await _answer(session, message)
        if reply.cut:
            return
        if reply.mute:
            await reader.read()
            return
        if reply.answer is not None:
            writer.write(len(reply.answer).to_bytes(2) + reply.answer)
            await writer.drain()


async def _answer(session: Session, message: bytes) -> Reply:
    if len(message) > 1:
        return await _command(session, message)
    if message == ATR:
        return await asyncio.to_thread(session.atr)
    if message in (OFF, ON, RESET):
        return await asyncio.to_thread(
            lambda: session.power(on=message != OFF, again=message == RESET)
        )
    return Reply()


async def _command(session: Session, command: bytes) -> Reply:
    fault = await asyncio.to_thread(session.fault_of, command)
    if fault is not None and fault.name == "lent":
        await asyncio.sleep(fault.delay)
    return await asyncio.to_thread(session.answer, command, fault)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST: what a reader that is not there looks like."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
    writer.transport.abort()
