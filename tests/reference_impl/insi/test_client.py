from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
import respx
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.verifier import XMLVerifier

from reference_impl.errors import SessionRequiredError
from reference_impl.insi.client import Call, InsiClient, Search, Way
from reference_impl.people import Professional
from tests.reference_impl.house import CAMILLE, LOUISE, House
from tests.reference_impl.insi.messages import ambiguous, fault, found, not_found
from tests.reference_impl.provider import Provider

URL = "https://insi.test/lps"
CPX = "https://insi-cpx.test/lps"
NAMES = {
    "ins": "http://www.cnamts.fr/INSiRecSans",
    "bam": "urn:siram:bam:ctxbam",
    "lps": "urn:siram:lps:ctxlps",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
}


@pytest.fixture
def insi() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def client(house: House) -> InsiClient:
    return house.lgc.insi


@pytest.fixture
def louise(house: House) -> Professional:
    professional = house.environment.professional(LOUISE)
    assert professional is not None
    return professional


def answers(router: respx.MockRouter, *bodies: bytes, url: str = URL) -> respx.Route:
    route = router.post(url)
    route.side_effect = [httpx.Response(500 if b"Fault" in b else 200, content=b) for b in bodies]
    return route


def sent(route: respx.Route) -> list[tuple[str, str | None]]:
    """Given names and place of each call."""
    trees = [etree.fromstring(call.request.content) for call in route.calls]
    return [
        (
            tree.findtext(".//ins:Prenom", namespaces=NAMES),
            tree.findtext(".//ins:LieuNaissance", namespaces=NAMES),
        )
        for tree in trees
    ]


def search(
    client: InsiClient, louise: Professional, names: str, way: Way = "organisation"
) -> Search:
    return client.search(replace(CAMILLE, birth_given_names=names), way, louise)


def test_the_first_call_has_the_first_given_name_and_no_place(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, found())
    assert search(client, louise, "CAMILLE ANNE").last.answer.code == "00"
    assert sent(route) == [("CAMILLE", None)]


def test_cnda_207_each_given_name_in_turn_until_one_is_found(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, not_found(), found())
    result = search(client, louise, "OLA CATARINA BELLA")
    assert sent(route) == [("OLA", None), ("CATARINA", None)]
    assert result.searched.birth_given_names == "CATARINA"


def test_cnda_207_all_of_them_at_last(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, *[not_found()] * 4)
    assert search(client, louise, "PIERRE PAUL JACQUES").last.answer.code == "01"
    assert [names for names, _ in sent(route)] == [
        "PIERRE",
        "PAUL",
        "JACQUES",
        "PIERRE PAUL JACQUES",
    ]


def test_a_single_given_name_is_searched_once(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, not_found())
    search(client, louise, "ZOE")
    assert len(route.calls) == 1


def test_the_same_given_name_is_never_searched_twice(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, *[not_found()] * 2)
    search(client, louise, "PAUL PAUL")
    assert [names for names, _ in sent(route)] == ["PAUL", "PAUL PAUL"]


def test_after_several_found_no_answer_to_more_names_still_tries_the_place(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, not_found(), ambiguous(), not_found(), found())
    result = search(client, louise, "ANNE CAMILLE")
    assert result.last.answer.code == "00"
    assert sent(route) == [
        ("ANNE", None),
        ("CAMILLE", None),
        ("ANNE CAMILLE", None),
        ("CAMILLE", "33063"),
    ]


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_fault_ends_the_search_wherever_it_comes(
    insi: respx.MockRouter, client: InsiClient, louise: Professional, stop: int
) -> None:
    before = [ambiguous()] * (stop - 1)
    route = answers(insi, *before, fault("desir_1020", "siram_40"), found())
    result = search(client, louise, "LEONARDO PIERO")
    assert (result.last.answer.code, len(route.calls)) == ("desir_1020", stop)


def test_calls_are_kept_one_by_one_as_they_are_answered(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    """A LGC killed in the middle of a search has logged what it asked."""
    answers(insi, not_found(), not_found())
    kept: list[str] = []

    def keep(call: Call) -> None:
        kept.append(call.answer.code)
        if len(kept) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.search(
            replace(CAMILLE, birth_given_names="OLA ANNE ZOE"), "organisation", louise, keep
        )
    assert kept == ["01", "01"]


def test_cnda_206_several_found_then_the_place_decides(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, ambiguous(), found())
    assert search(client, louise, "LEONARDO").last.answer.code == "00"
    assert sent(route) == [("LEONARDO", None), ("LEONARDO", "33063")]


def test_several_found_then_more_given_names_then_the_place(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, ambiguous(), ambiguous(), ambiguous())
    result = search(client, louise, "LEONARDO PIERO")
    assert result.last.answer.code == "02"
    assert sent(route) == [
        ("LEONARDO", None),
        ("LEONARDO PIERO", None),
        ("LEONARDO PIERO", "33063"),
    ]


@pytest.mark.parametrize(
    ("code", "subcode"), [("desir_550", "siram_100"), ("desir_1020", "siram_40")]
)
def test_a_fault_ends_the_search(
    insi: respx.MockRouter, client: InsiClient, louise: Professional, code: str, subcode: str
) -> None:
    route = answers(insi, fault(code, subcode))
    result = search(client, louise, "CAMILLE ANNE")
    assert (result.last.answer.code, len(route.calls)) == (code, 1)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (httpx.ConnectError("refusé"), "SERVICE_INJOIGNABLE"),
        (httpx.ReadTimeout("muet"), "REPONSE_NON_LUE"),
        (httpx.RemoteProtocolError("coupé"), "REPONSE_NON_LUE"),
    ],
)
def test_a_failure_of_the_network_is_said_and_not_retried(
    insi: respx.MockRouter,
    client: InsiClient,
    louise: Professional,
    failure: httpx.TransportError,
    code: str,
) -> None:
    route = insi.post(URL).mock(side_effect=failure)
    result = search(client, louise, "CAMILLE ANNE")
    assert (result.last.answer.code, result.last.answer.fault) == (code, True)
    assert len(route.calls) == 1


