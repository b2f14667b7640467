"""The appli carte Vitale read by the reference LGC on the wires of the bench.

A conformant LGC raises no finding; identities become what the sheets say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.drivers.base import ActionOutcome
from bench.session import Session
from reference_impl.config import read_environment
from reference_impl.lgc import Lgc
from reference_impl.wiring import build
from rules.formats.apcv_names import AUTHENTICATE, DESTROY, RESTORE
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges, running
from tests.defects.laboratory import BenchTime, InProcess
from tests.simulators.apcv.lps import ALONE, DEMO, FAMILY, NAMES, REVOKED, WAITING

CAMILLE = "285073306304208"


@dataclass
class Cabinet:
    """A LGC that only knows the descriptor of a platform; gestures are journaled."""

    platform: Platform
    lgc: Lgc
    folder: Path
    _position: int = 0

    @property
    def louise(self) -> str:
        return self.lgc.environment.professionals[0].national_id

    def __call__(self, name: str, **asked: Any) -> dict[str, Any]:
        driver = InProcess(self.lgc)
        scenario = Session(self.platform, driver, 1, "").scenario("apcv")
        if name.startswith(("apcv", "session")):
            asked.setdefault("professionnel", self.louise)
        done = scenario.perform(name, **asked)
        if done.outcome is not ActionOutcome.DONE:
            raise RefusedGestureError(str(done.answer["erreur"]["code"]))
        return dict(done.answer)

    def code(self, serial: str = FAMILY) -> str:
        with client(self.platform) as http:
            page = self.platform.descriptor["apcv"]["telephone"]
            return http.get(f"{page}/texte", params={"profil": serial}).text

    def read(self, serial: str = FAMILY, **asked: Any) -> dict[str, Any]:
        return self("apcv.read", donnees=self.code(serial), **asked)["apcv"]

    def qualify(self, **asked: Any) -> dict[str, Any]:
        return self("apcv.qualify", **asked)["patient"]

    def operations(self) -> list[str]:
        """Calls of AUTH since the last time."""
        return [e.operation for e in self._new() if e.service == "apcv" and e.operation[0] != "t"]

    def findings(self) -> list[tuple[str, str]]:
        judged = judge_journal(JournalView(self._new()), self.platform.kernel.environment)
        return [(f.check_id, f.found) for f in judged.findings]

    def _new(self) -> Any:
        found = exchanges(self.platform)[self._position :]
        self._position += len(found)
        return found

    def restart(self) -> None:
        self.lgc.close()
        self.lgc = build(
            self.lgc.environment, self.folder, 1, BenchTime(self.platform.kernel.clock)
        )


class RefusedGestureError(Exception):
    """A gesture refused; its text has the code."""


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "insi", "cards", "apcv")) as started:
        yield started


@pytest.fixture
def cabinet(platform: Platform, tmp_path: Path) -> Iterator[Cabinet]:
    platform.reset()
    environment = read_environment(Path(platform.folder) / "environnement.json")
    lgc = build(environment, tmp_path, 1, BenchTime(platform.kernel.clock))
    made = Cabinet(platform, lgc, tmp_path, len(exchanges(platform)))
    try:
        yield made
    finally:
        made.lgc.close()


def test_the_holder_is_qualified_without_insi(cabinet: Cabinet) -> None:
    told = cabinet.read()
    assert (told["type"], told["numero_serie"]) == ("T", FAMILY)
    assert [one["qualite"] for one in told["individus"]] == ["0", "2", "6"]
    patient = cabinet.qualify(individu=0)
    assert (patient["statut"], patient["canal"]) == ("qualifiée", "AV")
    assert patient["justificatif"]["code"] == "AV"
    assert patient["ins"]["matricule"] + patient["ins"]["cle"] == CAMILLE
    assert patient["traits"]["prenoms_naissance"] == "CAMILLE ANNE"
    assert patient["alertes"] == []
    cabinet("apcv.close")
    assert exchanges(cabinet.platform, "insi") == ()
    assert cabinet.findings() == []


def test_the_calls_of_a_consultation(cabinet: Cabinet) -> None:
    text = cabinet.code()
    first = cabinet("apcv.read", donnees=text + "\r")["apcv"]
    again = cabinet("apcv.read", donnees=text, source="NFC")["apcv"]
    assert first["contexte"] == again["contexte"]
    assert cabinet.operations() == [AUTHENTICATE]
    cabinet.read(ALONE)
    assert cabinet.operations() == [DESTROY, AUTHENTICATE]
    assert cabinet("apcv.close")["apcv"]["contexte"] is None
    cabinet("apcv.close")
    assert cabinet.operations() == [DESTROY]
    with pytest.raises(RefusedGestureError, match="APCV_NON_LUE"):
        cabinet.qualify()


def test_no_finding_in_a_long_morning(cabinet: Cabinet) -> None:
    for serial in (FAMILY, ALONE, NAMES, WAITING, DEMO):
        cabinet.read(serial)
        assert cabinet.qualify()["statut"] == "qualifiée"
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_a_record_is_matched_and_not_doubled(cabinet: Cabinet) -> None:
    cabinet.read()
    first = cabinet.qualify()
    assert cabinet.qualify()["id"] == first["id"]
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_an_existing_record_with_the_same_traits_takes_the_ins(cabinet: Cabinet) -> None:
    people = json.loads((Path(cabinet.platform.folder) / "environnement.json").read_text())
    camille = people["patients"][0]
    names = ("nom_naissance", "prenoms_naissance", "sexe", "date_naissance", "lieu_naissance")
    traits = {name: camille[name] for name in names}
    created = cabinet("patient.create", traits=traits)["patient"]
    cabinet.read()
    patient = cabinet.qualify()
    assert (patient["id"], patient["statut"]) == (created["id"], "qualifiée")


def test_a_record_that_is_contradicted_is_left_alone(cabinet: Cabinet) -> None:
    traits = {
        "nom_naissance": "AUTRE",
        "prenoms_naissance": "CAMILLE",
        "sexe": "F",
        "date_naissance": "1985-07-12",
    }
    created = cabinet("patient.create", traits=traits)["patient"]
    cabinet.read()
    patient = cabinet.qualify(patient=created["id"])
    assert patient["statut"] == "provisoire"
    assert patient["ins"] is None
    assert patient["traits"]["nom_naissance"] == "AUTRE"
    assert "contredit" in patient["alertes"][0]
    assert [c for c, _ in cabinet.findings()] == []


def test_a_child_is_searched_in_insi_and_has_an_ins_of_its_own(cabinet: Cabinet) -> None:
    cabinet.read()
    child = cabinet.qualify(individu=2)
    assert child["statut"] == "récupérée"
    assert child["ins"]["matricule"] + child["ins"]["cle"] != CAMILLE
    assert child["traits"]["prenoms_naissance"] == "ELOISE"
    assert len(exchanges(cabinet.platform, "insi")) == 1
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_by_psc_without_card(cabinet: Cabinet) -> None:
    cabinet("session.open")
    cabinet.read(voie="psc")
    assert cabinet.qualify(voie="psc")["statut"] == "qualifiée"
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_the_context_is_asked_again_after_a_restart(cabinet: Cabinet) -> None:
    before = cabinet.read()
    cabinet.restart()
    cabinet.operations()
    patient = cabinet("apcv.qualify")
    assert patient["apcv"]["contexte"] == before["contexte"]
    assert cabinet.operations() == [RESTORE]


def test_an_expired_context_qualifies_nobody(cabinet: Cabinet) -> None:
    cabinet.read()
    cabinet.platform.kernel.clock.advance(timedelta(minutes=21))
    with pytest.raises(RefusedGestureError, match="APCV_NON_LUE"):
        cabinet.qualify()
    assert cabinet.findings() == []


@pytest.mark.parametrize(
    ("serial", "spoil", "code"),
    [(REVOKED, str, "APCV_3"), (FAMILY, lambda text: text[:300], "APCV_1")],
    ids=["révoqué", "tronqué"],
)
def test_what_the_service_refuses_is_told_in_french(
    cabinet: Cabinet, serial: str, spoil: Any, code: str
) -> None:
    with pytest.raises(RefusedGestureError, match=code):
        cabinet("apcv.read", donnees=spoil(cabinet.code(serial)))
    assert cabinet.findings() == []


def test_a_demonstration_is_refused_in_production(cabinet: Cabinet) -> None:
    cabinet.lgc.apcv._environment = replace(cabinet.lgc.environment, production=True)
    with pytest.raises(RefusedGestureError, match="APCV_DE_TEST"):
        cabinet.read(DEMO)
    assert cabinet.operations() == [AUTHENTICATE, DESTROY]


@pytest.mark.parametrize(
    "name",
    [
        "ins-perimee",
        "oid-test",
        "nia",
        "sans-nom-famille",
        "sans-nom-usage",
        "date-lunaire",
        "fuseau",
        "inconnus",
        "prefixes",
        "ne-a-l-etranger",
        "cle-fausse",
        "famille",
        "jumeaux",
    ],
)
def test_odd_answers_are_taken_as_they_are(cabinet: Cabinet, name: str) -> None:
    cabinet.platform.kernel.faults.add("apcv", AUTHENTICATE, fault=name)
    cabinet.read()
    assert cabinet.qualify()["statut"] == "qualifiée"
    cabinet("apcv.close")
    assert cabinet.findings() == []


@pytest.mark.parametrize("name", ["sexe-indetermine", "sexe-vide"])
def test_traits_that_cannot_be_used_are_not_taken(cabinet: Cabinet, name: str) -> None:
    cabinet.platform.kernel.faults.add("apcv", AUTHENTICATE, fault=name)
    cabinet.read()
    with pytest.raises(RefusedGestureError, match="APCV_TRAITS_INUTILISABLES"):
        cabinet.qualify()


def test_a_holder_without_ins_is_searched(cabinet: Cabinet) -> None:
    cabinet.platform.kernel.faults.add("apcv", AUTHENTICATE, fault="sans-ins")
    cabinet.read()
    assert cabinet.qualify()["statut"] == "récupérée"
    assert len(exchanges(cabinet.platform, "insi")) == 1


@pytest.mark.parametrize("name", ["page-html", "desir_1020", "statut-8", "http-503", "couper"])
def test_failures_are_told_and_nothing_is_open(cabinet: Cabinet, name: str) -> None:
    cabinet.platform.kernel.faults.add("apcv", AUTHENTICATE, fault=name)
    with pytest.raises(RefusedGestureError):
        cabinet.read()
    cabinet.read()


def test_nothing_of_the_code_is_kept_on_disk(cabinet: Cabinet) -> None:
    """AV-18: neither the text nor any long piece of it."""
    text = cabinet.code()
    cabinet("apcv.read", donnees=text)
    cabinet.qualify()
    kept = b"".join(path.read_bytes() for path in cabinet.folder.rglob("*") if path.is_file())
    assert kept
    assert text[80:160].encode() not in kept
