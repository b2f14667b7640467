from datetime import UTC, datetime

import pytest

from rules.formats.certificate import Certificate, attribute_of, same_name
from tests.rules.certificates import authority, cps, organisation

NOW = datetime(2026, 3, 12, tzinfo=UTC)


def test_what_a_card_says_of_its_holder() -> None:
    certificate = Certificate.from_der(cps().der)
    assert certificate.common_name == "810999990012"
    assert certificate.issuer_common_name == "BANC AC PERSONNES"
    assert certificate.named("GIVENNAME=LOUISE+SURNAME=TESTMEDECIN+CN=810999990012,T=Médecin,C=FR")


def test_an_organisation_is_told_by_its_unit() -> None:
    certificate = Certificate.from_pem(organisation().pem)
    assert (certificate.common_name, certificate.organizational_unit) == ("INSI-MANU", "1330999004")
    assert certificate.for_tls_client


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=a,OU=b,C=FR", "C=FR, OU=b, CN=A"),
        ("cn=a, c=fr", "CN=A,C=FR"),
        ("SN=X + GN=Y, C=FR", "GIVENNAME=Y+SURNAME=X,C=FR"),
        ("2.5.4.42=#0c064c4f55495345,C=FR", "GIVENNAME=Louise,C=FR"),
        (r"O=Soins\, Essais,C=FR", r"O=Soins\2C Essais,C=FR"),
    ],
)
def test_one_name_written_two_ways(one: str, other: str) -> None:
    assert same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("CN=a,C=FR", "CN=b,C=FR"), ("CN=a", "CN=a,C=FR"), ("", ""), ("n'importe quoi", "CN=a")],
)
def test_two_names(one: str, other: str) -> None:
    assert not same_name(one, other)


def test_attribute_of_a_name() -> None:
    assert attribute_of("GN=Louise+CN=810999990012,C=FR", "cn") == "810999990012"
    assert attribute_of("pas un nom", "CN") is None


def test_chain_to_an_anchor() -> None:
    certificate = Certificate.from_der(cps().der)
    assert certificate.chain_problem([authority().der], NOW) is None


def test_foreign_authority_of_the_same_name_does_not_fool_the_chain() -> None:
    impostor = authority(foreign=True)
    certificate = Certificate.from_der(cps().der)
    problem = certificate.chain_problem([impostor.der], NOW)
    assert problem is not None
    assert "BANC AC PERSONNES" in problem.found


@pytest.mark.parametrize("year", [2024, 2032])
def test_outside_its_dates(year: int) -> None:
    certificate = Certificate.from_der(cps().der)
    problem = certificate.chain_problem([authority().der], datetime(year, 6, 1, tzinfo=UTC))
    assert problem is not None
    assert "2025-01-01" in problem.found


def test_without_instant_dates_are_not_looked_at() -> None:
    expired = organisation(end=datetime(2025, 6, 1, tzinfo=UTC))
    certificate = Certificate.from_der(expired.der)
    anchors = [authority("BANC AC ORGANISATIONS").der]
    assert certificate.chain_problem(anchors) is None
    assert certificate.chain_problem(anchors, NOW) is not None


def test_a_leaf_is_no_authority_for_another() -> None:
    certificate = Certificate.from_der(cps().der)
    assert not certificate.issued_by(Certificate.from_der(organisation().der))
    assert not certificate.is_authority
    assert Certificate.from_der(authority().der).is_authority
