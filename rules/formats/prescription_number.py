"""Identifiant unique of an e-prescription: 18 characters, four numbers in base 32.

Days since 2014-01-01, tenths of a second then milliseconds since local
midnight, and a number from 0 to 999 999. The layout fits the four published
numbers; nobody published it, nor the symbol of value 24 (Q or R). On a day of
clock change, « since midnight » may be the clock or the time elapsed: both are
instants of the number.

Source: SEL-SFG-023 as e-prescription.md §4 reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from rules.artefact import Artefact

ALPHABET = "0123456789ABCDEFGHJKLMNPRSTUWXYZ"
"""Symbols by value, 0 to 31; I, O and V are never used."""
UNSURE_VALUE = 24
UNSURE_SYMBOLS = ("R", "Q")
"""One of them is the symbol of value 24; a reader accepts both, we write the first."""
LENGTH = 18
EPOCH = date(2014, 1, 1)
ZONE = ZoneInfo("Europe/Paris")
MAX_TENTHS = 863_999
MAX_MILLISECONDS = 86_399_999
MAX_RANK = 999_999

_DAYS, _TENTHS, _MILLISECONDS, _RANK = slice(0, 4), slice(4, 8), slice(8, 14), slice(14, 18)
_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)} | dict.fromkeys(
    UNSURE_SYMBOLS, UNSURE_VALUE
)
_SHAPE = re.compile(rf"[{ALPHABET}Q]{{{LENGTH}}}", re.ASCII)


class NumberFlaw(StrEnum):
    """Why a text is no number of an e-prescription."""

    LENGTH = "longueur"
    ALPHABET = "alphabet"
    RANGE = "borne"
    DATE = "date"


class NumberError(ValueError):
    """A text that is no number; ``place`` counts characters from 1. Sentences are French."""

    def __init__(self, flaw: NumberFlaw, place: str, expected: str, found: str) -> None:
        super().__init__(f"{place} : {expected} attendu, {found} trouvé")
        self.flaw = flaw
        self.place = place
        self.expected = expected
        self.found = found


@dataclass(frozen=True)
class CarriedNumber(Artefact):
    """The number of an e-prescription as a message, a symbol or a page gives it."""

    label: ClassVar[str] = "Numéro d'ordonnance"
    text: str
    place: str = "numéro"

    @property
    def number(self) -> PrescriptionNumber | None:
        """What it says; None when it is no number."""
        try:
            return decode(self.text)
        except NumberError:
            return None


@dataclass(frozen=True, slots=True, order=True)
class PrescriptionNumber:
    """The four numbers, in the order that the text sorts by."""

    days: int
    tenths: int
    milliseconds: int
    rank: int
    symbol: str = UNSURE_SYMBOLS[0]
    """The one written for value 24."""

    @property
    def date(self) -> date:
        """Local day on which it was made."""
        return EPOCH + timedelta(days=self.days)

    @property
    def time(self) -> time:
        """Local time, to the millisecond, as a clock reads it on an ordinary day."""
        seconds, milliseconds = divmod(self.milliseconds, 1000)
        minutes, second = divmod(seconds, 60)
        return time(*divmod(minutes, 60), second, milliseconds * 1000)

    @property
    def consistent(self) -> bool:
        """Whether tenths and milliseconds are one instant, rounded either way."""
        return abs(self.tenths - self.milliseconds // 100) <= 1

    @property
    def instants(self) -> tuple[datetime, ...]:
        """Every instant (UTC) it may mean: one, or two or three on a day of clock change."""
        midnight = datetime.combine(self.date, time(), ZONE)
        clock = datetime.combine(self.date, self.time, ZONE)
        elapsed = midnight.astimezone(UTC) + timedelta(milliseconds=self.milliseconds)
        read = {clock.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
        return tuple(sorted(read | {elapsed}))

    def __str__(self) -> str:
        """The 18 characters."""
        widths = ((self.days, 4), (self.tenths, 4), (self.milliseconds, 6), (self.rank, 4))
        text = "".join(_written(value, width) for value, width in widths)
        return text.replace(UNSURE_SYMBOLS[0], self.symbol)

    def said(self) -> str:
        """``12/03/2026 à 10:21:07,345, rang 101``."""
        return (
            f"{self.date:%d/%m/%Y} à {self.time:%H:%M:%S},"
            f"{self.milliseconds % 1000:03d}, rang {self.rank}"
        )


def decode(text: str, *, not_after: date | None = None) -> PrescriptionNumber:
    """Read the 18 characters. Raises NumberError: length, alphabet, range, then date.

    ``not_after`` is the last local day that the number may say.
    """
    _require_symbols(text)
    number = PrescriptionNumber(
        days=_read(text[_DAYS]),
        tenths=_bounded(text, _TENTHS, "dixièmes de seconde depuis minuit", MAX_TENTHS),
        milliseconds=_bounded(text, _MILLISECONDS, "millisecondes depuis minuit", MAX_MILLISECONDS),
        rank=_bounded(text, _RANK, "rang", MAX_RANK),
        symbol="Q" if "Q" in text else UNSURE_SYMBOLS[0],
    )
    if not_after is not None and number.date > not_after:
        raise NumberError(
            NumberFlaw.DATE,
            f"{_named(_DAYS)} (jours depuis le 01/01/2014)",
            f"au plus le {not_after:%d/%m/%Y}",
            f"{number.date:%d/%m/%Y}",
        )
    return number


def encode(
    moment: datetime, rank: int, *, symbol: str = UNSURE_SYMBOLS[0], elapsed: bool = False
) -> PrescriptionNumber:
    """The number of an instant; a naive one is the local clock.

    ``elapsed`` counts the time gone since midnight instead of reading the clock,
    which differs on days of clock change only. Raises NumberError when the
    instant or the rank cannot be written.
    """
    local = moment.astimezone(ZONE) if moment.tzinfo else moment.replace(tzinfo=ZONE)
    if local.date() < EPOCH:
        raise NumberError(
            NumberFlaw.DATE, _named(_DAYS), "le 01/01/2014 ou après", f"{local:%d/%m/%Y}"
        )
    midnight = datetime.combine(local.date(), time(), ZONE)
    if elapsed:
        since = local.astimezone(UTC) - midnight.astimezone(UTC)
    else:
        since = local.replace(tzinfo=None) - midnight.replace(tzinfo=None)
    milliseconds = since // timedelta(milliseconds=1)
    for value, limit, place in (
        (milliseconds, MAX_MILLISECONDS, _MILLISECONDS),
        (rank, MAX_RANK, _RANK),
    ):
        if not 0 <= value <= limit:
            raise NumberError(NumberFlaw.RANGE, _named(place), f"0 à {limit}", str(value))
    return PrescriptionNumber(
        (local.date() - EPOCH).days, milliseconds // 100, milliseconds, rank, symbol
    )


def is_number(text: str) -> bool:
    """Whether a text has the shape of a number: length and alphabet."""
    return bool(_SHAPE.fullmatch(text))


def _require_symbols(text: str) -> None:
    for position, symbol in enumerate(text[:LENGTH], start=1):
        if symbol not in _VALUES:
            raise NumberError(
                NumberFlaw.ALPHABET,
                f"caractère {position}",
                "un chiffre ou une majuscule sans accent autre que I, O et V",
                repr(symbol),
            )
    if len(text) != LENGTH:
        raise NumberError(
            NumberFlaw.LENGTH, "numéro", f"{LENGTH} caractères", f"{len(text)} caractères"
        )
    if set(UNSURE_SYMBOLS) <= set(text):
        raise NumberError(
            NumberFlaw.ALPHABET,
            f"caractère {max(text.index(s) for s in UNSURE_SYMBOLS) + 1}",
            "un seul des symboles Q et R : l'alphabet n'a que 32 symboles",
            "les deux",
        )


def _bounded(text: str, place: slice, name: str, limit: int) -> int:
    value = _read(text[place])
    if value > limit:
        raise NumberError(
            NumberFlaw.RANGE,
            f"{_named(place)} ({name})",
            f"au plus {limit} ({_written(limit, len(text[place]))})",
            f"{value} ({text[place]})",
        )
    return value


def _named(place: slice) -> str:
    return f"caractères {place.start + 1} à {place.stop}"


def _read(text: str) -> int:
    value = 0
    for symbol in text:
        value = value * 32 + _VALUES[symbol]
    return value


def _written(value: int, width: int) -> str:
    symbols: list[str] = []
    for _ in range(width):
        value, digit = divmod(value, 32)
        symbols.append(ALPHABET[digit])
    return "".join(reversed(symbols))
