"""Witness: IPF, the IHE platform of Open eHealth, is a client of the DMP simulator.

Its metadata model, its ebXML and its CXF stubs send ITI-41 with MTOM, ITI-18 and ITI-43
(see ``ipf_client``). Its validators also say what they think of the simulator's answers
and of a deposit of the reference LGC.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from lxml import etree

from reference_impl.documents.metadata import read_entry
from reference_impl.people import Patient, Visibility
from rules.exchange import Exchange, Outcome
from rules.formats.dmp import DmpRequest, read_request
from rules.formats.registry import RIM, SUBMISSION_SET_NODE
from rules.formats.xds import Submission
from rules.judge import JournalView, Judgement, judge_journal, read
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.simulators.dmp.test_dmp_service import Caller, caller
from tests.witness.ipf_client import REPOSITORY, Ipf, build, started

OFFICIAL = "lps.dev1.dmp.gouv.fr"
FRENCH_CX = "Only the ID number and the assigning authority can be defined for a CX value"
"""IPF of CX-5 (NH, PI), which CI-SIS demands and IHE forbids."""
FRENCH_XON = "An organization should not specify data other than its ID and name"
"""IPF of XON-7 (IDNST), likewise."""
APPROVED_BY_IPF = {"raw": None, "normalised": None}

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(
        shutil.which("mvn") is None or shutil.which("java") is None,
        reason="Java et Maven ne sont pas installés",
    ),
]


@pytest.fixture(scope="module")
def class_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(tmp_path_factory.mktemp("ipf"))


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(["dmp", "cards"]) as running_platform:
        yield running_platform


@pytest.fixture(scope="module")
def ipf(
    class_path: str, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ipf]:
    folder = tmp_path_factory.mktemp("dmp")
    with started(class_path, platform, caller(platform, folder), folder) as process:
        yield process


def about(ipf: Ipf, patient: Patient) -> tuple[Exchange, ...]:
    """The exchanges of the journal about this patient, in order."""
    assert patient.ins is not None
    found = exchanges(ipf.lgc.platform, "dmp")
    return tuple(e for e in found if e.correlation.patient == patient.ins.value)


def by_ipf(ipf: Ipf, patient: Patient) -> tuple[Exchange, ...]:
    found = about(ipf, patient)
    return tuple(e for e in found if (e.request.header("User-Agent") or "").startswith("Apache"))


def judged(ipf: Ipf, found: tuple[Exchange, ...]) -> Judgement:
    return judge_journal(JournalView(found), ipf.lgc.platform.kernel.environment)


def shown(judgement: Judgement) -> list[tuple[str, str, str]]:
    return [(f.check_id, f.place, f.found) for f in judgement.findings]


def test_what_ipf_deposits_it_finds_and_reads_back(ipf: Ipf) -> None:
    lgc, patient = ipf.lgc, ipf.lgc.patient(rank=1)
    patient = replace(patient, traits=replace(patient.traits, used_name="TESTUSAGE"))
    document = lgc.document(patient, "Compte rendu & <œuvre>")
    lgc.dmp.existence(patient, lgc.doctor)
    assert ipf.deposit(document, patient) == {
        "status": "SUCCESS",
        "errors": [],
        "opinion": APPROVED_BY_IPF,
    }

    lgc.dmp.authorize(patient, lgc.doctor, "AJOUT")
    searched = ipf.search(patient)
    (entry,) = searched["entries"]
    sha1 = hashlib.sha1(document.content, usedforsecurity=False).hexdigest()
    assert patient.ins is not None
    assert searched["status"] == "SUCCESS"
    assert entry == {
        "entry_uuid": entry["entry_uuid"],
        "unique_id": document.unique_id,
        "title": "Compte rendu & <œuvre>",
        "type": "11488-4",
        "status": "APPROVED",
        "patient": patient.ins.value,
        "author": lgc.doctor.national_id,
        "creation_time": read_entry(document.content).creation_time,
        "hash": sha1,
        "size": len(document.content),
        "repository": REPOSITORY,
    }
    assert searched["opinion"] == {"raw": FRENCH_CX, "normalised": None}

    referred = ipf.find(document.unique_id, patient)
    assert referred["references"] == [entry["entry_uuid"]]
    assert referred["opinion"] == APPROVED_BY_IPF

    retrieved = ipf.read(document.unique_id, patient)
    assert retrieved["status"] == "SUCCESS"
    assert retrieved["documents"] == [
        {
            "unique_id": document.unique_id,
            "mime_type": "text/xml",
            "sha1": sha1,
            "size": len(document.content),
        }
    ]
    assert retrieved["opinion"] == APPROVED_BY_IPF

    sent = by_ipf(ipf, patient)
    assert [e.operation for e in sent] == ["TD2.1", "TD3.1", "TD3.1", "TD3.2"]
    assert {e.outcome for e in sent} == {Outcome.ACCEPTED}
    judgement = judged(ipf, about(ipf, patient))
    assert shown(judgement) == []
    assert judgement.evaluated >= {
        "DMP-TLS-01", "DMP-TLS-02", "DMP-SOAP-01", "DMP-SOAP-02", "DMP-SOAP-03",
        "DMP-21-01", "DMP-21-03", "DMP-21-06", "DMP-21-14", "DMP-31-01", "DMP-32-01", "CDA-29",
    }  # fmt: skip


def test_ipf_writes_otherwise_what_the_journal_reads_alike(ipf: Ipf) -> None:
    """The layouts of IPF that are not those of our house, kept so that none becomes a rule."""
    patient = ipf.lgc.patient(rank=2)
    patient = replace(patient, traits=replace(patient.traits, used_name="TESTUSAGE"))
    document = ipf.lgc.document(patient)
    assert ipf.deposit(document, patient)["status"] == "SUCCESS"
    (exchange,) = by_ipf(ipf, patient)
    submission = read(exchange).first(Submission)
    assert submission is not None
    (entry,) = submission.objects.documents
    assert submission.bytes_of(entry) == document.content
    assert any("~TESTUSAGE^" in line for line in entry.source_patient_info), "une seule Value"
    assert exchange.request.header("Transfer-Encoding") == "chunked"
    assert "action=" not in (exchange.request.header("Content-Type") or "")
    request = read(exchange).first(DmpRequest)
    assert request is not None
    assert etree.QName(request.soap.header_blocks[0]).localname == "Security"
    assert request.soap.payload is not None
    beside = request.soap.payload.findall(f".//{{{RIM}}}RegistryObjectList/{{{RIM}}}Classification")
    assert [c.get("classificationNode") for c in beside] == [SUBMISSION_SET_NODE]


def test_ipf_is_told_that_a_document_is_already_there(ipf: Ipf) -> None:
    patient = ipf.lgc.patient(rank=3)
    document = ipf.lgc.document(patient)
    ipf.deposit(document, patient)
    again = ipf.deposit(document, patient)
    assert again["status"] == "FAILURE"
    assert [e["code"] for e in again["errors"]] == ["XDSDuplicateUniqueIdInRegistry"]
    assert again["opinion"] == APPROVED_BY_IPF
    assert [e.outcome for e in by_ipf(ipf, patient)] == [Outcome.ACCEPTED, Outcome.REFUSED]


def test_ipf_reads_the_codes_of_the_dmp_as_codes_of_its_own_kind(ipf: Ipf) -> None:
    closed = ipf.lgc.patient("fermé")
    refused = ipf.deposit(ipf.lgc.document(closed), closed)
    assert [e["custom_code"] for e in refused["errors"]] == ["DMPClosed"]
    assert "fermé" in refused["errors"][0]["context"]
    searched = ipf.search(ipf.lgc.patient(rank=4))
    assert searched["status"] == "FAILURE"
    assert [e["custom_code"] for e in searched["errors"]] == ["DMPAccessDeniedByRightsService"]


def test_ipf_reads_a_fault_in_french(ipf: Ipf) -> None:
    patient = ipf.lgc.patient(rank=5)
    answer = ipf.find("2.25.1", patient, ipf.assertion(patient, altered=True))
    assert (answer["code"], answer["subcode"]) == ("Sender", "DMPInvalidCertificate")
    assert (answer["language"], answer["reason"][:19]) == ("fr", "Signer l'assertion ")
    (exchange,) = by_ipf(ipf, patient)
    assert exchange.error_code == "DMPInvalidCertificate"


def test_what_only_cisis_writes_is_missed_when_ipf_leaves_it_out(ipf: Ipf) -> None:
    """A client that follows IHE alone: no type of identifier, no label of specialty."""
    patient = ipf.lgc.patient(rank=6)
    ipf.lgc.dmp.existence(patient, ipf.lgc.doctor)
    refused = ipf.deposit(ipf.lgc.document(patient), patient, ihe_only=True)
    assert [e["code"] for e in refused["errors"]] == ["XDSRepositoryMetadataError"]
    found = judged(ipf, about(ipf, patient))
    structure = "Cabinet médical des Essais^^^^^&1.2.250.1.71.4.2.2&ISO^^^^1330999004"
    assert patient.ins is not None
    assert {(f.check_id, f.found) for f in found.findings} == {
        ("DMP-21-02", structure),
        ("DMP-21-02", "G15_10/SM54"),
        ("DMP-21-03", structure),
        ("DMP-21-03", "G15_10/SM54"),
        ("INS-T-03", f"{patient.ins.value}^^^&1.2.250.1.213.1.4.10&ISO"),
    }


def test_a_product_with_fixed_host_names_comes_through_a_hosts_file(
    ipf: Ipf, class_path: str, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ipf.lgc.cards.shutdown()  # a reader serves one product at a time
    folder = tmp_path_factory.mktemp("officiel")
    lgc = caller(platform, folder)
    with leaving(lgc), started(class_path, platform, lgc, folder, host=OFFICIAL) as other:
        patient = lgc.patient(rank=7)
        lgc.dmp.existence(patient, lgc.doctor)
        assert other.deposit(other.lgc.document(patient), patient)["status"] == "SUCCESS"
        (exchange,) = by_ipf(other, patient)
        assert exchange.tls is not None
        assert exchange.tls.sni == OFFICIAL
        assert shown(judged(other, about(other, patient))) == []


@contextmanager
def leaving(lgc: Caller) -> Iterator[None]:
    """The card is left to others at the end."""
    try:
        yield
    finally:
        lgc.cards.shutdown()


def test_ipf_approves_the_deposits_of_the_reference_lgc(ipf: Ipf) -> None:
    """Second opinion. Only CI-SIS's own components offend it."""
    lgc, patient = ipf.lgc, ipf.lgc.patient(rank=8)
    lgc.dmp.deposit(lgc.document(patient), patient, lgc.doctor, Visibility())
    assert ipf.opinion(inlined(lgc.last())) == {"raw": FRENCH_XON, "normalised": None}


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        (b'"submissionTime"', b'"heure"', "submissionTime"),
        (b">fr-FR<", ">français de France<".encode(), "language code"),
        (b"AssociationType:HasMember", b"AssociationType:APND", "Unsupported association type"),
        (b'mimeType="text/xml"', b'mimeType="xml"', "MIME"),
    ],
    ids=["lot sans heure", "langue", "association", "type MIME"],
)
def test_ipf_refuses_a_deposit_that_ihe_forbids(
    ipf: Ipf, right: bytes, wrong: bytes, why: str
) -> None:
    """Its approval means something."""
    lgc, patient = ipf.lgc, ipf.lgc.patient(rank=9)
    lgc.dmp.deposit(lgc.document(patient), patient, lgc.doctor, Visibility())
    whole = inlined(lgc.last())
    assert whole.count(right) > 0
    refused = ipf.opinion(whole.replace(right, wrong))
    assert why in str(refused["normalised"])


def inlined(exchange: Exchange) -> bytes:
    """The body of a deposit with its documents in base64, as one file."""
    request = read_request(exchange.request)
    body, submission = request.soap.payload, request.body
    assert body is not None
    assert isinstance(submission, Submission)
    elements = body.findall("{urn:ihe:iti:xds-b:2007}Document")
    for element, document in zip(elements, submission.documents, strict=True):
        assert document.data is not None
        element[:] = []
        element.text = base64.b64encode(document.data).decode("ascii")
    return etree.tostring(body)
