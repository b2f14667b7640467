"""The documents the LGC writes: header, body, what may and may not be in them."""

from __future__ import annotations

import io
from dataclasses import replace

import pikepdf
import pytest
from lxml import etree

from reference_impl.documents.metadata import encapsulated_pdf
from reference_impl.documents.writer import CdaWriter
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Status
from tests.reference_impl.story import (
    CAMILLE,
    DRAFT,
    ENVIRONMENT,
    LOUISE,
    ROOT,
    TEST_OID,
    UNQUALIFIED,
    written,
)
from tests.shared_data import SHARED, needs_shared

NS = {"h": "urn:hl7-org:v3"}
KINDS = ("11488-4", "96349-6", "CERT_DECL")


def tree(document=DRAFT, patient=CAMILLE):
    return etree.fromstring(written(document, patient).content)


def values(root, path):
    return root.xpath(path, namespaces=NS)


@needs_shared
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("patient", [CAMILLE, UNQUALIFIED], ids=["qualifiée", "validée"])
def test_every_document_is_valid_against_the_extended_schema(kind, patient):
    schema = etree.XMLSchema(etree.parse(SHARED / "cda/xsd/cda_extended/CDA_extended.xsd"))
    schema.assertValid(tree(replace(DRAFT, type_code=kind), patient))


def test_same_arguments_give_the_same_bytes():
    assert written().content == written().content


def test_header_is_that_of_an_unstructured_french_document():
    root = tree()
    assert values(root, "h:templateId/@root") == [
        "2.16.840.1.113883.2.8.2.1",
        "1.2.250.1.213.1.1.1.1",
        "1.3.6.1.4.1.19376.1.2.20",
    ]
    assert values(root, "h:id/@root") == [DRAFT.unique_id]
    assert values(root, "h:setId/@root") == [DRAFT.set_id]
    assert values(root, "h:code/@displayName") == ["CR ou fiche de consultation ou de visite"]
    # 09:15 UTC is 10:15 in Paris before the change of hour.
    assert values(root, "h:effectiveTime/@value") == ["20260312101500+0100"]
    assert values(root, "h:legalAuthenticator/h:time/@value") == ["20260312101500+0100"]


def test_a_qualified_patient_has_the_ins_first_under_the_mapped_oid_then_the_local_number():
    ids = values(tree(), "h:recordTarget/h:patientRole/h:id")
    assert [(i.get("root"), i.get("extension")) for i in ids] == [
        (TEST_OID, "285073306304208"),
        (f"{ROOT}.2", "p1"),
    ]


def test_the_six_traits_carry_their_qualifiers():
    name = "h:recordTarget/h:patientRole/h:patient/h:name"
    root = tree()
    assert values(root, f"{name}/h:family[@qualifier='BR']/text()") == ["TESTAVRIL"]
    assert values(root, f"{name}/h:family[@qualifier='CL']/text()") == ["TESTMAI"]
    assert values(root, f"{name}/h:given[@qualifier='BR']/text()") == ["CAMILLE"]
    assert values(root, f"{name}/h:given[not(@qualifier)]/text()") == ["CAMILLE ANNE"]
    assert values(root, "//h:birthTime/@value") == ["19850712"]
    assert values(root, "//h:birthplace/h:place/h:addr/h:county/text()") == ["33063"]
    assert values(root, "//h:administrativeGenderCode/@code") == ["F"]


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.QUALIFIED])
def test_no_ins_leaves_for_an_identity_that_is_not_qualified(status):
    document = written(patient=replace(CAMILLE, status=status))
    assert b"285073306304208" not in document.content
    assert TEST_OID.encode() not in document.content
    assert "285073306304208" not in pdf_text(encapsulated_pdf(document.content))


def test_the_letter_shows_the_cartouche_and_the_text():
    text = pdf_text(encapsulated_pdf(written().content))
    for shown in ("TESTAVRIL", "CAMILLE ANNE", "TESTMAI", "12/07/1985", "33063", "œdème"):
        assert shown in text
    assert "285073306304208 (NIR)" in text


