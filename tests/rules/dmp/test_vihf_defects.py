"""Each named defect of a VIHF raises exactly its checks; the assertion is signed again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rules.context import Environment, Identity, Traits
from rules.exchange import Exchange, TlsPeer
from rules.findings import Severity
from rules.formats.dmp import DmpRequest
from rules.judge import read, rejection
from tests.rules.cards.calls import cpe
from tests.rules.certificates import Holder
from tests.rules.dmp import golden
from tests.rules.dmp.golden import Edit, cut, swap
from tests.rules.dmp.signing import SHA1, anchor, organisation, resigned_vihf, signer

INS = "285073306304208"
MODE, NAME_ID = ">DIRECTE<", "<saml2:NameID>810999990012<"
SMARTCARD = "SAML:2.0:ac:classes:SmartcardPKI"
ROLE_2 = '<saml2:AttributeValue><Role xmlns="urn:hl7-org:v3"'
SECRET = (
    '<saml2:Attribute Name="urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code">'
    '<saml2:AttributeValue><ConfidentialityCode xmlns="urn:hl7-org:v3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" code="{code}" '
    'codeSystem="1.2.250.1.213.1.1.4.13" xsi:type="CE"/></saml2:AttributeValue></saml2:Attribute>'
)
SUBJECT_ID = (
    '<saml2:Attribute Name="urn:oasis:names:tc:xspa:1.0:subject:subject-id">'
    "<saml2:AttributeValue>TESTMEDECIN LOUISE</saml2:AttributeValue></saml2:Attribute>"
)


def add(attribute: str) -> Edit:
    return swap("</saml2:AttributeStatement>", f"{attribute}</saml2:AttributeStatement>")


def attribute(name: str) -> Edit:
    return cut(f'<saml2:Attribute Name="{name}">', "</saml2:Attribute>")


def call(
    *edits: Edit, name: str = golden.T01, holder: Holder | None = None, **options: Any
) -> Exchange:
    """A golden call whose VIHF is edited then signed by a test certificate."""
    used = holder or signer()

    def sign(text: str) -> str:
        def edit(assertion: str) -> str:
            for each in edits:
                changed = each(assertion)
                assert changed != assertion, "la modification ne change rien"
                assertion = changed
            return assertion

        return resigned_vihf(text, used, edit, **options)

    return golden.edited(golden.exchange(name), sign)


def environment() -> Environment:
    return golden.environment(anchor())


def judged(exchange: Exchange, **changes: Any) -> set[str]:
    return golden.ids(golden.judged(exchange, environment(), **changes))


def code(exchange: Exchange) -> str | None:
    request = read(exchange).first(DmpRequest)
    assert request is not None
    found = rejection(request, golden.context(exchange, environment()))
    return None if found is None else found.rejects


def indirect(exchange: Exchange, holder: Holder) -> Exchange:
    return replace(exchange, tls=TlsPeer(certificate=holder.der))


def test_a_vihf_signed_again_raises_nothing() -> None:
    assert judged(call()) == set()
    assert judged(call(name=golden.T04)) == set()


ATTRIBUTES: dict[str, tuple[set[str], str | None, *tuple[Edit, ...]]] = {
    "sans version": ({"DMP-VIHF-03"}, "DMPInvalidData", attribute("VIHF_Version")),
    "ancienne version": ({"DMP-VIHF-03"}, None, swap(">4.0<", ">3.0<")),
    "version inconnue": ({"DMP-VIHF-03"}, "DMPInvalidData", swap(">4.0<", ">9.0<")),
    "attribut en double": (
        {"DMP-VIHF-03"},
        "DMPInvalidData",
        add('<saml2:Attribute Name="LPS_Nom"><saml2:AttributeValue>LOGICIEL ESSAI'
            "</saml2:AttributeValue></saml2:Attribute>"),
    ),
    "attribut d'une ancienne version": (
        {"DMP-VIHF-03"},
        "DMPInvalidData",
        add('<saml2:Attribute Name="Mode_Acces"><saml2:AttributeValue>normal'
            "</saml2:AttributeValue></saml2:Attribute>"),
    ),
    "patient absent": (
        {"DMP-VIHF-03"},
        "DMPInvalidData",
        attribute("urn:oasis:names:tc:xacml:2.0:resource:resource-id"),
    ),
    "mode inconnu": ({"DMP-VIHF-03"}, "DMPInvalidData", swap(MODE, ">DELEGUEE<")),
    "ressource fausse": ({"DMP-VIHF-03"}, "DMPInvalidData", swap(">urn:dmp<", ">urn:mes<")),
    "secteur sans terminologie": (
        {"DMP-VIHF-03"},
        "DMPInvalidData",
        swap("SA07^1.2.250.1.71.4.2.4", "SA07"),
    ),
    "audience restreinte": (
        {"DMP-VIHF-03"},
        "DMPInvalidData",
        swap(
            "<saml2:AuthnStatement",
            "<saml2:Conditions><saml2:AudienceRestriction><saml2:Audience>urn:dmp</saml2:Audience>"
            "</saml2:AudienceRestriction></saml2:Conditions><saml2:AuthnStatement",
        ),
    ),
    "médecin sans spécialité": (
        {"DMP-VIHF-04"},
        "DMPInvalidData",
        lambda t: t[: t.rindex(ROLE_2)] + t[t.index("</saml2:Attribute>", t.rindex(ROLE_2)) :],
    ),
    "spécialité avant profession": (
        {"DMP-VIHF-04"},
        "DMPInvalidData",
        swap('code="10" codeSystem="1.2.250.1.71.1.2.7"', 'code="x"'),
        swap('code="SM54" codeSystem="1.2.250.1.71.4.2.5"',
             'code="10" codeSystem="1.2.250.1.71.1.2.7"'),
        swap('code="x"', 'code="SM54" codeSystem="1.2.250.1.71.4.2.5"'),
    ),
    "spécialité d'un infirmier": (
        {"DMP-VIHF-04"},
        "DMPInvalidData",
        swap('code="10" codeSystem="1.2.250.1.71.1.2.7"',
             'code="60" codeSystem="1.2.250.1.71.1.2.7"'),
    ),
    "clé de l'INS fausse": ({"DMP-VIHF-05"}, "DMPInvalidData", swap(INS, "285073306304209")),
    "INS sans clé": ({"DMP-VIHF-05"}, "DMPInvalidData", swap(INS, INS[:13])),
    "OID de production": (
        {"DMP-VIHF-05"},
        "DMPInvalidData",
        swap("&amp;1.2.250.1.213.1.4.10&amp;", "&amp;1.2.250.1.213.1.4.8&amp;"),
    ),
    "patient par NIA": (
        {"DMP-02-02", "DMP-VIHF-05"},
        "DMPInvalidData",
        swap("&amp;1.2.250.1.213.1.4.10&amp;", "&amp;1.2.250.1.213.1.4.9&amp;"),
    ),
    "autre patient que dans le corps": (
        {"DMP-VIHF-05"},
        "DMPInvalidData",
        swap(INS, "260063306315240"),
    ),
    "mode d'accès inconnu": ({"DMP-VIHF-06"}, "DMPInvalidData", swap('code="normal"', 'code="x"')),
    "autre logiciel": ({"DMP-VIHF-08"}, None, swap(">LOGICIEL ESSAI<", ">AUTRE<")),
    "autre homologation": ({"DMP-VIHF-08"}, None, swap("DCP-000042-tmp1", "DCP-000043-tmp1")),
    "classe de mot de passe par carte": (
        {"DMP-VIHF-09"},
        None,
        swap(SMARTCARD, "SAML:2.0:ac:classes:Password"),
    ),
    "sans instant de connexion": (
        {"DMP-VIHF-09"},
        None,
        swap(" AuthnInstant=", " Autre="),
    ),
    "autre professionnel que la carte": (
        {"DMP-VIHF-10"},
        "DMPInvalidData",
        swap(NAME_ID, "<saml2:NameID>810999990178<"),
    ),
    "autre structure que celle de la carte": (
        {"DMP-VIHF-10"},
        "DMPInvalidData",
        swap(">1330999004<", ">1330999005<"),
    ),
    "connexion secrète mal codée": (
        {"DMP-VIHF-07"},
        "DMPInvalidData",
        add(SECRET.format(code="MASQUE_PS")),
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", ATTRIBUTES)
def test_a_defect_of_the_attributes_raises_exactly_its_checks(defect: str) -> None:
    expected, refused, *edits = ATTRIBUTES[defect]
    exchange = call(*edits)
    assert judged(exchange) == expected
    assert code(exchange) == refused


# Signature


@pytest.mark.parametrize(
    "exchange",
    [
        call(holder=signer(authentication=True)),
        call(holder=signer(foreign=True)),
        call(issuer="CN=810999990178, C=FR"),
        golden.edited(call(), cut("<ds:Signature ", "</ds:Signature>")),
        golden.edited(call(), swap(">DIRECTE<", ">DIRECTE <")),
    ],
    ids=["authentification", "autre autorité", "Issuer", "sans signature", "modifié"],
)
def test_a_wrong_signature_raises_exactly_its_check(exchange: Exchange) -> None:
    found = judged(exchange)
    assert found == {"DMP-VIHF-01"}
    assert code(exchange) == "DMPInvalidCertificate"


def test_sha1_is_a_warning() -> None:
    exchange = call(algorithms=SHA1)
    judgement = golden.judged(exchange, environment())
    assert golden.ids(judgement) == {"DMP-VIHF-02"}
    assert {f.severity for f in judgement.findings} == {Severity.MINOR}
    assert code(exchange) is None


def test_a_signature_placed_last_is_a_warning() -> None:
    judgement = golden.judged(call(last=True), environment())
    assert [(f.check_id, f.severity) for f in judgement.findings] == [
        ("DMP-VIHF-01", Severity.MINOR)
    ]


def test_an_expired_certificate_is_refused() -> None:
    exchange = golden.exchange(golden.T01)
    late = golden.context(exchange).observed_at
    assert late is not None
    found = judged(exchange, observed_at=late + timedelta(days=3650))
    assert "DMP-VIHF-01" in found


def test_the_user_of_a_cpe_is_not_its_common_name() -> None:
    # TD0.2 is open to a CPE, whose CN is the number of the card in its structure.
    exchange = call(holder=cpe("1330999004/0001"))
    assert "DMP-VIHF-10" not in judged(exchange)
    assert "DMP-VIHF-10" in judged(call(holder=signer("1330999004/0001")))


# Indirect, AIR, secret connection


def as_indirect(mode: str = "INDIRECTE") -> tuple[Edit, ...]:
    return (
        swap(MODE, f">{mode}<"),
        swap(SMARTCARD, "SAML:2.0:ac:classes:PasswordProtectedTransport"),
        add(SUBJECT_ID),
    )


TLS_ORGANISATION = organisation(authentication=True)


def test_an_indirect_call_by_the_structure_raises_nothing() -> None:
    exchange = indirect(call(*as_indirect(), holder=organisation()), TLS_ORGANISATION)
    assert judged(exchange) == set()


def test_an_indirect_call_needs_the_name_of_the_user() -> None:
    edits = (*as_indirect()[:2],)
    exchange = indirect(call(*edits, holder=organisation()), TLS_ORGANISATION)
    assert judged(exchange) == {"DMP-VIHF-03"}


def test_the_structure_is_that_of_the_certificate() -> None:
    exchange = indirect(call(*as_indirect(), holder=organisation("1330999005")), TLS_ORGANISATION)
    assert judged(exchange) == {"DMP-VIHF-10"}


def air(*more: Edit) -> Exchange:
    edits = (*as_indirect("INDIRECTE_RENFORCEE"), *more)
    return indirect(call(*edits, holder=organisation()), TLS_ORGANISATION)


DECLARED = swap(
    "</saml2:AuthnContextClassRef>",
    "</saml2:AuthnContextClassRef><saml2:AuthnContextDecl>x</saml2:AuthnContextDecl>",
)


def test_air_declares_its_context_and_is_fresh() -> None:
    assert judged(air(DECLARED)) == set()
    assert judged(air()) == {"DMP-VIHF-09"}
    exchange = air(DECLARED)
    late = exchange.started_at + timedelta(seconds=40)
    assert judged(exchange, observed_at=late) == {"DMP-VIHF-09"}


def test_an_air_assertion_serves_once() -> None:
    once = air(DECLARED)
    again = replace(once, id="encore")
    assert golden.sequence(once) == set()
    assert "DMP-VIHF-09" in golden.sequence(once, again)


CHILD = Identity("qualifiée", Traits("TESTAVRIL", "CAMILLE ANNE", "F", "2012-07-12"), ins=INS)
ADULT = Identity("qualifiée", Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12"), ins=INS)
LEGAL = "INVISIBLE_REPRESENTANTS_LEGAUX"


def test_a_secret_connection_is_for_minors() -> None:
    exchange = call(add(SECRET.format(code=LEGAL)))
    assert judged(exchange, identities={INS: CHILD}) == set()
    assert judged(exchange, identities={INS: ADULT}) == {"DMP-VIHF-07"}


def test_a_secret_connection_hides_every_document() -> None:
    exchange = call(add(SECRET.format(code=LEGAL)), name=golden.T04)
    assert "DMP-VIHF-07" in judged(exchange, identities={INS: CHILD})


def test_the_homologation_number_is_not_in_the_address() -> None:
    exchange = golden.exchange(golden.T01)
    start = exchange.request.start_line.replace(" HTTP", "?n=DCP-000042-tmp1 HTTP")
    exchange = replace(exchange, request=replace(exchange.request, start_line=start))
    assert golden.ids(golden.judged(exchange)) == {"DMP-VIHF-08"}


def test_the_user_is_an_author_of_each_document() -> None:
    """Sent by another structure, itself author of the lot only."""
    structure = organisation("1330999005")

    def of_lot(text: str) -> str:
        stop = text.index("</RegistryPackage>")
        return text[:stop].replace("IDNST^^^1330999004", "IDNST^^^1330999005") + text[stop:]

    edits = (*as_indirect(), swap(">1330999004<", ">1330999005<"))
    exchange = golden.edited(call(*edits, name=golden.T04, holder=structure), of_lot)
    exchange = indirect(exchange, organisation("1330999005", authentication=True))
    without = replace(environment(), professionals=())
    assert golden.ids(golden.judged(exchange, without)) == {"DMP-21-07"}


def test_a_structure_asks_for_references_only() -> None:
    search = indirect(
        call(*as_indirect(), name=golden.T09, holder=organisation()), TLS_ORGANISATION
    )
    assert judged(search) == {"DMP-31-05"}
    assert code(search) == "DMPAccessDeniedByRightsService"
    references = golden.edited(search, swap("LeafClass", "ObjectRef"))
    assert judged(references) == set()
