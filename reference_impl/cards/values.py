"""What is read on a card, as frozen values.

Sources: sheet of cards §3.3 (data objects of the CPS), §5 and §6 (carte Vitale).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Situation:
    """A situation d'exercice (``CPS_ACTIVITY_nn_PS``) with its billing number.

    ``number`` is 1 to 16 and indexes may have holes; ``mode`` is a TRE_G17 code,
    ``structure_id`` the Struct_IdNat, ``sector`` a TRE_R02 code.
    """

    number: int
    mode: str
    structure_id: str
    structure_name: str
    sector: str
    billing_id: str = ""

    @property
    def substitute(self) -> bool:
        """Whether the holder is a remplaçant there (TRE_G17 04)."""
        return self.mode == "04"


@dataclass(frozen=True, slots=True)
class CpsCard:
    """A CPS as read in a reader. ``number`` has 10 digits, ``issuer`` too.

    ``kind`` is ``CPS``, ``CPF``, ``CPE`` or ``CPA``; ``family`` ``CPS3`` or ``CPS4``.
    Situations are empty as long as the code porteur is not verified.
    """

    reader: str
    family: str
    issuer: str
    number: str
    kind: str
    test: bool
    begins: date
    ends: date
    national_id: str
    family_name: str
    given_name: str
    profession: str
    speciality: str | None
    situations: tuple[Situation, ...] = ()


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """A beneficiary of a carte Vitale, by its ``position`` on the card (from 1).

    ``birth_date`` is ``AAAAMMJJ`` as on the card and may be lunar (month above 12,
    day above 31): it never becomes the date of an identity. NIR have 15 characters;
    ``certified_nir`` is that of the beneficiary, ``insured_nir`` that of the assuré.
    ``quality`` is 0 for the assuré.
    """

    position: int
    used_name: str
    given_name: str
    birth_date: str
    insured_nir: str
    birth_name: str | None = None
    certified_nir: str | None = None
    rank: str = "1"
    quality: str = "0"
    regime: str | None = None
    fund: str | None = None
    center: str | None = None


@dataclass(frozen=True, slots=True)
class VitaleCard:
    """A carte Vitale as read. ``kind`` is ``T`` test, ``D`` démonstration, ``R`` réelle."""

    reader: str
    means: str
    kind: str
    serial: str
    beneficiaries: tuple[Beneficiary, ...] = field(default=())
