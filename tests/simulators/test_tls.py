"""Reading ClientHello and Certificate messages, and explaining failures."""

from __future__ import annotations

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.exchange import TlsPeer
from simulators.pki import Pki
from simulators.tls import Hello, code_of, explain, read_certificate, read_hello, subject_of


def captured(context, hostname="lps.dmp.gouv.fr"):
    """The ClientHello that the ssl module of Python sends."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=hostname)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()[5:]  # without the record header


def test_a_hello_of_tls_1_3():
    context = ssl.create_default_context()
    hello = read_hello(captured(context))
    assert hello.versions == ("TLSv1.3", "TLSv1.2")
    assert hello.sni == "lps.dmp.gouv.fr"
    assert {0x1302, 0xC030} <= set(hello.ciphers)


def test_a_hello_of_tls_1_2():
    context = ssl.create_default_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES256-GCM-SHA384")
    hello = read_hello(captured(context))
    assert hello.versions == ("TLSv1.2",)
    assert 0xC030 in hello.ciphers
    assert 0x1302 not in hello.ciphers


def test_a_hello_without_extensions_and_with_grease():
    body = b"\x03\x03" + bytes(32) + b"\0" + b"\0\4\x0a\x0a\xc0\x2f" + b"\1\0"
    assert read_hello(b"\x01" + len(body).to_bytes(3, "big") + body) == Hello(
        ("TLSv1.2",), (0xC02F,), None
    )


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused(content):
    for reader in (read_hello, read_certificate):
        with contextlib.suppress(ValueError, IndexError):  # what the callback expects
            read = reader(content)
            assert read is None or isinstance(read, (Hello, bytes))


def test_certificate_messages_of_both_versions():
    der = Pki().credential("org-sign").der
    entry = len(der).to_bytes(3, "big") + der
    old = len(entry).to_bytes(3, "big") + entry
    new = b"\0" + (len(entry) + 2).to_bytes(3, "big") + entry + b"\0\0"
    for body in (old, new):
        assert read_certificate(b"\x0b" + len(body).to_bytes(3, "big") + body) == der
    assert read_certificate(b"\x0b\0\0\3\0\0\0") is None


def failure(reason):
    error = ssl.SSLError()
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", "autorites.pem"),
        ("NO_SHARED_CIPHER", "suite"),
        ("UNSUPPORTED_PROTOCOL", "TLS 1.2"),
        ("HTTP_REQUEST", "https://"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "expiré"),
        ("QUELQUE_CHOSE", "QUELQUE_CHOSE"),
    ],
)
def test_failures_are_explained_in_french(reason, said):
    assert said in explain(failure(reason), TlsPeer())
    assert code_of(failure(reason)) == reason


def test_a_client_that_leaves_is_explained():
    assert "fermé la connexion" in explain(None, TlsPeer())
    assert code_of(None) == "FERMETURE"


def test_the_name_asked_is_told_with_those_of_the_certificate():
    peer = TlsPeer(sni="ailleurs.fr")
    assert "lps.dmp.gouv.fr" in explain(None, peer, ("lps.dmp.gouv.fr", "localhost"))
    assert "SNI" not in explain(None, TlsPeer(), ("lps.dmp.gouv.fr",))


def test_a_refused_certificate_is_named():
    der = Pki().credential("org-insi-manu.expire").der
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = 10, "certificate has expired"
    said = explain(error, TlsPeer(certificate=der))
    assert "CN=INSI-MANU" in said
    assert "expiré" in said
    assert subject_of(b"x") == "illisible"
