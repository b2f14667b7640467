"""Exchanges of every wire for journal checks: deposits, mails, searches, gestures.

Deposits are the golden one with other identifiers and another document; their
signatures no longer hold, which the journal checks under test do not look at.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count as counter
from typing import Any

from rules.context import Environment, Professional, Software
from rules.exchange import Correlation, Exchange, Message, Outcome
from rules.findings import Finding
from rules.formats.cda import ClinicalDocument
from rules.judge import JournalView, judge_sequence
from tests.rules.archives import archive_of
from tests.rules.cda.samples import LETTER, spoil
from tests.rules.dmp import golden as dmp

INS = "285073306304208"
OTHER_INS = "285073306304307"
LOUISE, HUGO = "810999990012", "810999990178"
BAL = "louise.testmedecin@medecin.banc.mssante.fr"
COLLEAGUE = "hugo.testcardio@cardio.banc.mssante.fr"
START = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
ENVIRONMENT = Environment(
    software=Software("LOGICIEL ESSAI", "4.2.0"),
    professionals=(
        Professional(LOUISE, "TESTMEDECIN", "Louise", mailboxes=(BAL, "secretariat@banc.fr")),
        Professional(HUGO, "TESTCARDIO", "Hugo", mailboxes=(COLLEAGUE,)),
    ),
)
_ranks = counter(1)


def letter(number: int = 1, ins: str = INS) -> bytes:
    """The letter under another identifier, with another body, for a patient."""
    data = spoil(LETTER, "2.25.74387217922356389154034103038781848723", f"2.25.{10**9 + number}")
    data = spoil(data, "2.25.71722871122107010962724751978310041787", f"2.25.{2 * 10**9 + number}")
    data = spoil(data, "</text>", f"{'A' * 4 * number}</text>")
    return data.replace(INS.encode(), ins.encode())


def unique_id(document: bytes) -> str:
    """Identifier of a document."""
    return ClinicalDocument.parse(document).unique_id or ""


def exchange(service: str, operation: str, request: Message, **changes: Any) -> Exchange:
    """An accepted exchange; ``changes`` replace its fields."""
    made = Exchange(
        id=f"{operation}-{next(_ranks)}",
        campaign="c",
        position=0,
        service=service,
        operation=operation,
        started_at=START,
        answered_at=START,
        peer="127.0.0.1:1",
        request=request,
        response=None,
        outcome=Outcome.ACCEPTED,
    )
    return replace(made, **changes)


def deposit(document: bytes | None = None, *, lot: int | None = None, **changes: Any) -> Exchange:
    """A TD2.1 with one document, its identifiers new unless the lot is named."""
    document = document or letter()
    rank = next(_ranks)
    request = dmp.message(f"{dmp.T04}-requete")
    read = ClinicalDocument.parse(document)
    ins = read.ins.extension if read.ins else INS
    body = request.body.replace(LETTER, document)
    for old, new in (
        ("2.25.74387217922356389154034103038781848723", read.unique_id),
        (dmp.story()["documents"]["v1"]["lot"], f"2.25.{lot or 5 * 10**9 + rank}"),
        ("ad2ba890-5a15-48b9-9d20-9228de815db0", f"ad2ba890-5a15-48b9-9d20-{rank:012d}"),
        ("_c6c364be-ccaf-442d-9d01-4006fac434a7", f"_c6c364be-{rank:08d}"),
        (INS, ins),
    ):
        body = body.replace(old.encode(), (new or "").encode())
    accepted = changes.get("outcome", Outcome.ACCEPTED) is Outcome.ACCEPTED
    answer = dmp.message(f"{dmp.T04}-reponse") if accepted else None
    made = exchange("dmp", "TD2.1", replace(request, body=body), response=answer)
    return replace(made, correlation=Correlation(professional=LOUISE), **changes)


def mail(
    *documents: bytes,
    to: tuple[str, ...] = (COLLEAGUE,),
    sender: str = BAL,
    headers: tuple[tuple[str, str], ...] = (),
    text: str = "Bonjour.",
    **changes: Any,
) -> Exchange:
    """An SMTP transaction, with an archive when there are documents."""
    message = EmailMessage()
    message["From"] = f"Cabinet <{sender}>"
    message["To"] = ", ".join(to)
    message["Subject"] = "XDM/1.0/DDM+CR TESTAVRIL CAMILLE" if documents else "Bonjour"
    message["Date"] = "Thu, 12 Mar 2026 10:30:00 +0100"
    given = dict(headers)
    defaults = {"Message-ID": f"<m{next(_ranks)}@medecin.banc.mssante.fr>"}
    if documents:
        defaults["X-MSS-INS"] = "O"
    for name, value in {**defaults, **given}.items():
        message[name] = value
    message.set_content(text)
    if documents:
        archive = archive_of(*documents)
        message.add_attachment(
            archive, maintype="application", subtype="zip", filename="IHE_XDM.zip"
        )
    recipients = tuple(("RCPT TO", f"<{address}>") for address in to)
    request = Message(
        f"MAIL FROM:<{sender}>", (*recipients, ("AUTH", sender)), message.as_bytes(policy=_CRLF)
    )
    return exchange("mssante", "SMTP", request, **changes)


_CRLF = EmailMessage().policy.clone(linesep="\r\n")


def gesture(
    status: str, ins: str | None = INS, *, local_id: str = "p1", name: str = "patient.read"
) -> Exchange:
    """A driver gesture whose answer says the status of a patient."""
    patient = {
        "id": local_id,
        "statut": status,
        "attributs": [],
        "traits": {
            "nom_naissance": "TESTAVRIL",
            "prenoms_naissance": "CAMILLE ANNE",
            "sexe": "F",
            "date_naissance": "1985-07-12",
            "lieu_naissance": "33063",
        },
        "ins": {"matricule": ins[:13], "cle": ins[13:], "oid": "1.2.250.1.213.1.4.8"}
        if ins
        else None,
    }
    answer = Message("HTTP/1.1 200 OK", (), json.dumps({"patient": patient}).encode())
    request = Message(f"POST /actions/{name} HTTP/1.1", (), b'{"patient": "p1"}')
    return exchange("lgc", name, request, response=answer)


def later(made: Exchange, **delay: float) -> Exchange:
    """The same exchange, observed after a delay from the start of the story."""
    return replace(made, started_at=START + timedelta(**delay))


def journal(*exchanges: Exchange) -> JournalView:
    """A view of exchanges in that order."""
    return JournalView(tuple(replace(e, position=rank) for rank, e in enumerate(exchanges, 1)))


def findings(*exchanges: Exchange, prefix: str = "") -> tuple[Finding, ...]:
    """Journal findings of exchanges, of the checks whose id begins with a prefix."""
    found = judge_sequence(journal(*exchanges), ENVIRONMENT).findings
    return tuple(f for f in found if f.check_id.startswith(prefix))


def ids(*exchanges: Exchange) -> set[str]:
    """Ids of the journal findings about identities, documents and services together."""
    mine = ("X-", "INS-T", "CDA")
    return {f.check_id for f in findings(*exchanges) if f.check_id.startswith(mine)}
