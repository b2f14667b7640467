"""Clients of messaging for tests: the stdlib's (smtplib, imaplib), and bare sockets."""

from __future__ import annotations

import imaplib
import re
import smtplib
import socket
import ssl
from pathlib import Path

from rules.formats.xoauth2 import blob
from simulators.platform import Platform
from simulators.testing import trust
from tests.simulators.psc.client import Relying

TIMEOUT = 10
"""Seconds before a test gives up."""


class Doctor:
    """A professional with a real token of the PSC simulator; closes what it opens."""

    def __init__(self, platform: Platform, national_id: str) -> None:
        self.platform = platform
        self.national_id = national_id
        world = platform.kernel.world
        self.address = next(p.mailbox for p in world.professionals if p.national_id == national_id)
        self._opened: list[smtplib.SMTP | imaplib.IMAP4 | Wire] = []

    def __enter__(self) -> Doctor:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._opened:
            if isinstance(client, Wire):
                client.close()
            elif client.sock is not None:
                client.sock.close()

    def token(self) -> str:
        """An access token, by a whole login."""
        relying = Relying(self.platform)
        try:
            return str(relying.login(self.national_id)["access_token"])
        finally:
            relying.http.close()

    def answer(self, token: str | None = None) -> str:
        """The XOAUTH2 answer in clear, as smtplib and imaplib want it."""
        return f"user={self.address}\x01auth=Bearer {token or self.token()}\x01\x01"

    def place(self, kind: str) -> tuple[str, int]:
        """Host and port of ``smtp`` or ``imap``."""
        described = self.platform.descriptor["mssante"][kind]
        return described["hote"], described["port"]

    def smtp(self, *, login: bool = True, initial: bool = True) -> smtplib.SMTP:
        """A session of smtplib under TLS, authenticated unless told."""
        session = smtplib.SMTP(*self.place("smtp"), local_hostname="poste.banc", timeout=TIMEOUT)
        self._opened.append(session)
        session.starttls(context=trust(self.platform))
        session.ehlo()
        if login:
            answer = self.answer()
            session.auth("XOAUTH2", lambda _challenge=None: answer, initial_response_ok=initial)
        return session

    def imap(self, *, login: bool = True) -> imaplib.IMAP4:
        """A session of imaplib under TLS, authenticated unless told."""
        session = imaplib.IMAP4(*self.place("imap"), timeout=TIMEOUT)
        self._opened.append(session)
        session.starttls(trust(self.platform))
        if login:
            answer = self.answer().encode()
            session.authenticate("XOAUTH2", lambda _challenge: answer)
        return session

    def inbox(self) -> list[bytes]:
        """Mails of the inbox, read by IMAP."""
        session = self.imap()
        session.select(readonly=True)
        _, found = session.search(None, "ALL")
        numbers = found[0].split()
        return [session.fetch(n, "(RFC822)")[1][0][1] for n in numbers]  # type: ignore[index]

    def wire(self, kind: str) -> Wire:
        """A bare connection."""
        wire = Wire(*self.place(kind))
        self._opened.append(wire)
        return wire

    def blob(self, token: str | None = None) -> bytes:
        """The XOAUTH2 line in base64."""
        return blob(self.address, token or self.token())


class Wire:
    """Lines over a socket; ``secure`` begins TLS."""

    def __init__(self, host: str, port: int) -> None:
        self.sock: socket.socket = socket.create_connection((host, port), TIMEOUT)
        self._file = self.sock.makefile("rb")

    def close(self) -> None:
        """Leave without a word."""
        self._file.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def line(self) -> str:
        """A line without its end, ``""`` at the end of the connection."""
        return self._file.readline().decode().rstrip("\r\n")

    def rest(self) -> bytes:
        """Everything until the connection ends."""
        try:
            return self._file.read()
        except OSError:
            return b""

    def until(self, tag: str) -> list[str]:
        """Lines up to the one that begins with a tag, included."""
        lines = [self.line()]
        while lines[-1] and not lines[-1].startswith(f"{tag} "):
            lines.append(self.line())
        return lines

    def reply(self) -> list[str]:
        """Lines of one SMTP reply."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return lines

    def ask(self, command: str) -> list[str]:
        """One SMTP command and its reply."""
        self.send(command.encode() + b"\r\n")
        return self.reply()

    def command(self, text: str) -> list[str]:
        """One IMAP command and its answer."""
        self.send(text.encode() + b"\r\n")
        return self.until(text.split(" ", 1)[0])

    def secure(self, context: ssl.SSLContext) -> None:
        """Negotiate TLS."""
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost")
        self._file = self.sock.makefile("rb")


def kind_of(line: str) -> str:
    """What matters of a server's line in a transcript: code or keywords, not texts."""
    if found := re.match(r"(\d{3})[ -](AUTH XOAUTH2|STARTTLS|SIZE|8BITMIME|DSN)?", line):
        return f"{found[1]} {found[2] or ''}".strip()
    if found := re.match(r"\* (\d+ )?([A-Z]+)(?: (\[[A-Z]+))?", line):
        return f"* {found[2]} {found[3] or ''}".strip()
    if found := re.match(r"(a\d+) (OK|NO|BAD)(?: (\[[A-Z-]+\]))?", line):
        return f"{found[1]} {found[2]} {found[3] or ''}".strip()
    return line[:20]


def transcript(path: Path) -> list[tuple[str, str]]:
    """Lines of a golden transcript: ``C``, ``S`` or ``#``, and their text."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [(line[:1], line[3:] if line[1:2] == ":" else line) for line in lines]
