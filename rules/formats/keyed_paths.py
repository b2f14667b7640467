"""Moving values between two trees of JSON, as a table of paths says.

A table maps a neutral path (``patient.nomNaissance``) to where the wire holds it
(``Patient/Identite/nomFamille``), relative to the object around. The longest
path that ends like the place wins: ``patient.nomNaissance`` also serves inside
``ordonnance``. A key without path keeps its name,
or takes a capital. Another table changes the values of
a neutral key, one for one (booleans are spelt ``true`` and ``false``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

Tree = dict[str, Any]
MAX_DEPTH = 40
MAX_NUMBER = 10**15
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NONE: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True)
class Paths:
    """A table of paths, and of values."""

    table: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NONE)
    capital: bool = False
    """Whether the wire writes a key without path with its first letter upper case."""

    def written(self, neutral: Mapping[str, Any], at: tuple[str, ...] = ()) -> Tree:
        """The tree of the wire. Absent values (null) are left out."""
        tree: Tree = {}
        moved = self._moved(at)
        for name, value in neutral.items():
            if value is not None:
                _put(tree, moved.get(name) or self._named(name), self._out(value, (*at, name)))
        return tree

    def read(self, wire: Mapping[str, Any], at: tuple[str, ...] = ()) -> Tree:
        """The neutral tree. Keys of the wire that the table does not take are kept as named."""
        moved = self._moved(at)
        taken = {path.split("/", 1)[0] for path in moved.values()}
        kept = {self._plain(n): v for n, v in wire.items() if n not in taken}
        neutral: Tree = {n: self._in(v, (*at, n)) for n, v in kept.items()}
        for name, path in moved.items():
            value = _get(wire, path)
            if value is not None:
                neutral[name] = self._in(value, (*at, name))
        return neutral

    def _moved(self, at: tuple[str, ...]) -> dict[str, str]:
        """The keys that an object at a place holds elsewhere."""
        found: dict[str, tuple[int, str]] = {}
        for place, path in self.table.items():
            *around, name = place.split(".")
            depth = len(around)
            fits = tuple(around) == at[len(at) - depth :] if depth <= len(at) else False
            if fits and depth >= found.get(name, (-1, ""))[0]:
                found[name] = (depth, path)
        return {name: path for name, (_, path) in found.items()}

    def _named(self, name: str) -> str:
        return name[:1].upper() + name[1:] if self.capital else name

    def _plain(self, name: str) -> str:
        return name[:1].lower() + name[1:] if self.capital else name

    def _out(self, value: Any, at: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            return self.written(cast("Mapping[str, Any]", value), at)
        if isinstance(value, list):
            return [self._out(each, at) for each in cast("list[Any]", value)]
        return self.values.get(at[-1], {}).get(_spelt(value), value)

    def _in(self, value: Any, at: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            return self.read(cast("Mapping[str, Any]", value), at)
        if isinstance(value, list):
            return [self._in(each, at) for each in cast("list[Any]", value)]
        said = {written: neutral for neutral, written in self.values.get(at[-1], {}).items()}
        return said.get(_spelt(value), value)


def _spelt(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unsound(tree: object) -> str | None:
    """Why a tree of JSON cannot be kept and written on every wire, in French; None when it can.

    XML has no control character and no lone surrogate; depth and numbers are bounded.
    """
    waiting: list[tuple[int, object]] = [(0, tree)]
    while waiting:
        depth, value = waiting.pop()
        if depth > MAX_DEPTH:
            return f"plus de {MAX_DEPTH} niveaux"
        if isinstance(value, Mapping):
            held = cast("Mapping[str, object]", value)
            waiting.extend((depth + 1, each) for each in (*held, *held.values()))
        elif isinstance(value, list):
            waiting.extend((depth + 1, each) for each in cast("list[object]", value))
        elif isinstance(value, str) and _UNWRITABLE.search(value):
            return f"un caractère de contrôle dans {value[:30]!r}"
        elif isinstance(value, int | float) and abs(value) > MAX_NUMBER:
            return "un nombre démesuré"
    return None


def _put(tree: Tree, path: str, value: Any) -> None:
    *around, name = path.split("/")
    for step in around:
        tree = tree.setdefault(step, {})
    tree[name] = value


def _get(wire: Mapping[str, Any], path: str) -> Any:
    found: Any = wire
    for step in path.split("/"):
        if not isinstance(found, Mapping):
            return None
        found = cast("Mapping[str, Any]", found).get(step)
    return found
