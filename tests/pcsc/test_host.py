"""``segur-bench cards host``: a card of a file under PC/SC. Witness: pyscard, pcscd, vpcd."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.card_files import export_cards
from simulators.cards.export import read_card
from simulators.testing import running
from tests.pcsc.conftest import CPS_READER, Vpcd, connected, transmit, wait_for_card
from tests.simulators.cards.reader_side import HUGO

pytestmark = pytest.mark.pcsc


def test_an_exported_card_is_inserted_and_keeps_its_counters(pcscd: Vpcd, tmp_path: Path) -> None:
    with running(("cards",), folder=tmp_path):
        pass
    images = export_cards(tmp_path, None, None)
    image = next(path for path in images if path.stem == f"cps-{HUGO}")
    wait_for_card(CPS_READER, present=False)  # pcscd may still show that of another bench
    command = [sys.executable, "-m", "bench.cli", "cards", "host", str(image)]
    host = subprocess.Popen(
        [*command, "--vpcd", pcscd.address], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        wait_for_card(CPS_READER, timeout=40)
        with connected(CPS_READER) as card:
            assert bytes(card.getATR()) == read_card(image).getATR()
            assert transmit(card, "01A4040C08 802500000 1FF0100".replace(" ", ""))[1] == 0x9000
            assert transmit(card, "0120000104 39393939".replace(" ", ""))[1] == 0x63C2
        assert read_card(image).state()["porteur"]["essais_restants"] == 2
    finally:
        host.send_signal(signal.SIGINT)
        said, complaint = host.communicate(timeout=20)
    assert host.returncode == 0, complaint.decode()
    assert "Ctrl-C la retire" in said.decode()
    wait_for_card(CPS_READER, present=False)
