"""Each header check: silent on conformant documents, alone to speak on its defect."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from rules.artefact import MalformedError
from rules.context import Context, Identity, Professional, Traits
from rules.exchange import Exchange, Message, Outcome
from rules.findings import Severity
from rules.formats.cda import ClinicalDocument
from rules.judge import judge_artefact
from tests.rules.cda.samples import (
    CERTIFICATE,
    LETTER,
    LETTER_V2,
    OBSERVED_AT,
    OBSERVED_V2,
    VSM,
    environment,
    judged,
    raised,
    spoil,
)
from tests.shared_data import SHARED, needs_shared

INS = "285073306304208"
ADDRESS = "<addr><houseNumber>12</houseNumber><streetName>Allée des Essais</streetName>"
CAMILLE = Identity(
    "qualifiée", Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063"), INS
)

DEFECTS = {
    "encodage non déclaré": ("CDA-01", '<?xml version="1.0" encoding="UTF-8"?>', ""),
    "titre absent": ("CDA-02", "<title>CR de consultation</title>", ""),
    "titre double": ("CDA-02", "<title>", "<title>Un</title><title>"),
    "élément inconnu": ("CDA-02", "<title>", "<titre>Un</titre><title>"),
    "langue avant confidentialité": (
        "CDA-02",
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>'
        '<languageCode code="fr-FR"/>',
        '<languageCode code="fr-FR"/>'
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>',
    ),
    "nullFlavor NI": ("CDA-02", ADDRESS, '<addr nullFlavor="NI"/>' + ADDRESS),
    "typeId faux": ("CDA-03", "POCD_HD000040", "POCD_HD000041"),
    "pays US": ("CDA-04", 'realmCode code="FR"', 'realmCode code="US"'),
    "CI-SIS absent": ("CDA-04", '<templateId root="1.2.250.1.213.1.1.1.1"/>', ""),
    "N1 à quatre templateId": (
        "CDA-05",
        '<templateId root="1.3.6.1.4.1.19376.1.2.20"/>',
        '<templateId root="1.3.6.1.4.1.19376.1.2.20"/><templateId root="1.2.3"/>',
    ),
    "N1 sans templateId N1": ("CDA-05", '<templateId root="1.3.6.1.4.1.19376.1.2.20"/>', ""),
    "type hors J07": ("CDA-07", 'code="11488-4"', 'code="11488-9"'),
    "système du type": ("CDA-07", "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.3"),
    "libellé du type": ("CDA-07", "CR ou fiche de consultation", "Compte rendu de consultation"),
    "setId absent": ("CDA-08", '<setId root="2.25.71722871122107010962724751978310041787"/>', ""),
    "version non entière": ("CDA-08", 'versionNumber value="1"', 'versionNumber value="1.0"'),
    "id mal formé": ("CDA-08", '<id root="2.25.', '<id root="2.025.'),
    "date sans décalage": ("CDA-11", "20260312101500+0100", "20260312101500"),
    "date ISO": ("CDA-11", "20260312101500+0100", "2026-03-12T10:15:00"),
    "date future": ("CDA-11", "20260312101500+0100", "20270312101500+0100"),
    "confidentialité X": ("CDA-12", 'confidentialityCode code="N"', 'confidentialityCode code="X"'),
    "langue sans pays": ("CDA-12", 'languageCode code="fr-FR"', 'languageCode code="fr"'),
    "INS de production": ("CDA-13", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8"),
    "clé de l'INS": ("CDA-14", INS, "285073306304209"),
    "deux INS": (
        "CDA-14",
        '<patientRole><id root="1.2.250.1.213.1.4.10"',
        f'<patientRole><id root="1.2.250.1.213.1.4.11" extension="{INS}"/>'
        '<id root="1.2.250.1.213.1.4.10"',
    ),
    "nom de naissance absent": ("CDA-15", '<family qualifier="BR">TESTAVRIL</family>', ""),
    "liste des prénoms absente": ("CDA-15", "<given>CAMILLE ANNE</given>", ""),
    "premier prénom absent": ("CDA-15", '<given qualifier="BR">CAMILLE</given>', ""),
    "sexe indéterminé": ("CDA-15", 'GenderCode code="F"', 'GenderCode code="I"'),
    "date de naissance partielle": ("CDA-15", 'value="19850712"', 'value="1985"'),
    "lieu de naissance absent": ("CDA-15", "<county>33063</county>", ""),
    "sexe contraire au NIR": ("CDA-17", 'GenderCode code="F"', 'GenderCode code="M"'),
    "mois contraire au NIR": ("CDA-17", 'value="19850712"', 'value="19850812"'),
    "COG de 4 chiffres": ("CDA-18", "<county>33063</county>", "<county>3306</county>"),
    "qualificatif SP": ("CDA-19", 'family qualifier="CL"', 'family qualifier="SP"'),
    "télécom sans préfixe": ("CDA-20", 'value="tel:0600000001"', 'value="0600000001"'),
    "adresse mêlée": ("CDA-20", ADDRESS, ADDRESS + "<streetAddressLine>x</streetAddressLine>"),
    "usage de télécom": ("CDA-20", 'use="MC"', 'use="XX"'),
    "prefix MR": ("CDA-23", "<prefix>MME</prefix>", "<prefix>MR</prefix>"),
    "titre dans prefix": ("CDA-23", "<prefix>MME</prefix>", "<prefix>DR</prefix>"),
    "custodian sans racine": (
        "CDA-24",
        '<representedCustodianOrganization><id root="1.2.250.1.71.4.2.2"',
        '<representedCustodianOrganization><id root="1.2.250.1.71.4.2.9"',
    ),
    "custodian d'une autre structure": (
        "CDA-24",
        '<representedCustodianOrganization><id root="1.2.250.1.71.4.2.2" extension="1330999004"',
        '<representedCustodianOrganization><id root="1.2.250.1.71.4.2.2" extension="1330999012"',
    ),
    "signature X": ("CDA-25", 'signatureCode code="S"', 'signatureCode code="X"'),
    "acte sans début": (
        "CDA-26",
        '<effectiveTime><low value="20260312100000+0100"/></effectiveTime><performer',
        "<effectiveTime/><performer",
    ),
    "lieu d'exercice inconnu": ("CDA-27", 'code="SA07"', 'code="SA11"'),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_the_letter_raises_its_check_alone(defect: str) -> None:
    check_id, old, new = DEFECTS[defect]
    assert raised(judged(spoil(LETTER, old, new))) == {check_id}


@pytest.mark.parametrize("data", [LETTER, CERTIFICATE, VSM], ids=["CR", "certificat", "VSM"])
def test_conformant_documents_raise_nothing(data: bytes) -> None:
    judgement = judged(data)
    assert judgement.findings == ()
    assert {f"CDA-{n:02d}" for n in (*range(1, 9), *range(11, 16))} <= judgement.evaluated


def test_a_second_version_raises_nothing() -> None:
    assert judged(LETTER_V2, Context(observed_at=OBSERVED_V2)).findings == ()


@needs_shared
@pytest.mark.parametrize("path", sorted((SHARED / "cda/samples").glob("syn-*.xml")), ids=str)
def test_the_golden_samples_raise_nothing(path) -> None:
    assert judged(path.read_bytes(), Context(observed_at=OBSERVED_V2)).findings == ()


@needs_shared
def test_an_old_real_document_raises_its_known_header_errors() -> None:
    """Witness: the six header errors found by the official rules (data/cda README)."""
    data = (SHARED / "cda/samples/drimbox-n1-cr-imagerie-NONCONFORME.xml").read_bytes()
    failing = {(f.check_id, f.place.rsplit("/", 2)[1]) for f in judged(data).findings if f.fails}
    assert {("CDA-08", "setId"), ("CDA-08", "versionNumber")} <= failing
    assert {("CDA-11", "time")} <= failing
    assert {"CDA-15", "CDA-19", "CDA-11", "CDA-08"} <= {check_id for check_id, _ in failing}


def test_another_encoding_than_utf8_is_refused() -> None:
    data = LETTER.decode().replace('encoding="UTF-8"', 'encoding="ISO-8859-15"')
    assert raised(judged(data.encode("iso-8859-15"))) == {"CDA-01"}


def test_bytes_that_are_not_utf8_are_malformed() -> None:
    with pytest.raises(MalformedError) as caught:
        ClinicalDocument.parse(LETTER.decode().encode("latin-1"))
    assert caught.value.finding.check_id == "CDA-01"


def test_a_doctype_is_refused() -> None:
    data = spoil(LETTER, "<ClinicalDocument", "<!DOCTYPE ClinicalDocument>\n<ClinicalDocument")
    with pytest.raises(MalformedError) as caught:
        ClinicalDocument.parse(data)
    assert caught.value.finding.check_id == "CDA-01"


def test_another_xml_is_no_clinical_document() -> None:
    with pytest.raises(MalformedError) as caught:
        ClinicalDocument.parse(b"<facture/>")
    assert caught.value.finding.check_id == "CDA-02"


def test_a_model_of_another_version_is_said() -> None:
    assert raised(judged(spoil(VSM, 'extension="201310"', 'extension="201210"'))) == {"CDA-06"}


def test_a_code_of_another_model_is_said() -> None:
    data = spoil(VSM, 'code="SYNTH"', 'code="CERT_DECL"')
    data = spoil(data, 'displayName="Synthèse"', 'displayName="Certificat, déclaration"')
    assert raised(judged(data)) == {"CDA-06"}


def test_the_main_act_of_a_vsm_is_fixed() -> None:
    data = spoil(
        VSM,
        '<serviceEvent><code code="34117-2"',
        '<serviceEvent><code code="34117-9"',
    )
    assert raised(judged(data)) == {"CDA-28"}


def test_a_structured_body_without_model_is_said() -> None:
    model = '<templateId root="1.2.250.1.213.1.1.1.13" extension="201310"/>'
    assert raised(judged(spoil(VSM, model, ""))) == {"CDA-04"}


def test_the_sp_qualifier_was_admitted_by_the_rules_of_2023() -> None:
    data = spoil(LETTER, 'family qualifier="CL"', 'family qualifier="SP"')
    old = Context(environment=environment(rules_profile="2023-06"), observed_at=OBSERVED_AT)
    assert judged(data, old).findings == ()


def test_traits_are_compared_with_the_identity_that_holds_the_ins() -> None:
    assert judged(LETTER, identities={INS: CAMILLE}).findings == ()
    other = replace(CAMILLE, traits=replace(CAMILLE.traits, birth_name="TESTAVRILLE"))
    found = judged(LETTER, identities={INS: other}).findings
    assert [(f.check_id, f.expected, f.found) for f in found] == [
        ("CDA-16", "TESTAVRILLE", "TESTAVRIL")
    ]


def test_traits_without_known_identities_are_not_evaluated() -> None:
    assert ("CDA-16", ("identities",)) in judged(LETTER).skipped


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<assignedAuthor><id root="1.2.250.1.71.4.2.1"', '<assignedAuthor><id root="1.2.3"'),
        ('extension="810999990012"', 'extension="810999990013"'),
        ('extension="810999990012"', 'extension="0331234567"'),
        ('code="G15_10/SM54"', 'code="G15_10/XX54"'),
        ("<family>TESTMEDECIN</family>", "<family/>"),
    ],
)
def test_the_author_is_a_known_professional(old: str, new: str) -> None:
    assert raised(judged(spoil(LETTER, old, new))) == {"CDA-21"}


def test_an_author_without_structure_is_said() -> None:
    data = spoil(
        LETTER,
        "</assignedPerson><representedOrganization>"
        '<id root="1.2.250.1.71.4.2.2" extension="1330999004"/>',
        "</assignedPerson><representedOrganization>",
    )
    assert raised(judged(data)) == {"CDA-21"}


LOUISE = Professional("810999990012", "TESTMEDECIN", "Louise")
HUGO = Professional("810999990178", "TESTCARDIO", "Hugo")


def test_the_author_is_the_user_who_deposits() -> None:
    assert judged(LETTER, professional=LOUISE).findings == ()
    assert raised(judged(LETTER, professional=HUGO)) == {"CDA-22"}


def test_a_document_read_back_may_be_of_a_colleague() -> None:
    read_back = exchange("dmp", "TD3.2")
    assert judged(LETTER, professional=HUGO, exchange=read_back).findings == ()


def test_the_dmp_wants_an_oid() -> None:
    uuid = spoil(
        LETTER,
        '<id root="2.25.74387217922356389154034103038781848723"/>',
        '<id root="37f6a6d2-55d1-4e6b-8f5c-0c53e4ed5553"/>',
    )
    assert judged(uuid).findings == ()
    assert raised(judged(uuid, exchange=exchange("dmp", "TD2.1"))) == {"CDA-08"}


def test_a_signature_before_the_writing_is_minor() -> None:
    data = spoil(
        LETTER,
        '<legalAuthenticator><time value="20260312101500+0100"/>',
        '<legalAuthenticator><time value="20260312101400+0100"/>',
    )
    assert [(f.check_id, f.severity) for f in judged(data).findings] == [("CDA-11", Severity.MINOR)]


@pytest.mark.parametrize(
    ("start", "end", "check_id"),
    [
        ("<custodian>", "</custodian>", "CDA-24"),
        ("<legalAuthenticator>", "</legalAuthenticator>", "CDA-25"),
        ("<documentationOf>", "</documentationOf>", "CDA-26"),
        ("<componentOf>", "</componentOf>", "CDA-27"),
        ("<author>", "</author>", "CDA-02"),
        ("<recordTarget>", "</recordTarget>", "CDA-02"),
    ],
)
def test_a_missing_part_is_said_once(start: str, end: str, check_id: str) -> None:
    text = LETTER.decode()
    before, _, rest = text.partition(start)
    data = (before + rest.partition(end)[2]).encode()
    assert raised(judged(data)) == {check_id}


@pytest.mark.parametrize("wrap", ["cda:", "enveloppe", "signature"])
def test_prefixes_and_envelopes_do_not_change_the_verdict(wrap: str) -> None:
    text = LETTER.decode().partition("?>")[2]
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    if wrap == "enveloppe":
        xsl = "http://www.w3.org/1999/XSL/Transform"
        text = f'<xsl:stylesheet xmlns:xsl="{xsl}" version="1.0">{text}</xsl:stylesheet>'
    elif wrap == "signature":
        ds = "http://www.w3.org/2000/09/xmldsig#"
        text = f'<ds:Signature xmlns:ds="{ds}"><ds:Object>{text}</ds:Object></ds:Signature>'
    else:
        text = _prefixed(text)
    document = ClinicalDocument.parse((head + text).encode())
    assert document.unique_id == "2.25.74387217922356389154034103038781848723"
    assert judge_artefact(document, Context(observed_at=OBSERVED_AT)).findings == ()


def _prefixed(text: str) -> str:
    text = text.replace('xmlns="urn:hl7-org:v3"', 'xmlns:cda="urn:hl7-org:v3"')
    return re.sub(r"<(/?)([A-Za-z])", r"<\1cda:\2", text)


def exchange(service: str, operation: str) -> Exchange:
    return Exchange(
        id="e1",
        campaign="c",
        position=1,
        service=service,
        operation=operation,
        started_at=OBSERVED_AT,
        answered_at=OBSERVED_AT,
        peer="127.0.0.1:1",
        request=Message("POST / HTTP/1.1"),
        response=None,
        outcome=Outcome.ACCEPTED,
    )
