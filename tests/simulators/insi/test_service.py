"""INSi over real sockets and mutual TLS."""

from __future__ import annotations

import httpx
import pytest

from rules.exchange import Outcome
from rules.formats.insi_answer import InsiAnswer, InsiFault
from simulators.platform import Platform
from simulators.store import Unit
from tests.rules.insi.messages import CARD_ACTION
from tests.simulators.insi.lps import Lps, card, read, traits

CAMILLE = "285073306304208"


def change(platform: Platform, **told: object) -> None:
    with platform.kernel.unit() as unit:
        platform.services["insi"].set_state(unit, told)


def code(answer: InsiAnswer | InsiFault | None) -> str | None:
    assert answer is not None
    return answer.code


def test_found_by_organisation_certificate(lps: Lps) -> None:
    answer = lps.search(traits())
    assert isinstance(answer, InsiAnswer)
    assert answer.individual is not None
    assert answer.individual.active.ins == CAMILLE
    exchange = lps.last()
    assert exchange.operation == "rechercherInsAvecTraitsIdentite"
    assert exchange.outcome is Outcome.ACCEPTED
    assert exchange.correlation.patient == CAMILLE
    assert exchange.correlation.software == "d3119009-340f-4651-b660-6dc245ebd83b"
    assert exchange.tls is not None
    assert exchange.tls.certificate is not None
    assert lps.findings() == []


@pytest.mark.parametrize("certificate", ["cps-810999990012-auth", None])
def test_found_under_the_assertion_of_a_card(lps: Lps, certificate: str | None) -> None:
    response = lps.post(lps.by_card(traits()), address="cpx", certificate=certificate)
    assert response.status_code == 200
    assert code(read(response)) == "00"
    assert lps.last().correlation.professional == "810999990012"
    assert lps.findings() == []


def test_nobody_and_several(lps: Lps) -> None:
    assert code(lps.search(traits("HOUILLES", "PIERRE", "M", "1993-01-27"))) == "01"
    assert lps.last().outcome is Outcome.ACCEPTED
    assert lps.last().error_code == "01"
    assert code(lps.search(traits("DE VINCI", "LEONARDO", "M", "2014-02-01"))) == "02"
    assert lps.last().correlation.patient is None


def test_found_by_card(lps: Lps) -> None:
    answer = lps.search(card("2850733063042", "2850733063042", "1985-07-12"))
    assert isinstance(answer, InsiAnswer)
    assert answer.individual is not None
    assert answer.individual.active.ins == CAMILLE
    assert lps.last().operation == "rechercherInsAvecCarteVitale"
    assert lps.findings() == []


@pytest.mark.parametrize("first", [True, False])
def test_an_assertion_of_the_carte_vitale_may_stand_beside(lps: Lps, first: bool) -> None:
    """What it holds is unknown (sheet §2.8 D): any is taken, wherever it stands."""
    vitale = (
        '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_cv" Version="2.0" '
        'IssueInstant="2020-01-01T00:00:00Z"><Issuer>carte Vitale</Issuer></Assertion>'
    )
    body = card("2850733063042", "2850733063042", "1985-07-12")
    xml = lps.by_card(body)
    mark = "<a:Assertion" if first else "</wsse:Security>"
    assert xml.count(mark) == 1
    xml = xml.replace(mark, vitale + mark).replace("TraitsIdentite", "CarteVitale")
    assert code(read(lps.post(xml, address="cpx"))) == "00"
    assert lps.last().correlation.professional == "810999990012"
    assert lps.findings() == []


def test_official_case_1_10_is_a_nia_by_card_only(lps: Lps) -> None:
    by_card = lps.search(card("1090763220834", "1090763220834", "2009-07-14"))
    by_traits = lps.search(traits("ECETINSI", "PIERRE-ALAIN", "M", "2009-07-14"))
    oids = [a.individual.active.oid for a in (by_card, by_traits) if a and a.individual]  # type: ignore[union-attr]
    assert oids == ["1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.8"]


def test_organisation_certificate_is_demanded_by_the_handshake(lps: Lps) -> None:
    with pytest.raises(httpx.TransportError):
        lps.post(lps.message(traits()), certificate=None)


def test_wrong_name_in_the_organisation_certificate(lps: Lps) -> None:
    answer = lps.search(traits(), certificate="org-auth-cli")
    assert isinstance(answer, InsiFault)
    assert answer.code == "desir_560"
    assert lps.findings() == ["INS-W-09"]


