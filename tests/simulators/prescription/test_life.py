"""Prescriber, two pharmacies and outages, at random: what must hold whatever they do.

Two processes share one base (SQLite, or the store of SEGUR_TEST_STORE), each with a
connection of its own: they race, die before they commit, and are started again.

Witness: a bookkeeper of a few lines, in the machine, that never reads the base to know
what it should hold.
"""

from __future__ import annotations

import os
import tempfile
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from rules.context import Environment, Professional
from rules.formats.prescription_number import encode
from simulators.prescription import rows  # declares the tables
from simulators.prescription.errors import RefusedError
from simulators.prescription.operations import Caller, Operations
from simulators.prescription.state import PrescriptionState, Search
from simulators.store import Store, Unit

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
DOCTOR, PHARMACIST, OTHER_PHARMACIST = "10999990012", "10999993032", "10999993040"
ENVIRONMENT = Environment(
    professionals=(
        Professional(f"8{DOCTOR}", "TESTMEDECIN", "Louise", structure_id="1330999004"),
        Professional(f"8{PHARMACIST}", "TESTPHARMA", "Noé", "21", structure_id="1330999400"),
        Professional(f"8{OTHER_PHARMACIST}", "TESTOFFICINE", "Ida", "21"),
    )
)
WHO = {"rpps": DOCTOR, "am": "331999011", "finess": "330999004"}
PHARMACY = {"rpps": PHARMACIST, "finess": "330999400"}
PHARMACIES = (PHARMACY, {"rpps": OTHER_PHARMACIST, "finess": "330999418"})
GESTURES = st.sampled_from(
    ["DELIVREE", "DELIVREE_PARTIELLEMENT", "MODIFIEE", "REMPLACEE", "NON_DELIVREE", "SUPPRIMEE"]
)
ROUND = ("DELIVREE", "MODIFIEE", "REMPLACEE")
Content = dict[str, Any]


class Process:
    """One bench of the campaign: its own engine on the shared base."""

    def __init__(self, url: str, campaign: str) -> None:
        self.url, self.campaign = url, campaign
        self.store = Store(url)
        self.store.create_tables()

    def serve(
        self, operation: str, content: Content, at: datetime, caller: str | None = None
    ) -> Content:
        """What the service does of a call: all of it in one unit."""
        with self.store.unit() as unit:
            return self._operations(unit, at, caller).serve(operation, content)

    def die(self, operation: str, content: Content, at: datetime) -> None:
        """The same, killed before the unit is committed, then started again."""
        unit = Unit(self.store)
        try:
            self._operations(unit, at, None).serve(operation, content)
        except RefusedError:
            pass
        finally:
            unit.abandon()
        self.restart()

    def restart(self) -> None:
        self.store.close()
        self.store = Store(self.url)
        self.store.create_tables()

    def state(self, unit: Unit) -> PrescriptionState:
        return PrescriptionState(unit.connection, self.campaign)

    def _operations(self, unit: Unit, at: datetime, caller: str | None) -> Operations:
        return Operations(self.state(unit), ENVIRONMENT, at, Caller(caller and f"8{caller}"))


def together(*works: Callable[[], Content]) -> list[Content | str]:
    """Work done at the same instant by as many threads: an answer each, or a code."""
    ready = threading.Barrier(len(works))
    found: dict[int, Content | str] = {}

    def run(rank: int, work: Callable[[], Content]) -> None:
        ready.wait(10)
        try:
            found[rank] = work()
        except RefusedError as refused:
            found[rank] = refused.error.code

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return [found[rank] for rank in range(len(works))]


