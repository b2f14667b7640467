"""What a TLS handshake shows of a client, also when it fails, and how to say why.

The ClientHello and the client's Certificate message are read from the message
callback of the ssl module; where this interpreter has none, peers are described
with what the ssl module gives after the handshake.
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from rules.exchange import TlsPeer

LEFT = "FERMETURE"
"""Code of a handshake that the client abandoned without a word."""

_CLIENT_HELLO = 1
_CERTIFICATE = 11
_HANDSHAKE = 22
_VERSIONS = {
    0x0300: "SSLv3",
    0x0301: "TLSv1",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
    0x0304: "TLSv1.3",
}


@dataclass(frozen=True, slots=True)
class Hello:
    """The ClientHello: names and numbers the client offers, GREASE values left out."""

    versions: tuple[str, ...] = ()
    ciphers: tuple[int, ...] = ()
    sni: str | None = None


def watch(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make a server context note what clients show; returns the context."""
    try:
        context._msg_callback = _note  # type: ignore[attr-defined]
    except AttributeError:
        return context
    return context


def peer_of(connection: Any) -> TlsPeer:
    """The TLS peer of an ``SSLObject`` or ``SSLSocket``, complete or failed."""
    hello: Hello = getattr(connection, "_banc_hello", None) or Hello()
    presented: bytes | None = getattr(connection, "_banc_certificate", None)
    with contextlib.suppress(ValueError):  # the handshake did not end
        presented = connection.getpeercert(True) or presented
    cipher = connection.cipher()
    return TlsPeer(
        version=connection.version(),
        cipher=cipher[0] if cipher else None,
        sni=hello.sni,
        certificate=presented,
        offered_versions=hello.versions,
        offered_ciphers=hello.ciphers,
    )


def has_spoken(connection: Any, error: BaseException | None) -> bool:
    """Whether a client tried a handshake, or sent anything at all in its place."""
    if getattr(connection, "_banc_hello", None) is not None:
        return True
    return not (error is None or code_of(error) in (LEFT, "UNEXPECTED_EOF_WHILE_READING"))


def _note(
    connection: Any, direction: str, _version: Any, kind: Any, message: Any, data: bytes
) -> None:
    if direction != "read" or kind != _HANDSHAKE or message not in (_CLIENT_HELLO, _CERTIFICATE):
        return
    try:
        if message == _CLIENT_HELLO:
            connection._banc_hello = read_hello(data)
        else:
            connection._banc_certificate = read_certificate(data)
    except (IndexError, ValueError):
        return  # OpenSSL refuses it by itself, and says so