def test_the_body_is_a_pdf_a_1b():
    with pikepdf.open(io.BytesIO(encapsulated_pdf(written().content))) as pdf:
        assert pdf.pdf_version == "1.4"
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("1", "B")
        (intent,) = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        assert intent.DestOutputProfile.read_bytes()[8] == 2, "profil ICC de version 2"
        fonts = pdf.pages[0].Resources.Font
        for font in fonts.values():
            assert "/FontFile2" in font.DescendantFonts[0].FontDescriptor


def test_characters_the_font_lacks_never_print_a_box():
    document = replace(DRAFT, text="TA 12\u202f/\u202f8, 😀, \x07 naïve, 3 → 4")
    text = pdf_text(encapsulated_pdf(written(document).content))
    assert "naïve" in text
    assert "TA 12" in text


def test_a_long_letter_goes_on_over_several_pages():
    document = replace(DRAFT, text="Un paragraphe qui dure.\n\n" * 120)
    with pikepdf.open(io.BytesIO(encapsulated_pdf(written(document).content))) as pdf:
        assert len(pdf.pages) > 2


def test_a_second_version_names_the_one_it_replaces():
    document = replace(DRAFT, unique_id=f"{ROOT}.1.7.2", version=2)
    content = CdaWriter(ENVIRONMENT).write(document, CAMILLE, LOUISE, replaces=DRAFT.unique_id)
    root = etree.fromstring(content)
    assert values(root, "h:versionNumber/@value") == ["2"]
    assert values(root, "h:relatedDocument[@typeCode='RPLC']/h:parentDocument/h:id/@root") == [
        DRAFT.unique_id
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type_code": "18748-4"}, "type"),
        ({"text": "  \n"}, "texte"),
        ({"title": ""}, "titre"),
        ({"title": "t" * 129}, "titre"),
        ({"title": "CR\x00"}, "titre"),
        ({"version": 2}, "version"),
    ],
)
def test_what_cannot_be_a_document_is_refused_with_its_field(change, field):
    with pytest.raises(InvalidRequestError) as refused:
        written(replace(DRAFT, **change))
    assert refused.value.field == field


def pdf_text(content):
    """The text of a PDF, through the ToUnicode maps of its fonts."""
    shown = []
    with pikepdf.open(io.BytesIO(content)) as pdf:
        for page in pdf.pages:
            maps = {name: to_unicode(font) for name, font in page.Resources.Font.items()}
            current = {}
            for operands, operator in pikepdf.parse_content_stream(page):
                if str(operator) == "Tf":
                    current = maps[str(operands[0])]
                elif str(operator) in {"Tj", "TJ"}:
                    strings = operands[0] if str(operator) == "TJ" else [operands[0]]
                    shown.append(decoded(strings, current))
    return "\n".join(shown)


def decoded(strings, unicode_map):
    codes = b"".join(bytes(s) for s in strings if isinstance(s, pikepdf.String))
    pairs = (int.from_bytes(codes[i : i + 2], "big") for i in range(0, len(codes), 2))
    return "".join(unicode_map.get(code, "�") for code in pairs)


def to_unicode(font):
    """code → character, from the bfchar and bfrange lines of the CMap."""
    found = {}
    for line in font.ToUnicode.read_bytes().decode("ascii").splitlines():
        fields = [int(f, 16) for f in line.replace("<", " ").replace(">", " ").split() if ishex(f)]
        if line.startswith("<") and len(fields) == 2:
            found[fields[0]] = chr(fields[1])
        elif line.startswith("<") and len(fields) == 3:
            for offset in range(fields[1] - fields[0] + 1):
                found[fields[0] + offset] = chr(fields[2] + offset)
    return found


def ishex(text):
    return all(c in "0123456789abcdefABCDEF" for c in text)
