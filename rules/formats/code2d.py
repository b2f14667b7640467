"""The Code 2D of an ordonnance: one JSON object in a QR code.

``{"S":{"V":2},"D":{"ID":…,"P":{"N":…,"P":…,"D":…},"M":{"RPPS":…,"RPPS2":…,"AM":…}}}``,
keys in that order, no white space between tokens, names padded with spaces to
90 characters, RPPS2 only when there is a remplaçant.

Source: picture published by the Dev Box santé, decoded (e-prescription.md §5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, cast

from rules.artefact import Artefact, MalformedError
from rules.findings import Finding
from rules.formats.prescription_number import CarriedNumber
from rules.formats.symbols import Symbol

CHECK_ID = "EP-07"
VERSION = 2
PADDED = 90
"""Characters of a name, spaces included."""
SECOND_RPPS = ("D", "M", "RPPS2")
PATHS: tuple[tuple[str, ...], ...] = (
    ("S", "V"),
    ("D", "ID"),
    ("D", "P", "N"),
    ("D", "P", "P"),
    ("D", "P", "D"),
    ("D", "M", "RPPS"),
    SECOND_RPPS,
    ("D", "M", "AM"),
)
"""Every value, in the order it is written."""
_CLAIM = re.compile(rb'\s*\{\s*"(?:S|D)"\s*:\s*\{')
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
MAX_TEXT = 4296
"""Characters of the largest QR code."""


class TwiceError(ValueError):
    """A key written twice in one object."""


@dataclass(frozen=True)
class Code2D(Artefact):
    """A Code 2D that is JSON, from a text or from a symbol."""

    label: ClassVar[str] = "Code 2D"
    text: str
    content: Mapping[str, object] = field(repr=False)
    symbol: Symbol | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, data: bytes | str, symbol: Symbol | None = None) -> Code2D:
        """Read a text. Raises MalformedError (EP-07) when it is no JSON object."""
        text = data if isinstance(data, str) else _decoded(data)
        try:
            content = json.loads(text[: MAX_TEXT + 1], object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise _malformed(_said(error)) from error
        if not isinstance(content, dict):
            raise _malformed(type(cast("object", content)).__name__)
        return cls(text, content, symbol)

    def value(self, *path: str) -> object:
        """The value under nested keys, None when one is absent."""
        found: object = self.content
        for name in path:
            held = found if isinstance(found, dict) else cast("dict[str, object]", {})
            found = held.get(name)
        return found

    def words(self, *path: str) -> str:
        """A text under nested keys, without its padding; ``""`` when it is absent."""
        found = self.value(*path)
        return found.rstrip(" ") if isinstance(found, str) else ""

    @property
    def number(self) -> str:
        """D.ID, the number of the e-prescription."""
        return self.words("D", "ID")

    @property
    def birth_name(self) -> str:
        """D.P.N."""
        return self.words("D", "P", "N")

    @property
    def given_name(self) -> str:
        """D.P.P."""
        return self.words("D", "P", "P")

    @property
    def birth_date(self) -> str:
        """D.P.D, ``AAAA-MM-JJ``."""
        return self.words("D", "P", "D")

    @property
    def rpps(self) -> str:
        """D.M.RPPS, 11 digits."""
        return self.words("D", "M", "RPPS")

    @property
    def second_rpps(self) -> str | None:
        """D.M.RPPS2, None without remplaçant."""
        return self.words(*SECOND_RPPS) if self.value(*SECOND_RPPS) is not None else None

    @property
    def am(self) -> str:
        """D.M.AM, 9 digits."""
        return self.words("D", "M", "AM")

    @cached_property
    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The paths of its values, in the order they are written."""
        return tuple(_paths(self.content))

    @property
    def compact(self) -> str:
        """The same object without white space between tokens."""
        return json.dumps(self.content, separators=(",", ":"), ensure_ascii=False)

    @property
    def escaped(self) -> bool:
        """Whether escape sequences alone tell it from :attr:`compact`: the same JSON."""
        return "\\" in self.text and not any(map(str.isspace, _STRINGS.sub("", self.text)))

    def place(self, *path: str) -> str:
        """``D.P.N``, with the place of the symbol when there is one."""
        name = ".".join(path)
        return f"{self.symbol.place}, {name}" if self.symbol else name

    def parts(self) -> Iterable[Artefact]:
        """Its number."""
        if self.number:
            yield CarriedNumber(self.number, self.place("D", "ID"))


def is_code2d(data: bytes) -> bool:
    """Whether octets claim to be a Code 2D."""
    return bool(_CLAIM.match(data[:40]))


def code2d_text(
    number: str,
    names: tuple[str, str, str],
    rpps: str,
    am: str,
    second_rpps: str | None = None,
) -> str:
    """The text of a Code 2D; ``names`` are nom, prénom and date of birth (ISO).

    Names longer than 90 characters are cut: the Code 2D alone has that limit.
    """
    family, given, born = names
    patient = {"N": _padded(family), "P": _padded(given), "D": born}
    people = {"RPPS": rpps, **({"RPPS2": second_rpps} if second_rpps else {}), "AM": am}
    content = {"S": {"V": VERSION}, "D": {"ID": number, "P": patient, "M": people}}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class Code2DPicture(Artefact):
    """The Code 2D that a picture shows, and why others cannot be read."""

    label: ClassVar[str] = "Image"
    codes: tuple[Code2D, ...]
    flaws: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, symbols: Iterable[Symbol]) -> Code2DPicture:
        """Sort symbols: those that do not begin like a Code 2D are left aside."""
        read: list[Code2D] = []
        flaws: list[Finding] = []
        for symbol in symbols:
            if not is_code2d(symbol.data):
                continue
            try:
                read.append(Code2D.parse(symbol.data, symbol))
            except MalformedError as error:
                flaws.append(error.finding)
        return cls(tuple(read), tuple(flaws))

    def parts(self) -> Iterable[Artefact]:
        """Each Code 2D."""
        return self.codes

    def problems(self) -> Iterable[Finding]:
        """Those that could not be read."""
        return self.flaws


def _decoded(data: bytes) -> str:
    """No ECI tells the encoding of names: UTF-8, else the Latin-1 that is the default of a QR."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise TwiceError(name)
        found[name] = value
    return found


def _paths(held: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in held.items():
        if isinstance(value, dict):
            yield from _paths(cast("dict[str, object]", value), (*above, name))
        else:
            yield (*above, name)


def _padded(name: str) -> str:
    return name[:PADDED].ljust(PADDED)


def _said(error: Exception) -> str:
    return f"la clé {error} deux fois" if isinstance(error, TwiceError) else str(error)[:80]


def _malformed(found: str) -> MalformedError:
    return MalformedError(
        CHECK_ID,
        "texte du Code 2D",
        "un objet JSON",
        found,
        'Écrire dans le Code 2D un seul objet JSON bien formé : {"S":{"V":2},"D":{…}}.',
        artefact=Code2D.label,
    )
