"""Pages of a PDF as a reader sees them: their text, and the symbols drawn on them.

PDFium draws a page only when it has pictures or drawings that could be a symbol;
what was found in a document is kept, for several checks look at it.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import pypdfium2 as pdfium
from pypdfium2 import raw

from rules.formats.symbols import MAX_PIXELS, Cache, Symbol, find_symbols

T = TypeVar("T")

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

MAX_STREAM = 8 * 1024 * 1024
"""Octets of a drawing once inflated: PDFium takes twenty times as much to hold it."""
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_DICTIONARY = 400
"""Octets before a stream where its dictionary is looked for."""
_NOT_DRAWING = (b"/Image", b"/Length1")
"""In the dictionary of a stream: pictures and fonts, which are not read as drawings."""

_documents, _texts, _bombs = Cache(), Cache(), Cache()
_pdfium = threading.Lock()
"""PDFium is not made for threads."""


def read_pages(pdf: bytes) -> tuple[Symbol, ...]:
    """Symbols of the first MAX_PAGES pages of a PDF, ``()`` when it cannot be drawn."""
    return _documents.get(pdf, lambda: _each_page(pdf, MAX_PAGES, _of_page))


def page_text(pdf: bytes) -> str:
    """Text of the first page of a PDF, ``""`` when it cannot be read."""
    return next(iter(page_texts(pdf)), "")


def page_texts(pdf: bytes) -> tuple[str, ...]:
    """Text of each of the first MAX_TEXTS pages, as far as they can be read."""
    return _texts.get(pdf, lambda: _each_page(pdf, MAX_TEXTS, _text))


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
    return _each_page(pdf, MAX_PAGES, lambda page, number: _places(page, number, text))


def _places(page: pdfium.PdfPage, number: int, text: str) -> Iterator[TextPlace]:
    width, height = page.get_size()
    drawn = page.get_textpage()
    search = drawn.search(text, match_case=True)
    while (found := search.get_next()) is not None:
        start, count = found
        left, bottom, _, top = drawn.get_charbox(start)
        _, _, right, _ = drawn.get_charbox(start + count - 1)
        yield TextPlace(number, left / width, 1 - top / height, right / width, 1 - bottom / height)


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


def _text(page: pdfium.PdfPage, _number: int) -> tuple[str]:
    return (page.get_textpage().get_text_bounded(),)


def is_bomb(pdf: bytes) -> bool:
    """Whether a drawing of a PDF is over MAX_STREAM octets once inflated.

    Such a file, of some hundred kilobytes, takes minutes and gigabytes to open.
    """
    return _bombs.get(pdf, lambda: any(_oversized(pdf, found) for found in _STREAM.finditer(pdf)))


def _oversized(pdf: bytes, found: re.Match[bytes]) -> bool:
    before = pdf[max(0, found.start() - _DICTIONARY) : found.start()].rpartition(b"obj")[2]
    if any(word in before for word in _NOT_DRAWING):
        return False
    end = pdf.find(b"endstream", found.end())
    inflate = zlib.decompressobj()
    try:
        content = inflate.decompress(pdf[found.end() : end if end > 0 else None], MAX_STREAM + 1)
    except zlib.error:
        return False
    return len(content) > MAX_STREAM


def _each_page(
    pdf: bytes, most: int, read: Callable[[pdfium.PdfPage, int], Iterable[T]]
) -> tuple[T, ...]:
    """What is read of each page, up to the first that PDFium refuses; alone with PDFium."""
    found: list[T] = []
    if is_bomb(pdf):
        return ()
    with _pdfium, suppress(pdfium.PdfiumError), pdfium.PdfDocument(pdf) as document:
        for number in range(min(len(document), most)):
            found.extend(read(document[number], number + 1))
    return tuple(found)
