"""The DMP simulator on its real wire, called by the reference LGC's client.

The client is ours but of the other house: nothing is shared with the simulator.
The client nobody here wrote is IPF, in ``tests/witness``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reference_impl.cards.sessions import Cards
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.dmp.client import DmpClient
from reference_impl.documents.writer import CdaWriter
from reference_impl.errors import LgcError
from reference_impl.ids import SeededIds
from reference_impl.people import (
    Document,
    Environment,
    Ins,
    Patient,
    Professional,
    Status,
    Traits,
    Visibility,
)
from reference_impl.store import Store
from reference_impl.transport import Transport
from rules.exchange import Outcome
from simulators.platform import Platform
from simulators.testing import client, exchanges, running
from tests.reference_impl.story import signer_of

VISIBLE = Visibility(masked_to_professionals=False)
MASKED = Visibility(masked_to_professionals=True)


@dataclass
class Caller:
    """The reference LGC's DMP client, and what it needs to write documents."""

    platform: Platform
    environment: Environment
    ids: SeededIds
    cards: Cards
    dmp: DmpClient

    @property
    def doctor(self) -> Professional:
        return self.environment.professionals[0]

    @property
    def colleague(self) -> Professional:
        return self.environment.professionals[1]

    def patient(self, state: str = "actif", rank: int = 0) -> Patient:
        who = [p for p in self.platform.kernel.world.patients if p.dmp == state][rank]
        traits = Traits(
            who.birth_name, who.birth_given_names, who.sex, who.birth_date, who.birth_place
        )
        return Patient(
            f"p{who.ins}", traits, Status.QUALIFIED, Ins(who.matricule, who.key, who.oid)
        )

    def document(self, patient: Patient, title: str = "Compte rendu") -> Document:
        document = Document(
            id=self.ids.local("d"),
            unique_id=self.ids.oid("document"),
            set_id=self.ids.oid("version"),
            type_code="11488-4",
            title=title,
            text="Patient vu ce jour.",
            patient_id=patient.id,
            author_id=self.doctor.national_id,
            created_at=SystemClock().now(),
        )
        return replace(
            document, content=CdaWriter(self.environment).write(document, patient, self.doctor)
        )

    def last(self):
        return exchanges(self.platform, "dmp")[-1]


def caller(platform: Platform, folder: Path) -> Caller:
    environment = read_environment(platform.folder / "environnement.json")
    seed = zlib.crc32(str(folder).encode())  # one seed a test: the DMP keeps what each deposits
    ids = SeededIds(Store(folder / "lgc.sqlite"), seed, environment.software.oid)
    cards = Cards(environment, SystemClock())
    client = DmpClient(environment, Transport(environment), ids, SystemClock(), cards)
    return Caller(platform, environment, ids, cards, client)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(["dmp", "cards"]) as started:
        yield started


@pytest.fixture
def lgc(platform: Platform, tmp_path: Path) -> Iterator[Caller]:
    made = caller(platform, tmp_path)
    yield made
    made.cards.shutdown()


@pytest.mark.parametrize("state", ["actif", "absent", "fermé"])
def test_existence_tells_the_state_of_the_record(lgc: Caller, state: str) -> None:
    assert lgc.dmp.existence(lgc.patient(state), lgc.doctor).state == state
    assert lgc.last().operation == "TD0.2"
    assert lgc.last().correlation.patient == lgc.patient(state).ins.value


def test_authorisation_is_added_once_and_removed(lgc: Caller) -> None:
    patient = lgc.patient(rank=1)
    assert lgc.dmp.authorize(patient, lgc.doctor, "AJOUT").authorization == "VALIDE"
    assert lgc.dmp.authorize(patient, lgc.doctor, "AJOUT").authorization == "VALIDE"
    second = [e for e in exchanges(lgc.platform, "dmp") if e.operation == "TD0.3"][-1]
    assert "déjà présente" in second.response.body.decode()
    assert lgc.dmp.authorize(patient, lgc.doctor, "SUPPRESSION").authorization == "NON_EXISTE"


def test_what_is_deposited_is_read_back_byte_for_byte(lgc: Caller) -> None:
    patient = lgc.patient(rank=2)
    document = lgc.document(patient)
    lgc.dmp.deposit(document, patient, lgc.doctor, VISIBLE)
    assert lgc.last().outcome is Outcome.ACCEPTED
    assert lgc.last().correlation.document == document.unique_id
    lgc.dmp.authorize(patient, lgc.doctor, "AJOUT")
    (entry,) = lgc.dmp.search(patient, lgc.doctor)
    assert entry.unique_id == document.unique_id
    assert lgc.dmp.read(patient, lgc.doctor, entry.unique_id) == document.content


def test_the_same_unique_id_is_refused(lgc: Caller) -> None:
    patient = lgc.patient(rank=3)
    document = lgc.document(patient)
    lgc.dmp.deposit(document, patient, lgc.doctor, VISIBLE)
    with pytest.raises(LgcError):
        lgc.dmp.deposit(document, patient, lgc.doctor, VISIBLE)
    assert lgc.last().error_code == "XDSDuplicateUniqueIdInRegistry"
    assert lgc.last().outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("state", "code"), [("fermé", "DMPClosed"), ("absent", "XDSUnknownPatientId")]
)
def test_a_record_that_is_not_open_takes_nothing(lgc: Caller, state: str, code: str) -> None:
    patient = lgc.patient(state)
    with pytest.raises(LgcError):
        lgc.dmp.deposit(lgc.document(patient), patient, lgc.doctor, VISIBLE)
    assert lgc.last().error_code == code


