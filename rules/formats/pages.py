"""Pages of a PDF as a reader sees them: their text, and the symbols drawn on them.

PDFium draws a page only when it has pictures or drawings that could be a symbol
(:mod:`rules.formats.page_symbols`); what was found in a document is kept, for several
checks look at it.
"""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

import pypdfium2 as pdfium

from rules.formats.page_symbols import is_picture, shown_box, symbols_of
from rules.formats.symbols import Cache, Symbol

T = TypeVar("T")

MAX_PAGES = 10
"""Pages whose symbols are looked for."""
MAX_TEXTS = 100
"""Pages whose text is read."""
MAX_STREAM = 8 * 1024 * 1024
"""Octets of a drawing once inflated: PDFium takes twenty times as much to hold it."""
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_DICTIONARY = 400
"""Octets before a stream where its dictionary is looked for."""
_NOT_DRAWING = (b"/Image", b"/Length1")
"""In the dictionary of a stream: pictures and fonts, which are not read as drawings."""

_documents, _searched, _texts, _bombs, _scans = Cache(), Cache(), Cache(), Cache(), Cache()
_pdfium = threading.Lock()
"""PDFium is not made for threads."""


def read_pages(pdf: bytes) -> tuple[Symbol, ...]:
    """Symbols of the first MAX_PAGES pages of a PDF, ``()`` when it cannot be drawn."""
    return _documents.get(pdf, lambda: _each_page(pdf, MAX_PAGES, symbols_of))


def search_pages(pdf: bytes) -> tuple[Symbol, ...]:
    """The same for pages that should have a symbol: everything is tried, at greater cost."""
    return _searched.get(
        pdf,
        lambda: _each_page(pdf, MAX_PAGES, lambda page, n: symbols_of(page, n, sought=True)),
    )


def scanned_pages(pdf: bytes) -> tuple[bool, ...]:
    """Whether each of the first MAX_TEXTS pages is a picture, whatever text lies over it."""
    return _scans.get(pdf, lambda: _each_page(pdf, MAX_TEXTS, lambda page, _: (is_picture(page),)))


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
    drawn = page.get_textpage()
    search = drawn.search(text, match_case=True)
    while (found := search.get_next()) is not None:
        start, count = found
        boxes = [drawn.get_charbox(each) for each in range(start, start + count)]
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        yield TextPlace(number, *shown_box(page, min(lefts), min(bottoms), max(rights), max(tops)))


def text_beside(pdf: bytes, number: int, left: float) -> str:
    """Text of a page at the right of a place, in part of its width; ``""`` on a turned page."""

    def read(page: pdfium.PdfPage, each: int) -> Iterable[str]:
        if each != number or page.get_rotation():
            return ()
        start, _, width, _ = page.get_bbox()
        return (page.get_textpage().get_text_bounded(left=start + left * (width - start)),)

    return "".join(_each_page(pdf, MAX_PAGES, read))


def _text(page: pdfium.PdfPage, _number: int) -> tuple[str]:
    text = page.get_textpage()
    # PDFium joins the lines of a turned page when it is asked for those of a rectangle.
    return (text.get_text_range() if page.get_rotation() else text.get_text_bounded(),)


def page_picture(pdf: bytes, width: int) -> bytes | None:
    """The first page in grey, ``width`` pixels wide, as PNG; None when it cannot be drawn."""

    def draw(page: pdfium.PdfPage, _number: int) -> tuple[bytes]:
        picture = page.render(scale=width / page.get_width(), grayscale=True).to_pil()
        written = BytesIO()
        picture.save(written, "PNG", optimize=True)
        return (written.getvalue(),)

    return next(iter(_each_page(pdf, 1, draw)), None)


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
