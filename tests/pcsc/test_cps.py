"""What a CPS shows before and after its code. Witness: pyscard over pcscd and vpcd."""

from __future__ import annotations

import pytest

from simulators.platform import Platform
from tests.pcsc.conftest import CPS_READER, connected, transmit

pytestmark = pytest.mark.pcsc
SELECT_SITUATION = "00A4090C063F000001D120"
SELECT_NAME = "00A4090C063F000001D102"


def test_situations_are_read_after_the_code_only(bench: Platform) -> None:
    who = bench.kernel.world.professionals[0]
    with connected(CPS_READER) as card:
        assert transmit(card, SELECT_NAME)[1] == 0x9000
        assert who.family_name.encode() in transmit(card, "00B0000000")[0]
        assert transmit(card, SELECT_SITUATION)[1] == 0x9000
        assert transmit(card, "00B0000000") == (b"", 0x6982)
        assert transmit(card, "0020000104" + who.pin.encode().hex())[1] == 0x9000
        situation, word = transmit(card, "00B0000000")
    assert word == 0x9000
    assert situation[:1] == b"\xee"
    assert who.structure.structure_id.encode() in situation


def test_both_cards_are_there_at_once(bench: Platform) -> None:
    with connected(CPS_READER) as cps, connected("Virtual PCD 00 01") as vitale:
        assert bytes(cps.getATR())[:2] == b"\x3b\xac"
        assert bytes(vitale.getATR())[:2] == b"\x3b\x75"
