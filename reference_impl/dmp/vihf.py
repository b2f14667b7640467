"""VIHF 4.0: the signed SAML 2.0 assertion that goes with every call of a session by card.

Mode ``DIRECTE``: the professional signs with the card. Sources: SEL-MP-037
(VIHF), CI-SIS Volet Transport synchrone; SAML 2.0 core; XML Signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

from reference_impl.cards.signer import Signer
from reference_impl.clock import wire_instant
from reference_impl.people import Professional, SoftwareIdentity
from reference_impl.xmltree import node

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_HL7 = "urn:hl7-org:v3"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XS = "http://www.w3.org/2001/XMLSchema"
_X509_SUBJECT = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
_SMARTCARD = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"

_ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
_RESOURCE = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
_PURPOSE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"

_PROFESSIONS = "1.2.250.1.71.1.2.7"
_SKILLS = {"10": "1.2.250.1.71.4.2.5", "21": "1.2.250.1.71.4.2.6"}
"""Code system of the second role, which only physicians and pharmacists carry."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What one VIHF says. ``id`` is a UUID; ``resource_id`` the CX of the patient's INS."""

    id: str
    issued_at: datetime
    professional: Professional
    software: SoftwareIdentity
    resource_id: str


def build(assertion: Assertion, signer: Signer) -> etree._Element:
    """The signed assertion, its signature right after the issuer."""
    issued = wire_instant(assertion.issued_at)
    object_id = f"_{assertion.id}"
    root = etree.Element(
        f"{{{SAML}}}Assertion",
        {"ID": object_id, "IssueInstant": issued, "Version": "2.0"},
        nsmap={"saml2": SAML},
    )
    node(root, "Issuer", {"Format": _X509_SUBJECT}, signer.subject)
    # signxml puts the signature in place of this element.
    etree.SubElement(root, f"{{{_DSIG}}}Signature", {"Id": "placeholder"}, nsmap={"ds": _DSIG})
    node(node(root, "Subject"), "NameID", text=assertion.professional.national_id)
    context = node(node(root, "AuthnStatement", {"AuthnInstant": issued}), "AuthnContext")
    node(context, "AuthnContextClassRef", text=_SMARTCARD)
    _attributes(root, assertion)
    return _signed(root, object_id, signer)


def _signed(root: etree._Element, object_id: str, signer: Signer) -> etree._Element:
    xml_signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return xml_signer.sign(root, key=signer.key, cert=[signer.certificate], reference_uri=object_id)


def _attributes(root: etree._Element, assertion: Assertion) -> None:
    statement = node(root, "AttributeStatement")
    professional, software = assertion.professional, assertion.software
    structure = professional.structure
    _text(statement, "VIHF_Version", "4.0")
    _text(statement, "Authentification_mode", "DIRECTE")
    _text(statement, "Identifiant_Structure", structure.structure_id)
    _text(statement, "Secteur_Activite", f"{structure.sector}^1.2.250.1.71.4.2.4")
    _coded(statement, _ROLE, "Role", _roles(professional))
    _text(statement, "Ressource_URN", "urn:dmp")
    _text(statement, _RESOURCE, assertion.resource_id)
    purpose = ("normal", "1.2.250.1.213.1.1.4.248", "Accès normal")
    _coded(statement, _PURPOSE, "PurposeOfUse", [purpose])
    _text(statement, "LPS_ID", software.oid)
    _text(statement, "LPS_Nom", software.name)
    _text(statement, "LPS_Version", software.version)
    _text(statement, "LPS_ID_HOMOLOGATION_DMP", software.dmp_homologation)


def _roles(professional: Professional) -> list[tuple[str, str, str]]:
    """Profession, then savoir-faire for the two professions that have one."""
    roles = [(professional.profession, _PROFESSIONS, professional.profession_label)]
    system = _SKILLS.get(professional.profession)
    if system is not None and professional.speciality is not None:
        label = professional.speciality_label or professional.speciality
        roles.append((professional.speciality, system, label))
    return roles


def _text(statement: etree._Element, name: str, value: str) -> None:
    attribute = node(statement, "Attribute", {"Name": name})
    etree.SubElement(
        attribute,
        f"{{{SAML}}}AttributeValue",
        {f"{{{_XSI}}}type": "xs:string"},
        nsmap={"xs": _XS, "xsi": _XSI},
    ).text = value


def _coded(
    statement: etree._Element, name: str, tag: str, values: Iterable[tuple[str, str, str]]
) -> None:
    attribute = node(statement, "Attribute", {"Name": name})
    for code, system, label in values:
        etree.SubElement(
            node(attribute, "AttributeValue"),
            f"{{{_HL7}}}{tag}",
            {"code": code, "codeSystem": system, "displayName": label, f"{{{_XSI}}}type": "CE"},
            nsmap={None: _HL7, "xsi": _XSI},
        )
