"""Witness: the `soap` package of node reads our ?wsdl and calls INSi over mutual TLS.

Its packages are those of tests/witness/node-soap/package-lock.json, installed in a
temporary folder by npm.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running

SOURCES = Path(__file__).parents[1] / "node-soap"

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm n'est pas installé"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node-soap")
    for source in ("package.json", "package-lock.json", "appel.mjs"):
        shutil.copy(SOURCES / source, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder / "appel.mjs"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("insi",)) as started:
        yield started


def call(
    program: Path, platform: Platform, idam: str = "TSTBANC00042", **changes: Any
) -> dict[str, Any]:
    files = platform.descriptor["certificats"]["org-insi-manu"]
    told = {
        "url": platform.descriptor["insi"]["organisation"],
        "ca": str(platform.folder / platform.descriptor["confiance"]["pem"]),
        "certificat": str(platform.folder / files["chaine"]),
        "cle": str(platform.folder / files["cle"]),
        "idam": idam,
        "instance": "d3119009-340f-4651-b660-6dc245ebd83b",
        "traits": {
            "NomNaissance": "TESTAVRIL",
            "Prenom": ["CAMILLE", "ANNE"],
            "Sexe": "F",
            "DateNaissance": "1985-07-12",
        },
        **changes,
    }
    command = ["node", program.name, json.dumps(told)]
    done = subprocess.run(command, cwd=program.parent, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_it_searches_and_reads_the_answer(program: Path, platform: Platform) -> None:
    said = call(program, platform)
    assert said["operations"] == [
        "rechercherInsAvecTraitsIdentite",
        "rechercherInsAvecCarteVitale",
    ]
    assert said["resultat"]["CR"]["CodeCR"] == "00"
    active = said["resultat"]["INDIVIDU"]["INSACTIF"]
    assert active["IdIndividu"] == {"NumIdentifiant": "2850733063042", "Cle": "08"}
    sent = exchanges(platform, "insi")[-1]
    judged = judge_journal(JournalView((sent,)), platform.kernel.environment)
    assert judged.findings == ()


def test_it_searches_by_the_carte_vitale(program: Path, platform: Platform) -> None:
    """WS_INS1: the second of twins, told by rank."""
    twin = next(p for p in platform.kernel.world.patients if p.rank == "2")
    said = call(
        program,
        platform,
        operation="rechercherInsAvecCarteVitale",
        traits={
            "MatriculeOD": {"NumIdentifiant": twin.insured},
            "DateNaissance": twin.birth_date,
            "RangNaissance": twin.rank,
        },
    )
    active = said["resultat"]["INDIVIDU"]["INSACTIF"]
    assert active["IdIndividu"] == {"NumIdentifiant": twin.matricule, "Cle": twin.key}
    sent = exchanges(platform, "insi")[-1]
    assert sent.operation == "rechercherInsAvecCarteVitale"
    judged = judge_journal(JournalView((sent,)), platform.kernel.environment)
    assert judged.findings == ()


@pytest.mark.parametrize("fault", ["desir_1020", "insi_102"])
def test_it_reads_both_shapes_of_faults(program: Path, platform: Platform, fault: str) -> None:
    platform.kernel.faults.add("insi", "rechercherInsAvecTraitsIdentite", fault=fault)
    said = call(program, platform)
    assert said["faute"]["Detail"]["Erreur"]["attributes"]["code"] == fault


def test_it_reads_the_refusal_of_an_unknown_software(program: Path, platform: Platform) -> None:
    said = call(program, platform, idam="TSTINCONNU99")
    assert said["faute"]["Detail"]["Erreur"]["$value"].startswith("Numéro d'autorisation")
