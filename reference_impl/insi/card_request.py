"""WS_INS1: the search with what a carte Vitale holds (``RECVITALE``).

Source: schemas of INSi 1.5.0; sheet INS §2.5 and 2.10, sheet of cards §5. The card is
only a key to query: what it says never becomes a trait of the identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lxml import etree
from lxml.builder import ElementMaker

from reference_impl.cards.values import Beneficiary
from reference_impl.insi.request import ACTION_PREFIX, bam

REC_VIT = "http://www.cnamts.fr/INSiRecVit"
CARD_OPERATION = "rechercherInsAvecCarteVitale"

_ins = ElementMaker(namespace=REC_VIT, nsmap={"ins": REC_VIT})


@dataclass(frozen=True, slots=True)
class CardCriteria:
    """A beneficiary, as read on the card at this very call (CD-17)."""

    beneficiary: Beneficiary
    returns_individual: ClassVar[bool] = True

    @property
    def operation(self) -> str:
        """WS_INS1."""
        return CARD_OPERATION

    @property
    def action(self) -> str:
        """URN of WS_INS1."""
        return f"{ACTION_PREFIX}{CARD_OPERATION}"

    def body(self) -> etree._Element:
        """RECVITALE: the certified NIR only when the card has one, the date even if lunar."""
        read = self.beneficiary
        search = _ins.RECVITALE()
        if read.certified_nir:
            search.append(_ins.MatriculeIndividu(_number(read.certified_nir)))
        search.append(_ins.MatriculeOD(_number(read.insured_nir)))
        if read.birth_name:
            search.append(_ins.NomNaissance(read.birth_name))
        search.append(_ins.DateNaissance(_dashed(read.birth_date)))
        search.append(_ins.RangNaissance(read.rank))
        return search

    def coverage(self) -> etree._Element:
        """COUVERTURE: the caisse, the assuré, the beneficiary."""
        read = self.beneficiary
        caisse = {
            "GrandRegime": read.regime,
            "Organisme": read.fund,
            "CodeCentre": read.center,
        }
        coverage = bam.COUVERTURE(*(bam(name, text) for name, text in caisse.items() if text))
        number, key = _split(read.insured_nir)
        coverage.append(bam.ASSURE(bam.Id(bam.Num(number), bam.Cle(key))))
        person = bam.BENEFICIAIRE()
        if read.certified_nir:
            number, key = _split(read.certified_nir)
            person.append(bam.Nir(bam.Num(number), bam.Cle(key)))
        person.append(bam.DateNai(_dashed(read.birth_date)))
        person.append(bam.Rang(read.rank))
        coverage.append(person)
        return coverage


def _number(nir: str) -> etree._Element:
    # Without its key, as the only client seen; the key is in ContexteBAM.
    return _ins.NumIdentifiant(nir[:13])


def _split(nir: str) -> tuple[str, str]:
    return nir[:13], nir[13:]


def _dashed(date: str) -> str:
    """``19851345`` → ``1985-13-45``."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
