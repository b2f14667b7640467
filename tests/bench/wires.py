"""The listeners of a bench as a hostile client sees them, and a conformant one."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, trust
from tests.rules.mssante.mails import LOUISE as MAILBOX
from tests.rules.mssante.mails import documents_mail
from tests.simulators.apcv.lps import Lps as ApcvLps
from tests.simulators.dmp.test_dmp_service import caller
from tests.simulators.insi.lps import Lps, traits
from tests.simulators.mssante.clients import Doctor
from tests.simulators.prescription.client import Caller, ordonnance
from tests.simulators.psc.client import LOUISE, Relying

PATIENCE = 20
"""Seconds before a silent wire is a failure."""


@dataclass
class Wire:
    """One listener: where it is, and what a conformant client does there."""

    name: str
    service: str
    platform: Platform
    place: tuple[str, int]
    certificate: str | None
    conformant: Callable[[], None]
    starttls: bytes = b""
    """Command that asks for TLS; empty where TLS comes first."""

    def connect(self) -> socket.socket:
        """A connection on which TLS is the next thing to come."""
        opened = socket.create_connection(self.place, PATIENCE)
        if self.starttls:
            opened.recv(1000)
            opened.sendall(self.starttls)
            said = b""
            while not re.search(rb"(^|\n)(220|a1 OK) [^\n]*\n$", said):
                said += opened.recv(1000)
        return opened

    def secure(self) -> ssl.SSLSocket:
        """A connection under TLS."""
        context = trust(self.platform, self.certificate)
        return context.wrap_socket(self.connect(), server_hostname="localhost")

    def findings(self, after: int) -> set[str]:
        """Ids of what is found in the exchanges of this service since a position."""
        kept = [e for e in exchanges(self.platform, self.service) if e.position > after]
        judged = judge_journal(JournalView(tuple(kept)), self.platform.kernel.environment)
        return {f.check_id for f in judged.findings}


def talk(opened: socket.socket, octets: bytes, *, half_close: bool = False) -> bytes:
    """Send, then read until the other side ends or stays silent a moment."""
    received = b""
    with contextlib.suppress(OSError), opened:
        opened.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            opened.sendall(octets)
        if half_close:
            opened.shutdown(socket.SHUT_WR)
        while block := opened.recv(65536):
            received += block
            if b"\r\n" in received and not half_close:
                break
    return received


def wires(platform: Platform, folder: Path) -> dict[str, Wire]:
    """The listeners by name."""
    described = platform.descriptor
    doctor = Doctor(platform, LOUISE)
    mss = {kind: _mss(described, kind) for kind in ("smtp", "imap")}

    def login() -> None:
        relying = Relying(platform)
        try:
            assert relying.login(LOUISE)["access_token"]
        finally:
            relying.http.close()

    def search() -> None:
        assert Lps(platform).search(traits()) is not None

    def existence() -> None:
        where = folder / uuid.uuid4().hex
        where.mkdir(parents=True)
        lgc = caller(platform, where)
        try:
            assert lgc.dmp.existence(lgc.patient(), lgc.doctor).state == "actif"
        finally:
            lgc.cards.shutdown()

    def submit() -> None:
        unique = f"<{uuid.uuid4()}@medecin.banc.mssante.fr>"
        with doctor.smtp() as session:
            assert session.sendmail(MAILBOX, [MAILBOX], documents_mail(Message_ID=unique)) == {}

    def read() -> None:
        session = doctor.imap()
        assert session.select("INBOX")[0] == "OK"
        session.logout()

    def prescribe(wire: str) -> Callable[[], None]:
        def record() -> None:
            doctor = Caller(platform, wire=wire)
            assert doctor.call("EP4", ordonnance(doctor.now)).content["etat"] == "ENREGISTREE"

        return record

    def authenticate() -> None:
        assert ApcvLps(platform).authenticate().code == "0"

    psc = _url(described["psc"]["emetteur"])
    insi = _url(described["insi"]["organisation"])
    dmp = _url(described["dmp"]["base"])
    epresc = _url(described["ordonnance"]["rest"])
    apcv = _url(described["apcv"]["auth"])
    cps = f"cps-{LOUISE}-auth"
    by_rest, by_soap = prescribe("dbx-rest"), prescribe("soap-placeholder")
    return {
        "psc": Wire("psc", "psc", platform, psc, None, login),
        "insi": Wire("insi", "insi", platform, insi, "org-insi-manu", search),
        "dmp": Wire("dmp", "dmp", platform, dmp, cps, existence),
        "epresc": Wire("epresc", "prescription", platform, epresc, cps, by_rest),
        "epresc-soap": Wire("epresc-soap", "prescription", platform, epresc, None, by_soap),
        "apcv": Wire("apcv", "apcv", platform, apcv, None, authenticate),
        "smtp": Wire(
            "smtp", "mssante", platform, mss["smtp"], None, submit, b"EHLO a\r\nSTARTTLS\r\n"
        ),
        "imap": Wire("imap", "mssante", platform, mss["imap"], None, read, b"a1 STARTTLS\r\n"),
    }


def _url(address: str) -> tuple[str, int]:
    return "127.0.0.1", int(urlsplit(address).port or 443)


def _mss(described: dict[str, object], kind: str) -> tuple[str, int]:
    return "127.0.0.1", int(described["mssante"][kind]["port"])  # type: ignore[index]