def test_headers_of_a_call(
    insi: respx.MockRouter, client: InsiClient, louise: Professional
) -> None:
    route = answers(insi, not_found(), not_found(), not_found())
    search(client, louise, "CAMILLE ANNE")
    trees = [etree.fromstring(call.request.content) for call in route.calls]
    first = trees[0]
    assert first.findtext(".//bam:Emetteur", namespaces=NAMES) == "1330999004"
    assert first.find(".//bam:COUVERTURE", NAMES) is not None
    assert first.find(".//bam:ContexteBAM", NAMES).get("Version") == "01_02"
    assert first.find(".//lps:ContexteLPS", NAMES).get("Version") == "01_00"
    idam = first.find(".//lps:IDAM", NAMES)
    assert (idam.text, idam.get("R")) == ("TSTBANC00042", "4")
    assert first.findtext(".//lps:Nom", namespaces=NAMES) == "urn:lps:LOGICIEL ESSAI:4.2.0"
    assert first.find(".//saml:Assertion", NAMES) is None
    content_type = route.calls[0].request.headers["Content-Type"]
    assert content_type.startswith("application/soap+xml; charset=utf-8")
    for path in (".//wsa:MessageID", ".//bam:Id", ".//lps:Id"):
        assert len({tree.findtext(path, namespaces=NAMES) for tree in trees}) == 3
    assert len({tree.findtext(".//lps:Instance", namespaces=NAMES) for tree in trees}) == 1


def test_the_cps_way_signs_an_assertion(
    insi: respx.MockRouter, house: House, louise: Professional
) -> None:
    route = answers(insi, found(), url=CPX)
    search(house.lgc.insi, louise, "CAMILLE", "cps")
    tree = etree.fromstring(route.calls[0].request.content)
    certificate = house.lgc.cards.signer(louise).certificate.public_bytes(Encoding.PEM).decode()
    assertion = tree.find(".//saml:Assertion", NAMES)
    signed = XMLVerifier().verify(assertion, x509_cert=certificate, id_attribute="ID").signed_xml
    assert signed is not None
    name_id = signed.find(".//saml:NameID", NAMES)
    assert (name_id.text, name_id.get("NameQualifier")) == (LOUISE, "CPS")
    assert signed.findtext("saml:Issuer", namespaces=NAMES) == (
        f"GIVENNAME=LOUISE+SURNAME=TESTMEDECIN+CN={LOUISE},T=Médecin,C=FR"
    )
    values = {
        a.get("Name"): a.findtext("saml:AttributeValue", namespaces=NAMES)
        for a in signed.iterfind(".//saml:Attribute", NAMES)
    }
    assert values == {
        "identifiantFacturation": "331999011",
        "secteurActivite": "SA07",
        "codeSpecialite": "01",
    }
    children = [etree.QName(child).localname for child in assertion]
    assert children == ["Issuer", "Signature", "Subject", "AttributeStatement"]
    assert tree.findtext(".//bam:Emetteur", namespaces=NAMES) == LOUISE


def test_the_psc_way_has_an_assertion_without_signature_and_the_token(
    insi: respx.MockRouter, house: House, louise: Professional
) -> None:
    Provider(insi, house.clock)
    house.lgc.sessions.open(louise)
    route = answers(insi, found(), url=CPX)
    assert search(house.lgc.insi, louise, "CAMILLE", "psc").last.answer.code == "00"
    request = route.calls[0].request
    token = house.lgc.sessions.access_token(louise)
    assert request.headers["Authorization"] == f"Bearer {token}"
    tree = etree.fromstring(request.content)
    assertion = tree.find(".//saml:Assertion", NAMES)
    assert [etree.QName(child).localname for child in assertion] == [
        "Issuer",
        "Subject",
        "AttributeStatement",
    ]
    name_id = assertion.find(".//saml:NameID", NAMES)
    assert (name_id.text, name_id.get("NameQualifier")) == (LOUISE, "PSC")
    names = {a.get("Name") for a in assertion.iterfind(".//saml:Attribute", NAMES)}
    assert names == {"identifiantFacturation", "secteurActivite", "codeSpecialiteAMO"}


def test_the_psc_way_wants_an_open_session(
    insi: respx.MockRouter, house: House, louise: Professional
) -> None:
    route = answers(insi, found(), url=CPX)
    with pytest.raises(SessionRequiredError):
        search(house.lgc.insi, louise, "CAMILLE", "psc")
    assert route.call_count == 0
