"""Documents a client reads before it connects: autoconfiguration and white list.

Sources: SC.MSS/CONF.04 (``config-v1.1.xml``, Mozilla format); mssante.md §2.2 for the white
list, whose root element is ours (``hors_specification``).
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from simulators.kernel import Address

WHITE_LIST = "https://listeblanche.mssante.fr/schema"
ROOT = "ListeBlancheMSSante"
PATH = "/mail/config-v1.1.xml"
WHITE_LIST_PATH = "/listeblanchemssante.xml"
WHITE_LIST_HOST = "espacedeconfiance.mssante.fr"


def configuration(domains: Sequence[str], smtp: Address, imap: Address) -> bytes:
    """``clientConfig`` of the domains of one operator."""
    root = etree.Element("clientConfig", version="1.1")
    provider = etree.SubElement(root, "emailProvider", id=domains[0])
    for domain in domains:
        _text(provider, "domain", domain)
    _text(provider, "displayName", "Opérateur MSSanté fictif du banc")
    _text(provider, "displayShortName", "Opérateur du banc")
    _server(provider, "incomingServer", "imap", imap)
    _server(provider, "outgoingServer", "smtp", smtp)
    return _bytes(root)


def white_list(domains: Sequence[str]) -> bytes:
    """The domains of the space of trust."""
    root = etree.Element(f"{{{WHITE_LIST}}}{ROOT}", nsmap={None: WHITE_LIST})
    for domain in domains:
        entry = etree.SubElement(root, f"{{{WHITE_LIST}}}Domaine")
        _text(entry, f"{{{WHITE_LIST}}}Nom", domain)
    return _bytes(root)


def _server(provider: etree._Element, tag: str, kind: str, address: Address) -> None:
    server = etree.SubElement(provider, tag, type=kind)
    _text(server, "hostname", address.host)
    _text(server, "port", str(address.port))
    _text(server, "socketType", "STARTTLS")
    _text(server, "authentication", "OAuth2")
    _text(server, "username", "%EMAILADDRESS%")


def _text(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
