"""Mails of MSSanté, conformant unless told otherwise, and exchanges that carry them."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rules.context import Context, Envelope, Environment, Identity, Professional, Software, Traits
from rules.exchange import Exchange, Message, Outcome, TlsPeer
from rules.formats.cda import ClinicalDocument
from rules.formats.mail import parse_mail
from rules.judge import Judgement, judge_artefact
from tests.rules.archives import archive_of
from tests.rules.cda.samples import CERTIFICATE, LETTER

LOUISE = "louise.testmedecin@medecin.banc.mssante.fr"
HUGO = "hugo.testcardio@cardio.banc.mssante.fr"
INS = "285073306304208"
CAMILLE = f"{INS}@patient.mssante.fr"
NOON = datetime(2026, 3, 12, 11, 0, tzinfo=UTC)
WORLD = Environment(
    software=Software("LOGICIEL ESSAI", "4.2.0", nil="900042"),
    professionals=(Professional("810999990012", "TESTMEDECIN", "Louise", mailboxes=(LOUISE,)),),
)
TLS = TlsPeer("TLSv1.3", "TLS_AES_256_GCM_SHA384")
TRAITS = Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12")
LABEL = "CR ou fiche de consultation ou de visite"
FIELDS = {
    "Date": "Thu, 12 Mar 2026 12:00:00 +0100",
    "From": f"Dr_Louise_TESTMEDECIN_Cabinet des Essais <{LOUISE}>",
    "To": HUGO,
    "Message-ID": "<un.premier@medecin.banc.mssante.fr>",
    "Subject": f"XDM/1.0/DDM+{LABEL} TESTAVRIL CAMILLE 12/07/1985",
    "X-MSS-NIL": "900042",
    "X-MSS-CODECDA": "11488-4",
    "X-MSS-INS": "O",
    "MIME-Version": "1.0",
}
PLAIN = {"Subject": "Avis", "X-MSS-CODECDA": None, "X-MSS-INS": None}
TEXT = (
    'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    "Bonjour à vous\r\n"
)
PDF_NAME = f"20260312_{LABEL}_TESTAVRIL_CAMILLE.pdf"


def fields(**changes: str | None) -> dict[str, str]:
    """Header fields, changed or (None) removed; ``Message_ID`` stands for Message-ID."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return {k: v for k, v in (FIELDS | named).items() if v is not None}


def attachment(name: str, content: bytes, kind: str = "application/zip") -> str:
    """A base64 part."""
    return (
        f'Content-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
        f"{base64.encodebytes(content).decode().replace(chr(10), chr(13) + chr(10))}"
    )


def assembled(parts: Iterable[str], kind: str = "mixed", **changes: str | None) -> bytes:
    """A multipart mail of these parts."""
    body = "".join(f"--limite\r\n{part}\r\n" for part in parts) + "--limite--\r\n"
    head = "".join(f"{name}: {value}\r\n" for name, value in fields(**changes).items())
    return f'{head}Content-Type: multipart/{kind}; boundary="limite"\r\n\r\n{body}'.encode()


def documents_mail(
    *documents: bytes,
    text: str = TEXT,
    pdf: bytes | None = None,
    pdf_name: str = PDF_NAME,
    archive: str = "IHE_XDM.zip",
    **changes: str | None,
) -> bytes:
    """A mail with documents; the PDF beside is that of the first one unless given."""
    held = documents or (LETTER,)
    body = ClinicalDocument.parse(held[0]).body
    shown = pdf if pdf is not None else (body.content if body else b"") or b""
    parts = [text, attachment(archive, archive_of(*held))]
    return assembled([*parts, attachment(pdf_name, shown, "application/pdf")], **changes)


def two_documents_mail(**changes: str | None) -> bytes:
    """The letter and the certificate."""
    subject = "XDM/1.0/DDM+2 documents TESTAVRIL CAMILLE 12/07/1985"
    return documents_mail(
        LETTER,
        CERTIFICATE,
        **{"Subject": subject, "X_MSS_CODECDA": "11488-4,89601-9", **changes},
    )


def plain_mail(text: str = TEXT, **changes: str | None) -> bytes:
    """A mail without document."""
    named = {name.replace("-", "_"): value for name, value in PLAIN.items()}
    head = "".join(f"{n}: {v}\r\n" for n, v in fields(**(named | changes)).items())
    return f"{head}{text}".encode()


def judged(
    data: bytes,
    *recipients: str,
    mail_from: str = LOUISE,
    authenticated: str | None = LOUISE,
    **circumstances: object,
) -> Judgement:
    """The judgement of a mail sent to Hugo unless told."""
    envelope = Envelope(mail_from, recipients or (HUGO,), authenticated)
    context = Context(environment=WORLD, envelope=envelope, observed_at=NOON)
    return judge_artefact(parse_mail(data, envelope), replace(context, **circumstances))


def raised(judgement: Judgement) -> list[str]:
    """Ids of the findings of this sheet, sorted."""
    return sorted({f.check_id for f in judgement.findings if f.check_id.startswith("MSS-")})


def identity(status: str) -> dict[str, Identity]:
    """Camille, in a status."""
    return {INS: Identity(status, TRAITS, INS, "1.2.250.1.213.1.4.10")}


def exchange(
    operation: str,
    start: str,
    body: bytes = b"",
    answer: str | None = "250 2.0.0 Ok",
    *,
    seconds: int = 0,
    tls: TlsPeer | None = TLS,
    **headers: str,
) -> Exchange:
    """An exchange of the service, ``seconds`` after noon; its id is its operation and time."""
    accepted = answer is not None and answer.startswith(("2", "OK"))
    return Exchange(
        id=f"{operation}-{seconds}",
        campaign="essai",
        position=seconds + 1,
        service="mssante",
        operation=operation,
        started_at=NOON + timedelta(seconds=seconds),
        answered_at=NOON + timedelta(seconds=seconds) if answer else None,
        peer="127.0.0.1:50000",
        request=Message(start, tuple((k.replace("_", " "), v) for k, v in headers.items()), body),
        response=Message(answer) if answer else None,
        outcome=Outcome.ACCEPTED if accepted else Outcome.REFUSED,
        tls=tls,
    )


def submission(data: bytes, *, seconds: int = 0, answer: str = "250 2.0.0 Ok") -> Exchange:
    """The transaction that carries a mail from Louise to Hugo."""
    headers = {"RCPT_TO": HUGO, "AUTH": LOUISE}
    return exchange("SMTP", f"MAIL FROM:<{LOUISE}>", data, answer, seconds=seconds, **headers)
