from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import respx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from reference_impl.revocation import Revocations, RevokedError

URL = "http://igc.test/crl/organisations.crl"
NOW = datetime.now(UTC)


class Authority:
    """An authority that signs certificates and lists."""

    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.issue(1)

    def issue(self, serial: int, url: str | None = None) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.key.public_key())
            .serial_number(serial)
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=1))
        )
        if url:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), False)
        return builder.sign(self.key, hashes.SHA256())

    def crl(self, *revoked: int, age: timedelta = timedelta()) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(NOW - timedelta(hours=1) - age)
            .next_update(NOW + timedelta(days=1) - age)
        )
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(entry.revocation_date(NOW).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("AC ORGANISATIONS")


@pytest.fixture
def revocations(authority: Authority, tmp_path: Path) -> Revocations:
    trust = tmp_path / "autorites.pem"
    trust.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    return Revocations(trust)


@respx.mock
def test_a_certificate_of_the_list_is_refused_and_others_pass(
    authority: Authority, revocations: Revocations
) -> None:
    route = respx.get(URL).respond(content=authority.crl(666))
    revocations.check(authority.issue(7, URL))
    with pytest.raises(RevokedError) as refusal:
        revocations.check(authority.issue(666, URL))
    assert refusal.value.verify_message == "certificat du serveur révoqué"
    assert route.call_count == 1


@respx.mock
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(200, content=b"pas une CRL"),
        httpx.ConnectError("refusé"),
    ],
)
def test_without_a_list_nobody_is_trusted(
    authority: Authority, revocations: Revocations, answer: httpx.Response | Exception
) -> None:
    respx.get(URL).mock(side_effect=[answer])
    with pytest.raises(RevokedError, match="indisponible"):
        revocations.check(authority.issue(7, URL))


@respx.mock
def test_a_list_of_another_authority_is_no_list(
    authority: Authority, revocations: Revocations
) -> None:
    respx.get(URL).respond(content=Authority("AC ORGANISATIONS").crl())
    with pytest.raises(RevokedError, match="indisponible"):
        revocations.check(authority.issue(7, URL))


@respx.mock
def test_a_list_out_of_date_is_refused(authority: Authority, revocations: Revocations) -> None:
    respx.get(URL).respond(content=authority.crl(age=timedelta(days=9)))
    with pytest.raises(RevokedError, match="périmée"):
        revocations.check(authority.issue(7, URL))


@respx.mock
def test_a_list_still_valid_serves_when_the_next_cannot_be_had(
    authority: Authority, revocations: Revocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [httpx.Response(200, content=authority.crl(666)), httpx.Response(503)]
    route = respx.get(URL).mock(side_effect=answers)
    monkeypatch.setattr("reference_impl.revocation._FRESH", timedelta())
    revocations.check(authority.issue(7, URL))
    revocations.check(authority.issue(8, URL))
    assert route.call_count == 2


def test_a_certificate_that_names_no_list_passes(
    authority: Authority, revocations: Revocations
) -> None:
    with respx.mock(assert_all_called=False) as router:
        revocations.check(authority.issue(7))
        assert router.calls.call_count == 0
