"""The carte Vitale as APDUs show it, its variants and what a tester changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.identifiers import nir_key
from fixtures.world import make_world
from simulators.cards import vitale
from simulators.cards.tlv import objects
from simulators.cards.vitale import AID_VITALE, BeneficiaryImage, VitaleCard, VitaleImage
from simulators.cards.vitale_changes import changed, described

WORLD = make_world(1)
CAMILLE = WORLD.vitales[0]
SELECT_APPLICATION = b"\0\xa4\x04\x0c" + bytes([len(AID_VITALE)]) + AID_VITALE
NIR = "2850733063042"


def card_of(name: str = "vitale-00", variant: str = "conforme") -> VitaleCard:
    fixture = next(one for one in WORLD.vitales if one.name == name)
    card = VitaleCard(vitale.variant_of(vitale.image_of(fixture), variant))
    card.powerUp()
    return card


def read_file(card: VitaleCard, fid: int) -> bytes:
    """As a reader program does: by parts of 256 octets, until one is shorter."""
    assert card.execute(SELECT_APPLICATION) == b"\x90\x00"
    assert card.execute(b"\0\xa4\0\x0c\x02" + fid.to_bytes(2)) == b"\x90\x00"
    content = b""
    while True:
        answer = card.execute(b"\0\xb0" + len(content).to_bytes(2) + b"\0")
        content += answer[:-2]
        if answer[-2:] != b"\x90\x00" or len(answer) < 258:
            return content


def people(card: VitaleCard) -> list[dict[int, str]]:
    templates = [t for t in objects(read_file(card, vitale.IDENTITIES)) if t.tag == 0x65]
    return [
        {one.tag: one.value.decode("iso-8859-1") for one in objects(template.value)}
        for template in templates
    ]


def test_the_answer_to_reset_is_that_of_a_vitale_2() -> None:
    assert card_of().getATR().hex().upper() == "3B751300004309EA9000"


def test_the_pointers_lead_to_applications_and_files() -> None:
    (whole,) = objects(read_file(card_of(), vitale.POINTERS))
    inside = list(objects(whole.value))
    assert (whole.tag, inside[0].tag) == (0xE0, 0xA0)
    applications = {one.value[:2]: one.value[4:] for one in objects(inside[0].value)}
    assert set(applications.values()) == {vitale.AID_VITALE, vitale.AID_MF}
    for file in inside[1:]:
        assert file.tag == 0x80
        assert len(file.value) == 12
        assert applications[file.value[8:10]] == AID_VITALE
        assert read_file(card_of(), int.from_bytes(file.value[10:]))


def test_both_applications_are_selected_by_name() -> None:
    card = card_of()
    for aid in (vitale.AID_VITALE, vitale.AID_MF):
        assert card.execute(b"\0\xa4\x04\x0c" + bytes([len(aid)]) + aid) == b"\x90\x00"
    assert card.execute(b"\0\xa4\x04\x0c\x05\xa0\0\0\0\1") == b"\x6a\x82"


def test_camille_and_her_child() -> None:
    mother, child = people(card_of())
    assert (mother[0x80], mother[0x81], mother[0x82]) == ("TESTMAI", "CAMILLE", "19850712")
    assert mother[0x93] == mother[vitale.CERTIFIED] == NIR + nir_key(NIR)
    assert (child[0x81], child[vitale.QUALITY]) == ("Éloïse", "6")
    assert child[0x93] == mother[0x93]
    assert vitale.CERTIFIED not in child


def test_twins_differ_by_their_rank() -> None:
    _, elder, younger = people(card_of("vitale-01"))
    assert elder[0x82] == younger[0x82]
    assert (elder[vitale.RANK], younger[vitale.RANK]) == ("1", "2")


def test_a_lunar_date_stays_as_it_is() -> None:
    (only,) = people(card_of("vitale-02"))
    assert only[0x82] == "19421901"


def test_the_insi_people_are_on_the_cards() -> None:
    known = {(p.insured or p.matricule, p.rank) for p in WORLD.patients}
    for card in WORLD.vitales:
        for who in card.beneficiaries:
            assert (who.insured, who.rank) in known


@pytest.mark.parametrize(
    ("name", "kind"), [("vitale-00", "T"), ("vitale-04", "D"), ("vitale-05", "R")]
)
def test_the_nature_and_the_serial_are_in_the_card_template(name: str, kind: str) -> None:
    card = card_of(name)
    (template,) = objects(read_file(card, vitale.CARD))
    told = {one.tag: one.value.decode("ascii") for one in objects(template.value)}
    assert template.tag == 0x66
    assert told == {0x80: "20200101", vitale.KIND: kind, vitale.SERIAL: card.serial}


@pytest.mark.parametrize("variant", sorted(vitale.VARIANTS))
def test_every_variant_makes_a_card(variant: str) -> None:
    card = card_of(variant=variant)
    assert card.getATR()
    assert card.execute(b"\0\xa4\0\x0c\x02\x3f\0")[-2:] in (b"\x90\x00", b"\x6e\x00")


def test_variants_change_what_they_say() -> None:
    assert card_of(variant="vitale-1").execute(SELECT_APPLICATION) == b"\x6e\x00"
    assert card_of(variant="vitale-1").execute(b"\xbc\xa4\0\0\x02\x3f\0") == b"\x6d\x00"
    assert all(vitale.CERTIFIED not in p for p in people(card_of(variant="sans-nir-certifie")))
    assert {p[0x81] for p in people(card_of(variant="prenom-vide"))} == {""}
    assert len(card_of(variant="serie-longue").serial) == 20
    assert people(card_of(variant="sans-beneficiaire")) == []
    with pytest.raises(ValueError, match="n'est pas une variante de carte Vitale"):
        card_of(variant="bleue")


def test_a_vitale_remembers_nothing() -> None:
    card = card_of()
    card.restore(card.state())
    assert card.state() == {}


_texts = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=27)
_people = st.builds(
    BeneficiaryImage,
    used_name=_texts,
    given_name=_texts,
    birth_date=st.from_regex(r"\A[0-9]{8}\Z"),
    insured=st.just(NIR + "08"),
    birth_name=_texts,
    certified=st.sampled_from([None, NIR + "08"]),
    rank=st.sampled_from("123"),
    quality=st.sampled_from("0269"),
)


@given(st.lists(_people, max_size=8), st.sampled_from("TDR"))
def test_what_is_put_in_is_read_back(who: list[BeneficiaryImage], kind: str) -> None:
    image = VitaleImage("000123456789", kind, tuple(who))
    read = people(VitaleCard(image))
    assert [p[0x80] for p in read] == [p.used_name for p in who]
    assert [p.get(vitale.CERTIFIED) for p in read] == [p.certified for p in who]
    assert changed(VitaleImage("0", "T", ()), described(image)).beneficiaries == tuple(who)


@given(st.binary(max_size=300))
def test_no_command_breaks_the_card(command: bytes) -> None:
    answer = card_of().execute(command)
    assert len(answer) >= 2


def test_a_tester_writes_a_beneficiary_with_the_words_of_the_contract() -> None:
    told: dict[str, Any] = {
        "type": "R",
        "beneficiaires": [
            {
                "nom_usuel": "TESTÉTÉ",
                "prenom": "Zoé",
                "date_naissance": "20010931",
                "nir_ouvrant_droit": NIR,
                "nir_certifie": None,
                "rang_gemellaire": "2",
            }
        ],
    }
    (who,) = changed(vitale.image_of(CAMILLE), told).beneficiaries
    assert (who.used_name, who.insured, who.certified, who.rank) == (
        "TESTÉTÉ",
        NIR + "08",
        None,
        "2",
    )