@pytest.mark.parametrize("variant", ["expire", "autre-ac", "autre-gamme"])
def test_wrong_organisation_certificate_is_refused_by_the_handshake(lps: Lps, variant: str) -> None:
    with pytest.raises(httpx.TransportError):
        lps.search(traits(), certificate=f"org-insi-manu.{variant}")
    assert code(lps.search(traits())) == "00"
    assert lps.findings() == []


def test_rule_on_the_certificate_name_can_be_set_aside(lps: Lps) -> None:
    change(lps.platform, controle_cn=False)
    assert code(lps.search(traits(), certificate="org-auth-cli")) == "00"


def test_unknown_software(lps: Lps) -> None:
    response = lps.post(lps.message(traits()).replace("TSTBANC00042", "TSTINCONNU99"))
    answer = read(response)
    assert isinstance(answer, InsiFault)
    assert (response.status_code, answer.code) == (500, "desir_550")
    assert answer.message_id is not None
    assert lps.last().outcome is Outcome.REFUSED
    change(lps.platform, idam=["TSTINCONNU99"])
    response = lps.post(lps.message(traits()).replace("TSTBANC00042", "TSTINCONNU99"))
    assert response.status_code == 200


def test_card_address_demands_an_assertion(lps: Lps) -> None:
    response = lps.post(lps.message(traits()), address="cpx")
    assert code(read(response)) == "desir_9004"


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"issued": "2020-01-01T00:00:00Z"}, "desir_9001"),
        ({"signed": False}, "desir_9002"),
        ({"name_id": "810999990178"}, "desir_9003"),
        ({"credential": "cps-810999990012-auth"}, "desir_9003"),
        ({"credential": "cps-810999990012-sign.autre-ac"}, "desir_9003"),
        ({"credential": "cps-810999990012-sign.expire"}, "desir_9003"),
    ],
)
def test_assertions_refused(lps: Lps, told: dict[str, object], error: str) -> None:
    response = lps.post(lps.by_card(traits(), **told), address="cpx")
    assert code(read(response)) == error
    assert lps.findings() != []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (traits(""), "insi_19"),
        (traits(sex="I"), "insi_24"),
        (traits(sex=""), "insi_24"),
        (traits(given=""), "insi_9001"),
        (traits(birth=""), "insi_9002"),
        (traits("Testavril"), "insi_9003"),
        (traits(birth="1985-13-45"), "insi_9005"),
        (traits(place="BORDEAUX"), "insi_9006"),
    ],
)
def test_fields_refused(lps: Lps, body: str, error: str) -> None:
    answer = lps.search(body)
    assert isinstance(answer, InsiFault)
    assert (answer.code, answer.fault.code) == (error, "Sender")
    assert answer.message_id is None
    assert lps.last().error_code == error


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 9))
    + b"]><a>&a8;</a>"
)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"pas du xml",
        b"<a/>",
        b"\xff\xfe\x00",
        BOMB,
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x"><a/>',
        b"<a>" * 5000,
    ],
)
def test_bad_input_gets_a_fault_and_a_finding_and_the_service_goes_on(
    lps: Lps, octets: bytes
) -> None:
    response = lps.post(octets)
    assert response.status_code == 500
    assert code(read(response)) == "desir_9010"
    assert response.headers["content-type"].startswith("application/soap+xml")
    assert lps.last().operation == "?"
    assert lps.findings() == ["INS-W-01"]
    assert code(lps.search(traits())) == "00"


def test_truncated_message(lps: Lps) -> None:
    assert code(read(lps.post(lps.message(traits())[:700]))) == "desir_9010"


def test_wrong_content_type_and_soap_11(lps: Lps) -> None:
    assert code(read(lps.post(lps.message(traits()), content_type="text/xml"))) == "desir_9010"
    old = lps.message(traits()).replace(
        "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"
    )
    assert code(read(lps.post(old))) == "desir_9010"
    assert lps.findings() == ["INS-W-01", "INS-W-01"]


def test_unknown_operation(lps: Lps) -> None:
    answer = lps.search('<verifierIns xmlns="urn:x"/>')
    assert code(answer) == "desir_9011"


def test_action_of_another_operation_is_served_and_noted(lps: Lps) -> None:
    response = lps.post(lps.message(traits(), action=CARD_ACTION))
    assert response.status_code == 200
    assert lps.findings() == ["INS-W-02"]


def test_too_large_a_body(lps: Lps) -> None:
    try:
        status = lps.post(b" " * (2 * 1024 * 1024)).status_code
    except httpx.TransportError:
        status = 413  # closed while we were still sending
    assert status == 413
    assert code(lps.search(traits())) == "00"


