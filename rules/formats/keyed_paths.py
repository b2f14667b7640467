"""Moving messages between the neutral tree and that of a wire, as tables say.

A table maps a neutral path (``patient.nomNaissance``) to where the wire holds it
(``Patient/Identite/nomFamille``), relative to the object around. The longest
path that ends like the place wins: ``patient.nomNaissance`` also serves inside
``ordonnance``. A key without path keeps its name, or takes a capital.

``validite.1`` is the first value of a list, told apart from the others, beside the
list. Another table changes the values of a neutral key, or path, one for one
(booleans are spelt ``true`` and ``false``); a third joins a list in one text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from rules.formats.keyed import DATE, INSTANT, Part, Shaped, parts
from rules.formats.spellings import SpellingError, Spellings

Tree = dict[str, Any]
Place = tuple[str, ...]
V = TypeVar("V")
MAX_DEPTH = 40
MAX_NUMBER = 10**15
TEXT = "#"
"""Where a tree of XML holds the text of an element that has attributes."""
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Paths:
    """How one kind of message crosses a wire. ``cls`` is the class of the message."""

    cls: type | None = None
    table: Mapping[str, str] = field(default_factory=dict[str, str])
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    joined: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a list written as one text, what separates its values."""
    capital: bool = False
    """Whether the wire writes a key without path with its first letter upper case."""
    spellings: Spellings = field(default_factory=Spellings)

    def written(self, neutral: Mapping[str, Any]) -> Tree:
        """The tree of the wire. Absent values (null) are left out."""
        return self._written(neutral, self.cls, ())

    def read(self, wire: Mapping[str, Any]) -> Tree:
        """The neutral tree; keys that no table takes are kept. Raises SpellingError."""
        return self._read(wire, self.cls, ())

    def knows(self, name: str) -> bool:
        """Whether the message has a key of this name."""
        return name in _known(self.cls)

    def _written(self, neutral: Mapping[str, Any], cls: type | None, at: Place) -> Tree:
        tree: Tree = {}
        moved, known = self._moved(at), _known(cls)
        for name, value in neutral.items():
            if value is None:
                continue
            part, place = known.get(name), (*at, name)
            ranks = _ranks(self._moved(place))
            if ranks and isinstance(value, list):
                for rank, each in enumerate(cast("list[Any]", value), start=1):
                    if rank in ranks:
                        put_at(tree, ranks[rank], self._out(each, part, place))
                continue
            put_at(tree, moved.get(name) or self._named(name), self._out(value, part, place))
        return tree

    def _read(self, wire: Mapping[str, Any], cls: type | None, at: Place) -> Tree:
        moved, known = self._moved(at), _known(cls)
        moved = {name: path for name, path in moved.items() if not name.isdigit()}
        ranked = {n: r for n in known if (r := _ranks(self._moved((*at, n))))}
        taken = {p.split("/", 1)[0] for p in moved.values()}
        taken |= {p.split("/", 1)[0] for ranks in ranked.values() for p in ranks.values()}
        neutral: Tree = {}
        for written, value in wire.items():
            name = self._plain(written)
            if written not in taken and name not in moved and name not in ranked:
                neutral[name] = self._in(value, known.get(name), (*at, name))
        for name, path in moved.items():
            value = held_at(wire, path)
            if value is not None:
                neutral[name] = self._in(value, known.get(name), (*at, name))
        for name, ranks in ranked.items():
            held = [held_at(wire, ranks[rank]) for rank in sorted(ranks)]
            if any(each is not None for each in held):
                kept = ["" if each is None else each for each in held]
                neutral[name] = self._in(kept, known.get(name), (*at, name))
        return {name: value for name, value in neutral.items() if value is not None}

    def _moved(self, at: Place) -> dict[str, str]:
        """The keys that an object at a place holds elsewhere."""
        found: dict[str, tuple[int, str]] = {}
        for place, path in self.table.items():
            *around, name = place.split(".")
            depth = len(around)
            fits = depth <= len(at) and tuple(around) == at[len(at) - depth :]
            if fits and depth >= found.get(name, (-1, ""))[0]:
                found[name] = (depth, path)
        return {name: path for name, (_, path) in found.items()}

    def _named(self, name: str) -> str:
        return name[:1].upper() + name[1:] if self.capital else name

    def _plain(self, name: str) -> str:
        return name[:1].lower() + name[1:] if self.capital else name

    def _out(self, value: Any, part: Part | None, at: Place) -> Any:
        if isinstance(value, list):
            several = [self._out(each, part, at) for each in cast("list[Any]", value)]
            separator = _nearest(self.joined, at)
            return several if separator is None else separator.join(map(str, several))
        if part is not None and not part.scalar and not isinstance(value, Mapping):
            # A bare quantity takes the shape that the table tells of.
            shaped = issubclass(part.holds, Shaped) and self._moved(at)
            value = part.holds.shaped(value) if shaped and issubclass(part.holds, Shaped) else value
        if isinstance(value, Mapping):
            cls = part.holds if part and not part.scalar else None
            return self._written(cast("Mapping[str, Any]", value), cls, at)
        table = _nearest(self.values, at)
        if table is not None:
            return table.get(_spelt(value), value)
        return self._spelt_out(value, part)

    def _in(self, value: Any, part: Part | None, at: Place) -> Any:
        separator = _nearest(self.joined, at)
        if separator is not None and isinstance(value, str):
            value = [each for each in value.split(separator or None) if each]
        if isinstance(value, list):
            held = [self._one_in(each, part, at) for each in cast("list[Any]", value)]
            return [each for each in held if each is not None]
        return self._one_in(value, part, at)

    def _one_in(self, value: Any, part: Part | None, at: Place) -> Any:
        if isinstance(value, list):
            return cast("list[Any]", value)  # a list of lists: who reads it will say so
        if part is not None and part.scalar and isinstance(value, Mapping):
            value = _text_of(cast("Mapping[str, Any]", value))
        if value is None or (part is not None and not part.scalar and value == ""):
            return None  # an empty element where an object is due says nothing
        if isinstance(value, Mapping):
            cls = part.holds if part and not part.scalar else None
            return self._read(cast("Mapping[str, Any]", value), cls, at)
        table = _nearest(self.values, at)
        if table is not None:
            said = {written: neutral for neutral, written in table.items()}
            return said.get(_spelt(value), value)
        return self._spelt_in(value, part, at)

    def _spelt_out(self, value: Any, part: Part | None) -> Any:
        if part is None:
            return value
        if part.holds is bool:
            return self.spellings.boolean_out(value)
        if isinstance(value, str) and part.says == DATE:
            return self.spellings.date_out(value)
        if isinstance(value, str) and part.says == INSTANT:
            return self.spellings.instant_out(value)
        return value

    def _spelt_in(self, value: Any, part: Part | None, at: Place) -> Any:
        if part is None:
            return value
        try:
            if part.holds is bool:
                return self.spellings.boolean_in(value)
            if isinstance(value, str) and part.says == DATE:
                return self.spellings.date_in(value)
            if isinstance(value, str) and part.says == INSTANT:
                return self.spellings.instant_in(value)
        except SpellingError as error:
            error.place = ".".join(at)
            raise
        return value


