"""Ways to break what a product says of an ordonnance: on its wires, in its Code 2D, on paper."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from bench.defects import Patcher

from .mistakes import Patch, around

BUILD = "reference_impl.documents.ep_med_dm:build"
CODE = "reference_impl.documents.code2d:write_text"
RENDER = "reference_impl.documents.ordonnance_pdf:render"
ENCODE = "reference_impl.prescriptions.number:encode"
SEND = "reference_impl.prescriptions.sending:Sender.send"
SERVICE = "reference_impl.prescriptions.service:Prescriptions"
_CALLS = (
    "reference_impl.prescriptions.rest:RestWire.call",
    "reference_impl.prescriptions.soap:SoapWire.call",
)

Edit = Callable[[dict[str, Any]], Any]


def sent(operation: str, edit: Edit) -> Patch:
    """Another content of an operation, whatever the wire; what is kept stays as it is."""

    def call(original: Any, wire: Any, asked: str, content: Any, *rest: Any) -> Any:
        if asked == operation:
            content = deepcopy(dict(content))
            edit(content)
        return original(wire, asked, content, *rest)

    def patch(patcher: Patcher) -> None:
        for place in _CALLS:
            patcher.wrap(place, call)

    return patch


def forgotten(*path: str) -> Edit:
    """Edit: the value under nested keys is not sent."""

    def edit(content: dict[str, Any]) -> None:
        _at(content, path[:-1]).pop(path[-1])

    return edit


def given(value: object, *path: str) -> Edit:
    """Edit: another value under nested keys; a callable is given the former one."""

    def edit(content: dict[str, Any]) -> None:
        held = _at(content, path[:-1])
        held[path[-1]] = value(held[path[-1]]) if callable(value) else value

    return edit


def lines(edit: Edit) -> Edit:
    """Edit: the same thing on each line."""

    def every(content: dict[str, Any]) -> None:
        for line in content["lignes"]:
            edit(line)

    return every


def _at(content: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for name in path:
        content = content[name]
    return content


def sheet(change: Callable[[Any], Any]) -> Patch:
    """Another content of the printed page; what is sent stays as it is."""
    return around(RENDER, lambda original, printed: original(change(printed)))


def numbered(make: Callable[[str], str]) -> Patch:
    """Another number from the start: wherever it goes, it is the same."""
    return around(ENCODE, lambda original, *drawn: make(original(*drawn)))
