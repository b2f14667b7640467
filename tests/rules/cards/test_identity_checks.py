"""CD-02, 10, 11, 12, 13 and 19: what is said of a card against what is on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.context import Environment
from rules.findings import Severity
from tests.rules.cards import calls
from tests.rules.cards.journal import (
    HUGO,
    HUGO_CARD,
    LOUISE,
    Cps,
    Wire,
    actua,
    announced,
    findings,
    hugo,
    identity,
    ids,
    info,
    name,
    situation,
    tlv,
)

PRODUCTION = Environment(rules_profile="production")
LONG = "SOCIÉTÉ DES MÉDECINS DU VALLON"


def read(card: Cps, **changes: Any) -> Wire:
    wire = Wire()
    wire.insert(card)
    wire.session(card, **changes)
    return wire


def holder(**changes: str) -> dict[str, Any]:
    return {"titulaire": {**announced(Cps.of())["titulaire"], **changes}}


# CD-02

UNFIT = {
    "expirée": {"fD010": actua(ends="20260101000000")},
    "pas encore valide": {"fD010": actua(begins="20270101000000")},
    "EF_ACTUA vide": {"fD010": b"\xec\x00"},
    "EF_ACTUA coupé": {"fD010": actua()[:9]},
    "dates de la carte": {"f0001D101": identity("2900000012", ends="20260301")},
}


@pytest.mark.parametrize("files", UNFIT.values(), ids=UNFIT)
def test_a_card_out_of_its_validity(files: dict[str, bytes]) -> None:
    card = Cps.of(**files)
    assert ids(read(card)) == {"CD-02"}
    wire = Wire()
    wire.insert(card)
    begun = wire.begin()
    wire.read_card(card)
    wire.refused("card.read_cps", "CARTE_EXPIREE", "Carte hors validité.", begun)
    assert findings(wire) == ()


@pytest.mark.parametrize(
    ("files", "at"),
    [
        ({"fD010": actua(ends="20260312235959")}, datetime(2026, 3, 12, 23, 30, tzinfo=UTC)),
        ({"fD010": actua(begins="20260313000000")}, datetime(2026, 3, 12, 23, 30, tzinfo=UTC)),
        (
            {"f0001D101": identity("2900000012", ends="20260312")},
            datetime(2026, 3, 12, 23, 30, tzinfo=UTC),
        ),
    ],
    ids=["fin lue en UTC", "début lu à Paris", "dernier jour en UTC"],
)
def test_either_time_zone_of_a_card_is_right(files: dict[str, bytes], at: datetime) -> None:
    card = Cps.of(**files)
    wire = Wire(at)
    wire.insert(card)
    wire.session(card)
    assert findings(wire) == ()


def test_an_unfit_card_that_signs() -> None:
    card = Cps.of(**UNFIT["expirée"])
    wire = Wire()
    wire.insert(card)
    begun = wire.begin()
    wire.read_card(card)
    wire.apdu(card, calls.SET_SIGNATURE_KEY)
    wire.apdu(card, "002A9E9A00", answer=b"\x01" * 256)
    wire.gesture("dmp.deposit", {}, begun)
    [found] = findings(wire)
    assert (found.check_id, found.place) == ("CD-02", "commande 00 2A 9E 9A")


@pytest.mark.parametrize("said", ["810999990999", None])
def test_a_holder_that_is_not_on_the_card(said: Any) -> None:
    assert ids(read(Cps.of(), **holder(identifiant_national=said))) == {"CD-02"}


# CD-10

HOLES = {"f0001D120": situation(), "f0001D123": situation(2), "f0001D12F": situation(3)}
SIXTEEN = {f"f0001D12{n:X}": situation(n + 1) for n in range(16)}


def without_situation(**files: bytes) -> Cps:
    card = Cps.of(**files)
    return replace(card, files={p: d for p, d in card.files.items() if p != "0001D120"})


@pytest.mark.parametrize(
    "card", [Cps.of(**HOLES), Cps.of(**SIXTEEN), without_situation()], ids=["trous", "16", "aucune"]
)
def test_every_situation_is_announced(card: Cps) -> None:
    assert findings(read(card)) == ()


def test_a_situation_beyond_a_hole_is_forgotten() -> None:
    card = Cps.of(**HOLES)
    [found] = findings(read(card, situations=announced(card)["situations"][:1]))
    assert (found.check_id, found.severity) == ("CD-10", Severity.MINOR)
    assert (found.expected, found.found) == ("situations 1, 4, 16", "situations 1")


def test_reading_stops_at_the_first_hole() -> None:
    card = Cps.of()
    wire = Wire()
    wire.insert(card)
    begun = wire.begin()
    wire.read_card(card, numbers=range(1, 3))
    wire.said(card, begun)
    assert ids(wire) == {"CD-10"}


def test_the_directory_tells_where_to_stop() -> None:
    """DODF with the entries of the sheet's appendix: ID_CARD and one situation."""
    directory = entry("CPS_ID_CARD", "3F000001D101") + entry("CPS_ACTIVITY_01_PS", "3F000001D120")
    card = Cps.of(f00017004=directory)
    wire = Wire()
    wire.insert(card)
    begun = wire.begin()
    wire.read_card(card, numbers=range(1, 2))
    wire.said(card, begun)
    assert findings(wire) == ()
    assert ids(read(card, situations=[])) == {"CD-10"}


