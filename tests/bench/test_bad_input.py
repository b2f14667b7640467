"""Bad input on every wire: the service's own words or a closed door, a trace, and life goes on.

The matrix crosses the listeners with what a hostile or broken client may send;
each service's own errors are proved in ``tests/simulators/<service>``.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fixtures.world import make_world
from rules.exchange import Outcome
from simulators.clock import Clock
from simulators.platform import Platform
from simulators.testing import client, exchanges, running, wait_for
from tests.bench.campaigns import journal
from tests.bench.serving import Served
from tests.bench.wires import Wire, talk, wires
from tests.rules.archives import files_of, zipped
from tests.rules.cda.samples import LETTER
from tests.rules.mssante.mails import LOUISE as MAILBOX
from tests.rules.mssante.mails import TEXT, assembled, attachment, documents_mail
from tests.simulators.mssante.clients import Doctor
from tests.simulators.psc.client import LOUISE

SERVICES = ("psc", "insi", "dmp", "mssante", "cards", "prescription", "apcv")
WIRES = ("psc", "insi", "dmp", "epresc", "apcv", "smtp", "imap")
SIZE = 60 * 1024 * 1024
SOAP = "application/soap+xml; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(SERVICES) as started:
        yield started


@pytest.fixture(scope="module")
def listeners(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Wire]:
    return wires(platform, tmp_path_factory.mktemp("lgc"))


@pytest.fixture
def before(platform: Platform) -> int:
    return platform.kernel.journal.position()


# Octets that are no request --------------------------------------------------

HALF_HELLO = bytes.fromhex("1603010200010001fc0303") + b"a" * 30
REFUSED = {
    "psc": (b"HTTP/1.1 400", "http-illisible", {"PSC-15"}),
    "insi": (b"HTTP/1.1 400", "http-illisible", {"INS-W-01"}),
    "dmp": (b"HTTP/1.1 400", "http-illisible", {"DMP-SOAP-01"}),
    "epresc": (b"HTTP/1.1 400", "http-illisible", {"EP-00"}),
    "apcv": (b"HTTP/1.1 400", "http-illisible", {"AV-02"}),
    "smtp": (b"500 ", "500", set[str]()),
    "imap": (b"* B", "B", set[str]()),
}
"""How each listener answers octets that are no request, and what is found in them."""


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize(
    ("octets", "code"),
    [(b"\x00bruit\xff" * 50, "WRONG_VERSION_NUMBER"), (HALF_HELLO, "FERMETURE")],
    ids=["bruit au lieu de TLS", "TLS à moitié fermé"],
)
def test_what_is_no_handshake(
    listeners: dict[str, Wire], before: int, name: str, octets: bytes, code: str
) -> None:
    wire = listeners[name]
    talk(wire.connect(), octets, half_close=True)
    noted = wait_for(wire.platform, lambda e: e.position > before and e.operation == "TLS")
    assert (noted.service, noted.error_code) == (wire.service, code)
    assert noted.outcome is not Outcome.ACCEPTED
    wire.conformant()


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize(
    "octets",
    [b"\x80\xff\x01 rien \xfe", b"\0" * 300, b"a" * 300_000],
    ids=["octets quelconques", "NUL", "ligne sans fin"],
)
def test_what_is_no_request(
    listeners: dict[str, Wire], before: int, name: str, octets: bytes
) -> None:
    wire = listeners[name]
    answer, code, found = REFUSED[name]
    received = talk(wire.secure(), octets + b"\r\n\r\n")
    noted = wait_for(wire.platform, lambda e: e.position > before and e.operation.endswith("?"))
    # Closing on unread octets may cost the client the answer.
    assert received == b"" or received.startswith(answer)
    assert (noted.service, noted.outcome) == (wire.service, Outcome.REFUSED)
    assert (noted.error_code or "").startswith(code)
    assert found <= wire.findings(before)
    wire.conformant()


@pytest.mark.parametrize("name", ["psc", "insi", "dmp", "epresc", "apcv"])
def test_a_head_that_overflows(listeners: dict[str, Wire], before: int, name: str) -> None:
    wire = listeners[name]
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Trop: " + b"a" * 200_000
    received = talk(wire.secure(), head)
    assert received == b"" or received.startswith(b"HTTP/1.1 4")
    wait_for(wire.platform, lambda e: e.position > before and e.service == wire.service)
    wire.conformant()


@pytest.mark.parametrize("name", WIRES)
def test_a_request_half_closed_under_tls(
    listeners: dict[str, Wire], before: int, name: str
) -> None:
    wire = listeners[name]
    secured = wire.secure()
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nmoitie"
    secured.sendall(b"EHLO a\r\nMAIL" if wire.starttls else head)
    # No close_notify: the TCP connection ends under TLS, as when a machine dies.
    with socket.socket(fileno=secured.detach()) as raw:
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(20)
        while raw.recv(65536):
            pass
    wire.conformant()
    if not wire.starttls:
        left = wait_for(wire.platform, lambda e: e.position > before and e.service == wire.service)
        assert left.outcome is Outcome.UNANSWERED
        assert left.error_code == "corps-incomplet"


# Bodies of HTTP services -----------------------------------------------------

LAUGHS = b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 20) for i in range(8))
XML = {
    "tronqué": b'<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>',
    "DTD": b"<!DOCTYPE a><a/>",
    "bombe d’entités": b'<!DOCTYPE a [<!ENTITY a "ha">' + LAUGHS + b"]><a>&i;</a>",
    "entité externe": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
    "profond": b"<a>" * 100_000,
    "NUL": b"<a>\0</a>",
}
OBJECTS = {
    "rien": b"",
    "JSON tronqué": b'{"id": "04',
    "pas un objet": b'["id"]',
    "profond": b'{"a":' * 100_000,
    "nombre sans fin": b'{"lignes": [{"n": ' + b"9" * 100_000 + b"}]}",
    "latin-1": '{"id": "é"}'.encode("latin-1"),
    "moitié de caractère": rb'{"id": "\ud800"}',
    "NUL": rb'{"id": "\u0000"}',
    "NaN": b'{"lignes": [{"n": NaN}]}',
    "texte pour une liste": b'{"lignes": "une"}',
    "nombre pour un texte": b'{"id": 4}',
    "formulaire": b"id=04AUAZJ012AL803RJ0&type=PRODUITS_SANTE",
}
PARTS = (
    b"--b\r\nContent-Type: application/xop+xml\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"!!! ceci n'est pas du base64 ===\r\n--b--\r\n"
)
BODIES = [
    *(("insi", SOAP, body, "INS-W-01", kind) for kind, body in XML.items()),
    *(("dmp", SOAP, body, "DMP-SOAP-01", kind) for kind, body in XML.items()),
    ("dmp", "multipart/related; boundary=b", PARTS, "DMP-21-01", "base64 cassé"),
    ("dmp", "multipart/related; boundary=autre", PARTS, "DMP-21-01", "mauvaise frontière"),
    ("dmp", "multipart/related; boundary=b", PARTS[:-5], "DMP-21-01", "multipart tronqué"),
    ("psc", FORM, b"\xff\xfe%%%=", "PSC-00", "octets quelconques"),
    ("psc", FORM, b"grant_type=\0&code=\0", "PSC-09", "NUL"),
    ("psc", JSON, b'{"grant_type":', "PSC-00", "JSON tronqué"),
    *(("epresc-soap", SOAP, body, "EP-00", kind) for kind, body in XML.items()),
    *(("apcv", SOAP, body, "AV-02", kind) for kind, body in XML.items()),
    *(("epresc", JSON, body, "EP-00", kind) for kind, body in OBJECTS.items()),
]
OWN_ERROR = {
    "insi": b"Fault",
    "dmp": b"Fault",
    "psc": b'"error"',
    "epresc": b'"erreur"',
    "epresc-soap": b"Fault",
    "apcv": b"Fault",
}
"""What each service calls an error."""


def address(platform: Platform, name: str) -> str:
    described = platform.descriptor
    return {
        "psc": described["psc"]["emetteur"] + "/protocol/openid-connect/token",
        "insi": described["insi"]["organisation"],
        "dmp": described["dmp"]["base"] + "repository",
        "epresc": described["ordonnance"]["rest"] + "/ep4_creer",
        "epresc-soap": described["ordonnance"]["soap"],
        "apcv": described["apcv"]["auth"],
    }[name]


def post(wire: Wire, body: bytes, kind: str) -> httpx.Response:
    with client(wire.platform, wire.certificate, timeout=60) as http:
        url = address(wire.platform, wire.name)
        return http.post(url, content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    ("name", "kind", "body", "check", "_defect"), BODIES, ids=[f"{b[0]}-{b[4]}" for b in BODIES]
)
def test_bodies(
    listeners: dict[str, Wire],
    before: int,
    name: str,
    kind: str,
    body: bytes,
    check: str,
    _defect: str,
) -> None:
    wire = listeners[name]
    answer = post(wire, body, kind)
    assert answer.status_code >= 400
    assert OWN_ERROR[name] in answer.content
    (kept,) = [e for e in exchanges(wire.platform, wire.service) if e.position > before]
    assert (kept.request.body, kept.outcome) == (body, Outcome.REFUSED)
    assert check in wire.findings(before)
    assert b"/etc/" not in answer.content
    wire.conformant()


# Mails -----------------------------------------------------------------------

LOT = "IHE_XDM/SUBSET01"


def archived(**changed: bytes) -> bytes:
    """A mail whose archive has other files."""
    archive = zipped({**files_of(LETTER), **changed})
    return assembled([TEXT, attachment("IHE_XDM.zip", archive)])


MAILS = {
    "CDA tronqué": (archived(**{f"{LOT}/DOC00001.XML": LETTER[: len(LETTER) // 2]}), "CDA-01"),
    "CDA avec DTD": (archived(**{f"{LOT}/DOC00001.XML": XML["DTD"]}), "CDA-01"),
    "bombe d’entités": (archived(**{f"{LOT}/METADATA.XML": XML["bombe d’entités"]}), "MSS-X03"),
    "entité externe": (archived(**{f"{LOT}/METADATA.XML": XML["entité externe"]}), "MSS-X03"),
    "bombe zip": (archived(**{f"{LOT}/GROS.BIN": b"\0" * 150_000_000}), "MSS-X01"),
    "chemin qui sort": (archived(**{"../../etc/passwd": b"x"}), "MSS-X01"),
    "zip tronqué": (
        assembled([TEXT, attachment("IHE_XDM.zip", zipped(files_of(LETTER))[:200])]),
        "MSS-X01",
    ),
    "mauvaise frontière": (
        documents_mail().replace(b'boundary="limite"', b'boundary="autre"'),
        "MSS-B01",
    ),
    "base64 cassé": (documents_mail().replace(b"UEsDB", b"!!*!="), "MSS-X01"),
    "NUL": (documents_mail() + b"\0", "MSS-B01"),
    "contrebande LF": (documents_mail() + b"\n.\r\nMAIL FROM:<x@y.fr>\r\n", "MSS-B01"),
    "contrebande CR": (documents_mail() + b"\r.\r\nMAIL FROM:<x@y.fr>\r\n", "MSS-B01"),
}
REFUSED_BY_THE_OPERATOR = {"NUL", "contrebande LF", "contrebande CR"}
"""An operator carries the rest: the recipient finds out."""


@pytest.mark.parametrize("defect", MAILS)
def test_mails(listeners: dict[str, Wire], before: int, defect: str) -> None:
    wire = listeners["smtp"]
    content, check = MAILS[defect]
    session = Doctor(wire.platform, LOUISE).smtp()
    try:
        session.mail(MAILBOX)
        session.rcpt(MAILBOX)
        session.docmd("DATA")
        session.sock.sendall(content + b"\r\n.\r\n")
        code, _ = session.getreply()
        assert session.noop()[0] == 250
    finally:
        session.close()
    assert code == (554 if defect in REFUSED_BY_THE_OPERATOR else 250)
    (kept,) = [
        e
        for e in exchanges(wire.platform, "mssante")
        if e.position > before and e.operation == "SMTP"
    ]
    assert kept.request.body == content + b"\r\n"
    assert check in wire.findings(before)
    wire.conformant()


# 60 Mo -----------------------------------------------------------------------


def resident(served: Served) -> int:
    """Greatest memory of the bench so far, in mébioctets."""
    status = Path(f"/proc/{served.process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1024


class Files:
    """The keys of a bench in another process, as any product has them."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def credential(self, name: str) -> SimpleNamespace:
        """The certificate and the key of this name."""
        files = self._served.described["certificats"][name]
        certificate, key = (
            (self._served.folder / files[part]).read_bytes() for part in ("certificat", "cle")
        )
        return SimpleNamespace(
            certificate=x509.load_pem_x509_certificate(certificate),
            key=load_pem_private_key(key, None),
        )


