"""Datamatrix INS and pages made for the tests, apart from those of the reference LGC."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import zxingcpp
from fpdf import FPDF
from PIL import Image, ImageOps

from rules.context import Context
from rules.formats.cda import ClinicalDocument
from rules.judge import judge_artefact
from tests.rules.cda.samples import LETTER

GS = "\x1d"
HEADER = "IS01" + "0" * 22
CAMILLE = {
    "S1": "285073306304208",
    "S2": "1.2.250.1.213.1.4.10",
    "S3": f"CAMILLE ANNE{GS}",
    "S4": f"TESTAVRIL{GS}",
    "S5": "F",
    "S6": "12-07-1985",
    "S7": "33063",
}
LINES = (
    "Nom de naissance : TESTAVRIL",
    "Prénom(s) de naissance : CAMILLE ANNE",
    "Nom utilisé : TESTMAI",
    "Date de naissance : 12/07/1985",
    "Sexe : F",
    "Lieu de naissance (code INSEE) : 33063",
    "Matricule INS : 285073306304208 (NIR)",
)
MARK = "INS à scanner"


def text(order: Sequence[str] = tuple(CAMILLE), **changes: str) -> str:
    """A datamatrix text; ``changes`` are raw blocks with their separators."""
    values = {**CAMILLE, **changes}
    return HEADER + "".join(name + values[name] for name in order)


def symbol(content: str, *, square: bool = True, quiet: int = 2, scale: int = 6) -> Image.Image:
    """The symbol as zxing-cpp draws it: rectangular when it is not asked to be square."""
    made = zxingcpp.create_barcode(content, zxingcpp.BarcodeFormat.DataMatrix, force_square=square)
    drawn = made.to_image(scale=scale, add_quiet_zones=False)
    picture = Image.frombuffer("L", drawn.shape[::-1], bytes(memoryview(drawn)))
    return ImageOps.expand(picture, quiet * scale, fill=255)


def png(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of a picture."""
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def page(
    lines: Sequence[str] = LINES,
    picture: Image.Image | None = None,
    *,
    mark: str = MARK,
    width: float = 20,
    first: bool = False,
) -> bytes:
    """A PDF page; ``first`` puts an empty page before it."""
    pdf = FPDF()
    pdf.set_font("Helvetica", size=10)
    if first:
        pdf.add_page()
        pdf.cell(0, 6, "Couverture")
    pdf.add_page()
    for line in lines:
        pdf.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    if picture is not None:
        pdf.image(picture, 150, 60, width)
        pdf.set_xy(150, 90)
        pdf.cell(30, 5, mark)
    return bytes(pdf.output())


def document(pdf: bytes, source: bytes = LETTER) -> ClinicalDocument:
    """The letter of the golden patient with this PDF in its body."""
    head, _, rest = source.partition(b'representation="B64">')
    tail = rest.partition(b"</text>")[2]
    body = b'representation="B64">' + base64.b64encode(pdf) + b"</text>"
    return ClinicalDocument.parse(head + body + tail)


def carriers(found: object, context: Context | None = None) -> dict[str, str]:
    """Findings of INS-T-* on an artefact: id to what was found."""
    judgement = judge_artefact(found, context or Context())
    return {f.check_id: f.found for f in judgement.findings if f.check_id.startswith("INS-T-")}
