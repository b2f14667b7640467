"""Every golden mail is read and raises nothing at the instant of its story."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from rules.context import Context, Envelope
from rules.formats.mail import parse_mail
from rules.formats.mail_report import Dsn, Mdn
from rules.formats.xoauth2 import REFUSAL, parse_xoauth2
from rules.judge import judge_artefact
from tests.rules.mssante.mails import LOUISE, identity
from tests.shared_data import GOLDEN, needs_shared

FOLDER = GOLDEN / "mssante"
MAILS = sorted(FOLDER.glob("*.eml"))

pytestmark = needs_shared


def envelope_of(path: Path) -> Envelope:
    told = json.loads((FOLDER / "enveloppes.json").read_text())[path.name]
    return Envelope(told["mail_from"], tuple(told["rcpt_to"]))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_golden_mails_raise_nothing(path: Path) -> None:
    message = parse_mail(path.read_bytes())
    written = parsedate_to_datetime(message.value("Date") or "")
    context = Context(
        envelope=envelope_of(path),
        identities=identity("qualifiée"),
        observed_at=written + timedelta(seconds=2),
    )
    judgement = judge_artefact(message, context)
    assert judgement.findings == ()
    assert len([name for name in judgement.evaluated if name.startswith("MSS-")]) >= 18


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("08-mdn-traite", Mdn),
        ("09-mdn-erreur-904", Mdn),
        ("11-mes-messagerie-fermee", Dsn),
        ("10-courriel-standard-erreur-902", type(None)),
    ],
)
def test_reports_are_recognised(name: str, kind: type) -> None:
    assert isinstance(parse_mail((FOLDER / f"{name}.eml").read_bytes()).report, kind)


def test_the_documents_of_a_golden_mail_are_those_of_its_header() -> None:
    message = parse_mail((FOLDER / "02-envoi-pro-deux-documents.eml").read_bytes())
    assert message.archive is not None
    assert ",".join(message.archive.codes) == message.value("X-MSS-CODECDA")


def test_the_blob_of_the_transcripts_is_read() -> None:
    text = (FOLDER / "smtp-xoauth2-accepte.txt").read_text()
    sent = next(line[3:] for line in text.splitlines() if line.startswith("C: dXNlcj"))
    credentials = parse_xoauth2(sent.encode())
    assert credentials.user == LOUISE
    assert credentials.presented is not None
    assert credentials.presented.jwt.claim("SubjectNameID") == "810999990012"
    refused = (FOLDER / "smtp-xoauth2-refuse-535.txt").read_text()
    assert f"S: 334 {REFUSAL.decode()}" in refused
