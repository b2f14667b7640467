"""The test hierarchy: profiles, variants, determinism, exports."""

from __future__ import annotations

import multiprocessing
import re
import struct
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from simulators.errors import PkiError
from simulators.pki import KeyCache, Pki
from simulators.pki.hierarchy import CARD_VARIANTS, VARIANTS
from simulators.pki.revocation import ocsp_answer, revocation_list
from simulators.pki.truststore import jks
from tests.shared_data import GOLDEN, needs_shared

LOUISE = "cps-810999990012"
AT = datetime(2026, 3, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pki():
    made = Pki(seed=1, at=AT)
    made.publish_at("http://127.0.0.1:4080")
    return made


def raw(certificate, oid):
    return certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value.value


def usages(certificate):
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    return {name for name in names if getattr(usage.value, name)}


def purposes(certificate):
    return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_names_of_the_bench_are_never_those_of_the_real_authority(pki):
    for authority in pki.authorities():
        subject = authority.certificate.subject.rfc4514_string()
        assert "BANC" in subject
        assert "ASIP" not in subject


def test_the_subject_of_a_cps_has_one_rdn_of_three_values(pki):
    subject = pki.credential(f"{LOUISE}-auth").certificate.subject
    country, title, person = subject.rdns
    assert country.rfc4514_string() == "C=FR"
    assert next(iter(title)).value == "Médecin"
    assert {(a.oid, a.value) for a in person} == {
        (NameOID.GIVEN_NAME, "LOUISE"),
        (NameOID.COMMON_NAME, "810999990012"),
        (NameOID.SURNAME, "TESTMEDECIN"),
    }


def test_the_two_certificates_of_a_cps_are_told_by_their_usage(pki):
    authentication = pki.credential(f"{LOUISE}-auth").certificate
    signature = pki.credential(f"{LOUISE}-sign").certificate
    assert usages(authentication) == {"digital_signature", "key_encipherment"}
    assert purposes(authentication) == {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.SMARTCARD_LOGON,
    }
    assert usages(signature) == {"content_commitment"}
    assert purposes(signature) == {ExtendedKeyUsageOID.EMAIL_PROTECTION}
    for each in (authentication, signature):
        assert "FORT PERSONNES" in each.issuer.rfc4514_string()
        assert raw(each, "1.2.250.1.71.1.2.5") == b"\x04\x01\x80"
        assert raw(each, "1.2.250.1.71.1.2.2") == b"\x02\x01\x00"
        assert re.fullmatch(rb"\x13\x158025000001/28\d{8}", raw(each, "1.2.250.1.71.1.2.3"))
        assert raw(each, "1.2.250.1.71.1.2.7") == b"\x02\x01\x0a"
        assert raw(each, "1.2.250.1.71.4.2.5") == b"\x30\x06\x0c\x04SM54"


@pytest.mark.parametrize(
    ("name", "common_name", "signs"),
    [
        ("org-insi-auto", "INSI-AUTO", False),
        ("org-insi-manu", "INSI-MANU", False),
        ("org-auth-cli", "BANC AUTH CLI", False),
        ("org-sign", "BANC SIGN", True),
    ],
)
def test_organisation_certificates(pki, name, common_name, signs):
    certificate = pki.credential(name).certificate
    value = {a.oid: a.value for a in certificate.subject}
    assert value[NameOID.COMMON_NAME] == common_name
    assert value[NameOID.ORGANIZATIONAL_UNIT_NAME] == "1330999004"
    assert "ELEMENTAIRE ORGANISATIONS" in certificate.issuer.rfc4514_string()
    assert ("content_commitment" in usages(certificate)) is signs
    client = ExtendedKeyUsageOID.CLIENT_AUTH in purposes(certificate)
    assert client is not signs


@needs_shared
@pytest.mark.parametrize(
    ("golden", "ours"),
    [
        ("insi/certs/org-insi-manu.pem", "org-insi-manu"),
        ("dmp/certs/org-dmp-signature.pem", "org-sign"),
        ("insi/certs/cps-authentification.pem", f"{LOUISE}-auth"),
        ("insi/certs/cps-signature.pem", f"{LOUISE}-sign"),
    ],
)
def test_profiles_have_all_that_the_golden_certificates_have(pki, golden, ours):
    theirs = x509.load_pem_x509_certificate((GOLDEN / golden).read_bytes())
    mine = pki.credential(ours).certificate
    assert {e.oid for e in theirs.extensions} <= {e.oid for e in mine.extensions}
    assert usages(theirs) == usages(mine)
    assert purposes(theirs) <= purposes(mine)
    ignored = {NameOID.COMMON_NAME} if ours == "org-sign" else set()
    attributes = [
        {(a.oid, a.value) for a in c.subject if a.oid not in ignored} for c in (theirs, mine)
    ]
    assert attributes[0] == attributes[1]


def test_a_server_has_its_official_name_and_the_local_ones(pki):
    names = ("qualiflps.services-ps.ameli.fr", "localhost", "127.0.0.1")
    certificate = pki.server_credential(names).certificate
    san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert san.get_values_for_type(x509.DNSName) == [*names[:2]]
    assert [str(ip) for ip in san.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert "CN=qualiflps.services-ps.ameli.fr" in certificate.subject.rfc4514_string()


def test_one_seed_and_one_year_give_one_certificate(pki):
    again = Pki(seed=1, at=datetime(2026, 11, 2, tzinfo=UTC))
    again.publish_at("http://127.0.0.1:4080")
    other = Pki(seed=2, at=AT)
    other.publish_at("http://127.0.0.1:4080")
    name = "org-insi-manu"
    assert again.credential(name).der == pki.credential(name).der
    numbers = [p.credential(name).certificate.serial_number for p in (pki, other)]
    assert numbers[0] != numbers[1]


def test_every_certificate_has_its_own_number(pki):
    names = [f"{n}{v}" for n in pki.names for v in ("", *(f".{v}" for v in VARIANTS))]
    numbers = [pki.credential(n).certificate.serial_number for n in names]
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 2**159 for number in numbers)


def test_variants_differ_from_the_right_certificate_by_one_thing(pki):
    right = pki.credential("org-auth-cli")
    expired = pki.credential("org-auth-cli.expire").certificate
    assert expired.not_valid_after_utc < AT < right.certificate.not_valid_after_utc
    assert expired.issuer == right.certificate.issuer
    foreign = pki.credential("org-auth-cli.autre-ac").certificate
    assert "ETRANGERE" in foreign.issuer.rfc4514_string()
    other = pki.credential("org-auth-cli.autre-gamme").certificate
    assert "FORT ORGANISATIONS" in other.issuer.rfc4514_string()
    card = pki.credential(f"{LOUISE}-auth.autre-gamme").certificate
    assert "ELEMENTAIRE PERSONNES" in card.issuer.rfc4514_string()
    for variant in (expired, foreign, other):
        assert variant.subject == right.certificate.subject
        assert variant.public_key() == right.certificate.public_key()


def test_signatures_chain_to_the_anchors_or_not(pki):
    issuers = {x509.load_der_x509_certificate(der).subject: der for der in pki.anchors}
    for name in pki.names:
        right = pki.credential(name).certificate
        issuer = x509.load_der_x509_certificate(issuers[right.issuer])
        right.verify_directly_issued_by(issuer)
        for variant in ("autre-ac", "autre-gamme"):
            assert pki.credential(f"{name}.{variant}").certificate.issuer not in issuers


def test_an_unknown_certificate_is_said_in_french(pki):
    for name in ("org-insi-manuel", "org-insi-manu.perdu", ""):
        with pytest.raises(PkiError, match=r"Certificat inconnu.*org-insi-manu.*expire"):
            pki.credential(name)


def test_publication_points_are_written_in_certificates(pki):
    certificate = pki.credential("org-sign").certificate
    points = certificate.extensions.get_extension_for_oid(ExtensionOID.CRL_DISTRIBUTION_POINTS)
    (point,) = points.value
    assert point.full_name[0].value == "http://127.0.0.1:4080/crl/organisations.crl"
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert {d.access_location.value for d in access} == {
        "http://127.0.0.1:4080/ocsp/organisations",
        "http://127.0.0.1:4080/ac/organisations.cer",
    }


def test_the_crl_lists_the_revoked_variants_and_no_other(pki):
    crl = revocation_list(pki, "organisations")
    assert crl.is_signature_valid(pki.authority("organisations").key.public_key())
    revoked = pki.credential("org-sign.revoque").certificate
    right = pki.credential("org-sign").certificate
    assert crl.get_revoked_certificate_by_serial_number(revoked.serial_number) is not None
    assert crl.get_revoked_certificate_by_serial_number(right.serial_number) is None
    card = pki.credential(f"{LOUISE}-auth.revoque").certificate
    assert crl.get_revoked_certificate_by_serial_number(card.serial_number) is None
    assert crl.last_update_utc < datetime.now(UTC) < crl.next_update_utc
    assert revocation_list(pki, "organisations", expired=True).next_update_utc < datetime.now(UTC)


def asked(pki, name, nonce=None):
    credential = pki.credential(name)
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        credential.certificate, credential.chain[0], hashes.SHA1()
    )
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("org-sign", "good"),
        ("org-sign.revoque", "revoked"),
        (f"{LOUISE}-sign.revoque", "revoked"),
        (f"{LOUISE}-sign.autre-gamme", "good"),
    ],
)
def test_ocsp_says_the_status(pki, name, status):
    content, said = ocsp_answer(pki, asked(pki, name, b"n" * 16))
    answer = ocsp.load_der_ocsp_response(content)
    assert said == status
    assert answer.certificate_status is ocsp.OCSPCertStatus[status.upper()]
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 16


