"""A prescriber, a pharmacy, outages and crashes, in any order, against the real simulator.

Whatever happens: an ordonnance that was validated is registered under one number or handed
over without code, none is created twice, none is lost, nothing is executed beyond its
renewals nor shown without consent.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as play

from rules.formats.ordonnance_page import PrintedOrdonnance
from simulators.platform import Platform
from simulators.testing import administration, running
from tests.reference_impl.prescriptions.cabinet import DRUG, Cabinet, cabinet

OUTAGES = (
    "http-503",
    "couper",
    "couper-apres-traitement",
    "faute-technique",
    "numero-deja-utilise",
    "assertion-refusee",
    "corps-tronque",
)
_seeds = count(1)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "cards", "prescription")) as started:
        yield started


class Killed(BaseException):
    """The process stops there."""


class Life(RuleBasedStateMachine):
    """``drafts`` maps each ordonnance written to its posology, by which the service knows it."""

    platform: Platform
    wire: str

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self._seed = next(_seeds)
        made = cabinet(self.platform, folder, self._seed, wire=self.wire, late=True)
        self.office: Cabinet = self._stack.enter_context(made)
        self.patient = self.office.patient()
        self.drafts: dict[str, str] = {}
        self.consents: dict[str, bool] = {}
        self.cancelled: set[str] = set()

    def teardown(self) -> None:
        self.platform.kernel.faults.clear()
        self._stack.close()

    @rule(consent=st.booleans(), renewals=st.integers(0, 1))
    def write(self, consent: bool, renewals: int) -> None:
        posology = f"1 comprimé, cabinet {self._seed}, ordonnance {len(self.drafts)}"
        line = {**DRUG, "posologieTexte": posology, "renouvellements": renewals}
        draft = self.office.draft(self.patient, line, consentement=consent)
        self.drafts[draft], self.consents[draft] = posology, consent

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), outage=st.none() | st.sampled_from(OUTAGES), times=st.integers(1, 3))
    def validate(self, data: st.DataObject, outage: str | None, times: int) -> None:
        ordonnance = data.draw(st.sampled_from(sorted(self.drafts)))
        if outage:
            self.office.fault(outage, "EP4", times=times)
        told = self.done("validate", ordonnance)
        self.platform.kernel.faults.clear()
        if told is not None:
            page = self.office("prescription.print", ordonnance=ordonnance)["document"]["contenu"]
            read = PrintedOrdonnance.of_pdf(base64.b64decode(page))
            shown = read.printed_number if read else None
            assert shown == told["numero"]
            assert (told["etat"] == "enregistrée") is (shown is not None)

    @precondition(lambda self: self.drafts)
    @rule(data=st.data())
    def die_while_sending(self, data: st.DataObject) -> None:
        ordonnance = data.draw(st.sampled_from(sorted(self.drafts)))
        client = self.office.lgc.prescriptions.client
        original = client.record

        def dies(*told: Any) -> None:
            original(*told)
            raise Killed

        client.record = dies  # type: ignore[method-assign]
        with suppress(Killed):
            self.done("validate", ordonnance)
        self.office.restart()

    @precondition(lambda self: self.drafts)
    @rule(data=st.data(), outage=st.none() | st.sampled_from(OUTAGES))
    def cancel(self, data: st.DataObject, outage: str | None) -> None:
        ordonnance = data.draw(st.sampled_from(sorted(self.drafts)))
        if outage:
            self.office.fault(outage, "EP4-annulation")
        told = self.done("cancel", ordonnance)
        self.platform.kernel.faults.clear()
        if told is not None:
            self.cancelled.add(ordonnance)

    @precondition(lambda self: self.held())
    @rule(data=st.data(), recipe=st.sampled_from(["tout", "partiel", "modifie", "supprime"]))
    def execute(self, data: st.DataObject, recipe: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.held())))
        over = self.over(number)
        told = {"pharmacie": [{"numero": number, "recette": recipe}]}
        with administration(self.platform) as admin:
            done = admin.put("/state/prescription", json=told).status_code == 200
        assert done is not over

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def consult(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.held())))
        seen = self.office.consult(number)
        mine = next(o for o in self.drafts if self.drafts[o] == self.held()[number])
        assert seen["executions"] == [] or self.consents[mine]

    @rule()
    def restart(self) -> None:
        self.office.restart()

    @invariant()
    def each_is_registered_once_or_known_as_it_is(self) -> None:
        held = self.held()
        assert max(Counter(held.values()).values(), default=0) <= 1
        listed = {o["id"]: o for o in self.office("prescription.list")["ordonnances"]}
        assert set(listed) == set(self.drafts)
        for number, posology in held.items():
            told = next(o for i, o in listed.items() if self.drafts[i] == posology)
            if told["etat"] == "enregistrée":
                assert told["numero"] == number
            elif told["etat"] == "sans code":
                assert any("peut-être" in alert for alert in told["alertes"])
        for ordonnance, told in listed.items():
            assert (told["etat"] == "annulée") is (ordonnance in self.cancelled)
            if told["etat"] == "enregistrée":
                assert held[told["numero"]] == self.drafts[ordonnance]

    @invariant()
    def nothing_is_executed_beyond_its_renewals(self) -> None:
        for number in self.held():
            told = self.everything()[number]
            (line,) = told["contenu"]["lignes"]
            lines = [done for each in told["executions"] for done in each["lignes"]]
            delivered = sum(done["statut"] == "DELIVREE" for done in lines)
            assert delivered <= 1 + line["renouvellements"]

    def done(self, gesture: str, ordonnance: str) -> dict[str, Any] | None:
        """What a gesture answers, None when the software refuses it with a sentence."""
        answer, refusal = self.office.do_or_refuse(gesture, ordonnance)
        assert refusal is None or refusal.message.endswith((".", "…"))
        return answer

    def held(self) -> Mapping[str, str]:
        """Ordonnances of this cabinet that the service holds, by number."""
        mine = set(self.drafts.values())
        told = {
            number: str(each["contenu"]["lignes"][0].get("posologieTexte"))
            for number, each in self.everything().items()
        }
        return {number: posology for number, posology in told.items() if posology in mine}

    def over(self, number: str) -> bool:
        told = self.everything()[number]
        lines = told["lignes"].values()
        spent = all(line["supprimee"] or line["executions"] >= line["prevues"] for line in lines)
        return spent or told["etat"] == "ANNULEE"

    def everything(self) -> Mapping[str, Any]:
        with self.platform.kernel.unit() as unit:
            return self.platform.services["prescription"].state(unit)["ordonnances"]


@pytest.mark.parametrize("wire", ["rest", "soap"])
def test_whatever_happens_nothing_is_lost_nor_created_twice(platform: Platform, wire: str) -> None:
    class Here(Life):
        pass

    Here.platform, Here.wire = platform, wire
    few = settings(
        max_examples=3,
        stateful_step_count=12,
        deadline=None,
        # Each step is a real call: a failure is told as it came, shrinking it takes minutes.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    play(Here, settings=few)
