"""Short sequences of gestures, each the smallest that shows a family of mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench.session import ExpectationError, Scenario
from fixtures.world import PatientFixture

VISIBLE = {"masque_ps": False, "invisible_patient": False, "invisible_representants": False}
TEXT = "Patient vu ce jour en consultation. Examen clinique sans particularité."

Stimulus = Callable[["Bench"], None]
STIMULI: dict[str, Stimulus] = {}


def stimulus(name: str) -> Callable[[Stimulus], Stimulus]:
    """Name a sequence."""

    def register(function: Stimulus) -> Stimulus:
        STIMULI[name] = function
        return function

    return register


@dataclass
class Bench:
    """Gestures in the words of a user; ``turn`` chooses other patients each time."""

    scenario: Scenario
    turn: int
    _given: int = field(default=0)

    @property
    def doctor(self) -> str:
        return self._people[0].national_id

    @property
    def colleague(self) -> str:
        return self._people[1].mailbox

    @property
    def _people(self) -> Any:
        return self.scenario.session.platform.kernel.world.professionals

    def someone(self, dmp: str = "actif") -> PatientFixture:
        """A test patient, another one at each call, none with a used name."""
        world = self.scenario.session.platform.kernel.world
        wanted = [p for p in world.patients if p.dmp == dmp and p.used_name is None]
        wanted = [p for p in wanted if p.mes == "ouverte"]
        self._given += 1
        return wanted[(self.turn * 3 + self._given) % len(wanted)]

    def married(self) -> PatientFixture:
        """The test patient who uses another name than that of birth."""
        world = self.scenario.session.platform.kernel.world
        return next(p for p in world.patients if p.used_name)

    def named(self) -> PatientFixture:
        """A test patient with several given names."""
        world = self.scenario.session.platform.kernel.world
        several = [p for p in world.patients if " " in p.birth_given_names and not p.used_name]
        return several[self.turn % len(several)]

    def log_in(self) -> None:
        self.scenario.must("session.open", professionnel=self.doctor)

    def create(self, who: PatientFixture) -> str:
        created = self.scenario.must(
            "patient.create",
            traits={
                "nom_naissance": who.birth_name,
                "prenoms_naissance": who.birth_given_names,
                "sexe": who.sex,
                "date_naissance": who.birth_date,
                "lieu_naissance": who.birth_place,
                "nom_utilise": who.used_name,
            },
        )
        return str(created["patient"]["id"])

    def search(self, patient: str, way: str = "organisation") -> Mapping[str, Any]:
        return self.scenario.must(
            "identity.search_insi", patient=patient, voie=way, professionnel=self.doctor
        )

    def qualified(self, who: PatientFixture | None = None) -> str:
        patient = self.create(who or self.someone())
        self.search(patient)
        self.scenario.must("identity.record_evidence", patient=patient, justificatif="CN")
        return patient

    def write(self, patient: str, title: str = "Compte rendu de consultation") -> str:
        answer = self.scenario.must(
            "document.write",
            patient=patient,
            professionnel=self.doctor,
            type="11488-4",
            titre=title,
            texte=TEXT,
        )
        return str(answer["document"]["id"])

    def deposit(self, document: str, **visibility: bool) -> None:
        self.scenario.must(
            "dmp.deposit",
            document=document,
            professionnel=self.doctor,
            visibilite={**VISIBLE, **visibility},
        )

    def try_deposit(self, document: str, **visibility: bool) -> None:
        """A deposit that the rules of this identity or of this record forbid."""
        self.forbidden(
            "dmp.deposit",
            document=document,
            professionnel=self.doctor,
            visibilite={**VISIBLE, **visibility},
        )

    def send(self, *documents: str) -> None:
        self.scenario.must("mss.send", **self._to_colleague(documents))

    def send_to_patient(self, document: str) -> None:
        self.scenario.must("mss.send", **self._to_patient(document))

    def try_send_to_patient(self, document: str) -> None:
        self.forbidden("mss.send", **self._to_patient(document))

    def about(self, gesture: str, patient: str, **more: Any) -> Mapping[str, Any]:
        return self.scenario.must(gesture, patient=patient, professionnel=self.doctor, **more)

    def forbidden(self, action: str, **parameters: Any) -> None:
        """A gesture that a conformant LGC refuses; a broken one may do it."""
        self.scenario.perform(action, **parameters)

    def flush(self) -> None:
        self.scenario.must("outbox.flush")

    def wait(self, **duration: float) -> None:
        """Time passes for the bench and for the LGC alike."""
        self.scenario.session.platform.kernel.clock.advance(timedelta(**duration))

    def _to_colleague(self, documents: tuple[str, ...]) -> dict[str, Any]:
        return {
            "documents": list(documents),
            "professionnel": self.doctor,
            "destinataires": [self.colleague],
            "usager": False,
            "fin_de_conversation": False,
            "texte": "Cher confrère, veuillez trouver le document joint.",
        }

    def _to_patient(self, document: str) -> dict[str, Any]:
        return {
            "documents": [document],
            "professionnel": self.doctor,
            "usager": True,
            "fin_de_conversation": True,
            "texte": "Votre document est joint à ce message.",
        }


@stimulus("connexion")
def connection(bench: Bench) -> None:
    """A user logs in and out."""
    bench.log_in()
    bench.scenario.must("session.close", professionnel=bench.doctor)


@stimulus("connexion-refusee")
def refused_connection(bench: Bench) -> None:
    """Pro Santé Connect lies (injection): the user cannot log in, nor send."""
    bench.forbidden("session.open", professionnel=bench.doctor)
    bench.forbidden("session.close", professionnel=bench.doctor)


@stimulus("recherche-insi")
def search(bench: Bench) -> None:
    """Two patients searched by the organisation certificate."""
    for _ in range(2):
        bench.search(bench.create(bench.someone()))


@stimulus("recherche-nom-utilise")
def search_of_married(bench: Bench) -> None:
    """A patient known under another name than that of birth."""
    bench.search(bench.create(bench.married()))


@stimulus("recherche-par-carte")
def search_by_card(bench: Bench) -> None:
    """A patient searched with the professional's card."""
    bench.search(bench.create(bench.someone()), "cps")


