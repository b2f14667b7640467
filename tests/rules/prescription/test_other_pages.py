"""Pages of other products: other words, other layouts, other ways of writing letters.

Witness of conformity: the printed example of an editor's manual of 2022 (sentences of
e-prescription.md §6), and the wordings its regular expressions admit.
"""

from __future__ import annotations

import io
import textwrap
from typing import Any

import pypdf
import pypdfium2
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from pypdf.generic import RectangleObject

from rules.findings import Severity
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.pdf import PdfDocument
from tests.rules.ins.pages import png
from tests.rules.ins.test_symbols import blurred, noisy, shaded, turned
from tests.rules.prescription.calls import found, ids
from tests.rules.prescription.pages import (
    ALD_TITLE,
    BODY,
    FOOT,
    HEAD,
    NOTICE,
    NUMBER,
    TEXT,
    TRANSMITTED,
    page_of,
    pdf,
    qr,
    text,
)

DRUG = BODY[0]
OF_2022 = (
    "Le patient ou le ou les titulaire(s) de l'autorité parentale a (ont) accepté que je puisse "
    "consulter ce qui a été délivré ou exécuté sur la présente prescription : {answer}"
)
TRANSMITTED_2022 = (
    "Les données de la prescription sont transmises électroniquement à l'assurance maladie qui "
    "traite vos données dans le cadre de ses missions. Pour en savoir plus, reportez-vous à "
    "https://www.ameli.fr."
)
BEHALF = (
    "Le(s) titulaire(s) de l’autorité parentale, informé(s) le 12 mars 2026, ne s’oppose(nt) pas "
    "à la consultation de ce qui a été délivré ou exécuté."
)


@pytest.mark.parametrize(
    "notice",
    [
        OF_2022.format(answer="OUI"),
        OF_2022.format(answer="NON"),
        OF_2022.format(answer="oui").upper(),
        BEHALF,
        BEHALF.replace("12 mars 2026", "12/03/26"),
        "\n".join(textwrap.wrap(NOTICE, 40)).replace("délivré", "déli-\nvré"),
        NOTICE.upper().replace("'", "’"),
        "Le patient s'oppose à ce que je puisse consulter ce qui a été délivré ou exécuté.",
        "Le patient n'a pas accepté que je puisse consulter ce qui a été délivré ou exécuté.",
    ],
)
@pytest.mark.parametrize("transmitted", [TRANSMITTED, TRANSMITTED_2022, TRANSMITTED.upper()])
def test_wordings_of_the_mentions(notice: str, transmitted: str) -> None:
    assert ids(page_of(notice=notice, transmitted=transmitted)) == []


@pytest.mark.parametrize(
    "foot",
    [
        (f"e-prescription N°{NUMBER}", "Page 1/1"),
        (f"e-prescription N° : {NUMBER}.", "Page 1 / 1"),
        (f"E-PRESCRIPTION Nº {NUMBER}", "PAGE : 1 SUR 1"),
        (f"e‑prescription n° {NUMBER}", "Page 1/1"),
        ("e-prescription", "N° 04B5 BBY1 13H9 WH00 35", "page 1/1"),
        ("e-prescription", "No 04B5BBY1", "13H9WH0035", "page 1/1"),
    ],
)
def test_ways_of_printing_the_number(foot: tuple[str, ...]) -> None:
    page = page_of(foot=foot)
    assert page.printed_number == NUMBER
    assert ids(page) == []


@pytest.mark.parametrize("printed", [NUMBER.lower(), NUMBER.replace("04B5", "O4B5"), NUMBER[:17]])
def test_a_wrong_number_is_read_as_it_is_printed(printed: str) -> None:
    page = page_of(foot=(f"e-prescription N°{printed}", "Page 1/1"))
    assert page.printed_number == printed
    assert ids(page) == ["EP-02"]


@pytest.mark.parametrize("day", ["12/03/26", "12.03.2026", "12 mars 2026", "jeudi 12 mars 2026"])
def test_ways_of_printing_the_day(day: str) -> None:
    assert ids(page_of(head=(*HEAD[:-1], f"Le {day}"), notice="")) == []


@pytest.mark.parametrize(
    "mention",
    [
        "(-Non substituable-) MTE",
        "NON-SUBSTITUABLE [CIF]",
        "non substi-\ntuable : EFG",
        "Non substituable, contre-indication formelle et démontrée à un excipient à effet notoire "
        "(CIF)",
    ],
)
def test_wordings_of_non_substituable(mention: str) -> None:
    page = page_of((DRUG, mention))
    assert len(page.excluded) == 1
    assert ids(page) == []


