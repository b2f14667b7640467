"""Values of a CDA header: identifiers, codes, instants, names, contacts.

Each value keeps the element it was read from, so that a finding can say its
place. Source: CDA R2 data types as CI-SIS « Structuration minimale » narrows
them (cda.md §1.10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property

from lxml import etree

from rules.context import OID_INS_NIA, OID_INS_NIR, OID_INS_NIR_DEMO, OID_INS_NIR_TEST
from rules.xml import place_of, text_of

HL7 = "urn:hl7-org:v3"
ROOT_PROFESSIONAL = "1.2.250.1.71.4.2.1"
ROOT_STRUCTURE = "1.2.250.1.71.4.2.2"
ROOT_DMP_CUSTODIAN = "1.2.250.1.213.4.1"
INS_ROOTS = frozenset({OID_INS_NIR, OID_INS_NIA, OID_INS_NIR_TEST, OID_INS_NIR_DEMO})

_TIMESTAMP = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d+)?([+-]\d{4})?")
_OFFSET = re.compile(r".*[+-]\d{4}")


def find(parent: etree._Element | None, path: str) -> etree._Element | None:
    """First element at a slash-separated path of HL7 local names, or None."""
    return next(find_all(parent, path), None)


def find_all(parent: etree._Element | None, path: str) -> Iterator[etree._Element]:
    """Every element at a slash-separated path of HL7 local names."""
    if parent is not None:
        yield from parent.iterfind("/".join(f"{{{HL7}}}{name}" for name in path.split("/")))


def attribute(element: etree._Element | None, name: str) -> str | None:
    """Value of an attribute, None when the element or the attribute is absent."""
    value = None if element is None else element.get(name)
    return None if value is None else str(value)


@dataclass(frozen=True)
class Node:
    """A value with the element it was read from."""

    element: etree._Element = field(repr=False, compare=False)

    @cached_property
    def place(self) -> str:
        """XPath of the element."""
        return place_of(self.element)

    @property
    def null_flavor(self) -> str | None:
        """The nullFlavor of the element, if any."""
        return attribute(self.element, "nullFlavor")


@dataclass(frozen=True)
class Identifier(Node):
    """An II: ``root`` (OID or UUID) and optional ``extension``."""

    root: str | None
    extension: str | None

    @classmethod
    def read(cls, element: etree._Element) -> Identifier:
        """Read an ``id``, ``setId`` or ``templateId`` element."""
        return cls(element, attribute(element, "root"), attribute(element, "extension"))

    @property
    def text(self) -> str:
        """``root`` or ``root^extension``: the XDS uniqueId form (mssante.md §5.2)."""
        return f"{self.root or ''}^{self.extension}" if self.extension else self.root or ""


@dataclass(frozen=True)
class Coded(Node):
    """A coded value; ``code_system`` is an OID."""

    code: str | None
    code_system: str | None
    display_name: str | None

    @classmethod
    def read(cls, element: etree._Element) -> Coded:
        """Read an element that carries ``code``, ``codeSystem``, ``displayName``."""
        return cls(
            element,
            attribute(element, "code"),
            attribute(element, "codeSystem"),
            attribute(element, "displayName"),
        )


@dataclass(frozen=True)
class Instant(Node):
    """A TS: ``AAAA[MM[JJ[hh[mm[ss]]]]][+/-zzzz]``."""

    value: str | None

    @classmethod
    def read(cls, element: etree._Element) -> Instant:
        """Read an element that carries ``value``."""
        return cls(element, attribute(element, "value"))

    @property
    def has_offset(self) -> bool:
        """Whether the value says its offset from UTC."""
        return bool(self.value and _OFFSET.fullmatch(self.value))

    @property
    def well_formed(self) -> bool:
        """Whether the value is a possible instant, of any precision."""
        return self._naive is not None

    @property
    def moment(self) -> datetime | None:
        """The aware instant; None when unreadable or without offset."""
        naive, match = self._naive, _TIMESTAMP.fullmatch(self.value or "")
        offset = match.group(7) if match else None
        if naive is None or offset is None:
            return None
        minutes = int(offset[1:3]) * 60 + int(offset[3:5])
        shift = timedelta(minutes=minutes if offset[0] == "+" else -minutes)
        try:
            return naive.replace(tzinfo=timezone(shift))
        except ValueError:
            return None

    @property
    def utc(self) -> str | None:
        """``AAAAMMJJhhmmss`` in UTC, the form of XDS metadata (dmp.md §9.2)."""
        moment = self.moment
        try:
            return None if moment is None else f"{moment.astimezone(UTC):%Y%m%d%H%M%S}"
        except OverflowError:
            return None

    @property
    def _naive(self) -> datetime | None:
        match = _TIMESTAMP.fullmatch(self.value or "")
        if match is None:
            return None
        defaults = ("", "01", "01", "00", "00", "00")
        parts = [
            int(got or default) for got, default in zip(match.groups(), defaults, strict=False)
        ]
        try:
            return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            return None


@dataclass(frozen=True)
class NamePart(Node):
    """A ``family``, ``given``, ``prefix`` or ``suffix`` with its qualifier."""

    text: str
    qualifier: str | None


@dataclass(frozen=True)
class Name(Node):
    """The name of a person, as parts in order."""

    families: tuple[NamePart, ...]
    givens: tuple[NamePart, ...]
    prefixes: tuple[NamePart, ...]
    suffixes: tuple[NamePart, ...]

    @classmethod
    def read(cls, element: etree._Element) -> Name:
        """Read a ``name`` element."""
        return cls(element, *(_parts(element, n) for n in ("family", "given", "prefix", "suffix")))

    def family(self, qualifier: str | None = None) -> str | None:
        """Text of the first family part with a qualifier (None: without one)."""
        return _with(self.families, qualifier)

    def given(self, qualifier: str | None = None) -> str | None:
        """Text of the first given part with a qualifier (None: without one)."""
        return _with(self.givens, qualifier)


def _parts(element: etree._Element, kind: str) -> tuple[NamePart, ...]:
    return tuple(
        NamePart(part, text_of(part) or "", attribute(part, "qualifier"))
        for part in find_all(element, kind)
    )


def _with(parts: tuple[NamePart, ...], qualifier: str | None) -> str | None:
    return next((p.text for p in parts if p.qualifier == qualifier and p.text), None)


def identifiers(element: etree._Element | None, path: str = "id") -> tuple[Identifier, ...]:
    """Identifiers at a path under an element."""
    return tuple(Identifier.read(e) for e in find_all(element, path))


def coded(element: etree._Element | None, path: str) -> Coded | None:
    """The coded value at a path, or None."""
    found = find(element, path)
    return None if found is None else Coded.read(found)


def instant(element: etree._Element | None, path: str) -> Instant | None:
    """The instant at a path, or None."""
    found = find(element, path)
    return None if found is None else Instant.read(found)


def name(element: etree._Element | None, path: str) -> Name | None:
    """The name at a path, or None."""
    found = find(element, path)
    return None if found is None else Name.read(found)
