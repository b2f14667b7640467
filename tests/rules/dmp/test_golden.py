"""The third voice: golden DMP messages are read and raise nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from rules.context import Context
from rules.exchange import Outcome
from rules.formats.dmp import DmpAnswer, DmpRequest
from rules.formats.hl7v3 import ExistenceAnswer
from rules.formats.vihf import Vihf
from rules.formats.xds import RegistryAnswer, Submission
from rules.formats.xds_query import RetrieveAnswer
from rules.judge import JournalView, judge_artefact, judge_journal, read, rejection
from tests.rules.dmp import golden
from tests.shared_data import GOLDEN, needs_shared

TRANSACTIONS = {
    "t01": "TD0.2", "t02": "TD0.2", "t03": "TD0.2", "t04": "TD2.1", "t05": "TD0.2",
    "t05bis": "TD3.1", "t06": "TD2.1", "t07": "TD0.3", "t07bis": "TD0.3", "t08": "TD0.2",
    "t09": "TD3.1", "t10": "TD3.1", "t11": "TD3.2", "t12": "TD3.3", "t13": "TD3.1",
    "t14": "TD3.3",
}  # fmt: skip


@pytest.mark.parametrize("name", golden.names())
def test_each_exchange_is_read_and_raises_nothing(name: str) -> None:
    exchange = golden.exchange(name)
    reading = read(exchange)
    request = reading.first(DmpRequest)
    answer = reading.first(DmpAnswer)
    assert request is not None
    assert request.transaction is not None
    assert request.transaction.number == TRANSACTIONS[name.split("-", maxsplit=1)[0]]
    assert answer is not None
    assert answer.body is not None
    assert golden.judged(exchange).findings == ()
    assert rejection(request, golden.context(exchange)) is None


def test_the_whole_story_raises_nothing_as_a_journal() -> None:
    view = JournalView(tuple(golden.exchange(name) for name in golden.names()))
    judgement = judge_journal(view, golden.environment())
    assert judgement.findings == ()
    dmp = {check for check in judgement.evaluated if check.startswith("DMP-")}
    assert len(dmp) >= 40


@pytest.mark.parametrize("file", golden.story()["vihf_isoles"])
def test_a_vihf_alone_raises_nothing(file: str) -> None:
    vihf = Vihf.parse((golden.FOLDER / file).read_bytes())
    at = datetime.fromisoformat(golden.story()["vihf_isoles"][file])
    known = Context(environment=golden.environment(), observed_at=at)
    judgement = judge_artefact(vihf, known)
    assert judgement.findings == ()
    assert "DMP-VIHF-01" in judgement.evaluated


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("t04bis-td21-echec-doublon-reponse", "XDSDuplicateUniqueIdInRegistry"),
        ("t04ter-td21-echec-dmp-ferme-reponse", "DMPClosed"),
        ("t04quater-faute-soap-vihf-reponse", "DMPInvalidCertificate"),
    ],
)
def test_alternative_answers_are_read_and_raise_nothing(file: str, code: str) -> None:
    exchange = replace(
        golden.exchange(golden.T04), response=golden.message(file), outcome=Outcome.REFUSED
    )
    answer = read(exchange).first(DmpAnswer)
    assert answer is not None
    fault, body = answer.soap.fault, answer.body
    assert code == (
        fault.subcode if fault else isinstance(body, RegistryAnswer) and body.error_code
    )
    assert golden.judged(exchange).findings == ()


def test_states_of_a_record_are_read() -> None:
    answers = {
        name: read(golden.exchange(name)).first(ExistenceAnswer)
        for name in (golden.T01, golden.T02, golden.T03, golden.T08)
    }
    read_states = {
        name: (a.response_code, a.status, a.open, a.authorization, a.is_attending_doctor)
        for name, a in answers.items()
        if a is not None
    }
    assert read_states == {
        golden.T01: ("OK", "active", True, "NON_EXISTE", False),
        golden.T02: ("NF", None, False, None, None),
        golden.T03: ("OK", "terminated", False, "NON_EXISTE", False),
        golden.T08: ("OK", "active", True, "VALIDE", True),
    }


def test_a_document_read_back_is_the_one_deposited() -> None:
    submission = read(golden.exchange(golden.T06)).first(Submission)
    answer = read(golden.exchange(golden.T11)).first(RetrieveAnswer)
    assert submission is not None
    assert answer is not None
    [entry] = submission.objects.documents
    [document] = answer.documents
    assert document.unique_id == entry.unique_id
    assert document.data == submission.bytes_of(entry)


@needs_shared
def test_the_copies_are_the_shared_files() -> None:
    for file in golden.FOLDER.rglob("*"):
        if file.is_file():
            shared = GOLDEN / "dmp" / file.relative_to(golden.FOLDER)
            assert file.read_bytes() == shared.read_bytes(), file.name