@pytest.mark.parametrize(
    ("check_id", "options"),
    [
        ("EP-13", {"notice": OF_2022.format(answer="")}),
        ("EP-13", {"notice": BEHALF.replace("le 12 mars 2026", "ce jour")}),
        ("EP-13", {"notice": "Consultation de ce qui a été délivré ou exécuté : autorisée."}),
        ("EP-14", {"transmitted": TRANSMITTED_2022.replace("ameli", "exemple")}),
        ("EP-14", {"transmitted": "Données transmises à l'assurance maladie (www.ameli.fr)."}),
        ("EP-16", {"body": (DRUG, "NON-SUBSTITUABLE")}),
    ],
)
def test_the_same_defects_in_other_words(check_id: str, options: dict[str, Any]) -> None:
    assert ids(page_of(**options)) == [check_id]


def test_boxes_to_tick_are_to_be_looked_at() -> None:
    (finding,) = found(page_of(notice=OF_2022.format(answer="☐ OUI ☐ NON")))
    assert (finding.check_id, finding.severity) == ("EP-13", Severity.REVIEW)


@pytest.mark.parametrize(
    "body",
    [
        (ALD_TITLE, DRUG),
        ("Soins en rapport avec une ALD", DRUG, "Soins hors ALD", DRUG),
        ("Traitement lié à l'affection de longue durée", DRUG, "Maladies intercurrentes", DRUG),
        ("Médicaments en lien avec l'ALD", DRUG, "Non liés à l'ALD", DRUG),
    ],
)
def test_other_titles_of_zones(body: tuple[str, ...]) -> None:
    assert ids(page_of(body)) == []


def test_zones_of_other_titles_in_the_wrong_order() -> None:
    body = ("Soins hors ALD", DRUG, "Soins en rapport avec l'ALD", DRUG)
    assert ids(page_of(body)) == ["EP-18"]


def laid_out(size: tuple[float, float], *, across: bool = False, code: int = 26) -> bytes:
    """The same words on a page of another size (mm); ``across`` writes the foot row by row."""
    made = FPDF(format=size)
    made.set_auto_page_break(False)
    made.set_font("Helvetica", size=8)
    made.add_page()
    for each in (*HEAD, *BODY):
        made.cell(0, 5, each, new_x="LMARGIN", new_y="NEXT")
    top, width = size[1] - code - 18, int(size[0] - 50)
    made.image(qr(), 8, top, code)
    left = [f"e-prescription N°{NUMBER}", "Page 1/1"] if across else FOOT
    right = textwrap.wrap(f"{NOTICE} {TRANSMITTED}", int(width / 1.9))
    if not across:
        for row, each in enumerate(right):
            made.text(45, top + 4 + 3.5 * row, each)
    for row in range(max(len(left), len(right) if across else 0)):
        if row < len(left):
            made.text(8, top + code + 3 + 4 * row, left[row])
        if across and row < len(right):
            made.text(50, top + code + 3 + 4 * row, right[row])
    return bytes(made.output())


def changed(data: bytes, change: Any) -> bytes:
    """A PDF whose first page was changed by pypdf."""
    writer = pypdf.PdfWriter()
    writer.add_page(pypdf.PdfReader(io.BytesIO(data)).pages[0])
    change(writer.pages[0])
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def lying(page: Any) -> None:
    """Drawn sideways, shown upright: what a landscape printer driver writes."""
    page.add_transformation((0, 1, -1, 0, 841.89, 0))
    page.mediabox = RectangleObject((0, 0, 841.89, 595.28))
    page.rotate(90)


def shifted(page: Any) -> None:
    """A page whose corner is not the origin of its drawing."""
    page.add_transformation((1, 0, 0, 1, -300, -200))
    page.mediabox = RectangleObject((-300, -200, 595.28 - 300, 841.89 - 200))


LAYOUTS = {
    "A5": lambda: laid_out((148, 210)),
    "A5 paysage": lambda: laid_out((210, 148)),
    "A4 paysage": lambda: laid_out((297, 210)),
    "bas de page par rangées": lambda: laid_out((210, 297), across=True),
    "petit code": lambda: laid_out((210, 297), code=16),
    "décalée": lambda: changed(pdf(), shifted),
    "tournée": lambda: changed(pdf(), lying),
    "code un peu haut": lambda: pdf(at=(25, 190), number_at=(25, 220)),
    "deux exemplaires": lambda: both(pdf(), pdf()),
}


def both(*files: bytes) -> bytes:
    writer = pypdf.PdfWriter()
    for each in files:
        writer.add_page(pypdf.PdfReader(io.BytesIO(each)).pages[0])
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def ordonnance_of(data: bytes) -> PrintedOrdonnance:
    page = PdfDocument.parse(data).ordonnance
    assert page is not None
    return page


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    page = ordonnance_of(LAYOUTS[name]())
    assert {each.text for each in page.codes} == {TEXT}
    assert ids(page) == []


@pytest.mark.parametrize("change", [shifted, lying])
def test_a_number_far_from_its_code_on_a_turned_page(change: Any) -> None:
    assert ids(ordonnance_of(changed(pdf(number_at=(12, 205)), change))) == ["EP-09"]


