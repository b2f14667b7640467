"""``segur-bench serve``: side by side, every address answers, Ctrl-C ends with the report."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.bench.campaigns import LOOPBACK, connections, events, in_process, journal
from tests.bench.serving import READY, Served, free_ports


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two of them on one host, started together."""
    # Started again, it wants its ports: those the system lends may have gone to others.
    first = Served(tmp_path / "un", "--port", str(free_ports()), watched=tmp_path / "veille")
    second = Served(tmp_path / "deux", watched=tmp_path / "veille")
    first.launch()
    with second:
        try:
            first.wait_for(lambda line: READY in line)
            yield first, second
        finally:
            first.__exit__()


def trust(served: Served, certificate: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(served.folder / "confiance/autorites.pem"))
    if certificate:
        files = served.described["certificats"][certificate]
        context.load_cert_chain(served.folder / files["chaine"], served.folder / files["cle"])
    return context


def client(served: Served, certificate: str | None = None) -> httpx.Client:
    return httpx.Client(verify=trust(served, certificate), trust_env=False, timeout=20)


def handshake(served: Served, url: str) -> str | None:
    """The TLS version agreed with a mutual TLS service."""
    parts = urlsplit(url)
    with (
        socket.create_connection(("127.0.0.1", int(parts.port or 0)), 20) as opened,
        trust(served, "org-auth-cli").wrap_socket(
            opened, server_hostname=parts.hostname
        ) as secured,
    ):
        return secured.version()


def greeting(place: dict[str, object]) -> bytes:
    with socket.create_connection(("127.0.0.1", int(str(place["port"]))), 20) as opened:
        return opened.recv(100)


def test_two_benches_live_side_by_side_and_end_with_their_reports(
    benches: tuple[Served, Served], tmp_path: Path
) -> None:
    idle, used = benches
    printed = "".join(used.printed)
    described = used.described
    assert json.loads(printed[printed.index("{") : printed.rindex("}") + 1]) == described
    assert described["banc"]["administration"] != idle.described["banc"]["administration"]

    every_address_answers(used)
    assert [e for e in journal(idle.folder) if e.service != "pki"] == []

    assert idle.interrupt() == 4
    assert used.interrupt() == 0
    concluded = [events(b.folder)[-1]["verdict"] for b in benches]
    assert concluded == ["non observé", "conforme"]
    for bench in benches:
        assert (bench.folder / "rapport.html").is_file()
        assert f"Rapport : {bench.folder / 'rapport.html'}\n" in bench.rest()
        assert "Traceback" not in "".join(bench.printed)
    assert connections(tmp_path / "veille") - LOOPBACK == set()

    # Served again, a campaign goes on where it was; a faulty message makes it non conforme.
    idle.start()
    with client(idle, "org-insi-manu") as browser:
        answer = browser.post(idle.described["insi"]["organisation"], content=b"<soap:Envelope")
    assert answer.status_code >= 400
    assert idle.interrupt() == 1
    assert "finding" in {e["type"] for e in events(idle.folder)}


def every_address_answers(served: Served) -> None:
    described = served.described
    health = httpx.get(f"{described['banc']['administration']}/health", trust_env=False)
    assert health.json()["etat"] == "prêt"
    with client(served) as browser:
        found = browser.get(described["psc"]["decouverte"]).json()
        assert found["issuer"] == described["psc"]["emetteur"]
        assert browser.get(found["jwks_uri"]).json()["keys"]
        for name in ("autoconfiguration", "liste_blanche"):
            assert browser.get(described["mssante"][name]).content.startswith(b"<?xml")
    with client(served, "org-insi-manu") as browser:
        assert b"definitions" in browser.get(described["insi"]["wsdl"]).content
        assert browser.get(described["insi"]["organisation"] + "?wsdl").status_code == 200
    assert handshake(served, described["dmp"]["base"]) in ("TLSv1.2", "TLSv1.3")
    assert greeting(described["mssante"]["smtp"]).startswith(b"220 ")
    assert greeting(described["mssante"]["imap"]).startswith(b"* OK")


def test_a_port_already_taken_is_one_french_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = in_process("serve", "--dossier", str(tmp_path / "banc"), "--port", port)
    assert done.returncode == 3
    assert "n'ont pas démarré" in done.stderr
    assert port in done.stderr
