"""The messages of a benchmark: written by the reference LGC, taken from the journal.

Each deposit and each mail is a document of its own with its own identifiers, VIHF
and signatures. They are valid at the instant they were written, so the bench that
is given them again has its clock stopped there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.benchmark.plan import SEED, Plan
from bench.drivers import ActionOutcome
from bench.drivers.reference import ReferenceDriver
from bench.errors import BenchEnvironmentError
from fixtures.world import PatientFixture, World, make_world
from rules.exchange import Exchange
from simulators.journal import Journal
from simulators.store import Store

TEXT = "Patient vu ce jour en consultation. Examen clinique sans particularité. Document n° {}."
CAMPAIGN = "banc"
"""Campaign of a platform that was given no other name."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request to send again, as its head and body were on the wire."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to send again."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


@dataclass(frozen=True)
class Captured:
    """What the reference LGC sent, in order, and when its last message left."""

    at: datetime
    deposits: tuple[HttpCall, ...]
    mails: tuple[Mail, ...]
    existence: tuple[HttpCall, ...]
    searches: tuple[HttpCall, ...]
    keys: tuple[HttpCall, ...]
    """``GET`` of the key set of Pro Santé Connect."""
    answers: Mapping[str, tuple[str, bytes]]
    """Content type and body of an answer, by path, for bare servers to give."""

    def write_answers(self, path: Path) -> Path:
        """Write the answers for :mod:`.bare_http`."""
        told = {
            where: (kind, base64.b64encode(body).decode("ascii"))
            for where, (kind, body) in self.answers.items()
        }
        path.write_text(json.dumps(told), encoding="utf-8")
        return path


def capture(folder: Path, plan: Plan, step: Callable[[str], None]) -> Captured:
    """Have the reference LGC write, deposit and send ``plan.messages`` documents.

    The simulators serve in ``folder``; ``step`` is told of each document. Raises
    BenchEnvironmentError when the LGC cannot.
    """
    driver = ReferenceDriver()
    driver.start(str(folder / "environnement.json"), SEED)
    try:
        _play(_Gestures(driver, make_world(SEED)), plan, step)
    finally:
        driver.stop()
    store = Store.in_folder(folder)
    try:
        return _taken(Journal(store, CAMPAIGN).read())
    finally:
        store.close()


class _Gestures:
    """The driver contract, one professional writing to a colleague."""

    def __init__(self, driver: ReferenceDriver, world: World) -> None:
        self._driver = driver
        self.world = world
        self.doctor = world.professionals[0].national_id
        self.colleague = world.professionals[1].mailbox

    def do(self, action: str, **parameters: Any) -> Mapping[str, Any]:
        """A gesture that must succeed."""
        result = self._driver.perform(action, parameters)
        if result.outcome is not ActionOutcome.DONE:
            raise BenchEnvironmentError(
                f"Le LGC de référence n'a pas pu préparer la mesure ({action}) : {result.error}"
            )
        return result.answer

    def qualified(self, who: PatientFixture) -> str:
        """A patient whose identity is qualifiée; its local id."""
        traits = {
            "nom_naissance": who.birth_name,
            "prenoms_naissance": who.birth_given_names,
            "sexe": who.sex,
            "date_naissance": who.birth_date,
            "lieu_naissance": who.birth_place,
            "nom_utilise": who.used_name,
        }
        patient = str(self.do("patient.create", traits=traits)["patient"]["id"])
        self.do(
            "identity.search_insi",
            patient=patient,
            voie="organisation",
            professionnel=self.doctor,
        )
        self.do("identity.record_evidence", patient=patient, justificatif="CN")
        return patient

    def write_and_send(self, patient: str, number: int) -> None:
        """A document, deposited in the DMP and sent to the colleague."""
        document = self.do(
            "document.write",
            patient=patient,
            professionnel=self.doctor,
            type="11488-4",
            titre=f"Document n° {number}",
            texte=TEXT.format(number),
        )["document"]["id"]
        self.do(
            "dmp.deposit",
            document=document,
            professionnel=self.doctor,
            visibilite={
                "masque_ps": False,
                "invisible_patient": False,
                "invisible_representants": False,
            },
        )
        self.do(
            "mss.send",
            documents=[document],
            professionnel=self.doctor,
            destinataires=[self.colleague],
            usager=False,
            fin_de_conversation=False,
            texte="Cher confrère, veuillez trouver le document joint.",
        )


def _play(gestures: _Gestures, plan: Plan, step: Callable[[str], None]) -> None:
    gestures.do("session.open", professionnel=gestures.doctor)
    open_records = [p for p in gestures.world.patients if p.dmp == "actif"]
    patients = [gestures.qualified(who) for who in open_records[: plan.patients]]
    for number in range(plan.messages):
        step(f"Messages du LGC de référence ({number + 1}/{plan.messages})")
        gestures.write_and_send(patients[number % len(patients)], number + 1)


def _taken(journal: tuple[Exchange, ...]) -> Captured:
    seen = [e for e in journal if e.accepted and e.response is not None]

    def calls(service: str, operation: str) -> tuple[HttpCall, ...]:
        return tuple(_call(e) for e in seen if (e.service, e.operation) == (service, operation))

    mails = [e for e in seen if (e.service, e.operation) == ("mssante", "SMTP")]
    return Captured(
        at=seen[-1].started_at,
        deposits=calls("dmp", "TD2.1"),
        mails=tuple(
            Mail(
                e.request.start_line.removeprefix("MAIL FROM:<").removesuffix(">"),
                e.request.all("RCPT TO"),
                e.request.body,
            )
            for e in mails
        ),
        existence=calls("dmp", "TD0.2"),
        searches=calls("insi", "rechercherInsAvecTraitsIdentite"),
        keys=calls("psc", "jwks"),
        answers=dict(_answer(e) for e in seen if e.service in ("dmp", "insi", "psc")),
    )


def _call(exchange: Exchange) -> HttpCall:
    method, target, _ = exchange.request.start_line.split(" ", 2)
    return HttpCall(method, target, exchange.request.headers, exchange.request.body)


def _answer(exchange: Exchange) -> tuple[str, tuple[str, bytes]]:
    assert exchange.response is not None
    path = urlsplit(exchange.request.start_line.split(" ", 2)[1]).path
    return path, (exchange.response.header("Content-Type") or "", exchange.response.body)
