"""Readers on sockets: power, commands, journal, durable memory, changes of state."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.artefact import MalformedError
from rules.exchange import Outcome
from rules.formats.apdu import CardCommand, CardEvent, read_card_exchange
from simulators.cards import journaling
from simulators.platform import Platform
from simulators.testing import administration, exchanges, running, wait_for
from tests.simulators.cards.reader_side import (
    CPS_READER,
    HUGO,
    LOUISE,
    SELECT_MF,
    VITALE_READER,
    ReaderSide,
    address,
)

WRONG_CODE = "00200001 04 39393939"
RIGHT_CODE = "00200001 04 31323334"
CPS = f"cps-{LOUISE}"
OTHER_CPS = f"cps-{HUGO}"


def change(platform: Platform, **parts: Any) -> None:
    with platform.kernel.unit() as unit:
        platform.services["cards"].set_state(unit, parts)


def events(platform: Platform) -> list[str]:
    return [e.operation for e in exchanges(platform, "cards") if e.request.method == "CARTE"]


def shown(platform: Platform, card: str) -> Any:
    return platform.state()["cards"]["cartes"][card]


# The wire


def test_a_reader_gives_its_card_to_a_reader_side(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        assert reader.atr().hex().upper() == "3BAC00402A001225006480000310009000"
        assert reader.power_on().ask(SELECT_MF) == b"\x90\x00"


def test_every_professional_has_a_reader_and_the_vitale_one(platform: Platform) -> None:
    readers = platform.descriptor["cartes"]["lecteurs"]
    people = platform.kernel.world.professionals
    assert [r["professionnel"] for r in readers[:-1]] == [p.national_id for p in people]
    assert [r["nom"] for r in readers[:2]] == ["Banc CPS 00", "Banc CPS 01"]
    assert (readers[-1]["nom"], readers[-1]["carte"]) == (VITALE_READER, "vitale")
    assert len({r["port"] for r in readers}) == len(readers)


def test_a_card_without_supply_says_nothing(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        assert reader.ask(SELECT_MF) == b""
    (exchange,) = exchanges(platform, "cards")
    assert (exchange.outcome, exchange.response) == (Outcome.UNANSWERED, None)


def test_messages_that_are_nothing_do_not_stop_the_reader(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        reader.power_on()
        for message in (b"", b"\x03", b"\xff"):
            reader.say(message)
        assert reader.ask(b"\x00\xa4") == b"\x67\x00"
        assert reader.ask(SELECT_MF) == b"\x90\x00"
    refused = next(e for e in exchanges(platform, "cards") if e.error_code)
    assert (refused.operation, refused.error_code) == ("?", "6700")


@pytest.mark.parametrize("half", [b"", b"\0", b"\0\x05\0\xa4"])
def test_a_reader_side_that_leaves_frees_the_reader(platform: Platform, half: bytes) -> None:
    where = address(platform, CPS_READER)
    with socket.create_connection((where["hote"], where["port"]), 5) as gone:
        gone.sendall(half)
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask(SELECT_MF) == b"\x90\x00"


def test_another_reader_side_waits_for_its_turn(platform: Platform) -> None:
    first = ReaderSide(platform)
    assert first.atr()
    with ReaderSide(platform) as second:
        second.say(b"\x04")
        first.close()
        assert second.hear()


def test_leaving_cuts_the_supply_and_forgets_the_code(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask(RIGHT_CODE) == b"\x90\x00"
        assert reader.ask("00200001") == b"\x90\x00"
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask("00200001") == b"\x63\xc3"
    assert events(platform)[:3] == [
        "mise sous tension",
        "mise hors tension",
        "mise sous tension",
    ]


def test_a_reset_forgets_the_code_as_well(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        reader.power_on().ask(RIGHT_CODE)
        reader.reset()
        assert reader.ask("00200001") == b"\x63\xc3"
    assert "réinitialisation" in events(platform)


# The journal


def test_a_command_is_an_exchange_of_the_holder(platform: Platform) -> None:
    with ReaderSide(platform, "Banc CPS 01") as reader:
        reader.power_on().ask("00A4090C023F00")
    exchange = exchanges(platform, "cards")[1]
    assert exchange.operation == "SELECT"
    assert exchange.request.start_line == "APDU 00 A4 09 0C"
    assert exchange.request.body.hex().upper() == "00A4090C023F00"
    assert exchange.request.header("Lecteur") == "Banc CPS 01"
    assert exchange.request.header("Famille") == "CPS4"
    assert exchange.correlation.professional == HUGO
    assert exchange.response is not None
    assert exchange.response.start_line == f"SW {exchange.response.body[-2:].hex().upper()}"


def test_codes_are_asterisks_wherever_they_are_presented(platform: Platform) -> None:
    commands = [
        "00200001 04 31323334",
        "00200001 31323334",
        "00200002 08 3132333435363738",
        "00240001 10 31323334FFFFFFFF 35363738FFFFFFFF",
        "002C0001 10 3132333435363738 31323334FFFFFFFF",
        "00200001 000004 31323334",
        "10200001 04 31323334",
        "A0200001 08 31323334FFFFFFFF",
    ]
    with ReaderSide(platform) as reader:
        reader.power_on()
        for command in commands:
            assert reader.ask(command)
    told = [e.request for e in exchanges(platform, "cards") if e.request.method == "APDU"]
    assert len(told) == len(commands)
    for request in told:
        assert not any(digits in request.body for digits in (b"1234", b"5678"))
        assert b"****" in request.body


@given(st.binary(min_size=4, max_size=40), st.sampled_from([0x20, 0x24, 0x2C]))
def test_masking_keeps_the_header_and_hides_the_code(command: bytes, ins: int) -> None:
    code = b"71839264"
    spoken = command[:1] + bytes([ins]) + command[2:4] + bytes([len(code)]) + code
    kept = journaling.masked(spoken)
    assert kept[:5] == spoken[:5]
    assert kept[5:] == b"*" * len(code)
    ragged = journaling.masked(command[:1] + bytes([ins]) + command[2:] + code)
    assert code not in ragged


def test_other_commands_are_kept_whole() -> None:
    command = bytes.fromhex("00A4090C023F00")
    assert journaling.masked(command) == command


# Memory


def test_wrong_codes_lock_the_card_for_good(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        answers = [reader.power_on().ask(WRONG_CODE)] + [reader.ask(WRONG_CODE) for _ in range(3)]
    assert [a.hex().upper() for a in answers] == ["63C2", "63C1", "6983", "6983"]
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask(RIGHT_CODE) == b"\x69\x83"
    assert shown(platform, CPS)["essais_porteur"] == 0
    platform.reset()
    assert shown(platform, CPS)["essais_porteur"] == 3


def test_the_administration_shows_counters_and_no_code(platform: Platform) -> None:
    with administration(platform) as api:
        told = api.get("/state/cards").text
    assert "essais_porteur" in told
    assert "valeur" not in told


_KILLED = """
import sys, time
from pathlib import Path
from simulators.platform import Platform
platform = Platform(("cards",), folder=Path(sys.argv[1]))
platform.start()
print("prêt", flush=True)
sys.stdin.read()
"""


def test_a_killed_bench_keeps_a_locked_card_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process killed keeps its campaign in this folder, whatever store the tests use.
    monkeypatch.delenv("SEGUR_TEST_STORE", raising=False)
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    bench = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert bench.stdout is not None
    assert bench.stdin is not None
    assert bench.stdout.readline() == "prêt\n"
    described = Platform(("cards",), folder=tmp_path)
    described.descriptor = _descriptor(tmp_path)
    with ReaderSide(described) as reader:
        reader.power_on()
        for _ in range(3):
            reader.ask(WRONG_CODE)
    os.kill(bench.pid, signal.SIGKILL)
    bench.wait(10)
    bench.stdin.close()
    bench.stdout.close()
    with running(("cards",), folder=tmp_path) as platform, ReaderSide(platform) as reader:
        assert reader.power_on().ask(RIGHT_CODE) == b"\x69\x83"
        assert len([e for e in exchanges(platform, "cards") if e.operation == "VERIFY"]) == 4


def _descriptor(folder: Path) -> Any:
    return json.loads((folder / "environnement.json").read_text(encoding="utf-8"))


# Changes of state


def test_a_withdrawn_card_hangs_up_and_leaves_an_empty_reader(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        reader.power_on().ask(SELECT_MF)
        change(platform, lecteurs={CPS_READER: None})
        assert reader.hear() == b""
    with ReaderSide(platform) as reader:
        assert reader.atr() == b""
    (left,) = [e for e in exchanges(platform, "cards") if e.operation == "retrait"]
    assert left.correlation.professional == LOUISE


def test_a_swapped_card_is_another_card(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        reader.power_on().ask(SELECT_MF)
        change(platform, lecteurs={CPS_READER: {"carte": OTHER_CPS}})
        assert reader.hear() == b""
    with ReaderSide(platform) as reader:
        assert reader.atr()[0:2] == b"\x3b\x9b"
    assert platform.state()["cards"]["lecteurs"]["Banc CPS 01"]["carte"] is None
    assert [e for e in events(platform) if "tension" not in e] == [
        "retrait",
        "retrait",
        "insertion",
    ]


def test_a_cps_goes_in_the_reader_of_vitale_and_the_contrary(platform: Platform) -> None:
    change(platform, lecteurs={VITALE_READER: {"carte": CPS}, CPS_READER: {"carte": "vitale-01"}})
    with ReaderSide(platform, VITALE_READER) as reader:
        assert reader.atr()[:2] == b"\x3b\xac"
    with ReaderSide(platform) as reader:
        assert reader.atr()[:2] == b"\x3b\x75"


def knock(host: str, port: int) -> None:
    with socket.create_connection((host, port), 5) as line:
        line.recv(1)


def test_an_unplugged_reader_resets_connections(platform: Platform) -> None:
    change(platform, lecteurs={CPS_READER: {"branche": False}})
    where = address(platform, CPS_READER)
    with pytest.raises(ConnectionResetError):  # sooner or later: even while connecting
        knock(where["hote"], where["port"])
    change(platform, lecteurs={CPS_READER: {"branche": True}})
    with ReaderSide(platform) as reader:
        assert reader.atr()


def test_a_variant_is_another_chip(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        reader.power_on().ask(WRONG_CODE)
    change(platform, lecteurs={CPS_READER: {"carte": CPS, "variante": "sans-contact"}})
    with ReaderSide(platform) as reader:
        assert reader.atr().hex().upper().startswith("3B8F")
    assert shown(platform, CPS)["variante"] == "sans-contact"
    assert shown(platform, CPS)["essais_porteur"] == 3


def test_tries_are_put_as_wanted(platform: Platform) -> None:
    change(platform, cartes={CPS: {"essais_porteur": 1}})
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask(WRONG_CODE) == b"\x69\x83"
    assert platform.state()["cards"]["cartes"][CPS]["essais_porteur"] == 0


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"lecteur": {}}, "lecteurs, cartes, vitales"),
        ({"lecteurs": []}, "objet JSON"),
        ({"lecteurs": {"Banc": None}}, "Banc CPS 00"),
        ({"lecteurs": {CPS_READER: {"carte": "cps-0"}}}, "n'est pas une carte du banc"),
        ({"lecteurs": {CPS_READER: {"variante": "bleue"}}}, "n'est pas une variante de CPS"),
        ({"lecteurs": {CPS_READER: {"branche": "non"}}}, "branche: true ou false"),
        ({"lecteurs": {CPS_READER: "cps"}}, "attend un objet JSON"),
        ({"cartes": {CPS: {"pin": "1"}}}, "ne se change pas"),
        ({"cartes": {CPS: {"essais_porteur": 9}}}, "essais_restants"),
        ({"cartes": {"vitale-00": {"essais_porteur": 1}}}, "n'a pas de code"),
        ({"vitales": {CPS: {}}}, "vitale-…"),
        ({"vitales": {"vitale-00": {"type": "X"}}}, "T (test)"),
        ({"vitales": {"vitale-00": {"couleur": 1}}}, "ne se change pas"),
        ({"vitales": {"vitale-00": {"beneficiaires": [{}]}}}, "il manque"),
    ],
)
def test_what_means_nothing_is_refused_in_french(platform: Platform, told: Any, said: str) -> None:
    before = platform.state()["cards"]
    with pytest.raises(ValueError, match=re.escape(said)):
        change(platform, **told)
    assert platform.state()["cards"] == before


def test_the_administration_changes_cards(platform: Platform) -> None:
    with administration(platform) as api:
        path = "/state/cards"
        done = api.put(path, json={"lecteurs": {VITALE_READER: {"carte": "vitale-02"}}})
    assert done.status_code == 200
    assert done.json()["lecteurs"][VITALE_READER]["carte"] == "vitale-02"
    assert wait_for(platform, lambda e: e.operation == "insertion")


def moves(platform: Platform) -> list[tuple[str, str | None]]:
    return [
        (e.operation, e.request.header("Carte"))
        for e in exchanges(platform, "cards")
        if e.operation in ("retrait", "insertion")
    ]


def test_a_variant_leaves_and_enters_once_under_its_own_number(platform: Platform) -> None:
    told = {"carte": "vitale-00", "variante": "serie-longue"}
    change(platform, lecteurs={VITALE_READER: told})
    assert moves(platform) == [
        ("retrait", "000250000000"),
        ("insertion", "99999999000250000000"),
    ]


def test_what_is_already_so_moves_nothing(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        reader.power_on().ask(SELECT_MF)
        change(platform, lecteurs={CPS_READER: {"carte": CPS}, VITALE_READER: {"branche": True}})
        assert reader.ask(SELECT_MF) == b"\x90\x00"
    assert moves(platform) == []


def test_two_cards_exchange_their_readers_in_one_change(platform: Platform) -> None:
    readers = {CPS_READER: {"carte": OTHER_CPS}, "Banc CPS 01": {"carte": CPS}}
    change(platform, lecteurs=readers)
    assert [event for event, _ in moves(platform)] == ["retrait"] * 2 + ["insertion"] * 2
    placed = platform.state()["cards"]["lecteurs"]
    assert (placed[CPS_READER]["carte"], placed["Banc CPS 01"]["carte"]) == (OTHER_CPS, CPS)


def test_the_rules_read_all_that_is_journaled(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        reader.power_on()
        for command in (SELECT_MF, RIGHT_CODE, "00200001", "00B09C00 C0", "00A4"):
            reader.ask(command)
    change(platform, lecteurs={CPS_READER: None})
    told = exchanges(platform, "cards")
    short = [e for e in told if e.operation == "?"]
    artefacts = [one for e in told if e not in short for one in read_card_exchange(e)]
    commands = [a for a in artefacts if isinstance(a, CardCommand)]
    assert [a.tries for a in commands] == [None, None, None, None]
    assert [a.presents_code for a in commands] == [False, True, False, False]
    assert str(commands[0]) == "00 A4 00 0C"
    names = [a.name for a in artefacts if isinstance(a, CardEvent)]
    assert (names[0], "retrait" in names) == ("mise sous tension", True)
    with pytest.raises(MalformedError):
        list(read_card_exchange(short[0]))
