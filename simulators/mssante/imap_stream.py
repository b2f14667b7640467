"""The stream of one IMAP client: commands with their literals, STARTTLS, one write."""

from __future__ import annotations

import asyncio
import ssl

from simulators.mssante.imap_syntax import LITERAL, Command, ImapSyntaxError, mark, read_command
from simulators.mssante.starttls import Front, upgrade
from simulators.streams import Protocol

LINE_LIMIT = 64 * 1024
TIMEOUT = 1800.0
"""Seconds of inactivity before BYE (RFC 3501 §5.4)."""


class EndedError(Exception):
    """The session is over; nothing more is said."""


class TooLongError(EndedError):
    """More octets than a session bears; the client was told. ``heard``: the first of them."""

    def __init__(self, heard: bytes) -> None:
        super().__init__()
        self.heard = heard


class Stream:
    """Reads commands and writes answers, in clear then under TLS."""

    def __init__(
        self, protocol: Protocol, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._protocol = protocol
        self._reader = reader
        self._writer = writer
        self.front: Front | None = None
        self.literal_limit = 16 * 1024
        """Octets of a literal; more is accepted once authenticated."""

    @property
    def transport(self) -> asyncio.WriteTransport:
        """The transport now in use."""
        return self._writer.transport

    async def command(self) -> Command:
        """The next command; raises ImapSyntaxError, EndedError."""
        line, literals = b"", list[bytes]()
        while True:
            line += await self.line()
            found = LITERAL.search(line)
            if found is None:
                return read_command(line, literals)
            size, plus = int(found[1]), bool(found[2])
            await self._accept(line, size, plus=plus)
            literals.append(await self._reader.readexactly(size))
            line = line[: found.start()] + mark(len(literals) - 1)

    async def line(self) -> bytes:
        """A line without its end; raises EndedError when it is too long."""
        try:
            line = await asyncio.wait_for(self._reader.readuntil(b"\n"), TIMEOUT)
        except asyncio.LimitOverrunError:
            heard = bytes(self._reader._buffer[:1000])  # type: ignore[attr-defined]
            await self.send(b"* BYE ligne trop longue\r\n")
            raise TooLongError(heard) from None
        return line.rstrip(b"\r\n")

    async def _accept(self, line: bytes, size: int, *, plus: bool) -> None:
        limit = self.literal_limit
        if size > limit:
            tag = line.partition(b" ")[0].decode("ascii", "replace")
            await self.send(f"{tag} NO [LIMIT] litteral de plus de {limit} octets\r\n".encode())
            # LITERAL+ sends it anyway: what follows could pass for commands.
            raise TooLongError(line) if plus else RefusedLiteralError(line.decode("latin-1"))
        if not plus:
            await self.send(b"+ pret\r\n")

    async def send(self, data: bytes) -> None:
        """One write."""
        self._writer.write(data)
        await self._writer.drain()

    async def until_gone(self) -> None:
        """Say nothing until the client leaves."""
        await self._reader.read()

    async def start_tls(self, context: ssl.SSLContext) -> Front:
        """Negotiate TLS; raises HandshakeError."""
        # Nothing said in clear may pass for said under TLS (RFC 3501 §6.2.1).
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        front, secured = await upgrade(self._protocol, self.transport, context, announce=False)
        self._reader._transport = secured  # type: ignore[attr-defined]
        self._protocol._transport = secured  # type: ignore[attr-defined]
        self._protocol._over_ssl = True  # type: ignore[attr-defined]
        loop = asyncio.get_running_loop()
        self._writer = asyncio.StreamWriter(secured, self._protocol, self._reader, loop)
        self.front = front
        return front

    async def first_word(self) -> None:
        """Wait for the client to speak; raises OSError when it leaves instead.

        A client that refuses our certificate under TLS 1.3 says so only then.
        """
        # Not wait_for: what came before its task began would never be waited for again.
        async with asyncio.timeout(TIMEOUT):
            while not self._reader._buffer:  # type: ignore[attr-defined]
                if self._reader.at_eof():
                    raise ConnectionResetError
                await self._reader._wait_for_data("starttls")  # type: ignore[attr-defined]

    def close(self) -> None:
        """End the connection after what was written."""
        self._writer.close()

    def abort(self) -> None:
        """Cut the connection."""
        self.transport.abort()


class RefusedLiteralError(ImapSyntaxError):
    """A literal above the limit; the client was told."""
