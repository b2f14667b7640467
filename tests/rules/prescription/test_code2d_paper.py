"""The Code 2D read from paper by zxing-cpp: as printed, as scanned, as photographed.

Witness of the issue: the QR code of a printed page is read from the rendered PDF at
print and at phone-camera quality, and its text meets the rules.
"""

from __future__ import annotations

from collections.abc import Callable

import pypdfium2
import pytest
from PIL import Image

from rules.formats.code2d import Code2DPicture, code2d_text
from rules.formats.symbols import read_picture
from tests.rules.ins.pages import png
from tests.rules.ins.test_symbols import blurred, noisy, shaded, tilted, turned
from tests.rules.prescription.calls import found
from tests.rules.prescription.pages import NAMES, NUMBER, pdf, qr

LARGEST = code2d_text(NUMBER, NAMES, "10999990012", "331999011", "10999992026")
"""With both RPPS: the published code has the same size."""
Look = Callable[[Image.Image], Image.Image]


def rendered(dpi: int) -> Image.Image:
    """The page as a printer draws it."""
    page = pypdfium2.PdfDocument(pdf(picture=qr(LARGEST, scale=8)))[0]
    return page.render(scale=dpi / 72, grayscale=True).to_pil()


LOOKS: dict[str, tuple[int, Look]] = {
    "imprimée à 300 dpi": (300, lambda p: p),
    "numérisée à 200 dpi": (200, lambda p: noisy(turned(p, 1), 30)),
    "télécopiée": (200, lambda p: p.convert("1").convert("L")),
    "photographiée de face": (250, lambda p: noisy(blurred(p, 1), 25)),
    "photographiée de biais": (250, lambda p: noisy(blurred(turned(tilted(p, 0.04), 5), 1), 20)),
    "photographiée mal éclairée": (250, lambda p: noisy(shaded(turned(p, 3)), 20)),
    "photographiée à l'envers": (250, lambda p: blurred(turned(p, 178), 1)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_code_is_read_from_paper(look: str) -> None:
    dpi, seen = LOOKS[look]
    picture = Code2DPicture.of(read_picture(png(seen(rendered(dpi)), "JPEG", quality=70)))
    assert [each.text for each in picture.codes] == [LARGEST]
    assert [f.check_id for f in found(picture) if f.fails] == []