def test_ocsp_can_be_made_not_to_know(pki):
    assert ocsp_answer(pki, asked(pki, "org-sign"), unknown=True)[1] == "unknown"


@given(st.binary(max_size=200))
def test_ocsp_answers_anything(content):
    answer, status = ocsp_answer(OCSP_PKI, content)
    assert status in ("malformed", "unauthorized")
    assert ocsp.load_der_ocsp_response(answer).response_status.name in (
        "MALFORMED_REQUEST",
        "UNAUTHORIZED",
    )


OCSP_PKI = Pki(seed=1, at=AT)


def test_pkcs12_and_truststores_are_read_back(pki, tmp_path):
    parts = pki.write(tmp_path)
    files = parts["certificats"]["org-insi-manu"]
    content = (tmp_path / files["p12"]).read_bytes()
    key, certificate, chain = pkcs12.load_key_and_certificates(content, b"banc")
    assert certificate == pki.credential("org-insi-manu").certificate
    assert key.public_key() == certificate.public_key()
    assert len(chain) == 2
    trusted = x509.load_pem_x509_certificates((tmp_path / parts["confiance"]["pem"]).read_bytes())
    store = pkcs12.load_pkcs12((tmp_path / parts["confiance"]["p12"]).read_bytes(), b"banc")
    assert {c.certificate for c in store.additional_certs} == set(trusted)
    assert len(parts["certificats"]) == len(pki.names) * (1 + len(VARIANTS))
    for described in parts["certificats"].values():
        chain = x509.load_pem_x509_certificates((tmp_path / described["chaine"]).read_bytes())
        assert chain[0].issuer == chain[1].subject


