"""What the DMP holds of an ordonnance that is sent late, cancelled, or whose software was killed.

The simulators of the DMP and of the ordonnance numérique are the real ones; what is played
raises no finding.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reference_impl.documents.metadata import encapsulated_pdf
from reference_impl.gestures import ordonnance_documents
from reference_impl.people import Status
from rules.formats.cda import ClinicalDocument
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.reference_impl.prescriptions.cabinet import Cabinet, cabinet

# Clients moved without the gestures of a driver cannot show these.
NEED_GESTURES = frozenset({"DMP-02-01", "DMP-02-02", "DMP-02-03"})
_seeds = count(1)
APPROVED, DEPRECATED, DELETED = "Approved", "Deprecated", "Deleted"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "cards", "dmp", "prescription")) as started:
        yield started


@pytest.fixture
def office(platform: Platform, tmp_path: Path) -> Iterator[Cabinet]:
    # One seed would give the documents of two tests the same identifiers.
    with cabinet(platform, tmp_path, next(_seeds), late=True) as made:
        yield made
        platform.kernel.faults.clear()


class Killed(BaseException):
    """The process stops there."""


def killed(*_told: Any, **_more: Any) -> None:
    raise Killed


def held(office: Cabinet, *documents: str) -> list[str | None]:
    """The status that the DMP gives to local documents, None for those it does not hold."""
    with office.platform.kernel.unit() as unit:
        rows = office.platform.services["dmp"].state(unit)["documents"]
    status = {row["unique_id"]: row["status"].rpartition(":")[2] for row in rows}
    names = [office.lgc.records.document(each).document.unique_id for each in documents]
    return [status.get(name) for name in names]


def judged(office: Cabinet, since: int) -> list[tuple[str, str]]:
    view = JournalView(exchanges(office.platform)[since:])
    found = judge_journal(view, office.platform.kernel.environment).findings
    return [(f.check_id, f.found) for f in found if f.check_id not in NEED_GESTURES]


def position(office: Cabinet) -> int:
    return len(exchanges(office.platform))


def validate(office: Cabinet, ordonnance: str) -> dict[str, Any]:
    asked = {"ordonnance": ordonnance, "professionnel": office.louise}
    return office("prescription.validate", **asked)


def cancel(office: Cabinet, ordonnance: str) -> dict[str, Any]:
    asked = {"ordonnance": ordonnance, "professionnel": office.louise}
    return office("prescription.cancel", **asked)


def states(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(e["genre"], e["etat"]) for e in answer["envois"]]


def documents_of(answer: dict[str, Any]) -> tuple[str, str]:
    told = answer["ordonnance"]["documents"]
    return told["n3"], told["n1"]


def without_code(office: Cabinet, draft: str | None = None) -> tuple[str, tuple[str, str]]:
    """An ordonnance handed over without Code 2D, and its documents."""
    draft = draft or office.draft()
    office.fault("http-503", "EP4", times=2)
    done = validate(office, draft)
    assert done["ordonnance"]["etat"] == "sans code"
    return draft, documents_of(done)


def test_what_is_sent_late_replaces_what_the_dmp_had_without_code(office: Cabinet) -> None:
    since = position(office)
    draft, former = without_code(office)
    assert held(office, *former) == [APPROVED, APPROVED]
    done = validate(office, draft)
    latest = documents_of(done)
    assert states(done) == [("dmp", "envoyé")] * 2
    assert held(office, *former, *latest) == [DEPRECATED, DEPRECATED, APPROVED, APPROVED]
    for before, after in zip(former, latest, strict=True):
        first, second = (office.lgc.records.document(d).document for d in (before, after))
        assert (second.version, second.replaces, second.set_id) == (
            2,
            first.unique_id,
            first.set_id,
        )
        read = ClinicalDocument.parse(second.content)
        assert [i.text for i in read.replaces] == [first.unique_id]
        page = PrintedOrdonnance.of_pdf(encapsulated_pdf(second.content))
        assert page is not None
        assert page.printed_number == done["ordonnance"]["numero"]
    again = validate(office, draft)
    assert documents_of(again) == latest
    assert held(office, *latest) == [APPROVED, APPROVED]
    assert judged(office, since) == []


def test_sent_late_before_the_dmp_had_anything_it_leaves_once(office: Cabinet) -> None:
    since = position(office)
    office.platform.kernel.faults.add("dmp", None, fault="http-503", times=None)
    draft, former = without_code(office)
    office.platform.kernel.faults.clear()
    office.platform.kernel.faults.add("dmp", "TD0.2", fault="refuser", times=2)
    done = validate(office, draft)
    office("outbox.flush")
    assert held(office, *documents_of(done)) == [APPROVED, APPROVED]
    assert held(office, *former).count(APPROVED) == 0
    numbers = {e["identifiant_unique"] for e in office("outbox.read")["envois"]}
    assert len(numbers) == 4
    assert judged(office, since) == []


def test_a_replacement_waits_for_what_it_replaces(office: Cabinet) -> None:
    """The first deposit may have arrived: it is settled before its replacement leaves."""
    since = position(office)
    office.platform.kernel.faults.add("dmp", "TD2.1", fault="couper", times=2)
    draft, former = without_code(office)
    assert held(office, *former) == [None, None]
    office.platform.kernel.faults.add("dmp", "TD0.2", fault="couper", times=4)
    done = validate(office, draft)
    office.platform.kernel.faults.clear()
    assert states(done) == [("dmp", "à envoyer")] * 2
    flushed = [e for e in office("outbox.flush")["envois"] if e["genre"] == "dmp"]
    assert {e["etat"] for e in flushed} == {"envoyé"}
    assert held(office, *former, *documents_of(done)) == [
        DEPRECATED, DEPRECATED, APPROVED, APPROVED]  # fmt: skip
    assert judged(office, since) == []


def test_a_cancelled_ordonnance_leaves_the_dmp(office: Cabinet) -> None:
    since = position(office)
    told = office.recorded()
    documents = told["documents"]["n3"], told["documents"]["n1"]
    done = cancel(office, told["id"])
    assert states(done) == [("dmp-retrait", "envoyé")] * 2
    assert held(office, *documents) == [DELETED, DELETED]
    assert any("supprimés" in alert for alert in done["ordonnance"]["alertes"])
    assert states(cancel(office, told["id"])) == states(done)
    asked = {"ordonnance": told["id"]}
    assert office.refused("prescription.print", **asked) == "ORDONNANCE_ANNULEE"
    dashboard = office("dashboard.read", professionnel=office.louise)["compteurs"]
    assert dashboard["dmp"] == 0
    assert judged(office, since) == []


def test_a_cancelled_ordonnance_that_replaced_another_leaves_whole(office: Cabinet) -> None:
    draft, former = without_code(office)
    latest = documents_of(validate(office, draft))
    assert states(cancel(office, draft)) == [("dmp-retrait", "envoyé")] * 2
    assert held(office, *former, *latest) == [DEPRECATED, DEPRECATED, DELETED, DELETED]


def test_a_deposit_that_waits_never_leaves_once_cancelled(office: Cabinet) -> None:
    office.platform.kernel.faults.add("dmp", None, fault="http-503", times=None)
    draft = office.draft()
    done = validate(office, draft)
    assert states(done) == [("dmp", "à envoyer")] * 2
    assert done["ordonnance"]["etat"] == "enregistrée"
    cancel(office, draft)
    office.platform.kernel.faults.clear()
    shipments = office("outbox.flush")["envois"]
    assert {e["etat"] for e in shipments if e["genre"] == "dmp"} == {"refusé"}
    assert "à envoyer" not in {e["etat"] for e in shipments}
    assert held(office, *documents_of(done)) == [None, None]


def test_a_deletion_that_fails_is_tried_again(office: Cabinet) -> None:
    told = office.recorded()
    documents = told["documents"]["n3"], told["documents"]["n1"]
    office.platform.kernel.faults.add("dmp", "TD3.3", fault="couper-apres-traitement", times=1)
    office.platform.kernel.faults.add("dmp", "TD3.3", fault="http-503", times=1)
    done = cancel(office, told["id"])
    assert done["ordonnance"]["etat"] == "annulée"
    assert states(done) == [("dmp-retrait", "à envoyer")] * 2
    flushed = office("outbox.flush")["envois"]
    assert {e["etat"] for e in flushed} == {"envoyé"}
    assert held(office, *documents) == [DELETED, DELETED]


def test_documents_stay_when_the_settings_say_so(office: Cabinet) -> None:
    office.restart(withdraw=False)
    told = office.recorded()
    done = cancel(office, told["id"])
    assert done["envois"] == []
    assert any("ne sont pas retirés" in alert for alert in done["ordonnance"]["alertes"])
    office.restart(withdraw=True)
    assert held(office, told["documents"]["n3"], told["documents"]["n1"]) == [APPROVED, APPROVED]
    assert not [e for e in office("outbox.read")["envois"] if e["genre"] == "dmp-retrait"]


def test_a_dmp_that_fails_changes_nothing_to_what_is_recorded(office: Cabinet) -> None:
    """N17."""
    since = position(office)
    office.platform.kernel.faults.add("dmp", "TD2.1", fault="http-503", times=2)
    draft = office.draft()
    done = validate(office, draft)
    assert done["ordonnance"]["etat"] == "enregistrée"
    assert states(done) == [("dmp", "à envoyer")] * 2
    assert all(e["erreur"] for e in done["envois"])
    office("outbox.flush")
    assert held(office, *documents_of(done)) == [APPROVED, APPROVED]
    calls = [e.operation for e in exchanges(office.platform, "prescription") if e.position > since]
    assert calls == ["EP4"]
    assert judged(office, since) == []


@pytest.mark.parametrize("place", ["publish", "_shipment", "_attempted"])
def test_killed_between_the_service_and_the_dmp_nothing_is_lost_nor_doubled(
    office: Cabinet, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    since = position(office)
    draft = office.draft()
    monkeypatch.setattr(ordonnance_documents, place, killed)
    with pytest.raises(Killed):
        validate(office, draft)
    monkeypatch.undo()
    office.restart()
    (listed,) = office("prescription.list")["ordonnances"]
    assert (listed["id"], listed["etat"]) == (draft, "enregistrée")
    assert None not in listed["documents"].values()
    office("outbox.flush")
    done = validate(office, draft)
    assert states(done) == [("dmp", "envoyé")] * 2
    assert held(office, *documents_of(done)) == [APPROVED, APPROVED]
    creations = [e for e in exchanges(office.platform)[since:] if e.operation == "EP4"]
    deposits = [e for e in exchanges(office.platform)[since:] if e.operation == "TD2.1"]
    assert (len(creations), len(deposits)) == (1, 2)
    assert judged(office, since) == []


def test_killed_before_its_documents_leave_the_dmp_they_leave_at_the_next_start(
    office: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = office.recorded()
    monkeypatch.setattr(ordonnance_documents, "withdraw", killed)
    with pytest.raises(Killed):
        cancel(office, told["id"])
    monkeypatch.undo()
    office.restart()
    office("outbox.flush")
    assert held(office, told["documents"]["n3"], told["documents"]["n1"]) == [DELETED, DELETED]


def test_killed_while_sending_the_user_is_told_to_validate_again(office: Cabinet) -> None:
    draft = office.draft()
    original = office.lgc.prescriptions.client.record
    numbers: list[str | None] = []

    def arrives_then_dies(ordonnance: Any, professional: Any) -> None:
        numbers.append(ordonnance.number)
        original(ordonnance, professional)
        raise Killed

    office.lgc.prescriptions.client.record = arrives_then_dies  # type: ignore[method-assign]
    with pytest.raises(Killed):
        validate(office, draft)
    office.restart()
    (listed,) = office("prescription.list")["ordonnances"]
    assert listed["etat"] == "brouillon"
    assert any("validez-la de nouveau" in alert for alert in listed["alertes"])
    told = validate(office, draft)["ordonnance"]
    assert (told["etat"], [told["numero"]]) == ("enregistrée", numbers)
    assert not any("interrompu" in alert for alert in told["alertes"])


def test_an_identity_not_qualified_stays_out_of_the_dmp(office: Cabinet) -> None:
    draft = office.draft(office.patient(status=Status.RETRIEVED))
    done = validate(office, draft)
    assert done["envois"] == []
    printed = office("prescription.print", ordonnance=draft)["document"]["contenu"]
    page = PrintedOrdonnance.of_pdf(base64.b64decode(printed))
    assert page is not None
    assert page.printed_number == done["ordonnance"]["numero"]
    assert states(cancel(office, draft)) == []
