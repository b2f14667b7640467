"""A whole benchmark on very few messages: its figures are there; none is judged by its time."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bench.benchmark import peers, processes
from bench.benchmark.figures import Benchmark
from bench.benchmark.plan import FULL, QUICK, Plan
from bench.benchmark.running import run, steps
from bench.benchmark.screen import print_benchmark
from bench.errors import BenchEnvironmentError

TINY = Plan(
    messages=2, clients=2, runs=1, repeats=1, starts=1, campaigns=0, round_trips=3, patients=1
)
WITH_BARE = {
    "depots": "uvicorn nu",
    "depots-verdict": "uvicorn nu",
    "courriels": "aiosmtpd nu",
    "courriels-verdict": "aiosmtpd nu",
    "aller-retour-http": "uvicorn nu",
    "aller-retour-td02": "uvicorn nu",
    "aller-retour-insi": "uvicorn nu",
    "aller-retour-smtp": "aiosmtpd nu",
    "aller-retour-smtp-nagle": "aiosmtpd nu",
}
ALONE = {
    "demarrage",
    "demarrage-processeur",
    "premiere-reponse",
    "imap-append",
    "imap-fetch",
    "aller-retour-imap",
}


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def measured(told: list[str]) -> Benchmark:
    return run(TINY, with_peers=False, step=told.append)


def test_every_figure_is_measured_beside_its_bare_server(measured: Benchmark) -> None:
    found = {f.id: [p.name for p in f.peers] for f in measured.figures}
    assert {name: found[name] for name in WITH_BARE} == {n: [p] for n, p in WITH_BARE.items()}
    assert set(found) >= ALONE
    assert all(v > 0 for f in measured.figures for v in f.sample.values)
    ratios = [f.ratio(p) for f in measured.figures for p in f.peers]
    assert all(r is not None and r > 0 for r in ratios)


def test_a_verdict_only_adds_time(measured: Benchmark) -> None:
    by_id = {f.id: f.sample.median for f in measured.figures}
    assert by_id["depots-verdict"] < by_id["depots"]
    assert by_id["courriels-verdict"] < by_id["courriels"]


def test_progress_knows_how_many_steps_there_are(measured: Benchmark, told: list[str]) -> None:
    assert measured.figures
    assert len(told) == steps(TINY, with_peers=False)


def test_the_table_is_french_and_names_the_machine(measured: Benchmark) -> None:
    text = io.StringIO()
    print_benchmark(Console(file=text, width=200), measured)
    for word in ("Médiane", "Rapport", "uvicorn nu", "aiosmtpd nu", "processeurs", "B-03 ≤ 5,00"):
        assert word in text.getvalue()
    said = text.getvalue().splitlines()
    assert len([line for line in said if line.startswith("uvicorn nu : ")]) == 1


def test_quick_is_smaller_than_full() -> None:
    assert steps(QUICK, with_peers=True) < steps(FULL, with_peers=True)
    assert QUICK.messages < FULL.messages
    assert QUICK.round_trips >= 100, "a 99th percentile needs a hundred calls"


def test_a_program_that_cannot_start_says_why() -> None:
    with (
        pytest.raises(BenchEnvironmentError, match="n'a pas démarré"),
        processes.running("bench.benchmark.bare_http", "/nulle/part.json"),
    ):
        pytest.fail("rien ne sert")


def test_a_command_that_lasts_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(BenchEnvironmentError, match="n'a pas fini"):
        processes.timed(("python", "-c", "import time; time.sleep(60)"), tmp_path, 0.2)


def test_bytecode_is_kept_apart_even_where_python_was_told_to_write_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    command = (sys.executable, "-c", "import bench.benchmark.plan")
    where = Path(__file__).parents[3]
    _, code, said = processes.timed(command, where, 60, processes.compiled(tmp_path))
    assert code == 0, said
    assert list(tmp_path.rglob("plan*.pyc"))


def test_a_missing_peer_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for program in peers.PROGRAMS:
        said = peers.missing(program)
        assert said.startswith(f"{program.name} n'est pas mesuré")
        assert "manque sur cette machine" in said


def test_peers_need_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peers, "SOURCES", tmp_path)
    assert all("dépôt complet" in peers.missing(program) for program in peers.PROGRAMS)
