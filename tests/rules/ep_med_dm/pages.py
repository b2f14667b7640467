"""Printed ordonnances made for the tests, with their Code 2D."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import segno
from fpdf import FPDF

from rules.formats.code2d import code2d_text
from tests.rules.ins.pages import LINES, MARK, symbol, text

NAMES = ("TESTAVRIL", "CAMILLE", "1985-07-12")
RPPS, AM = "10999990012", "331999011"
_NOTICE = (
    "Le patient, informé le 12/03/2026, ne s'oppose pas à ce que je puisse consulter "
    "ce qui a été délivré ou exécuté."
)
_TRANSMISSION = (
    "Les données de cette ordonnance sont transmises électroniquement à l'assurance maladie : "
    "https://www.ameli.fr/paris/assure/protection-donnees-personnelles"
)


@cache
def picture(number: str) -> bytes:
    """The PNG of a Code 2D."""
    out = BytesIO()
    content = code2d_text(number, NAMES, RPPS, AM)
    segno.make_qr(content, error="l", boost_error=False).save(out, kind="png", scale=4, border=4)
    return out.getvalue()


@cache
def page(number: str | None, prescribed: str = "PARACETAMOL 500 mg") -> bytes:
    """The PDF of an ordonnance; without number, the paper of an outage."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    for line in (*LINES, "Dr Louise TESTMEDECIN", "Prescription du 12/03/2026", prescribed):
        pdf.cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    pdf.image(symbol(text()), 150, 60, 20)
    pdf.text(150, 85, MARK)
    if number is not None:
        _code(pdf, number)
    return bytes(pdf.output())


def _code(pdf: FPDF, number: str) -> None:
    pdf.set_auto_page_break(auto=False)
    pdf.image(BytesIO(picture(number)), 10, 210, 45)
    for rank, line in enumerate(("e-prescription", f"N°{number}", "Page 1/1")):
        pdf.text(12, 259 + 5 * rank, line)
    pdf.set_xy(80, 250)
    pdf.multi_cell(110, 5, f"{_NOTICE}\n{_TRANSMISSION}")
