"""The phones that hold an appli carte Vitale: who is on them, what they show a scanner."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fixtures.apcv import ApcvFixture, make_apcv
from simulators.apcv.codec import LIFE, Codec

if TYPE_CHECKING:
    from bench.session import Scenario

TOO_LONG = 2 * LIFE
"""Age of a code that is certainly outdated."""


def phone(scenario: Scenario, kind: str) -> ApcvFixture:
    """The first profile of a type: ``T`` is a family, ``D`` a demonstration."""
    known = make_apcv(scenario.session.platform.kernel.world)
    return next(one for one in known if one.kind == kind)


def show(scenario: Scenario, profile: ApcvFixture, ago: timedelta = timedelta()) -> str:
    """What a phone showed some time ago, as a scanner types it."""
    kernel = scenario.session.platform.kernel
    codec = Codec(kernel.campaign, kernel.seed)
    return codec.show(profile.serial, kernel.clock.now() - ago)
