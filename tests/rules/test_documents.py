"""Bodies of N1 documents, PDF claims, national numbers: CDA-30, CDA-31, MSS-P03."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fixtures.identifiers import matricule, nir_key, rpps
from rules.artefact import MalformedError
from rules.context import Context
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_types import Instant
from rules.formats.mail import parse_mail
from rules.formats.numbers import ins_key, is_cog, is_ins, is_rpps_id, sex_of
from rules.formats.pages import page_texts
from rules.formats.pdf import PdfDocument
from rules.judge import judge_artefact
from tests.rules.cda.samples import CERTIFICATE, LETTER, VSM, judged, raised, spoil
from tests.rules.journals import letter, mail

PDF = ClinicalDocument.parse(LETTER).body


def ordinary_pdf(text: str = "Bonjour") -> bytes:
    """A PDF that claims nothing."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.cell(text=text)
    return bytes(pdf.output())


def with_body(data: bytes, content: bytes) -> bytes:
    """The document with other bytes in its N1 body."""
    head, _, rest = data.partition(b'representation="B64">')
    tail = rest.partition(b"</text>")[2]
    return head + b'representation="B64">' + base64.b64encode(content) + b"</text>" + tail


DEFECTS = {
    "type inconnu": ("CDA-30", spoil(LETTER, "application/pdf", "image/gif")),
    "autre contenu": ("CDA-30", with_body(LETTER, b"GIF89a")),
    "pas de base64": ("CDA-30", spoil(LETTER, 'representation="B64">', 'representation="B64">!')),
    "vide": ("CDA-30", with_body(LETTER, b"")),
    "TXT": ("CDA-30", spoil(LETTER, 'representation="B64"', 'representation="TXT"')),
    "sans PDF/A": ("CDA-31", with_body(LETTER, ordinary_pdf())),
    "PDF cassé": ("CDA-31", with_body(LETTER, b"%PDF-1.4 rien")),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_the_body_raises_its_check_alone(defect: str) -> None:
    check_id, data = DEFECTS[defect]
    assert raised(judged(data)) == {check_id}


@pytest.mark.parametrize("data", [LETTER, CERTIFICATE, VSM], ids=["pdf", "texte", "N3"])
def test_conformant_bodies_raise_nothing(data: bytes) -> None:
    assert judged(data).findings == ()


def test_the_attached_pdf_claims_pdfa() -> None:
    assert PDF is not None
    for content, wanted in ((PDF.content, set()), (ordinary_pdf(), {"MSS-P03"})):
        message = parse_mail(mail(letter()).request.body)
        leaf = replace(
            message.leaves[-1],
            media_type="application/pdf",
            filename="20260312_CR_TESTAVRIL_CAMILLE.pdf",
            content=content,
        )
        found = raised(judge_artefact(replace(message, leaves=(leaf,)), Context()))
        assert found & {"MSS-P03"} == wanted


def test_a_pdf_says_its_version_its_claim_and_its_text() -> None:
    assert PDF is not None
    pdf = PdfDocument.parse(PDF.content or b"")
    assert (pdf.version, pdf.part, pdf.conformance, pdf.encrypted) == ("1.4", "1", "B", False)
    assert "TESTAVRIL Camille" in pdf.cartouche.text
    assert not PdfDocument.parse(ordinary_pdf()).claims_pdfa1
    assert "Bonjour" in "".join(page_texts(ordinary_pdf()))


def test_an_encrypted_pdf_is_said() -> None:
    pdf = FPDF()
    pdf.set_encryption(owner_password="secret")
    pdf.add_page()
    found = judged(with_body(LETTER, bytes(pdf.output()))).findings
    assert [(f.check_id, f.found) for f in found] == [("CDA-31", "PDF chiffré")]


def test_what_is_no_pdf_is_malformed() -> None:
    with pytest.raises(MalformedError) as caught:
        PdfDocument.parse(b"GIF89a")
    assert caught.value.finding.check_id == "CDA-30"
    assert page_texts(b"GIF89a") == ()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 25000), st.integers(0, 255)), max_size=20))
def test_a_damaged_pdf_never_breaks_the_reading(damages: list[tuple[int, int]]) -> None:
    assert PDF is not None
    data = bytearray(PDF.content or b"")
    for place, value in damages:
        data[place] = value
    assert isinstance(judged(with_body(LETTER, bytes(data))).findings, tuple)
    assert isinstance(page_texts(bytes(data)), tuple)


def test_a_damaged_pdf_says_nothing_on_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    assert PDF is not None
    with caplog.at_level(logging.WARNING):
        judged(with_body(LETTER, (PDF.content or b"")[:20000]))
    assert caplog.records == []


@given(st.sampled_from("MF"), st.sampled_from(["33063", "2A004", "2B033", "99350"]))
def test_keys_are_those_of_the_fixtures(sex: str, place: str) -> None:
    """Two writings of one formula: that of the rules and that of the fixtures."""
    number = matricule(sex, "1960-02-03", place, 123)
    assert ins_key(number) == nir_key(number)
    assert is_ins(number + nir_key(number))
    assert sex_of(number) == sex


@pytest.mark.parametrize(
    ("number", "key"),
    [("2970 22A020778", None), ("297022A020778", "78"), ("160012B020777", "13"), ("1", None)],
)
def test_known_keys(number: str, key: str | None) -> None:
    assert ins_key(number) == key


@given(st.integers(0, 999))
def test_rpps_numbers_have_a_luhn_key(rank: int) -> None:
    number = rpps(rank)
    assert is_rpps_id(f"8{number}")
    assert not is_rpps_id(f"8{number[:-1]}{(int(number[-1]) + 1) % 10}")


@pytest.mark.parametrize(
    ("code", "known"),
    [("33063", True), ("2A004", True), ("99350", True), ("3306", False), ("2C004", False)],
)
def test_cog_codes(code: str, known: bool) -> None:
    assert is_cog(code) is known


@given(st.text(alphabet="0123456789+-. ", max_size=22))
def test_any_instant_is_read_or_refused(value: str) -> None:
    element = etree.Element("time")
    instant = Instant(element, value)
    assert instant.moment is None or instant.well_formed
    assert instant.utc is None or len(instant.utc) == 14
