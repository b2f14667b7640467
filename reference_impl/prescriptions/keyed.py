"""Frozen values from JSON and back, by the names that :func:`key` gives their fields.

A field of kind ``object`` is a code, an integer or a text.

Reading never fails: what a service sends is foreign matter. A value of another
type than its field's is taken for absent, keys nobody knows are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, field, fields
from typing import Any, ClassVar, Self


def key(name: str, kind: type = str) -> Any:
    """A field held under a JSON name; absent or null is None."""
    return field(default=None, metadata={"key": name, "kind": kind})


def keys(name: str, kind: type = str) -> Any:
    """A field that is a list in JSON, empty when it is absent."""
    return field(default=(), metadata={"key": name, "kind": kind, "many": True})


class Keyed:
    """A frozen dataclass whose fields say their JSON names."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read an object; anything else is one without keys."""
        held = value if isinstance(value, Mapping) else {}
        return cls(**{f.name: _read(f, held.get(f.metadata["key"])) for f in fields(cls)})

    @classmethod
    def from_bare(cls, value: object) -> Self | None:  # noqa: ARG003  for those that have one
        """Read a value that is no object; None when it means nothing."""
        return None

    def to_json(self) -> dict[str, Any]:
        """The object, without what is absent."""
        written = {f.metadata["key"]: _written(getattr(self, f.name)) for f in fields(self)}
        return {name: value for name, value in written.items() if value is not None}


def _read(told: Field[Any], value: object) -> Any:
    kind = told.metadata["kind"]
    if not told.metadata.get("many"):
        return _one(kind, value)
    several = value if isinstance(value, list) else [] if value is None else [value]
    read = (_one(kind, each) for each in several)
    return tuple(each for each in read if each is not None)


def _one(kind: type, value: object) -> Any:
    if value is None:
        return None
    if issubclass(kind, Keyed):
        return kind.from_json(value) if isinstance(value, Mapping) else kind.from_bare(value)
    if kind is bool:
        return {"true": True, "false": False}.get(str(value).lower())
    if kind is int:
        return _integer(value)
    if kind is object:
        # A code: a number when it is one, whatever way it came.
        number = _integer(value)
        return str(value) if number is None else number
    return str(value) if isinstance(value, str | int) else None


def _integer(value: object) -> int | None:
    # SOAP spells numbers as texts.
    try:
        return int(str(value))
    except ValueError:
        return None


def _written(value: Any) -> Any:
    if isinstance(value, Keyed):
        return value.to_json()
    return [_written(each) for each in value] if isinstance(value, tuple) else value
