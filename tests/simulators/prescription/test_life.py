"""Prescriber, pharmacists and outages, at random: what must hold whatever they do.

Witness: a bookkeeper of a few lines, in the machine, that never reads the base to know
what it should hold.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
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
from simulators.store import Store

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
DOCTOR, PHARMACIST = "10999990012", "10999993032"
ENVIRONMENT = Environment(
    professionals=(
        Professional(f"8{DOCTOR}", "TESTMEDECIN", "Louise"),
        Professional(f"8{PHARMACIST}", "TESTPHARMA", "Noé", "21"),
    )
)
WHO = {"rpps": DOCTOR, "am": "331999011"}
PHARMACY = {"rpps": PHARMACIST, "finess": "330999400"}
GESTURES = st.sampled_from(
    ["DELIVREE", "DELIVREE_PARTIELLEMENT", "MODIFIEE", "REMPLACEE", "NON_DELIVREE", "SUPPRIMEE"]
)
ROUND = ("DELIVREE", "MODIFIEE", "REMPLACEE")


class Life(RuleBasedStateMachine):
    numbers = Bundle("numbers")
    pending = Bundle("pending")

    def __init__(self) -> None:
        super().__init__()
        self.store = Store("sqlite://")
        self.connection = self.store.engine.connect()
        for table in (rows.ordonnances, rows.executions, rows.traces, rows.settings):
            table.create(self.connection)
        self.state = PrescriptionState(self.connection, "essai")
        for name, value in (("envoi_tardif_h", 72), ("cis_retires", []), ("exige_ins", False)):
            self.state.set_setting(name, value)
        self.now = START
        self.ranks = count()
        self.recorded: dict[str, dict[str, Any]] = {}
        self.acknowledged: dict[str, list[str]] = {}
        self.consents: dict[str, bool] = {}

    def serve(self, operation: str, content: dict[str, Any]) -> dict[str, Any]:
        return Operations(self.state, ENVIRONMENT, self.now, Caller()).serve(operation, content)

    @rule(
        target=pending,
        renewals=st.lists(st.integers(0, 3), min_size=1, max_size=3),
        quantity=st.sampled_from([None, 1, 3]),
        consent=st.booleans(),
    )
    def prescribe(self, renewals: list[int], quantity: int | None, consent: bool) -> dict[str, Any]:
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

    @rule(target=numbers, told=consumes(pending), lost=st.integers(0, 2))
    def send(self, told: dict[str, Any], lost: int) -> str:
        """``lost`` answers never came: the same is sent again."""
        number = told["id"]
        answers: list[dict[str, Any]] = []
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
        self.recorded[number] = told
        self.acknowledged[number] = []
        self.consents[number] = told["consentement"]
        return number

    @rule(number=numbers, told=st.dictionaries(st.integers(1, 4), GESTURES, min_size=1),
          quantity=st.sampled_from([None, 1, 2]), lost=st.booleans())  # fmt: skip
    def execute(self, number: str, told: dict[int, str], quantity: int | None, lost: bool) -> None:
        lines = [
            {"ligne": n, "statut": status, "motif": 28, "remplacement": {"libelle": "Y"}}
            | ({"quantite": quantity} if quantity else {})
            for n, status in told.items()
        ]
        day = self.now.date().isoformat()
        sent = {"id": number, "idExecution": f"e{next(self.ranks)}", "date": day,
                "executant": PHARMACY, "lignes": lines}  # fmt: skip
        try:
            ranks = [self.serve("EP1", sent)["rang"] for _ in range(1 + lost)]
        except RefusedError:
            return
        assert number in self.recorded
        assert len(set(ranks)) == 1, "an EP1 sent again is the same one"
        self.acknowledged[number].append(day)

    @rule(number=numbers)
    def cancel(self, number: str) -> None:
        code = None
        try:
            self.serve("EP4-annulation", {"id": number, "prescripteur": WHO})
        except RefusedError as refused:
            code = refused.error.code
        if number not in self.recorded:
            assert code == "EP-P-007"
        else:
            assert code == ("EP-P-009" if self.acknowledged[number] else None)

    @rule(number=numbers, consent=st.booleans())
    def change_consent(self, number: str, consent: bool) -> None:
        if number in self.recorded:
            self.state.set_consent(number, consent)
            self.consents[number] = consent

    @rule(hours=st.integers(1, 24 * 20))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def no_line_is_executed_beyond_its_renewals(self) -> None:
        for number, told in self.recorded.items():
            done = [
                line for e in self.state.executions(number) for line in e["lignes"]
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
                    d.get("quantite", 0) for e in self.state.executions(number)
                    for d in e["lignes"] if d["ligne"] == line["n"]
                    and d["statut"] in ("DELIVREE", "DELIVREE_PARTIELLEMENT")
                )  # fmt: skip
                if "quantite" in line:
                    assert delivered <= line["quantite"] * (1 + line["renouvellements"])

    @invariant()
    def executions_are_shown_by_consent_and_to_pharmacists(self) -> None:
        for number in self.recorded:
            to_doctor = self.serve("EP3", {"id": number, "emetteur": WHO})
            shown = to_doctor["ordonnance"].get("executions")
            assert (shown is not None) == self.consents[number]
            to_pharmacy = self.serve("EP3", {"id": number, "emetteur": PHARMACY})
            assert len(to_pharmacy["ordonnance"]["executions"]) == len(self.acknowledged[number])

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        found = self.serve("EP2", {"emetteur": WHO, "taillePage": 100})
        assert {each["id"] for each in found["resultats"]} == set(self.recorded)
        for number, days in self.acknowledged.items():
            assert [e["date"] for e in self.state.executions(number)] == days

    @invariant()
    def an_expired_one_is_said_so(self) -> None:
        late = self.now.date() > date(2026, 4, 13)
        for number in self.recorded:
            state = self.serve("EP3", {"id": number, "emetteur": PHARMACY})["etat"]
            assert not late or state in ("EXPIREE", "EXECUTEE", "ANNULEE")

    def teardown(self) -> None:
        self.connection.close()
        self.store.close()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    [
        Search(rpps=DOCTOR),
        Search(rpps=DOCTOR, first="2026-03-01", last="2026-03-31", kind="PRODUITS_SANTE"),
        Search(am="331999011"),
        Search(ins="285073306304208"),
        Search(name="TESTAVRIL", born="1985-07-12"),
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
