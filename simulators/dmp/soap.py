"""SOAP answers of the DMP: envelope, fault, MTOM (sheet dmp.md §5.2–5.3)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree
from lxml.builder import ElementMaker

from simulators.dmp.errors import DmpError

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
XOP = "http://www.w3.org/2004/08/xop/include"
ANONYMOUS = f"{WSA}/anonymous"
CONTENT_TYPE = "application/soap+xml;charset=UTF-8"
ROOT_PART = "root.message@cxf.apache.org"

_S = ElementMaker(namespace=SOAP, nsmap={"soap": SOAP})
_W = ElementMaker(namespace=WSA, nsmap={None: WSA})


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes sent beside the envelope, referenced by ``cid:``."""

    content_id: str
    media_type: str
    data: bytes


def envelope(action: str, relates_to: str | None, payload: etree._Element) -> bytes:
    """An answer envelope with its addressing headers."""
    headers = [
        _W.Action(action),
        _W.MessageID(f"urn:uuid:{uuid.uuid4()}"),
        _W.To(ANONYMOUS),
    ]
    if relates_to:
        headers.append(_W.RelatesTo(relates_to))
    tree = _S.Envelope(_S.Header(*headers), _S.Body(payload))
    return etree.tostring(tree, encoding="UTF-8")


def fault(error: DmpError, text: str) -> etree._Element:
    """A SOAP 1.2 fault in the shape seen: Code, Subcode, Reason in French."""
    code = _S.Code(_S.Value("soap:Receiver" if error.receiver else "soap:Sender"))
    if error.code:
        code.append(_S.Subcode(_S.Value(f"soap:{error.code}")))
    reason = _S.Text(text)
    reason.set("{http://www.w3.org/XML/1998/namespace}lang", "fr")
    return _S.Fault(code, _S.Reason(reason))


def include(content_id: str) -> etree._Element:
    """An ``xop:Include`` whose cid is percent-encoded, as the real service writes it."""
    element = etree.Element(f"{{{XOP}}}Include", nsmap={"xop": XOP})
    element.set("href", f"cid:{content_id.replace(':', '%3A')}")
    return element


def multipart(root: bytes, attachments: Sequence[Attachment]) -> tuple[str, bytes]:
    """A ``multipart/related`` answer: its Content-Type and its body."""
    boundary = f"uuid:{uuid.uuid4()}"
    chunks = [
        _part(
            'application/xop+xml; charset=UTF-8; type="application/soap+xml"',
            ROOT_PART,
            root,
            boundary,
        )
    ]
    chunks += [_part(a.media_type, a.content_id, a.data, boundary) for a in attachments]
    content_type = (
        f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; '
        f'start="<{ROOT_PART}>"; start-info="application/soap+xml"'
    )
    return content_type, b"".join(chunks) + f"--{boundary}--\r\n".encode()


def _part(media_type: str, content_id: str, data: bytes, boundary: str) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: {media_type}\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n\r\n"
    )
    return head.encode() + data + b"\r\n"
