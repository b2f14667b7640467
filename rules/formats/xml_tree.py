"""Elements of XML as trees of JSON and back: names, attributes (``@name``), text (``#``).

Namespaces other than the main one show as the prefix that the caller chose for
them; unknown ones are dropped, so that elements nobody knows never disturb.
Elements that repeat make a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from lxml import etree

TEXT = "#"


@dataclass(frozen=True)
class XmlNames:
    """The main namespace, and prefixes of the others as paths name them."""

    main: str
    prefixes: Mapping[str, str] = field(default_factory=dict[str, str])

    def tag(self, name: str) -> str:
        """``{namespace}local`` of ``local`` or ``prefix:local``."""
        prefix, _, local = name.rpartition(":")
        return f"{{{self.prefixes[prefix] if prefix else self.main}}}{local}"

    def name(self, tag: str) -> str:
        """The other way round."""
        name = etree.QName(tag)
        known = (p for p, namespace in self.prefixes.items() if namespace == name.namespace)
        prefix = "" if name.namespace == self.main else next(known, "")
        return f"{prefix}:{name.localname}" if prefix else name.localname


def tree_of(element: etree._Element, names: XmlNames) -> dict[str, Any]:
    """Attributes and children of an element. A child without either is its text."""
    tree: dict[str, Any] = {f"@{names.name(k)}": v for k, v in element.attrib.items()}
    for child in element:
        if isinstance(child.tag, str):
            _add(tree, names.name(child.tag), _value(child, names))
    text = (element.text or "").strip()
    if text:
        tree[TEXT] = text
    return tree


def element_of(name: str, tree: Mapping[str, Any], names: XmlNames) -> etree._Element:
    """An element with what a tree says, in its order."""
    declared = {None: names.main, **names.prefixes}
    element = etree.Element(names.tag(name), nsmap=cast("Any", declared))
    _fill(element, tree, names)
    return element


def _value(element: etree._Element, names: XmlNames) -> Any:
    if len(element) or element.attrib:
        return tree_of(element, names)
    return (element.text or "").strip()


def _add(tree: dict[str, Any], name: str, value: Any) -> None:
    if name not in tree:
        tree[name] = value
    elif isinstance(tree[name], list):
        tree[name].append(value)
    else:
        tree[name] = [tree[name], value]


def _fill(element: etree._Element, tree: Mapping[str, Any], names: XmlNames) -> None:
    for name, value in tree.items():
        if name.startswith("@"):
            element.set(name[1:] if ":" not in name else names.tag(name[1:]), _text(value))
        elif name == TEXT:
            element.text = _text(value)
        else:
            several = cast("list[Any]", value) if isinstance(value, list) else [value]
            for each in several:
                _child(element, name, each, names)


def _child(parent: etree._Element, name: str, value: Any, names: XmlNames) -> None:
    child = etree.SubElement(parent, names.tag(name))
    if isinstance(value, Mapping):
        _fill(child, cast("Mapping[str, Any]", value), names)
    else:
        child.text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
