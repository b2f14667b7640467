"""The XAdES of a lot: what it references, who signed, and whether it holds.

Source: GUIDE by sheet dmp.md §11.2; IHE DSG (ITI TF-3 §5.5); XMLDSig §4-5;
XAdES v1.1.1. Reading is tolerant; :func:`signature_faults` verifies.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from rules.artefact import Artefact, MalformedError
from rules.formats.canonical import C14N, SHA256, canonical, digest, same_digest
from rules.formats.certificate import Certificate
from rules.formats.soap import NS_DS
from rules.xml import parse_xml, place_of, text_of

XADES = "http://uri.etsi.org/01903/v1.1.1#"
MANIFEST_TYPE = "http://www.w3.org/2000/09/xmldsig#Manifest"
PURPOSE_SOURCE = "1.2.840.10065.1.12.1.14"
NULL_DIGEST = "AA=="
"""Digest written for the lot itself: it cannot be computed before it is sent."""

_DS = f"{{{NS_DS}}}"
_X = f"{{{XADES}}}"

_SIGNATURES: dict[str, hashes.HashAlgorithm] = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": hashes.SHA1(),  # noqa: S303 - seen on the wire
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": hashes.SHA384(),
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something in a signature does not hold; French, for a finding."""

    place: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A ``ds:Reference`` of SignedInfo or of the Manifest."""

    uri: str
    type: str | None
    transforms: tuple[str, ...]
    digest_method: str
    digest_value: str
    place: str

    @property
    def oid(self) -> str | None:
        """The OID named by a ``urn:oid:`` URI."""
        prefix = "urn:oid:"
        return self.uri[len(prefix) :] if self.uri.lower().startswith(prefix) else None

    def digest_of(self, data: bytes) -> str | None:
        """Base64 digest of bytes by the method of this reference; None if unknown."""
        return digest(self.digest_method, data)


@dataclass(frozen=True, slots=True)
class CertificateDigest:
    """One ``Cert`` of SigningCertificate."""

    digest_method: str
    digest_value: str
    issuer: str | None
    serial: str | None
    place: str


@dataclass(frozen=True, eq=False)
class Xades(Artefact):
    """A detached signature document. ``element`` is ``ds:Signature``."""

    label: ClassVar[str] = "Signature XAdES du lot"
    element: etree._Element
    data: bytes

    @classmethod
    def parse(cls, data: bytes) -> Xades:
        """Read the bytes of the signature document.

        Raises MalformedError (DMP-21-14) when it is no XML or no ds:Signature.
        """
        root = parse_xml(data, check_id="DMP-21-14", artefact=cls.label)
        found = root if root.tag == f"{_DS}Signature" else root.find(f".//{_DS}Signature")
        if found is None:
            raise MalformedError(
                "DMP-21-14",
                place_of(root),
                "un élément ds:Signature",
                str(root.tag),
                "Mettre la signature XAdES du lot dans le document que décrit la fiche de "
                "signature.",
                artefact=cls.label,
            )
        return cls(found, data)

    @property
    def place(self) -> str:
        """XPath of the signature."""
        return place_of(self.element)

    @property
    def id(self) -> str | None:
        """``Signature/@Id``."""
        return self.element.get("Id")

    @property
    def method(self) -> str:
        """SignatureMethod algorithm, ``""`` when absent."""
        return _algorithm(self.element.find(f"{_DS}SignedInfo/{_DS}SignatureMethod"))

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        """Readable certificates of KeyInfo, in order."""
        found = self.element.iterfind(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
        return tuple(filter(None, map(_certificate, found)))

    @property
    def certificate(self) -> Certificate | None:
        """The signer's certificate."""
        return self.certificates[0] if self.certificates else None

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """References of SignedInfo."""
        return tuple(map(_reference, self.element.iterfind(f"{_DS}SignedInfo/{_DS}Reference")))

    @cached_property
    def manifest(self) -> tuple[Reference, ...]:
        """References of the manifest: the lot and its documents."""
        path = f"{_DS}Object/{_DS}Manifest/{_DS}Reference"
        return tuple(map(_reference, self.element.iterfind(path)))

    @property
    def purpose(self) -> str | None:
        """Value of SignatureProperty purposeOfSignature, whatever its namespace."""
        for element in self.element.iter("{*}SignatureProperty"):
            return text_of(element)
        return None

    @property
    def signing_time(self) -> str | None:
        """``SigningTime`` as written."""
        return text_of(next(self.element.iter(f"{_X}SigningTime"), None))

    @cached_property
    def signing_certificates(self) -> tuple[CertificateDigest, ...]:
        """``SigningCertificate/Cert`` entries, signer first."""
        return tuple(
            _cert_digest(cert)
            for path in self.element.iter(f"{_X}SigningCertificate")
            for cert in path.iterfind(f"{_X}Cert")
        )

    def identified(self, identifier: str) -> tuple[etree._Element, ...]:
        """Elements of the signature whose ``Id`` is this one."""
        return tuple(e for e in self.element.iter("*") if e.get("Id") == identifier)


