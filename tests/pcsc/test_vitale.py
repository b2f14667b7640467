"""A carte Vitale over PC/SC. Witness: pyscard over pcscd and vsmartcard's vpcd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from simulators.cards import vitale
from simulators.platform import Platform
from simulators.testing import exchanges
from tests.pcsc.conftest import VITALE_READER, connected, event_count, transmit, wait_for_card

pytestmark = pytest.mark.pcsc


@pytest.fixture
def card() -> Iterator[Any]:
    with connected(VITALE_READER) as connection:
        yield connection


def test_beneficiaries_are_read(bench: Platform, card: Any) -> None:
    assert bytes(card.getATR()) == vitale.ATR
    assert transmit(card, "00A4040C0BD250000002564954414C45")[1] == 0x9000
    assert transmit(card, "00A4000C022010")[1] == 0x9000
    content, word = transmit(card, "00B0000000")
    assert word == 0x9000
    assert "Éloïse".encode("latin-1") in content
    assert b"TESTMAI" in content
    told = exchanges(bench, "cards")
    assert [e.operation for e in told][-3:] == ["SELECT", "SELECT", "READ BINARY"]


def test_a_withdrawn_card_is_seen_to_leave(bench: Platform) -> None:
    service = bench.services["cards"]
    before = event_count(VITALE_READER)
    with bench.kernel.unit() as unit:
        service.set_state(unit, {"lecteurs": {"Banc Vitale 00": None}})
    wait_for_card(VITALE_READER, present=False)
    with bench.kernel.unit() as unit:
        service.set_state(unit, {"lecteurs": {"Banc Vitale 00": {"carte": "vitale-01"}}})
    wait_for_card(VITALE_READER, newer_than=before)
