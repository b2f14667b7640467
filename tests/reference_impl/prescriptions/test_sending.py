"""Whatever the service and the network do, an ordonnance is recorded once, or known as in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_impl.errors import LgcError, OutcomeUnknownError, RefusedError, UnavailableError
from reference_impl.people import Environment, Professional
from reference_impl.prescriptions.client import Consulted, Recorded
from reference_impl.prescriptions.model import Line, Ordonnance
from reference_impl.prescriptions.records import Kept, OrdonnanceRecords, State
from reference_impl.prescriptions.sending import Sender
from reference_impl.prescriptions.service import Wish
from reference_impl.prescriptions.wire import NOT_ACCEPTED, UNKNOWN, USED
from tests.reference_impl.house import House, environment_in
from tests.reference_impl.prescriptions.cabinet import DRUG

OUTCOMES = ("ok", "perdue", "jamais reçue", "injoignable", "pris", "jeton", "mort", "mort avant")


class Killed(BaseException):
    """The process stops there."""


@dataclass
class Peer:
    """The service: it holds what reached it, and answers as it is told, then normally."""

    script: list[str] = field(default_factory=list)
    held: dict[str, Ordonnance] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def record(self, ordonnance: Ordonnance, _professional: Professional) -> Recorded:
        number = ordonnance.number
        assert number is not None
        self.sent.append(number)
        outcome = self._next()
        if outcome in ("ok", "perdue", "mort"):
            already = number in self.held
            if already and self.held[number] != ordonnance:
                raise RefusedError(USED, "pris")
            self.held[number] = ordonnance
            if outcome == "ok":
                return Recorded(already, ())
        raise self._failure(outcome)

    def consult(
        self, number: str, _professional: Professional, *, with_executions: bool
    ) -> Consulted:
        assert not with_executions
        outcome = self._next()
        if outcome != "ok":
            raise self._failure(outcome)
        if number not in self.held:
            raise RefusedError(UNKNOWN, "inconnue")
        return Consulted("ENREGISTREE", False, self.held[number], ())

    def _next(self) -> str:
        return self.script.pop(0) if self.script else "ok"

    def _failure(self, outcome: str) -> BaseException:
        return {
            "perdue": OutcomeUnknownError("REPONSE_NON_LUE", "perdue"),
            "jamais reçue": OutcomeUnknownError("REPONSE_NON_LUE", "perdue"),
            "injoignable": UnavailableError("SERVICE_INJOIGNABLE", "injoignable"),
            "pris": RefusedError(USED, "pris"),
            "jeton": RefusedError(NOT_ACCEPTED, "jeton"),
        }.get(outcome) or Killed()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return environment_in(tmp_path_factory.mktemp("environnement"))


@dataclass
class Desk:
    """A draft, and a sender over the peer."""

    house: House
    peer: Peer = field(default_factory=Peer)
    id: str = ""

    def __post_init__(self) -> None:
        author = self.house.environment.professionals[0]
        patient = self.house.patient()
        wish = Wish([Line.from_json(dict(DRUG))], consent=True)
        self.id = self.house.lgc.prescriptions.create(patient, author, author, wish).id

    def kept(self) -> Kept:
        return OrdonnanceRecords(self.house.lgc.store).get(self.id)

    def send(self) -> Kept:
        lgc = self.house.lgc
        records = lgc.prescriptions.records
        numbers = lgc.prescriptions._sender._numbers
        sender = Sender(records, self.peer, numbers, self.house.clock)  # type: ignore[arg-type]
        self.house.clock.advance(seconds=1)
        return sender.send(self.kept(), self.house.environment.professionals[0])


@pytest.fixture
def desk(environment: Environment, tmp_path: Path) -> Iterator[Desk]:
    house = House(environment, tmp_path)
    yield Desk(house)
    house.lgc.close()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(script=st.lists(st.sampled_from(OUTCOMES), max_size=8))
def test_nothing_is_recorded_twice_nor_lost(environment: Environment, script: list[str]) -> None:
    with TemporaryDirectory() as folder:
        house = House(environment, Path(folder))
        desk = Desk(house, Peer(list(script)))
        for _ in range(4):
            try:
                desk.send()
            except (LgcError, Killed):
                house.lgc.close()
                house.reopen()
            kept = desk.kept()
            assert len(desk.peer.held) <= 1
            if kept.state is State.RECORDED:
                assert set(desk.peer.held) == {kept.number}
                break
            if desk.peer.held:
                # What may be there is known as such, under its number.
                assert kept.in_doubt
                assert set(desk.peer.held) == {kept.number}
        house.lgc.close()


def test_numbers_always_taken_are_not_tried_for_ever(desk: Desk) -> None:
    desk.peer.script = ["pris"] * 3
    with pytest.raises(RefusedError, match="3 numéros"):
        desk.send()
    kept = desk.kept()
    assert len(set(desk.peer.sent)) == 3
    assert kept.void == tuple(desk.peer.sent)
    assert (kept.state, kept.number) == (State.DRAFT, None)


def test_number_and_instant_say_the_same(desk: Desk) -> None:
    kept = desk.send()
    assert kept.ordonnance.at == "2026-03-12T10:00:01+01:00"
    assert kept.ordonnance.validity == ("2026-03-12", "2026-06-10")
    assert kept.number is not None
    assert kept.number.startswith("04B5AZJA12AM78")


def test_a_service_that_never_heard_of_it_leaves_no_doubt(desk: Desk) -> None:
    desk.peer.script = ["injoignable"]
    kept = desk.send()
    assert (kept.state, kept.in_doubt) == (State.WITHOUT_CODE, False)
    assert len(desk.peer.sent) == 1


def test_a_refused_token_after_a_crash_keeps_the_number(desk: Desk) -> None:
    desk.peer.script = ["mort", "jeton"]
    with pytest.raises(Killed):
        desk.send()
    with pytest.raises(RefusedError):
        desk.send()
    kept = desk.send()
    assert kept.registered
    assert set(desk.peer.sent) == {kept.number}
