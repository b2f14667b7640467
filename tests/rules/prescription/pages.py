"""Code 2D and printed ordonnances made for the tests, apart from those of the reference LGC."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import zxingcpp
from fpdf import FPDF
from PIL import Image, ImageOps

from rules.exchange import Exchange, Message
from rules.formats.code2d import Code2D, code2d_text
from rules.formats.ordonnance_page import PrintedOrdonnance
from tests.rules.prescription.calls import exchange

NUMBER = "04B5BBY113H9WH0035"
NAMES = ("TESTAVRIL", "CAMILLE", "1985-07-12")
TEXT = code2d_text(NUMBER, NAMES, "10999990012", "331999011")
HEAD = (
    "Dr Louise TESTMEDECIN",
    "RPPS 10999990012 - N° AM 331999011",
    "Patient : TESTAVRIL CAMILLE, née le 12/07/1985, F",
    "Date de prescription : 12/03/2026",
)
BODY = (
    "PARACETAMOL 500 mg comprimé, voie orale",
    "1 comprimé 3 fois par jour si douleur, pendant 5 jours",
)
ALD_TITLE = "PRESCRIPTIONS RELATIVES AU TRAITEMENT DE L'AFFECTION DE LONGUE DURÉE RECONNUE"
OTHER_TITLE = "PRESCRIPTIONS SANS RAPPORT AVEC L'AFFECTION DE LONGUE DURÉE"
NOTICE = (
    "Le patient, informé le 12/03/2026, ne s'oppose pas à ce que je puisse consulter ce qui a "
    "été délivré ou exécuté."
)
NOTICE_2022 = (
    "Le patient a accepté que je puisse consulter ce qui a été délivré ou exécuté : {answer}"
)
TRANSMITTED = (
    "Les données de cette ordonnance sont transmises électroniquement à l'assurance maladie : "
    "https://www.ameli.fr/paris/assure/protection-donnees-personnelles"
)
FOOT = ("e-prescription", f"N°{NUMBER}", "Page 1/1")


def text(
    body: Sequence[str] = BODY,
    *,
    notice: str = NOTICE,
    transmitted: str = TRANSMITTED,
    foot: Sequence[str] = FOOT,
    head: Sequence[str] = HEAD,
) -> str:
    """The text of a page."""
    return "\n".join((*head, *body, *foot, notice, transmitted))


def page_of(*args: Any, **options: Any) -> PrintedOrdonnance:
    """A page of which only the text is known."""
    return PrintedOrdonnance.of_text(text(*args, **options))


def qr(
    content: str = TEXT, *, level: str = "L", scale: int = 4, kind: str = "QRCode"
) -> Image.Image:
    """A symbol as zxing-cpp draws it."""
    options = {"ec_level": level} if kind == "QRCode" else {}
    made = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, kind), **options)
    drawn = made.to_image(scale=scale, add_quiet_zones=False)
    picture = Image.frombuffer("L", drawn.shape[::-1], bytes(memoryview(drawn)))
    return ImageOps.expand(picture, 4 * scale, fill=255)


def pdf(
    body: Sequence[str] = BODY,
    picture: Image.Image | None = None,
    *,
    at: tuple[float, float] = (12, 225),
    number_at: tuple[float, float] = (12, 254),
    number: str = NUMBER,
    notice: str = NOTICE,
    pages: int = 1,
    words: bool = True,
) -> bytes:
    """An A4 page laid out as the sheet says: places are in millimetres from the top left."""
    made = FPDF()
    made.set_auto_page_break(False)
    made.set_font("Helvetica", size=9)
    for page in range(1, pages + 1):
        made.add_page()
        if words:
            for each in (*HEAD, *body):
                made.cell(0, 6, each, new_x="LMARGIN", new_y="NEXT")
            _foot(made, number, number_at, f"Page {page}/{pages}", notice)
        made.image(picture or qr(), *at, 28)
    return bytes(made.output())


def _foot(made: FPDF, number: str, at: tuple[float, float], pagination: str, notice: str) -> None:
    for row, each in enumerate(("e-prescription", f"N°{number}", pagination)):
        made.set_xy(at[0], at[1] + 4 * row)
        made.cell(40, 4, each)
    for row, each in enumerate((notice, TRANSMITTED)):
        made.set_xy(60, 245 + 12 * row)
        made.multi_cell(130, 4, each)


def printed(data: bytes, position: int = 9, *, consent: bool | None = None) -> Exchange:
    """The gesture that printed a PDF."""
    asked = {"ordonnance": "o1", **({} if consent is None else {"avec_consentement": consent})}
    told = {"document": {"id": "d1", "contenu": base64.b64encode(data).decode()}}
    return exchange(
        Message("POST /actions/prescription.print", (), json.dumps(asked).encode()),
        position,
        service="lgc",
        operation="prescription.print",
        response=Message("HTTP/1.1 200 OK", (), json.dumps(told).encode()),
    )


def code(content: str = TEXT) -> Code2D:
    """A Code 2D as it is read from its text."""
    return Code2D.parse(content)
