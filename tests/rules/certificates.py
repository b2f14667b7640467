"""A very small PKI for the tests of the rules, made by `cryptography` alone.

The PKI of the simulators is not used here: a mistake shared by it and by the
rules would hide itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime(2031, 1, 1, tzinfo=UTC)
_CARD_TYPE = x509.ObjectIdentifier("1.2.250.1.71.1.2.2")


@dataclass(frozen=True)
class Holder:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@cache
def key(rank: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def authority(name: str = "BANC AC PERSONNES", *, foreign: bool = False) -> Holder:
    """A self-signed authority; a foreign one has the same name and another key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    rank = 9 if foreign else int("PERSONNES" in name)
    return _issue(subject, key(rank), None, ca=True)


@cache
def cps(
    national_id: str = "810999990012", issuer: str = "BANC AC PERSONNES", kind: int | None = None
) -> Holder:
    """Signature certificate shaped like that of a CPS; ``kind`` is its type of card (G02)."""
    name = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")]),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.TITLE, "Médecin")]),
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.GIVEN_NAME, "LOUISE"),
                    x509.NameAttribute(NameOID.SURNAME, "TESTMEDECIN"),
                    x509.NameAttribute(NameOID.COMMON_NAME, national_id),
                ]
            ),
        ]
    )
    return _issue(name, key(2), authority(issuer), kind=kind)


@cache
def organisation(
    common_name: str = "INSI-MANU",
    unit: str = "1330999004",
    issuer: str = "BANC AC ORGANISATIONS",
    end: datetime = END,
) -> Holder:
    """Client certificate of an organisation."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "CABINET"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    return _issue(name, key(3), authority(issuer), end=end)


def _issue(
    subject: x509.Name,
    own: rsa.RSAPrivateKey,
    issuer: Holder | None,
    *,
    ca: bool = False,
    end: datetime = END,
    kind: int | None = None,
) -> Holder:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(START, end - timedelta(days=1)))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
    if kind is not None:
        told = x509.UnrecognizedExtension(_CARD_TYPE, bytes((2, 1, kind)))
        builder = builder.add_extension(told, critical=False)
    signer = issuer.key if issuer else own
    return Holder(builder.sign(signer, hashes.SHA256()), own)
