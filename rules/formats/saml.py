"""SAML 2.0 assertions carried by wsse:Security (INSi; the VIHF builds on the same core).

Reference: Assertions and Protocols for SAML V2.0 (OASIS 2005) §2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from lxml import etree

from rules.formats.soap import NS_SAML2
from rules.formats.xmldsig import XmlSignature, signature_of
from rules.xml import place_of, text_of

_SAML = f"{{{NS_SAML2}}}"
X509_SUBJECT_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"


@dataclass(frozen=True, eq=False)
class SamlAttribute:
    """One Attribute: name, texts of its values, the elements themselves."""

    name: str
    values: tuple[str, ...]
    element: etree._Element


@dataclass(frozen=True, eq=False)
class SamlAssertion:
    """An assertion read without judging it; absent parts are None or empty."""

    element: etree._Element

    @property
    def id(self) -> str | None:
        """Attribute ID."""
        return self.element.get("ID")

    @property
    def version(self) -> str | None:
        """Attribute Version."""
        return self.element.get("Version")

    @property
    def place(self) -> str:
        """XPath of the assertion in its message."""
        return place_of(self.element)

    @cached_property
    def issue_instant(self) -> datetime | None:
        """IssueInstant as an aware instant; None when absent or unreadable."""
        return instant_of(self.element.get("IssueInstant"))

    @cached_property
    def children(self) -> tuple[str, ...]:
        """Local names of the children, in order (the schema imposes one)."""
        return tuple(etree.QName(c).localname for c in self.element if isinstance(c.tag, str))

    @property
    def issuer_element(self) -> etree._Element | None:
        """The Issuer element."""
        return self.element.find(f"{_SAML}Issuer")

    @property
    def issuer(self) -> str | None:
        """Text of Issuer."""
        return text_of(self.issuer_element)

    @property
    def issuer_format(self) -> str | None:
        """Format of Issuer."""
        element = self.issuer_element
        return None if element is None else element.get("Format")

    @property
    def name_id_element(self) -> etree._Element | None:
        """Subject/NameID."""
        return self.element.find(f"{_SAML}Subject/{_SAML}NameID")

    @property
    def name_id(self) -> str | None:
        """Text of Subject/NameID."""
        return text_of(self.name_id_element)

    @property
    def name_qualifier(self) -> str | None:
        """NameQualifier of Subject/NameID."""
        element = self.name_id_element
        return None if element is None else element.get("NameQualifier")

    @cached_property
    def attributes(self) -> tuple[SamlAttribute, ...]:
        """Attributes of every AttributeStatement, in order."""
        found = self.element.findall(f"{_SAML}AttributeStatement/{_SAML}Attribute")
        return tuple(
            SamlAttribute(
                element.get("Name", ""),
                tuple(text_of(v) or "" for v in element.findall(f"{_SAML}AttributeValue")),
                element,
            )
            for element in found
        )

    def attribute(self, name: str) -> SamlAttribute | None:
        """The first attribute of a name."""
        return next((a for a in self.attributes if a.name == name), None)

    def value(self, name: str) -> str | None:
        """First value of an attribute, None when it is absent or has no value."""
        found = self.attribute(name)
        return found.values[0] if found and found.values else None

    @cached_property
    def signature(self) -> XmlSignature | None:
        """Its enveloped signature, verified once."""
        return signature_of(self.element)


def instant_of(text: str | None) -> datetime | None:
    """Read an xsd:dateTime; without zone it is taken as UTC. None when unreadable."""
    if not text or "T" not in text:
        return None
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
