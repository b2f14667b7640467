"""Pages of a PDF as a reader sees them: their text, and the symbols drawn on them.

PDFium draws a page only when it has pictures or drawings that could be a symbol;
what was found in a document is kept, for several checks look at it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pypdfium2 as pdfium
from pypdfium2 import raw

from rules.formats.symbols import MAX_PIXELS, Cache, Symbol, find_symbols

MAX_PAGES = 10
"""Pages whose symbols are looked for."""
MAX_TEXTS = 100
"""Pages whose text is read."""
DPI = (150, 300)
"""Resolutions tried on a page, until a symbol is found: modules of 0.25 mm are read."""
FRAMES = 20
"""Drawings that a page may have without holding a symbol: frames and rules."""
LONG_PATH = 100
"""Segments of a single drawing that may be a whole symbol."""

_documents, _texts = Cache(), Cache()
_pdfium = threading.Lock()
"""PDFium is not made for threads."""


def read_pages(pdf: bytes) -> tuple[Symbol, ...]:
    """Symbols of the first MAX_PAGES pages of a PDF, ``()`` when it cannot be drawn."""
    return _documents.get(pdf, lambda: tuple(_of_pdf(pdf)))


def page_text(pdf: bytes) -> str:
    """Text of the first page of a PDF, ``""`` when it cannot be read."""
    return next(iter(page_texts(pdf)), "")


def page_texts(pdf: bytes) -> tuple[str, ...]:
    """Text of each of the first MAX_TEXTS pages, as far as they can be read."""
    return _texts.get(pdf, lambda: tuple(_of_pages(pdf)))


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a text stands, in parts of its page from its top left."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


def find_text(pdf: bytes, text: str) -> tuple[TextPlace, ...]:
    """Where a text of one line stands on the first MAX_PAGES pages."""
    with _pdfium:
        try:
            document = pdfium.PdfDocument(pdf)
        except pdfium.PdfiumError:
            return ()
        try:
            pages = range(min(len(document), MAX_PAGES))
            return tuple(p for n in pages for p in _places(document[n], n + 1, text))
        except pdfium.PdfiumError:
            return ()
        finally:
            document.close()


def _places(page: pdfium.PdfPage, number: int, text: str) -> Iterator[TextPlace]:
    width, height = page.get_size()
    drawn = page.get_textpage()
    search = drawn.search(text, match_case=True)
    while (found := search.get_next()) is not None:
        start, count = found
        left, bottom, _, top = drawn.get_charbox(start)
        _, _, right, _ = drawn.get_charbox(start + count - 1)
        yield TextPlace(number, left / width, 1 - top / height, right / width, 1 - bottom / height)


def _of_pdf(pdf: bytes) -> Iterator[Symbol]:
    """One lock for the whole reading: it lasts some milliseconds a page."""
    with _pdfium:
        try:
            document = pdfium.PdfDocument(pdf)
        except pdfium.PdfiumError:
            return
        try:
            for number in range(min(len(document), MAX_PAGES)):
                yield from _of_page(document[number], number + 1)
        except pdfium.PdfiumError:
            return
        finally:
            document.close()


def _of_page(page: pdfium.PdfPage, number: int) -> list[Symbol]:
    if not _drawn(page):
        return []
    for dpi, clean in zip(DPI, (True, False), strict=True):
        width, height = page.get_size()
        if width * height * (dpi / 72) ** 2 > MAX_PIXELS:
            return []
        drawn = page.render(scale=dpi / 72, grayscale=True)  # pyright: ignore[reportArgumentType]
        picture = drawn.to_pil()
        found = find_symbols(picture, picture, clean=clean)
        if found:
            return [replace(s, page=number) for s in found]
    return []


def _drawn(page: pdfium.PdfPage) -> bool:
    """Whether a page has pictures, forms, or more drawing than frames and rules."""
    paths = 0
    for each in page.get_objects(max_depth=1):
        kind = raw.FPDFPageObj_GetType(each.raw)
        path = kind == raw.FPDF_PAGEOBJ_PATH
        paths += path
        long = path and raw.FPDFPath_CountSegments(each.raw) > LONG_PATH
        if kind in _PICTURES or long or paths > FRAMES:
            return True
    return False


_PICTURES = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM, raw.FPDF_PAGEOBJ_SHADING)


def _of_pages(pdf: bytes) -> Iterator[str]:
    with _pdfium:
        try:
            document = pdfium.PdfDocument(pdf)
        except pdfium.PdfiumError:
            return
        try:
            for number in range(min(len(document), MAX_TEXTS)):
                yield document[number].get_textpage().get_text_bounded()
        except pdfium.PdfiumError:
            return
        finally:
            document.close()
