"""The signature certificate of a card, and the names written from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from reference_impl.errors import ConfigurationError
from reference_impl.people import Credential

_SHORT_NAMES = {
    NameOID.GIVEN_NAME: "GIVENNAME",
    NameOID.SURNAME: "SURNAME",
    NameOID.TITLE: "T",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
}


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, its certificate, and the authorities that issued it, nearest first."""

    key: RSAPrivateKey
    certificate: x509.Certificate
    issuers: tuple[x509.Certificate, ...]

    @property
    def subject(self) -> str:
        """Distinguished name of the holder, RFC 4514."""
        return distinguished_name(self.certificate.subject)


def load_signer(credential: Credential) -> Signer:
    """Read a credential. Raises ConfigurationError when it cannot be read."""
    try:
        written = credential.key_path.stat().st_mtime_ns, credential.cert_path.stat().st_mtime_ns
    except OSError as error:
        raise _unreadable(credential, error) from error
    return _load(credential, written)


@lru_cache(maxsize=32)
def _load(credential: Credential, _written: tuple[int, int]) -> Signer:
    """Checking a private key takes some 70 ms: once for as long as its files do not change."""
    try:
        key = load_pem_private_key(credential.key_path.read_bytes(), None)
        chain = x509.load_pem_x509_certificates(credential.cert_path.read_bytes())
        if credential.chain_path is not None:
            issuers = x509.load_pem_x509_certificates(credential.chain_path.read_bytes())
            chain += [certificate for certificate in issuers if certificate not in chain]
    except (OSError, ValueError, TypeError) as error:
        raise _unreadable(credential, error) from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(
            "CLE_INATTENDUE", f"La clé du certificat « {credential.name} » n’est pas RSA."
        )
    return Signer(key, chain[0], tuple(chain[1:]))


def _unreadable(credential: Credential, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        "CERTIFICAT_ILLISIBLE", f"Le certificat « {credential.name} » est illisible : {error}."
    )


def distinguished_name(name: x509.Name) -> str:
    """RFC 4514, with the short names the field writes (GIVENNAME, SURNAME, T)."""
    return name.rfc4514_string(_SHORT_NAMES)
