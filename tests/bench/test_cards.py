"""``segur-bench cards``: French sentences, exit codes, files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import cli
from bench.cards import build_api, host_card, known_variants
from bench.errors import BenchEnvironmentError, BenchError, UsageError
from simulators.cards.errors import CardError
from simulators.cards.export import write_card
from simulators.cards.vitale import VitaleCard, VitaleImage


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "vitale.json"
    write_card(VitaleCard(VitaleImage("000250000000", "T", ())), path)
    return path


def test_a_card_for_a_reader_that_is_not_there(image: Path) -> None:
    with pytest.raises(BenchEnvironmentError, match="Aucun vpcd ne répond"):
        host_card(image, "127.0.0.1:1", print)


def test_a_host_name_that_is_none(image: Path) -> None:
    with pytest.raises(BenchEnvironmentError, match="Aucun vpcd ne répond"):
        host_card(image, f"{'a' * 300}:1", print)


def test_a_card_that_cannot_be_written_is_told_in_french(tmp_path: Path) -> None:
    taken = tmp_path / "fichier"
    taken.write_text("", encoding="utf-8")
    card = VitaleCard(VitaleImage("000250000000", "T", ()))
    with pytest.raises(CardError, match="donnez un dossier où vous pouvez écrire"):
        write_card(card, taken / "vitale.json")


@pytest.mark.parametrize("address", ["ici", ":1", "ici:un"])
def test_an_address_that_is_none(image: Path, address: str) -> None:
    with pytest.raises(UsageError, match="hôte:port"):
        host_card(image, address, print)


def test_a_file_that_is_no_card(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="n'est pas une image de carte"):
        host_card(tmp_path / "absente.json", "127.0.0.1:1", print)


def test_a_compiler_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BenchEnvironmentError, match="Il faut le compilateur C"):
        build_api(tmp_path, "compilateur-inconnu")


def test_a_library_is_not_built_over_a_file(tmp_path: Path) -> None:
    taken = tmp_path / "fichier"
    taken.write_text("", encoding="utf-8")
    with pytest.raises(BenchEnvironmentError, match="donnez un dossier où vous pouvez écrire"):
        build_api(taken, sys.executable)


def test_every_variant_is_listed_with_its_french() -> None:
    told = {(kind, name): text for kind, name, text in known_variants()}
    assert "expirée" in told["CPS", "expiree"]
    assert ("Vitale", "sans-nir-certifie") in told
    assert all(told.values())
    done = CliRunner().invoke(cli.app, ["cards", "variants"])
    assert done.exit_code == 0
    assert "essai-unique" in done.output


@pytest.mark.parametrize("words", [["cards"], ["cards", "--help"], ["cards", "host", "--help"]])
def test_help_is_in_french(words: list[str]) -> None:
    done = CliRunner().invoke(cli.app, words)
    assert "carte" in done.output.lower()


def test_a_folder_without_campaign(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["cards", "export", str(tmp_path)])
    assert isinstance(done.exception, BenchError)
    assert "banc.sqlite" in str(done.exception)
