"""The gestures of identity and the simulators of INSi and cards meet on the wire.

A conformant LGC raises no finding, by the three ways and with the carte Vitale; what
INSi answers moves statuses, and a fault of the bench does not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reference_impl.app import ACTIONS
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.documents.writer import CdaWriter
from reference_impl.errors import LgcError
from reference_impl.identity.traits import traits_from_json
from reference_impl.lgc import Lgc
from reference_impl.people import Ins, Patient, Status
from reference_impl.wiring import build
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.reference_impl.story import DRAFT


@dataclass
class Cabinet:
    """A LGC that only knows the descriptor of a platform."""

    platform: Platform
    lgc: Lgc
    people: list[dict[str, str]]
    _position: int = 0

    @property
    def louise(self) -> str:
        return self.lgc.environment.professionals[0].national_id

    def __call__(self, name: str, **asked: Any) -> dict[str, Any]:
        action = ACTIONS[name]
        done = action.perform(self.lgc, action.parameters.model_validate(asked))
        return done.model_dump(mode="json")

    def create(self, person: dict[str, str], **changes: str) -> str:
        strict = ("nom_naissance", "prenoms_naissance", "sexe", "date_naissance", "lieu_naissance")
        traits = {name: person[name] for name in strict} | changes
        return self("patient.create", traits=traits)["patient"]["id"]

    def search(self, patient: str, **asked: Any) -> dict[str, Any]:
        return self("identity.search_insi", patient=patient, professionnel=self.louise, **asked)

    def findings(self) -> list[tuple[str, str]]:
        found = exchanges(self.platform)[self._position :]
        self._position += len(found)
        judged = judge_journal(JournalView(found), self.platform.kernel.environment)
        return [(f.check_id, f.found) for f in judged.findings]


@pytest.fixture(scope="module")
def cabinet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cabinet]:
    settings = {"insi": {"verification": True}}
    with running(("psc", "insi", "cards"), settings=settings) as platform:
        path = Path(platform.folder) / "environnement.json"
        environment = read_environment(path)
        lgc = build(environment, tmp_path_factory.mktemp("lgc"), 1, SystemClock())
        people = json.loads(path.read_text())["patients"]
        cabinet = Cabinet(platform, lgc, people)
        try:
            lgc.sessions.open(lgc.environment.professionals[0])
            yield cabinet
        finally:
            lgc.close()


@pytest.mark.parametrize(("way", "rank"), [("organisation", 1), ("cps", 2), ("psc", 3)])
def test_each_way_recovers_an_identity_without_finding(
    cabinet: Cabinet, way: str, rank: int
) -> None:
    cabinet.findings()
    person = cabinet.people[rank]
    answer = cabinet.search(cabinet.create(person), voie=way)
    assert answer["insi"]["code"] == "00"
    assert answer["patient"]["statut"] == "récupérée"
    assert answer["patient"]["ins"]["matricule"] == person["matricule"]
    assert cabinet.findings() == []


def test_the_vitale_in_the_reader_recovers_the_identity_of_a_beneficiary(cabinet: Cabinet) -> None:
    cabinet.findings()
    card = cabinet.lgc.vitale.read()
    holder = card.beneficiaries[0]
    person = next(p for p in cabinet.people if holder.certified_nir == p["matricule"] + p["cle"])
    patient = cabinet.create(person)
    asked = {"source": "vitale", "beneficiaire": holder.position, "voie": "cps"}
    answer = cabinet.search(patient, **asked)
    assert (answer["insi"]["code"], answer["patient"]["canal"]) == ("00", "CV")
    assert answer["patient"]["ins"]["matricule"] == person["matricule"]
    assert cabinet.findings() == []


def received(cabinet: Cabinet, rank: int, ins: Ins | None = None) -> dict[str, Any]:
    person = cabinet.people[rank]
    ins = ins or Ins(person["matricule"], person["cle"], person["oid"])
    environment = cabinet.lgc.environment
    patient = Patient("x", traits_from_json(person), Status.QUALIFIED, ins)
    content = CdaWriter(environment).write(DRAFT, patient, environment.professionals[0])
    return cabinet(
        "identity.receive",
        contenu=base64.b64encode(content).decode(),
        emetteur="hugo.testcardio@cardio.banc.mssante.fr",
        professionnel=cabinet.louise,
    )


def test_an_identity_received_is_verified_and_taken(cabinet: Cabinet) -> None:
    assert cabinet.lgc.environment.insi_verification
    cabinet.findings()
    answer = received(cabinet, 4)
    assert answer["verification"]["resultat"] == "OK"
    assert answer["patient"]["statut"] == "récupérée"
    again = received(cabinet, 4)
    assert again["verification"]["resultat"] == "déjà connue"
    operations = [e.operation for e in exchanges(cabinet.platform, "insi")]
    assert operations.count("verifierIns") == 1
    assert cabinet.findings() == []


def test_an_ins_of_somebody_else_is_not_taken(cabinet: Cabinet) -> None:
    other = cabinet.people[6]
    answer = received(cabinet, 5, Ins(other["matricule"], other["cle"], other["oid"]))
    assert (answer["patient"], answer["verification"]["resultat"]) == (None, "KO")


def test_a_ko_lowers_a_local_identity(cabinet: Cabinet) -> None:
    patient = cabinet.create(cabinet.people[7])
    cabinet.search(patient)
    cabinet("identity.record_evidence", patient=patient, justificatif="CN")
    cabinet.platform.kernel.faults.add("insi", fault="verification-ko")
    asked = {"patient": patient, "professionnel": cabinet.louise}
    told = cabinet("identity.verify", **asked)
    assert told["verification"]["resultat"] == "KO"
    assert (told["patient"]["statut"], told["patient"]["ins"]) == ("provisoire", None)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("date-incomplete", "INS_INCOMPLETE"),
        ("prenoms-vides", "INS_INCOMPLETE"),
        ("cr01", "01"),
        ("sans-individu", "REPONSE_INVALIDE"),
        ("oid-inconnu", "REPONSE_INVALIDE"),
    ],
)
def test_what_cannot_be_used_changes_no_status(cabinet: Cabinet, fault: str, code: str) -> None:
    patient = cabinet.create(cabinet.people[8])
    cabinet.platform.kernel.faults.add("insi", fault=fault, times=None)
    try:
        answer = cabinet.search(patient)
    finally:
        cabinet.platform.kernel.faults.clear()
    assert answer["insi"]["code"] == code
    assert (answer["patient"]["statut"], answer["patient"]["ins"]) == ("provisoire", None)


def test_a_matricule_given_to_two_persons_is_refused(cabinet: Cabinet) -> None:
    cabinet.search(cabinet.create(cabinet.people[9]))
    patient = cabinet.create(cabinet.people[9], lieu_naissance="75056")
    with pytest.raises(LgcError) as refused:
        cabinet.search(patient)
    assert refused.value.code == "INS_DEJA_ATTRIBUEE"
    assert cabinet("patient.read", patient=patient)["patient"]["alertes"]