def signature_faults(xades: Xades) -> Iterator[Fault]:
    """Why SignedInfo, SignedProperties, the manifest's own digest or CertDigest do not hold.

    Documents are not looked at (see the check that compares manifest and lot),
    nor trust in the certificate.
    """
    yield from _coverage_faults(xades)
    for reference in xades.references:
        yield from _reference_faults(xades, reference)
    yield from _value_faults(xades)
    yield from _signing_certificate_faults(xades)


def _coverage_faults(xades: Xades) -> Iterator[Fault]:
    covered = {
        str(element.tag)
        for reference in xades.references
        for element in xades.identified(reference.uri.removeprefix("#"))
    }
    place = f"{xades.place}/SignedInfo"
    for tag, name in (
        (f"{_DS}Manifest", "Manifest"),
        (f"{_X}SignedProperties", "SignedProperties"),
    ):
        if tag not in covered:
            yield Fault(place, f"une Reference vers {name}", "aucune")


def _reference_faults(xades: Xades, reference: Reference) -> Iterator[Fault]:
    targets = xades.identified(reference.uri.removeprefix("#")) if reference.uri else ()
    if not reference.uri.startswith("#") or len(targets) != 1:
        yield Fault(reference.place, "un URI qui désigne un seul élément", reference.uri or "vide")
        return
    data = canonical(targets[0], reference.transforms[-1] if reference.transforms else C14N)
    computed = None if data is None else reference.digest_of(data)
    if computed is None:
        yield Fault(
            reference.place,
            "une canonisation et une empreinte connues",
            f"{', '.join(reference.transforms)} {reference.digest_method}".strip(),
        )
    elif not same_digest(computed, reference.digest_value):
        yield Fault(f"{reference.place}/DigestValue", computed, reference.digest_value)


def _value_faults(xades: Xades) -> Iterator[Fault]:
    info = xades.element.find(f"{_DS}SignedInfo")
    algorithm = _SIGNATURES.get(xades.method)
    certificate = xades.certificate
    if certificate is None:
        yield Fault(f"{xades.place}/KeyInfo", "un X509Certificate lisible", "aucun")
        return
    if info is None or algorithm is None:
        yield Fault(f"{xades.place}/SignedInfo", "rsa-sha256", xades.method or "aucune méthode")
        return
    data = canonical(info, _algorithm(info.find(f"{_DS}CanonicalizationMethod")))
    value = _decoded(text_of(xades.element.find(f"{_DS}SignatureValue")) or "")
    if data is None or not _verified(certificate.x509, value, data, algorithm):
        yield Fault(
            f"{xades.place}/SignatureValue",
            "une valeur vérifiée par la clé du certificat de KeyInfo",
            "valeur fausse",
        )


def _verified(
    certificate: x509.Certificate, value: bytes, data: bytes, algorithm: hashes.HashAlgorithm
) -> bool:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(value, data, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _signing_certificate_faults(xades: Xades) -> Iterator[Fault]:
    first = next(iter(xades.signing_certificates), None)
    if first is None:
        yield Fault(f"{xades.place}//SigningCertificate", "au moins un Cert", "aucun")
        return
    if xades.certificate is None:
        return
    computed = digest(first.digest_method, xades.certificate.der)
    if computed is None:
        yield Fault(f"{first.place}/CertDigest/DigestMethod", SHA256, first.digest_method)
    elif not same_digest(computed, first.digest_value):
        yield Fault(f"{first.place}/CertDigest/DigestValue", computed, first.digest_value)


def _reference(element: etree._Element) -> Reference:
    transforms = element.iterfind(f"{_DS}Transforms/{_DS}Transform")
    return Reference(
        uri=element.get("URI", ""),
        type=element.get("Type"),
        transforms=tuple(t.get("Algorithm", "") for t in transforms),
        digest_method=_algorithm(element.find(f"{_DS}DigestMethod")),
        digest_value=text_of(element.find(f"{_DS}DigestValue")) or "",
        place=place_of(element),
    )


def _cert_digest(cert: etree._Element) -> CertificateDigest:
    digest = cert.find(f"{_X}CertDigest")
    parts = () if digest is None else tuple(digest)
    by_name = {etree.QName(p).localname: p for p in parts if isinstance(p.tag, str)}
    return CertificateDigest(
        digest_method=_algorithm(by_name.get("DigestMethod")),
        digest_value=text_of(by_name.get("DigestValue")) or "",
        issuer=text_of(next(cert.iter(f"{_DS}X509IssuerName"), None)),
        serial=text_of(next(cert.iter(f"{_DS}X509SerialNumber"), None)),
        place=place_of(cert),
    )


def _algorithm(element: etree._Element | None) -> str:
    return "" if element is None else element.get("Algorithm", "")


def _certificate(element: etree._Element) -> Certificate | None:
    try:
        return Certificate.from_der(_decoded(text_of(element) or ""))
    except ValueError:
        return None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