@pytest.mark.parametrize("name", ["desir_1020", "insi_102", "insi_111", "desir_550"])
def test_injected_errors(lps: Lps, name: str) -> None:
    lps.platform.kernel.faults.add("insi", fault=name)
    answer = lps.search(traits())
    assert isinstance(answer, InsiFault)
    assert answer.code == name
    assert lps.last().fault == name
    assert lps.last().correlation.software is not None
    assert code(lps.search(traits())) == "00"


def test_injected_lies(lps: Lps) -> None:
    faults = lps.platform.kernel.faults
    faults.add("insi", fault="cr02")
    assert code(lps.search(traits())) == "02"
    faults.add("insi", fault="oid-test")
    answer = lps.search(traits())
    assert isinstance(answer, InsiAnswer)
    assert answer.individual is not None
    assert answer.individual.active.oid == "1.2.250.1.213.1.4.10"
    faults.add("insi", fault="bom")
    assert lps.post(lps.message(traits())).content.startswith(b"\xef\xbb\xbf")


def test_fault_in_a_200_and_empty_body(lps: Lps) -> None:
    lps.platform.kernel.faults.add("insi", fault="faute-en-200")
    response = lps.post(lps.message(traits()))
    assert (response.status_code, code(read(response))) == (200, "insi_102")
    assert lps.last().outcome is Outcome.FAILED
    lps.platform.kernel.faults.add("insi", fault="corps-vide")
    response = lps.post(lps.message(traits()))
    assert (response.status_code, response.content) == (200, b"")
    assert lps.last().outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("production", "01"), ("qualification", "desir_1020"), ("qualification-2021", "insi_102")],
)
def test_nobody_found_in_each_profile(lps: Lps, profile: str, expected: str) -> None:
    change(lps.platform, profil=profile)
    assert code(lps.search(traits("HOUILLES", "PIERRE", "M", "1993-01-27"))) == expected
    assert code(lps.search(traits())) == "00"


def test_serialisation_can_be_chosen(lps: Lps) -> None:
    change(lps.platform, serialisation="avant-2022")
    assert b"<ns2:RESULTAT" in lps.post(lps.message(traits())).content


def test_people_can_be_changed_added_and_taken_away(lps: Lps) -> None:
    change(lps.platform, personnes={CAMILLE: {"birth_name": "TESTJUIN"}})
    assert code(lps.search(traits())) == "01"
    assert code(lps.search(traits("TESTJUIN"))) == "00"
    change(lps.platform, personnes={CAMILLE: None})
    assert code(lps.search(traits("TESTJUIN"))) == "01"
    nino = {
        "birth_name": "TESTAVRIL",
        "given_names": "NINO",
        "sex": "M",
        "birth_date": "2019-03-05",
        "birth_place": "33063",
        "insured": "2850733063042",
    }
    change(lps.platform, personnes={"119033306311848": nino})
    assert code(lps.search(traits("TESTAVRIL", "NINO", "M", "2019-03-05"))) == "00"
    assert code(lps.search(card("", "2850733063042", "2019-03-05"))) == "00"


@pytest.mark.parametrize(
    "told",
    [
        {"profil": "recette"},
        {"couleur": "bleu"},
        {"idam": "TST"},
        {"controle_cn": "oui"},
        {"personnes": {"119033306311848": {"nom": "X"}}},
        {"personnes": {"119033306311848": "X"}},
    ],
)
def test_a_change_that_means_nothing_is_explained(lps: Lps, told: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="INSi"):
        change(lps.platform, **told)


def test_state_is_restored_by_a_reset_and_kept_by_prepare(lps: Lps) -> None:
    service = lps.platform.services["insi"]

    def state(unit: Unit) -> object:
        return service.state(unit)

    with lps.platform.kernel.unit() as unit:
        before = state(unit)
        service.set_state(unit, {"profil": "qualification", "personnes": {CAMILLE: None}})
        service.prepare(unit)
        changed = state(unit)
    lps.platform.reset()
    with lps.platform.kernel.unit() as unit:
        assert state(unit) == before
    assert changed != before


def test_description_and_its_schemas_are_served_at_both_addresses(lps: Lps) -> None:
    for address, certificate in (("organisation", "org-insi-manu"), ("cpx", None)):
        url = lps.platform.descriptor["insi"][address]
        with lps.http(certificate) as http:
            text = http.get(f"{url}?wsdl").text
            assert f'location="{url}"' in text
            for name in ("recsans", "resultat", "siram", "wsse"):
                assert f"lps?xsd={name}.xsd" in text
                assert http.get(f"{url}?xsd={name}.xsd").status_code == 200
            assert http.get(f"{url}?xsd=../../state.py").status_code == 404
            assert http.get(url).status_code == 404
    assert {e.operation for e in lps.platform.kernel.journal.read()} == {"wsdl"}
