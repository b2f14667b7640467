"""What leaves is neither lost nor doubled, wherever the LGC dies."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_impl.errors import (
    ForbiddenGestureError,
    LgcError,
    OutcomeUnknownError,
    RefusedError,
    SessionRequiredError,
    UnavailableError,
)
from reference_impl.outbox import Shipment, State, Worker
from reference_impl.people import Document, Patient, Status
from reference_impl.ports import DmpStatus
from reference_impl.records import StoredDocument
from tests.reference_impl.house import LOUISE, NOON, House


class Killed(BaseException):
    """What ``kill -9`` is to the code under test: nothing catches it."""


def raising(place: str, error: BaseException, times: int = 1) -> Callable[[str], None]:
    left = [times]

    def hook(where: str) -> None:
        if where == place and left[0]:
            left[0] -= 1
            raise error

    return hook


def add_document(house: House, patient: Patient) -> Document:
    lgc = house.lgc
    document = Document(
        id=lgc.ids.local("d"),
        unique_id=lgc.ids.oid("document"),
        set_id=lgc.ids.oid("version"),
        type_code="11488-4",
        title="Lettre",
        text="Bonjour",
        patient_id=patient.id,
        author_id=LOUISE,
        created_at=NOON,
        content=b"",
    )
    lgc.records.add_document(StoredDocument(document, None, published=False))
    return document


def queue_deposit(house: House) -> Shipment:
    patient = house.patient()
    document = add_document(house, patient)
    visibility = {
        "masked_to_professionals": False,
        "hidden_from_patient": False,
        "hidden_from_representatives": False,
    }
    shipment = Shipment(
        id=house.lgc.ids.local("e"),
        kind="dmp",
        patient_id=patient.id,
        professional_id=LOUISE,
        content={"document": document.id, "visibilite": visibility},
        created_at=NOON,
        unique_id=document.unique_id,
    )
    house.lgc.outbox.add(shipment)
    return shipment


def queue_mail(house: House, **content: object) -> Shipment:
    patient = house.patient()
    document = add_document(house, patient)
    shipment = Shipment(
        id=house.lgc.ids.local("e"),
        kind="mss",
        patient_id=patient.id,
        professional_id=LOUISE,
        content={
            "documents": [document.id],
            "destinataires": ["hugo.testcardio@cardio.banc.mssante.fr"],
            "usager": False,
            "fin_de_conversation": False,
            "texte": "",
        }
        | content,
        created_at=NOON,
        message_id=house.lgc.ids.message_id("medecin.banc.mssante.fr"),
    )
    house.lgc.outbox.add(shipment)
    return shipment


def test_a_deposit_asks_for_the_record_first_and_is_acknowledged(house: House) -> None:
    shipment = queue_deposit(house)
    after = house.lgc.outbox.attempt(shipment.id)
    assert house.dmp.calls == ["existence", "deposit"]
    assert (after.state, after.attempts, after.error) == (State.SENT, 1, None)


def test_what_is_sent_is_not_sent_again(house: House) -> None:
    shipment = queue_deposit(house)
    house.lgc.outbox.flush()
    house.lgc.outbox.flush()
    house.lgc.outbox.attempt(shipment.id)
    assert house.dmp.registered == [shipment.unique_id]


@pytest.mark.parametrize(
    "place", ["avant existence", "avant deposit", "après deposit", "avant find"]
)
def test_a_deposit_survives_a_death_at_any_point(house: House, place: str) -> None:
    shipment = queue_deposit(house)
    if place == "avant find":
        house.dmp.hook = raising("après deposit", OutcomeUnknownError("X", "coupé"))
        house.lgc.outbox.attempt(shipment.id)
    house.dmp.hook = raising(place, Killed())
    with pytest.raises(Killed):
        house.lgc.outbox.attempt(shipment.id)
    assert house.reopen().outbox.get(shipment.id).state is State.PENDING
    house.lgc.outbox.flush()
    assert house.lgc.outbox.get(shipment.id).state is State.SENT
    assert house.dmp.registered == [shipment.unique_id]


def test_a_death_between_the_answer_and_its_record_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipment = queue_deposit(house)
    change = house.lgc.outbox._change

    def dies_at_acknowledgement(shipment_id: str, **values: object) -> None:
        if "acquitte_le" in values:
            raise Killed
        change(shipment_id, **values)

    monkeypatch.setattr(house.lgc.outbox, "_change", dies_at_acknowledgement)
    with pytest.raises(Killed):
        house.lgc.outbox.attempt(shipment.id)
    house.reopen().outbox.flush()
    assert house.dmp.registered == [shipment.unique_id]
    assert house.dmp.calls[-2:] == ["existence", "find"]
    assert house.lgc.outbox.get(shipment.id).state is State.SENT


def test_an_unknown_outcome_is_found_out_before_sending_again(house: House) -> None:
    shipment = queue_deposit(house)
    house.dmp.hook = raising("avant deposit", OutcomeUnknownError("X", "muet"))
    assert house.lgc.outbox.attempt(shipment.id).in_doubt
    house.lgc.outbox.flush()
    assert house.dmp.calls == ["existence", "existence", "find", "deposit"]
    assert house.dmp.registered == [shipment.unique_id]


def test_a_duplicate_told_by_the_dmp_is_an_acknowledgement_when_in_doubt(house: House) -> None:
    shipment = queue_deposit(house)
    house.dmp.hook = raising("avant deposit", OutcomeUnknownError("X", "muet"))
    house.lgc.outbox.attempt(shipment.id)

    def arrives_late(where: str) -> None:
        if where == "avant deposit":
            house.dmp.registered.append(str(shipment.unique_id))
            raise RefusedError("XDSDuplicateUniqueIdInRegistry", "doublon")

    house.dmp.hook = arrives_late
    house.lgc.outbox.flush()
    assert house.lgc.outbox.get(shipment.id).state is State.SENT


def test_a_duplicate_at_the_first_attempt_is_a_refusal(house: House) -> None:
    shipment = queue_deposit(house)
    error = RefusedError("XDSDuplicateUniqueIdInRegistry", "doublon")
    house.dmp.hook = raising("avant deposit", error)
    assert house.lgc.outbox.attempt(shipment.id).state is State.REFUSED


@pytest.mark.parametrize(
    ("error", "state", "in_doubt"),
    [
        (UnavailableError("HTTP_503", "plus tard"), State.PENDING, False),
        (OutcomeUnknownError("MUET", "muet"), State.PENDING, True),
        (SessionRequiredError("SESSION_EXPIREE", "reconnectez-vous"), State.PENDING, False),
        (RefusedError("DMPClosed", "fermé"), State.REFUSED, False),
        (LgcError("AUTRE", "autre"), State.PENDING, False),
        (RuntimeError("défaut du logiciel"), State.PENDING, True),
    ],
)
def test_each_failure_leaves_the_shipment_where_it_belongs(
    house: House, error: Exception, state: State, in_doubt: bool
) -> None:
    shipment = queue_deposit(house)
    house.dmp.hook = raising("avant deposit", error)
    after = house.lgc.outbox.attempt(shipment.id)
    assert (after.state, after.in_doubt) == (state, in_doubt)
    assert after.error is not None
    assert set(after.error) == {"code", "message"}


@pytest.mark.parametrize("place", ["avant send", "après send"])
def test_a_mail_keeps_its_message_id_whatever_happens(house: House, place: str) -> None:
    shipment = queue_mail(house)
    house.mailer.hook = raising(place, Killed())
    with pytest.raises(Killed):
        house.lgc.outbox.attempt(shipment.id)
    house.reopen().outbox.flush()
    assert house.lgc.outbox.get(shipment.id).state is State.SENT
    assert {mail.message_id for mail in house.mailer.accepted} == {shipment.message_id}
    assert len({mail.documents for mail in house.mailer.accepted}) == 1
    assert {mail.created_at for mail in house.mailer.accepted} == {NOON}


def test_a_mail_acknowledged_is_never_sent_again(house: House) -> None:
    queue_mail(house)
    house.lgc.outbox.flush()
    house.reopen().outbox.flush()
    assert len(house.mailer.accepted) == 1


def test_recipients_refused_one_by_one_are_told(house: House) -> None:
    house.mailer.refused = (("x@inconnu.fr", "550 inconnu"),)
    after = house.lgc.outbox.attempt(queue_mail(house).id)
    assert after.state is State.SENT
    assert after.error == {"code": "DESTINATAIRES_REFUSES", "message": "x@inconnu.fr : 550 inconnu"}


def test_an_identity_no_longer_qualified_stops_what_waits(house: House) -> None:
    shipment = queue_deposit(house)
    house.dmp.hook = raising("avant deposit", UnavailableError("HTTP_503", "plus tard"))
    house.lgc.outbox.attempt(shipment.id)
    patient = house.lgc.records.patient(str(shipment.patient_id))
    changed = Patient(patient.id, patient.traits, Status.VALIDATED)
    house.lgc.records.save(patient, changed, "vérification")
    house.lgc.outbox.flush()
    after = house.lgc.outbox.get(shipment.id)
    assert after.state is State.REFUSED
    assert after.error is not None
    assert after.error["code"] == "IDENTITE_NON_QUALIFIEE"
    assert house.dmp.registered == []


@pytest.mark.parametrize("state", ["absent", "fermé"])
def test_no_feed_of_a_record_absent_or_closed(house: House, state: str) -> None:
    shipment = queue_deposit(house)
    house.dmp.status = DmpStatus(state)  # type: ignore[arg-type]
    assert house.lgc.outbox.attempt(shipment.id).state is State.REFUSED
    assert house.dmp.calls == ["existence"]


def test_a_rule_met_at_the_first_attempt_is_raised_to_the_user(house: House) -> None:
    house.dmp.status = DmpStatus("absent")
    waiting = queue_deposit(house)
    again = Shipment(
        id="e99",
        kind="dmp",
        patient_id=waiting.patient_id,
        professional_id=LOUISE,
        content=waiting.content,
        created_at=NOON,
    )
    with pytest.raises(ForbiddenGestureError, match="pas de DMP"):
        house.lgc.outbox.send_now(again)


def test_delays_grow_and_are_respected_by_the_worker_only(house: House) -> None:
    shipment = queue_deposit(house)
    house.dmp.hook = raising("avant deposit", UnavailableError("HTTP_503", "plus tard"), times=99)
    delays = []
    for _ in range(9):
        house.lgc.outbox.flush()
        due = house.lgc.outbox.next_due()
        assert due is not None
        delays.append((due - house.clock.now()).total_seconds())
    assert delays == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    before = house.lgc.outbox.get(shipment.id).attempts
    house.lgc.outbox.flush(due_only=True)
    assert house.lgc.outbox.get(shipment.id).attempts == before
    house.clock.advance(seconds=301)
    house.lgc.outbox.flush(due_only=True)
    assert house.lgc.outbox.get(shipment.id).attempts == before + 1


def test_the_worker_sends_what_is_due(house: House) -> None:
    shipment = queue_deposit(house)
    house.clock.advance(seconds=6)
    worker = Worker(house.lgc.outbox, house.clock)
    deposited = threading.Event()
    house.dmp.hook = lambda place: deposited.set() if place == "après deposit" else None
    worker.start()
    assert deposited.wait(5)
    worker.stop()
    assert house.lgc.outbox.get(shipment.id).state is State.SENT


def test_a_store_that_fails_does_not_end_the_worker(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipment = queue_deposit(house)
    house.clock.advance(seconds=6)
    flush = house.lgc.outbox.flush
    failures = [OSError("disque plein")]

    def fails_once(*, due_only: bool = False) -> list[Shipment]:
        if failures:
            raise failures.pop()
        return flush(due_only=due_only)

    monkeypatch.setattr(house.lgc.outbox, "flush", fails_once)
    deposited = threading.Event()
    house.dmp.hook = lambda place: deposited.set() if place == "après deposit" else None
    worker = Worker(house.lgc.outbox, house.clock)
    worker.start()
    assert deposited.wait(5)
    worker.stop()
    assert house.lgc.outbox.get(shipment.id).state is State.SENT


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    failures=st.lists(
        st.sampled_from(
            [
                ("avant existence", UnavailableError("A", "a")),
                ("avant deposit", UnavailableError("A", "a")),
                ("avant deposit", OutcomeUnknownError("A", "a")),
                ("après deposit", OutcomeUnknownError("A", "a")),
                ("après deposit", Killed()),
                ("avant find", OutcomeUnknownError("A", "a")),
                ("avant find", UnavailableError("A", "a")),
            ]
        ),
        max_size=5,
    )
)
def test_any_sequence_of_failures_ends_with_one_deposit(
    house: House, failures: list[tuple[str, BaseException]]
) -> None:
    shipment = queue_deposit(house)
    for place, error in failures:
        house.dmp.hook = raising(place, error)
        try:
            house.lgc.outbox.attempt(shipment.id)
        except Killed:
            house.reopen()
    house.dmp.hook = lambda _place: None
    house.lgc.outbox.attempt(shipment.id)
    assert house.lgc.outbox.get(shipment.id).state is State.SENT
    assert house.dmp.registered.count(str(shipment.unique_id)) == 1
