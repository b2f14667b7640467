"""The numbers of e-prescriptions; the golden list and the published layout are the witnesses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reference_impl.ids import SeededIds
from reference_impl.prescriptions.number import RANKS, SYMBOLS, Numbers, encode, paris
from reference_impl.store import Store
from rules.formats.prescription_number import decode
from tests.reference_impl.house import NOON
from tests.shared_data import GOLDEN, needs_shared


@needs_shared
def test_golden_numbers_are_made_of_their_instants() -> None:
    told = json.loads((GOLDEN / "prescription" / "numeros.json").read_bytes())
    # One of them rounds its tenths up, as a published number does; ours truncate.
    ours = [n for n in told if n["dixiemes"] == n["millisecondes"] // 100]
    made = [
        encode(
            datetime.fromisoformat(f"{n['date']}T{n['heure']}").replace(tzinfo=paris()), n["rang"]
        )
        for n in ours
    ]
    assert made == [n["numero"] for n in ours]
    assert len(made) >= 9


@pytest.mark.parametrize(
    ("instant", "rank", "number"),
    [
        ("2025-01-01T00:00:00.000+01:00", 1, "03XJ00000000000001"),
        ("2026-03-02T10:00:00.000+01:00", 123456, "04AUAZJ012AL803RJ0"),
        ("2026-12-31T23:59:59.999+01:00", 999999, "04LBTBPZ2JCNZZYGHZ"),
    ],
)
def test_vectors_of_the_sheet(instant: str, rank: int, number: str) -> None:
    assert encode(datetime.fromisoformat(instant).astimezone(UTC), rank) == number


def test_two_processes_and_a_restart_never_give_a_number_twice(tmp_path: Path) -> None:
    stores = [Store(tmp_path / "logiciel.sqlite") for _ in range(2)]
    numbers = [Numbers(store, SeededIds(store, 7, "2.25.1")) for store in stores]
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda i: numbers[i % 2].draw(NOON), range(60)))
    for store in stores:
        store.close()
    again = Store(tmp_path / "logiciel.sqlite")
    drawn.append(Numbers(again, SeededIds(again, 7, "2.25.1")).draw(NOON))
    again.close()
    assert len(set(drawn)) == 61
    assert all(set(number) <= set(SYMBOLS) and len(number) == 18 for number in drawn)
    assert all(number[14:] <= "YGHZ" for number in drawn)


def test_ten_thousand_numbers_are_unique_and_ordered_though_the_rank_begins_again() -> None:
    """One a millisecond; within one, the rank alone tells them apart."""
    numbers = [
        encode(NOON + timedelta(milliseconds=each), (RANKS - 5000 + each) % RANKS)
        for each in range(10_000)
    ]
    assert numbers == sorted(set(numbers))
    assert len({encode(NOON, rank) for rank in range(10_000)}) == 10_000


def test_a_clock_set_back_and_a_restart_repeat_nothing(tmp_path: Path) -> None:
    drawn: list[str] = []
    for hours in (2, 0, 1, 0):
        store = Store(tmp_path / "logiciel.sqlite")
        numbers = Numbers(store, SeededIds(store, 7, "2.25.1"))
        drawn += [numbers.draw(NOON + timedelta(hours=hours)) for _ in range(3)]
        store.close()
    assert len(set(drawn)) == 12


@pytest.mark.parametrize(
    ("instant", "time"),
    [
        ("2026-03-29T00:59:59.999+00:00", "01:59:59.999"),
        ("2026-03-29T01:00:00.000+00:00", "03:00:00.000"),
        ("2026-10-25T00:30:00.000+00:00", "02:30:00.000"),
        ("2026-10-25T01:30:00.000+00:00", "02:30:00.000"),
        ("2026-10-25T22:59:59.999+00:00", "23:59:59.999"),
    ],
)
def test_on_days_of_clock_change_the_clock_is_read(instant: str, time: str) -> None:
    made = decode(encode(datetime.fromisoformat(instant), 1))
    assert made.time.isoformat("milliseconds") == time
    assert datetime.fromisoformat(instant) in made.instants


def test_the_symbol_of_value_24_is_a_setting(tmp_path: Path) -> None:
    """Whichever is right, both are read as the same number."""
    store = Store(tmp_path / "logiciel.sqlite")
    numbers = Numbers(store, SeededIds(store, 7, "2.25.1"), "Q")
    drawn = [numbers.draw(NOON) for _ in range(64)]
    store.close()
    assert not any("R" in each for each in drawn)
    assert any("Q" in each for each in drawn)
    assert {decode(each).date for each in drawn} == {NOON.date()}


def test_two_workstations_of_one_seed_do_not_start_at_the_same_rank(tmp_path: Path) -> None:
    drawn: set[str] = set()
    for place in range(3):
        store = Store(tmp_path / str(place) / "logiciel.sqlite")
        drawn.add(Numbers(store, SeededIds(store, 7, "2.25.1")).draw(NOON))
        store.close()
    # Three draws among a million: two equal ones happen once in 300 000 runs.
    assert len(drawn) > 1
    assert RANKS == 1_000_000
