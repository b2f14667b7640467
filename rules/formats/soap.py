"""SOAP envelopes: version, WS-Addressing, WS-Security, body or fault.

Shared by every SOAP service of the bench (INSi, DMP). Prefixes and the order of
header blocks never matter: real products differ on both.

References: SOAP 1.2 part 1 (W3C REC 2007-04-27) §5; WS-Addressing 1.0 – SOAP
Binding; WSS SOAP Message Security 1.1 §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message as MimeMessage
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact, MalformedError
from rules.xml import parse_xml, text_of

NS_SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
NS_SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
NS_WSA = "http://www.w3.org/2005/08/addressing"
NS_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
NS_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
NS_SAML2 = "urn:oasis:names:tc:SAML:2.0:assertion"
NS_DS = "http://www.w3.org/2000/09/xmldsig#"
NS_XML = "http://www.w3.org/XML/1998/namespace"

MEDIA_TYPE_SOAP12 = "application/soap+xml"
WSA_ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"

_VERSIONS = {NS_SOAP12: "1.2", NS_SOAP11: "1.1"}


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type header: lower-case type and parameters (names in lower case)."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, header: str | None) -> MediaType:
        """Read a header value; an absent one gives an empty name."""
        if not header:
            return cls("")
        message = MimeMessage()
        message["content-type"] = header
        found = message.get_params(failobj=[], unquote=True)
        pairs = tuple((name.lower(), value) for name, value in found[1:])
        return cls(header.split(";", 1)[0].strip().lower(), pairs)

    def parameter(self, name: str) -> str | None:
        """Value of a parameter (``charset``, ``action``, ``boundary`` …), or None."""
        return next((value for key, value in self.parameters if key == name.lower()), None)


@dataclass(frozen=True, eq=False)
class SoapFault:
    """A SOAP fault. QName values are kept without prefix in ``code`` and ``subcodes``."""

    element: etree._Element
    code: str
    """``Sender``, ``Receiver`` … (SOAP 1.1: ``Client``, ``Server``)."""
    subcodes: tuple[str, ...]
    """From the outermost to the innermost."""
    reason: str
    language: str | None
    detail: etree._Element | None

    @property
    def subcode(self) -> str | None:
        """The innermost subcode, the most precise."""
        return self.subcodes[-1] if self.subcodes else None


@dataclass(frozen=True, eq=False)
class SoapMessage(Artefact):
    """A SOAP message as received. ``envelope`` is the parsed root element."""

    label: ClassVar[str] = "Enveloppe SOAP"
    envelope: etree._Element
    version: str
    """``1.2`` or ``1.1``, from the namespace of the envelope."""
    raw: bytes
    media_type: MediaType

    @classmethod
    def parse(
        cls, body: bytes, content_type: str | None, *, check_id: str, artefact: str | None = None
    ) -> SoapMessage:
        """Read a SOAP message (the root part when it came as multipart).

        ``content_type`` is the header of the HTTP message or of the part. Raises
        MalformedError under ``check_id`` when the bytes are not XML, are not a
        SOAP 1.1 or 1.2 envelope, or have no Body.
        """
        name = artefact or cls.label
        root = parse_xml(body, check_id=check_id, artefact=name)
        version = _VERSIONS.get(etree.QName(root).namespace or "")
        if version is None or etree.QName(root).localname != "Envelope":
            raise MalformedError(
                check_id,
                f"/{etree.QName(root).localname}",
                f"{{{NS_SOAP12}}}Envelope",
                str(root.tag),
                "Envoyer une enveloppe SOAP 1.2 : l'élément racine n'en est pas une.",
                artefact=name,
            )
        message = cls(root, version, body, MediaType.parse(content_type))
        if message.body is None:
            raise MalformedError(
                check_id,
                "/Envelope",
                "un élément Body",
                "aucun",
                "Ajouter l'élément Body à l'enveloppe SOAP.",
                artefact=name,
            )
        return message

    @property
    def namespace(self) -> str:
        """Namespace of the envelope."""
        return etree.QName(self.envelope).namespace or ""

    @cached_property
    def header(self) -> etree._Element | None:
        """The Header element, when there is one."""
        return self.envelope.find(f"{{{self.namespace}}}Header")

    @cached_property
    def header_blocks(self) -> tuple[etree._Element, ...]:
        """Children of Header, in order, comments left out."""
        return _children(self.header)

    def header_block(self, namespace: str, name: str) -> etree._Element | None:
        """First header block of a qualified name."""
        return next(iter(self.header_blocks_named(namespace, name)), None)

    def header_blocks_named(self, namespace: str, name: str) -> tuple[etree._Element, ...]:
        """Every header block of a qualified name."""
        wanted = f"{{{namespace}}}{name}"
        return tuple(block for block in self.header_blocks if block.tag == wanted)

    @cached_property
    def action(self) -> str | None:
        """``wsa:Action``."""
        return text_of(self.header_block(NS_WSA, "Action"))

    @cached_property
    def message_id(self) -> str | None:
        """``wsa:MessageID`` as written, with its ``uuid:`` or ``urn:uuid:``."""
        return text_of(self.header_block(NS_WSA, "MessageID"))

    @cached_property
    def to(self) -> str | None:
        """``wsa:To``."""
        return text_of(self.header_block(NS_WSA, "To"))

    @cached_property
    def reply_to(self) -> str | None:
        """``wsa:ReplyTo/wsa:Address``."""
        block = self.header_block(NS_WSA, "ReplyTo")
        return None if block is None else text_of(block.find(f"{{{NS_WSA}}}Address"))

    @cached_property
    def relates_to(self) -> str | None:
        """``wsa:RelatesTo``."""
        return text_of(self.header_block(NS_WSA, "RelatesTo"))

    @cached_property
    def security(self) -> etree._Element | None:
        """The first ``wsse:Security`` block."""
        return self.header_block(NS_WSSE, "Security")

    @cached_property
    def assertions(self) -> tuple[etree._Element, ...]:
        """SAML 2.0 assertions that are children of ``wsse:Security``, in order."""
        if self.security is None:
            return ()
        return tuple(self.security.findall(f"{{{NS_SAML2}}}Assertion"))

    @cached_property
    def body(self) -> etree._Element | None:
        """The Body element; never None once parsed."""
        return self.envelope.find(f"{{{self.namespace}}}Body")

    @cached_property
    def payloads(self) -> tuple[etree._Element, ...]:
        """Children of Body."""
        return _children(self.body)

    @property
    def payload(self) -> etree._Element | None:
        """First child of Body: the business element, or the Fault."""
        return self.payloads[0] if self.payloads else None

    @cached_property
    def fault(self) -> SoapFault | None:
        """The fault carried by Body, if any."""
        element = None if self.body is None else self.body.find(f"{{{self.namespace}}}Fault")
        if element is None:
            return None
        return _fault12(element) if self.version == "1.2" else _fault11(element)


def _children(parent: etree._Element | None) -> tuple[etree._Element, ...]:
    if parent is None:
        return ()
    return tuple(child for child in parent if isinstance(child.tag, str))


def _local(qname: str | None) -> str:
    return (qname or "").rsplit(":", 1)[-1].strip()


def _fault12(element: etree._Element) -> SoapFault:
    q = f"{{{NS_SOAP12}}}"
    code = element.find(f"{q}Code")
    subcodes: list[str] = []
    level = None if code is None else code.find(f"{q}Subcode")
    while level is not None:
        subcodes.append(_local(text_of(level.find(f"{q}Value"))))
        level = level.find(f"{q}Subcode")
    text = element.find(f"{q}Reason/{q}Text")
    return SoapFault(
        element=element,
        code=_local(text_of(None if code is None else code.find(f"{q}Value"))),
        subcodes=tuple(subcodes),
        reason=text_of(text) or "",
        language=None if text is None else text.get(f"{{{NS_XML}}}lang"),
        detail=element.find(f"{q}Detail"),
    )


def _fault11(element: etree._Element) -> SoapFault:
    return SoapFault(
        element=element,
        code=_local(text_of(element.find("faultcode"))),
        subcodes=(),
        reason=text_of(element.find("faultstring")) or "",
        language=None,
        detail=element.find("detail"),
    )
