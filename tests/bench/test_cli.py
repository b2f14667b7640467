"""The command line: exit codes and French sentences, never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.exigences import unknown_references


def segur_bench(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.cli", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("check", "/nulle/part.xml"), 2, "ne se lit pas"),
        (("run", "/nulle/part"), 2, "Aucune fonctionnalité"),
        (("run", "--driver", "robot"), 2, "Driver inconnu"),
        (("verdict", "/nulle/part"), 2, "n'est pas le dossier d'une campagne"),
        (("environment", "/nulle/part"), 2, "segur-bench serve"),
        (("environment", "/tmp", "--format", "toml"), 2, "Format inconnu"),
        (("exigences", "INCONNUE"), 2, "INCONNUE"),
    ],
    ids=lambda value: "-".join(value[:2]) if isinstance(value, tuple) else None,
)
def test_a_mistake_prints_one_sentence_and_exits_2(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    done = segur_bench(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_check_speaks_json_to_scripts_and_exits_1_on_a_failing_finding(tmp_path: Path) -> None:
    path = tmp_path / "document.xml"
    path.write_bytes(b"<ClinicalDocument")
    done = segur_bench("check", str(path), "--json")
    (inspection,) = json.loads(done.stdout)
    assert done.returncode == 1
    assert inspection["verdict"] == "non conforme"
    assert [f["check_id"] for f in inspection["constats"]] == ["CDA-01"]


def test_a_check_is_found_by_its_id_and_by_its_exigence() -> None:
    by_exigence = json.loads(segur_bench("exigences", "INS/va1.53", "--json").stdout)
    by_check = json.loads(segur_bench("exigences", "INS-T-01", "--json").stdout)
    assert "INS-T-01" in by_exigence[0]["checks"]
    assert by_exigence[0]["scenarios"]
    assert "INS/va1.53" in {row["id"] for row in by_check}


def test_the_schema_of_events_is_published() -> None:
    schema = json.loads(segur_bench("schema").stdout)
    assert schema["type"] == "array"
    assert "FindingSeen" in schema["$defs"]


def test_every_check_names_exigences_that_exist() -> None:
    assert unknown_references() == ()
