"""No sequence of gestures ever puts an unqualified INS on a wire (RNIV EXI SI 08, EXI ID 29).

A machine draws gestures over three persons, and reads every departure to the last
byte: SOAP bodies, lots, MIME parts, members of archives, text and symbols of PDF pages.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from reference_impl.app import ACTIONS
from reference_impl.documents import datamatrix
from reference_impl.errors import LgcError
from reference_impl.people import Attribute, Environment, Ins, Patient, Status, Traits
from tests.reference_impl.house import LOUISE, environment_in
from tests.reference_impl.insi.messages import ambiguous, answer, fault, not_found
from tests.reference_impl.open_house import OpenHouse
from tests.reference_impl.story import written

SENDER = "hugo.testcardio@cardio.banc.mssante.fr"
NIR, NIA = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"
WEAK = {Attribute.DOUBTFUL, Attribute.FICTITIOUS}


@dataclass(frozen=True)
class Person:
    """Somebody INSi knows, under the number of today and the former one."""

    traits: Traits
    ins: Ins
    former: Ins


PEOPLE = (
    Person(
        Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063", "TESTMAI"),
        Ins("2850733063042", "08", NIR),
        Ins("1850733063042", "58", NIR),
    ),
    Person(
        Traits("D'ESSAI CORSE", "ANGE-TOUSSAINT", "M", "1960-01-01", "2B020"),
        Ins("160012B020991", "05", NIR),
        Ins("1600199350991", "15", NIA),
    ),
    Person(
        Traits("TESTNIA", "LEA", "F", "2019-03-05", "99350"),
        Ins("2190399350412", "78", NIA),
        Ins("2190399350413", "77", NIA),
    ),
)
NUMBERS = {ins.value: ins for person in PEOPLE for ins in (person.ins, person.former)}
_NUMBER = re.compile(rb"(?=([12]\d{5}[\dAB]\d{6,8}))")
_OID = re.compile(rb"1\.2\.250\.1\.213\.1\.4\.(?:8|9|10|11)(?![\d.])")

ANSWERS: tuple[Callable[[Person], bytes], ...] = (
    lambda p: _found(p, p.ins),
    lambda p: _found(p, p.ins, former=p.former),
    lambda p: _found(p, p.former),
    lambda p: _found(p, p.ins, names=f"{p.traits.birth_given_names} ZOE"),
    lambda p: _found(p, p.ins, place="75056"),
    lambda p: _found(p, PEOPLE[0].ins),
    lambda p: _found(p, p.ins, date="1985-00-00"),
    lambda _p: not_found(),
    lambda _p: ambiguous(),
    lambda _p: fault("desir_1020", "siram_40"),
    lambda _p: b"<html/>",
)


def _found(
    person: Person,
    ins: Ins,
    former: Ins | None = None,
    names: str | None = None,
    place: str | None = None,
    date: str | None = None,
) -> bytes:
    traits = person.traits
    history = f"<INSHISTO>{_number(former)}</INSHISTO>" if former else ""
    return answer(
        "<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR><INDIVIDU>"
        f"<INSACTIF>{_number(ins)}</INSACTIF>{history}<TIQ>"
        f"<NomNaissance>{traits.birth_name}</NomNaissance>"
        f"<ListePrenom>{names or traits.birth_given_names}</ListePrenom><Sexe>{traits.sex}</Sexe>"
        f"<DateNaissance>{date or traits.birth_date}</DateNaissance>"
        f"<LieuNaissance>{place or traits.birth_place}</LieuNaissance></TIQ></INDIVIDU>"
    )


def _number(ins: Ins) -> str:
    return (
        f"<IdIndividu><NumIdentifiant>{ins.matricule}</NumIdentifiant><Cle>{ins.key}</Cle>"
        f"</IdIndividu><OID>{ins.oid}</OID>"
    )


@cache
def _environment() -> Environment:
    return environment_in(Path(mkdtemp(prefix="environnement-")))


@cache
def _document_of(person: Person) -> bytes:
    patient = Patient("x", person.traits, Status.QUALIFIED, person.ins)
    return base64.b64encode(written(patient=patient).content)


CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("identity.record_evidence", {"justificatif": code}) for code in ("CN", "PC", "AN")),
    ("identity.withdraw_evidence", {}),
    *(
        ("identity.set_attribute", {"attribut": attribute.value, "present": present})
        for attribute in Attribute
        for present in (True, False)
    ),
    *(
        ("identity.edit_traits", {"traits": traits, "deverrouille": unlocked})
        for traits in ({"nom_naissance": "AUTRE"}, {"nom_utilise": "MARIN"})
        for unlocked in (True, False)
    ),
    *(
        ("identity.accept_insi", {"professionnel": LOUISE, "accepter": accept})
        for accept in (True, False)
    ),
    *(
        ("identity.attest", {"professionnel": LOUISE, "auteur": author})
        for author in ("professionnel", "secretariat")
    ),
)

persons = st.sampled_from(PEOPLE)
responses = st.sampled_from(ANSWERS)


class Gestures(RuleBasedStateMachine):
    """Any gesture may come at any time; what the rules forbid is refused, and that is all."""

    def __init__(self) -> None:
        super().__init__()
        self.house = OpenHouse(_environment())
        self.documents: list[str] = []
        self.letters: dict[str, str] = {}
        self.known: dict[str, set[Ins]] = {}

    def do(self, name: str, **asked: Any) -> Any:
        """One gesture, as the driver contract has it; None when it was refused."""
        action = ACTIONS[name]
        done = None
        with suppress(LgcError):
            done = action.perform(self.house.lgc, action.parameters.model_validate(asked))
        self.house.network.insi.clear()
        self.look()
        return done

    def patients(self) -> list[Patient]:
        return self.house.lgc.records.all_patients()

    def some(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from([p.id for p in self.patients()]))

    def prepare(self, person: Person, responses: list[Callable[[Person], bytes]]) -> None:
        """What INSi answers to the next calls; the last answer is given again."""
        bodies = [response(person) for response in responses]
        self.house.network.insi = bodies + bodies[-1:] * 8

    @rule(person=persons)
    def create(self, person: Person) -> None:
        traits = person.traits
        self.do(
            "patient.create",
            traits={
                "nom_naissance": traits.birth_name,
                "prenoms_naissance": traits.birth_given_names,
                "sexe": traits.sex,
                "date_naissance": traits.birth_date,
                "lieu_naissance": traits.birth_place,
            },
        )

    def owner(self, patient_id: str) -> Person:
        born = self.house.lgc.records.patient(patient_id).traits.birth_date
        return next((p for p in PEOPLE if p.traits.birth_date == born), PEOPLE[0])

    @initialize()
    def two_files(self) -> None:
        """A qualified identity with a letter not sent yet, and a recovered one."""
        for patient, person in (("p1", PEOPLE[0]), ("p2", PEOPLE[1])):
            self.create(person)
            self.prepare(person, [ANSWERS[0]])
            self.do("identity.search_insi", patient=patient, professionnel=LOUISE)
        self.do("identity.record_evidence", patient="p1", justificatif="CN")
        self.write("p1")

    @rule(data=st.data(), answers=st.lists(responses, min_size=1, max_size=3))
    def search(self, data: st.DataObject, answers: list[Callable[[Person], bytes]]) -> None:
        patient = self.some(data)
        self.prepare(self.owner(patient), answers)
        weak = self.house.lgc.records.patient(patient).attributes & WEAK
        before = len(self.house.network.insi_calls)
        self.do("identity.search_insi", patient=patient, professionnel=LOUISE)
        assert not weak or len(self.house.network.insi_calls) == before
        self.tempt(patient)

    @rule(data=st.data(), proven=st.booleans())
    def found_and_perhaps_proven(self, data: st.DataObject, proven: bool) -> None:
        """The way most files go: without it, few would ever be qualified."""
        patient = self.some(data)
        self.prepare(self.owner(patient), [ANSWERS[0]])
        asked = {"patient": patient, "professionnel": LOUISE}
        self.do("identity.search_insi", **asked)
        self.do("identity.accept_insi", **asked, accepter=True)
        if proven:
            self.do("identity.record_evidence", patient=patient, justificatif="CN")
        self.tempt(patient)

    @rule(data=st.data(), change=st.sampled_from(CHANGES))
    def change(self, data: st.DataObject, change: tuple[str, dict[str, Any]]) -> None:
        name, asked = change
        patient = self.some(data)
        self.do(name, patient=patient, **asked)
        self.tempt(patient)

    @rule(data=st.data(), response=responses)
    def verify(self, data: st.DataObject, response: Callable[[Person], bytes]) -> None:
        patient = self.some(data)
        self.prepare(self.owner(patient), [response])
        self.do("identity.verify", patient=patient, professionnel=LOUISE)
        self.tempt(patient)

    @rule(person=persons, response=responses, trusted=st.booleans())
    def receive(self, person: Person, response: Callable[[Person], bytes], trusted: bool) -> None:
        self.do("identity.trust_sender", emetteur=SENDER, present=trusted)
        self.prepare(person, [response])
        content = _document_of(person).decode()
        asked = {"contenu": content, "emetteur": SENDER, "professionnel": LOUISE}
        self.do("identity.receive", **asked)

    @rule(person=persons)
    def scan(self, person: Person) -> None:
        text = datamatrix.write_text(person.ins, person.ins.oid, person.traits)
        self.do("identity.scan_datamatrix", texte=text, professionnel=LOUISE)

    def tempt(self, patient: str) -> None:
        """After each change, what was written before it and what is written now try to leave."""
        earlier = self.letters.get(patient)
        channels = itertools.cycle(("mss", "dmp", "usager"))
        for document in filter(None, (earlier, self.write(patient))):
            self.leave(document, next(channels))

    def write(self, patient: str) -> str:
        """A letter about this patient."""
        asked = {"type": "11488-4", "titre": "Lettre", "texte": "Bonjour."}
        done = self.do("document.write", patient=patient, professionnel=LOUISE, **asked)
        self.letters[patient] = done.document.id
        self.documents.append(done.document.id)
        return done.document.id

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), channel=st.sampled_from(["dmp", "mss", "usager", "perdu"]))
    def send_again(self, data: st.DataObject, channel: str) -> None:
        """A document written under another status, or already gone."""
        self.leave(data.draw(st.sampled_from(self.documents)), channel)

    def leave(self, document: str, channel: str) -> None:
        self.house.operator.down = channel == "perdu"
        if channel == "dmp":
            self.do("dmp.deposit", document=document, professionnel=LOUISE)
        else:
            to = {"usager": True} if channel == "usager" else {"destinataires": [SENDER]}
            self.do("mss.send", documents=[document], professionnel=LOUISE, **to)
        self.house.operator.down = False

    @rule(restart=st.booleans())
    def flush(self, restart: bool) -> None:
        if restart:
            self.house.reopen()
        self.do("outbox.flush")

    def look(self) -> None:
        """All that left carries an INS of an identity qualified now, or none at all."""
        everyone = self.patients()
        qualified = {p.ins.value for p in everyone if p.status is Status.QUALIFIED and p.ins}
        forbidden = {
            number
            for value in NUMBERS
            if value not in qualified
            for number in (value.encode(), value[:13].encode())
        }
        for place, text in self.house.departures():
            seen = {match[1] for match in _NUMBER.finditer(text)}
            leaked = {n for n in forbidden if any(s.startswith(n) for s in seen)}
            assert not leaked, f"{leaked} dans {place}"
            assert qualified or not _OID.search(text), f"OID d’INS dans {place}"

    @invariant()
    def what_was_known_of_a_person_is_never_lost(self) -> None:
        for patient in self.patients():
            now = {past.ins for past in patient.history} | ({patient.ins} - {None})
            before = self.known.get(patient.id, set())
            assert before <= now
            self.known[patient.id] = now

    @invariant()
    def statuses_keep_their_meaning(self) -> None:
        for patient in self.patients():
            holds = patient.status in (Status.RETRIEVED, Status.QUALIFIED)
            assert (patient.ins is not None) == holds
            assert patient.ins not in [past.ins for past in patient.history]
            proven = patient.status in (Status.VALIDATED, Status.QUALIFIED)
            assert not proven or patient.evidence is not None
            if patient.attributes & WEAK:
                assert (patient.status, patient.proposed) == (Status.PROVISIONAL, None)

    @invariant()
    def one_ins_is_held_once(self) -> None:
        held = [(p.ins.matricule, p.ins.oid) for p in self.patients() if p.ins]
        assert len(held) == len(set(held))

    def teardown(self) -> None:
        self.house.close()


TestGestures = Gestures.TestCase
TestGestures.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)


def test_the_machine_would_see_a_leak() -> None:
    """The search itself finds the INS of a qualified identity in a deposit and in a mail."""
    machine = Gestures()
    machine.two_files()
    document = machine.letters["p1"]
    machine.look = lambda: None  # type: ignore[method-assign]
    assert machine.do("dmp.deposit", document=document, professionnel=LOUISE).envoi.etat == "envoyé"
    deposited = b"".join(text for _place, text in machine.house.departures())
    to = {"documents": [document], "professionnel": LOUISE, "destinataires": [SENDER]}
    assert machine.do("mss.send", **to).envoi.etat == "envoyé"
    mailed = list(machine.house.departures())
    machine.teardown()
    assert b"285073306304208" in deposited
    places = [place for place, text in mailed if b"285073306304208" in text]
    assert any("texte du PDF" in place for place in places), places
