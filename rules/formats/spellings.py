"""How a wire spells booleans, dates and instants, against ISO and true/false.

A pattern is made of ``AAAA``, ``MM``, ``JJ``, ``hh``, ``mm``, ``ss``, ``sss`` (milliseconds),
``zz`` (``+0100``, ``+01:00`` or ``Z``) and of the signs between them. An instant
without ``zz`` is in the time of Paris. Digits are not judged here: a month 00 passes,
for a date of birth may have one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
_TOKENS = {
    "AAAA": r"(?P<AAAA>[0-9]{4})", "MM": r"(?P<MM>[0-9]{2})", "JJ": r"(?P<JJ>[0-9]{2})",
    "hh": r"(?P<hh>[0-9]{2})", "mm": r"(?P<mm>[0-9]{2})", "sss": r"(?P<sss>[0-9]{3})",
    "ss": r"(?P<ss>[0-9]{2})", "zz": r"(?P<zz>Z|[+-][0-9]{2}:?[0-9]{2})",
}  # fmt: skip
_TOKEN = re.compile("|".join(_TOKENS))
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
DAY, MINUTE = ("AAAA", "MM", "JJ"), ("AAAA", "MM", "JJ", "hh", "mm")
"""What a pattern of a date, and of an instant, must have."""


class SpellingError(ValueError):
    """A value that is not spelt as its wire says. Sentences are French."""

    def __init__(self, expected: str, found: object) -> None:
        super().__init__(f"{expected} attendu")
        self.expected = expected
        self.found = repr(found)[:60]
        self.place = ""


@dataclass(frozen=True)
class Spellings:
    """What a wire writes; nothing said, it writes ISO and ``true``."""

    booleans: Mapping[str, str] = field(default_factory=dict[str, str])
    """``true`` and ``false`` to what is written."""
    date: str = ""
    instant: str = ""

    def boolean_out(self, value: object) -> object:
        """What the wire writes of a boolean."""
        return self.booleans.get(str(value).lower(), value)

    def boolean_in(self, value: object) -> object:
        """A boolean of the wire. Raises SpellingError."""
        if not self.booleans:
            return value
        for neutral, written in self.booleans.items():
            if str(value) == written:
                return neutral == "true"
        raise SpellingError(" ou ".join(f"« {each} »" for each in self.booleans.values()), value)

    def date_out(self, iso: str) -> str:
        """What the wire writes of a date; what is no ISO date is left as it is."""
        found = _ISO.fullmatch(iso)
        if not self.date or found is None:
            return iso
        return _filled(self.date, dict(zip(DAY, found.groups(), strict=True)))

    def date_in(self, text: str) -> str:
        """The ISO date of a text of the wire. Raises SpellingError."""
        if not self.date or not text:
            return text
        found = _pattern(self.date).fullmatch(text)
        if found is None:
            raise SpellingError(f"une date {self.date}", text)
        return "-".join(found[each] for each in DAY)

    def instant_out(self, iso: str) -> str:
        """What the wire writes of an instant; what is no ISO instant is left as it is."""
        try:
            at = datetime.fromisoformat(iso)
        except ValueError:
            return iso
        if not self.instant:
            return iso
        if "zz" not in self.instant and at.tzinfo is not None:
            at = at.astimezone(ZONE)
        offset = f"{at:%z}" or "Z"
        return _filled(self.instant, {
            "AAAA": f"{at.year:04d}", "MM": f"{at:%m}", "JJ": f"{at:%d}", "hh": f"{at:%H}",
            "mm": f"{at:%M}", "ss": f"{at:%S}", "sss": f"{at.microsecond // 1000:03d}",
            "zz": offset,
        })  # fmt: skip

    def instant_in(self, text: str) -> str:
        """The ISO instant of a text of the wire. Raises SpellingError."""
        if not self.instant or not text:
            return text
        found = _pattern(self.instant).fullmatch(text)
        if found is None:
            raise SpellingError(f"un instant {self.instant}", text)
        told = {"ss": "00", **found.groupdict()}
        thousandths = f".{told['sss']}" if "sss" in told else ""
        written = "{AAAA}-{MM}-{JJ}T{hh}:{mm}:{ss}".format(**told) + thousandths
        return f"{written}{_offset(written, told.get('zz'))}"


def _offset(written: str, zone: str | None) -> str:
    if zone is not None:
        return "+00:00" if zone == "Z" else f"{zone[:3]}:{zone[-2:]}"
    try:
        told = f"{datetime.fromisoformat(written).replace(tzinfo=ZONE):%z}"
    except ValueError:
        return ""  # no day of the calendar: who reads it will say so
    return f"{told[:3]}:{told[3:]}"


def missing(pattern: str, wanted: tuple[str, ...]) -> str | None:
    """The first part that a pattern lacks."""
    found = _TOKEN.findall(pattern)
    return next((each for each in wanted if found.count(each) != 1), None)


def _filled(pattern: str, told: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda found: told.get(found[0], ""), pattern)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    made, at = "", 0
    for found in _TOKEN.finditer(pattern):
        made += re.escape(pattern[at : found.start()]) + _TOKENS[found[0]]
        at = found.end()
    return re.compile(made + re.escape(pattern[at:]), re.ASCII)
