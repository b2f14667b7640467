"""Frozen dataclasses read from objects of JSON, and written back, key by key.

A field names its key with :func:`key` (a value) or :func:`keys` (a list); its
annotation says what is read: text, whole number, boolean or another such class.
Numbers and booleans are also read from texts, and a lone value as a list of
one, for XML knows neither. Keys that no field names are left aside.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

T = TypeVar("T")
_KEY, _SAYS = "key", "says"
DATE, INSTANT = "date", "horodatage"
"""What a text says: an ISO date, or an ISO instant; wires may spell them otherwise."""
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class KeyedError(ValueError):
    """A value of another type than its key asks. Sentences are French."""

    def __init__(self, place: str, expected: str, found: object) -> None:
        super().__init__(f"{place} : {expected} attendu")
        self.place = place
        self.expected = expected
        self.found = _short(found)


@runtime_checkable
class Shaped(Protocol):
    """A class whose object has another shape at times."""

    @classmethod
    def shaped(cls, value: object) -> object:
        """The usual shape of a value."""
        ...

    def plain(self, written: dict[str, Any]) -> object:
        """The shape to write, from the usual one."""
        ...


def key(name: str, says: str = "") -> Any:
    """A field of one value, None when the key is absent or null."""
    return field(default=None, metadata={_KEY: name, _SAYS: says})


def keys(name: str, says: str = "") -> Any:
    """A field of a list of values, empty when the key is absent or null."""
    return field(default=(), metadata={_KEY: name, _SAYS: says})


@dataclass(frozen=True, slots=True)
class Part:
    """One key of a class: the field that holds it, the class of its values, whether a list."""

    name: str
    key: str
    holds: type
    several: bool
    says: str = ""
    """:data:`DATE`, :data:`INSTANT`, or nothing."""

    @property
    def scalar(self) -> bool:
        """Whether its values are texts, numbers or booleans."""
        return self.holds in (str, int, bool)


def read(cls: type[T], value: object, place: str = "") -> T:
    """Read an object. Raises KeyedError, whose place is ``lignes[2].quantite.valeur``."""
    if issubclass(cls, Shaped):
        value = cls.shaped(value)
    if not isinstance(value, Mapping):
        raise KeyedError(place or "message", "un objet", value)
    held = cast("Mapping[str, object]", value)
    found: dict[str, object] = {}
    for part in parts(cls):
        inside = f"{place}.{part.key}" if place else part.key
        taken = held.get(part.key)
        if taken is not None:
            reader = _list if part.several else _one
            found[part.name] = reader(part.holds, taken, inside)
    return cls(**found)


def write(made: object) -> Any:
    """The object of JSON: absent values of :func:`key` are left out, and empty lists too."""
    if not is_dataclass(made) or isinstance(made, type):
        return made
    written: dict[str, Any] = {}
    for part in parts(type(made)):
        value = getattr(made, part.name)
        if part.several and value:
            written[part.key] = [write(each) for each in value]
        elif not part.several and value is not None:
            written[part.key] = write(value)
    return made.plain(written) if isinstance(made, Shaped) else written


@cache
def parts(cls: type) -> tuple[Part, ...]:
    """The keys of a class, in the order of its fields."""
    hints = typing.get_type_hints(cls)
    return tuple(
        Part(each.name, told[_KEY], _bare(hints[each.name]),
             typing.get_origin(hints[each.name]) is tuple, told[_SAYS])
        for each in fields(cls)
        if _KEY in (told := each.metadata)
    )  # fmt: skip


def _bare(hint: Any) -> type:
    """``X`` of ``X | None`` and of ``tuple[X, ...]``."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union, tuple):
        return next(a for a in typing.get_args(hint) if a not in (type(None), Ellipsis))
    return hint


def _list(hint: type, value: object, place: str) -> tuple[object, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return (_one(hint, value, place),)
    several = cast("Sequence[object]", value)
    return tuple(_one(hint, each, f"{place}[{n}]") for n, each in enumerate(several, start=1))


def _one(hint: type, value: object, place: str) -> object:
    if hint is str:
        if isinstance(value, str):
            return value
        raise KeyedError(place, "un texte", value)
    if hint is bool:
        read_as = value if isinstance(value, bool) else _BOOLEANS.get(str(value))
        if read_as is None:
            raise KeyedError(place, "true ou false", value)
        return read_as
    if hint is int:
        return _whole(value, place)
    return read(hint, value, place)


def _whole(value: object, place: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise KeyedError(place, "un nombre entier", value)


def _short(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}…"
