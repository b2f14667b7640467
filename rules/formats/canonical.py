"""Canonical XML and digests, for signatures that cover parts or whole documents.

References: Canonical XML 1.0 (W3C REC 2001-03-15), Exclusive XML
Canonicalization 1.0, XML Signature 1.1 §4.4.3.2 (an octet stream given to a
canonicalisation is parsed as a document, top-level PIs and comments included).
"""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac

from lxml import etree

from rules.artefact import MalformedError
from rules.formats.soap import NS_XML
from rules.xml import parse_xml

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    SHA256: "sha256",
    # Not a registered URI, but homologated software writes it in CertDigest.
    "http://www.w3.org/2000/09/xmldsig#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
# URI: (exclusive, with comments)
_ALGORITHMS = {
    C14N: (False, False),
    f"{C14N}#WithComments": (False, True),
    EXCLUSIVE_C14N: (True, False),
    f"{EXCLUSIVE_C14N}WithComments": (True, True),
}


def digest(method: str, data: bytes) -> str | None:
    """Base64 digest of bytes by a DigestMethod URI; None when it is unknown."""
    name = _DIGESTS.get(method)
    return None if name is None else base64.b64encode(hashlib.new(name, data).digest()).decode()


def same_digest(one: str, other: str) -> bool:
    """Whether two base64 digests are equal, white space aside."""
    return hmac.compare_digest("".join(one.split()).encode(), "".join(other.split()).encode())


def canonical(element: etree._Element, algorithm: str) -> bytes | None:
    """Canonical bytes of an element of a tree by an algorithm URI; None when impossible."""
    # lxml writes wrong xmlns="" when it canonicalises an element inside a tree
    # (seen with 6.1.3): it is parsed again alone, its namespaces in scope kept.
    written = etree.tostring(_with_xml_attributes(element), with_tail=False)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    return _c14n(etree.fromstring(written, parser), algorithm)


def canonical_document(data: bytes, algorithm: str) -> bytes | None:
    """Canonical bytes of a whole document; None when it is no XML or impossible."""
    try:
        root = parse_xml(data, check_id="DMP-21-14")
    except MalformedError:
        return None
    return _c14n(root.getroottree(), algorithm)


def _c14n(what: etree._Element | etree._ElementTree, algorithm: str) -> bytes | None:
    if algorithm not in _ALGORITHMS:
        return None
    exclusive, with_comments = _ALGORITHMS[algorithm]
    try:
        return etree.tostring(what, method="c14n", exclusive=exclusive, with_comments=with_comments)
    except etree.LxmlError:
        # Relative namespace URIs cannot be canonicalised.
        return None


def _with_xml_attributes(element: etree._Element) -> etree._Element:
    """The element with the ``xml:`` attributes it inherits, which C14N 1.0 copies."""
    inherited: dict[str, str] = {}
    for ancestor in reversed(list(element.iterancestors())):
        inherited.update((k, v) for k, v in ancestor.items() if k.startswith(f"{{{NS_XML}}}"))
    missing = {name: value for name, value in inherited.items() if name not in element.attrib}
    if not missing:
        return element
    completed = copy.deepcopy(element)
    for name, value in missing.items():
        completed.set(name, value)
    return completed
