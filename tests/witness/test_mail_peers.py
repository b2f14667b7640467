"""Witnesses: GreenMail (Maven Central) and maildev (npm) take the mails of the benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.benchmark import peers
from bench.benchmark.capture import Mail
from bench.benchmark.clients import SmtpClient

pytestmark = pytest.mark.witness

MAIL = Mail(
    "louise.testmedecin@medecin.banc.mssante.fr",
    ("hugo.testcardio@cardio.banc.mssante.fr",),
    b"From: a@b.fr\r\nSubject: essai\r\n\r\n" + b"corps\r\n" * 100,
)


@pytest.mark.parametrize("program", peers.PROGRAMS, ids=lambda p: p.name)
def test_it_is_installed_started_and_takes_a_mail(program: peers.Program, tmp_path: Path) -> None:
    why = peers.missing(program)
    if why:
        pytest.skip(why)
    with peers.serving(program, tmp_path / program.name) as port:
        client = SmtpClient(port)
        client.send(MAIL)
        client.nothing()
        client.close()
