"""Verifying an INS held or received: the unitary verification, or a search.

The wire of WS_INS3 is unknown: ``VERIFINS`` is the form of the bench (sheet INS §2.14),
called only when the descriptor says ``insi.verification``. Otherwise the traits are
searched (WS_INS2), and the INS returned is compared with the one to verify.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from lxml import etree
from lxml.builder import ElementMaker

from reference_impl.identity.traits import normalised
from reference_impl.insi.answer import FOUND, NOT_FOUND
from reference_impl.insi.client import Call, InsiClient, Kept, Way
from reference_impl.insi.request import ACTION_PREFIX, bam
from reference_impl.people import CarriedIdentity, Individual, Ins, Professional, Traits

VERIF = "http://www.cnamts.fr/INSiVerif"
VERIFY = "verifierIns"

Result = Literal["OK", "KO", "déjà connue", "indisponible"]

_ins = ElementMaker(namespace=VERIF, nsmap={"ins": VERIF})


@dataclass(frozen=True, slots=True)
class VerificationCriteria:
    """An INS with the traits it is said to be of, written for INSi."""

    ins: Ins
    traits: Traits
    returns_individual: ClassVar[bool] = False

    @property
    def operation(self) -> str:
        """WS_INS3, under the name of the bench."""
        return VERIFY

    @property
    def action(self) -> str:
        """URN of the bench."""
        return f"{ACTION_PREFIX}{VERIFY}"

    def body(self) -> etree._Element:
        """VERIFINS."""
        traits = self.traits
        asked = _ins.VERIFINS(
            _ins.Matricule(_ins.NumIdentifiant(self.ins.matricule), _ins.Cle(self.ins.key)),
            _ins.OID(self.ins.oid),
            _ins.NomNaissance(traits.birth_name),
            _ins.Prenom(traits.birth_given_names),
            _ins.Sexe(traits.sex),
            _ins.DateNaissance(traits.birth_date),
        )
        if traits.birth_place is not None:
            asked.append(_ins.LieuNaissance(traits.birth_place))
        return asked

    def coverage(self) -> etree._Element:
        """Nothing was read on a card."""
        return bam.COUVERTURE()


@dataclass(frozen=True, slots=True)
class Verification:
    """What is known of an INS. ``found`` is the identity of INSi when a search gave it."""

    result: Result
    code: str
    label: str
    calls: int
    found: Individual | None = None


def verify(
    client: InsiClient,
    carried: CarriedIdentity,
    professional: Professional,
    kept: Kept,
    way: Way = "organisation",
) -> Verification:
    """Verify once, without any retry. A fault is ``indisponible``: nothing is known."""
    traits = normalised(carried.traits)
    if client.verifies:
        call = client.ask(VerificationCriteria(carried.ins, traits), way, professional)
        kept(call)
        return _verdict(call, 1, {FOUND: "OK", NOT_FOUND: "KO"}.get(call.answer.code))
    search = client.search(traits, way, professional, kept)
    found = search.last.answer.individual
    if found is None:
        result = "KO" if search.last.answer.code == NOT_FOUND else None
        return _verdict(search.last, len(search.calls), result)
    # A waiting number that became a NIR is in its history (N14): it is still this person.
    known = (found.ins, *(past.ins for past in found.history))
    same = any(ins.same_person(carried.ins) for ins in known)
    return _verdict(search.last, len(search.calls), "OK" if same else "KO", found)


def _verdict(
    last: Call, calls: int, result: str | None, found: Individual | None = None
) -> Verification:
    answer = last.answer
    told: Result = "OK" if result == "OK" else "KO" if result == "KO" else "indisponible"
    return Verification(told, answer.code, answer.label, calls, found if told == "OK" else None)
