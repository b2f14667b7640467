"""The PDF/A-1b of a letter: what the reader of an unstructured document sees.

fpdf2 writes PDF/A-1b itself (embedded subset fonts, sRGB output intent, no
transparency); veraPDF accepts the result. The XMP packet is ours because the
library dates it with the current time, and the same letter must give the same
bytes. The fonts are those of the ``font-lato`` package (OFL).

Sources: ISO 19005-1; specs of the cartouche INS, RNIV EXI DIF 02.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unicodedata import category, normalize
from xml.sax.saxutils import escape

import font_lato
from fontTools.ttLib import TTFont
from fpdf import FPDF

from reference_impl.documents import datamatrix

FAMILY = "Lato"
_FONTS = Path(font_lato.__file__).parent / "files"
_STYLES = {"": "Lato-Regular.ttf", "B": "Lato-Bold.ttf"}
_GREY = 90


@dataclass(frozen=True, slots=True)
class Letter:
    """All that is printed. Lines are ready to print; ``written_at`` is local time.

    ``cartouche`` is a list of label and value pairs; the matricule is among them
    only when the identity is qualified. ``datamatrix`` is the text of the symbol
    printed beside them, None for any other identity.
    """

    title: str
    letterhead: tuple[str, ...]
    cartouche: tuple[tuple[str, str], ...]
    place_and_date: str
    body: str
    signature: tuple[str, ...]
    footer: str
    author: str
    producer: str
    written_at: datetime
    datamatrix: str | None = None


@dataclass(frozen=True, slots=True)
class Properties:
    """What a PDF says of itself; ``written_at`` is aware."""

    title: str
    author: str
    producer: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a cartouche goes: its left side, its width, that of its labels (mm), its size (pt)."""

    left: float
    width: float
    labels: float = 58
    size: int = 9


class Page(FPDF):
    """A4 portrait with a footer on each page."""

    def __init__(self, footer: str) -> None:
        super().__init__(enforce_compliance="PDF/A-1B")
        for style, name in _STYLES.items():
            self.add_font(FAMILY, style, _FONTS / name)
        self._glyphs = frozenset(TTFont(_FONTS / _STYLES[""]).getBestCmap() or ())
        self._footer_text = footer

    def printable(self, text: str) -> str:
        """The text with only characters the fonts draw: a missing glyph would print a box."""
        shown = "".join(self._drawn(c) for c in text.replace("\r\n", "\n"))
        return shown.replace("\t", " ")

    def _drawn(self, character: str) -> str:
        if character in "\n\t" or ord(character) in self._glyphs:
            return character
        plain = normalize("NFKD", character)
        kept = "".join(c for c in plain if ord(c) in self._glyphs)
        return kept or ("" if category(character).startswith("C") else "?")

    def footer(self) -> None:
        """Document, page and number of pages."""
        self.set_y(-15)
        self.set_font(FAMILY, "", 8)
        self.set_text_color(_GREY)
        self.cell(
            0, 5, self.printable(f"{self._footer_text} – page {self.page_no()}/{{nb}}"), align="C"
        )
        self.set_text_color(0)


def render(letter: Letter) -> bytes:
    """The bytes of the PDF/A-1b. Same letter, same bytes."""
    page = Page(letter.footer)
    describe(page, Properties(letter.title, letter.author, letter.producer, letter.written_at))
    page.set_margins(20, 18, 20)
    page.set_auto_page_break(auto=True, margin=22)
    page.add_page()
    _letterhead(page, letter)
    _cartouche(page, letter)
    _text(page, letter)
    return bytes(page.output())


def describe(page: Page, said: Properties) -> None:
    """Claim PDF/A-1b, and say who wrote what and when."""
    created = said.written_at.astimezone(UTC).replace(microsecond=0)
    page.set_lang("fr-FR")
    page.set_title(said.title)
    page.set_author(said.author)
    page.set_creator(said.producer)
    page.set_producer(said.producer)
    page.set_creation_date(created)
    page.set_xmp_metadata(_xmp(said, created))


def _xmp(said: Properties, created: datetime) -> str:
    """The packet that claims PDF/A-1b; it must say the same as the Info dictionary."""
    title, author, producer = (
        escape(value, {'"': "&quot;"}) for value in (said.title, said.author, said.producer)
    )
    date = created.isoformat(timespec="seconds")
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" '
        'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" '
        f'xmp:CreatorTool="{producer}" xmp:CreateDate="{date}" pdf:Producer="{producer}">'
        "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
        f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def _letterhead(page: Page, letter: Letter) -> None:
    first, *others = letter.letterhead
    line(page, first, "B", 12)
    for other in others:
        line(page, other, "", 9)
    page.ln(4)


def _cartouche(page: Page, letter: Letter) -> None:
    """The identity of the patient in a frame, first page (EXI DIF 02)."""
    bottom = cartouche(page, letter.cartouche, letter.datamatrix, Frame(page.l_margin, page.epw))
    page.set_y(bottom + 6)


def cartouche(
    page: Page, lines: tuple[tuple[str, str], ...], scanned: str | None, frame: Frame
) -> float:
    """Labels and values in a frame that starts here, the datamatrix beside; where it ends."""
    top, left = page.get_y(), frame.left
    symbol = _datamatrix(page, scanned, left + frame.width) if scanned else None
    room = frame.width - frame.labels - 6 - (symbol[0] + _GAP if symbol else 0)
    page.set_xy(left, top + 2)
    height = frame.size * 5 / 9
    for label, value in lines:
        page.set_x(left + 3)
        page.set_font(FAMILY, "", frame.size)
        page.cell(frame.labels, height, page.printable(f"{label} :"))
        page.set_font(FAMILY, "B", frame.size)
        page.multi_cell(
            room, height, page.printable(value), align="L", new_x="LMARGIN", new_y="NEXT"
        )
    bottom = max(page.get_y() + 2, symbol[1] if symbol else 0)
    page.rect(left, top, frame.width, bottom - top)
    return bottom


def _datamatrix(page: Page, text: str, right: float) -> tuple[float, float]:
    """The symbol and its mark at the right of the frame: its width, and where it ends."""
    top = page.get_y() + _GAP
    drawn = datamatrix.picture(datamatrix.symbol(text))
    width, height = (side / datamatrix.SCALE * _MODULE for side in drawn.size)
    left = right - width - _GAP
    page.image(drawn, left, top, width, height)
    page.set_xy(left - _GAP, top + height)
    page.set_font(FAMILY, "", 8)
    page.cell(width + 2 * _GAP, 4, _MARK, align="C")
    return width, top + height + 4 + _GAP


_MARK = "INS à scanner"
_MODULE = 0.5
"""Millimetres; scanners read modules of 0.25 mm and more."""
_GAP = 2.0


def _text(page: Page, letter: Letter) -> None:
    line(page, letter.place_and_date, "", 10, align="R")
    page.ln(4)
    line(page, letter.title, "B", 14)
    page.ln(3)
    page.set_font(FAMILY, "", 11)
    page.multi_cell(0, 6, page.printable(letter.body), align="L", new_x="LMARGIN", new_y="NEXT")
    page.ln(8)
    for signed in letter.signature:
        line(page, signed, "", 11, align="R")


def line(page: Page, text: str, style: str, size: int, align: str = "L") -> None:
    """A paragraph from the left margin, ``size`` in points."""
    page.set_font(FAMILY, style, size)
    page.multi_cell(
        0, size * 0.52, page.printable(text), align=align, new_x="LMARGIN", new_y="NEXT"
    )
