"""A mail server that follows a script: what it reads decides what it answers.

It speaks SMTP or IMAP just enough to exercise a client on real sockets with
real TLS, and to fail at a chosen point.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from reference_impl.people import HostPort

CUT = object()
"""An answer that closes the connection instead of speaking."""


@dataclass
class Peer:
    """What was heard, in order; ``address`` is where to connect."""

    address: HostPort
    heard: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)


@cache
def server_files(host: str = "localhost") -> tuple[Path, Path]:
    """A self-signed certificate for a host, and its key."""
    folder = Path(mkdtemp(prefix="serveur-essai-"))
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2045, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.BasicConstraints(True, 0), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


Answer = Callable[[str], object]


@contextmanager
def smtp_peer(answer: Callable[[str, int], object]) -> Iterator[Peer]:
    """An SMTP server. ``answer(line, connection)`` gives the reply to a line, CUT, or None.

    None means the usual reply. After ``354`` the content is read up to its dot,
    and ``answer(".", n)`` decides.
    """
    yield from _served(b"220 essai ESMTP\r\n", lambda s, p, n: _smtp(s, p, lambda x: answer(x, n)))


@contextmanager
def imap_peer(answer: Callable[[str, int], object]) -> Iterator[Peer]:
    """An IMAP server: ``answer(command, connection)`` gives raw bytes, CUT or None."""
    yield from _served(b"* OK pret\r\n", lambda s, p, n: _imap(s, p, lambda x: answer(x, n)))


def _served(greeting: bytes, talk: Callable[[socket.socket, Peer, int], None]) -> Iterator[Peer]:
    listener = socket.create_server(("127.0.0.1", 0))
    peer = Peer(HostPort("localhost", listener.getsockname()[1]))

    def serve() -> None:
        for number in range(1, 10):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError, ssl.SSLError):
                connection.settimeout(10)
                connection.sendall(greeting)
                talk(connection, peer, number)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        # Wakes the accept that waits, which a mere close does not.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _secured(connection: socket.socket) -> ssl.SSLSocket:
    certificate, key = server_files()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context.wrap_socket(connection, server_side=True)


def _smtp(connection: socket.socket, peer: Peer, answer: Answer) -> None:
    usual = {
        "EHLO": "250-essai\r\n250-SIZE 30000000\r\n250 STARTTLS",
        "STARTTLS": "220 pret",
        "AUTH": "334 ",
        "DATA": "354 allez",
        "QUIT": "221 adieu",
    }
    reader = connection.makefile("rb")
    while line := reader.readline():
        text = line.decode().strip()
        peer.heard.append(text)
        word = text.partition(" ")[0].upper()
        said = answer(text)
        if said is CUT:
            return
        reply = said or usual.get(word) or ("235 ok" if _is_token(text) else "250 ok")
        connection.sendall(f"{reply}\r\n".encode())
        if word == "STARTTLS" and str(reply).startswith("220"):
            connection = _secured(connection)
            reader = connection.makefile("rb")
        if word == "DATA" and str(reply).startswith("354"):
            peer.contents.append(_content(reader))
            said = answer(".")
            if said is CUT:
                return
            connection.sendall(f"{said or '250 recu'}\r\n".encode())


def _is_token(text: str) -> bool:
    return len(text) > 40 and " " not in text


def _content(reader: object) -> bytes:
    lines = []
    while (line := reader.readline()) not in {b".\r\n", b""}:
        lines.append(line[1:] if line.startswith(b"..") else line)
    return b"".join(lines)


def _imap(connection: socket.socket, peer: Peer, answer: Answer) -> None:
    """``TAG`` in an answer stands for the tag of the command; a continuation keeps it."""
    reader = connection.makefile("rb")
    tag, continued = "", False
    while line := reader.readline():
        command = line.decode().strip()
        if not continued:
            tag, _, command = command.partition(" ")
        peer.heard.append(command)
        said = answer(command)
        if said is CUT:
            return
        reply = said if isinstance(said, bytes) else b"TAG OK fait\r\n"
        continued = reply.startswith(b"+")
        connection.sendall(reply.replace(b"TAG", tag.encode()))
        if command.upper() == "STARTTLS":
            connection = _secured(connection)
            reader = connection.makefile("rb")
