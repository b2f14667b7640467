"""The SAML assertion of the CPx way, signed with the card's signature certificate.

Source: sheet INS §2.8 B (guide SEL-MP-043 §3.2). Neither Conditions nor
AuthnStatement; only the assertion is signed, never the Body.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.builder import ElementMaker
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from reference_impl.cards.signer import Signer
from reference_impl.clock import wire_instant
from reference_impl.errors import ConfigurationError
from reference_impl.people import Professional

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SUBJECT_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"

PHYSICIAN = "10"
"""TRE_G15 code of médecin."""

# Speciality of the Assurance maladie for a R38 speciality: SM54 and SM26 are médecine générale.
_AM_SPECIALITIES = {"SM54": "01", "SM53": "01", "SM26": "01", "SM04": "03"}

_NAME_LABELS = {
    NameOID.GIVEN_NAME: "GIVENNAME",
    NameOID.SURNAME: "SURNAME",
    NameOID.TITLE: "T",
    NameOID.SERIAL_NUMBER: "SERIALNUMBER",
}

_saml = ElementMaker(namespace=SAML, nsmap={"saml": SAML})
_ds = ElementMaker(namespace=DSIG, nsmap={"ds": DSIG})


def signed_assertion(
    professional: Professional,
    signer: Signer,
    assertion_id: str,
    at: datetime,
    attributes: Sequence[tuple[str, str]] | None = None,
) -> etree._Element:
    """The assertion of a professional; ``assertion_id`` is an NCName (``_`` + UUID).

    ``attributes`` are those of another service than INSi, by name and value.

    Structure and billing number are those of the situation of the card.
    NameID is the CN of the certificate and Issuer its subject (INS-W-11).
    """
    certificate = signer.certificate
    values = attributes or _attributes(professional)
    assertion = _saml.Assertion(
        _saml.Issuer(subject_text(certificate), Format=SUBJECT_NAME),
        # The schema wants the signature between Issuer and Subject.
        _ds.Signature(Id="placeholder"),
        _saml.Subject(_saml.NameID(common_name(certificate), NameQualifier="CPS")),
        _saml.AttributeStatement(*(_attribute(n, v) for n, v in values)),
        ID=assertion_id,
        IssueInstant=wire_instant(at),
        Version="2.0",
    )
    xml_signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return xml_signer.sign(
        assertion,
        key=signer.key,
        cert=[certificate],
        reference_uri=f"#{assertion_id}",
        id_attribute="ID",
    )


def subject_text(certificate: x509.Certificate) -> str:
    """Subject of a certificate in the RFC 2253 order, most specific first."""
    return certificate.subject.rfc4514_string(_NAME_LABELS)


def common_name(certificate: x509.Certificate) -> str:
    """CN of the subject."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _attributes(professional: Professional) -> list[tuple[str, str]]:
    values = [
        ("identifiantFacturation", professional.billing_id),
        ("secteurActivite", professional.structure.sector),
    ]
    if professional.profession == PHYSICIAN:
        values.append(("codeSpecialite", am_speciality(professional)))
    return values


def am_speciality(professional: Professional) -> str:
    """Speciality code of the Assurance maladie of a physician. Raises ConfigurationError."""
    code = _AM_SPECIALITIES.get(professional.speciality or "")
    if code is None:
        raise ConfigurationError(
            "SPECIALITE_SANS_CODE_AM",
            f"La spécialité « {professional.speciality} » n’a pas de code Assurance maladie connu "
            "du logiciel : appelez INSi par le certificat d’organisation.",
            "professionnel",
        )
    return code


def _attribute(name: str, value: str) -> etree._Element:
    return _saml.Attribute(_saml.AttributeValue(value), Name=name)
