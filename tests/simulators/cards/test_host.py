"""A card connected to a vpcd that listens; cards as files. The vpcd here is ours."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.card_files import export_cards
from bench.errors import BenchError
from simulators.cards.errors import CardError
from simulators.cards.export import card_of, document_of, read_card, write_card
from simulators.cards.host import insert
from simulators.cards.issue import issue
from simulators.cards.vitale import VitaleCard, image_of
from simulators.errors import SettingsError
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.simulators.cards.reader_side import SELECT_MF, VITALE_READER, ReaderSide

WRONG_CODE = "00200001 04 39393939"


class Vpcd(ReaderSide):
    """A reader that listens, as vpcd does by default."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(10)
        self.port = self._listening.getsockname()[1]

    def accept(self) -> Vpcd:
        self._socket, _ = self._listening.accept()
        self._socket.settimeout(10)
        return self

    def close(self) -> None:
        self._listening.close()
        if hasattr(self, "_socket"):
            self._socket.close()


@pytest.fixture
def vpcd() -> Iterator[Vpcd]:
    listening = Vpcd()
    yield listening
    listening.close()


def test_a_card_of_a_file_answers_and_keeps_its_counters(
    platform: Platform, vpcd: Vpcd, tmp_path: Path
) -> None:
    path = tmp_path / "carte.json"
    write_card(issue(platform.kernel.pki, platform.kernel.world.professionals[0]), path)
    card = read_card(path)
    inserted = insert(card, "127.0.0.1", vpcd.port)
    serving = threading.Thread(target=inserted.serve, args=(lambda: write_card(card, path),))
    serving.start()
    vpcd.accept()
    assert vpcd.atr() == card.getATR()
    assert vpcd.power_on().ask(WRONG_CODE) == b"\x63\xc2"
    assert read_card(path).state()["porteur"]["essais_restants"] == 2
    vpcd.reset()
    assert vpcd.ask(SELECT_MF) == b"\x90\x00"
    inserted.withdraw()
    assert vpcd.hear() == b""
    serving.join(10)
    assert not serving.is_alive()


def test_a_reader_that_goes_ends_the_card(platform: Platform, vpcd: Vpcd) -> None:
    card = VitaleCard(image_of(platform.kernel.world.vitales[0]))
    inserted = insert(card, "127.0.0.1", vpcd.port)
    vpcd.accept().close()
    served = threading.Thread(target=inserted.serve, args=(lambda: None,), daemon=True)
    served.start()
    served.join(10)
    assert not served.is_alive()


def test_no_vpcd_is_told_in_french(platform: Platform, vpcd: Vpcd) -> None:
    card = VitaleCard(image_of(platform.kernel.world.vitales[0]))
    vpcd.close()
    with pytest.raises(CardError, match="Aucun vpcd ne répond"):
        insert(card, "127.0.0.1", vpcd.port)


def test_every_card_of_a_campaign_goes_to_a_file_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEGUR_TEST_STORE", raising=False)  # export reads the folder's own store
    with running(("cards",), folder=tmp_path) as platform:
        with ReaderSide(platform) as reader:
            reader.power_on().ask(WRONG_CODE)
        written = export_cards(tmp_path, tmp_path / "images", None)
        serials = {one["numero"] for one in platform.state()["cards"]["cartes"].values()}
    cards = [read_card(path) for path in written]
    assert {card.serial for card in cards} == serials
    assert {card.family for card in cards} == {"CPS3", "CPS4", "Vitale"}
    for card, path in zip(cards, written, strict=True):
        told = json.loads(path.read_text(encoding="utf-8"))
        assert document_of(card) == told
        assert document_of(card_of(told)) == told
    spoilt = next(c for c in cards if c.state().get("porteur", {}).get("essais_restants") == 2)
    assert spoilt.family == "CPS3"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "segur-bench/carte-vitale/1"}'])
def test_a_file_that_is_no_card_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "carte.json"
    path.write_text(content)
    with pytest.raises(CardError, match="n'est pas une image de carte"):
        read_card(path)


def test_a_folder_without_campaign_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"banc\.sqlite"):
        export_cards(tmp_path, None, None)


def two_readers() -> tuple[Vpcd, socket.socket]:
    """A vpcd has its second reader on the next port."""
    for _ in range(50):
        first = Vpcd()
        try:
            return first, socket.create_server(("127.0.0.1", first.port + 1))
        except (OSError, OverflowError):
            first.close()
    pytest.fail("aucune paire de ports libres")


def test_a_bench_offers_its_cards_to_a_vpcd() -> None:
    vpcd, second = two_readers()
    with vpcd, second:
        second.settimeout(10)
        settings = {"cartes": {"vpcd": f"127.0.0.1:{vpcd.port}"}}
        with running(("cards",), settings=settings) as platform:
            vpcd.accept()
            assert vpcd.power_on().ask(SELECT_MF) == b"\x90\x00"
            line, _ = second.accept()
            line.close()
            with platform.kernel.unit() as unit:
                platform.services["cards"].set_state(unit, {"lecteurs": {VITALE_READER: None}})
            told = [e.operation for e in exchanges(platform, "cards")]
    assert told[:2] == ["mise sous tension", "SELECT"]


@pytest.mark.parametrize("settings", [{"acces": "nfc"}, {"vpcd": "ici"}, {"vpcd": "ici:0"}])
def test_settings_that_mean_nothing_are_refused(settings: dict[str, str]) -> None:
    with (
        pytest.raises(SettingsError, match="n'est pas"),
        running(("cards",), settings={"cartes": settings}),
    ):
        pass
