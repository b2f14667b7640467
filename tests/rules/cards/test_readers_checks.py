"""CD-01, CD-14 and CD-18: readers, generations, rhythm."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.findings import Severity
from tests.rules.cards.journal import LOUISE_CPS, Cps, Wire, findings, hugo, ids, inserted, opened


def test_an_ordinary_session_raises_nothing() -> None:
    wire = opened()
    wire.session(LOUISE_CPS)  # the user types the code again
    wire.remove(LOUISE_CPS)
    wire.insert(hugo())
    wire.session(hugo())
    assert findings(wire) == ()


@pytest.mark.parametrize("family", ["CPS3", "CPS4"])
def test_both_generations_are_read_alike(family: str) -> None:
    assert findings(opened(Cps.of(family=family))) == ()


# CD-01


def test_a_card_put_in_later_and_said_absent() -> None:
    wire = opened(hugo())
    wire.insert(LOUISE_CPS, "Banc CPS 01")
    wire.refused(
        "card.read_cps",
        "CARTE_ABSENTE",
        "Aucune carte.",
        wire.begin(),
        professionnel="810999990012",
    )
    [found] = findings(wire)
    assert found.check_id == "CD-01"
    assert "Banc CPS 01" in found.expected


def test_no_card_is_absent_indeed() -> None:
    wire = opened()
    wire.remove(LOUISE_CPS)
    wire.refused("card.read_cps", "CARTE_ABSENTE", "Aucune carte.", wire.begin())
    assert findings(wire) == ()


def test_a_number_that_no_reader_held() -> None:
    wire = Wire()
    wire.insert(LOUISE_CPS)
    begun = wire.begin()
    wire.read_card(LOUISE_CPS)
    wire.said(LOUISE_CPS, begun, numero="8025000001")
    assert ids(wire) == {"CD-01"}


# CD-14


@pytest.mark.parametrize("family", ["CPS3", "CPS4"])
def test_a_readable_card_refused(family: str) -> None:
    wire = Wire()
    card = Cps.of(family=family)
    wire.insert(card)
    begun = wire.begin()
    wire.apdu(card, "00A4090C043F00D003", 0x6A82)
    wire.refused("card.read_cps", "CARTE_ILLISIBLE", "Carte inconnue.", begun)
    [found] = findings(wire)
    assert found.check_id == "CD-14"
    assert family in found.expected


def test_a_card_refused_because_of_the_bench() -> None:
    wire = inserted()
    begun = wire.begin()
    wire.apdu(LOUISE_CPS, "00A4090C043F00D003", 0x6F00, fault="sw-6f00")
    wire.refused("card.read_cps", "CARTE_REFUS", "La carte a refusé : 6F00.", begun)
    assert findings(wire) == ()


# CD-18


def poll(wire: Wire, times: int, every: float) -> None:
    for _ in range(times):
        wire.wait(seconds=every - 0.1)
        wire.apdu(LOUISE_CPS, "00A4090C023F00")


def test_a_card_watched_gently() -> None:
    wire = opened()
    wire.wait(minutes=1)
    poll(wire, 40, 1.0)
    assert findings(wire) == ()


def test_a_card_polled_at_rest() -> None:
    wire = opened()
    wire.wait(minutes=1)
    poll(wire, 60, 0.2)
    [found] = findings(wire)
    assert (found.check_id, found.severity) == ("CD-18", Severity.MINOR)


def test_a_card_read_as_soon_as_it_is_put_in() -> None:
    wire = opened()
    wire.wait(minutes=1)
    wire.insert(hugo(), "Banc CPS 01")
    for _ in range(3):
        poll_card(wire)
    assert findings(wire) == ()


def poll_card(wire: Wire) -> None:
    for path in hugo().files:
        wire.now -= timedelta(seconds=0.19)
        wire.read(hugo(), path, reader="Banc CPS 01")


def test_without_gestures_only_a_long_polling_is_one() -> None:
    wire = inserted()
    wire.read_card(LOUISE_CPS)
    assert findings(wire) == ()
    poll(wire, 220, 0.3)
    assert ids(wire) == {"CD-18"}
