"""A certificate with its private key and its chain, in every form a client takes."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

PASSWORD = "banc"  # noqa: S105 - printed in the descriptor: these keys protect nothing

_PEM = serialization.Encoding.PEM
_DER = serialization.Encoding.DER


@dataclass(frozen=True)
class Credential:
    """``chain`` goes from the issuing authority to the root, root included."""

    name: str
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(_DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(_PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM, PKCS#8, not encrypted."""
        return self.key.private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def chain_pem(self) -> bytes:
        """The certificate and its intermediate authorities in PEM, without the root.

        This is what a TLS peer presents.
        """
        intermediates = [c for c in self.chain if c.subject != c.issuer]
        return b"".join(c.public_bytes(_PEM) for c in (self.certificate, *intermediates))

    def p12(self, password: str = PASSWORD) -> bytes:
        """Key, certificate and chain as PKCS#12 (AES-256, SHA-256 MAC)."""
        return pkcs12.serialize_key_and_certificates(
            self.name.encode(), self.key, self.certificate, self.chain, _encryption(password)
        )


def _encryption(password: str) -> serialization.KeySerializationEncryption:
    # The password is public: rounds against guessing would only slow the start.
    return (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password.encode())
    )


def truststore_p12(
    authorities: tuple[tuple[str, x509.Certificate], ...], password: str = PASSWORD
) -> bytes:
    """Named authorities as a PKCS#12 that Java too takes for a truststore."""
    entries = [pkcs12.PKCS12Certificate(cert, name.encode()) for name, cert in authorities]
    return pkcs12.serialize_java_truststore(entries, _encryption(password))
