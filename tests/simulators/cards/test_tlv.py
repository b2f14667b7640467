"""BER-TLV: what is written is read back, what makes no sense is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.cards.tlv import DataObject, digits, objects, tlv

TAGS = st.sampled_from([0x80, 0x81, 0xE3, 0x4F, 0x7F41, 0xBF8101, 0x5F37])


@given(st.lists(st.tuples(TAGS, st.binary(max_size=400)), max_size=6))
def test_what_is_written_is_read_back(pairs):
    written = b"".join(tlv(tag, value) for tag, value in pairs)
    assert [(one.tag, one.value) for one in objects(written)] == pairs


@pytest.mark.parametrize(
    ("size", "head"), [(127, "807F"), (128, "808180"), (255, "8081FF"), (256, "80820100")]
)
def test_lengths_from_128_take_more_octets(size, head):
    assert tlv(0x80, bytes(size))[: len(head) // 2].hex().upper() == head


@pytest.mark.parametrize(
    "raw", ["80", "8002AA", "8081", "8080", "80850000000001AA", "BF", "BF81", "9F81818101"]
)
def test_unreadable_octets_are_said(raw):
    with pytest.raises(ValueError, match=r"BER-TLV|annonce"):
        list(objects(bytes.fromhex(raw)))


def test_padding_between_objects_is_skipped():
    assert list(objects(bytes.fromhex("0000 8001AA 00 8101BB".replace(" ", "")))) == [
        DataObject(0x80, b"\xaa"),
        DataObject(0x81, b"\xbb"),
    ]


def test_a_template_is_told_from_a_value():
    assert DataObject(0x7F41, b"").constructed
    assert not DataObject(0x81, b"").constructed


def test_numbers_are_packed_from_the_right():
    assert digits("331999011", 5).hex() == "0331999011"


@given(st.binary(max_size=60))
def test_anything_is_read_or_refused(raw):
    try:
        found = list(objects(raw))
    except ValueError:
        return
    assert sum(len(one.value) for one in found) <= len(raw)
