"""The number of an e-prescription, 18 characters, made here before the service is called.

Days since 01/01/2014 (4), tenths of a second since midnight (4), milliseconds
since midnight (6), rank (4), each in base 32 and padded with zeros. The time is
that of clocks in Paris. Source: sheet e-prescription §4 (analysis of published
numbers; the symbol of value 24, R or Q, is not confirmed: it is a setting).
"""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from reference_impl.ids import SeededIds
from reference_impl.prescriptions.settings import Symbol24
from reference_impl.store import Store, settings

SYMBOLS = "0123456789ABCDEFGHJKLMNPRSTUWXYZ"
ROOT = "1.2.250.1.215.500.1.1"
"""OID of the numbers in a CDA (arc of the CNAM)."""
RANKS = 1_000_000
_ORIGIN = date(2014, 1, 1)
_WIDTHS = (4, 4, 6, 4)
_START = "rang_ordonnance"


class Numbers:
    """Numbers of one installation, never twice the same.

    The rank is a counter of the store, which the processes of an installation
    share, and outlives them; it starts anywhere, so that two workstations do not
    make the same number in the same millisecond.
    """

    def __init__(self, store: Store, ids: SeededIds, symbol_24: Symbol24 = "R") -> None:
        self._store = store
        self._ids = ids
        self._symbol_24 = symbol_24

    def draw(self, at: datetime) -> str:
        """A new number for an instant."""
        rank = (self._start() + self._ids.number("ordonnance")) % RANKS
        return encode(at, rank).replace("R", self._symbol_24)

    def _start(self) -> int:
        drawn = insert(settings).values(nom=_START, valeur=str(secrets.randbelow(RANKS)))
        query = select(settings.c.valeur).where(settings.c.nom == _START)
        with self._store.unit() as connection:
            # Whichever process comes first draws it, for all of them.
            connection.execute(drawn.on_conflict_do_nothing())
            return int(connection.execute(query).scalar_one())


def encode(at: datetime, rank: int) -> str:
    """The number of an aware instant and a rank (0 to 999999)."""
    local = at.astimezone(paris())
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    milliseconds = seconds * 1000 + local.microsecond // 1000
    fields = ((local.date() - _ORIGIN).days, milliseconds // 100, milliseconds, rank)
    return "".join(_base32(v, w) for v, w in zip(fields, _WIDTHS, strict=True))


def paris() -> tzinfo:
    """Legal time in France; UTC where zones are not installed."""
    try:
        return ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:
        return UTC


def _base32(value: int, width: int) -> str:
    digits = [SYMBOLS[(value >> 5 * place) & 31] for place in reversed(range(width))]
    return "".join(digits)