@stimulus("recherche-par-psc")
def search_by_psc(bench: Bench) -> None:
    """A patient searched by a user whom Pro Santé Connect authenticated."""
    bench.log_in()
    bench.search(bench.create(bench.someone()), "psc")


@stimulus("recherche-identite-douteuse")
def doubtful_search(bench: Bench) -> None:
    """A search asked for an identity that may not be searched."""
    patient = bench.create(bench.someone())
    bench.scenario.must(
        "identity.set_attribute", patient=patient, attribut="douteuse", present=True
    )
    bench.forbidden(
        "identity.search_insi", patient=patient, voie="organisation", professionnel=bench.doctor
    )


@stimulus("depot")
def deposit(bench: Bench) -> None:
    """A document of a qualified patient goes to the DMP."""
    bench.deposit(bench.write(bench.qualified()))


@stimulus("deux-depots")
def two_deposits(bench: Bench) -> None:
    """Two documents of one patient."""
    patient = bench.qualified()
    for number in (1, 2):
        bench.deposit(bench.write(patient, f"Compte rendu n° {number}"))


@stimulus("depot-masque")
def masked_deposit(bench: Bench) -> None:
    """A document that professionals may not see, nor the patient for the time being."""
    document = bench.write(bench.qualified())
    bench.try_deposit(document, masque_ps=True, invisible_patient=True)


@stimulus("depot-deux-fois")
def deposit_twice(bench: Bench) -> None:
    """The user asks again for a deposit already done."""
    document = bench.write(bench.qualified())
    bench.deposit(document)
    bench.try_deposit(document)


@stimulus("depot-sans-reponse")
def deposit_without_answer(bench: Bench) -> None:
    """The answer of a deposit is lost (injection), then what waits is tried again."""
    document = bench.write(bench.qualified())
    bench.deposit(document)
    bench.flush()


