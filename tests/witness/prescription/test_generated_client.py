"""Witness: openapi-python-client makes a client of our openapi.json, which calls the REST facade.

Its packages are those of tests/witness/openapi-python/requirements.txt, installed by pip in an
environment of their own; so is openapi-spec-validator, which judges the document.
"""

from __future__ import annotations

import json
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.formats.prescription_number import decode
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges, running
from tests.simulators.prescription.client import (
    DOCTOR,
    PHARMACIST,
    line,
    ordonnance,
    pharmacist,
)

SOURCES = Path(__file__).parents[1] / "openapi-python"
WHO = {"rpps": DOCTOR[1:], "am": "331999011"}

pytestmark = pytest.mark.witness


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("prescription",)) as started:
        yield started


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the witness's packages and none of ours."""
    folder = tmp_path_factory.mktemp("openapi-python") / "env"
    venv.create(folder, with_pip=True)
    program = folder / "bin" / "python"
    words = ["-m", "pip", "install", "-q", "--require-hashes", "-r", SOURCES / "requirements.txt"]
    subprocess.run([program, *words], check=True, capture_output=True, timeout=300)
    return program


@pytest.fixture(scope="module")
def document(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with client(platform) as http:
        text = http.get(platform.descriptor["ordonnance"]["openapi"]).text
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def package(python: Path, document: Path) -> Path:
    """The generated code."""
    folder, settings = document.parent / "ordonnance", document.parent / "config.json"
    settings.write_text('{"post_hooks": []}')
    words = ["generate", "--path", document, "--output-path", folder, "--meta", "none"]
    command = [python.with_name("openapi-python-client"), *words, "--config", settings]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder


def called(python: Path, package: Path, platform: Platform, *calls: Any) -> list[dict[str, Any]]:
    """Make calls (who, operation, body) with the generated code; what it understood of each."""

    def told(who: str, operation: str, body: Any) -> dict[str, Any]:
        files = platform.descriptor["certificats"][f"cps-{who}-auth"]
        chain, key = (str(platform.folder / files[part]) for part in ("chaine", "cle"))
        return {"operation": operation, "chaine": chain, "cle": key, "corps": body}

    parameters = {
        "paquet": str(package),
        "adresse": platform.descriptor["ordonnance"]["rest"].removesuffix("/epresc"),
        "ca": str(platform.folder / platform.descriptor["confiance"]["pem"]),
        "appels": [told(*call) for call in calls],
    }
    done = subprocess.run(
        [python, SOURCES / "appel.py"], input=json.dumps(parameters).encode(),
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)["reponses"]


def test_the_document_is_openapi(python: Path, document: Path) -> None:
    done = subprocess.run(
        [python, "-m", "openapi_spec_validator", document],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode()
    broken = document.with_name("casse.json")
    broken.write_text(document.read_text(encoding="utf-8").replace('"paths"', '"chemins"', 1))
    command = [python, "-m", "openapi_spec_validator", broken]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0


def test_it_records_executes_reads_searches_and_cancels(
    python: Path, package: Path, platform: Platform
) -> None:
    now = platform.kernel.clock.now()
    told, other = ordonnance(now, line(1, renouvellements=1), line(2)), ordonnance(now)
    lines = [{"ligne": 1, "statut": "DELIVREE", "completude": "FFC"}]
    execution = {
        "id": told["id"], "date": told["horodatage"][:10], "executant": pharmacist(),
        "lignes": lines,
    }  # fmt: skip
    reading = {"id": told["id"], "emetteur": WHO, "avecExecutions": True}
    leaving = {"operation": "annulation", "id": other["id"], "prescripteur": {"rpps": DOCTOR[1:]}}
    answers = called(
        python, package, platform,
        (DOCTOR, "ep4_creer", told),
        (PHARMACIST, "ep1_transmettreExecution", execution),
        (DOCTOR, "ep3_consulter", reading),
        (DOCTOR, "ep2_rechercher", {"emetteur": WHO, "page": 1, "taillePage": 10}),
        (DOCTOR, "ep4_creer", other),
        (DOCTOR, "ep4_creer", leaving),
    )  # fmt: skip
    assert [a["statut"] for a in answers] == [200] * 6
    # Every key of every answer is one that the document describes.
    assert [a["inconnus"] for a in answers] == [[]] * 6
    recorded, executed, seen, found, _, gone = (a["corps"] for a in answers)
    assert (recorded["etat"], recorded["dejaEnregistree"]) == ("ENREGISTREE", False)
    assert (executed["etat"], executed["rang"]) == ("EXECUTION_PARTIELLE", 1)
    assert seen["accesExecutions"] == "AUTORISE"
    assert seen["ordonnance"]["lignes"] == told["lignes"]
    assert [e["executant"]["nom"] for e in seen["ordonnance"]["executions"]] == ["TESTPHARMA"]
    assert [each["id"] for each in found["resultats"]] == [told["id"]]
    assert gone["etat"] == "ANNULEE"
    served = [e for e in exchanges(platform, "prescription") if e.operation != "wsdl"]
    judged = judge_journal(JournalView(tuple(served)), platform.kernel.environment)
    assert judged.findings == ()


def test_it_asks_for_numbers(python: Path, package: Path, platform: Platform) -> None:
    asked = (DOCTOR, "generateIdentifiantUnique", None)
    numbers = [each["corps"] for each in called(python, package, platform, asked, asked)]
    first, second = map(decode, numbers)
    assert first < second
    assert str(first) == numbers[0]


REFUSALS = {
    "EP-P-002": (422, "ep4_creer", {"id": "0VVV"}),
    "EP-P-003": (403, "ep4_creer", {"prescripteur": {"rpps": "10999990178"}}),
    "EP-P-004": (422, "ep3_consulter", {"emetteur": {}}),
    "EP-P-005": (422, "ep4_creer", {"patient": {"nomNaissance": "A" * 101}}),
    "EP-P-006": (422, "ep4_creer", {"lignes": []}),
    "EP-P-007": (404, "ep3_consulter", {"id": "04B5BBY113H9WH0099", "emetteur": WHO}),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_it_reads_a_refusal_into_the_class_of_refusals(
    python: Path, package: Path, platform: Platform, code: str
) -> None:
    status, operation, changes = REFUSALS[code]
    told = ordonnance(platform.kernel.clock.now())
    body = {**told, **changes} if operation == "ep4_creer" else {"id": told["id"], **changes}
    (answer,) = called(python, package, platform, (DOCTOR, operation, body))
    assert (answer["statut"], answer["classe"], answer["inconnus"]) == (status, "Refus", [])
    assert answer["corps"]["erreur"]["code"] == code
    assert answer["corps"]["erreur"]["libelle"]
