"""The phones that hold an appli carte Vitale: who is on them, what they show a scanner."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bench.people import make_known, set_state
from fixtures.apcv import FAMILIES, ApcvFixture, make_apcv
from fixtures.identifiers import matricule
from fixtures.world import PatientFixture
from simulators.apcv.codec import LIFE, Codec
from simulators.kernel import Kernel

if TYPE_CHECKING:
    from bench.session import Scenario

TOO_LONG = 2 * LIFE
"""Age of a code that is certainly outdated."""


def _brother(given: str, born: str, order: int) -> PatientFixture:
    number = matricule("M", born, "33063", order)
    return PatientFixture("TESTFRATRIE", given, "M", born, "33063", number, dmp="absent")


SIBLINGS = {
    "jumeaux": (
        "jumeaux",
        1,
        (("1", _brother("TOM", "2020-02-02", 910)), ("2", _brother("TIM", "2020-02-02", 911))),
    ),
    "deux enfants de même prénom": (
        "famille",
        2,
        (("1", _brother("ALIX", "2011-06-11", 921)), ("1", _brother("ALIX", "2012-06-12", 922))),
    ),
}
"""Fault that gives them, rank of the first on the appli, and the rang gémellaire of each."""


def phone(scenario: Scenario, kind: str) -> ApcvFixture:
    """The first profile of a type, ``D`` for a demonstration; nothing is made of its people."""
    return next(one for one in make_apcv(_kernel(scenario).world) if one.kind == kind)


def family(scenario: Scenario) -> ApcvFixture:
    """A family that no scenario met, known to INSi; the holder has a DMP.

    Once every family was given, the first serves again.
    """
    given = scenario.session.notes.setdefault("familles", [])
    known = make_apcv(_kernel(scenario).world)[-FAMILIES:]
    chosen = next((one for one in known if one.serial not in given), known[0])
    given.append(chosen.serial)
    for member in chosen.members:
        who = member.patient
        make_known(scenario, who, insured=who.insured or who.matricule, rank=who.rank)
    set_state(scenario, "dmp", {"dossiers": {chosen.holder.ins: "actif"}})
    return chosen


def show(scenario: Scenario, profile: ApcvFixture, ago: timedelta = timedelta()) -> str:
    """What a phone showed some time ago, as a scanner types it."""
    kernel = _kernel(scenario)
    codec = Codec(kernel.campaign, kernel.seed)
    return codec.show(profile.serial, kernel.clock.now() - ago)


def _kernel(scenario: Scenario) -> Kernel:
    return scenario.session.platform.kernel
