"""``kill -9`` of the simulators amid deposits and sends: nothing is lost, nothing doubled."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.drivers import ActionOutcome
from bench.drivers.reference import ReferenceDriver
from bench.environments import from_json
from bench.projection import project
from rules.checks.mom import count
from rules.exchange import Correlation, Exchange, Message, Outcome
from rules.judge import JournalView
from simulators.journal import Journal, new_id
from tests.bench.campaigns import journal, opened_store
from tests.bench.serving import Served, free_ports

VISIBLE = {"masque_ps": False, "invisible_patient": False, "invisible_representants": False}


@dataclass
class Bench:
    """Simulators in one process, the reference LGC in another; gestures are journaled here."""

    served: Served
    driver: ReferenceDriver
    doctor: dict[str, Any] = field(default_factory=dict)
    colleague: dict[str, Any] = field(default_factory=dict)
    patient: str = ""
    documents: int = 0
    failures: list[BaseException] = field(default_factory=list)

    def perform(self, action: str, /, **parameters: Any) -> dict[str, Any]:
        """A gesture, journaled as a campaign does; what it answers."""
        started = datetime.now(UTC)
        result = self.driver.perform(action, parameters)
        assert result.outcome is ActionOutcome.DONE, (action, result.error)
        head = (("Content-Type", "application/json"),)
        asked, told = (json.dumps(v).encode() for v in (parameters, result.answer))
        self._journal(
            Exchange(
                id=new_id(),
                campaign="",
                position=0,
                service="lgc",
                operation=action,
                started_at=started,
                answered_at=datetime.now(UTC),
                peer="reference",
                request=Message(f"POST /actions/{action} HTTP/1.1", head, asked),
                response=Message(f"HTTP/1.1 {result.status}", head, told),
                outcome=Outcome.ACCEPTED,
                correlation=Correlation(professional=parameters.get("professionnel")),
            )
        )
        return dict(result.answer)

    def _journal(self, gesture: Exchange) -> None:
        with opened_store(self.served.folder) as (store, name):
            Journal(store, name).append(gesture)

    def prepare(self) -> None:
        """A professional logged in, a patient whose identity is qualified."""
        described = self.served.described
        self.driver.start(str(self.served.folder / "environnement.json"), 1)
        self.doctor, self.colleague = described["professionnels"][:2]
        who = next(p for p in described["patients"] if p["dmp"] == "actif")
        names = ("nom_naissance", "prenoms_naissance", "sexe", "date_naissance", "lieu_naissance")
        self.perform("session.open", professionnel=self.me)
        created = self.perform("patient.create", traits={n: who[n] for n in names})
        self.patient = created["patient"]["id"]
        self.perform(
            "identity.search_insi", patient=self.patient, voie="organisation", professionnel=self.me
        )
        self.perform("identity.record_evidence", patient=self.patient, justificatif="CN")
        self.perform("dmp.access", patient=self.patient, professionnel=self.me)
        self.perform("dmp.authorize", patient=self.patient, professionnel=self.me, action="AJOUT")

    @property
    def me(self) -> str:
        return str(self.doctor["identifiant_national"])

    def ship(self, kind: str) -> dict[str, Any]:
        """Write a document and deposit it (``dmp``) or send it (``mss``): the shipment."""
        self.documents += 1
        written = self.perform(
            "document.write",
            patient=self.patient,
            professionnel=self.me,
            type="11488-4",
            titre=f"Document n° {self.documents}",
            texte="Examen sans particularité.",
        )
        document = written["document"]["id"]
        if kind == "dmp":
            answer = self.perform(
                "dmp.deposit", document=document, professionnel=self.me, visibilite=VISIBLE
            )
        else:
            answer = self.perform(
                "mss.send",
                documents=[document],
                professionnel=self.me,
                destinataires=[self.colleague["bal"]],
                usager=False,
                fin_de_conversation=False,
                texte="Cher confrère, voici le document.",
            )
        return answer["envoi"]

    def series(self, kinds: str) -> threading.Thread:
        """Ship one document after the other, in a thread: ``"dmdm"``."""

        def work() -> None:
            try:
                for letter in kinds:
                    self.ship({"d": "dmp", "m": "mss"}[letter])
            except BaseException as error:
                self.failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def kill_when(self, wanted: Callable[[str], bool], kinds: str) -> None:
        """Kill the simulators as soon as a line is printed, amid a series; start them again."""
        working = self.series(kinds)
        self.served.wait_for(wanted)
        self.served.kill()
        working.join()
        assert self.failures == []
        acknowledged = self.shipments("envoyé")
        self.served.start()
        self.everything_acknowledged_is_there(acknowledged)

    def fault(self, service: str, operation: str, name: str) -> None:
        """Have the next call of an operation suffer a fault."""
        asked = {"service": service, "operation": operation, "fault": name}
        address = self.served.described["banc"]["administration"]
        httpx.post(f"{address}/faults", json=asked, trust_env=False).raise_for_status()

    def shipments(self, state: str | None = None) -> list[dict[str, Any]]:
        """What the outbox of the LGC holds."""
        every = self.driver.perform("outbox.read", {}).answer["envois"]
        return [s for s in every if state in (None, s["etat"])]

    def flush(self) -> None:
        """Have the outbox finish its work."""
        for _ in range(3):
            self.perform("outbox.flush")
            if not self.shipments("à envoyer"):
                return
        raise AssertionError(self.shipments("à envoyer"))

    def everything_acknowledged_is_there(self, acknowledged: list[dict[str, Any]]) -> None:
        """In the registry and the mailboxes, asked by their wires, and in the journal."""
        deposited = {s["identifiant_unique"] for s in acknowledged if s["genre"] == "dmp"}
        sent = {s["message_id"] for s in acknowledged if s["genre"] == "mss"}
        assert deposited <= set(self.registered())
        assert sent <= set(self.delivered())
        exchanges = [e for e in journal(self.served.folder) if e.outcome is not Outcome.REFUSED]
        assert deposited <= {e.correlation.document for e in exchanges if e.operation == "TD2.1"}
        mails = b"".join(e.request.body for e in exchanges if e.operation == "SMTP")
        assert [i for i in sent if i.encode() not in mails] == []

    def registered(self) -> Counter[str]:
        """uniqueIds in the registry of the DMP."""
        found = self.perform("dmp.search", patient=self.patient, professionnel=self.me)
        return Counter(d["identifiant_unique"] for d in found["documents"])

    def delivered(self) -> Counter[str]:
        """Message-IDs in the inbox of the colleague, read by IMAP."""
        who = self.colleague["identifiant_national"]
        self.perform("session.open", professionnel=who)
        inbox = self.perform("mss.read_inbox", professionnel=who)
        return Counter(m["message_id"] for m in inbox["messages"])

    def conclude(self, deposits: int, sends: int) -> None:
        """Everything left once, no finding, exact counters."""
        self.flush()
        shipped = self.shipments()
        assert {s["etat"] for s in shipped} == {"envoyé"}
        unique = {s["identifiant_unique"] for s in shipped if s["genre"] == "dmp"}
        assert self.registered() == dict.fromkeys(unique, 1)
        assert len(unique) == deposits
        messages = {s["message_id"] for s in shipped if s["genre"] == "mss"}
        assert set(self.delivered()) == messages
        assert len(messages) == sends
        self._judge(deposits, sends)

    def _judge(self, deposits: int, sends: int) -> None:
        with opened_store(self.served.folder) as (store, name):
            kept = Journal(store, name)
            found = [e for e in project(kept) if e.type == "finding"]
            (started,) = kept.marks("campaign-started")
            environment = from_json(started.payload["environment"])
            counted = count(JournalView(kept.read()), environment)[self.me]
        assert [(f.check_id, f.place, f.found) for f in found] == []
        assert (counted.dmp, counted.mss_pro) == (deposits, sends)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    words = ("--port", str(free_ports()))
    driver = ReferenceDriver()
    with Served(tmp_path / "banc partagé", *words) as served:
        made = Bench(served, driver)
        try:
            made.prepare()
            yield made
        finally:
            driver.stop()


def printed(service: str, operation: str, rank: int) -> Callable[[str], bool]:
    """Recognises the line of the n-th exchange of an operation."""
    seen = Counter[str]()

    def wanted(line: str) -> bool:
        if line.split()[1:3] == [service, operation]:
            seen[operation] += 1
        return seen[operation] == rank

    return wanted


def test_killed_at_several_points_of_a_series(bench: Bench) -> None:
    """One installation throughout: each restart finds what every life before left."""
    bench.kill_when(printed("dmp", "TD2.1", 2), "dmdm")
    bench.kill_when(printed("mssante", "SMTP", 2), "mdmd")
    bench.kill_when(printed("mssante", "SMTP-AUTH", 1), "m")
    # The answer is lost first, by a fault; then the simulators die.
    bench.fault("dmp", "TD2.1", "couper-apres-traitement")
    bench.kill_when(printed("dmp", "TD2.1", 1), "d")
    bench.fault("mssante", "SMTP", "couper-apres-data")
    bench.kill_when(printed("mssante", "SMTP", 1), "md")
    bench.conclude(deposits=6, sends=6)
