"""CD-06 to CD-09 and CD-12: what leaves with the signature of a card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from rules.exchange import Exchange
from tests.rules.cards import calls
from tests.rules.cards.calls import acted, card_of, deposit, opened, search
from tests.rules.cards.journal import Cps, Wire, announced, billing, findings, ids, situation
from tests.rules.dmp.signing import signer

CALLS: list[Callable[[], Exchange]] = [deposit, search]
TWO = {"f0001D120": situation(), "f0001D123": situation(2, structure="1330999012", sector="SA05")}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_signed_by_the_card(call: Callable[[], Exchange]) -> None:
    made = call()
    card = card_of(made)
    wire = opened(card)
    acted(wire, card, made)
    assert findings(wire) == ()


# CD-06


@pytest.mark.parametrize("call", CALLS)
def test_a_call_after_the_card_was_removed(call: Callable[[], Exchange]) -> None:
    made = call()
    card = card_of(made)
    wire = opened(card)
    acted(wire, card, made)
    wire.remove(card)
    wire.put(made)
    [found] = findings(wire)
    assert found.check_id == "CD-06"
    assert found.artefact


def test_a_call_once_the_card_is_back() -> None:
    made = deposit()
    card = card_of(made)
    wire = opened(card)
    wire.remove(card)
    wire.insert(card)
    begun = wire.begin()
    wire.verify(card)
    calls.signed(wire, card, made)
    wire.put(made)
    wire.gesture("dmp.deposit", {}, begun)
    assert findings(wire) == ()


def test_a_card_shown_after_its_removal() -> None:
    card = card_of(deposit())
    wire = opened(card)
    wire.remove(card)
    wire.said(card, wire.begin())
    assert ids(wire) == {"CD-06"}


def test_ending_the_session_of_a_removed_card_shows_nothing() -> None:
    card = card_of(deposit())
    wire = opened(card)
    wire.remove(card)
    wire.gesture("card.close", {"carte": {"numero": card.number}}, wire.begin())
    assert findings(wire) == ()


# CD-07


@pytest.mark.parametrize("call", CALLS)
def test_a_signature_that_the_card_did_not_make(call: Callable[[], Exchange]) -> None:
    made = call()
    card = card_of(made)
    wire = opened(card)
    acted(wire, card, made, by_card=False)
    [found] = findings(wire)
    assert found.check_id == "CD-07"
    assert "fichier" in found.advice


def test_an_assertion_signed_before_the_card_came_is_not_judged() -> None:
    made = deposit()
    card = card_of(made)
    wire = Wire(calls.SIGNED_AT)
    wire.insert(card)
    wire.session(card)
    acted(wire, card, made, by_card=False)
    assert findings(wire) == ()


def test_the_authentication_key_signs() -> None:
    made = deposit()
    card = card_of(made)
    wire = opened(card)
    begun = wire.begin()
    calls.signed(wire, card, made, calls.SET_OTHER_KEY)
    wire.put(made)
    wire.gesture("dmp.deposit", {}, begun)
    assert ids(wire) == {"CD-07"}


def test_the_signature_key_authenticates() -> None:
    card = card_of(deposit())
    wire = opened(card)
    begun = wire.begin()
    wire.apdu(card, "002241A406800102840101")
    wire.apdu(card, "00880000020102" + "00", answer=b"\x01" * 256)
    wire.gesture("session.open", {}, begun)
    assert ids(wire) == {"CD-07"}


def test_an_authentication_serves_as_a_signature() -> None:
    made = deposit()
    card = card_of(made)
    wire = opened(card)
    begun = wire.begin()
    wire.apdu(card, "002241A406800102840102")
    wire.apdu(card, "00880000020102" + "00", answer=calls.value_of(made))
    wire.put(made)
    wire.gesture("dmp.deposit", {}, begun)
    assert ids(wire) == {"CD-07"}


def test_key_references_are_those_of_the_directory() -> None:
    """The PrKDF of the sheet's appendix, its two references exchanged."""
    directory = bytes.fromhex(
        "304130150C0C4350535F505249565F534947030207800401013018040EE828BD080F8025000001FF001010"
        "0303060040020102A10E300C300604043F00000102020800"
    ) + bytes.fromhex(
        "304030150C0C4350535F505249565F415554030207800401013017040EE828BD080F8025000001FF001020"
        "03020264020101A10E300C300604043F00000102020800"
    )
    made = deposit()
    card = card_of(made, f00017002=directory)
    wire = opened(card)
    begun = wire.begin()
    calls.signed(wire, card, made, calls.SET_OTHER_KEY)
    wire.put(made)
    wire.gesture("dmp.deposit", {}, begun)
    assert findings(wire) == ()


