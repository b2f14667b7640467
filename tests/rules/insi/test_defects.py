"""Each INSi check proved twice: silent on a conformant call, alone on its own defect."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree
from signxml.algorithms import CanonicalizationMethod

from rules.context import Context, Environment, Identity, Traits
from rules.exchange import TlsPeer
from rules.findings import Finding, Severity
from rules.formats.insi import read_request
from rules.formats.soap import NS_SAML2
from rules.judge import judge_artefact, rejection
from tests.rules.certificates import Holder, authority, cps, organisation
from tests.rules.insi.messages import (
    ACTION,
    CARD,
    CARD_ACTION,
    PSC_ATTRIBUTES,
    TRAITS,
    assertion,
    by_card,
    context,
    envelope,
    message,
    security,
)


def findings(xml: str, circumstances: Context | None = None, **http: str) -> list[Finding]:
    request = read_request(message(xml, **http))
    return list(judge_artefact(request, circumstances or context()).findings)


def ids(xml: str, circumstances: Context | None = None, **http: str) -> list[str]:
    return [finding.check_id for finding in findings(xml, circumstances, **http)]


def refused(xml: str, circumstances: Context | None = None) -> str | None:
    found = rejection(read_request(message(xml)), circumstances or context())
    return found.rejects if found else None


def spoilt(old: str, new: str, xml: str | None = None) -> str:
    xml = xml or envelope()
    assert old in xml
    return xml.replace(old, new)


@pytest.mark.parametrize(
    "xml",
    [
        envelope(),
        envelope(CARD, action=CARD_ACTION),
        envelope(security=security("")),
        by_card(),
        by_card(
            attributes={
                "identifiantFacturation": "330999004",
                "secteurActivite": "SA05",
                "codeSpecialite": "01",
            }
        ),
        envelope(
            security=assertion(PSC_ATTRIBUTES, qualifier="PSC", signed=False),
            sender="810999990012",
        ),
        envelope(message_id="fc8c0711-bc4a-4d1a-a74f-3058bd213599"),
        envelope(TRAITS.replace("TESTAVRIL", "D'ARTAGNAN--DE L'HERAULT")),
        envelope(TRAITS.replace("CAMILLE", "PIERRE-ALAIN GUNTHER")),
        envelope(
            TRAITS.replace(
                "</r:DateNaissance>", "</r:DateNaissance><r:LieuNaissance>2A020</r:LieuNaissance>"
            )
        ),
    ],
)
def test_conformant_calls_raise_nothing(xml: str) -> None:
    assert findings(xml) == []
    assert refused(xml) is None


def test_action_parameter_of_the_content_type_is_optional_and_admitted() -> None:
    assert ids(envelope(), content_type=f'application/soap+xml; action="{ACTION}"') == []


@pytest.mark.parametrize(
    ("check_id", "xml"),
    [
        ("INS-W-01", spoilt("http://www.w3.org/2003/05/soap-envelope",
                            "http://schemas.xmlsoap.org/soap/envelope/")),
        ("INS-W-02", envelope(action=CARD_ACTION)),
        ("INS-W-02", envelope(action="")),
        ("INS-W-02", envelope('<autre xmlns="urn:x"/>')),
        ("INS-W-02", envelope("")),
        ("INS-W-03", envelope(message_id="42")),
        ("INS-W-03", spoilt("w:MessageID", "w:Autre")),
        ("INS-W-04", spoilt("01_02", "1.0")),
        ("INS-W-04", spoilt("<b:COUVERTURE/>", "")),
        ("INS-W-04", spoilt("<b:Id>1</b:Id>", "")),
        ("INS-W-04", spoilt("<b:Temps>2026-03-12T08:50:00.000Z</b:Temps>", "")),
        ("INS-W-04", spoilt("<b:Temps>2026-03-12T08:50", "<b:Temps>2026-03-12T08:40")),
        ("INS-W-04", spoilt("<b:Temps>2026-03-12T08:50:00.000Z", "<b:Temps>12/03/2026 08:50")),
        ("INS-W-04", spoilt("urn:siram:bam:ctxbam", "urn:autre")),
        ("INS-W-05", spoilt('R="4"', 'R="3"')),
        ("INS-W-05", spoilt('<l:IDAM R="4">TSTBANC00042</l:IDAM>', "")),
        ("INS-W-05", spoilt("urn:siram:lps:ctxlps", "urn:autre")),
        ("INS-W-05", envelope(instance="poste-1")),
        ("INS-W-05", spoilt("01_00", "1.0")),
        ("INS-W-05", spoilt("<l:Id>2</l:Id>", "")),
        ("INS-W-05", spoilt("<l:Nom>urn:lps:LOGICIEL ESSAI:4.2.0</l:Nom>", "")),
        ("INS-W-07", spoilt("<l:Nom>urn:lps:LOGICIEL ESSAI:4.2.0", "<l:Nom>LOGICIEL ESSAI")),
        ("INS-W-07", spoilt("ESSAI:4.2.0", "ESSAI:4.1.0")),
        ("INS-W-10", by_card(signed=False)),
        ("INS-W-15", envelope(TRAITS.replace("<r:Sexe>F</r:Sexe>", "").replace(
            "<r:Prenom>", "<r:Sexe>F</r:Sexe><r:Prenom>"))),
        ("INS-W-15", envelope(TRAITS.replace("<r:Sexe>", "<r:Nom>X</r:Nom><r:Sexe>"))),
        ("INS-W-15", envelope(TRAITS.replace("<r:Prenom>", "<r:NomNaissance>AUTRE</r:NomNaissance>"
                                             "<r:Prenom>"))),
        ("INS-W-15", envelope(TRAITS.replace("<r:NomNaissance>TESTAVRIL</r:NomNaissance>", ""))),
        ("INS-W-15", envelope(TRAITS.replace("<r:Prenom>CAMILLE</r:Prenom>", ""))),
        ("INS-W-15", envelope(TRAITS.replace("1985-07-12", ""))),
        ("INS-W-15", envelope(CARD.replace("<v:DateNaissance>1985-07-12</v:DateNaissance>"
                                           "<v:RangNaissance>1</v:RangNaissance>",
                                           "<v:RangNaissance>1</v:RangNaissance>"
                                           "<v:DateNaissance>1985-07-12</v:DateNaissance>"),
                              action=CARD_ACTION)),
        *[("INS-W-16", envelope(TRAITS.replace("TESTAVRIL", name))) for name in (
            "TESTAVRÎL", "TestAvril", "D’ARTAGNAN", "-TEST", " TEST", "TEST---AVRIL", "TEST  AVRIL",
            "D' ARTAGNAN", "TEST2", "LŒB")],
        *[("INS-W-16", envelope(TRAITS.replace("CAMILLE", name))) for name in (
            "Camille", "CAMILLE-", "CAMILLE'", "CAMILLE--ANNE", "-CAMILLE", "CŒUR", "A, B")],
        *[("INS-W-17", envelope(TRAITS.replace(">F<", f">{sex}<"))) for sex in ("", "f", "I", "2")],
        ("INS-W-17", envelope(TRAITS.replace("<r:Sexe>F</r:Sexe>", ""))),
        *[("INS-W-18", envelope(TRAITS.replace("1985-07-12", day))) for day in (
            "1985-13-01", "1985-02-30", "1985-00-00", "12/07/1985", "19850712")],
        *[("INS-W-19", envelope(TRAITS.replace(
            "</r:DateNaissance>", f"</r:DateNaissance><r:LieuNaissance>{place}</r:LieuNaissance>")))
          for place in ("", "BORDEAUX", "3306", "2C004", "330630")],
        ("INS-W-26", envelope(CARD.replace("<v:RangNaissance>1</v:RangNaissance>", ""),
                              action=CARD_ACTION)),
        ("INS-W-26", envelope(CARD.replace("2850733063042", ""), action=CARD_ACTION)),
    ],
)  # fmt: skip
def test_a_defect_is_found_by_its_check_alone(check_id: str, xml: str) -> None:
    found = findings(xml)
    assert [finding.check_id for finding in found] == [check_id]
    assert found[0].advice.endswith(".")
    assert found[0].place
    assert found[0].expected != found[0].found


@pytest.mark.parametrize(
    "http",
    [
        {"content_type": "text/xml; charset=utf-8"},
        {"content_type": ""},
        {"start_line": "POST /ws HTTP/1.1"},
        {"start_line": "PUT /lps HTTP/1.1"},
    ],
)
def test_http_defects(http: dict[str, str]) -> None:
    assert ids(envelope(), **http) == ["INS-W-01"]


def test_wrong_action_parameter_is_minor() -> None:
    [found] = findings(envelope(), content_type='application/soap+xml; action="urn:autre"')
    assert (found.check_id, found.severity) == ("INS-W-02", Severity.MINOR)


def test_sender_is_the_organisation_of_the_certificate() -> None:
    assert ids(envelope(sender="moi@exemple.fr")) == ["INS-W-08", "INS-W-08"]


def test_sender_is_the_professional_of_the_assertion() -> None:
    assert ids(envelope(security=assertion(), sender="1330999004")) == ["INS-W-08", "INS-W-08"]


@pytest.mark.parametrize(
    "holder",
    [
        organisation("INSI-AUTOMATE"),
        organisation("insi-manu"),
        organisation(end=datetime(2025, 6, 1, tzinfo=UTC)),
        organisation(issuer="AC INCONNUE ORGANISATIONS"),
        organisation(issuer="BANC AC PERSONNES"),
        organisation(issuer="BANC AC FORT ORGANISATIONS"),
    ],
)
def test_organisation_certificates_refused(holder: Holder) -> None:
    anchors = (*context().environment.anchors, authority("BANC AC FORT ORGANISATIONS").der)
    here = context(holder, environment=Environment(anchors=anchors))
    assert ids(envelope(), here) == ["INS-W-09"]
    assert refused(envelope(), here) == "desir_560"


def test_neither_certificate_nor_assertion() -> None:
    assert ids(envelope(), context(tls=TlsPeer())) == ["INS-W-09"]


def test_by_card_the_client_certificate_is_free() -> None:
    assert ids(by_card(), context(tls=TlsPeer())) == []
    assert ids(by_card(), context(organisation("AUTRE-CHOSE"))) == []


def _change_name(element: etree._Element) -> None:
    element.find(f".//{{{NS_SAML2}}}AttributeValue").text = "331999029"


def _signature_last(element: etree._Element) -> None:
    element.append(element[1])


def test_assertion_changed_after_signature() -> None:
    [found] = findings(by_card(spoil=_change_name))
    assert found.check_id == "INS-W-10"
    assert "empreinte" in found.found
    assert refused(by_card(spoil=_change_name)) == "desir_9002"


def test_assertion_out_of_order() -> None:
    # The enveloped transform removes the signature: moved, it still holds.
    assert ids(by_card(spoil=_signature_last)) == ["INS-W-10"]


def test_inclusive_canonicalisation() -> None:
    c14n = CanonicalizationMethod.CANONICAL_XML_1_0
    found = findings(by_card(signer_options={"c14n": c14n}))
    assert {finding.check_id for finding in found} == {"INS-W-10"}


@pytest.mark.parametrize(
    "holder",
    [
        cps(issuer="AC INCONNUE PERSONNES"),
        cps(issuer="BANC AC ORGANISATIONS"),
        cps(issuer="BANC AC ELEMENTAIRE PERSONNES"),
    ],
)
def test_signer_must_be_a_known_card(holder: Holder) -> None:
    anchors = (*context().environment.anchors, authority("BANC AC ELEMENTAIRE PERSONNES").der)
    here = context(environment=Environment(anchors=anchors))
    xml = by_card(holder=holder)
    assert ids(xml, here) == ["INS-W-10"]
    assert refused(xml, here) == "desir_9003"


@pytest.mark.parametrize(
    "options",
    [
        {"name_id": "810999990020"},
        {"issuer": "CN=810999990012,C=FR"},
        {"qualifier": "CPX"},
    ],
)
def test_names_of_the_holder(options: dict[str, str]) -> None:
    assert ids(by_card(**options)) == ["INS-W-11"]


@pytest.mark.parametrize(
    ("kind", "qualifier"),
    [(0, "CPS"), (1, "CPF"), (2, "CPS"), (2, "CPE"), (2, "CDE-CPE"), (3, "CPA")],
)
def test_the_qualifier_may_be_that_of_the_card(kind: int, qualifier: str) -> None:
    assert ids(by_card(holder=cps(kind=kind), qualifier=qualifier)) == []


@pytest.mark.parametrize(("kind", "qualifier"), [(0, "CPE"), (1, "CPA"), (2, "CPF"), (2, "PS")])
def test_the_qualifier_of_another_kind_of_card(kind: int, qualifier: str) -> None:
    assert ids(by_card(holder=cps(kind=kind), qualifier=qualifier)) == ["INS-W-11"]


def test_issuer_format() -> None:
    xml = by_card(signed=False).replace("X509SubjectName", "unspecified")
    assert ids(xml) == ["INS-W-10", "INS-W-11"]


@pytest.mark.parametrize(
    "attributes",
    [
        {"secteurActivite": "SA07", "codeSpecialite": "01"},
        {"identifiantFacturation": "3319990", "secteurActivite": "SA07", "codeSpecialite": "01"},
        {"identifiantFacturation": "331999011", "codeSpecialite": "01"},
        {"identifiantFacturation": "331999011", "secteurActivite": "SA07"},
        {
            "identifiantFacturation": "331999011",
            "secteurActivite": "SA07",
            "codeSpecialite": "SM54",
        },
    ],
)
def test_attributes_of_the_assertion(attributes: dict[str, str]) -> None:
    assert ids(by_card(attributes=attributes)) == ["INS-W-12"]


@pytest.mark.parametrize("issued", ["2026-03-12T07:49:00Z", "2026-03-12T09:00:00Z", "hier"])
def test_assertion_too_old_or_of_tomorrow(issued: str) -> None:
    assert ids(by_card(issued=issued)) == ["INS-W-13"]
    assert refused(by_card(issued=issued)) == "desir_9001"


def test_tolerance_follows_the_environment() -> None:
    late = context(observed_at=datetime(2026, 3, 12, 8, 50, tzinfo=UTC) + timedelta(minutes=4))
    assert ids(envelope(), late) == []


def psc(**options: object) -> str:
    told: dict[str, object] = {"attributes": PSC_ATTRIBUTES, "qualifier": "PSC", "signed": False}
    return envelope(security=assertion(**{**told, **options}), sender="810999990012")  # type: ignore[arg-type]


def test_psc_assertion_must_not_be_signed() -> None:
    assert ids(psc(signed=True)) == ["INS-W-14"]


@pytest.mark.parametrize("lost", sorted(PSC_ATTRIBUTES))
def test_psc_assertion_attributes(lost: str) -> None:
    kept = {name: value for name, value in PSC_ATTRIBUTES.items() if name != lost}
    assert ids(psc(attributes=kept)) == ["INS-W-14"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("<r:NomNaissance>TESTAVRIL</r:NomNaissance>", "", "insi_19"),
        ("TESTAVRIL", "", "insi_19"),
        ("<r:Prenom>CAMILLE</r:Prenom>", "", "insi_9001"),
        ("<r:DateNaissance>1985-07-12</r:DateNaissance>", "", "insi_9002"),
        ("TESTAVRIL", "Testavril", "insi_9003"),
        ("CAMILLE", "Camille", "insi_9004"),
        ("<r:Sexe>F</r:Sexe>", "<r:Sexe>I</r:Sexe>", "insi_24"),
        ("1985-07-12", "1985-19-42", "insi_9005"),
    ],
)
def test_error_the_service_answers(old: str, new: str, error: str) -> None:
    assert refused(envelope(TRAITS.replace(old, new))) == error


def test_used_name_sent_instead_of_birth_name() -> None:
    traits = Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", used_name="TESTMAI")
    known = {"285073306304208": Identity("qualifiée", traits, ins="285073306304208")}
    here = context(identities=known)
    assert ids(envelope(), here) == []
    assert ids(envelope(TRAITS.replace("TESTAVRIL", "TESTMAI")), here) == ["INS-W-20"]
    someone_else = TRAITS.replace("TESTAVRIL", "TESTMAI").replace("1985", "1984")
    assert ids(envelope(someone_else), here) == []


def test_what_is_not_known_is_not_evaluated() -> None:
    judgement = judge_artefact(read_request(message(envelope())), Context())
    assert judgement.findings == ()
    skipped = {check_id for check_id, _ in judgement.skipped}
    assert {"INS-W-04", "INS-W-09", "INS-W-08", "INS-W-20"} <= skipped


def test_bare_soap_is_not_judged_on_its_http_head() -> None:
    request = read_request(message(envelope(), start_line="", content_type=""))
    assert judge_artefact(request, context()).findings == ()
