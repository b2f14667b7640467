"""The printed ordonnance: its Code 2D is read by zxing-cpp as printed and as photographed.

Each mention of the sheet is on the page, or is not when it must not.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from reference_impl.documents import code2d
from reference_impl.documents.metadata import encapsulated_pdf
from reference_impl.documents.ordonnance_pdf import AMELI
from reference_impl.documents.ordonnance_text import in_letters
from reference_impl.prescriptions.model import Ordonnance
from rules.context import Context
from rules.formats.cartouche import packed
from rules.formats.code2d import Code2DPicture
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.pages import page_texts
from rules.formats.symbols import read_picture
from rules.judge import judge_artefact
from tests.reference_impl.documents.test_ordonnance import (
    BIOLOGY,
    DEVICE,
    HUGO,
    NARCOTIC,
    document,
    ordonnance,
)
from tests.reference_impl.story import CAMILLE, UNQUALIFIED
from tests.rules.ins.pages import png
from tests.rules.ins.test_symbols import blurred, noisy, shaded, tilted, turned

SUBSTITUTE = {"rpps": HUGO.rpps, "nom": HUGO.family_name}


def page(held: Ordonnance | None = None, **how: object) -> bytes:
    """The PDF of an ordonnance."""
    written = document(held or ordonnance(), structured=False, **how)  # type: ignore[arg-type]
    return encapsulated_pdf(written.content)


def words(pdf: bytes) -> str:
    """The text of all its pages on one line."""
    return " ".join(" ".join(page_texts(pdf)).split())


def drawn(pdf: bytes, dpi: int) -> Image.Image:
    return pdfium.PdfDocument(pdf)[0].render(scale=dpi / 72).to_pil().convert("L")


def codes(picture: Image.Image) -> list[str]:
    """Texts of the QR codes of a picture."""
    found = zxingcpp.read_barcodes(picture)
    return [f.text for f in found if f.format == zxingcpp.BarcodeFormat.QRCode]


def photographed(picture: Image.Image) -> Image.Image:
    """Held by hand over the bottom of the page: turned, blurred, badly lit, compressed."""
    bottom = picture.crop((0, picture.height * 3 // 4, picture.width // 2, picture.height))
    turned = bottom.rotate(7, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    blurred = turned.filter(ImageFilter.GaussianBlur(1.2))
    dim = blurred.point([round(60 + value * 0.5) for value in range(256)])
    content = io.BytesIO()
    dim.save(content, "JPEG", quality=60)
    return Image.open(content)


@pytest.mark.parametrize("held", [ordonnance(), ordonnance(remplace=SUBSTITUTE)])
@pytest.mark.parametrize("dpi", [150, 200, 300])
def test_the_code_is_read_at_print_resolutions(held, dpi):
    (text,) = codes(drawn(page(held), dpi))
    assert text == code2d.write_text(held, CAMILLE.traits)
    assert json.loads(text)["D"]["ID"] == held.number


@pytest.mark.parametrize("held", [ordonnance(), ordonnance(remplace=SUBSTITUTE)])
def test_the_code_is_read_on_a_photograph(held):
    assert codes(photographed(drawn(page(held), 300))) == [code2d.write_text(held, CAMILLE.traits)]


def phone(picture: Image.Image, width: int, blur: float, noise: int, quality: int) -> bytes:
    """The whole page on a table, held from the side, lit by a lamp: what a telephone takes."""
    seen = turned(tilted(shaded(picture), 0.08), 6)
    seen = seen.resize((width, round(seen.height * width / seen.width)), Image.Resampling.LANCZOS)
    return png(noisy(blurred(seen, blur), noise), "JPEG", quality=quality)


@pytest.mark.parametrize(
    "taken",
    [(4000, 0.9, 10, 60), (3000, 0.8, 10, 60), (1800, 0.5, 6, 80)],
    ids=["récent", "ordinaire", "ancien"],
)
def test_both_codes_are_read_on_a_photograph_of_the_whole_page(taken):
    held = ordonnance(remplace=SUBSTITUTE)
    symbols = read_picture(phone(drawn(page(held), 300), *taken))
    read = Code2DPicture.of(symbols)
    assert [code.text for code in read.codes] == [code2d.write_text(held, CAMILLE.traits)]
    assert [f for f in judge_artefact(read, Context()).findings if f.fails] == []


@pytest.mark.parametrize(
    ("born", "written"),
    [
        ("N" * 95, "N" * 90),
        ("D’ÉSSAI-ŒUVRE DE L’EXEMPLE", "D'ESSAI-OEUVRE DE L'EXEMPLE"),
        ("N" * 89 + "-É", "N" * 89 + "-"),
    ],
)
def test_a_long_or_accented_name_is_cut_and_plain_in_the_code_alone(born, written):
    patient = replace(UNQUALIFIED, traits=replace(UNQUALIFIED.traits, birth_name=born))
    pdf = page(patient=patient)
    (text,) = codes(drawn(pdf, 300))
    content = json.loads(text)
    assert content["D"]["P"]["N"] == written.ljust(90)
    assert text.isascii()
    assert packed(born) in packed(words(pdf))


@pytest.mark.parametrize("patient", [CAMILLE, UNQUALIFIED], ids=["qualifiée", "non qualifiée"])
def test_the_page_raises_nothing(patient):
    printed = PrintedOrdonnance.of_pdf(page(patient=patient))
    assert printed is not None
    assert judge_artefact(printed, Context()).findings == ()
    assert printed.printed_number == "04B5BF6A13UFPA0036"
    assert ("285073306304208" in printed.packed) is (patient is CAMILLE)


def test_consent_is_said_only_when_given():
    assert "ne s'oppose pas à ce que je puisse consulter" in words(page())
    opposed = words(page(ordonnance(consentement=False)))
    assert "consulter ce qui a été délivré" not in opposed
    assert "transmises électroniquement à l'assurance maladie" in opposed
    assert AMELI in opposed


def test_without_the_service_the_page_has_no_code_and_no_mention():
    pdf = page(registered=False)
    text = words(pdf)
    assert codes(drawn(pdf, 200)) == []
    assert "N°04B5BF6A13UFPA0036" not in text
    assert "e-prescription" not in text
    assert "ameli" not in text
    assert "Page 1/1" in text


def test_ald_lines_have_their_zone():
    text = words(page())
    first = text.index("PRESCRIPTIONS RELATIVES AU TRAITEMENT")
    second = text.index("PRESCRIPTIONS SANS RAPPORT")
    assert first < text.index("1. MEDICAMENT FICTIF TROIS") < second < text.index("2. Lit médical")
    alone = words(page(ordonnance(NARCOTIC, flags=[])))
    assert "PRESCRIPTIONS SANS RAPPORT" not in alone
    assert "En ALD : " in alone


def test_every_mention_of_a_line_is_printed():
    text = words(page(ordonnance({**NARCOTIC, "mentions": ["Ordonnance de relais"]}, BIOLOGY)))
    for mention in (
        "non substituable (CIF)",
        "hors autorisation de mise sur le marché",
        "En rapport avec la prévention",
        "(Ordonnance de relais)",
        "À jeun",
        "Ordonnance avec 1 médicament",
        "Signature du prescripteur",
        "N° AM 331999011",
    ):
        assert mention in text
    assert "à renouveler 3 fois" in words(page(ordonnance({**DEVICE, "renouvellements": 3})))


def test_narcotics_are_in_letters():
    text = words(page(ordonnance(NARCOTIC, flags=["MED-1098"])))
    assert "Ordonnance sécurisée" in text
    assert "dix milligrammes" in text
    assert "pendant quatorze jours" in text
    assert "10 mg" not in text


@pytest.mark.parametrize(
    ("figures", "letters"),
    [
        ("10 mg", "dix milligrammes"),
        ("1 mg", "un milligramme"),
        ("2,5 ml", "deux virgule cinq millilitres"),
        ("B12 le soir", "B12 le soir"),
        ("71 g", "soixante et onze grammes"),
    ],
)
def test_numbers_in_letters(figures, letters):
    assert in_letters(figures) == letters


def test_a_long_ordonnance_has_its_code_on_each_page():
    lines = [{**DEVICE, "n": n, "libelle": f"Dispositif {n}"} for n in range(1, 31)]
    pdf = page(ordonnance(*lines, flags=[]))
    printed = PrintedOrdonnance.of_pdf(pdf)
    assert printed is not None
    count = len(printed.texts)
    assert count > 1
    assert printed.page_numbers == tuple((n, count) for n in range(1, count + 1))
    assert all(f"Dispositif {n} " in words(pdf) for n in range(1, 31))


def test_a_substitute_is_named_with_whom_he_replaces():
    text = words(page(ordonnance(remplace=SUBSTITUTE), author=HUGO))
    assert "remplaçant de LOUISE TESTMEDECIN" in text
    named = replace(HUGO, civility="MME")
    assert "Dr Hugo TESTREMPLACANT" in words(page(author=named))