def places(cls: type, at: Place = ()) -> Iterator[tuple[Place, Part]]:
    """Every key that a message may hold, at any depth."""
    for part in parts(cls):
        yield (*at, part.key), part
        if not part.scalar:
            yield from places(part.holds, (*at, part.key))


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


def _known(cls: type | None) -> dict[str, Part]:
    return {} if cls is None else {part.key: part for part in parts(cls)}


def _ranks(moved: Mapping[str, str]) -> dict[int, str]:
    """Where the values of a list are, told one by one; empty when they are not."""
    return {int(name): path for name, path in moved.items() if name.isdigit()}


def _nearest(table: Mapping[str, V], at: Place) -> V | None:
    """What a table says of a place: by its longest end."""
    ends = (".".join(at[rank:]) for rank in range(len(at)))
    return next((table[end] for end in ends if end in table), None)


def _text_of(held: Mapping[str, Any]) -> Any:
    """The text of an element whose attributes nobody asked for; None when it is nil."""
    if all(name == TEXT or name.startswith("@") for name in held):
        return held.get(TEXT)
    return held


def _spelt(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def put_at(tree: Tree, path: str, value: Any) -> None:
    """Put a value where a path says, beside what is there."""
    *around, name = path.split("/")
    for step in around:
        tree = tree.setdefault(step, {})
    held = tree.get(name)
    if isinstance(held, dict) and isinstance(value, dict):
        held.update(value)
    else:
        tree[name] = value


def held_at(wire: Mapping[str, Any], path: str) -> Any:
    """What a tree holds where a path says, or None."""
    found: Any = wire
    for step in path.split("/"):
        if isinstance(found, Mapping):
            found = cast("Mapping[str, Any]", found).get(step)
        elif step != TEXT or not isinstance(found, str):
            return None  # an element without attribute is its text
    return found
