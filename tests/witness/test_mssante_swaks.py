"""Witnesses of MSSanté: msmtp, mbsync and swaks, three clients nobody here wrote.

msmtp (GnuTLS) submits with STARTTLS and XOAUTH2; mbsync (OpenSSL, Cyrus SASL with the
XOAUTH2 module of KDE) reads the mailbox and sends flags back; swaks negotiates
STARTTLS and sends. No release of swaks knows XOAUTH2 (jetmore/swaks, pull request 44,
open): its LOGIN sequence, played under the name XOAUTH2, puts the same words on the
wire, then misses the second challenge it was waiting for, and goes on.
"""

from __future__ import annotations

import email
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rules.exchange import Outcome
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.rules.mssante.mails import documents_mail
from tests.simulators.mssante.clients import Doctor
from tests.simulators.psc.client import HUGO, LOUISE

pytestmark = pytest.mark.witness

XOAUTH2_MODULES = ("libkdexoauth2.so", "libxoauth2.so")
SASL_FOLDERS = (Path("/usr/lib/x86_64-linux-gnu/sasl2"), Path("/usr/lib/sasl2"))
MODERN = "NORMAL:-VERS-TLS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
"""GnuTLS priorities: what the default offers beside (TLS 1.1) is a finding."""


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "mssante")) as started:
        yield started


@pytest.fixture
def louise(platform: Platform) -> Iterator[Doctor]:
    platform.reset()
    with Doctor(platform, LOUISE) as doctor:
        yield doctor


@pytest.fixture
def hugo(louise: Doctor) -> Iterator[Doctor]:
    with Doctor(louise.platform, HUGO) as doctor:
        yield doctor


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} n'est pas installé")
    return found


def run(*command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=given, capture_output=True, timeout=30, check=False)


def authorities(platform: Platform) -> str:
    return str(platform.folder / "confiance" / "autorites.pem")


@pytest.fixture
def secret(louise: Doctor, tmp_path: Path) -> Path:
    """A file with an access token of Louise."""
    path = tmp_path / "jeton"
    path.write_text(louise.token())
    return path


def msmtp(
    louise: Doctor, secret: Path, mail: bytes, *recipients: str, versions: str = MODERN
) -> bytes:
    """What msmtp complains of, nothing when it is content."""
    host, port = louise.place("smtp")
    told = run(
        program("msmtp"),
        "--file=/dev/null",
        f"--host={host}",
        f"--port={port}",
        "--tls=on",
        "--tls-starttls=on",
        f"--tls-trust-file={authorities(louise.platform)}",
        f"--tls-priorities={versions}",
        "--auth=xoauth2",
        f"--user={louise.address}",
        f"--passwordeval=cat {secret}",
        f"--from={louise.address}",
        "--timeout=10",
        "--",
        *recipients,
        given=mail,
    )
    return told.stderr if told.returncode else b""


def raised(platform: Platform) -> set[str]:
    """Checks of the sheet that find something in the journal."""
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    return {f.check_id for f in judgement.findings if f.check_id.startswith("MSS-")}


def test_msmtp_submits(louise: Doctor, hugo: Doctor, secret: Path, platform: Platform) -> None:
    mail = documents_mail()
    assert msmtp(louise, secret, mail, hugo.address) == b""
    assert hugo.inbox()[0].endswith(mail)
    assert raised(platform) == {"MSS-T02"}  # the suites of GnuTLS are its own


def test_msmtp_offers_old_versions_by_default(
    louise: Doctor, secret: Path, platform: Platform
) -> None:
    assert msmtp(louise, secret, documents_mail(), louise.address, versions="NORMAL") == b""
    assert raised(platform) == {"MSS-T01", "MSS-T02"}


def test_msmtp_understands_refusals(louise: Doctor, secret: Path, platform: Platform) -> None:
    assert b"550" in msmtp(louise, secret, documents_mail(), "x@ailleurs.fr")
    secret.write_text("perime")
    told = msmtp(louise, secret, documents_mail(), louise.address)
    assert b"535" in told or b"334" in told
    assert louise.inbox() == []


