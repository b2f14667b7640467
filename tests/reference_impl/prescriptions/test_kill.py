"""``kill -9`` of the real process between EP4 and the DMP: nothing lost, nothing created twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.people import Patient, Status
from reference_impl.wiring import build
from simulators.platform import Platform
from simulators.testing import exchanges, running, wait_for
from tests.reference_impl.house import CAMILLE, CAMILLE_INS, LOUISE
from tests.reference_impl.prescriptions.cabinet import DRUG


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "cards", "dmp", "prescription")) as started:
        yield started


@contextmanager
def process(platform: Platform, data: Path) -> Iterator[tuple[httpx.Client, Any]]:
    """The reference LGC as a process of its own."""
    environment = Path(platform.folder) / "environnement.json"
    command = [sys.executable, "-m", "reference_impl", "--port", "0"]
    command += ["--environment", str(environment), "--data", str(data)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        assert started.stdout is not None
        url = json.loads(started.stdout.readline())["url"]
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            yield client, started
    finally:
        started.kill()
        started.wait()
        if started.stdout:
            started.stdout.close()


def act(client: httpx.Client, name: str, **asked: Any) -> dict[str, Any]:
    answer = client.post(f"/actions/{name}", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_qualified_patient(platform: Platform, data: Path) -> str:
    environment = read_environment(Path(platform.folder) / "environnement.json")
    lgc = build(environment, data, 1, SystemClock())
    patient = Patient(lgc.ids.local("p"), CAMILLE, Status.QUALIFIED, CAMILLE_INS)
    lgc.records.add_patient(patient)
    lgc.close()
    return patient.id


def test_killed_while_the_dmp_does_not_answer(platform: Platform, tmp_path: Path) -> None:
    patient = a_qualified_patient(platform, tmp_path)
    platform.kernel.faults.add("dmp", "TD2.1", fault="muet", times=1)
    with process(platform, tmp_path) as (client, running_one):
        asked = {"patient": patient, "professionnel": LOUISE, "lignes": [dict(DRUG)]}
        draft = act(client, "prescription.create", **asked)["ordonnance"]["id"]
        sent = {"ordonnance": draft, "professionnel": LOUISE}
        validating = threading.Thread(target=_ignored, args=(client, sent), daemon=True)
        validating.start()
        wait_for(platform, lambda e: e.operation == "EP4" and e.accepted, timeout=60)
        wait_for(platform, lambda e: e.operation == "TD0.2" and e.accepted, timeout=60)
        running_one.kill()
        running_one.wait()
        validating.join()
    platform.kernel.faults.clear()
    with process(platform, tmp_path) as (client, _):
        (kept,) = act(client, "prescription.list", patient=patient)["ordonnances"]
        assert kept["etat"] == "enregistrée"
        assert None not in kept["documents"].values()
        shipments = act(client, "outbox.flush")["envois"]
        assert [(e["genre"], e["etat"]) for e in shipments] == [("dmp", "envoyé")] * 2
        again = act(client, "prescription.validate", **sent)["ordonnance"]
        assert again["numero"] == kept["numero"]
    found = [e.operation for e in exchanges(platform) if e.accepted]
    assert (found.count("EP4"), found.count("TD2.1")) == (1, 2)


def _ignored(client: httpx.Client, asked: dict[str, Any]) -> None:
    try:
        client.post("/actions/prescription.validate", json=asked)
    except httpx.TransportError:
        return
