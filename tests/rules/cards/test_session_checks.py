"""CD-01, 03, 04, 05, 14 and 18: readers, code porteur, rhythm."""

from __future__ import annotations

import pytest

from rules.findings import Severity
from tests.rules.cards.journal import Cps, Wire, findings, hugo, ids

LOUISE_CPS = Cps.of()
BLOCKED = "Le code porteur est bloqué. Débloquez la carte avec son code de déblocage."


def opened(card: Cps = LOUISE_CPS) -> Wire:
    """A card inserted, then read by a gesture."""
    wire = Wire()
    wire.insert(card)
    wire.session(card)
    return wire


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


def inserted() -> Wire:
    wire = Wire()
    wire.insert(LOUISE_CPS)
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
    poll(wire, 40, 0.2)
    [found] = findings(wire)
    assert (found.check_id, found.severity) == ("CD-18", Severity.MINOR)


def test_without_gestures_only_a_long_polling_is_one() -> None:
    wire = inserted()
    wire.read_card(LOUISE_CPS)
    assert findings(wire) == ()
    poll(wire, 130, 0.3)
    assert ids(wire) == {"CD-18"}
