"""The people and the letter of the golden story, as the LGC knows them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from reference_impl.cards.signer import Signer
from reference_impl.documents.writer import CdaWriter
from reference_impl.people import (
    Credential,
    Document,
    Environment,
    Ins,
    Mail,
    Patient,
    Professional,
    SoftwareIdentity,
    Status,
    Structure,
    Traits,
)

INS_OID = "1.2.250.1.213.1.4.8"
TEST_OID = "1.2.250.1.213.1.4.10"
ROOT = "2.25.208769918343938067399439369971024257366"

SOFTWARE = SoftwareIdentity(
    "LOGICIEL ESSAI", "4.2.0", "900042", "TSTBANC00042", "DCP-000042-tmp1", ROOT
)
ENVIRONMENT = Environment(
    Path("absent.pem"), {}, (), SOFTWARE, ins_oid_in_documents={INS_OID: TEST_OID}
)
LOUISE = Professional(
    national_id="810999990012",
    rpps="10999990012",
    family_name="TESTMEDECIN",
    given_name="Louise",
    profession="10",
    profession_label="Médecin",
    structure=Structure("1330999004", "Cabinet médical des Essais", "330999004"),
    mailbox="louise.testmedecin@medecin.banc.mssante.fr",
    billing_id="331999011",
    speciality="SM54",
    speciality_label="Médecine générale (SM)",
    civility="MME",
    auth_credential="cps-810999990012-auth",
    sign_credential="cps-810999990012-sign",
)
CAMILLE = Patient(
    id="p1",
    traits=Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063", "TESTMAI", "CAMILLE"),
    status=Status.QUALIFIED,
    ins=Ins("2850733063042", "08", INS_OID),
)
UNQUALIFIED = replace(CAMILLE, status=Status.VALIDATED)
WRITTEN_AT = datetime(2026, 3, 12, 9, 15, 0, 412_000, tzinfo=UTC)
DRAFT = Document(
    id="d1",
    unique_id=f"{ROOT}.1.7.1",
    set_id=f"{ROOT}.2.7.1",
    type_code="11488-4",
    title="CR de consultation",
    text="Cher confrère,\n\nJe vois ce jour Madame TESTMAI : « œdème » des chevilles.",
    patient_id="p1",
    author_id=LOUISE.national_id,
    created_at=WRITTEN_AT,
)


def written(
    document: Document = DRAFT, patient: Patient = CAMILLE, professional: Professional = LOUISE
) -> Document:
    """The document with its CDA."""
    content = CdaWriter(ENVIRONMENT).write(document, patient, professional)
    return replace(document, content=content)


def mail(**changes: object) -> Mail:
    """A mail to a colleague with the letter; ``changes`` are fields of Mail."""
    usual = Mail(
        message_id="<9b1b3db6-c80b-57d4-af28-6b286a837a14@medecin.banc.mssante.fr>",
        sender=LOUISE,
        recipients=("hugo.testcardio@cardio.banc.mssante.fr",),
        patient=CAMILLE,
        documents=(),
        text="Bonjour Hugo,\n\nVoici le compte rendu.",
        created_at=datetime(2026, 3, 12, 9, 17, 20, tzinfo=UTC),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


@cache
def card() -> Credential:
    """A signature certificate under a small authority, drawn once per process."""
    folder = Path(mkdtemp(prefix="carte-essai-"))
    authority_key = rsa.generate_private_key(65537, 2048)
    key = rsa.generate_private_key(65537, 2048)
    authority = _certificate(_name("AC ESSAI"), _name("AC ESSAI"), authority_key, authority_key)
    holder = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")]),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.TITLE, "Médecin")]),
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.COMMON_NAME, "810999990012"),
                    x509.NameAttribute(NameOID.SURNAME, "TESTMEDECIN"),
                    x509.NameAttribute(NameOID.GIVEN_NAME, "LOUISE"),
                ]
            ),
        ]
    )
    leaf = _certificate(holder, _name("AC ESSAI"), key, authority_key)
    (folder / "ac.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    (folder / "carte.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "carte.key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return Credential(
        "cps-810999990012-sign", folder / "carte.pem", folder / "carte.key.pem", folder / "ac.pem"
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey, issuer_key: rsa.RSAPrivateKey
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2025, 1, 1, tzinfo=UTC))
        .not_valid_after(dt.datetime(2036, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(subject == issuer, None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def signer_of(credential: Credential) -> Signer:
    """A signer on files, which the LGC has no more: what a card would give."""
    key = load_pem_private_key(credential.key_path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    certificate = x509.load_pem_x509_certificate(credential.cert_path.read_bytes())
    assert credential.chain_path is not None
    chain = x509.load_pem_x509_certificates(credential.chain_path.read_bytes())
    return Signer(key, certificate, tuple(c for c in chain if c != certificate))