# CD-11

ACCENTS = {
    "f0001D102": name("LÉVÊQUE-HÉRAULT", "FRANÇOISE"),
    "f0001D103": info(LOUISE, "LÉVÊQUE-HÉRAULT"),
    "f0001D120": situation(place=LONG),
}
RIGHT = holder(nom="LÉVÊQUE-HÉRAULT", prenom="Françoise")


def test_accents_and_long_names() -> None:
    assert findings(read(Cps.of(**ACCENTS), **RIGHT)) == ()


def test_a_data_object_longer_than_127_octets() -> None:
    long = situation(place="A" * 120)
    card = Cps.of(f0001D120=long)
    assert long[1] == 0x81
    assert findings(read(card)) == ()
    cut = {**announced(card)["situations"][0], "raison_sociale": "A" * 100}
    assert ids(read(card, situations=[cut])) == {"CD-11"}


@pytest.mark.parametrize(
    "wrong",
    [
        holder(nom="LÃ‰VÃŠQUE-HÃ‰RAULT", prenom="FRANÇOISE"),
        holder(nom="L?V?QUE-H?RAULT", prenom="FRANÇOISE"),
        holder(nom="LÉVÊQUE-HÉRAULT", prenom="FRAN"),
    ],
)
def test_a_name_cut_or_misread(wrong: dict[str, Any]) -> None:
    found = findings(read(Cps.of(**ACCENTS), **wrong))
    assert [(f.check_id, f.severity) for f in found] == [("CD-11", Severity.MINOR)]


# CD-12


def test_a_substitute_is_told() -> None:
    card = Cps.of(f0001D120=situation(mode=4))
    assert findings(read(card)) == ()
    blind = {**announced(card)["situations"][0], "remplacant": False}
    assert ids(read(card, situations=[blind])) == {"CD-12"}


def test_a_card_taken_for_one_of_another_type() -> None:
    card = calls.card_of(calls.deposit())
    wire = calls.opened(card)
    assert findings(wire) == ()
    assert ids(calls.opened(card, type="CPE")) == {"CD-12"}


# CD-13


def test_test_cards_and_real_ones_each_in_their_place() -> None:
    real = Cps.of(f0001D101=identity("2900000012", category=0))
    assert ids(read(Cps.of())) == set()
    assert ids(read(Cps.of()), PRODUCTION) == {"CD-13"}
    assert ids(read(real), PRODUCTION) == set()
    assert ids(read(real)) == {"CD-13"}


def test_a_test_card_refused_in_production() -> None:
    wire = Wire()
    card = Cps.of()
    wire.insert(card)
    begun = wire.begin()
    wire.read_card(card)
    wire.refused("card.read_cps", "CARTE_DE_TEST", "Carte de test refusée.", begun)
    assert ids(wire, PRODUCTION) == set()


# CD-19


def swapped() -> Wire:
    wire = read(Cps.of())
    wire.remove(Cps.of())
    wire.insert(hugo())
    return wire


def test_the_new_card_is_announced() -> None:
    wire = swapped()
    wire.session(hugo())
    assert findings(wire) == ()


def test_the_card_removed_is_still_announced() -> None:
    wire = swapped()
    wire.said(Cps.of(), wire.begin())
    [found] = findings(wire)
    assert (found.check_id, found.expected) == ("CD-19", f"carte {HUGO_CARD}")


def test_the_new_number_with_the_former_holder() -> None:
    wire = swapped()
    names = {"nom": "TESTCARDIO", "prenom": "HUGO"}
    wire.session(hugo(), **holder(identifiant_national=LOUISE, **names))
    [found] = findings(wire)
    assert (found.check_id, found.expected) == ("CD-19", f"titulaire {HUGO}")


def test_a_card_that_comes_back_a_thousand_times_is_read_from_its_first_time() -> None:
    card = Cps.of()
    wire = read(card)
    for _ in range(1000):
        wire.remove(card)
        wire.insert(card)
    begun = wire.begin()
    wire.verify(card)
    wire.said(card, begun, **holder(identifiant_national="810999990999"))
    assert ids(wire) == {"CD-02"}


def entry(label: str, path: str) -> bytes:
    """A DODF entry as the sheet describes it (§3.2)."""
    head = tlv(0x30, tlv(0x0C, label.encode()), bytes.fromhex("03020640"))
    target = tlv(0xA1, tlv(0x30, tlv(0x04, bytes.fromhex(path))))
    return tlv(0x30, head, tlv(0x30, tlv(0x0C, b"CPS")), target)
