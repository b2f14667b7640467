"""The number of an e-prescription: witness of the four published numbers, and of time."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.formats.prescription_number import (
    MAX_RANK,
    MAX_TENTHS,
    ZONE,
    NumberError,
    NumberFlaw,
    PrescriptionNumber,
    decode,
    encode,
    is_number,
)
from tests.shared_data import GOLDEN, needs_shared

PUBLISHED = {
    "02YZCU5M184XLZ5PW5": (date(2022, 4, 28), time(11, 41, 44, 479_000), 421_045, 188_293),
    "0326JETB1SNA9FD825": (date(2022, 8, 9), time(16, 48, 20, 271_000), 605_003, 434_245),
    "03UE8SP00UGBYH4JF7": (date(2024, 10, 25), time(8, 0, 48, 81_000), 288_480, 149_991),
    "01S2TBPZ2JCNZZYGHZ": (date(2019, 1, 1), time(23, 59, 59, 999_000), 863_999, 999_999),
}
"""e-prescription.md §4: an LGC's print and screen, a component's Code 2D, SEL-SFG-023."""


def paris(*parts: int) -> datetime:
    """An instant that the clock of Paris reads."""
    return datetime(*parts, tzinfo=ZONE)


VECTORS = {
    "03XJ00000000000001": (paris(2025, 1, 1), 1),
    "04AUAZJ012AL803RJ0": (paris(2026, 3, 2, 10), 123_456),
    "04LBTBPZ2JCNZZYGHZ": (paris(2026, 12, 31, 23, 59, 59, 999_000), 999_999),
}
"""Ours (e-prescription.md §4)."""

moments = st.builds(
    lambda day, at: datetime.combine(day, at.replace(microsecond=at.microsecond // 1000 * 1000)),
    st.dates(date(2014, 1, 1), date(2099, 12, 31)),
    st.times(),
)
ranks = st.integers(0, MAX_RANK)


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_numbers_say_their_date_and_are_written_back(text: str) -> None:
    number = decode(text)
    assert (number.date, number.time, number.tenths, number.rank) == PUBLISHED[text]
    assert number.consistent
    assert str(number) == text


@pytest.mark.parametrize("text", VECTORS)
def test_vectors(text: str) -> None:
    assert str(encode(*VECTORS[text])) == text


@needs_shared
def test_golden_numbers() -> None:
    cases = json.loads((GOLDEN / "prescription" / "numeros.json").read_text())
    for case in cases:
        number = decode(case["numero"])
        assert number.date.isoformat() == case["date"]
        assert number.time == time.fromisoformat(case["heure"])
        assert (number.milliseconds, number.tenths) == (case["millisecondes"], case["dixiemes"])
        assert number.rank == case["rang"]
        assert number.consistent
        assert str(number) == case["numero"]
    assert len(cases) == 10


@given(moment=moments, rank=ranks, symbol=st.sampled_from("RQ"))
def test_whatever_is_written_is_read_back(moment: datetime, rank: int, symbol: str) -> None:
    number = encode(moment, rank, symbol=symbol)
    text = str(number)
    read = decode(text)
    assert is_number(text)
    assert str(read) == text
    assert datetime.combine(read.date, read.time) == moment
    assert read.rank == rank
    assert read.consistent


@given(first=st.tuples(moments, ranks), second=st.tuples(moments, ranks))
def test_texts_sort_as_the_instants_they_say(
    first: tuple[datetime, int], second: tuple[datetime, int]
) -> None:
    texts = [str(encode(*each)) for each in (first, second)]
    assert (texts[0] < texts[1]) == (first < second)


@given(day=st.dates(date(2014, 1, 1), date(2099, 12, 31)), milliseconds=st.integers(0, 86_399_999))
def test_an_instant_of_any_day_is_among_those_its_number_may_mean(
    day: date, milliseconds: int
) -> None:
    midnight = datetime.combine(day, time(), ZONE).astimezone(UTC)
    instant = midnight + timedelta(milliseconds=milliseconds)
    if instant.astimezone(ZONE).date() != day:
        return  # a day of 23 hours
    assert instant in encode(instant, 0).instants
    assert instant in encode(instant, 0, elapsed=True).instants


def test_a_day_of_clock_change_reads_the_clock_or_the_time_elapsed() -> None:
    march = str(encode(paris(2026, 3, 29, 3, 0, 0, 1000), 31))
    assert march == "04BN39F00A9JW1000Z"
    assert decode(march).instants == (
        datetime(2026, 3, 29, 1, 0, 0, 1000, tzinfo=UTC),
        datetime(2026, 3, 29, 2, 0, 0, 1000, tzinfo=UTC),
    )
    october = encode(paris(2026, 10, 25, 2, 30), 0)
    assert [i.hour for i in october.instants] == [0, 1]


def test_the_last_hour_of_a_day_of_twenty_five_cannot_be_written_as_elapsed() -> None:
    with pytest.raises(NumberError) as error:
        encode(paris(2026, 10, 25, 23, 30), 0, elapsed=True)
    assert error.value.flaw is NumberFlaw.RANGE


@pytest.mark.parametrize(
    ("text", "flaw", "place"),
    [
        ("", NumberFlaw.LENGTH, "numéro"),
        ("04B5BBY113H9WH003", NumberFlaw.LENGTH, "numéro"),
        ("04B5BBY113H9WH00350", NumberFlaw.LENGTH, "numéro"),
        ("04B5BBY113H9WHO035", NumberFlaw.ALPHABET, "caractère 15"),
        ("04B5BBY113H9WHI035", NumberFlaw.ALPHABET, "caractère 15"),
        ("V4B5BBY113H9WH0035", NumberFlaw.ALPHABET, "caractère 1"),
        ("04b5BBY113H9WH0035", NumberFlaw.ALPHABET, "caractère 3"),
        ("04B5BBY113H9WH003 ", NumberFlaw.ALPHABET, "caractère 18"),
        ("04BRBBY113H9WH00Q5", NumberFlaw.ALPHABET, "caractère 17"),
        ("04B5TBR013H9WH0035", NumberFlaw.RANGE, "caractères 5 à 8 (dixièmes"),
        ("04B5BBY12JCP000035", NumberFlaw.RANGE, "caractères 9 à 14 (millisecondes"),
        ("04B5BBY113H9WHYGJ0", NumberFlaw.RANGE, "caractères 15 à 18 (rang)"),
        ("04B6BBY113H9WH0035", NumberFlaw.DATE, "caractères 1 à 4 (jours"),
    ],
)
def test_what_is_no_number_is_told_apart(text: str, flaw: NumberFlaw, place: str) -> None:
    with pytest.raises(NumberError) as error:
        decode(text, not_after=date(2026, 3, 12))
    assert error.value.flaw is flaw
    assert error.value.place.startswith(place)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        again = str(decode(text))
    except NumberError:
        return
    assert again == text


def test_the_largest_values_are_accepted() -> None:
    number = decode("01S2TBPZ2JCNZZYGHZ", not_after=date(2019, 1, 1))
    assert (number.tenths, number.rank) == (MAX_TENTHS, MAX_RANK)


@pytest.mark.parametrize(
    ("tenths", "consistent"), [(421_044, True), (421_045, True), (421_043, True), (421_046, False)]
)
def test_tenths_may_be_rounded_either_way(tenths: int, consistent: bool) -> None:
    assert PrescriptionNumber(3039, tenths, 42_104_479, 0).consistent is consistent


@pytest.mark.parametrize("rank", [-1, MAX_RANK + 1])
def test_a_rank_out_of_bounds_is_refused(rank: int) -> None:
    with pytest.raises(NumberError) as error:
        encode(paris(2026, 3, 12), rank)
    assert error.value.flaw is NumberFlaw.RANGE


def test_a_day_before_the_first_is_refused() -> None:
    with pytest.raises(NumberError) as error:
        encode(paris(2013, 12, 31), 0)
    assert error.value.flaw is NumberFlaw.DATE


def test_ten_thousand_numbers_are_unique_and_ordered() -> None:
    """Seven a millisecond, told apart by their ranks."""
    now = datetime(2026, 3, 12, 9, tzinfo=UTC)
    texts = [
        str(encode(now + timedelta(milliseconds=each // 7), each % 7)) for each in range(10_000)
    ]
    assert texts == sorted(set(texts))


def test_a_number_says_itself_in_french() -> None:
    assert decode("04B5BBY113H9WH0035").said() == "12/03/2026 à 10:21:07,345, rang 101"
