"""Ways to break a program in one line: what the defects of the catalogue are made of."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lxml import etree

from bench.defects import Defect, Injection, Patcher
from reference_impl.app import ACTIONS

Patch = Callable[[Patcher], None]
CDA = {"h": "urn:hl7-org:v3"}


def broken(
    name: str,
    title: str,
    stimulus: str,
    checks: str,
    *patches: Patch,
    injection: Injection | None = None,
    scenario: str = "",
) -> Defect:
    """A defect; ``checks`` are its ids, separated by spaces."""
    found = frozenset(checks.split())
    return Defect(name, title, stimulus, found, _all(patches), injection, scenario)


def _all(patches: tuple[Patch, ...]) -> Patch:
    def apply(patcher: Patcher) -> None:
        for patch in patches:
            patch(patcher)

    return apply


def put(place: str, value: object) -> Patch:
    """Another value, or another function."""
    return lambda patcher: patcher.set(place, value)


def nothing(place: str) -> Patch:
    """A function that no longer does anything."""
    return put(place, lambda *_arguments, **_options: None)


def around(place: str, function: Callable[..., Any]) -> Patch:
    """``function(original, *arguments)`` instead."""
    return lambda patcher: patcher.wrap(place, function)


def changed(place: str, **changes: Any) -> Patch:
    """Other fields in the dataclass that a function gives; a callable is given the former."""

    def change(original: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        result = original(*arguments, **options)
        return replace(result, **_values(result, changes))

    return around(place, change)


def _values(former: Any, changes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value(getattr(former, name)) if callable(value) else value
        for name, value in changes.items()
    }


def written(place: str, pattern: str, replacement: Any) -> Patch:
    """Another text in the bytes or the string that a function gives; it must be there."""

    def rewrite(original: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return _rewritten(original(*arguments, **options), pattern, replacement)

    return around(place, rewrite)


def _rewritten(text: Any, pattern: str, replacement: Any) -> Any:
    if isinstance(text, bytes):
        return _rewritten(text.decode("latin-1"), pattern, replacement).encode("latin-1")
    result, count = re.subn(pattern, replacement, text, flags=re.DOTALL)
    if not count:
        raise LookupError(f"{pattern} n'est pas dans le message à défaire")
    return result


def cda(path: str, edit: Callable[[etree._Element], Any]) -> Patch:
    """Edit an element of the CDA (XPath with the prefix ``h``) before it is written."""

    def rebuild(original: Callable[..., bytes], *arguments: Any) -> bytes:
        root = etree.fromstring(original(*arguments))
        found = root.xpath(path, namespaces=CDA)
        if not found:
            raise LookupError(f"{path} n'est pas dans le document à défaire")
        for element in found:
            edit(element)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    return around("reference_impl.documents.cda:build", rebuild)


def attribute(name: str, value: str | None) -> Callable[[etree._Element], None]:
    """Edit: another value of an attribute, or none."""

    def edit(element: etree._Element) -> None:
        element.attrib.pop(name, None)
        if value is not None:
            element.set(name, value)

    return edit


def removed(element: etree._Element) -> None:
    """Edit: the element is forgotten."""
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def text(value: str | Callable[[str], str]) -> Callable[[etree._Element], None]:
    """Edit: another text."""

    def edit(element: etree._Element) -> None:
        element.text = value(element.text or "") if callable(value) else value

    return edit


def vihf(name: str, value: str | None) -> Patch:
    """Another value of an attribute of the VIHF, or none, before it is signed."""

    def write(original: Callable[..., None], statement: Any, written: str, former: str) -> None:
        wanted = value if written == name else former
        if wanted is not None:
            original(statement, written, wanted)

    return around("reference_impl.dmp.vihf:_text", write)


def entry(**changes: Any) -> Patch:
    """Other metadata of the document deposited or sent; the CDA stays as it is."""

    def describe(original: Callable[..., str], objects: Any, described: Any, *rest: Any) -> str:
        if described.title != "Source":
            described = replace(described, **_values(described, changes))
        return original(objects, described, *rest)

    def patch(patcher: Patcher) -> None:
        def with_uri(original: Callable[..., str], *arguments: Any, **options: Any) -> str:
            def plain(*every: Any) -> str:
                return original(*every, **options)

            return describe(plain, *arguments)

        patcher.wrap("reference_impl.documents.ebrim:document_entry", with_uri)

    return patch


def action(name: str, perform: Callable[[Any, Any], Any]) -> Patch:
    """Another function behind an action of the driver contract."""

    def patch(patcher: Patcher) -> None:
        actions = {**ACTIONS, name: replace(ACTIONS[name], perform=perform)}
        patcher.set("reference_impl.app:ACTIONS", actions)

    return patch


def mail(pattern: str, replacement: Any) -> Patch:
    """Another text in the mail as it leaves."""

    def rebuild(original: Callable[..., Any], *arguments: Any) -> Any:
        envelope = original(*arguments)
        return replace(envelope, content=_rewritten(envelope.content, pattern, replacement))

    return around("reference_impl.mss.message:build", rebuild)


def trusting(original: Callable[..., Any], *arguments: Any) -> Any:
    """A TLS context that takes any server certificate."""
    context = original(*arguments)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
