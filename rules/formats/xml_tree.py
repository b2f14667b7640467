"""Elements of XML as trees of JSON and back: names, attributes (``@name``), text (``#``).

Namespaces other than the main one show as the prefix that the caller chose for
them; elements and attributes of unknown ones are dropped, so that what nobody knows
never disturbs. Elements that repeat make a list; one that is nil is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from lxml import etree

TEXT = "#"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True)
class XmlNames:
    """The main namespace (none if empty), prefixes of the others as paths name them."""

    main: str
    prefixes: Mapping[str, str] = field(default_factory=dict[str, str])
    qualified: bool = True
    """Whether children without prefix are of the main namespace (elementFormDefault)."""
    order: tuple[str, ...] = ()
    """Names of children in the order a schema imposes; others come after."""

    def tag(self, name: str) -> str:
        """``{namespace}local`` of ``local`` or ``prefix:local``, for a root element."""
        prefix, _, local = name.rpartition(":")
        return _qualified(self.prefixes[prefix] if prefix else self.main, local)

    def child(self, name: str) -> str:
        """The same for an element inside."""
        return self.tag(name) if self.qualified or ":" in name else name

    def name(self, tag: str) -> str | None:
        """The other way round, for what is inside; None when its namespace is unknown."""
        name = etree.QName(tag)
        if (name.namespace or "") == (self.main if self.qualified else ""):
            return name.localname
        known = (p for p, namespace in self.prefixes.items() if namespace == name.namespace)
        prefix = next(known, None)
        return None if prefix is None else f"{prefix}:{name.localname}"

    def attribute(self, name: str) -> str | None:
        """The name of an attribute: those without prefix have no namespace."""
        return self.name(name) if name.startswith("{") else name

    def rank(self, name: str) -> int:
        """Where a child is written."""
        return self.order.index(name) if name in self.order else len(self.order)


def tree_of(element: etree._Element, names: XmlNames) -> dict[str, Any]:
    """Attributes and children of an element. A child without either is its text."""
    named = ((names.attribute(str(k)), v) for k, v in element.attrib.items())
    tree: dict[str, Any] = {f"@{name}": value for name, value in named if name is not None}
    for child in element:
        name = names.name(child.tag) if isinstance(child.tag, str) else None
        if name is not None:
            _add(tree, name, _value(child, names))
    text = (element.text or "").strip()
    if text:
        tree[TEXT] = text
    return tree


def element_of(name: str, tree: Mapping[str, Any], names: XmlNames) -> etree._Element:
    """An element with what a tree says. Raises ValueError for what is no name of XML."""
    declared = {prefix: namespace for prefix, namespace in names.prefixes.items() if namespace}
    if names.main and names.qualified:
        root = etree.Element(names.tag(name), nsmap=cast("Any", {None: names.main, **declared}))
    else:
        root = etree.Element(names.tag(name), nsmap=cast("Any", declared))
    _fill(root, tree, names)
    return root


def _qualified(namespace: str, local: str) -> str:
    return f"{{{namespace}}}{local}" if namespace else local


def _value(element: etree._Element, names: XmlNames) -> Any:
    if element.get(NIL) in ("true", "1"):
        return None
    tree = tree_of(element, names)
    only_text = not tree or set(tree) == {TEXT}
    return (element.text or "").strip() if only_text else tree


def _add(tree: dict[str, Any], name: str, value: Any) -> None:
    if name not in tree:
        tree[name] = value
    elif isinstance(tree[name], list):
        tree[name].append(value)
    else:
        tree[name] = [tree[name], value]


def _fill(element: etree._Element, tree: Mapping[str, Any], names: XmlNames) -> None:
    for name, value in sorted(tree.items(), key=lambda item: names.rank(item[0])):
        if name.startswith("@"):
            written = name[1:]
            element.set(names.tag(written) if ":" in written else written, _text(value))
        elif name == TEXT:
            element.text = _text(value)
        else:
            several = cast("list[Any]", value) if isinstance(value, list) else [value]
            for each in several:
                _child(element, name, each, names)


def _child(parent: etree._Element, name: str, value: Any, names: XmlNames) -> None:
    child = etree.SubElement(parent, names.child(name))
    if isinstance(value, Mapping):
        _fill(child, cast("Mapping[str, Any]", value), names)
    else:
        child.text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
