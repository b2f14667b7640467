"""Trace files of a product, for what they must not hold: the code of a phone, a NIR.

Source: sheet ``apcv`` §9 (AV-18).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from rules.artefact import Artefact
from rules.formats.apcv import START
from rules.formats.base45 import ALPHABET
from rules.formats.numbers import ins_key

_STAMPED = re.compile(
    r"\W?(?:\d{4}-\d\d-\d\d[T ]|\d\d[/.-]\d\d[/.-]\d{4},? |[A-Z][a-z]{2} [ \d]\d )\d\d:\d\d"
)
_MOST = 20
"""Lines looked at to tell a trace: the first ones may be a banner."""
_CODE = re.compile(rf"{re.escape(START)}[{re.escape(ALPHABET)}]{{45,}}", re.IGNORECASE)
_NIR = re.compile(r"(?<![\w-])([1-478] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3}) ?(\d\d)(?![\w-])")


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that a trace should not hold. ``line`` counts from 1; ``what`` is French."""

    line: int
    what: str


@dataclass(frozen=True)
class SoftwareTraces(Artefact):
    """The lines that a product writes of what it does."""

    label: ClassVar[str] = "Traces du logiciel"
    text: str

    @cached_property
    def leaks(self) -> tuple[Leak, ...]:
        """Codes scanned, and NIR whose key is right, in order. Nothing of them is repeated."""
        lines = enumerate(self.text.splitlines(), 1)
        return tuple(Leak(number, what) for number, line in lines for what in _held(line))


def _held(line: str) -> Iterator[str]:
    if _CODE.search(line):
        yield "le texte du QR code"
    for found in _NIR.finditer(_CODE.sub("", line)):
        if ins_key(found[1].replace(" ", "")) == found[2]:
            yield "un NIR"


def is_traces(text: str) -> bool:
    """Whether lines of a text begin with an instant, as those of a trace do."""
    lines = text.splitlines()[:_MOST]
    return any(_STAMPED.match(line) for line in lines)
