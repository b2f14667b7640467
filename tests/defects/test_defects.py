"""Each mistake of an editor is caught by the checks meant for it, and by no other.

The mutation matrix of bench.md B-19: see ``segur-bench defects``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.cli import app
from bench.defects import Defect, Injection, Patcher, by_check, load, never_raised
from bench.errors import UsageError
from reference_impl import clock
from rules.checking import all_checks

from . import DEFECTS
from .laboratory import Laboratory
from .stimuli import STIMULI

WAYS = sorted({(d.stimulus, d.injection) for d in DEFECTS}, key=str)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.name)
def test_a_mistake_is_caught_by_its_checks_and_by_no_other(
    laboratory: Laboratory, defect: Defect
) -> None:
    judgement = laboratory.judged(defect)
    found = {f.check_id: f"{f.place} : {f.found}" for f in judgement.findings}
    assert set(found) == defect.checks, found
    assert all(f.advice and f.expected for f in judgement.findings)


@pytest.mark.parametrize(
    ("stimulus", "injection"), WAYS, ids=[f"{s}-{i.fault if i else 'sans-panne'}" for s, i in WAYS]
)
def test_a_conformant_reference_raises_nothing(
    laboratory: Laboratory, stimulus: str, injection: Injection | None
) -> None:
    judgement = laboratory.conformant(stimulus, injection)
    assert judgement.findings == ()
    assert judgement.evaluated


def test_every_sequence_of_gestures_serves_and_every_name_is_declared() -> None:
    assert {d.stimulus for d in DEFECTS} == set(STIMULI)
    known = {name for name, _ in all_checks()}
    assert set(by_check(DEFECTS)) <= known
    assert all(d.checks or d.scenario for d in DEFECTS)
    assert len({d.name for d in DEFECTS}) == len(DEFECTS) >= 34


def test_the_checks_that_no_defect_raises_are_told() -> None:
    """A report, not a rule: some checks need gestures the reference LGC does not have."""
    silent = never_raised(DEFECTS)
    print(f"{len(silent)} contrôles qu'aucun LGC défectueux ne fait réagir : {', '.join(silent)}")
    assert set(silent).isdisjoint(by_check(DEFECTS))


def test_a_defect_that_misses_its_place_does_not_go_unseen() -> None:
    patcher = Patcher()
    with pytest.raises(AttributeError):
        patcher.set("reference_impl.clock:wire_instants", None)


def test_everything_is_put_back() -> None:
    former = clock.wire_instant
    patcher = Patcher()
    patcher.wrap("reference_impl.clock:wire_instant", lambda original, at: original(at) + "!")
    patcher.set("reference_impl.clock:SystemClock.now", None)
    patcher.undo()
    assert clock.wire_instant is former
    assert callable(clock.SystemClock.now)


def test_the_command_shows_the_matrix_in_both_directions() -> None:
    folder = str(Path(__file__).parent)
    shown = CliRunner().invoke(app, ["defects", "--dossier", folder])
    assert shown.exit_code == 0
    printed = CliRunner().invoke(app, ["defects", "--dossier", folder, "--json"])
    matrix = json.loads(printed.stdout)
    assert len(matrix["defauts"]) == len(DEFECTS)
    assert "lot-masque-a-tous" in matrix["controles"]["DMP-21-10"]
    assert set(matrix["jamais"]) == set(never_raised(DEFECTS))


def test_a_folder_without_defects_is_told_in_french(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Aucun LGC défectueux"):
        load(tmp_path)
    (tmp_path / "__init__.py").write_text("autre = 1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="n'est pas un dossier de LGC défectueux"):
        load(tmp_path)