def test_mbsync_reads_and_writes_back(louise: Doctor, secret: Path, tmp_path: Path) -> None:
    if not any((folder / name).exists() for folder in SASL_FOLDERS for name in XOAUTH2_MODULES):
        pytest.skip("aucun module XOAUTH2 de Cyrus SASL n'est installé")
    louise.smtp().sendmail(louise.address, [louise.address], documents_mail())
    host, port = louise.place("imap")
    near = tmp_path / "boite"
    near.mkdir()
    configuration = tmp_path / "mbsyncrc"
    configuration.write_text(
        f"IMAPAccount banc\nHost {host}\nPort {port}\nUser {louise.address}\n"
        f'PassCmd "cat {secret}"\nSSLType STARTTLS\nSystemCertificates no\n'
        f"CertificateFile {authorities(louise.platform)}\nAuthMechs XOAUTH2\n\n"
        "IMAPStore loin\nAccount banc\n\n"
        f"MaildirStore pres\nPath {near}/\nInbox {near}/INBOX\nSubFolders Verbatim\n\n"
        "Channel tout\nFar :loin:\nNear :pres:\nPatterns *\nCreate Near\nSync All\n"
        f"SyncState {tmp_path}/etat-\n"
    )
    command = (program("mbsync"), "-c", str(configuration), "tout")
    first = run(*command)
    assert first.returncode == 0, first.stderr.decode()
    (mail,) = [*near.glob("INBOX/new/*"), *near.glob("INBOX/cur/*")]
    assert b"IHE_XDM.zip" in mail.read_bytes()
    assert (near / "Sent").is_dir()
    mail.rename(near / "INBOX" / "cur" / f"{mail.name.partition(':')[0]}:2,S")
    second = run(*command)
    assert second.returncode == 0, second.stderr.decode()
    session = louise.imap()
    session.select()
    assert session.search(None, "SEEN")[1] == [b"1"]


def test_swaks_sends_after_starttls_and_xoauth2(
    louise: Doctor, hugo: Doctor, platform: Platform, tmp_path: Path
) -> None:
    host, port = louise.place("smtp")
    mail = tmp_path / "courriel.eml"
    mail.write_bytes(documents_mail())
    told = run(
        program("swaks"),
        "--server",
        host,
        "--port",
        str(port),
        "--tls",
        "--tls-verify",
        "--tls-protocol",
        "tlsv1_2,tlsv1_3",
        "--tls-ca-path",
        authorities(platform),
        "--auth-optional",
        "XOAUTH2",
        "--auth-map",
        "XOAUTH2=LOGIN",
        "--auth-user",
        f"user={louise.address}\x01auth=Bearer {louise.token()}\x01\x01",
        "--auth-password",
        "inutile",
        "--from",
        louise.address,
        "--to",
        hugo.address,
        "--data",
        f"@{mail}",
    )
    assert told.returncode == 0, told.stderr
    assert b"AUTH XOAUTH2" in told.stdout
    assert b"235 2.7.0" in told.stdout
    (received,) = hugo.inbox()  # imaplib, of the standard library
    assert email.message_from_bytes(received).get_payload(1).get_filename() == "IHE_XDM.zip"
    (sent,) = [e for e in exchanges(platform, "mssante") if e.operation == "SMTP"]
    assert sent.outcome is Outcome.ACCEPTED
    assert sent.tls is not None
    assert raised(platform) <= {"MSS-T02"}  # the suites of Net::SSLeay are its own


def test_swaks_without_authentication_is_refused(louise: Doctor, platform: Platform) -> None:
    host, port = louise.place("smtp")
    told = run(
        program("swaks"),
        "--server",
        host,
        "--port",
        str(port),
        "--tls",
        "--tls-verify",
        "--tls-ca-path",
        authorities(platform),
        "--from",
        louise.address,
        "--to",
        louise.address,
    )
    assert b"TLS started" in told.stdout
    assert b"530 5.7.0" in told.stdout
    assert told.returncode != 0
    (refused,) = [e for e in exchanges(platform, "mssante") if e.operation == "SMTP"]
    assert refused.outcome is Outcome.REFUSED
    assert refused.tls is not None
