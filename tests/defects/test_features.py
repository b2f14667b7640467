"""A broken LGC, started as a product, turns a scenario non conforme for the right reason.

Each campaign is that of ``segur-bench run features/mom``: another process,
another LGC, judged from the journal and told in ``rapport.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bench.coverage import coverage, scenarios
from bench.exigences import all_exigences
from rules.checking import by_id
from tests.defects.variants import VARIANTS

ROOT = Path(__file__).parents[2]
REHEARSALS = (
    ("mom-dixieme-depot-oublie", "trois seuils", "dépôts DMP : 9 compté(s), 10 attendu(s)"),
    ("mom-copie-deposee-en-plus", "neuf dépôts", "dépôts DMP : 18 compté(s), 9 attendu(s)"),
    ("mss-ins-d-une-identite-recuperee", "identité récupérée", "INS-T-01"),
    ("mom-refus-pris-pour-un-accuse", "dépôt refusé", "X-01"),
    ("mom-document-renumerote-a-chaque-envoi", "même document", "2 compté(s), 1 attendu(s)"),
    ("mom-copie-au-correspondant-habituel", "soi-même", "1 compté(s), 0 attendu(s)"),
    ("mss-adresse-de-l-usager-sans-cle", "envoi citoyen", "INS-T-07"),
)
IDENTITIES = (
    ("identite-premier-prenom-non-compare", "premier prénom qui n'est pas", "INS-S-10"),
    ("cartes-premier-beneficiaire-d-office", "plusieurs bénéficiaires", "INS-W-27"),
    ("insi-trace-anonyme", "deux professionnels", "INS-L-01"),
    ("insi-reponse-incomplete-reprise", "date de naissance incomplète", "BANC-INS.05"),
    ("identite-permis-de-conduire-de-confiance", "permis de conduire", "INS-S-02"),
    ("insi-appel-pour-une-identite-douteuse", "une identité douteuse", "INS-W-21"),
    ("identite-trait-modifie-sans-suite", "nom d'une identité qualifiée", "INS-S-04"),
    ("mss-ins-d-une-identite-recuperee", "l'ins d'une identité récupérée", "INS-T-01"),
    ("identite-recue-qualifiee-d-office", "ins inconnue ici", "BANC-INS.04"),
    ("identite-verification-ko-sans-suite", "ko d'une identité qualifiée", "BANC-INS.03"),
    ("insi-appels-non-traces", "code 00", "INS-L-01"),
    ("datamatrix-sans-separateurs", "page d'une identité qualifiée", "INS-T-04"),
    ("identite-recherche-sensible-aux-accents", "sans accent", "1 oublié(s)"),
)
"""One broken LGC for each feature of the INS, in the order of the Ségur table."""
ORDONNANCES = (
    ("features/ordonnance", "ordonnance-jamais-envoyee", "renouvellement est une", "EP-01"),
    ("features/ordonnance", "ordonnance-motif-non-transmis", "non substituable", "EP-16"),
    ("features/ordonnance", "ordonnance-panne-tue", "panne, le dmp", "EP-29"),
    ("features/ordonnance", "ordonnance-executions-tues", "pharmacie remplace", "EP-24"),
    ("features/apcv", "apcv-ins-du-parent", "un ayant droit", "AV-13"),
    ("features/apcv", "apcv-contexte-jamais-detruit", "fin de consultation", "AV-09"),
    ("features/apcv", "utilisable-ecran-gele", "empêche pas", "borne du banc"),
    ("features/apcv", "utilisable-dmp-avant-le-service", "au courriel", "avant prescription EP4"),
)
"""A broken LGC for each feature of ordonnances and of the appli carte Vitale."""
PRESCRIBED = (
    "LGC.PRESC.01 LGC.PRESC.02 LGC.PRESC.03 LGC.PRESC.04 SC.ORDN/CONF.01 SC.ORDN/CONF.02 "
    "SC.ORDN/CONF.04 ePresc/va1.02 SC.APCV.01 LGC.DMP/UX.10"
)
"""Exigences of these features that gestures and wires show."""
COVERED = (
    "02 03 04 05 06 07 08 10 11 12 13 14 15 20 25 28 31 34 35 37 38 40 41 43 44 45 49 52 53 54 57 "
    "60 63"
)
"""Numbers of the exigences INS/va1 that the Ségur table gives to these features."""


@pytest.fixture(scope="session", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Campaigns start twenty processes: compile the modules once for all of them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patched.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.getbasetemp().parent / "pyc"))
        yield


def rehearse(
    folder: Path, scenario: str, *options: str, features: str = "features/mom"
) -> tuple[int, list[dict[str, Any]]]:
    """Play the scenarios of a name; the exit code and the events of the report."""
    asked = ["run", *features.split(), "--scenario", scenario, "--dossier", str(folder), *options]
    done = subprocess.run(
        [sys.executable, "-m", "bench.cli", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=900,
        check=False,
    )
    report = folder / "rapport.json"
    assert report.is_file(), done.stdout + done.stderr
    return done.returncode, json.loads(report.read_text(encoding="utf-8"))


def of_type(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


@pytest.mark.parametrize(
    ("features", "name", "scenario", "reason"),
    [("features/mom", *each) for each in REHEARSALS]
    + [("features/ins", *each) for each in IDENTITIES]
    + list(ORDONNANCES),
    ids=[r[0] for r in (*REHEARSALS, *IDENTITIES)] + [r[1] for r in ORDONNANCES],
)
def test_a_broken_product_fails_its_scenario_for_the_right_reason(
    tmp_path: Path, features: str, name: str, scenario: str, reason: str
) -> None:
    command = f'"{sys.executable}" -m tests.defects {name}'
    asked = ("--commande", command)
    code, events = rehearse(tmp_path / "campagne", scenario, *asked, features=features)
    (finished,) = of_type(events, "scenario-finished")
    assert code == 1
    assert finished["verdict"] == "non conforme"
    assert any(reason in each for each in finished["reasons"]), finished["reasons"]
    assert finished["exigences"]
    _shown_by_an_exchange(events, finished, reason)


def _shown_by_an_exchange(
    events: list[dict[str, Any]], finished: Mapping[str, Any], reason: str
) -> None:
    """A finding names its exchange; an expectation, those of its scenario."""
    seen = {event["id"] for event in of_type(events, "exchange")}
    findings = [f for f in of_type(events, "finding") if f["check_id"] == reason]
    assert findings or " " in reason
    assert {f["exchange"] for f in findings} <= seen
    assert seen.issuperset(finished["exchanges"])
    assert finished["exchanges"]


def test_the_reference_raises_nothing_in_a_campaign(tmp_path: Path) -> None:
    code, events = rehearse(tmp_path / "campagne", "ne compte qu")
    assert code == 0
    assert of_type(events, "finding") == []
    finished = of_type(events, "scenario-finished")
    assert len(finished) >= 2
    assert {each["verdict"] for each in finished} == {"conforme"}


def test_the_reference_is_conforme_on_every_exigence_of_the_identities(tmp_path: Path) -> None:
    code, events = rehearse(tmp_path / "campagne", "", features="features/ins")
    verdicts = {e["id"]: e["verdict"] for e in of_type(events, "exigence")}
    assert code == 0
    assert [f for f in of_type(events, "finding") if f["fails"]] == []
    assert {e["verdict"] for e in of_type(events, "scenario-finished")} == {"conforme"}
    asked = {f"INS/va1.{number}" for number in COVERED.split()} | {"DOC/va1.04"}
    assert {each: verdicts.get(each) for each in asked} == dict.fromkeys(asked, "conforme")


def test_the_reference_is_conforme_on_every_exigence_of_ordonnances(tmp_path: Path) -> None:
    folders = "features/ordonnance features/apcv"
    code, events = rehearse(tmp_path / "campagne", "", features=folders)
    verdicts = {e["id"]: e["verdict"] for e in of_type(events, "exigence")}
    assert code == 0
    assert of_type(events, "finding") == []
    assert {e["verdict"] for e in of_type(events, "scenario-finished")} == {"conforme"}
    asked = PRESCRIBED.split()
    assert {each: verdicts.get(each) for each in asked} == dict.fromkeys(asked, "conforme")
    # An agrément is not proved by what goes on a wire, and the report says so.
    proofs = {e["id"]: e.get("proof") for e in of_type(events, "exigence")}
    assert "CNDA" in proofs["LGC.PRESC.01"]
    assert proofs["LGC.PRESC.03"] is None


@pytest.mark.parametrize("name", VARIANTS)
def test_another_product_that_conforms_is_conforme(tmp_path: Path, name: str) -> None:
    asked = ("--commande", f'"{sys.executable}" -m tests.defects {name}')
    code, events = rehearse(tmp_path / "campagne", "au courriel", *asked, features="features/apcv")
    assert code == 0, [e["reasons"] for e in of_type(events, "scenario-finished")]
    assert of_type(events, "finding") == []


def test_each_exigence_of_a_feature_is_known_and_covered_both_ways() -> None:
    """``segur-bench exigences`` says the scenario of an exigence, and its exigences of a check."""
    known = all_exigences()
    tagged = {each for _, exigences in scenarios() for each in exigences}
    assert {each for each in tagged if not each.startswith("BANC")} <= set(known)
    rows = {row.id: row for row in coverage()}
    assert all(rows[each].scenarios for each in PRESCRIBED.split())
    judged = {each for check in by_id("EP-29") for each in check.exigences}
    assert {"LGC.PRESC.03", "LGC.PRESC.04"} <= {row.id for row in coverage("EP-29")} == judged


def test_an_unknown_defect_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.defects", "autre"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Défaut inconnu : « autre »" in done.stderr
    assert "lot-masque-a-tous" in done.stderr