def remote(served: Served) -> Platform:
    """What clients of tests look at in a platform, for a bench in another process."""
    base = served.described["ordonnance"]["rest"].removesuffix("/epresc")
    kernel = SimpleNamespace(
        world=make_world(1),
        clock=Clock(),
        pki=Files(served),
        addresses={"prescription": SimpleNamespace(url=lambda path: f"{base}{path}")},
    )
    seen = SimpleNamespace(descriptor=served.described, folder=served.folder, kernel=kernel)
    return cast("Platform", seen)


def send_too_much(doctor: Doctor) -> None:
    session = doctor.smtp()
    session.mail(MAILBOX)
    session.rcpt(MAILBOX)
    assert session.data((b"x" * 998 + b"\r\n") * (SIZE // 1000))[0] == 552
    assert session.noop()[0] == 250


def append_too_much(doctor: Doctor) -> None:
    session = doctor.imap()
    session.send(b"a1 APPEND INBOX {%d}\r\n" % SIZE)
    assert session.readline().startswith(b"a1 NO [LIMIT]")
    with contextlib.suppress(OSError):  # it hangs up while we write
        session.send(b"a2 APPEND INBOX {%d+}\r\n" % SIZE + b"x" * SIZE)


def test_sixty_megabytes_on_each_wire_are_refused_in_bounded_memory(tmp_path: Path) -> None:
    with Served(tmp_path / "banc") as served:
        seen = remote(served)
        listeners = wires(seen, tmp_path / "lgc")
        for wire in listeners.values():
            wire.conformant()
        at_rest = resident(served)
        body = b"a" * SIZE
        statuses = {n: post(listeners[n], body, SOAP).status_code for n in OWN_ERROR}
        assert statuses == {
            "psc": 413, "insi": 413, "dmp": 500, "epresc": 413, "epresc-soap": 413, "apcv": 413,
        }  # fmt: skip
        with Doctor(seen, LOUISE) as doctor:
            send_too_much(doctor)
            append_too_much(doctor)
        assert resident(served) - at_rest < 500
        for wire in listeners.values():
            wire.conformant()
        kept = journal(served.folder)
    refused = {(e.service, e.operation) for e in kept if e.outcome is Outcome.REFUSED}
    too_large = ("psc", "insi", "dmp", "prescription", "apcv")
    assert {(service, "?") for service in too_large} <= refused
    assert {("mssante", "SMTP"), ("mssante", "IMAP-?")} <= refused
