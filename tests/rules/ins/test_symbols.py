"""Symbols of pictures and pages: golden ones, photographs, quiet zones, hostile bytes."""

from __future__ import annotations

import io
import threading
import zlib
from contextlib import suppress

import pytest
import zxingcpp
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from rules.artefact import MalformedError
from rules.formats.pages import MAX_STREAM, is_bomb, page_text, read_pages
from rules.formats.pdf import PdfDocument
from rules.formats.symbols import PictureError, is_picture, read_picture
from tests.rules.ins.pages import LINES, page, png, symbol, text
from tests.shared_data import GOLDEN, needs_shared

PICTURES = sorted((GOLDEN / "ins").glob("*.png"))
TABLE = 205
"""Shade of what lies around a document on a photograph."""


@needs_shared
@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_golden_picture_is_read_with_its_shape(path):
    (found,) = read_picture(path.read_bytes())
    written = path.with_name(path.name.replace("-autre-codage", "")).with_suffix(".txt")
    assert found.data == written.read_bytes()
    assert (found.kind, found.square, found.quiet_zone) == ("datamatrix", True, True)
    assert found.rows in (36, 40, 44)


def photograph() -> Image.Image:
    """A sheet with a symbol, on a table."""
    sheet = Image.new("L", (640, 480), TABLE)
    sheet.paste(symbol(text()), (180, 100))
    return sheet


def tilted(picture: Image.Image, part: float) -> Image.Image:
    """Seen from the side: four corners that no longer make a rectangle."""
    width, height = picture.size
    corners = (
        *(part * width, part * height / 2),
        *(0, height),
        *(width, height * (1 - part / 3)),
        *(width * (1 - part), 0),
    )
    return picture.transform(
        picture.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=TABLE
    )


def turned(picture: Image.Image, angle: float) -> Image.Image:
    return picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE)


def blurred(picture: Image.Image, radius: float) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(radius))


def noisy(picture: Image.Image, deviation: int) -> Image.Image:
    return ImageChops.add(picture, Image.effect_noise(picture.size, deviation), 1, -128)