def test_searching_metadata_needs_an_authorisation(lgc: Caller) -> None:
    with pytest.raises(LgcError):
        lgc.dmp.search(lgc.patient(rank=4), lgc.doctor)
    assert lgc.last().error_code == "DMPAccessDeniedByRightsService"


def test_a_masked_document_is_seen_by_its_author_only(lgc: Caller) -> None:
    patient = lgc.patient(rank=5)
    document = lgc.document(patient)
    lgc.dmp.deposit(document, patient, lgc.doctor, MASKED)
    for professional in (lgc.doctor, lgc.colleague):
        lgc.dmp.authorize(patient, professional, "AJOUT")
    assert [e.unique_id for e in lgc.dmp.search(patient, lgc.doctor)] == [document.unique_id]
    assert list(lgc.dmp.search(patient, lgc.colleague)) == []


def test_a_named_fault_is_the_answer_and_nothing_is_kept(lgc: Caller) -> None:
    patient = lgc.patient(rank=6)
    document = lgc.document(patient)
    lgc.platform.kernel.faults.add("dmp", operation="TD2.1", fault="XDSRepositoryBusy", times=1)
    with pytest.raises(LgcError):
        lgc.dmp.deposit(document, patient, lgc.doctor, VISIBLE)
    assert lgc.last().error_code == "XDSRepositoryBusy"
    assert lgc.last().fault == "XDSRepositoryBusy"
    assert lgc.dmp.deposit(document, patient, lgc.doctor, VISIBLE).unique_id == document.unique_id


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_leads_to_an_address_that_serves_the_call(lgc: Caller, status: int) -> None:
    patient = lgc.patient(rank=7)
    document = lgc.document(patient)
    lgc.platform.kernel.faults.add("dmp", operation="TD2.1", fault=f"redirection-{status}")
    assert lgc.dmp.deposit(document, patient, lgc.doctor, VISIBLE).unique_id == document.unique_id
    moved, done = exchanges(lgc.platform, "dmp")[-2:]
    assert (moved.operation, moved.response.status, moved.outcome) == (
        "TD2.1",
        status,
        Outcome.FAILED,
    )
    assert moved.response.header("Location").endswith(done.request.target)
    assert done.accepted


def test_a_vihf_signed_by_the_wrong_certificate_is_refused(lgc: Caller) -> None:
    wrong = signer_of(lgc.environment.credentials[lgc.doctor.auth_credential])
    lgc.cards.signer = lambda _professional: wrong  # type: ignore[method-assign]
    with pytest.raises(LgcError):
        lgc.dmp.existence(lgc.patient(), lgc.doctor)
    assert lgc.last().error_code == "DMPInvalidCertificate"
    assert lgc.last().response.status == 500


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<soap:Envelope",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a/>",
        b"--nothing\r\n",
        b"\x00\xff" * 100,
    ],
    ids=["vide", "tronque", "entite", "autre-racine", "multipart", "octets"],
)
@pytest.mark.parametrize("kind", ["application/soap+xml", "multipart/related; boundary=absente"])
def test_bad_input_gets_a_soap_fault_and_the_service_goes_on(
    platform: Platform, body: bytes, kind: str
) -> None:
    url = platform.descriptor["dmp"]["base"] + "repository"
    doctor = platform.kernel.world.professionals[0].national_id
    with client(platform, f"cps-{doctor}-auth") as http:
        answer = http.post(url, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 500
        assert b"Fault" in answer.content
    assert exchanges(platform, "dmp")[-1].outcome is Outcome.REFUSED


def test_states_are_set_by_name_and_wrong_names_are_told(platform: Platform) -> None:
    service = platform.services["dmp"]
    ins = platform.kernel.world.patients[20].ins
    with platform.kernel.unit() as unit:
        service.set_state(unit, {"dossiers": {ins: "fermé"}})
    with platform.kernel.unit() as unit:
        assert service.state(unit)["dossiers"][ins] == "fermé"
    with (
        pytest.raises(ValueError, match="n'est pas un état connu"),
        platform.kernel.unit() as unit,
    ):
        service.set_state(unit, {"dossiers": {ins: "ouvert"}})


def test_a_restarted_bench_has_kept_the_deposits(tmp_path: Path) -> None:
    options = {"folder": tmp_path / "banc", "campaign": "reprise", "store_url": None}
    with running(["dmp", "cards"], **options) as first:
        lgc = caller(first, tmp_path)
        patient = lgc.patient()
        document = lgc.document(patient)
        lgc.dmp.deposit(document, patient, lgc.doctor, VISIBLE)
    with running(["dmp", "cards"], **options) as second:
        lgc = caller(second, tmp_path)
        lgc.dmp.authorize(patient, lgc.doctor, "AJOUT")
        assert [e.unique_id for e in lgc.dmp.search(patient, lgc.doctor)] == [document.unique_id]
