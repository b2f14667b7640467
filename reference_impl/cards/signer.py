"""A key that stays in its card, the certificate that goes with it, and who issued it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from reference_impl.errors import ConfigurationError
from reference_impl.people import Environment

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


class CardKey(RSAPrivateKey):
    """The signature key of a card, with the face of a key of ``cryptography``.

    It signs with PKCS#1 v1.5 and SHA-256, what the assertions and the lots ask for;
    everything that would show the key, or use it otherwise, raises NotImplementedError.
    """

    def __init__(self, public: RSAPublicKey, sign: Callable[[bytes], bytes]) -> None:
        self._public = public
        self._sign = sign

    @property
    def key_size(self) -> int:
        """Bits of the modulus."""
        return self._public.key_size

    def public_key(self) -> RSAPublicKey:
        """The key of the certificate."""
        return self._public

    def sign(self, data: Any, padding: Any, algorithm: Any) -> bytes:
        """Have the card sign. Raises CardError, and what a card cannot do otherwise."""
        if not isinstance(padding, PKCS1v15) or not isinstance(algorithm, SHA256):
            raise NotImplementedError("La clé de la carte signe en PKCS#1 v1.5 avec SHA-256.")
        return self._sign(bytes(data))

    def decrypt(self, *_: Any, **__: Any) -> NoReturn:
        """Not by this key."""
        raise _inside()

    def private_numbers(self) -> NoReturn:
        """Never."""
        raise _inside()

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        """Never."""
        raise _inside()

    def __copy__(self) -> CardKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> CardKey:
        return self


def _inside() -> NotImplementedError:
    return NotImplementedError("La clé reste dans la carte.")


def distinguished_name(name: x509.Name) -> str:
    """RFC 4514, with the short names the field writes (GIVENNAME, SURNAME, T)."""
    return name.rfc4514_string(_SHORT_NAMES)


def issuers_of(
    certificate: x509.Certificate, environment: Environment
) -> tuple[x509.Certificate, ...]:
    """The authorities above a certificate, nearest first, as far as the descriptor has them."""
    known = _authorities(environment)
    chain: list[x509.Certificate] = []
    below = certificate
    while below.issuer != below.subject:
        above = next((a for a in known if _issued(below, a)), None)
        if above is None:
            break
        chain.append(above)
        below = above
    return tuple(chain)


def _authorities(environment: Environment) -> list[x509.Certificate]:
    chains = (c.chain_path for c in environment.credentials.values() if c.chain_path is not None)
    found: dict[bytes, x509.Certificate] = {}
    for path in dict.fromkeys((environment.trust_path, *chains)):
        for certificate in _certificates(path):
            found.setdefault(certificate.fingerprint(SHA256()), certificate)
    return list(found.values())


def _certificates(path: Path) -> Iterable[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "CERTIFICAT_ILLISIBLE", f"Le fichier de certificats {path.name} est illisible."
        ) from error


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
