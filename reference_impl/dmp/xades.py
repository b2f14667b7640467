"""XAdES of the submission set: what the professional signs at each deposit.

A detached manifest names the lot and its documents by uniqueId; the signature
covers the manifest and the signed properties. Digests are over plain inclusive
C14N, without transform. Sources: IHE DSG; CI-SIS; XAdES 1.1.1.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from reference_impl.cards.signer import Signer, distinguished_name
from reference_impl.clock import wire_instant
from reference_impl.xmltree import canonical, node, parse

DSIG = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.1.1#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
SHA256_URI = "http://www.w3.org/2001/04/xmlenc#sha256"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SOURCE = "1.2.840.10065.1.12.1.14"
_LOT_DIGEST = "AA=="
"""The lot itself has no bytes to digest: this value stands for it."""


@dataclass(frozen=True, slots=True)
class SignedLot:
    """What is signed. ``documents`` maps each uniqueId to its XML; ``signature_id`` is an OID."""

    signature_id: str
    lot_id: str
    documents: Mapping[str, bytes]
    signed_at: datetime


def sign(lot: SignedLot, signer: Signer) -> bytes:
    """The signature document, UTF-8."""
    root = etree.Element(f"{{{DSIG}}}Signature", {"Id": lot.signature_id}, nsmap={"ds": DSIG})
    signed_info = node(root, "SignedInfo")
    signature_value = node(root, "SignatureValue")
    data = node(node(root, "KeyInfo"), "X509Data")
    node(data, "X509Certificate", text=_base64(signer.certificate.public_bytes(Encoding.DER)))
    manifest = _manifest(root, lot)
    _purpose(root, lot)
    properties = _properties(root, lot, signer)
    _fill_signed_info(signed_info, manifest, properties)
    # The digests stand now: SignedInfo is what the key signs.
    value = signer.key.sign(canonical(signed_info), PKCS1v15(), SHA256())
    signature_value.text = _base64(value)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def document_digest(content: bytes) -> str:
    """Base64 SHA-256 of the canonical document: its bytes are those of ``hash``, not of this."""
    return _digest(canonical(parse(content)))


def _fill_signed_info(
    signed_info: etree._Element, manifest: etree._Element, properties: etree._Element
) -> None:
    node(signed_info, "CanonicalizationMethod", {"Algorithm": C14N})
    node(signed_info, "SignatureMethod", {"Algorithm": _RSA_SHA256})
    for kind, element in ((f"{DSIG}Manifest", manifest), (f"{XADES}SignedProperties", properties)):
        reference = node(signed_info, "Reference", {"Type": kind, "URI": f"#{element.get('Id')}"})
        _digest_of(reference, _digest(canonical(element)))


def _manifest(root: etree._Element, lot: SignedLot) -> etree._Element:
    manifest = node(node(root, "Object"), "Manifest", {"Id": "IHEManifest"})
    _digest_of(node(manifest, "Reference", {"URI": f"urn:oid:{lot.lot_id}"}), _LOT_DIGEST)
    for unique_id, content in lot.documents.items():
        reference = node(manifest, "Reference", {"URI": f"urn:oid:{unique_id}"})
        node(node(reference, "Transforms"), "Transform", {"Algorithm": C14N})
        _digest_of(reference, document_digest(content))
    return manifest


def _purpose(root: etree._Element, lot: SignedLot) -> None:
    """Purpose of the signature, in no namespace: a default one in the root would swallow it."""
    properties = etree.SubElement(node(root, "Object"), "SignatureProperties")
    etree.SubElement(
        properties,
        "SignatureProperty",
        {"Id": "purposeOfSignature", "Target": f"#{lot.signature_id}"},
    ).text = _SOURCE


def _properties(root: etree._Element, lot: SignedLot, signer: Signer) -> etree._Element:
    qualifying = etree.SubElement(
        node(root, "Object"),
        f"{{{XADES}}}QualifyingProperties",
        {"Target": f"#{lot.signature_id}"},
        nsmap={"xad": XADES},
    )
    properties = node(qualifying, "SignedProperties", {"Id": "S0-SignedProperties"})
    signature = node(properties, "SignedSignatureProperties")
    node(signature, "SigningTime", text=wire_instant(lot.signed_at))
    certificates = node(signature, "SigningCertificate")
    for certificate in (signer.certificate, *signer.issuers):
        _certificate(certificates, certificate)
    node(node(signature, "SignaturePolicyIdentifier"), "SignaturePolicyImplied")
    node(properties, "SignedDataObjectProperties")
    return properties


def _certificate(parent: etree._Element, certificate: x509.Certificate) -> None:
    cert = node(parent, "Cert")
    digest = node(cert, "CertDigest")
    _digest_of(digest, _digest(certificate.public_bytes(Encoding.DER)))
    serial = node(cert, "IssuerSerial")
    node(serial, f"{{{DSIG}}}X509IssuerName", text=distinguished_name(certificate.issuer))
    node(serial, f"{{{DSIG}}}X509SerialNumber", text=str(certificate.serial_number))


def _digest_of(parent: etree._Element, value: str) -> None:
    node(parent, "DigestMethod", {"Algorithm": SHA256_URI})
    node(parent, "DigestValue", text=value)


def _digest(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
