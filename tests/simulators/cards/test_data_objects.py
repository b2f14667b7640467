"""Data objects of the card of the fact sheet, then those its values cannot show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulators.cards import data_objects
from simulators.cards.image import Holder, Situation
from simulators.cards.issue import make_card
from simulators.cards.tlv import objects
from tests.simulators.cards.talk import PIN, lab_image, read, send

NAME = b"MED-CS RPPS0029614"


def fields(content):
    (template,) = objects(content)
    return {one.tag: one.value for one in objects(template.value)}


def test_the_values_of_the_sheet():
    """§3.3: ID, NAME, INFO, ACT and FACT, octet for octet."""
    image = lab_image()
    holder = image.holder
    assert data_objects.identity(image).hex().upper() == (
        "E31D8005802500000181052800811112820180830420201215840420231215"
    )
    assert data_objects.name(holder) == (
        b"\xe4\x3a\x80\x01\x16\x81\x12"
        + NAME
        + b"\x82\x12"
        + NAME
        + b"\x83\x07ANNE\xff\xff\xff\x84\x04ANNE"
    )
    assert data_objects.information(holder) == (
        b"\xed\x2e\x80\x01\x00\x81\x0c899700296140\x82\x01\x0a\x84\x12" + NAME + b"\x85\x04SM26"
    )
    assert data_objects.activity(image.situations[0]) == (
        b"\xee\x31\x80\x01\x00\x83\x01\x01\x84\x12CABINET M TESTBANC"
        b"\x85\x0f499700296141008\x86\x04SA07"
    )
    assert data_objects.billing(image.situations).hex().upper() == (
        "E019A0178001018105012345678982030100018303000000840103"
    )


def test_names_are_cut_at_27_and_written_in_latin_1():
    holder = Holder("810999990012", "É" * 40, ("Zoé", "Ève"), 31, 10, "SM54", "Œuvre")
    found = fields(data_objects.name(holder))
    assert found[0x81] == b"\xc9" * 27
    assert found[0x82] == b"?uvre"  # not in Latin-1
    assert found[0x83] == b"Zo\xe9\xff\xc8ve\xff\xff"
    assert found[0x84] == b"Zo\xe9"


def test_long_values_take_a_long_length():
    holder = Holder("810999990012", "X" * 27, ("Y" * 27, "Z" * 27, "W" * 27), 22, 10)
    content = data_objects.name(holder)
    assert content[1] == 0x81
    assert len(content) == content[2] + 3 > 0x80
    assert 0x85 not in fields(data_objects.information(holder))


def test_structures_are_cut_at_40():
    situation = Situation(16, 4, "1330999004", "A" * 60, "SA07")
    found = fields(data_objects.activity(situation))
    assert (found[0x80], found[0x83], len(found[0x84])) == (b"\x04", b"\x10", 40)


def test_validity_is_in_bcd_to_the_second():
    found = fields(data_objects.validity(lab_image()))
    assert found[0x81].hex()[:8] == "20201215"
    assert found[0x82].hex() == "20231215235959"
    assert all(len(value) == 7 for value in found.values())


def test_what_changes_on_a_card_changes_its_validity():
    image = lab_image()
    other = replace(image, holder=replace(image.holder, speciality="SM54"))
    assert data_objects.validity(image) == data_objects.validity(lab_image())
    assert data_objects.validity(image) != data_objects.validity(other)


def test_the_card_holds_them_where_its_directory_says():
    card = make_card(lab_image())
    send(card, PIN)
    assert read(card, "3F000001D101") == data_objects.identity(lab_image())
    assert read(card, "3F000001D107") == bytes(64)
    assert read(card, "3F000001D103") == data_objects.EMPTY_LANGUAGES
    assert read(card, "3F000001D120") == data_objects.activity(lab_image().situations[0])


@pytest.mark.parametrize("numbers", [(0,), (17,), (1, 1)])
def test_situations_have_distinct_numbers_from_1_to_16(numbers):
    one = lab_image().situations[0]
    with pytest.raises(ValueError, match="1 à 16"):
        replace(lab_image(), situations=tuple(replace(one, number=n) for n in numbers))


def test_a_family_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="CPS5"):
        replace(lab_image(), family="CPS5")