class _Reader:
    """Takes fields off a TLS message; raises ValueError past its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("message TLS trop court")
        taken, self._at = self._data[self._at : end], end
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        return self.take(self.number(size))

    @property
    def left(self) -> bool:
        return self._at < len(self._data)


def read_hello(message: bytes) -> Hello:
    """Read a ClientHello handshake message (RFC 8446 §4.1.2); raises ValueError."""
    reader = _Reader(message)
    reader.take(4)
    legacy = reader.number(2)
    reader.take(32)
    reader.vector(1)
    ciphers = _numbers(reader.vector(2))
    reader.vector(1)
    versions, sni = (legacy,), None
    extensions = _Reader(reader.vector(2) if reader.left else b"")
    while extensions.left:
        kind, content = extensions.number(2), extensions.vector(2)
        if kind == 0 and content:
            sni = content[5:].decode("ascii", "replace")
        elif kind == 43:
            versions = _numbers(content[1:])
    names = tuple(_VERSIONS.get(v, f"0x{v:04x}") for v in versions if not _grease(v))
    return Hello(names, tuple(c for c in ciphers if not _grease(c)), sni)


def read_certificate(message: bytes) -> bytes | None:
    """The first certificate (DER) of a Certificate message, TLS 1.2 or 1.3."""
    reader = _Reader(message)
    body = _Reader(reader.take(4) and message[4:])
    if int.from_bytes(message[4:7], "big") != len(message) - 7:
        body.vector(1)  # TLS 1.3 puts a context first
    entries = _Reader(body.vector(3))
    return entries.vector(3) if entries.left else None


def _numbers(content: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(content[i : i + 2], "big") for i in range(0, len(content) - 1, 2))


def _grease(value: int) -> bool:
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


_VERIFICATION = {
    9: "il n'est pas encore valide",
    10: "il est expiré",
    18: "il est auto-signé",
    19: "sa chaîne finit par une racine étrangère au banc",
    20: "il n'est pas émis par l'autorité attendue (bonne AC, bonne gamme)",
    21: "sa chaîne ne peut être vérifiée",
    23: "il est révoqué",
    26: "son usage (extendedKeyUsage) ne permet pas l'authentification d'un client",
}

_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "Le client n'a présenté aucun certificat ; ce service "
    "exige l'authentification mutuelle : configurez le certificat et sa clé.",
    "UNSUPPORTED_PROTOCOL": "Le client n'offre que des versions de TLS refusées ; il faut TLS 1.2 "
    "ou 1.3.",
    "NO_SHARED_CIPHER": "Aucune suite cryptographique commune ; le client doit offrir ECDHE-RSA "
    "avec AES-GCM.",
    "HTTP_REQUEST": "Le client parle HTTP en clair sur un port HTTPS : l'adresse commence par "
    "https://.",
    "WRONG_VERSION_NUMBER": "Ce qui a été reçu n'est pas du TLS : le client parle en clair sur un "
    "port TLS.",
    "UNKNOWN_CA": "Le client a refusé le serveur : il ne connaît pas l'autorité. Donnez-lui "
    "confiance/autorites.pem (ou .p12, .jks).",
    "CERTIFICATE_UNKNOWN": "Le client a refusé le certificat du serveur (chaîne ou nom d'hôte).",
    "BAD_CERTIFICATE": "Le client a refusé le certificat du serveur (chaîne ou nom d'hôte).",
    "CERTIFICATE_EXPIRED": "Le client a refusé le serveur : il tient son certificat pour expiré.",
    "CERTIFICATE_REVOKED": "Le client a refusé le serveur : il tient son certificat pour révoqué.",
    "UNEXPECTED_EOF_WHILE_READING": "Le client a fermé la connexion pendant la poignée de main.",
}


def explain(error: BaseException | None, peer: TlsPeer, hostnames: tuple[str, ...] = ()) -> str:
    """One French sentence on why a handshake failed: which name, chain or suite.

    ``error`` is what the ssl module raised, None when the client just left.
    """
    called = f" Nom demandé (SNI) : {peer.sni}." if peer.sni else ""
    if peer.sni and hostnames and peer.sni not in hostnames:
        called = (
            f" Nom demandé (SNI) : {peer.sni} ; le certificat du serveur vaut pour "
            f"{', '.join(hostnames)}."
        )
    return _cause(error, peer) + called


def _cause(error: BaseException | None, peer: TlsPeer) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _VERIFICATION.get(error.verify_code, error.verify_message)
        return f"Le certificat du client ({subject_of(peer.certificate)}) est refusé : {why}."
    reason = str(getattr(error, "reason", None) or "")
    for known, sentence in _REASONS.items():
        if reason.endswith(known):
            return sentence
    if reason:
        return f"La poignée de main TLS a échoué ({reason})."
    return "Le client a fermé la connexion pendant la poignée de main, sans dire pourquoi."


def code_of(error: BaseException | None) -> str:
    """A stable code for the journal: the name OpenSSL gives, or LEFT."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"CERTIFICATE_VERIFY_FAILED:{error.verify_code}"
    return str(getattr(error, "reason", None) or LEFT)


def subject_of(der: bytes | None) -> str:
    """The subject and the issuer of a certificate on one line."""
    if der is None:
        return "aucun"
    try:
        certificate = x509.load_der_x509_certificate(der)
        subject = certificate.subject.rfc4514_string()
        return f"{subject} ; émis par {certificate.issuer.rfc4514_string()}"
    except ValueError:
        return "illisible"
