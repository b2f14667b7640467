"""Symbols drawn on one page of a PDF: looked for coarsely, then where they may have been missed.

A page is drawn at 150 dpi. What it holds and no symbol found there explains (a logo, a
second symbol drawn smaller) is drawn at 300; a page without symbol, or that is one
picture, is drawn whole. A scan that still shows no QR code is cleaned first, as
photographs are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ctypes import byref, c_int
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from rules.formats.symbols import MAX_PIXELS, SCANNED, Symbol, find_symbols

COARSE, FINE = 150, 300
"""Dots per inch: modules of 0.25 mm are read at the second."""
FRAMES = 20
"""Drawings that a page may have without holding a symbol: frames and rules."""
LONG_PATH = 100
"""Segments of a single drawing that may be a whole symbol."""
MAX_DRAWINGS = 5000
"""Drawings of a page that are looked at."""
WHOLE = 0.6
"""Part of a page from which a picture is the page itself: a scan, or its background."""
_SMALL = 0.15
"""Part of a side that a row of modules takes at most: table rules are longer."""
_MARGIN = 0.03
"""Part of the page left around what is looked at again: a quiet zone and more."""
_EXPLAINED = 4
"""Times the area of a symbol that the picture of this symbol takes at most."""
_GRID = 10_000
_PICTURES = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_FORM, raw.FPDF_PAGEOBJ_SHADING)


class Box(NamedTuple):
    """A part of a page, in parts of its width and height from its top left as it is shown."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """Part of the page."""
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    def holds(self, other: Box) -> bool:
        """Whether the middle of another is in it."""
        x, y = (other.left + other.right) / 2, (other.top + other.bottom) / 2
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def shown_box(page: pdfium.PdfPage, left: float, bottom: float, right: float, top: float) -> Box:
    """Where a rectangle of the drawing is on the page as shown: turned, cropped."""
    ends: list[tuple[float, float]] = []
    for x, y in product((left, right), (bottom, top)):
        column, row = c_int(), c_int()
        raw.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, x, y, byref(column), byref(row))
        ends.append((column.value / _GRID, row.value / _GRID))
    xs, ys = zip(*ends, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def is_picture(page: pdfium.PdfPage) -> bool:
    """Whether a picture covers the page: a scan, whose words may be elsewhere than in its text."""
    images = page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=1)
    return any(_box(page, each).area >= WHOLE for each in images)


def symbols_of(page: pdfium.PdfPage, number: int, *, sought: bool = False) -> list[Symbol]:
    """Symbols of a page, with its number.

    ``sought`` says that there should be one: everything is tried, whatever the page is made of.
    """
    if not sought and not _drawn(page):
        return []
    found = _read(page, COARSE, clean=True)
    if found and not sought:
        rest = [box for box in _drawings(page) if not _explained(box, found)]
        found += _new(_again(page, rest), found) if rest else []
    else:
        found += _new(_read(page, FINE), found)
    if (sought or is_picture(page)) and not any(each.kind == "qr" for each in found):
        found += _new(_cleaned(page), found)
    return [replace(each, page=number) for each in found]


def _read(page: pdfium.PdfPage, dpi: int, *, clean: bool = False) -> list[Symbol]:
    picture = _picture(page, dpi)
    return [] if picture is None else find_symbols(picture, picture, clean=clean)


def _picture(page: pdfium.PdfPage, dpi: int) -> Image.Image | None:
    width, height = page.get_size()
    if width * height * (dpi / 72) ** 2 > MAX_PIXELS:
        return None
    drawn = page.render(scale=dpi / 72, grayscale=True)  # pyright: ignore[reportArgumentType]
    return drawn.to_pil()


def _again(page: pdfium.PdfPage, places: Iterable[Box]) -> Iterator[Symbol]:
    """Symbols of parts of the page, finely drawn, measured on the whole."""
    picture = _picture(page, FINE)
    if picture is None:
        return
    width, height = picture.size
    for box in places:
        x, y = (
            round(max(0.0, box.left - _MARGIN) * width),
            round(max(0.0, box.top - _MARGIN) * height),
        )
        end = (
            round(min(1.0, box.right + _MARGIN) * width),
            round(min(1.0, box.bottom + _MARGIN) * height),
        )
        if end[0] <= x or end[1] <= y:
            continue
        part = picture.crop((x, y, *end))
        for each in find_symbols(part, part, clean=True):
            a, b, c, d = ((left + x, top + y) for left, top in each.corners)
            yield replace(each, corners=(a, b, c, d), frame=picture.size)


def _cleaned(page: pdfium.PdfPage) -> list[Symbol]:
    picture = _picture(page, FINE)
    if picture is None:
        return []
    for remedy in SCANNED:
        found = find_symbols(remedy(picture), picture)
        if any(each.kind == "qr" for each in found):
            return found
    return []


def _new(seen: Iterable[Symbol], known: list[Symbol]) -> list[Symbol]:
    """Those that are not the same symbol, at the same place, as one already found."""
    found: list[Symbol] = []
    for each in seen:
        same = (k for k in (*known, *found) if (k.kind, k.data) == (each.kind, each.data))
        if not any(place_of(k).holds(place_of(each)) for k in same):
            found.append(each)
    return found


def place_of(symbol: Symbol) -> Box:
    """The part of its page that a symbol takes, its quiet zone left out."""
    width, height = (side or 1 for side in symbol.frame)
    xs, ys = zip(*symbol.corners, strict=True)
    return Box(min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height)


def _explained(box: Box, found: list[Symbol]) -> bool:
    """Whether a drawing is (a part of) a symbol already read, or a scan that showed both kinds."""
    if box.area >= WHOLE and len({each.kind for each in found}) > 1:
        return True
    places = (place_of(each) for each in found)
    return any(p.holds(box) and box.area <= _EXPLAINED * p.area for p in places)


def _drawn(page: pdfium.PdfPage) -> bool:
    """Whether a page has pictures, forms, or more drawing than frames and rules."""
    paths = 0
    for each in page.get_objects(max_depth=1):
        kind = raw.FPDFPageObj_GetType(each.raw)
        path = kind == raw.FPDF_PAGEOBJ_PATH
        paths += path
        if kind in _PICTURES or (path and _long(each)) or paths > FRAMES:
            return True
    return False


def _drawings(page: pdfium.PdfPage) -> list[Box]:
    """What may be a symbol: pictures, forms, long drawings, and the heap of small ones."""
    places: list[Box] = []
    heap: list[Box] = []
    for count, each in enumerate(page.get_objects(max_depth=1)):
        kind = raw.FPDFPageObj_GetType(each.raw)
        if kind not in (*_PICTURES, raw.FPDF_PAGEOBJ_PATH) or count >= MAX_DRAWINGS:
            continue
        box = _box(page, each)
        if kind in _PICTURES or _long(each):
            places.append(box)
        elif box.right - box.left < _SMALL and box.bottom - box.top < _SMALL:
            heap.append(box)
    return [*places, *_heaped(heap)]


def _heaped(small: list[Box]) -> list[Box]:
    """Small drawings as they lie in four parts of the page: modules of a symbol, or nothing."""
    quarters: dict[tuple[bool, bool], list[Box]] = {}
    for box in small:
        quarters.setdefault((box.left < 0.5, box.top < 0.5), []).append(box)
    return [_around(each) for each in quarters.values() if len(each) > FRAMES]


def _around(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


def _box(page: pdfium.PdfPage, drawn: pdfium.PdfObject) -> Box:
    try:
        return shown_box(page, *drawn.get_bounds())
    except pdfium.PdfiumError:
        return Box(0, 0, 0, 0)


def _long(drawn: pdfium.PdfObject) -> bool:
    kind = raw.FPDFPageObj_GetType(drawn.raw)
    return kind == raw.FPDF_PAGEOBJ_PATH and raw.FPDFPath_CountSegments(drawn.raw) > LONG_PATH
