"""Serialisations and faults against the golden answers, byte shapes apart."""

from __future__ import annotations

import pytest
from lxml import etree

from rules.checking import all_checks
from rules.exchange import Message
from rules.formats.insi import read_answer
from rules.formats.insi_answer import InsiAnswer, InsiFault
from simulators.insi import faults
from simulators.insi.description import schema, schemas, wsdl
from simulators.insi.errors import CATALOGUE
from simulators.insi.people import QUALIFICATION
from simulators.insi.wire import STYLES, Reply, answer, fault
from tests.shared_data import GOLDEN, needs_shared

PERSON = QUALIFICATION[5]


def read(data: bytes) -> InsiAnswer | InsiFault | None:
    return read_answer(Message("HTTP/1.1 200 OK", (), data))


def validator(name: str) -> etree.XMLSchema:
    text = schema(name)
    assert text is not None
    return etree.XMLSchema(etree.fromstring(text))


@pytest.mark.parametrize("style", STYLES)
def test_every_style_says_the_same(style: str) -> None:
    found = read(answer(Reply("00", PERSON, style=style)))
    assert isinstance(found, InsiAnswer)
    assert found.individual is not None
    assert found.individual.active.ins == "109076322083489"
    assert found.individual.history[0].start == "2019-03-01"
    assert found.individual.birth_name == "ECETINSI"
    assert (found.individual.given_names is None) is (style == "2021")
    assert (found.individual.given_name is None) is (style == "2022")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("code", ["00", "01", "02"])
def test_answers_are_valid_against_our_schema(style: str, code: str) -> None:
    data = answer(Reply(code, PERSON if code == "00" else None, style=style))
    result = etree.fromstring(data).find(".//{http://www.cnamts.fr/INSiResultat}RESULTAT")
    validator("resultat.xsd").assertValid(result)


@needs_shared
@pytest.mark.parametrize(
    ("style", "golden"),
    [
        ("2022", "e02-traits-org-prenom1"),
        ("cnda", "e03-traits-org-jaxws"),
        ("avant-2022", "e04-traits-cpx"),
        ("2021", "e05-traits-cpx-homonymes"),
    ],
)
def test_prefixes_are_those_of_the_golden_answers(style: str, golden: str) -> None:
    theirs = etree.fromstring((GOLDEN / f"insi/{golden}-reponse.xml").read_bytes())
    ours = etree.fromstring(answer(Reply("00", PERSON, style=style)))
    for name in ("Body", "RESULTAT", "CR"):
        one = theirs.xpath(f"//*[local-name()='{name}']")[0]
        other = ours.xpath(f"//*[local-name()='{name}']")[0]
        assert other.prefix == one.prefix
        assert other.nsmap == one.nsmap


@needs_shared
@pytest.mark.parametrize(
    ("code", "golden"),
    [
        ("desir_550", "e10-faute-passerelle-idam"),
        ("desir_1020", "e11-faute-passerelle-indisponible"),
        ("insi_102", "e12-faute-application-technique"),
    ],
)
def test_faults_are_those_of_the_golden_story(code: str, golden: str) -> None:
    theirs = etree.fromstring((GOLDEN / f"insi/{golden}-reponse.xml").read_bytes())
    echo = theirs.xpath("string(//@messageID)")
    ours = etree.fromstring(fault(CATALOGUE[code], echo or None))
    assert etree.tostring(ours, method="c14n", exclusive=True) == etree.tostring(
        theirs, method="c14n", exclusive=True
    )


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_error_reads_back(code: str) -> None:
    found = read(fault(CATALOGUE[code], "uuid:1"))
    assert isinstance(found, InsiFault)
    assert (found.code, found.text) == (code, CATALOGUE[code].text)
    assert found.fault.subcode == CATALOGUE[code].subcode
    assert CATALOGUE[code].source


def test_what_is_ours_says_so() -> None:
    for code, error in CATALOGUE.items():
        assert error.placeholder is ("_90" in code)


def test_every_refusal_of_the_checks_is_in_the_catalogue() -> None:
    named = {c.rejects for (check_id, _), c in all_checks().items() if check_id[:5] == "INS-W"}
    assert named - {None} <= set(CATALOGUE)


@pytest.mark.parametrize("name", faults.LIES)
def test_every_lie_changes_the_answer(name: str) -> None:
    truth = Reply("00", PERSON)
    lie = faults.spoil(truth, name)
    assert name == "style-2022" or answer(lie) != answer(truth)
    assert read(answer(lie)) is not None


def test_errors_that_can_be_injected_exist() -> None:
    assert set(faults.ERRORS) <= set(CATALOGUE)
    assert set(faults.FAULTS) >= {"desir_1020", "insi_102", "insi_111", "cr01", "cr02"}


def test_long_history() -> None:
    found = read(answer(faults.spoil(Reply("00", PERSON), "historique-long")))
    assert isinstance(found, InsiAnswer)
    assert found.individual is not None
    assert len(found.individual.history) == 10


@pytest.mark.parametrize("name", sorted(schemas()))
def test_schemas_stand_alone(name: str) -> None:
    elsewhere = etree.fromstring("<autre xmlns='urn:ailleurs'/>")
    assert not validator(name).validate(elsewhere)


def test_the_description_gives_the_address_it_was_asked_at() -> None:
    text = wsdl("https://insi.essai:4443/lps")
    assert b'location="https://insi.essai:4443/lps"' in text
    assert schema("../errors.py") is None


@needs_shared
@pytest.mark.parametrize("path", sorted(GOLDEN.glob("insi/*requete.xml")), ids=lambda p: p.stem)
def test_golden_requests_are_valid_against_our_schemas(path: object) -> None:
    message = etree.parse(path)  # type: ignore[arg-type]
    for name, kind in (
        ("ContexteBAM", "ctxbam.xsd"),
        ("ContexteLPS", "ctxlps.xsd"),
        ("RECSANSVITALE", "recsans.xsd"),
        ("RECVITALE", "recvit.xsd"),
    ):
        for element in message.xpath(f"//*[local-name()='{name}']"):
            validator(kind).assertValid(element)
