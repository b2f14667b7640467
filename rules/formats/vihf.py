"""The VIHF: a SAML 2.0 assertion that says who calls the DMP, for whom and why.

Source: GUIDE SEL-MP-037 by sheet dmp.md §6; SAML 2.0 core. Reading is
tolerant (an absent element is None): the DMP-VIHF checks say what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.formats.hl7_types import Cx
from rules.formats.xmldsig import XmlSignature, signature_of
from rules.xml import parse_xml, place_of, text_of

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
HL7 = "urn:hl7-org:v3"
DS = "http://www.w3.org/2000/09/xmldsig#"

ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"
RESOURCE_ID = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
PURPOSE_OF_USE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"
CONFIDENTIALITY = "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code"
MODE = "Authentification_mode"


@dataclass(frozen=True, slots=True)
class CodedValue:
    """A ``CE`` inside an AttributeValue: element name, code, system OID, label."""

    element: str
    code: str
    system: str
    label: str


@dataclass(frozen=True, slots=True)
class VihfAttribute:
    """One ``saml:Attribute``: its texts, or its coded values."""

    name: str
    texts: tuple[str, ...]
    codes: tuple[CodedValue, ...]
    place: str


@dataclass(frozen=True, eq=False)
class Vihf(Artefact):
    """One assertion. ``element`` stays in the tree it was read from, for its signature."""

    label: ClassVar[str] = "VIHF"
    element: etree._Element
    attributes: tuple[VihfAttribute, ...]

    @classmethod
    def read(cls, element: etree._Element) -> Vihf:
        """Read a ``saml2:Assertion`` element."""
        path = f"{{{SAML}}}AttributeStatement/{{{SAML}}}Attribute"
        return cls(element, tuple(_attribute(each) for each in element.iterfind(path)))

    @classmethod
    def parse(cls, data: bytes) -> Vihf:
        """Read an assertion alone in its document. Raises MalformedError."""
        return cls.read(parse_xml(data, check_id="DMP-VIHF-03", artefact=cls.label))

    @property
    def place(self) -> str:
        """XPath of the assertion."""
        return place_of(self.element)

    @property
    def id(self) -> str | None:
        """``@ID``."""
        return self.element.get("ID")

    @property
    def version(self) -> str | None:
        """``@Version`` of SAML, 2.0."""
        return self.element.get("Version")

    @property
    def issue_instant(self) -> datetime | None:
        """``@IssueInstant`` in UTC, None when absent or unreadable."""
        return _instant(self.element.get("IssueInstant"))

    @property
    def issuer(self) -> str | None:
        """Distinguished name of the signing certificate, as written."""
        return text_of(self.element.find(f"{{{SAML}}}Issuer"))

    @property
    def issuer_format(self) -> str | None:
        """``Issuer/@Format``."""
        issuer = self.element.find(f"{{{SAML}}}Issuer")
        return None if issuer is None else issuer.get("Format")

    @property
    def name_id(self) -> str | None:
        """PS_IdNat of the professional, or an internal id."""
        return text_of(self.element.find(f"{{{SAML}}}Subject/{{{SAML}}}NameID"))

    @property
    def signature(self) -> etree._Element | None:
        """The enveloped ``ds:Signature``."""
        return self.element.find(f"{{{DS}}}Signature")

    @cached_property
    def proof(self) -> XmlSignature | None:
        """The signature once verified; None when there is none."""
        return signature_of(self.element)

    @property
    def audience_restricted(self) -> bool:
        """True when Conditions hold an AudienceRestriction, which the DMP never wants."""
        path = f"{{{SAML}}}Conditions/{{{SAML}}}AudienceRestriction"
        return self.element.find(path) is not None

    @property
    def authn_instant(self) -> datetime | None:
        """``AuthnStatement/@AuthnInstant`` in UTC."""
        statement = self.element.find(f"{{{SAML}}}AuthnStatement")
        return None if statement is None else _instant(statement.get("AuthnInstant"))

    @property
    def authn_class(self) -> str | None:
        """``AuthnContextClassRef``."""
        return text_of(self._authn_context("AuthnContextClassRef"))

    @property
    def authn_decl(self) -> str | None:
        """``AuthnContextDecl``, given in AIR only."""
        return text_of(self._authn_context("AuthnContextDecl"))

    def _authn_context(self, name: str) -> etree._Element | None:
        return self.element.find(
            f"{{{SAML}}}AuthnStatement/{{{SAML}}}AuthnContext/{{{SAML}}}{name}"
        )

    def named(self, name: str) -> tuple[VihfAttribute, ...]:
        """Attributes of a name; ``Authentification_Mode`` counts as ``_mode``."""
        wanted = _canonical(name)
        return tuple(a for a in self.attributes if _canonical(a.name) == wanted)

    def text(self, name: str) -> str | None:
        """First text value of an attribute, None when absent."""
        return next((t for a in self.named(name) for t in a.texts), None)

    def codes(self, name: str) -> tuple[CodedValue, ...]:
        """Every coded value of an attribute, in order."""
        return tuple(c for a in self.named(name) for c in a.codes)

    @property
    def vihf_version(self) -> str | None:
        """``VIHF_Version``."""
        return self.text("VIHF_Version")

    @property
    def mode(self) -> str | None:
        """``DIRECTE``, ``INDIRECTE`` or ``INDIRECTE_RENFORCEE`` (AIR)."""
        return self.text(MODE)

    @property
    def structure_id(self) -> str | None:
        """``Identifiant_Structure``: Struct_IdNat."""
        return self.text("Identifiant_Structure")

    @property
    def sector(self) -> str | None:
        """Code of ``Secteur_Activite`` without its code system."""
        value = self.text("Secteur_Activite")
        return None if value is None else value.split("^", 1)[0]

    @property
    def roles(self) -> tuple[CodedValue, ...]:
        """Profession first, then speciality, then PSMS roles."""
        return self.codes(ROLE)

    @cached_property
    def patient(self) -> Cx | None:
        """Patient of the call (resource-id), None when none is named."""
        value = self.text(RESOURCE_ID)
        return None if value is None else Cx(value)

    @property
    def purpose(self) -> str | None:
        """Code of purposeofuse: ``normal``, ``bris_de_glace``, ``centre_15``."""
        return next((c.code for c in self.codes(PURPOSE_OF_USE)), None)

    @property
    def secret(self) -> bool:
        """True in « connexion secrète » (confidentiality-code attribute)."""
        return bool(self.named(CONFIDENTIALITY))


def _canonical(name: str) -> str:
    return MODE if name == "Authentification_Mode" else name


def _attribute(element: etree._Element) -> VihfAttribute:
    texts: list[str] = []
    codes: list[CodedValue] = []
    for value in element.iterchildren(f"{{{SAML}}}AttributeValue"):
        inner = [child for child in value if isinstance(child.tag, str)]
        codes.extend(_coded(child) for child in inner)
        if not inner:
            texts.append((value.text or "").strip())
    return VihfAttribute(element.get("Name", ""), tuple(texts), tuple(codes), place_of(element))


def _coded(element: etree._Element) -> CodedValue:
    return CodedValue(
        element=etree.QName(element).localname,
        code=element.get("code", ""),
        system=element.get("codeSystem", ""),
        label=element.get("displayName", ""),
    )


def _instant(text: str | None) -> datetime | None:
    """An xs:dateTime in UTC; without offset it is taken as UTC (SAML core §1.3.3)."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
