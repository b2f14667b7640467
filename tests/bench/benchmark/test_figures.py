"""Arithmetic of the benchmark: medians, percentiles, ratios, JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.benchmark.figures import Benchmark, Figure, Peer, Sample, Target, percentile

times = st.lists(st.floats(0.001, 1000), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("values", "median"), [((3.0,), 3.0), ((4.0, 1.0, 2.0), 2.0), ((4.0, 1.0, 2.0, 3.0), 2.5)]
)
def test_the_median_is_the_middle(values: tuple[float, ...], median: float) -> None:
    assert Sample(values).median == median


def test_a_sample_without_a_run_is_no_sample() -> None:
    with pytest.raises(ValueError, match="sans essai"):
        Sample(())
    with pytest.raises(ValueError, match="aucune"):
        percentile((), 0.99)


def test_the_99th_percentile_of_a_hundred_leaves_one_above() -> None:
    assert percentile([float(n) for n in range(1, 101)], 0.99) == 99
    assert percentile([7.0], 0.99) == 7


@given(times, st.floats(0.01, 1))
def test_a_percentile_is_a_value_that_enough_others_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) - 1e-9


def figure(ours: tuple[float, ...], theirs: tuple[float, ...]) -> Figure:
    peer = Peer("nu", Sample(theirs))
    return Figure("depots", "Dépôts", "/s", Sample(ours), (peer,))


def test_the_ratio_is_that_of_runs_made_in_turn() -> None:
    measured = figure((10.0, 20.0, 90.0), (100.0, 100.0, 300.0))
    # 0.1, 0.2, 0.3: the machine was slower for both in the first run.
    assert measured.ratio(measured.peers[0]) == pytest.approx(0.2)


def test_runs_of_other_numbers_are_compared_by_their_medians() -> None:
    measured = figure((10.0, 20.0, 30.0), (40.0,))
    assert measured.ratio(measured.peers[0]) == pytest.approx(0.5)


def test_nothing_is_divided_by_zero() -> None:
    measured = figure((10.0,), (0.0,))
    assert measured.ratio(measured.peers[0]) is None


@given(times, times)
def test_a_ratio_lies_between_the_extremes(ours: list[float], theirs: list[float]) -> None:
    measured = figure(tuple(ours), tuple(theirs))
    ratio = measured.ratio(measured.peers[0])
    assert ratio is not None
    low, high = min(ours) / max(theirs), max(ours) / min(theirs)
    assert low * (1 - 1e-9) <= ratio <= high * (1 + 1e-9)


@pytest.mark.parametrize(
    ("at_most", "value", "met"),
    [(True, 5, True), (True, 5.1, False), (False, 5, True), (False, 4.9, False)],
)
def test_a_target_is_a_bound(at_most: bool, value: float, met: bool) -> None:
    assert Target("B-03", 5, at_most).met(value) is met


def test_the_json_has_every_run_and_is_plain() -> None:
    line = Figure(
        "aller-retour-http", "HTTP", "ms", Sample((1.0, 3.0)), (Peer("nu", Sample((2.0, 2.0))),),
        Target("B-03", 5, at_most=True), p99=3.0,
    )  # fmt: skip
    told = Benchmark((line,), {"systeme": "Linux"}, {"runs": 2}, ("une remarque",)).to_json()
    assert json.loads(json.dumps(told)) == told
    (measure,) = told["mesures"]
    assert (measure["mediane"], measure["minimum"], measure["maximum"]) == (2.0, 1.0, 3.0)
    assert measure["essais"] == [1.0, 3.0]
    assert measure["cible"] == {"id": "B-03", "borne": 5, "sens": "au plus", "tenue": True}
    assert measure["temoins"][0]["rapport"] == 1.0
    assert told["remarques"] == ["une remarque"]
