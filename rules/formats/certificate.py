"""X.509 certificates seen in a handshake or a signature: names, validity, chain.

References: RFC 5280 §6 (path), RFC 4514 (text of a name); gammes of IGC-Santé in
the certificate sheets (CN = national id for a CPS, OU = organisation id).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from rules.exchange import TlsPeer

_MAX_CHAIN = 6
_ALIASES = {
    "GN": NameOID.GIVEN_NAME,
    "G": NameOID.GIVEN_NAME,
    "GIVENNAME": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
    "SURNAME": NameOID.SURNAME,
    "T": NameOID.TITLE,
    "TITLE": NameOID.TITLE,
    "S": NameOID.STATE_OR_PROVINCE_NAME,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "E": NameOID.EMAIL_ADDRESS,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
}
_RDN_SEPARATOR = re.compile(r"(?<!\\)\s*([,+])\s*(?=[A-Za-z0-9.]+\s*=)")

Rdn = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ChainProblem:
    """Why a certificate does not lead to an anchor; French, for a finding."""

    expected: str
    found: str


@dataclass(frozen=True, eq=False)
class Certificate:
    """A certificate and what the rules ask of it."""

    der: bytes
    x509: x509.Certificate

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Read DER bytes; raises ValueError when they are no certificate."""
        return _load(der)

    @classmethod
    def from_pem(cls, pem: bytes) -> Certificate:
        """Read the first certificate of a PEM; raises ValueError."""
        return _load(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER))

    @cached_property
    def subject(self) -> str:
        """Subject in the RFC 4514 order (most specific first), usual attribute names."""
        return _text(self.x509.subject)

    @cached_property
    def issuer(self) -> str:
        """Issuer in the RFC 4514 order."""
        return _text(self.x509.issuer)

    @property
    def common_name(self) -> str | None:
        """First CN of the subject."""
        return _first(self.x509.subject, NameOID.COMMON_NAME)

    @property
    def issuer_common_name(self) -> str | None:
        """First CN of the issuer."""
        return _first(self.x509.issuer, NameOID.COMMON_NAME)

    @property
    def organizational_units(self) -> tuple[str, ...]:
        """Every OU of the subject, in order."""
        found = self.x509.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
        return tuple(str(attribute.value) for attribute in found)

    @property
    def organizational_unit(self) -> str | None:
        """Last OU: for an organisation certificate, its identifier (``1`` + FINESS …)."""
        units = self.organizational_units
        return units[-1] if units else None

    @property
    def serial(self) -> str:
        """Serial number in hexadecimal."""
        return f"{self.x509.serial_number:x}"

    def valid_at(self, instant: datetime) -> bool:
        """Whether the instant (aware) is within the validity dates."""
        return self.x509.not_valid_before_utc <= instant <= self.x509.not_valid_after_utc

    @cached_property
    def is_authority(self) -> bool:
        """Whether its basic constraints make it an authority."""
        try:
            found = self.x509.extensions.get_extension_for_class(x509.BasicConstraints)
        except (x509.ExtensionNotFound, ValueError):
            return False
        return found.value.ca

    @cached_property
    def extended_key_usages(self) -> tuple[str, ...]:
        """Dotted OIDs of the extended key usages; empty when there are none."""
        try:
            found = self.x509.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except (x509.ExtensionNotFound, ValueError):
            return ()
        return tuple(oid.dotted_string for oid in found.value)

    @property
    def for_tls_client(self) -> bool:
        """Whether it may authenticate a TLS client (clientAuth)."""
        return ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string in self.extended_key_usages

    @cached_property
    def key_usage(self) -> frozenset[str]:
        """Among ``digital_signature``, ``content_commitment``, ``key_encipherment``."""
        try:
            usage = self.x509.extensions.get_extension_for_class(x509.KeyUsage).value
        except (x509.ExtensionNotFound, ValueError):
            return frozenset()
        names = ("digital_signature", "content_commitment", "key_encipherment", "key_cert_sign")
        return frozenset(name for name in names if getattr(usage, name))

    @property
    def sha256(self) -> str:
        """Fingerprint, hexadecimal."""
        return self.x509.fingerprint(hashes.SHA256()).hex()

    def named(self, text: str | None) -> bool:
        """Whether a text (RFC 2253 / 4514, either order) is the subject of this certificate."""
        return text is not None and same_name(text, self.subject)

    def issued_by(self, authority: Certificate) -> bool:
        """Whether an authority's key signed this certificate, names included."""
        try:
            self.x509.verify_directly_issued_by(authority.x509)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def chain_problem(
        self,
        anchors: Iterable[bytes],
        instant: datetime | None = None,
        intermediates: Iterable[bytes] = (),
    ) -> ChainProblem | None:
        """Why this certificate does not lead to one of the anchors, or None.

        ``anchors`` are DER of trusted authorities (roots or not), ``instant`` the
        moment every certificate of the path must be valid at (None: dates are
        not looked at). Key usages are left to the callers: a signature card and
        a TLS client differ on them.
        """
        trusted = [Certificate.from_der(der) for der in anchors]
        known = trusted + [Certificate.from_der(der) for der in intermediates]
        current = self
        for _ in range(_MAX_CHAIN):
            if instant is not None and not current.valid_at(instant):
                return _outdated(current, instant)
            if any(current.der == anchor.der for anchor in trusted):
                return None
            issuer = next((c for c in known if c.is_authority and current.issued_by(c)), None)
            if issuer is None or issuer.der == current.der:
                names = ", ".join(filter(None, (a.common_name for a in trusted))) or "aucune"
                return ChainProblem(
                    f"émis sous l'une des autorités : {names}", f"émetteur {current.issuer}"
                )
            current = issuer
        return ChainProblem(f"au plus {_MAX_CHAIN} certificats dans la chaîne", "davantage")


