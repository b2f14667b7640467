"""Signing VIHF and XAdES again after a change, with keys made here.

Written against the standards with lxml and cryptography only: nothing of the rules
computes a digest here, and nothing of signxml signs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree

from tests.rules.certificates import END, START, Holder, authority, key

DS = "http://www.w3.org/2000/09/xmldsig#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
XADES = "http://uri.etsi.org/01903/v1.1.1#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"


@dataclass(frozen=True)
class Algorithms:
    signature: str
    digest: str
    algorithm: hashes.HashAlgorithm
    name: str


SHA256 = Algorithms(
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmlenc#sha256",
    hashes.SHA256(),
    "sha256",
)
SHA1 = Algorithms(f"{DS}rsa-sha1", f"{DS}sha1", hashes.SHA1(), "sha1")


@cache
def signer(
    national_id: str = "810999990012", *, authentication: bool = False, foreign: bool = False
) -> Holder:
    """Certificate of a card, for signature or for authentication."""
    rdns = [
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
    return _issue(x509.Name(rdns), authentication=authentication, foreign=foreign)


@cache
def organisation(unit: str = "1330999004", *, authentication: bool = False) -> Holder:
    """Certificate of a structure."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "CABINET"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, "cabinet essais dmp"),
        ]
    )
    return _issue(name, authentication=authentication)


def anchor() -> bytes:
    """The authority to trust in these tests."""
    return authority().der


def _issue(name: x509.Name, *, authentication: bool, foreign: bool = False) -> Holder:
    issuer = authority(foreign=foreign)
    own: rsa.RSAPrivateKey = key(2)
    usage = x509.KeyUsage(
        digital_signature=authentication,
        content_commitment=not authentication,
        key_encipherment=authentication,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    purpose = (
        ExtendedKeyUsageOID.CLIENT_AUTH if authentication else ExtendedKeyUsageOID.EMAIL_PROTECTION
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
    return Holder(certificate, own)


def resigned_vihf(
    text: str,
    holder: Holder,
    edit: Callable[[str], str] = lambda t: t,
    *,
    issuer: str | None = None,
    algorithms: Algorithms = SHA256,
    last: bool = False,
) -> str:
    """The envelope with its assertion edited, then signed again after its Issuer."""
    start, stop = text.index("<saml2:Assertion"), text.index("</saml2:Assertion>") + 18
    assertion = etree.fromstring(edit(text[start:stop]))
    former = assertion.find(f"{{{DS}}}Signature")
    if former is not None:
        assertion.remove(former)
    name = assertion.find(f"{{{SAML}}}Issuer")
    assert name is not None
    name.text = issuer or holder.certificate.subject.rfc4514_string(
        {NameOID.GIVEN_NAME: "GN", NameOID.SURNAME: "SN", NameOID.TITLE: "T"}
    )
    content = etree.tostring(assertion, method="c14n", exclusive=True)
    reference = (
        f'<ds:Reference URI="#{assertion.get("ID")}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{DS}enveloped-signature"/>'
        f'<ds:Transform Algorithm="{EXC}"/></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{algorithms.digest}"/>'
        f"<ds:DigestValue>{_digest(content, algorithms)}</ds:DigestValue></ds:Reference>"
    )
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{EXC}"/>'
        f'<ds:SignatureMethod Algorithm="{algorithms.signature}"/>{reference}</ds:SignedInfo>'
    )
    signed = etree.tostring(etree.fromstring(info), method="c14n", exclusive=True)
    value = holder.key.sign(signed, padding.PKCS1v15(), algorithms.algorithm)
    signature = (
        f'<ds:Signature xmlns:ds="{DS}">{info}'
        f"<ds:SignatureValue>{base64.b64encode(value).decode()}</ds:SignatureValue>"
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{_b64(holder)}</ds:X509Certificate>"
        f"</ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
    assertion.insert(len(assertion) if last else 1, etree.fromstring(signature))
    return text[:start] + etree.tostring(assertion, encoding="unicode") + text[stop:]


def resigned_xades(
    data: bytes, document: bytes, holder: Holder, algorithms: Algorithms = SHA256
) -> bytes:
    """The signature of a lot made again for another document, by another certificate."""
    root = etree.fromstring(data)
    manifest = root.find(f".//{{{DS}}}Manifest")
    properties = root.find(f".//{{{XADES}}}SignedProperties")
    info = root.find(f"{{{DS}}}SignedInfo")
    assert manifest is not None
    assert properties is not None
    assert info is not None
    values = manifest.findall(f"{{{DS}}}Reference/{{{DS}}}DigestValue")
    whole = etree.ElementTree(etree.fromstring(document))
    values[1].text = _digest(_c14n(whole, with_comments=True), SHA256)
    _certificates(root, properties, holder)
    method = info.find(f"{{{DS}}}SignatureMethod")
    assert method is not None
    method.set("Algorithm", algorithms.signature)
    for reference, target in zip(
        info.findall(f"{{{DS}}}Reference"), (manifest, properties), strict=True
    ):
        value = reference.find(f"{{{DS}}}DigestValue")
        assert value is not None
        value.text = _digest(_c14n(_alone(target)), SHA256)
    signed = _c14n(_alone(info), with_comments=True)
    value = root.find(f"{{{DS}}}SignatureValue")
    assert value is not None
    made = holder.key.sign(signed, padding.PKCS1v15(), algorithms.algorithm)
    value.text = base64.b64encode(made).decode()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _certificates(root: etree._Element, properties: etree._Element, holder: Holder) -> None:
    held = root.find(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    assert held is not None
    held.text = _b64(holder)
    for cert in properties.iter(f"{{{XADES}}}Cert"):
        value = cert.find(f"{{{XADES}}}CertDigest/{{{XADES}}}DigestValue")
        if value is None:
            value = cert.find(f".//{{{XADES}}}DigestValue")
        assert value is not None
        value.text = base64.b64encode(hashlib.sha256(holder.der).digest()).decode()
        break


def _alone(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))


def _c14n(what: etree._Element | etree._ElementTree, *, with_comments: bool = False) -> bytes:
    return etree.tostring(what, method="c14n", with_comments=with_comments)


def _digest(data: bytes, algorithms: Algorithms) -> str:
    return base64.b64encode(hashlib.new(algorithms.name, data).digest()).decode()


def _b64(holder: Holder) -> str:
    return base64.b64encode(holder.certificate.public_bytes(Encoding.DER)).decode()
