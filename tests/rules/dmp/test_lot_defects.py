"""Each named defect of a lot raises exactly its checks."""

from __future__ import annotations

import pytest

from rules.exchange import Exchange
from rules.findings import Severity
from rules.formats.dmp import DmpRequest
from rules.judge import read, rejection
from rules.vocabulary import codes
from tests.rules.dmp import golden
from tests.rules.dmp.golden import Edit, cut, swap, swap_in
from tests.rules.dmp.signing import anchor

DOCUMENT = "urn:uuid:fec9d971-8284-4492-8163-4943e1f52f41"
SIGNATURE = "urn:uuid:25420c91-c632-4437-8df9-125c965a1d98"
UNIQUE = "2.25.74387217922356389154034103038781848723"
ENTRY = f'<ExtrinsicObject id="{DOCUMENT}"'
SIGNING = f'<ExtrinsicObject id="{SIGNATURE}"'
LOT, END = "<RegistryPackage", "</RegistryPackage>"
OUT = "</ExtrinsicObject>"
J07, J58 = "jdv-j07-type-code", "jdv-j58-confidentiality-code-dmp"
COHERENCE = {"DMP-21-06", "CDA-29"}


def in_lot(old: str, new: str) -> Edit:
    return swap_in(LOT, END, old, new)


def in_entry(old: str, new: str) -> Edit:
    return swap_in(ENTRY, OUT, old, new)


def in_signature(old: str, new: str) -> Edit:
    return swap_in(SIGNING, OUT, old, new)


def restriction(code: str) -> str:
    return (
        f'<Classification classificationScheme="urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f" '
        f'classifiedObject="{DOCUMENT}" id="c-{code}" nodeRepresentation="{code}">'
        '<Slot name="codingScheme"><ValueList><Value>1.2.250.1.213.1.1.4.13</Value></ValueList>'
        f'</Slot><Name><LocalizedString value="{codes(J58)[code].label}"/></Name></Classification>'
        "</ExtrinsicObject>"
    )


def slot(name: str) -> tuple[str, str]:
    return f'<Slot name="{name}">', "</Slot>"


def after(marker: str, edit: Edit) -> Edit:
    """Apply an edit to what follows a marker only."""

    def whole(text: str) -> str:
        at = text.index(marker)
        return text[:at] + edit(text[at:])

    return whole


