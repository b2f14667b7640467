"""XML of the LGC: one hardened parser, and short words to build a tree.

The parser refuses DTD and entities, and never touches the network: what comes
from a service or another professional is foreign matter.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

MAX_BYTES = 60_000_000


class UnreadableXmlError(ValueError):
    """Not XML, or XML this product does not want (DTD, too big)."""


def parse(data: bytes) -> etree._Element:
    """The root element. Raises UnreadableXmlError."""
    if len(data) > MAX_BYTES:
        raise UnreadableXmlError("document trop volumineux")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableXmlError(str(error)) from error
    if root.getroottree().docinfo.doctype:
        raise UnreadableXmlError("déclaration de type de document refusée")
    return root


def node(
    parent: etree._Element,
    tag: str,
    attributes: Mapping[str, str] | None = None,
    text: str | None = None,
) -> etree._Element:
    """Append a child; ``tag`` is in Clark notation or in the namespace of the parent."""
    if not tag.startswith("{"):
        tag = f"{{{etree.QName(parent).namespace or ''}}}{tag}"
    child = etree.SubElement(parent, tag, dict(attributes or {}))
    child.text = text
    return child


def canonical(element: etree._Element) -> bytes:
    """Inclusive C14N with comments of an element as if it stood alone.

    The element is parsed again first: on an element inside a tree lxml writes
    ``xmlns=""`` that no other implementation writes.
    """
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    return etree.tostring(alone, method="c14n", exclusive=False, with_comments=True)
