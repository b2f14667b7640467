"""Whatever octets come, both generations answer a status word of theirs."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.cards.issue import make_card
from tests.simulators.cards.talk import PIN, PUK, image

_HEADS = (
    "00A400B000D600200024002C0022002A008800CB008400C0102A"
    "A0A4A0B0A020A0C001A401B00122012A112A01200070"
)
HEADS = st.sampled_from([bytes.fromhex(_HEADS[at : at + 4]) for at in range(0, len(_HEADS), 4)])
LIKELY = st.sampled_from([bytes.fromhex(one[:8]) for one in (PIN, "002241B6", "002A9E9A")])
COMMANDS = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda head, tail: head + tail, HEADS, st.binary(max_size=30)),
    st.builds(lambda head, data: head + bytes((len(data),)) + data, LIKELY, st.binary(max_size=30)),
    st.sampled_from(
        [bytes.fromhex(one) for one in (PIN, PUK, "002241AA03800140", "002241B606800142840101")]
    ),
)


@pytest.mark.parametrize("rank", [0, 1], ids=["CPS3", "CPS4"])
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(commands=st.lists(COMMANDS, max_size=12))
def test_any_octets_are_answered_by_a_word_of_the_card(rank, commands):
    card = make_card(image(rank))
    for command in commands:
        answer = card.execute(command)
        assert len(answer) >= 2
        assert answer[-2:] != b"\x6f\x00", command.hex()
