"""Writing authorities and certificates in the folder of a campaign, for every technology."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from simulators.pki.credential import PASSWORD, Credential, truststore_p12
from simulators.pki.pages import write_pages

if TYPE_CHECKING:
    from simulators.pki.hierarchy import Pki

_JKS_MAGIC = 0xFEEDFEED
_JKS_VERSION = 2
_TRUSTED = 2
_JKS_SALT = b"Mighty Aphrodite"

TRUSTED = ("racine-elementaire", "organisations")
"""Authorities of the servers: those a product must trust, and no other."""


def jks(authorities: tuple[tuple[str, x509.Certificate], ...], password: str = PASSWORD) -> bytes:
    """A Java KeyStore with trusted-certificate entries only.

    Format: magic, version 2, then for each entry its tag, alias, date in
    milliseconds, ``X.509`` and DER; a salted SHA-1 seals it (the format knows
    no other; it protects no secret here).
    """
    content = struct.pack(">III", _JKS_MAGIC, _JKS_VERSION, len(authorities))
    for alias, certificate in authorities:
        der = certificate.public_bytes(serialization.Encoding.DER)
        created = int(certificate.not_valid_before_utc.timestamp() * 1000)
        content += struct.pack(">I", _TRUSTED) + _utf(alias) + struct.pack(">q", created)
        content += _utf("X.509") + struct.pack(">I", len(der)) + der
    seal = hashlib.sha1(password.encode("utf-16-be") + _JKS_SALT + content)  # noqa: S324
    return content + seal.digest()


def _utf(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">H", len(encoded)) + encoded


def write_trust(pki: Pki, folder: Path) -> dict[str, Any]:
    """Write ``confiance/``; gives its part of the descriptor."""
    place = folder / "confiance"
    place.mkdir(parents=True, exist_ok=True)
    authorities = tuple((name, pki.authority(name).certificate) for name in TRUSTED)
    pem = b"".join(c.public_bytes(serialization.Encoding.PEM) for _, c in authorities)
    (place / "autorites.pem").write_bytes(pem)
    (place / "autorites.p12").write_bytes(truststore_p12(authorities))
    (place / "autorites.jks").write_bytes(jks(authorities))
    for name, certificate in authorities:
        der = certificate.public_bytes(serialization.Encoding.DER)
        (place / f"{name}.cer").write_bytes(der)
    write_pages(place)
    return {
        "pem": "confiance/autorites.pem",
        "der": [f"confiance/{name}.cer" for name, _ in authorities],
        "p12": "confiance/autorites.p12",
        "jks": "confiance/autorites.jks",
        "mot_de_passe": PASSWORD,
    }


def write_credential(credential: Credential, folder: Path) -> dict[str, Any]:
    """Write one certificate, its key and its chain; gives its part of the descriptor."""
    name = credential.name
    files = {
        "certificat": (f"{name}.pem", credential.pem),
        "cle": (f"{name}.key.pem", credential.key_pem),
        "chaine": (f"{name}.chaine.pem", credential.chain_pem),
        "p12": (f"{name}.p12", credential.p12()),
    }
    return {**_written(files, folder), "mot_de_passe": PASSWORD}


def write_variant(credential: Credential, folder: Path, key: str) -> dict[str, Any]:
    """Write a spoilt certificate; ``key`` is the path of the key it shares."""
    name = credential.name
    files = {
        "certificat": (f"{name}.pem", credential.pem),
        "chaine": (f"{name}.chaine.pem", credential.chain_pem),
    }
    return {**_written(files, folder), "cle": key}


def _written(files: dict[str, tuple[str, bytes]], folder: Path) -> dict[str, str]:
    place = folder / "certificats"
    place.mkdir(parents=True, exist_ok=True)
    for file, content in files.values():
        (place / file).write_bytes(content)
    return {kind: f"certificats/{file}" for kind, (file, _) in files.items()}