@stimulus("acces-au-dmp")
def access(bench: Bench) -> None:
    """The user looks whether a patient has a DMP; the answer may be odd (injection)."""
    bench.forbidden("dmp.access", patient=bench.qualified(), professionnel=bench.doctor)


@stimulus("depot-redirige")
def redirected_deposit(bench: Bench) -> None:
    """The DMP sends the deposit to another of its addresses (injection)."""
    bench.try_deposit(bench.write(bench.qualified()))


@stimulus("depot-redemande")
def deposit_asked_again(bench: Bench) -> None:
    """The answer of a deposit is lost (injection), and the user asks for it again."""
    document = bench.write(bench.qualified())
    bench.deposit(document)
    bench.deposit(document)


@stimulus("depot-dmp-ferme")
def deposit_in_closed_record(bench: Bench) -> None:
    """The DMP of the patient was closed."""
    bench.try_deposit(bench.write(bench.qualified(bench.someone(dmp="fermé"))))


@stimulus("consultation")
def consultation(bench: Bench) -> None:
    """A document is deposited, then found and read."""
    patient = bench.qualified()
    bench.deposit(bench.write(patient))
    for _ in range(2):
        bench.about("dmp.authorize", patient, action="AJOUT")
    found = bench.about("dmp.search", patient)["documents"]
    if not found:
        raise ExpectationError("le document déposé n'est pas retrouvé")
    unique_id = found[-1]["identifiant_unique"]
    bench.about("dmp.read", patient, identifiant_unique=unique_id)
    bench.about("dmp.authorize", patient, action="SUPPRESSION")


@stimulus("envoi-confrere")
def mail_to_colleague(bench: Bench) -> None:
    """A document goes to a colleague."""
    bench.log_in()
    bench.send(bench.write(bench.qualified()))


@stimulus("envoi-nom-utilise")
def mail_about_married(bench: Bench) -> None:
    """A document of a patient who uses another name than that of birth."""
    bench.log_in()
    bench.send(bench.write(bench.qualified(bench.married())))


@stimulus("deux-envois")
def two_mails(bench: Bench) -> None:
    """Two documents of one patient, a mail each."""
    bench.log_in()
    patient = bench.qualified()
    for number in (1, 2):
        bench.send(bench.write(patient, f"Compte rendu n° {number}"))


@stimulus("envoi-groupe")
def several_documents(bench: Bench) -> None:
    """Two documents in one mail."""
    bench.log_in()
    patient = bench.qualified()
    bench.send(bench.write(patient, "Premier"), bench.write(patient, "Second"))


@stimulus("envoi-sans-reponse")
def mail_without_answer(bench: Bench) -> None:
    """The answer of the operator is lost (injection), then what waits is tried again."""
    bench.log_in()
    bench.send(bench.write(bench.qualified()))
    bench.flush()


@stimulus("envoi-usager")
def mail_to_patient(bench: Bench) -> None:
    """A document goes to the patient."""
    bench.log_in()
    bench.send_to_patient(bench.write(bench.qualified()))


@stimulus("session-longue")
def long_session(bench: Bench) -> None:
    """A mail is sent when the access token of the login has expired."""
    bench.log_in()
    document = bench.write(bench.qualified())
    bench.wait(minutes=5)
    bench.send(document)


@stimulus("session-expiree")
def expired_session(bench: Bench) -> None:
    """Pro Santé Connect refuses to refresh (injection); the user tries twice, then logs in."""
    bench.log_in()
    document = bench.write(bench.qualified())
    bench.wait(minutes=5)
    for _ in range(2):
        bench.forbidden("mss.send", **bench._to_colleague((document,)))
    bench.log_in()
    bench.send(document)


@stimulus("identite-recuperee")
def retrieved_identity(bench: Bench) -> None:
    """Deposit and sends asked for an identity that nobody has verified."""
    bench.log_in()
    patient = bench.create(bench.someone())
    bench.search(patient)
    document = bench.write(patient)
    bench.try_deposit(document)
    bench.send(document)
    bench.try_send_to_patient(document)