def scan(data: bytes, dpi: int, look: Any = None, words: str = "") -> bytes:
    """A page as a scanner writes it: one picture, and perhaps a line of its own over it."""
    page = pypdfium2.PdfDocument(data)[0]
    picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
    content = png(look(picture) if look else picture, "JPEG", quality=75)
    made = FPDF()
    made.set_font("Helvetica", size=8)
    made.add_page()
    made.image(io.BytesIO(content), 0, 0, 210, 297)
    if words:
        made.text(10, 292, words)
    return bytes(made.output())


SCANS = {
    "200 dpi": (200, None),
    "300 dpi": (300, None),
    "télécopie": (200, lambda p: p.convert("1").convert("L")),
    "de travers, bruitée": (200, lambda p: noisy(turned(p, 1), 30)),
    "mal éclairée": (200, lambda p: noisy(shaded(p), 15)),
    "à l'envers": (200, lambda p: turned(p, 180)),
    "tout à la fois": (200, lambda p: noisy(blurred(turned(shaded(p), 1.5), 0.7), 20)),
}


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_shows_its_code_and_is_never_accused_of_its_words(name: str) -> None:
    dpi, look = SCANS[name]
    page = ordonnance_of(scan(pdf(picture=qr(scale=8)), dpi, look))
    assert [each.text for each in page.codes] == [TEXT]
    told = [f for f in found(page) if not (name == "à l'envers" and f.place.startswith("page 1,"))]
    assert {f.severity for f in told} == {Severity.REVIEW}


@pytest.mark.parametrize("words", ["Numérisé le 13/03/2026 par le secrétariat", "\x01\x02"])
def test_words_laid_over_a_scan_are_not_those_of_the_page(words: str) -> None:
    told = found(ordonnance_of(scan(pdf(), 200, words=words)))
    assert told
    assert not any(f.fails for f in told)


def test_letters_without_names_are_to_be_looked_at() -> None:
    """A font that does not say which letters it draws: PDFium reads others."""
    shift = str.maketrans({chr(c): chr(c + 1) for c in range(65, 122)})
    page = ordonnance_of(pdf())
    unnamed = PrintedOrdonnance(
        tuple(each.translate(shift) for each in page.texts), page.codes, (), page.data
    )
    assert unnamed.scanned
    assert not any(f.fails for f in found(unnamed))


def test_a_text_alone_is_never_a_scan() -> None:
    assert not PrintedOrdonnance.of_text(text()).scanned


@given(st.text(alphabet="aÉœ1º°ﬁ\u2028\r\n-ALD ", max_size=60))
def test_each_letter_of_a_page_is_found_in_its_rows(content: str) -> None:
    page = PrintedOrdonnance.of_text(content)
    letters = (page.rows[page.place_in_rows(at)] for at in range(len(page.packed)))
    assert "".join(letters) == page.packed


@settings(max_examples=30)
@given(st.text(max_size=80))
def test_any_text_around_a_number_is_judged(content: str) -> None:
    page = PrintedOrdonnance.of_text(f"{content}\ne-prescription N°{NUMBER}\n{content}")
    assert NUMBER in page.printed_numbers
    assert "EP-02" not in ids(page) or len(page.printed_numbers) > 1


def test_a_second_code_does_not_hide_the_code_2d() -> None:
    """An appointment code that is read at once, a Code 2D that only a fine drawing shows."""
    made = FPDF()
    made.set_font("Helvetica", size=9)
    made.add_page()
    for each in (*HEAD, *BODY):
        made.cell(0, 6, each, new_x="LMARGIN", new_y="NEXT")
    made.image(qr("https://exemple.invalid/"), 160, 20, 30)
    made.image(qr(scale=12), 12, 240, 9)
    for row, each in enumerate((f"e-prescription N°{NUMBER}", "Page 1/1")):
        made.text(12, 254 + 4 * row, each)
    made.set_xy(60, 250)
    made.multi_cell(130, 4, f"{NOTICE} {TRANSMITTED}")
    page = ordonnance_of(bytes(made.output()))
    assert [each.text for each in page.codes] == [TEXT]
    assert ids(page) == []


def test_a_letterhead_behind_the_words_is_no_scan_of_a_defect() -> None:
    """Its background may say what its text does not: nobody is accused."""
    paper = Image.new("L", (1240, 1754), 255)
    ImageDraw.Draw(paper).rectangle((0, 0, 1240, 60), fill=230)
    made = FPDF()
    made.set_font("Helvetica", size=9)
    made.add_page()
    made.image(paper, 0, 0, 210, 297)
    for each in (*HEAD, *BODY, *FOOT[:2]):
        made.cell(0, 6, each, new_x="LMARGIN", new_y="NEXT")
    made.image(qr(), 12, 225, 28)
    page = ordonnance_of(bytes(made.output()))
    assert {f.check_id for f in found(page) if f.severity is Severity.REVIEW} == {
        "EP-13",
        "EP-14",
        "EP-16",
        "EP-18",
    }
    assert [f.check_id for f in found(page) if f.fails] == ["EP-09"]