class Life(RuleBasedStateMachine):
    numbers = Bundle("numbers")
    pending = Bundle("pending")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="banc-essai-")
        shared = os.environ.get("SEGUR_TEST_STORE")
        url = shared or f"sqlite:///{Path(self.folder.name) / 'banc.sqlite'}"
        campaign = f"essai-{uuid.uuid4()}"
        self.processes = [Process(url, campaign) for _ in range(2)]
        self.first = self.processes[0]
        with self.first.store.unit() as unit:
            for name, value in (("envoi_tardif_h", 72), ("cis_retires", []), ("exige_ins", False)):
                self.first.state(unit).set_setting(name, value)
        self.now = START
        self.ranks = count()
        self.recorded: dict[str, Content] = {}
        self.acknowledged: dict[str, dict[int, str]] = {}
        self.consents: dict[str, bool] = {}
        self.cancelled: set[str] = set()

    def serve(self, operation: str, content: Content) -> Content:
        return self.first.serve(operation, content, self.now)

    def at_once(self, operation: str, *contents: Content) -> list[Content | str]:
        """Calls of each process at the same instant."""
        works = [
            lambda p=process, c=content: p.serve(operation, c, self.now)
            for process, content in zip(self.processes, contents, strict=True)
        ]
        return together(*works)

    # Prescriber --------------------------------------------------------------------

    @rule(
        target=pending,
        renewals=st.lists(st.integers(0, 3), min_size=1, max_size=3),
        quantity=st.sampled_from([None, 1, 3]),
        consent=st.booleans(),
    )
    def prescribe(self, renewals: list[int], quantity: int | None, consent: bool) -> Content:
        """Nothing leaves yet: the service may be down."""
        lines = [
            {"n": n, "eprescType": "medicament", "libelle": "X", "renouvellements": r}
            | ({"quantite": quantity} if quantity else {})
            for n, r in enumerate(renewals, start=1)
        ]
        return {
            "id": str(encode(self.now, next(self.ranks))),
            "consentement": consent,
            "horodatage": self.now.isoformat(),
            "validite": ["2026-03-12", "2026-04-12"],
            "prescripteur": WHO,
            "patient": {"nomNaissance": "TESTAVRIL"},
            "lignes": lines,
        }

    @rule(target=numbers, told=consumes(pending), lost=st.integers(0, 2), killed=st.booleans())
    def send(self, told: Content, lost: int, killed: bool) -> str:
        """``lost`` answers never came: the same is sent again, to a service that died or not."""
        number = told["id"]
        if killed:
            self.first.die("EP4", told, self.now)
        answers: list[Content] = []
        code = None
        try:
            answers = [self.serve("EP4", told) for _ in range(lost + 1)]
        except RefusedError as refused:
            code = refused.error.code
        if not answers:
            assert code == "EP-P-002"
            assert self.now - datetime.fromisoformat(told["horodatage"]) > timedelta(hours=72)
            return number
        assert [a["dejaEnregistree"] for a in answers] == [False, *[True] * lost]
        self._record(told)
        return number

    @rule(target=numbers, told=consumes(pending), same=st.booleans())
    def send_from_two_workstations(self, told: Content, same: bool) -> str:
        """One number, at the same instant: one creation, and « already » or « taken »."""
        other = told if same else {**told, "consentement": not told["consentement"]}
        found = self.at_once("EP4", told, other)
        if "EP-P-002" in found:
            assert found == ["EP-P-002"] * 2
            return told["id"]
        made = [rank for rank, each in enumerate(found)
                if isinstance(each, dict) and not each["dejaEnregistree"]]  # fmt: skip
        assert len(made) == 1, found
        left = found[1 - made[0]]
        assert left == "EP-P-001" or (same and isinstance(left, dict)), found
        self._record((told, other)[made[0]])
        return told["id"]

    def _record(self, told: Content) -> None:
        self.recorded[told["id"]] = told
        self.acknowledged[told["id"]] = {}
        self.consents[told["id"]] = told["consentement"]

    @rule(number=numbers)
    def cancel(self, number: str) -> None:
        code = None
        try:
            self.serve("EP4-annulation", {"id": number, "prescripteur": WHO})
        except RefusedError as refused:
            code = refused.error.code
        if number not in self.recorded:
            assert code == "EP-P-007"
            return
        assert code == ("EP-P-009" if self.acknowledged[number] else None)
        if code is None:
            self.cancelled.add(number)

    # Pharmacies --------------------------------------------------------------------

    def _execution(
        self, number: str, told: dict[int, str], quantity: int | None, pharmacy: int
    ) -> Content:
        lines = [
            {"ligne": n, "statut": status, "motif": 28, "remplacement": {"libelle": "Y"}}
            | ({"quantite": quantity} if quantity else {})
            for n, status in told.items()
        ]
        day = self.now.date().isoformat()
        return {"id": number, "idExecution": f"e{next(self.ranks)}", "date": day,
                "executant": PHARMACIES[pharmacy], "lignes": lines}  # fmt: skip

    def _executed(self, sent: Content, rank: int) -> None:
        number = sent["id"]
        assert number in self.recorded
        assert number not in self.cancelled, "nothing is executed once cancelled"
        assert self.now.date() <= date(2026, 4, 13), "nor once expired"
        self.acknowledged[number][rank] = sent["executant"]["rpps"]

    @rule(number=numbers, told=st.dictionaries(st.integers(1, 4), GESTURES, min_size=1),
          quantity=st.sampled_from([None, 1, 2]), pharmacy=st.integers(0, 1),
          lost=st.booleans(), killed=st.booleans())  # fmt: skip
    def execute(
        self,
        number: str,
        told: dict[int, str],
        quantity: int | None,
        pharmacy: int,
        lost: bool,
        killed: bool,
    ) -> None:
        sent = self._execution(number, told, quantity, pharmacy)
        if killed:
            self.first.die("EP1", sent, self.now)
        try:
            ranks = [self.serve("EP1", sent)["rang"] for _ in range(1 + lost)]
        except RefusedError:
            return
        assert len(set(ranks)) == 1, "an EP1 sent again is the same one"
        self._executed(sent, ranks[0])

    @rule(number=numbers, line=st.integers(1, 3), quantity=st.sampled_from([None, 1, 2]),
          status=st.sampled_from(ROUND))  # fmt: skip
    def race(self, number: str, line: int, quantity: int | None, status: str) -> None:
        """Two pharmacies deliver one line at the same instant."""
        sent = [self._execution(number, {line: status}, quantity, rank) for rank in (0, 1)]
        for told, found in zip(sent, self.at_once("EP1", *sent), strict=True):
            if isinstance(found, dict):
                assert found["rang"] not in self.acknowledged[number], "two of one rank"
                self._executed(told, found["rang"])

    @rule(number=numbers)
    def cancel_while_it_is_executed(self, number: str) -> None:
        """One of the two, whichever came first: never both."""
        sent = self._execution(number, {1: "DELIVREE"}, None, 0)
        gone, done = together(
            lambda: self.processes[0].serve(
                "EP4-annulation", {"id": number, "prescripteur": WHO}, self.now
            ),
            lambda: self.processes[1].serve("EP1", sent, self.now),
        )
        if number not in self.recorded:
            assert (gone, done) == ("EP-P-007", "EP-P-007")
            return
        executed = bool(self.acknowledged[number]) or isinstance(done, dict)
        assert isinstance(gone, dict) is not executed
        if isinstance(gone, dict):
            self.cancelled.add(number)
        if isinstance(done, dict):
            self._executed(sent, done["rang"])

    # World ---------------------------------------------------------------------------

    @rule(number=numbers, consent=st.booleans())
    def change_consent(self, number: str, consent: bool) -> None:
        if number in self.recorded:
            with self.first.store.unit() as unit:
                self.first.state(unit).set_consent(number, consent)
            self.consents[number] = consent

    @rule(hours=st.integers(1, 24 * 20))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def restart(self) -> None:
        for process in self.processes:
            process.restart()

    # What must hold -------------------------------------------------------------------

    def executions(self, number: str) -> list[Content]:
        seen = self.serve("EP3", {"id": number, "emetteur": PHARMACY})
        return seen["ordonnance"]["executions"]

    @invariant()
    def no_line_is_executed_beyond_its_renewals(self) -> None:
        for number, told in self.recorded.items():
            done = [
                line for e in self.executions(number) for line in e["lignes"]
                if line["statut"] in ROUND
            ]  # fmt: skip
            for line in told["lignes"]:
                rounds = [d for d in done if d["ligne"] == line["n"]]
                assert len(rounds) <= 1 + line["renouvellements"]

    @invariant()
    def nothing_delivered_exceeds_what_is_prescribed(self) -> None:
        for number, told in self.recorded.items():
            for line in told["lignes"]:
                delivered = sum(
                    d.get("quantite", 0) for e in self.executions(number)
                    for d in e["lignes"] if d["ligne"] == line["n"]
                    and d["statut"] in ("DELIVREE", "DELIVREE_PARTIELLEMENT")
                )  # fmt: skip
                if "quantite" in line:
                    assert delivered <= line["quantite"] * (1 + line["renouvellements"])

    @invariant()
    def executions_are_shown_by_consent_and_to_pharmacists(self) -> None:
        for number, told in self.recorded.items():
            for who in (WHO, {"am": WHO["am"]}, {"finess": WHO["finess"]}):
                seen = self.serve("EP3", {"id": number, "emetteur": who})
                shown = seen["ordonnance"].get("executions")
                assert (shown is not None) == self.consents[number]
                asked = {"id": number, "emetteur": who, "avecExecutions": True}
                if not self.consents[number]:
                    with pytest.raises(RefusedError, match="EP-P-008"):
                        self.serve("EP3", asked)
            for who in ({"finess": "330999999"}, {"am": "999999999", "finess": "330999400"}):
                with pytest.raises(RefusedError, match=r"EP-P-003|EP-P-018"):
                    self.first.serve(
                        "EP3", {"id": number, "emetteur": who}, self.now, "10999990178"
                    )
            with pytest.raises(RefusedError, match="EP-P-018"):
                self.serve("EP3", {"id": number, "emetteur": {"finess": "330999999"}})
            assert told["lignes"]

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        found = self.serve("EP2", {"emetteur": WHO, "taillePage": 100})
        assert {each["id"] for each in found["resultats"]} == set(self.recorded)
        for number, told in self.acknowledged.items():
            held = [e["executant"]["rpps"] for e in self.executions(number)]
            assert held == [told[rank] for rank in sorted(told)]
            assert sorted(told) == list(range(1, len(told) + 1))

    @invariant()
    def an_expired_one_is_said_so(self) -> None:
        late = self.now.date() > date(2026, 4, 13)
        for number in self.recorded:
            state = self.serve("EP3", {"id": number, "emetteur": PHARMACY})["etat"]
            assert not late or state in ("EXPIREE", "EXECUTEE", "ANNULEE")
            assert (state == "ANNULEE") == (number in self.cancelled)

    def teardown(self) -> None:
        for process in self.processes:
            process.store.close()
        self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [
        Search(rpps=DOCTOR),
        Search(rpps=DOCTOR, first="2026-03-01", last="2026-03-31", kind="PRODUITS_SANTE"),
        Search(am="331999011"),
        Search(finess="330999004"),
        Search(ins="285073306304208"),
        Search(name="TESTAVRIL", given="CAMILLE", born="1985-07-12"),
    ],
)
def test_searches_never_read_the_whole_campaign(wanted: Search) -> None:
    """Asked of SQLite itself: each statement goes by more than the campaign."""
    store = Store("sqlite://")
    asked: list[tuple[str, Any]] = []
    with store.engine.connect() as connection:
        rows.ordonnances.create(connection)
        sa.event.listen(
            connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3]))
        )
        PrescriptionState(connection, "essai").search(wanted)
        statements = [*asked]
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            steps = [row[3] for row in plan if "prescription_ordonnances" in row[3]]
            assert steps
            for step in steps:
                assert step.startswith("SEARCH"), steps
                assert "campaign=? AND" in step, steps
    store.close()
