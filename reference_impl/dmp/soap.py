"""SOAP 1.2, WS-Addressing and MTOM/XOP as the DMP speaks them.

Sources: SEL-MP-037; SOAP 1.2; WS-Addressing 1.0; XOP and MTOM (documents of
TD2.1 and TD3.2 travel as binary parts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from urllib.parse import quote, unquote

from lxml import etree

from reference_impl.xmltree import UnreadableXmlError, node, parse

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_XOP = "http://www.w3.org/2004/08/xop/include"
_ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
_ROOT_ID = "root.message@cxf.apache.org"


@dataclass(frozen=True, slots=True)
class Part:
    """A binary part of a multipart message; ``content_id`` has no angle brackets."""

    content_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """A message ready to leave: its bytes and its Content-Type."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read: the envelope, and the binary parts by Content-ID."""

    envelope: etree._Element
    parts: Mapping[str, bytes]

    @property
    def body(self) -> etree._Element | None:
        """First element of the Body."""
        return self.envelope.find(f"{{{SOAP}}}Body/*")

    @property
    def relates_to(self) -> str | None:
        """Message this answers."""
        return self.envelope.findtext(f"{{{SOAP}}}Header/{{{WSA}}}RelatesTo")


def envelope(
    action: str, message_id: str, to: str, assertion: etree._Element, body: etree._Element
) -> bytes:
    """An envelope; ``message_id`` is ``urn:uuid:…`` and ``to`` the URL called."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    header = node(root, "Header")
    for tag, text in (("Action", action), ("MessageID", message_id), ("To", to)):
        etree.SubElement(header, f"{{{WSA}}}{tag}", nsmap={None: WSA}).text = text
    reply_to = etree.SubElement(header, f"{{{WSA}}}ReplyTo", nsmap={None: WSA})
    node(reply_to, "Address", text=_ANONYMOUS)
    etree.SubElement(header, f"{{{_WSSE}}}Security", nsmap={"wsse": _WSSE}).append(assertion)
    node(root, "Body").append(body)
    return etree.tostring(root, encoding="UTF-8")


def plain(content: bytes, action: str) -> Request:
    """A message without attachment."""
    return Request(f'application/soap+xml; charset=UTF-8; action="{action}"', content)


def multipart(content: bytes, action: str, parts: Sequence[Part], boundary: str) -> Request:
    """An MTOM message: the envelope, then the parts, untouched bytes."""
    inner = (
        f'application/xop+xml; charset=UTF-8; type="application/soap+xml; action=\\"{action}\\""'
    )
    chunks = [_part(boundary, inner, _ROOT_ID, content)]
    chunks += [
        _part(boundary, "application/octet-stream", part.content_id, part.content) for part in parts
    ]
    outer = (
        f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; '
        f'start="<{_ROOT_ID}>"; start-info="application/soap+xml"; action="{action}"'
    )
    return Request(outer, b"".join(chunks) + f"--{boundary}--\r\n".encode("ascii"))


def include(parent: etree._Element, content_id: str) -> None:
    """An ``xop:Include`` that points at a part; the reference is URL-encoded."""
    href = f"cid:{quote(content_id, safe='@')}"
    etree.SubElement(parent, f"{{{_XOP}}}Include", {"href": href}, nsmap={"xop": _XOP})


def included(element: etree._Element, parts: Mapping[str, bytes]) -> bytes | None:
    """The bytes an element points at, None when it points nowhere."""
    reference = element.find(f"{{{_XOP}}}Include")
    if reference is None:
        return None
    return parts.get(unquote(reference.get("href", "").removeprefix("cid:")))


def read(content_type: str, content: bytes) -> Reply:
    """Read an answer, multipart or not. Raises UnreadableXmlError."""
    if not content_type.lower().startswith("multipart/"):
        return Reply(_checked(content), {})
    # The MIME parser wants the header that HTTP carried apart.
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1")
    message = BytesParser(EmailMessage, policy=policy.HTTP).parsebytes(head + content)
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        payload = part.get_payload(decode=True)
        identifier = str(part.get("Content-ID", f"part-{len(parts)}")).strip().strip("<>")
        parts[identifier] = payload if isinstance(payload, bytes) else b""
    if not parts:
        raise UnreadableXmlError("message multipart sans partie")
    start = str(message.get_param("start", "")).strip("<>")
    first = start if start in parts else next(iter(parts))
    return Reply(_checked(parts[first]), parts)


def _checked(content: bytes) -> etree._Element:
    root = parse(content)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise UnreadableXmlError("la réponse n’est pas une enveloppe SOAP 1.2")
    return root


def _part(boundary: str, content_type: str, content_id: str, content: bytes) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: {content_type}\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n\r\n"
    )
    return head.encode("ascii") + content + b"\r\n"
