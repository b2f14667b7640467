"""The one hardened XML parser of the rules: no DTD, no entity, no network.

lxml is told to load nothing and resolve nothing; a document type declaration
is refused outright (entity bombs need one) and depth and size are bounded.
"""

from __future__ import annotations

from lxml import etree

from rules.artefact import MalformedError

MAX_BYTES = 64 * 1024 * 1024
"""Above this, a message is refused unread (DMP placeholder limit is 50 MB)."""
MAX_DEPTH = 200


def parse_xml(data: bytes, *, check_id: str, artefact: str = "") -> etree._Element:
    """Parse bytes into an element tree.

    Raises MalformedError (with ``check_id``) on a truncated document, a DTD, an
    entity, more than MAX_DEPTH levels or more than MAX_BYTES bytes.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(
            check_id,
            "message entier",
            f"au plus {MAX_BYTES} octets",
            f"{len(data)} octets",
            "Réduire la taille du message : le service ne le lirait pas.",
            artefact=artefact,
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=True,
        remove_comments=False,
        remove_pis=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line, column = getattr(error, "position", (0, 0))
        raise MalformedError(
            check_id,
            f"ligne {line}, colonne {column}",
            "un XML bien formé",
            _first_sentence(error),
            "Corriger le XML produit : il n'est pas bien formé.",
            artefact=artefact,
        ) from error
    doctype = root.getroottree().docinfo.doctype
    if doctype:
        raise MalformedError(
            check_id,
            "prologue",
            "aucune déclaration DOCTYPE",
            doctype,
            "Retirer la déclaration DOCTYPE : les services la refusent (risque XXE).",
            artefact=artefact,
        )
    _refuse_too_deep(root, check_id, artefact)
    return root


def _refuse_too_deep(root: etree._Element, check_id: str, artefact: str) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise MalformedError(
                check_id,
                "message entier",
                f"au plus {MAX_DEPTH} niveaux",
                f"plus de {MAX_DEPTH} niveaux",
                "Réduire la profondeur du XML : le service ne le lirait pas.",
                artefact=artefact,
            )


def place_of(element: etree._Element) -> str:
    """XPath of an element with local names, readable in a report."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None:
        steps.append(_step(node))
        node = node.getparent()
    return "/" + "/".join(reversed(steps))


def _step(node: etree._Element) -> str:
    name = etree.QName(node).localname if isinstance(node.tag, str) else "comment()"
    parent = node.getparent()
    if parent is None or not isinstance(node.tag, str):
        return name
    twins = [child for child in parent if child.tag == node.tag]
    return name if len(twins) == 1 else f"{name}[{twins.index(node) + 1}]"


def text_of(element: etree._Element | None) -> str | None:
    """Text of an element with its white space trimmed, None when absent."""
    if element is None:
        return None
    return "".join(element.itertext()).strip()


def _first_sentence(error: Exception) -> str:
    return str(error).split(", line", 1)[0][:200]
