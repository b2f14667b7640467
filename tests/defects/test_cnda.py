"""Each CNDA case of INSi turns non conforme when a product has the mistake it looks for.

Several mistakes share a campaign: each shows in its own cases.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SEVERAL = "+".join((
    "insi-apostrophes-otees",
    "identite-historique-oublie",
    "insi-un-homonyme-au-hasard",
    "insi-homonymes-laisses-la",
    "insi-premier-prenom-seulement",
    "identite-deux-dossiers-une-ins",
    "identite-nature-par-le-premier-chiffre",
))  # fmt: skip
CAMPAIGNS = (
    (
        SEVERAL,
        " cas ",
        {
            "2.03 cas 1": "envoyé : D ARTAGNAN DE L HERAULT",
            "2.04 cas 1": "historique : vide",
            "2.04 cas 2": "historique : vide",
            "2.06 cas 1": "avec l'INS 114026322083356",
            "2.06 cas 2": "insi.code : 02",
            "2.07 cas 1": "appels à INSi : OLA (01) ;",
            "2.07 cas 2": "appels à INSi : PIERRE (01) ;",
            "3.05 cas 3": "INS-S-09",
        },
    ),
    (SEVERAL, "NIA", {"2.05": "nature : NIR", "1.10": "nature : NIR"}),
    (
        "identite-ins-active-en-historique+identite-cle-recalculee",
        "2.08",
        {
            "2.08 cas 1": "INS-S-08",
            "2.08 cas 2": "identité récupérée avec l'INS 1810363220456",
        },
    ),
    (
        "insi-matricule-pris-pour-un-nombre",
        "2.03 cas 2",
        {"2.03 cas 2": "avec l'INS 160012002077713"},
    ),
)


@pytest.mark.parametrize(
    ("mistakes", "played", "reasons"), CAMPAIGNS, ids=["suites", "nia", "historiques", "corse"]
)
def test_a_broken_product_fails_the_cases(
    tmp_path: Path, mistakes: str, played: str, reasons: Mapping[str, str]
) -> None:
    events = _campaign(tmp_path / "campagne", mistakes, played)
    finished = {each["id"]: each for each in events if each["type"] == "scenario-finished"}
    names = {
        each["name"].partition(",")[0]: each["id"]
        for each in events
        if each["type"] == "scenario-started"
    }
    for case, reason in reasons.items():
        told = finished[names[case]]
        assert told["verdict"] == "non conforme", case
        assert any(reason in each for each in told["reasons"]), (case, told["reasons"])
        assert told["exchanges"]


def _campaign(folder: Path, mistakes: str, played: str) -> list[dict[str, Any]]:
    command = f'"{sys.executable}" -m tests.defects {mistakes}'
    asked = ["run", "features/ins", "--scenario", played, "--commande", command]
    done = subprocess.run(
        [sys.executable, "-m", "bench.cli", *asked, "--dossier", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    report = folder / "rapport.json"
    assert report.is_file(), done.stdout + done.stderr
    assert done.returncode == 1
    return json.loads(report.read_text(encoding="utf-8"))
