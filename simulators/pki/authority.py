"""The certification authorities of the bench and how they certify."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from simulators.pki.profiles import BENCH, Extension, authority_name

FOREIGN = "AUTORITE-ETRANGERE"

AUTHORITIES: dict[str, tuple[str, str, str | None]] = {
    "racine-elementaire": (BENCH, "BANC AC RACINE IGC-SANTE ELEMENTAIRE", None),
    "organisations": (
        BENCH,
        "BANC AC IGC-SANTE ELEMENTAIRE ORGANISATIONS",
        "racine-elementaire",
    ),
    "personnes-elementaire": (
        BENCH,
        "BANC AC IGC-SANTE ELEMENTAIRE PERSONNES",
        "racine-elementaire",
    ),
    "racine-fort": (BENCH, "BANC AC RACINE IGC-SANTE FORT", None),
    "personnes": (BENCH, "BANC AC IGC-SANTE FORT PERSONNES", "racine-fort"),
    "organisations-fort": (BENCH, "BANC AC IGC-SANTE FORT ORGANISATIONS", "racine-fort"),
    "racine-etrangere": (FOREIGN, "BANC AC RACINE ETRANGERE", None),
    "etrangere": (FOREIGN, "BANC AC ETRANGERE", "racine-etrangere"),
}
"""Name to (organisation, common name, issuer). CPS come from the gamme Fort, software
certificates from the gamme Élémentaire (``cards.md`` §4.2)."""


@dataclass(frozen=True)
class Authority:
    """An authority that can sign. ``chain`` goes from itself to its root."""

    name: str
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """Bounds of validity, aware instants."""

    begins: datetime
    ends: datetime

    @classmethod
    def years(cls, first: int, after: int) -> Period:
        """From the first day of a year to the first day of another."""
        return cls(datetime(first, 1, 1, tzinfo=UTC), datetime(after, 1, 1, tzinfo=UTC))


def serial(*parts: object) -> int:
    """A positive serial number of at most 20 octets that follows from the parts."""
    digest = hashlib.sha256("|".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:19], "big") | 1


def make_authority(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: Authority | None,
    period: Period,
    number: int,
    published: tuple[Extension, ...] = (),
) -> Authority:
    """Certify an authority of :data:`AUTHORITIES`; a root certifies itself."""
    organisation, common_name, _ = AUTHORITIES[name]
    subject = authority_name(common_name, organisation)
    request = Request(subject, key.public_key(), (*_authority_extensions(), *published))
    signer = (issuer.certificate.subject, issuer.key) if issuer else (subject, key)
    certificate = certify(request, *signer, period, number)
    return Authority(name, certificate, key, (certificate, *(issuer.chain if issuer else ())))


def _authority_extensions() -> tuple[Extension, ...]:
    usage = x509.KeyUsage(
        digital_signature=True,  # OCSP answers are signed by the authority itself
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return ((x509.BasicConstraints(ca=True, path_length=None), True), (usage, True))


@dataclass(frozen=True)
class Request:
    """What is to be certified."""

    subject: x509.Name
    public_key: rsa.RSAPublicKey
    extensions: tuple[Extension, ...]


def certify(
    request: Request,
    issuer: x509.Name,
    signer: rsa.RSAPrivateKey,
    period: Period,
    number: int,
) -> x509.Certificate:
    """Sign a certificate (sha256WithRSAEncryption)."""
    identifiers: tuple[Extension, ...] = (
        (x509.SubjectKeyIdentifier.from_public_key(request.public_key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer)
        .public_key(request.public_key)
        .serial_number(number)
        .not_valid_before(period.begins)
        .not_valid_after(period.ends)
    )
    for extension, critical in (*request.extensions, *identifiers):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def publication(base: str, issuer: str) -> tuple[Extension, ...]:
    """CRL distribution point and authority information access of an issuer.

    ``base`` is the address of the listener that publishes them (plain HTTP).
    """
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier(f"{base}/crl/{issuer}.crl")], None, None, None
    )
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
        for method, url in (
            (AuthorityInformationAccessOID.OCSP, f"{base}/ocsp/{issuer}"),
            (AuthorityInformationAccessOID.CA_ISSUERS, f"{base}/ac/{issuer}.cer"),
        )
    ]
    return (
        (x509.CRLDistributionPoints([point]), False),
        (x509.AuthorityInformationAccess(access), False),
    )
