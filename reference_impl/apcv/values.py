"""What an appli carte Vitale says, as frozen values (sheet ApCV §4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reference_impl.people import Ins, Traits


@dataclass(frozen=True, slots=True)
class Member:
    """Someone on the application; the holder has the ``rank`` 0.

    ``ins`` and ``traits`` are the INS and its traits exactly as answered: only the holder
    has them, and not always. Names and dates are those of billing (IdentiteAMO), stored
    apart: any of them may be missing, and a date may be lunar. NIR have 15 characters.
    """

    rank: int
    family_name: str | None
    used_name: str | None
    given_name: str | None
    quality: str | None
    birth_date: str | None
    birth_rank: str = "1"
    certified_nir: str | None = None
    insured_nir: str | None = None
    regime: str | None = None
    fund: str | None = None
    center: str | None = None
    ins: Ins | None = None
    traits: Traits | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A context with its profile. ``kind`` is ``T`` test, ``D`` démonstration, ``R`` réel."""

    context_id: str
    ends: datetime
    serial: str
    kind: str
    members: tuple[Member, ...]

    def valid_at(self, now: datetime) -> bool:
        """Whether it may still be used."""
        return now < self.ends
