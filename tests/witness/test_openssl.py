"""Witness: the ``openssl`` program, on certificates, CRL, OCSP and handshakes of the bench."""

from __future__ import annotations

import shutil
import subprocess
from urllib.parse import urlsplit

import httpx
import pytest

from simulators.testing import exchanges, running, wait_for
from tests.simulators.demo import Demo

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl n'est pas installé"),
]


@pytest.fixture(scope="module")
def platform():
    with running([Demo]) as started:
        yield started


def openssl(*arguments, given=b"", expect=None):
    done = subprocess.run(
        ["openssl", *map(str, arguments)], input=given, capture_output=True, timeout=60, check=False
    )
    if expect is not None:
        assert done.returncode == expect, done.stderr.decode()
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def part(platform, name, kind="certificat"):
    return platform.folder / platform.descriptor["certificats"][name][kind]


@pytest.fixture(scope="module")
def chain(platform, tmp_path_factory):
    """Authorities in PEM, fetched in DER from the publication point."""
    folder = tmp_path_factory.mktemp("ac")
    base = platform.descriptor["pki"]["publication"]
    for name in ("racine-elementaire", "organisations", "racine-fort", "personnes"):
        (folder / f"{name}.cer").write_bytes(httpx.get(f"{base}/ac/{name}.cer").content)
        openssl("x509", "-inform", "DER", "-in", folder / f"{name}.cer",
                "-out", folder / f"{name}.pem", expect=0)  # fmt: skip
    for issuer in ("organisations", "personnes", "racine-elementaire"):
        (folder / f"{issuer}.crl").write_bytes(httpx.get(f"{base}/crl/{issuer}.crl").content)
        openssl("crl", "-inform", "DER", "-in", folder / f"{issuer}.crl",
                "-out", folder / f"{issuer}.crl.pem", expect=0)  # fmt: skip
    return folder


def verify(platform, chain, name, *options):
    return openssl(
        "verify",
        "-CAfile", chain / "racine-elementaire.pem",
        "-untrusted", chain / "organisations.pem",
        "-CRLfile", chain / "organisations.crl.pem",
        "-crl_check",
        *options,
        part(platform, name),
    )  # fmt: skip


def test_chains_purposes_and_crl(platform, chain):
    assert ": OK" in verify(platform, chain, "org-insi-manu", "-purpose", "sslclient")
    assert ": OK" in verify(platform, chain, "org-sign", "-purpose", "smimesign")
    assert "unsuitable certificate purpose" in verify(
        platform, chain, "org-sign", "-purpose", "sslclient"
    )
    assert "certificate revoked" in verify(platform, chain, "org-insi-manu.revoque")
    assert "certificate has expired" in verify(platform, chain, "org-insi-manu.expire")
    for variant in ("autre-ac", "autre-gamme"):
        assert "unable to get local issuer" in verify(platform, chain, f"org-insi-manu.{variant}")


def test_crl_signatures_are_verified(chain):
    for issuer in ("organisations", "personnes", "racine-elementaire"):
        said = openssl("crl", "-inform", "DER", "-in", chain / f"{issuer}.crl",
                       "-CAfile", chain / f"{issuer}.pem", "-noout", expect=0)  # fmt: skip
        assert "verify OK" in said


def ocsp(platform, chain, name):
    base = platform.descriptor["pki"]["publication"]
    return openssl(
        "ocsp",
        "-issuer", chain / "organisations.pem",
        "-CAfile", chain / "racine-elementaire.pem",
        "-verify_other", chain / "organisations.pem",
        "-cert", part(platform, name),
        "-url", f"{base}/ocsp/organisations",
    )  # fmt: skip


def test_ocsp_is_verified_and_told(platform, chain):
    good = ocsp(platform, chain, "org-insi-manu")
    assert "Response verify OK" in good
    assert ": good" in good
    revoked = ocsp(platform, chain, "org-insi-manu.revoque")
    assert "Response verify OK" in revoked
    assert ": revoked" in revoked
    assert "keyCompromise" in revoked
    assert exchanges(platform, "pki")[-1].operation == "OCSP"


def test_ocsp_faults_reach_the_program(platform, chain):
    platform.kernel.faults.add("pki", "OCSP", fault="ocsp-inconnu")
    assert ": unknown" in ocsp(platform, chain, "org-insi-manu")
    platform.kernel.faults.add("pki", "OCSP", fault="http-503")
    assert "503" in ocsp(platform, chain, "org-insi-manu")


def test_pkcs12_is_opened(platform):
    said = openssl("pkcs12", "-in", part(platform, "org-insi-manu", "p12"),
                   "-passin", "pass:banc", "-nodes", "-info", expect=0)  # fmt: skip
    assert "CN=INSI-MANU" in said.replace(" ", "")
    assert "BEGIN PRIVATE KEY" in said


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_s_client_shows_its_certificate(platform, version):
    address = urlsplit(platform.descriptor["demo"]["demo-mtls"])
    before = platform.kernel.journal.position()
    said = openssl(
        "s_client", version,
        "-connect", f"127.0.0.1:{address.port}",
        "-servername", "demo.banc.invalid",
        "-verify_hostname", "demo.banc.invalid", "-verify_return_error",
        "-CAfile", platform.folder / "confiance/autorites.pem",
        "-cert", part(platform, "org-insi-auto", "chaine"),
        "-key", part(platform, "org-insi-auto", "cle"),
        "-ign_eof",
        given=b"GET /notes/1 HTTP/1.1\r\nHost: demo.banc.invalid\r\nConnection: close\r\n\r\n",
    )  # fmt: skip
    assert "HTTP/1.1 200 OK" in said
    assert "Verify return code: 0 (ok)" in said
    exchange = wait_for(platform, lambda e: e.position > before)
    assert exchange.host == exchange.tls.sni == "demo.banc.invalid"
    assert exchange.tls.version == version.replace("-tls1_", "TLSv1.")


def test_s_client_without_certificate_learns_why(platform):
    address = urlsplit(platform.descriptor["demo"]["demo-mtls"])
    said = openssl("s_client", "-connect", f"127.0.0.1:{address.port}", "-tls1_2")
    assert "alert handshake failure" in said
