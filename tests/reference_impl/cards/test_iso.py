"""Command APDUs, their answers, and BER-TLV."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.cards.errors import CardError, CardRefusedError
from reference_impl.cards.iso import Command, digits, exchange, expect, fields, only, parse
from reference_impl.cards.sha256 import BLOCK, partial
from simulators.cards.sha import SHA256
from simulators.cards.tlv import tlv


@dataclass
class Scripted:
    """Answers one after the other; keeps what it was sent."""

    answers: list[str]
    sent: list[str] = field(default_factory=list)

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command.hex())
        return bytes.fromhex(self.answers.pop(0))


def test_the_rest_of_an_answer_is_fetched_on_the_same_channel() -> None:
    card = Scripted(["6102", "aabb6101", "cc9000"])
    command = Command(bytes.fromhex("11cb3fff"), b"\x01")
    assert exchange(card, command) == (b"\xaa\xbb\xcc", 0x9000)
    assert card.sent == ["11cb3fff0101", "01c0000002", "01c0000001"]


def test_a_wrong_le_is_corrected_once() -> None:
    card = Scripted(["6c03", "0102039000"])
    assert exchange(card, Command(bytes.fromhex("00b00000"), expected=0xE7))[0] == b"\1\2\3"
    assert card.sent[1] == "00b0000003"


def test_256_octets_are_asked_for_by_a_zero() -> None:
    assert Command(b"\0\0\0\0", expected=256).encode() == bytes(5)


def test_a_card_that_never_ends_its_answer_is_left() -> None:
    class Endless:
        def transmit(self, _command: bytes) -> bytes:
            return b"\x01\x61\x01"

    with pytest.raises(CardError) as refused:
        exchange(Endless(), Command(b"\0\xb0\0\0", expected=1))
    assert refused.value.code == "CARTE_ILLISIBLE"


def test_an_answer_without_status_word_is_told() -> None:
    with pytest.raises(CardError, match="mot d’état"):
        exchange(Scripted(["90"]), Command(b"\0\xb0\0\0"))


def test_a_refusal_says_what_was_being_done() -> None:
    with pytest.raises(CardRefusedError, match=r"lecture.*6A88") as refused:
        expect(Scripted(["6a88"]), Command(b"\0\xb0\0\0"), "lecture")
    assert refused.value.sw == 0x6A88


@given(st.binary(max_size=300), st.sampled_from([0x80, 0xE3, 0x7F21, 0xDF01]))
def test_objects_are_read_whatever_their_length(value: bytes, tag: int) -> None:
    (found,) = parse(tlv(tag, value))
    assert (found.tag, found.value) == (tag, value)


@given(st.binary(max_size=60))
def test_any_octets_are_objects_or_a_value_error(content: bytes) -> None:
    try:
        found = list(parse(content))
    except ValueError:
        return
    assert sum(len(one.value) for one in found) <= len(content)


@pytest.mark.parametrize("cut", ["e305", "e3", "e38400000000", "e381", "e303800400"])
def test_a_cut_object_is_refused(cut: str) -> None:
    with pytest.raises(ValueError, match=r"annoncés|longueur|attendu"):
        fields(bytes.fromhex(cut), 0xE3)


def test_the_padding_of_a_file_is_no_object() -> None:
    assert [one.tag for one in parse(bytes.fromhex("800101" + "00" * 9))] == [0x80]
    with pytest.raises(ValueError, match="E3 attendu"):
        only(bytes(4), 0xE3)


def test_packed_digits() -> None:
    assert digits(bytes.fromhex("0331999011")) == "0331999011"
    assert digits(bytes.fromhex("331999011f")) == "331999011"
    with pytest.raises(ValueError, match="chiffres"):
        digits(b"\xab")


@given(st.binary(max_size=400))
def test_a_hash_left_at_its_last_block_is_finished_by_the_card(message: bytes) -> None:
    """The bench's card finishes what the LGC begins: both agree with hashlib."""
    state, bits, last = partial(message)
    assert len(last) <= BLOCK
    assert bool(last) is bool(message)
    assert bits == 8 * (len(message) - len(last))
    assert SHA256.resume(state, bits, last) == hashlib.sha256(message).digest()


def test_the_first_state_is_that_of_the_standard() -> None:
    assert partial(b"")[0][:8] == struct.pack(">2I", 0x6A09E667, 0xBB67AE85)
