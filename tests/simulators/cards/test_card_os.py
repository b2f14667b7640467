"""What every card has, whatever it is: transport, chaining, files that are only read."""

from __future__ import annotations

import pytest

from simulators.cards.card_os import CardOs
from simulators.cards.files import MF, Df, Ef, Rule
from tests.simulators.cards.talk import send, status, with_data

LONG = bytes(range(256)) * 3


def made(*, t0):
    files = {0x2001: Ef(0x2001, LONG), 0x2002: Ef(0x2002, b"secret", Rule.CODE)}
    return CardOs("1", b"\x3b\x00", Df(MF, (), files), t0=t0)


@pytest.mark.parametrize("t0", [True, False])
def test_a_file_is_read_in_pieces(t0):
    card = made(t0=t0)
    send(card, "00A4000C022001")
    assert send(card, "00B0000000") == LONG[:256]
    assert send(card, "00B0010000") == LONG[256:512]
    assert send(card, "00B002F020") == LONG[0x2F0:]
    assert status(card, "00B0030001") == 0x6B00


def test_an_extended_answer_comes_whole():
    card = made(t0=False)
    send(card, "00A4000C022001")
    assert send(card, "00B00000000000") == LONG


def test_t0_announces_what_a_command_with_data_answers():
    assert status(made(t0=True), "00A40000022001") >> 8 == 0x61
    assert send(made(t0=False), "00A4000002200100")[:1] == b"\x62"


def test_another_command_drops_what_waits():
    card = made(t0=True)
    status(card, "00A40000022001")
    assert status(card, "00A4000C022001") == 0x9000
    assert status(card, "00C0000010") == 0x6985


def test_files_behind_a_code_are_not_read_on_a_card_without_code():
    card = made(t0=True)
    send(card, "00A4000C022002")
    assert status(card, "00B0000010") == 0x6982


def test_chains_have_an_end():
    card = made(t0=True)
    answers = [status(card, with_data("10A40000", bytes(255))) for _ in range(17)]
    assert answers[:16] == [0x9000] * 16
    assert answers[16] == 0x6700


def test_a_card_that_is_only_read_has_no_state():
    card = made(t0=True)
    assert card.state() == {}
    card.restore({})
    with pytest.raises(ValueError, match="état"):
        card.restore({"porteur": {}})


def test_what_goes_wrong_inside_is_a_status_word():
    card = made(t0=True)

    def fails(_command):
        raise ZeroDivisionError

    card.handlers[0x10] = fails
    assert status(card, "00100000") == 0x6F00