# CD-08


def test_a_certificate_that_is_not_on_the_card() -> None:
    made = search(holder=signer("810999990178"), name_id="810999990012")
    card = card_of(search())
    wire = opened(card)
    acted(wire, card, made)
    [found] = findings(wire)
    assert found.check_id == "CD-08"
    assert "810999990178" in found.found


def test_an_issuer_that_does_not_name_the_card_when_no_certificate_is_joined() -> None:
    made = search()
    card = card_of(made)
    start, stop = (made.request.body.index(b) for b in (b"<ds:KeyInfo", b"</ds:Signature>"))
    bare = made.request.body[:start] + made.request.body[stop:]

    def judged(body: bytes) -> set[str]:
        wire = opened(card)
        acted(wire, card, replace(made, request=replace(made.request, body=body)))
        return ids(wire)

    assert judged(bare) == set()
    assert judged(bare.replace(b"M&#233;decin", b"M&#195;&#169;decin")) == {"CD-08"}


# CD-09


def test_the_situation_the_user_chose() -> None:
    card = card_of(deposit(), **TWO)
    wire = opened(card)
    wire.gesture(
        "card.choose_situation",
        {"carte": {**announced(card), "situation": 1}},
        wire.begin(),
        situation=1,
    )
    acted(wire, card, deposit())
    assert findings(wire) == ()


def test_another_situation_than_the_one_chosen() -> None:
    card = card_of(deposit(), **TWO)
    wire = opened(card)
    chosen = {"carte": {**announced(card), "situation": 4}}
    wire.gesture("card.choose_situation", chosen, wire.begin(), situation=4)
    acted(wire, card, deposit())
    [found] = findings(wire)
    assert found.check_id == "CD-09"
    assert "1330999012" in found.expected
    assert "1330999004" in found.found


def test_several_situations_and_no_choice() -> None:
    card = card_of(deposit(), **TWO)
    wire = opened(card)
    acted(wire, card, deposit())
    [found] = findings(wire)
    assert (found.check_id, found.found) == ("CD-09", "aucun choix parmi 2 situations")


def test_without_gestures_any_situation_of_the_card_is_right() -> None:
    made = deposit()
    card = card_of(made, **TWO)
    wire = Wire(calls.BEFORE)
    wire.insert(card)
    wire.read_card(card)
    calls.signed(wire, card, made)
    wire.now = calls.SIGNED_AT
    wire.put(made)
    assert findings(wire) == ()


def test_a_structure_that_is_not_on_the_card() -> None:
    card = card_of(deposit(), f0001D120=situation(structure="1330999012"))
    wire = opened(card)
    acted(wire, card, deposit())
    assert ids(wire) == {"CD-09"}


def test_a_billing_identifier_that_is_not_on_the_card() -> None:
    made = search()
    card = card_of(made, f0001D104=billing("331999029"))
    said = {**announced(card)["situations"][0], "identifiant_facturation": "331999029"}
    wire = opened(card, situations=[said])
    acted(wire, card, made)
    [found] = findings(wire)
    assert found.check_id == "CD-09"
    assert "facturation 331999029" in found.expected


def test_a_situation_announced_with_another_sector() -> None:
    card = card_of(deposit())
    wire = opened(card, situations=[{**announced(card)["situations"][0], "secteur": "SA08"}])
    [found] = findings(wire)
    assert (found.check_id, found.place) == ("CD-09", "geste card.read_cps, situation 1")


def test_a_substitute_types_the_structure() -> None:
    card = card_of(deposit(), f0001D120=situation(mode=4, structure="1330999012"))
    wire = opened(card)
    acted(wire, card, deposit())
    assert findings(wire) == ()


# CD-12


def test_a_cpe_deposits_like_a_professional() -> None:
    made = calls.deposit_by(calls.cpe())
    card = card_of(made)
    wire = opened(card, type="CPE")
    acted(wire, card, made)
    assert ids(wire) == {"CD-12"}


def test_a_cpe_may_ask_whether_a_record_exists() -> None:
    made = replace(calls.deposit_by(calls.cpe()), operation="TD0.2")
    card = card_of(made)
    wire = opened(card, type="CPE")
    acted(wire, card, made)
    assert findings(wire) == ()


def test_calls_of_people_whose_card_is_unknown_are_not_judged() -> None:
    wire = Wire(calls.SIGNED_AT)
    wire.put(deposit())
    wire.insert(Cps.of())
    assert findings(wire) == ()