def peer_certificate(tls: TlsPeer | None) -> Certificate | None:
    """The client certificate of a handshake; None when there is none, or unreadable."""
    if tls is None or not tls.certificate:
        return None
    try:
        return Certificate.from_der(tls.certificate)
    except ValueError:
        return None


def same_name(one: str, other: str) -> bool:
    """Whether two texts are one distinguished name.

    Attribute names are compared by meaning (``GN``, ``GIVENNAME``, ``2.5.4.42``),
    values without case and with runs of spaces as one, RDN from either end: RFC
    2253 and X.500 libraries write them in opposite orders.
    """
    left, right = _rdns(one), _rdns(other)
    if not left or not right:
        return False
    return left in (right, right[::-1])


def attribute_of(name: str, attribute: str) -> str | None:
    """Value of an attribute (``CN``, ``OU``) in the text of a name, as written."""
    parsed = _parse(name)
    oid = _oid_of(attribute)
    if parsed is None or oid is None:
        return None
    return _first(parsed, oid)


@lru_cache(maxsize=512)
def _load(der: bytes) -> Certificate:
    return Certificate(der, x509.load_der_x509_certificate(der))


def _text(name: x509.Name) -> str:
    return name.rfc4514_string(
        {NameOID.GIVEN_NAME: "GN", NameOID.SURNAME: "SN", NameOID.TITLE: "title"}
    )


def _first(name: x509.Name, oid: ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else None


def _rdns(text: str) -> list[Rdn] | None:
    parsed = _parse(text)
    if parsed is None:
        return None
    return [
        frozenset((a.oid.dotted_string, _plain(str(a.value))) for a in rdn) for rdn in parsed.rdns
    ]


def _parse(text: str) -> x509.Name | None:
    tidy = _RDN_SEPARATOR.sub(r"\1", text.strip())
    tidy = ",".join(_upper_types(tidy))
    try:
        return x509.Name.from_rfc4514_string(tidy, attr_name_overrides=_ALIASES)
    except ValueError:
        return None


def _upper_types(text: str) -> Iterator[str]:
    # cryptography knows attribute names in capitals only; Java writes « cn= » at times.
    for rdn in re.split(r"(?<!\\),(?=[A-Za-z0-9.]+\s*=)", text):
        pieces = re.split(r"(?<!\\)\+(?=[A-Za-z0-9.]+\s*=)", rdn)
        pairs = (piece.partition("=") for piece in pieces)
        yield "+".join(f"{name.strip().upper()}={value.strip()}" for name, _, value in pairs)


def _plain(value: str) -> str:
    # Java writes unknown attributes as #<DER>; what remains once decoded is a
    # UTF8String or PrintableString header before the value.
    if len(value) > 2 and value[0] in "\x0c\x13\x16" and ord(value[1]) == len(value[2:].encode()):
        value = value[2:]
    return " ".join(value.casefold().split())


def _oid_of(attribute: str) -> ObjectIdentifier | None:
    usual = {
        "CN": NameOID.COMMON_NAME,
        "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
        "O": NameOID.ORGANIZATION_NAME,
        "C": NameOID.COUNTRY_NAME,
    }
    return usual.get(attribute.upper()) or _ALIASES.get(attribute.upper())


def _outdated(certificate: Certificate, instant: datetime) -> ChainProblem:
    inner = certificate.x509
    return ChainProblem(
        f"un certificat valide le {instant:%Y-%m-%d}",
        f"{certificate.common_name or certificate.subject} valide du "
        f"{inner.not_valid_before_utc:%Y-%m-%d} au {inner.not_valid_after_utc:%Y-%m-%d}",
    )
