"""Ordonnances meet the simulators: EP4, then N3 and N1 in the DMP and by MSSanté, no finding."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reference_impl.app import ACTIONS
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.documents.metadata import read_entry
from reference_impl.lgc import Lgc
from reference_impl.wiring import build
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.reference_impl.story import CAMILLE, UNQUALIFIED

DRUG = {
    "cis": "63107752",
    "posologieTexte": "1 comprimé 3 fois par jour si douleur",
    "dureeJours": 5,
    "quantite": {"valeur": 1},
}
# Clients moved without the gestures of a driver cannot show these.
NEED_GESTURES = frozenset({"DMP-02-01", "DMP-02-02", "DMP-02-03"})


@dataclass
class Cabinet:
    """A LGC that only knows the descriptor of a platform."""

    platform: Platform
    lgc: Lgc
    _position: int = 0

    @property
    def louise(self) -> str:
        return self.lgc.environment.professionals[0].national_id

    def __call__(self, name: str, **asked: Any) -> dict[str, Any]:
        action = ACTIONS[name]
        done = action.perform(self.lgc, action.parameters.model_validate(asked))
        return done.model_dump(mode="json")

    def validate(self, patient: str = "p1") -> dict[str, Any]:
        asked = {"professionnel": self.louise, "consentement": True, "lignes": [DRUG]}
        draft = self("prescription.create", patient=patient, **asked)["ordonnance"]["id"]
        return self("prescription.validate", ordonnance=draft, professionnel=self.louise)

    def findings(self) -> list[tuple[str, str, str]]:
        found = exchanges(self.platform)[self._position :]
        self._position += len(found)
        judged = judge_journal(JournalView(found), self.platform.kernel.environment)
        return [
            (f.check_id, f.found, f.advice)
            for f in judged.findings
            if f.check_id not in NEED_GESTURES
        ]


@pytest.fixture(scope="module")
def cabinet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cabinet]:
    with running(("psc", "dmp", "mssante", "cards", "prescription")) as platform:
        environment = read_environment(Path(platform.folder) / "environnement.json")
        lgc = build(environment, tmp_path_factory.mktemp("lgc"), 1, SystemClock())
        try:
            for patient in (CAMILLE, UNQUALIFIED):
                local = {"id": lgc.ids.local("p")}
                lgc.records.add_patient(type(patient)(**_fields(patient) | local))
            lgc.sessions.open(environment.professionals[0])
            yield Cabinet(platform, lgc)
        finally:
            lgc.close()


def _fields(patient: Any) -> dict[str, Any]:
    return {name: getattr(patient, name) for name in patient.__dataclass_fields__}


def test_both_documents_are_deposited_and_sent_without_finding(cabinet: Cabinet) -> None:
    cabinet.findings()
    done = cabinet.validate()
    told = done["ordonnance"]
    assert told["etat"] == "enregistrée", told["alertes"]
    assert [(e["genre"], e["etat"], e["erreur"]) for e in done["envois"]] == [
        ("dmp", "envoyé", None)
    ] * 2
    documents = [cabinet.lgc.records.document(told["documents"][n]).document for n in ("n3", "n1")]
    assert [e["identifiant_unique"] for e in done["envois"]] == [d.unique_id for d in documents]
    assert [read_entry(d.content).format_code.code for d in documents] == [
        "urn:ihe:pharm:pre:2010",
        "urn:ihe:iti:xds-sd:pdf:2008",
    ]
    hugo = cabinet.lgc.environment.professionals[1].mailbox
    asked = {"professionnel": cabinet.louise, "destinataires": [hugo]}
    sent = cabinet(
        "mss.send", documents=[told["documents"]["n3"], told["documents"]["n1"]], **asked
    )
    assert (sent["envoi"]["etat"], sent["envoi"]["erreur"]) == ("envoyé", None)
    assert cabinet.findings() == []


def test_validating_again_deposits_nothing_twice(cabinet: Cabinet) -> None:
    done = cabinet.validate()
    asked = {"ordonnance": done["ordonnance"]["id"], "professionnel": cabinet.louise}
    again = cabinet("prescription.validate", **asked)
    assert again["ordonnance"]["documents"] == done["ordonnance"]["documents"]
    assert again["envois"] == done["envois"]


def test_the_page_printed_carries_the_number(cabinet: Cabinet) -> None:
    told = cabinet.validate()["ordonnance"]
    printed = cabinet("prescription.print", ordonnance=told["id"], avec_consentement=True)
    page = PrintedOrdonnance.of_pdf(base64.b64decode(printed["document"]["contenu"]))
    assert page is not None
    assert page.printed_number == told["numero"]
    assert [code.text for code in page.codes] == [told["code_2d"]]


def test_the_dmp_is_fed_without_code_when_the_service_is_down(cabinet: Cabinet) -> None:
    cabinet.platform.kernel.faults.add("prescription", None, fault="http-503", times=None)
    try:
        done = cabinet.validate()
    finally:
        cabinet.platform.kernel.faults.clear()
    told = done["ordonnance"]
    assert (told["etat"], told["numero"], told["code_2d"]) == ("sans code", None, None)
    assert [e["etat"] for e in done["envois"]] == ["envoyé", "envoyé"]
    n3 = cabinet.lgc.records.document(told["documents"]["n3"]).document.content
    assert b"1.2.250.1.213.1.1.2.223" not in n3
    printed = cabinet("prescription.print", ordonnance=told["id"], avec_consentement=True)
    page = base64.b64decode(printed["document"]["contenu"])
    assert PrintedOrdonnance.of_pdf(page) is None


def test_an_identity_not_qualified_is_printed_and_not_deposited(cabinet: Cabinet) -> None:
    done = cabinet.validate("p2")
    assert done["envois"] == []
    n3 = cabinet.lgc.records.document(done["ordonnance"]["documents"]["n3"]).document.content
    assert read_entry(n3).ins is None
