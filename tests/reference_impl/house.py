"""A reference LGC for tests: generated certificates, fake services, a clock that is moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from reference_impl.cards.sessions import Cards
from reference_impl.config import read_environment
from reference_impl.lgc import Base, Lgc, Outside, assemble, lay_base
from reference_impl.people import (
    Document,
    Environment,
    Ins,
    Mail,
    Patient,
    Professional,
    Status,
    Traits,
    Visibility,
)
from reference_impl.ports import DepositResult, DmpEntry, DmpStatus, ReceivedMail, SendResult
from tests.reference_impl.cards.readers import InProcess, card_of_louise, places

NOON = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
LOUISE = "810999990012"
CAMILLE = Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063", used_name="TESTMAI")
CAMILLE_JSON = {
    "nom_naissance": "TESTAVRIL",
    "prenoms_naissance": "CAMILLE ANNE",
    "sexe": "F",
    "date_naissance": "1985-07-12",
    "lieu_naissance": "33063",
    "nom_utilise": "TESTMAI",
}
CAMILLE_INS = Ins("2850733063042", "08", "1.2.250.1.213.1.4.8")
ISSUER = "https://psc.test/auth/realms/esante-wallet"


@dataclass
class ManualClock:
    """A clock that moves when told."""

    instant: datetime = NOON

    def now(self) -> datetime:
        return self.instant

    def advance(self, **duration: float) -> None:
        self.instant += timedelta(**duration)


def _name(*rdns: list[tuple[x509.ObjectIdentifier, str]]) -> x509.Name:
    return x509.Name(
        [x509.RelativeDistinguishedName([x509.NameAttribute(o, v) for o, v in r]) for r in rdns]
    )


_SUBJECTS = {
    "org-insi-manu": _name(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.ORGANIZATIONAL_UNIT_NAME, "1330999004")],
        [(NameOID.COMMON_NAME, "INSI-MANU")],
    ),
    f"cps-{LOUISE}-sign": _name(
        [(NameOID.COUNTRY_NAME, "FR")],
        [(NameOID.TITLE, "Médecin")],
        [
            (NameOID.COMMON_NAME, LOUISE),
            (NameOID.SURNAME, "TESTMEDECIN"),
            (NameOID.GIVEN_NAME, "LOUISE"),
        ],
    ),
}


def write_environment(folder: Path) -> Path:
    """A descriptor with self-signed certificates, as the bench writes it."""
    certificates = {}
    for name, subject in _SUBJECTS.items():
        _certificate(folder / name, subject)
        certificates[name] = {"certificat": f"{name}.pem", "cle": f"{name}.key.pem", "p12": "x"}
    descriptor = {
        "banc": {"version": "0.1.0"},
        "confiance": {"pem": "org-insi-manu.pem"},
        "psc": {
            "emetteur": ISSUER,
            "decouverte": f"{ISSUER}/.well-known/wallet-openid-configuration",
            "clients": [
                {
                    "client_id": "logiciel-essai",
                    "client_secret": "secret-de-banc",
                    "redirect_uris": ["https://localhost/retour-psc"],
                }
            ],
        },
        "insi": {"organisation": "https://insi.test/lps", "cpx": "https://insi-cpx.test/lps"},
        "certificats": certificates,
        "professionnels": [_LOUISE_JSON],
        "logiciel": {
            "nom": "LOGICIEL ESSAI",
            "version": "4.2.0",
            "idam": "TSTBANC00042",
            "oid": "2.25.208769918343938067399439369971024257366",
        },
        "reglages": {"oid_ins_de_test": {"1.2.250.1.213.1.4.8": "1.2.250.1.213.1.4.10"}},
    }
    path = folder / "environnement.json"
    path.write_text(json.dumps(descriptor), encoding="utf-8")
    return path


_LOUISE_JSON = {
    "identifiant_national": LOUISE,
    "rpps": "10999990012",
    "nom": "TESTMEDECIN",
    "prenom": "Louise",
    "profession": "10",
    "profession_libelle": "Médecin",
    "specialite": "SM54",
    "bal": "louise.testmedecin@medecin.banc.mssante.fr",
    "identifiant_facturation": "331999011",
    "structure": {"identifiant": "1330999004", "nom": "Cabinet", "secteur": "SA07"},
    "carte": {"pin": "1234", "signature": f"cps-{LOUISE}-sign"},
}


def _certificate(path: Path, subject: x509.Name) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON - timedelta(days=1))
        .not_valid_after(NOON + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    path.with_name(f"{path.name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    path.with_name(f"{path.name}.key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


@dataclass
class FakeDmp:
    """A DMP that keeps what it accepts. ``hook`` runs before and after each registration."""

    status: DmpStatus = field(default_factory=lambda: DmpStatus("actif", "VALIDE"))
    registered: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    hook: Callable[[str], None] = lambda _place: None

    def existence(self, patient: Patient, professional: Professional) -> DmpStatus:
        self._called("existence")
        return self.status

    def authorize(self, patient: Patient, professional: Professional, action: str) -> DmpStatus:
        self._called("authorize")
        self.status = DmpStatus("actif", "VALIDE" if action == "AJOUT" else "NON_EXISTE")
        return self.status

    def deposit(
        self,
        document: Document,
        patient: Patient,
        professional: Professional,
        visibility: Visibility,
        replaces: str | None = None,
    ) -> DepositResult:
        self._called("deposit")
        self.registered.append(document.unique_id)
        self.hook("après deposit")
        return DepositResult(document.unique_id)

    def remove(
        self, entry_uuid: str, document: Document, patient: Patient, professional: Professional
    ) -> None:
        self._called("remove")
        self.registered.remove(document.unique_id)
        self.hook("après remove")

    def find(self, unique_id: str, patient: Patient, professional: Professional) -> DmpEntry | None:
        self._called("find")
        return _entry(unique_id) if unique_id in self.registered else None

    def search(self, patient: Patient, professional: Professional) -> tuple[DmpEntry, ...]:
        self._called("search")
        return tuple(_entry(unique_id) for unique_id in self.registered)

    def read(self, patient: Patient, professional: Professional, unique_id: str) -> bytes:
        self._called("read")
        return b"<ClinicalDocument/>"

    def _called(self, name: str) -> None:
        self.hook(f"avant {name}")
        self.calls.append(name)


def _entry(unique_id: str) -> DmpEntry:
    return DmpEntry(unique_id, "Lettre", "11488-4", "Approved", f"urn:uuid:{unique_id}")


@dataclass
class FakeMailer:
    """A mail operator that keeps what it accepts."""

    accepted: list[Mail] = field(default_factory=list)
    refused: tuple[tuple[str, str], ...] = ()
    hook: Callable[[str], None] = lambda _place: None

    def send(self, mail: Mail) -> SendResult:
        self.hook("avant send")
        self.accepted.append(mail)
        self.hook("après send")
        return SendResult(mail.message_id, self.refused)

    def inbox(self, professional: Professional) -> tuple[ReceivedMail, ...]:
        return tuple(ReceivedMail("Objet", "de@x", mail.message_id) for mail in self.accepted)


class FakeWriter:
    """Writes a CDA that says which INS it carries."""

    def write(
        self,
        document: Document,
        patient: Patient,
        professional: Professional,
        replaces: str | None = None,
    ) -> bytes:
        ins = patient.ins.value if patient.qualified and patient.ins else "sans INS"
        return f"{document.unique_id} {ins}".encode()


@dataclass
class House:
    """An LGC over fakes; ``reopen`` starts another one on the same folder, as after a crash."""

    environment: Environment
    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    dmp: FakeDmp = field(default_factory=FakeDmp)
    mailer: FakeMailer = field(default_factory=FakeMailer)
    reader: InProcess = field(default_factory=lambda: InProcess(card=card_of_louise()))
    seed: int = 7
    lgc: Lgc = field(init=False)
    base: Base = field(init=False)

    def __post_init__(self) -> None:
        self.reopen()

    def reopen(self) -> Lgc:
        base = lay_base(self.environment, self.folder / "donnees", self.seed, self.clock)
        cards = Cards(self.environment, self.clock, places(self.reader))
        self.base = replace(base, cards=cards)
        self.lgc = assemble(self.base, Outside(self.dmp, self.mailer, FakeWriter()))
        return self.lgc

    def patient(self, status: Status = Status.QUALIFIED, **changes: Any) -> Patient:
        """A patient put in the records with that status."""
        holds = status in (Status.QUALIFIED, Status.RETRIEVED)
        values: dict[str, Any] = {"ins": CAMILLE_INS if holds else None, "traits": CAMILLE}
        patient = Patient(id=self.lgc.ids.local("p"), status=status, **(values | changes))
        self.lgc.records.add_patient(patient)
        return patient


def environment_in(folder: Path) -> Environment:
    """The environment of :func:`write_environment`, read."""
    return read_environment(write_environment(folder))