def test_the_trust_given_to_products_has_no_authority_of_another_gamme(pki, tmp_path):
    pem = (tmp_path / pki.write(tmp_path)["confiance"]["pem"]).read_bytes()
    subjects = [c.subject.rfc4514_string() for c in x509.load_pem_x509_certificates(pem)]
    assert len(subjects) == 2
    assert all("ELEMENTAIRE" in subject for subject in subjects)


def test_a_java_keystore_has_its_magic_and_its_entries(pki):
    certificate = pki.authority("racine-elementaire").certificate
    content = jks((("racine", certificate), ("encore", certificate)))
    assert struct.unpack(">III", content[:12]) == (0xFEEDFEED, 2, 2)


def draw(folder, name, queue):
    queue.put(KeyCache(folder).key(name).public_key().public_numbers().n)


def test_two_processes_draw_one_key(tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    drawers = [context.Process(target=draw, args=(tmp_path, "essai", queue)) for _ in range(2)]
    for process in drawers:
        process.start()
    drawn = {queue.get(timeout=60) for _ in drawers}
    for process in drawers:
        process.join()
    assert len(drawn) == 1
    assert [p.name for p in (tmp_path / "cles").iterdir()] == ["essai.2048.der"]


def test_a_damaged_key_is_drawn_again(tmp_path):
    (tmp_path / "cles").mkdir()
    (tmp_path / "cles" / "essai.2048.der").write_bytes(b"coupe")
    drawn = KeyCache(tmp_path).key("essai")
    assert KeyCache(tmp_path).key("essai").private_numbers() == drawn.private_numbers()


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path):
    (tmp_path / "fichier").write_bytes(b"")
    cache = KeyCache(tmp_path / "fichier")
    assert cache.key("essai") is cache.key("essai")


@pytest.mark.parametrize("name", [f"{LOUISE}-auth", f"{LOUISE}-sign"])
def test_the_key_of_a_card_serves_as_long_as_its_certificate(pki, name):
    certificate = pki.credential(name).certificate
    usage = certificate.extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
    assert usage.not_before.replace(tzinfo=UTC) == certificate.not_valid_before_utc
    assert usage.not_after.replace(tzinfo=UTC) == certificate.not_valid_after_utc


@pytest.mark.parametrize("variant", CARD_VARIANTS)
def test_card_variants_are_for_cards_only(pki, variant):
    spoilt = pki.credential(f"{LOUISE}-sign.{variant}").certificate
    assert spoilt.public_key() == pki.credential(f"{LOUISE}-sign").certificate.public_key()
    card = "1.2.250.1.71.1.2.3"
    assert raw(spoilt, card) == raw(pki.credential(f"{LOUISE}-auth").certificate, card)
    with pytest.raises(PkiError, match="Certificat inconnu"):
        pki.credential(f"org-sign.{variant}")
