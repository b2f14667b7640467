"""Every negative case N01 to N26 has a way to be played, and each way exists."""

from __future__ import annotations

import pytest

from simulators.insi import settings
from simulators.insi.errors import CATALOGUE
from simulators.insi.faults import FAULTS
from simulators.insi.negatives import NEGATIVES
from simulators.insi.people import QUALIFICATION
from simulators.insi.server import InsiService
from tests.simulators.insi.lps import Lps, card, traits


def test_every_case_of_the_sheet_is_there() -> None:
    assert list(NEGATIVES) == [f"N{number:02d}" for number in range(1, 27)]
    for name, case in NEGATIVES.items():
        ways = (case.faults, case.settings, case.people, case.refusals, case.elsewhere)
        assert any(ways), name


@pytest.mark.parametrize("name", NEGATIVES)
def test_each_way_exists(lps: Lps, name: str) -> None:
    case = NEGATIVES[name]
    assert set(case.faults) <= set(lps.platform.kernel.faults.known("insi"))
    assert set(case.refusals) <= set(CATALOGUE)
    numbers = {number.number for p in QUALIFICATION for number in (p.active, *p.history)}
    assert set(case.people) <= numbers
    for setting, value in case.settings.items():
        assert settings.verify(setting, value) == value


def test_every_fault_of_the_service_serves_a_case() -> None:
    used = {fault for case in NEGATIVES.values() for fault in case.faults}
    assert set(FAULTS) <= used


def test_a_fault_says_which_case_it_plays() -> None:
    assert all(InsiService.faults[name] for case in NEGATIVES.values() for name in case.faults
               if name in FAULTS)  # fmt: skip
    for name, case in NEGATIVES.items():
        if name in ("N01", "N02", "N11", "N14", "N16", "N17", "N18", "N19", "N20", "N21"):
            assert all(FAULTS[fault].startswith(name) for fault in case.faults)


def test_nobody_by_card_has_its_own_technical_error(lps: Lps) -> None:
    """insi_102 is about traits: what the card is answered was never seen."""
    with lps.platform.kernel.unit() as unit:
        lps.platform.services["insi"].set_state(unit, {"profil": "qualification-2021"})
    by_card = lps.search(card("", "1850733063042", "1985-07-12"))
    by_traits = lps.search(traits("HOUILLES", "PIERRE", "M", "1993-01-27"))
    assert [each.code for each in (by_card, by_traits) if each] == ["insi_9007", "insi_102"]
