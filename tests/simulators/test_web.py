"""The HTTP carrier on real sockets, with the demo service."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509

from rules.exchange import Outcome
from simulators.testing import client, exchanges, running, trust, wait_for
from simulators.web.connection import Connection
from tests.simulators.demo import Demo


@pytest.fixture(scope="module")
def platform():
    with running([Demo]) as started:
        yield started


def url(platform, listener="adresse", path="/notes/1"):
    return platform.descriptor["demo"][listener] + path


def port(platform, listener="adresse"):
    return urlsplit(platform.descriptor["demo"][listener]).port


def last(platform):
    return exchanges(platform, "demo")[-1]


def opened(platform, listener="adresse"):
    return socket.create_connection(("127.0.0.1", port(platform, listener)), timeout=10)


def talk(platform, octets):
    """Send octets over TLS, read until the other side closes."""
    context = trust(platform)
    with opened(platform) as raw, context.wrap_socket(raw, server_hostname="localhost") as secured:
        secured.sendall(octets)
        return b"".join(iter(lambda: secured.recv(65536), b""))


def test_an_exchange_is_in_the_journal_as_it_was_on_the_wire(platform):
    with client(platform) as http:
        answer = http.post(
            url(platform, path="/notes?x=1"), content=b"bonjour", headers={"X-Essai": "Oui"}
        )
    exchange = last(platform)
    assert exchange.operation == "ecrire"
    assert exchange.request.start_line == "POST /notes?x=1 HTTP/1.1"
    assert ("X-Essai", "Oui") in exchange.request.headers
    assert exchange.request.body == b"bonjour"
    assert exchange.response.status == 201
    assert exchange.response.body == answer.content
    assert exchange.response.header("content-length") == str(len(answer.content))
    assert exchange.response.header("date") == answer.headers["date"]
    assert exchange.outcome is Outcome.ACCEPTED
    assert exchange.correlation.patient == "285073306304208"
    assert exchange.host == "localhost"
    assert exchange.peer.startswith("127.0.0.1:")


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_certificate_of_the_client_is_seen_in_both_versions_of_tls(platform, version):
    context = trust(platform, "org-insi-auto")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with httpx.Client(verify=context, trust_env=False) as http:
        assert http.get(url(platform, "demo-mtls")).status_code == 200
    peer = last(platform).tls
    assert peer.version == version.replace("_", ".")
    assert peer.offered_versions == (version.replace("_", "."),)
    assert peer.sni == "localhost"
    assert 0xC030 in peer.offered_ciphers or 0x1302 in peer.offered_ciphers
    subject = x509.load_der_x509_certificate(peer.certificate).subject
    assert "CN=INSI-AUTO" in subject.rfc4514_string()


def test_an_optional_certificate_may_be_absent(platform):
    with client(platform) as http:
        assert http.get(url(platform, "demo-souple")).status_code == 200
    assert last(platform).tls.certificate is None
    with client(platform, "org-sign.autre-ac") as http, pytest.raises(httpx.TransportError):
        http.get(url(platform, "demo-souple"))


def test_a_session_taken_up_again_still_shows_its_certificate(platform):
    context = trust(platform, "org-insi-auto")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session = None
    for again in (False, True):
        with (
            opened(platform, "demo-mtls") as raw,
            context.wrap_socket(raw, server_hostname="localhost", session=session) as secured,
        ):
            secured.sendall(b"GET /notes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert secured.recv(65536).startswith(b"HTTP/1.1 200")
            session = secured.session
            assert secured.session_reused is again
            secured.unwrap()
        assert last(platform).tls.certificate is not None


@pytest.mark.parametrize(
    ("certificate", "code", "said"),
    [
        (None, "PEER_DID_NOT_RETURN_A_CERTIFICATE", "aucun certificat"),
        ("org-insi-manu.autre-ac", "CERTIFICATE_VERIFY_FAILED:20", "autorité attendue"),
        ("org-insi-manu.autre-gamme", "CERTIFICATE_VERIFY_FAILED:20", "autorité attendue"),
        ("org-insi-manu.expire", "CERTIFICATE_VERIFY_FAILED:10", "expiré"),
        ("org-insi-manu.revoque", "CERTIFICATE_VERIFY_FAILED:23", "révoqué"),
        ("org-sign", "CERTIFICATE_VERIFY_FAILED:26", "usage"),
    ],
)
@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_client_refused_at_the_handshake_is_journaled(platform, version, certificate, code, said):
    context = trust(platform, certificate)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    before = platform.kernel.journal.position()
    with httpx.Client(verify=context, trust_env=False) as http, pytest.raises(httpx.TransportError):
        http.get(url(platform, "demo-mtls"))
    refused = wait_for(platform, lambda e: e.position > before)
    assert (refused.operation, refused.error_code) == ("TLS", code)
    assert refused.outcome is Outcome.REFUSED
    assert said in refused.response.start_line
    assert (refused.tls.certificate is None) is (certificate is None)


def test_a_cps_is_admitted(platform):
    card = platform.descriptor["professionnels"][0]["carte"]["authentification"]
    with client(platform, card) as http:
        assert http.get(url(platform, "demo-mtls")).status_code == 200


def test_a_client_that_does_not_know_the_authority_is_explained(platform):
    before = platform.kernel.journal.position()
    with httpx.Client(trust_env=False) as http, pytest.raises(httpx.ConnectError):
        http.get(url(platform))
    refused = wait_for(platform, lambda e: e.position > before)
    assert refused.operation == "TLS"
    assert refused.outcome is Outcome.FAILED
    assert "confiance/autorites.pem" in refused.response.start_line


def test_a_wrong_name_is_explained(platform):
    before = platform.kernel.journal.position()
    context = trust(platform)
    with opened(platform) as raw, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(raw, server_hostname="ailleurs.banc.invalid")
    refused = wait_for(platform, lambda e: e.position > before)
    assert refused.host == "ailleurs.banc.invalid"
    assert "demo.banc.invalid" in refused.response.start_line


def test_plain_http_on_a_tls_port_is_explained(platform):
    before = platform.kernel.journal.position()
    with httpx.Client(trust_env=False) as http, pytest.raises(httpx.TransportError):
        http.get(url(platform).replace("https:", "http:"))
    refused = wait_for(platform, lambda e: e.position > before)
    assert "https://" in refused.response.start_line


def test_an_old_version_of_tls_is_refused_and_explained(platform):
    before = platform.kernel.journal.position()
    hello = (
        bytes.fromhex("16030100310100002d0301")
        + bytes(32)
        + bytes.fromhex("000006c013c014002f01")
        + b"\0"
    )
    with opened(platform) as raw:
        raw.sendall(hello)
        while raw.recv(4096):
            pass
    refused = wait_for(platform, lambda e: e.position > before)
    assert refused.error_code == "UNSUPPORTED_PROTOCOL"
    assert refused.tls.offered_versions == ("TLSv1",)
    assert refused.tls.offered_ciphers == (0xC013, 0xC014, 0x002F)
    assert "TLS 1.2" in refused.response.start_line


def test_a_connection_that_says_nothing_is_no_handshake(platform):
    before = platform.kernel.journal.position()
    opened(platform).close()
    with client(platform) as http:
        http.get(url(platform))
    assert [e.operation for e in platform.kernel.journal.read(before)] == ["lire"]


def test_a_service_that_breaks_answers_500_and_undoes_its_writes(platform):
    state = platform.state()["demo"]
    with client(platform) as http:
        answer = http.get(url(platform, path="/panne"))
    assert answer.status_code == 500
    assert "journal" in answer.text
    assert "Traceback" not in answer.text
    assert platform.state()["demo"] == state
    assert last(platform).outcome is Outcome.FAILED
    assert last(platform).operation == "panne"


def test_an_answer_that_cannot_be_sent_is_a_breakdown(platform):
    with client(platform) as http:
        assert http.get(url(platform, path="/entete")).status_code == 500
    assert last(platform).response.status == 500


def test_both_loopback_addresses_answer(platform):
    try:
        raw = socket.create_connection(("::1", port(platform)), timeout=10)
    except OSError:
        pytest.skip("cette machine n'a pas d'IPv6 local")
    with raw, trust(platform).wrap_socket(raw, server_hostname="localhost") as secured:
        secured.sendall(b"GET /notes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert secured.recv(65536).startswith(b"HTTP/1.1 200")
    assert last(platform).peer.startswith("[::1]:")


def test_the_service_says_the_outcome_and_the_operation(platform):
    with client(platform) as http:
        assert http.get(url(platform, path="/metier")).status_code == 200
    exchange = last(platform)
    assert exchange.outcome is Outcome.REFUSED
    assert (exchange.operation, exchange.error_code) == ("metier2", "M1")


def test_an_unknown_path_and_a_wrong_method_are_journaled(platform):
    with client(platform) as http:
        assert http.get(url(platform, path="/ailleurs")).status_code == 404
        wrong = http.put(url(platform, path="/notes"))
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"
    assert [e.error_code for e in exchanges(platform, "demo")[-2:]] == ["http-404", "http-405"]


def test_a_body_above_the_limit_is_refused_and_found_again(platform):
    with client(platform) as http:
        answer = http.post(url(platform, path="/notes"), content=b"x" * 150_000)
        assert answer.status_code == 413
        assert http.get(url(platform)).status_code == 200
    refused = exchanges(platform, "demo")[-2]
    assert refused.error_code == "http-413"
    assert len(refused.request.body) == 64 * 1024


def test_an_endless_body_is_cut(platform):
    octets = b"POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"
    # Twice the limit is dropped before the cut; who sends far beyond may lose the answer.
    assert talk(platform, octets + b"x" * 210_000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "octets",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /notes/1\r\n\r\n",
        b"GET /notes/1 HTTP/1.1\r\nContent-Length: -5\r\nHost: a\r\n\r\n",
        b"GET /" + b"a" * 70_000,
        b"GET /notes/1 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_400_and_journaled(platform, octets):
    before = platform.kernel.journal.position()
    assert talk(platform, octets).startswith(b"HTTP/1.1 400")
    noted = wait_for(platform, lambda e: e.position > before)
    assert noted.error_code == "http-illisible"
    assert noted.request.body
    with client(platform) as http:
        assert http.get(url(platform)).status_code == 200


def test_a_request_left_half_way_is_journaled(platform):
    before = platform.kernel.journal.position()
    context = trust(platform)
    with opened(platform) as raw:
        secured = context.wrap_socket(raw, server_hostname="localhost")
        secured.sendall(b"POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc")
        secured.close()
    left = wait_for(platform, lambda e: e.position > before)
    assert left.outcome is Outcome.UNANSWERED
    assert left.error_code == "corps-incomplet"
    assert left.request.body in (b"", b"abc")


def test_a_half_closed_connection_harms_nobody(platform):
    before = platform.kernel.journal.position()
    with (
        opened(platform) as raw,
        trust(platform).wrap_socket(raw, server_hostname="localhost") as secured,
    ):
        secured.sendall(b"GET /notes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        secured.shutdown(socket.SHUT_WR)
        while secured.recv(65536):
            pass
    assert wait_for(platform, lambda e: e.position > before).operation == "lire"
    with client(platform) as http:
        assert http.get(url(platform)).status_code == 200


def test_a_broken_chunk_is_one_exchange(platform):
    before = platform.kernel.journal.position()
    head = b"POST /notes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    talk(platform, head + b"5\r\nabcde\r\nzz\r\n")
    wait_for(platform, lambda e: e.position > before)
    with client(platform) as http:
        http.get(url(platform))
    seen = platform.kernel.journal.read(before)
    assert [e.error_code for e in seen] == ["corps-incomplet", None]


def test_pipelined_requests_are_answered_in_order(platform):
    one = b"GET /notes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    two = b"GET /ailleurs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    received = talk(platform, one + two)
    assert received.index(b"200 OK") < received.index(b"404 Not Found")


def test_an_answer_leaves_in_one_write(platform):
    # Head and body in one TLS record: nothing for a delayed acknowledgement to wait for.
    context = trust(platform)
    with opened(platform) as raw, context.wrap_socket(raw, server_hostname="localhost") as secured:
        secured.sendall(b"GET /notes/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = secured.recv(65536)
    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith("première".encode())


def test_headers_keep_their_order_and_their_case(platform):
    headers = b"hOST: localhost\r\nB: 1\r\nA: 2\r\nB: 3\r\nConnection: close"
    talk(platform, b"GET /notes/1 HTTP/1.1\r\n" + headers + b"\r\n\r\n")
    assert last(platform).request.headers == (
        ("hOST", "localhost"),
        ("B", "1"),
        ("A", "2"),
        ("B", "3"),
        ("Connection", "close"),
    )


def test_connections_of_the_bench_never_wait_for_an_acknowledgement(platform, monkeypatch):
    seen = []
    made = Connection.connection_made

    def note(self, transport):
        raw = transport.get_extra_info("socket")
        seen.append(raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(self, transport)

    monkeypatch.setattr(Connection, "connection_made", note)
    with client(platform) as http:
        http.get(url(platform))
    assert len(seen) == 1
    assert seen[0] != 0