def shaded(picture: Image.Image) -> Image.Image:
    """Lit from one side."""
    light = Image.linear_gradient("L").rotate(90).resize(picture.size)
    return ImageChops.multiply(picture, ImageOps.autocontrast(light).point(lambda p: 90 + p // 2))


ANGLES = (7, 30, 45, 90, 180, 217)
PHOTOGRAPHS = {
    **{f"tournée de {angle}°": (lambda p, a=angle: turned(p, a)) for angle in ANGLES},
    **{f"perspective {part}": (lambda p, d=part: tilted(p, d)) for part in (0.05, 0.1, 0.15)},
    "floue": lambda p: blurred(p, 2.5),
    "bruitée": lambda p: noisy(p, 90),
    "mal éclairée": shaded,
    "sombre": lambda p: p.point(lambda shade: 20 + shade // 4),
    "inversée": ImageOps.invert,
    "petite": lambda p: p.resize((240, 180), Image.Resampling.BILINEAR),
    "tout à la fois": lambda p: noisy(blurred(turned(tilted(shaded(p), 0.08), 12), 1), 20),
}  # fmt: skip


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("quality", [90, 25])
def test_a_photograph_is_read(name, quality):
    content = png(PHOTOGRAPHS[name](photograph()), "JPEG", quality=quality)
    (found,) = read_picture(content)
    assert (found.data, found.square) == (text().encode(), True)


@pytest.mark.parametrize("modules", [0, 0.25, 1, 3])
@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_the_quiet_zone_is_measured_on_each_side(modules, side):
    """A rule drawn along the symbol, farther and farther."""
    scale, quiet = 8, 6
    picture = symbol(text(), scale=scale, quiet=quiet)
    size, edge = picture.width, quiet * scale - modules * scale - 1
    lines = {
        "left": (edge, 0, edge, size),
        "right": (size - edge - 1, 0, size - edge - 1, size),
        "top": (0, edge, size, edge),
        "bottom": (0, size - edge - 1, size, size - edge - 1),
    }
    ImageDraw.Draw(picture).line(lines[side], fill=0, width=4 if modules < 1 else 1)
    found = read_picture(png(picture))
    if found:
        assert found[0].quiet_zone == (modules >= 1)
    else:
        assert modules < 1, "un trait collé au symbole peut le rendre illisible"


@pytest.mark.parametrize(("quiet", "clear"), [(0, False), (1, True), (2, True)])
def test_the_edge_of_the_picture_ends_the_quiet_zone(quiet, clear):
    (found,) = read_picture(png(symbol(text(), quiet=quiet)))
    assert found.quiet_zone == clear


def test_a_rectangle_is_told():
    (found,) = read_picture(png(symbol(text(), square=False)))
    assert (found.rows, found.columns, found.square) == (24, 48, False)


def test_transparency_is_laid_on_white():
    picture = symbol(text()).convert("RGBA")
    picture.putalpha(ImageOps.invert(symbol(text())))
    (found,) = read_picture(png(picture))
    assert found.data == text().encode()


def test_each_picture_of_a_tiff_is_read():
    frames = [symbol(text(S7=place)) for place in ("33063", "2B033")]
    content = png(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert [s.page for s in read_picture(content)] == [1, 2]


def test_a_picture_that_does_not_open_is_told_in_french():
    whole = png(symbol(text()))
    with pytest.raises(PictureError, match="illisible"):
        read_picture(whole[:60])
    with pytest.raises(PictureError, match="millions de points"):
        read_picture(png(Image.new("1", (8000, 6000))))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_spoilt_picture_never_breaks_the_reader(data):
    whole = bytearray(png(symbol(text(), scale=2)))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert is_picture(bytes(whole))
    with suppress(PictureError):
        assert len(read_picture(bytes(whole))) <= 1


def test_the_symbols_of_a_page_are_found_with_their_page():
    pdf = page(picture=symbol(text()), first=True)
    (found,) = read_pages(pdf)
    assert (found.data, found.page, found.quiet_zone) == (text().encode(), 2, True)
    assert page_text(pdf).strip() == "Couverture"
    assert LINES[-1] in page_text(page())


@pytest.mark.parametrize("width", [9, 12, 18, 20.7, 23.3, 31])
def test_a_printed_symbol_keeps_its_quiet_zone_at_any_size(width):
    """Drawn at 150 or 300 dpi, modules of 0.24 mm and more."""
    (found,) = read_pages(page(picture=symbol(text(), quiet=1), width=width))
    assert (found.square, found.quiet_zone) == (True, True)


def both_kinds(datamatrix: float, qr: float) -> bytes:
    """A page with a datamatrix and a QR code of these widths (mm), and a logo."""
    made = FPDF()
    made.add_page()
    made.image(Image.effect_noise((300, 120), 60), 12, 10, 40)
    made.image(symbol(text(), scale=10), 150, 60, datamatrix)
    drawn = zxingcpp.create_barcode("Q" * 300, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    modules = drawn.to_image(scale=10, add_quiet_zones=True)
    code = Image.frombuffer("L", modules.shape[::-1], bytes(memoryview(modules)))
    made.image(code, 12, 225, qr)
    return bytes(made.output())


@pytest.mark.parametrize(("datamatrix", "qr"), [(20, 25), (20, 8), (8, 25), (8, 8)])
def test_a_large_symbol_does_not_hide_a_small_one_of_the_other_kind(datamatrix, qr):
    found = read_pages(both_kinds(datamatrix, qr))
    assert sorted(each.kind for each in found) == ["datamatrix", "qr"]
    for each in found:
        x, y = (each.corners[0][axis] / each.frame[axis] for axis in (0, 1))
        right, low = each.kind == "datamatrix", each.kind == "qr"
        assert (x > 0.5, y > 0.5) == (right, low)


def test_a_page_of_text_is_not_drawn(monkeypatch):
    def never(*_arguments, **_options):
        raise AssertionError("une page sans dessin est rendue")

    monkeypatch.setattr("pypdfium2.PdfPage.render", never)
    assert read_pages(page()) == ()


def test_pages_are_read_from_several_threads():
    pdfs = [page([f"page {n}"], symbol(text(S7=f"330{n:02d}"))) for n in range(8)]
    found: dict[int, bytes] = {}

    def read(number):
        (one,) = read_pages(pdfs[number])
        found[number] = one.data

    threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: text(S7=f"330{n:02d}").encode() for n in range(8)}


@pytest.mark.parametrize(
    "pdf", [b"", b"%PDF-1.4 rien", page()[:400]], ids=["vide", "rien", "coupé"]
)
def test_a_broken_pdf_has_no_symbol_and_no_text(pdf):
    assert (read_pages(pdf), page_text(pdf)) == ((), "")


def test_a_page_too_large_is_not_drawn():
    pdf = FPDF(format=(5000, 5000))
    pdf.add_page()
    pdf.image(io.BytesIO(png(symbol(text()))), 10, 10, 20)
    assert read_pages(bytes(pdf.output())) == ()


def drawing(size: int, **dictionary: str) -> bytes:
    """A PDF of one page whose only stream takes ``size`` octets once inflated."""
    content = zlib.compress(b"0 0 m ".ljust(size))
    words = {"Length": str(len(content)), "Filter": "/FlateDecode", **dictionary}
    told = " ".join(f"/{name} {value}" for name, value in words.items()).encode()
    return (
        b"%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj\n"
        b"2 0 obj <</Type /Pages /Count 1 /Kids [3 0 R]>> endobj\n"
        b"3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R>> endobj\n"
        b"4 0 obj <<" + told + b">>\nstream\n" + content + b"\nendstream endobj\n"
        b"trailer <</Root 1 0 R>>\n%%EOF\n"
    )


def test_a_page_that_inflates_without_end_is_never_opened():
    bomb = drawing(MAX_STREAM + 1)
    assert len(bomb) < 20_000
    assert (read_pages(bomb), page_text(bomb)) == ((), "")
    with pytest.raises(MalformedError) as error:
        PdfDocument.parse(bomb)
    assert "décompressée" in error.value.finding.found


def test_a_large_drawing_a_picture_or_a_font_is_no_bomb():
    assert not is_bomb(drawing(MAX_STREAM))
    assert not is_bomb(drawing(MAX_STREAM + 1, Subtype="/Image"))
    assert not is_bomb(drawing(MAX_STREAM + 1, Length1=str(MAX_STREAM + 1)))
