"""The command: what it prints, how it refuses, what survives ``kill -9``."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from reference_impl.__main__ import main
from tests.reference_impl.house import CAMILLE_JSON, write_environment


@contextmanager
def running(environment: Path, data: Path) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "reference_impl", "--port", "0", "--seed", "3"]
    command += ["--environment", str(environment), "--data", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            yield client, process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    environment = write_environment(tmp_path)
    data = tmp_path / "données d’essai"
    with running(environment, data) as (client, process):
        assert client.base_url.host == "127.0.0.1"
        assert client.get("/health").json()["logiciel"] == "LOGICIEL ESSAI"
        created = client.post("/actions/patient.create", json={"traits": CAMILLE_JSON}).json()
        process.kill()
    with running(environment, data) as (client, _):
        asked = {"patient": created["patient"]["id"]}
        assert client.post("/actions/patient.read", json=asked).json() == created
        again = client.post("/actions/patient.create", json={"traits": CAMILLE_JSON}).json()
        assert again["patient"]["id"] == "p2"


def test_a_wrong_environment_is_one_french_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = str(tmp_path / "absent.json")
    assert main(["--environment", absent, "--data", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "ne peut pas être lu" in printed.err
    assert "Traceback" not in printed.err
