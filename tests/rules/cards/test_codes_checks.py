"""CD-03, CD-04 and CD-05: the code porteur."""

from __future__ import annotations

import pytest

from rules.findings import Severity
from tests.rules.cards.journal import LOUISE_CPS, Wire, findings, ids, inserted, opened

BLOCKED = "Le code porteur est bloqué. Débloquez la carte avec son code de déblocage."


# CD-03


def test_the_code_presented_again_for_another_gesture() -> None:
    wire = opened()
    begun = wire.begin()
    wire.verify(LOUISE_CPS)
    wire.gesture("dmp.access", {}, begun)
    [found] = findings(wire)
    assert (found.check_id, found.severity) == ("CD-03", Severity.BLOCKING)


def test_the_code_presented_twice_in_one_gesture() -> None:
    wire = Wire()
    wire.insert(LOUISE_CPS)
    begun = wire.begin()
    wire.read_card(LOUISE_CPS)
    wire.verify(LOUISE_CPS)
    wire.said(LOUISE_CPS, begun)
    assert ids(wire) == {"CD-03"}


@pytest.mark.parametrize("event", ["mise hors tension", "réinitialisation"])
def test_a_card_that_lost_its_state_asks_for_the_code(event: str) -> None:
    wire = opened()
    wire.event(LOUISE_CPS, event)
    begun = wire.begin()
    wire.verify(LOUISE_CPS)
    wire.gesture("dmp.access", {}, begun)
    assert findings(wire) == ()


def test_a_session_the_user_closed_is_opened_by_the_code() -> None:
    wire = opened()
    wire.gesture("card.close", {}, wire.begin())
    begun = wire.begin()
    wire.verify(LOUISE_CPS)
    wire.gesture("dmp.access", {}, begun)
    assert findings(wire) == ()


def test_without_gestures_a_second_code_is_for_a_person_to_judge() -> None:
    wire = Wire()
    wire.insert(LOUISE_CPS)
    wire.verify(LOUISE_CPS)
    wire.verify(LOUISE_CPS)
    [found] = findings(wire)
    assert (found.check_id, found.severity) == ("CD-03", Severity.REVIEW)


# CD-04


def wrong(wire: Wire, *statuses: int, message: str) -> Wire:
    begun = wire.begin()
    for status in statuses:
        wire.verify(LOUISE_CPS, status)
    wire.refused("card.read_cps", "CODE_FAUX", message, begun, code="0000")
    return wire


@pytest.mark.parametrize("message", ["Il reste 2 essais.", "Plus que deux essais."])
def test_a_wrong_code_that_says_what_is_left(message: str) -> None:
    assert findings(wrong(inserted(), 0x63C2, message=message)) == ()


def test_a_user_may_be_wrong_twice() -> None:
    wire = wrong(inserted(), 0x63C2, message="Il reste 2 essais.")
    wrong(wire, 0x63C1, message="Il reste 1 essai.")
    assert findings(wire) == ()


def test_remaining_tries_not_told() -> None:
    assert ids(wrong(inserted(), 0x63C2, message="Code refusé (erreur 63C2).")) == {"CD-04"}


def test_an_automatic_second_try_is_minor_and_a_third_blocking() -> None:
    twice = findings(wrong(inserted(), 0x63C2, 0x63C1, message="Il reste 1 essai."))
    assert [(f.check_id, f.severity) for f in twice] == [("CD-04", Severity.MINOR)]
    thrice = findings(wrong(inserted(), 0x63C2, 0x63C1, 0x63C0, message=BLOCKED))
    assert {(f.check_id, f.severity) for f in thrice} == {
        ("CD-04", Severity.MINOR),
        ("CD-04", Severity.BLOCKING),
    }


def test_a_wrong_code_taken_for_right() -> None:
    wire = inserted()
    begun = wire.begin()
    wire.read_card(LOUISE_CPS)
    wire.verify(LOUISE_CPS, 0x63C2)
    wire.said(LOUISE_CPS, begun)
    assert "CD-04" in ids(wire)


def test_without_gestures_a_try_at_once_is_automatic() -> None:
    wire = inserted()
    wire.verify(LOUISE_CPS, 0x63C2)
    wire.wait(seconds=10)
    wire.verify(LOUISE_CPS, 0x63C1)
    assert findings(wire) == ()
    wire.verify(LOUISE_CPS, 0x63C0)
    assert ids(wire) == {"CD-04"}


# CD-05


def test_a_blocked_card_told_then_unblocked() -> None:
    wire = wrong(inserted(), 0x63C0, message=BLOCKED)
    begun = wire.begin()
    wire.tries(LOUISE_CPS, 0x6983)
    wire.refused("card.read_cps", "CARTE_BLOQUEE", BLOCKED, begun)
    begun = wire.begin()
    wire.apdu(LOUISE_CPS, "00200002" + "08" + "3132333435363738")
    wire.apdu(LOUISE_CPS, "002C0201" + "04" + "34333231")
    wire.gesture("card.unblock", {"carte": {}}, begun)
    wire.session(LOUISE_CPS)
    assert findings(wire) == ()


def test_a_code_presented_to_a_blocked_card() -> None:
    wire = wrong(inserted(), 0x63C0, message=BLOCKED)
    assert ids(wrong(wire, 0x6983, message=BLOCKED)) == {"CD-05"}


def counted(wire: Wire, left: int) -> None:
    """The counter of a CPS3 (sheet §3.4), its answer in two pieces."""
    answer = bytes.fromhex(f"7014BF810110A00E9A01039B01{left:02X}9C02FFFF9D02FFFF")
    wire.apdu(LOUISE_CPS, "00CB3FFF0A4D087006BF810102A080", 0x6117)
    wire.apdu(LOUISE_CPS, "00C0000017", answer=answer)


def test_a_counter_at_nought_is_told_and_no_code_presented() -> None:
    wire = inserted()
    begun = wire.begin()
    counted(wire, 0)
    wire.refused("card.read_cps", "CARTE_BLOQUEE", BLOCKED, begun)
    assert findings(wire) == ()
    assert ids(wrong(wire, 0x6983, message=BLOCKED)) == {"CD-05"}


def test_a_counter_that_shows_tries_opens_the_card_again() -> None:
    wire = wrong(inserted(), 0x63C0, message=BLOCKED)
    counted(wire, 3)
    wire.session(LOUISE_CPS)
    assert findings(wire) == ()


def test_a_blocked_card_that_nobody_understands() -> None:
    assert ids(wrong(inserted(), 0x6983, message="Erreur 6983.")) == {"CD-05"}


def test_a_refusal_injected_once_does_not_block_for_ever() -> None:
    wire = inserted()
    begun = wire.begin()
    wire.verify(LOUISE_CPS, 0x6983, fault="sw-6983")
    wire.refused("card.read_cps", "CARTE_BLOQUEE", BLOCKED, begun)
    wire.session(LOUISE_CPS)
    assert findings(wire) == ()