SIGNATURE_OID = "2.25.208769918343938067399439369971024257366.1.1001"
SECOND_AUTHOR = (
    '<Classification classificationScheme="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d" '
    f'classifiedObject="{DOCUMENT}" id="a2" nodeRepresentation=""><Slot name="authorPerson">'
    "<ValueList><Value>810999990178^TESTCONFRERE^Hugo^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D"
    "^^^IDNPS</Value></ValueList></Slot></Classification>"
)
LABELLED = 'value="Compte rendu"'
DEFECTS: dict[str, tuple[set[str], str | None, *tuple[Edit, ...]]] = {
    "lot sans classification de lot": (
        {"DMP-21-01"},
        "XDSRepositoryMetadataError",
        swap("urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd", "urn:uuid:autre"),
    ),
    "signature non rattachée au lot": (
        {"DMP-21-01"},
        "XDSRepositoryMetadataError",
        cut('<Association associationType="urn:ihe:iti:2007:AssociationType:signs"', "/>"),
    ),
    "document hors du lot": (
        {"DMP-21-01"},
        "XDSRepositoryMetadataError",
        cut("<Association associationType", "</Association>"),
    ),
    "lot sans fiche de signature": (
        {"DMP-21-01"},
        "XDSRepositoryMetadataError",
        cut(SIGNING, OUT),
    ),
    "partie du document absente": (
        {"DMP-21-01"},
        "XDSMissingDocument",
        swap("cf257014-622e-48e7-9148-f6b5cc7cd986-1@", "cf257014-0000-0000-0000-f6b5cc7cd986-1@"),
    ),
    "élément Document absent": (
        {"DMP-21-01"},
        "XDSMissingDocument",
        cut(f'<xdsb:Document id="{DOCUMENT}"', "</xdsb:Document>"),
    ),
    "document sans fiche": (
        {"DMP-21-01"},
        "XDSMissingDocumentMetadata",
        swap(
            "</xdsb:ProvideAndRegisterDocumentSetRequest>",
            '<xdsb:Document id="d9">QUJD</xdsb:Document>'
            "</xdsb:ProvideAndRegisterDocumentSetRequest>",
        ),
    ),
    "casse différente de l'identifiant": (
        {"DMP-21-01"},
        None,
        swap(f'<xdsb:Document id="{DOCUMENT}"', f'<xdsb:Document id="{DOCUMENT.upper()}"'),
    ),
    "lot sans heure": (
        {"DMP-21-02"},
        "XDSRepositoryMetadataError",
        cut(*slot("submissionTime")),
    ),
    "lot déposé par un autre que l'utilisateur": (
        {"DMP-21-02"},
        "XDSRepositoryMetadataError",
        in_lot("810999990012^TESTMEDECIN", "810999990178^TESTCONFRERE"),
    ),
    "auteur du lot incomplet": (
        {"DMP-21-02"},
        "XDSRepositoryMetadataError",
        in_lot("&amp;ISO^D^^^IDNPS", "&amp;ISO"),
    ),
    "structure de l'auteur sans identifiant": (
        {"DMP-21-02"},
        "XDSRepositoryMetadataError",
        in_lot("^IDNST^^^1330999004", ""),
    ),
    "empreinte fausse": (
        {"DMP-21-03"},
        "XDSNonIdenticalHash",
        in_entry("658834bc6a9e31122d835bbcfea648946d408126", "0" * 40),
    ),
    "taille fausse": ({"DMP-21-03"}, "XDSNonIdenticalSize", in_entry(">39820<", ">39821<")),
    "traits du patient absents": (
        {"DMP-21-03"},
        "XDSRepositoryMetadataError",
        after(ENTRY, cut(*slot("sourcePatientInfo"))),
    ),
    "traits vides sur la fiche de signature": (
        {"DMP-21-03"},
        "XDSRepositoryMetadataError",
        in_signature(
            '<Slot name="sourcePatientId">',
            '<Slot name="sourcePatientInfo"><ValueList><Value/></ValueList></Slot>'
            '<Slot name="sourcePatientId">',
        ),
    ),
    "signataire incomplet": (
        {"DMP-21-03"},
        "XDSRepositoryMetadataError",
        in_entry("^Louise^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS", "^Louise"),
    ),
    "spécialité sans terminologie": (
        {"DMP-21-03"},
        "XDSRepositoryMetadataError",
        in_entry("(SM)^1.2.250.1.213.1.1.4.5", "(SM)"),
    ),
    "contentTypeCode hors liste": (
        {"DMP-21-04"},
        "XDSRepositoryMetadataError",
        in_lot('nodeRepresentation="07"', 'nodeRepresentation="77"'),
    ),
    "terminologie de la classe fausse": (
        {"DMP-21-04"},
        "XDSRepositoryMetadataError",
        in_entry("1.2.250.1.213.1.1.4.1<", "1.2.250.1.213.1.1.4.99<"),
    ),
    "libellé de la classe faux": ({"DMP-21-04"}, None, in_entry(LABELLED, 'value="CR"')),
    "classe sans rapport avec le type": (
        {"DMP-21-05"},
        None,
        in_entry('nodeRepresentation="10"', 'nodeRepresentation="42"'),
        in_entry(LABELLED, 'value="Prescription"'),
    ),
    "cadre d'hôpital pour un cabinet": (
        {"DMP-21-05", *COHERENCE},
        "XDSRepositoryMetadataError",
        in_entry("AMBULATOIRE", "ETABLISSEMENT"),
        in_entry('value="Ambulatoire"', 'value="Etablissement de santé"'),
    ),
    "format d'un texte pour un PDF": (
        {"DMP-21-05", "CDA-29"},
        None,
        in_entry("urn:ihe:iti:xds-sd:pdf:2008", "urn:ihe:iti:xds-sd:text:2008"),
    ),
    "type différent de celui du CDA": (
        COHERENCE,
        "XDSRepositoryMetadataError",
        in_entry('nodeRepresentation="11488-4"', 'nodeRepresentation="11506-3"'),
        in_entry("CR ou fiche de consultation ou de visite", codes(J07)["11506-3"].label),
    ),
    "titre différent de celui du CDA": (
        COHERENCE,
        "XDSRepositoryMetadataError",
        in_entry('value="CR de consultation"', 'value="Compte rendu de visite"'),
    ),
    "un auteur de plus que dans le CDA": (
        COHERENCE,
        "XDSRepositoryMetadataError",
        after(
            ENTRY,
            swap(
                '<ExternalIdentifier id="urn:uuid:67b5ad29',
                f'{SECOND_AUTHOR}<ExternalIdentifier id="urn:uuid:67b5ad29',
                1,
            ),
        ),
    ),
    "nom de naissance différent": (
        COHERENCE,
        "XDSRepositoryMetadataError",
        in_entry("PID-5|TESTAVRIL^CAMILLE^CAMILLE ANNE^^^^L", "PID-5|TESTAOUT^CAMILLE^^^^^L"),
    ),
    "uniqueId avec extension": (
        {"DMP-21-08"},
        "XDSRepositoryMetadataError",
        in_signature(f'{SIGNATURE_OID}"', f'{SIGNATURE_OID}^1"'),
    ),
    "uniqueId de plus de 64 caractères": (
        {"DMP-21-08"},
        None,
        in_signature(f'{SIGNATURE_OID}"', f'{SIGNATURE_OID}.111111111111111"'),
    ),
    "uniqueId en double dans le message": (
        {"DMP-21-08"},
        "XDSRepositoryDuplicateUniqueIdInMessage",
        in_signature(SIGNATURE_OID, UNIQUE),
    ),
    "heure locale au lieu d'UTC": (
        {"DMP-21-09", "CDA-29"},
        None,
        in_entry("20260312091500", "20260312101500"),
    ),
    "date sans secondes": (
        {"DMP-21-09"},
        None,
        after(SIGNING, after("serviceStopTime", swap("20260312092500", "202603120925", 1))),
    ),
    "fin avant le début": (
        {"DMP-21-09"},
        None,
        after(SIGNING, after("serviceStopTime", swap("20260312092500", "20260312092400", 1))),
    ),
    "date à venir": (
        {"DMP-21-09"},
        None,
        after(SIGNING, after("serviceStopTime", swap("20260312092500", "20260312102500", 1))),
    ),
    "masqué à tous": (
        {"DMP-21-10"},
        "XDSRepositoryMetadataError",
        after(ENTRY, swap(OUT, restriction("MASQUE_PS"), 1)),
        after(ENTRY, swap(OUT, restriction("INVISIBLE_PATIENT"), 1)),
    ),
    "classe réservée au patient": (
        {"DMP-21-12"},
        "XDSRepositoryMetadataError",
        in_entry('nodeRepresentation="10"', 'nodeRepresentation="90"'),
    ),
    "document sans CDA": (
        {"DMP-21-13"},
        "InvalidDocumentContent",
        swap(f'{ENTRY} mimeType="text/xml"', f'{ENTRY} mimeType="application/pdf"'),
    ),
    "titre libre de la fiche de signature": (
        {"DMP-21-15"},
        None,
        in_signature('value="Source" xml:lang="FR"/></Name><Desc', 'value="XAdES"/></Name><Desc'),
    ),
    "titre trop long": (
        {"DMP-21-20", *COHERENCE},
        "XDSRepositoryMetadataError",
        in_entry('value="CR de consultation"', f'value="{"CR " * 50}"'),
    ),
    "titre coupé": (
        {"DMP-21-20", *COHERENCE},
        "XDSRepositoryMetadataError",
        in_entry('value="CR de consultation"', 'value="CR de consul"'),
    ),
    "patient du document différent": (
        {"DMP-21-03", "DMP-VIHF-05", *COHERENCE},
        "XDSPatientIdDoesNotMatch",
        in_entry(
            'value="285073306304208^^^&amp;1.2.250.1.213.1.4.10',
            'value="260063306315240^^^&amp;1.2.250.1.213.1.4.10',
        ),
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_the_metadata_raises_exactly_its_checks(defect: str) -> None:
    expected, code, *edits = DEFECTS[defect]
    exchange = golden.edited(golden.exchange(golden.T04), *edits)
    assert golden.ids(golden.judged(exchange)) == expected
    assert code_of(exchange) == code


def code_of(exchange: Exchange) -> str | None:
    request = read(exchange).first(DmpRequest)
    assert request is not None
    found = rejection(request, golden.context(exchange, golden.environment(anchor())))
    return None if found is None else found.rejects


def test_names_may_be_repetitions_of_one_field() -> None:
    """IPF joins them with the repetition separator of HL7 v2, in any order."""
    birth, used = "PID-5|TESTAVRIL^CAMILLE^CAMILLE ANNE^^^^L", "PID-5|TESTMAI^CAMILLE^^^^^D"
    joined = f"{used}~{birth.removeprefix('PID-5|')}"
    exchange = golden.edited(
        golden.exchange(golden.T04), in_entry(birth, joined), in_entry(f"<Value>{used}</Value>", "")
    )
    assert golden.ids(golden.judged(exchange)) == set()


def test_tolerances_are_minor() -> None:
    for defect in ("casse différente de l'identifiant", "libellé de la classe faux"):
        _, _, *edits = DEFECTS[defect]
        exchange = golden.edited(golden.exchange(golden.T04), *edits)
        assert {f.severity for f in golden.judged(exchange).findings} == {Severity.MINOR}


# Replacement


@pytest.mark.parametrize(
    ("expected", "code", "edit"),
    [
        (
            {"DMP-21-18"},
            "XDSReplaceFailed",
            swap('targetObject="urn:uuid:29ce5656', 'targetObject="29ce5656'),
        ),
        (
            {"CDA-29"},
            None,
            cut('<Association associationType="urn:ihe:iti:2007:AssociationType:RPLC"', "/>"),
        ),
    ],
)
def test_a_replacement_said_wrongly(expected: set[str], code: str | None, edit: Edit) -> None:
    exchange = golden.edited(golden.exchange(golden.T06), edit)
    assert golden.ids(golden.judged(exchange)) == expected
    assert code_of(exchange) == code
