"""Two-dimensional symbols of pictures: what they hold, how they are drawn.

zxing-cpp reads them (ISO/IEC 16022 ECC 200, QR) and Pillow opens pictures, as
scanned or as photographed. :mod:`rules.formats.pages` finds those of a PDF.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeVar, cast

import zxingcpp
from PIL import Image, ImageFilter, ImageOps, ImageSequence

MAX_PIXELS = 40_000_000
MAX_FRAMES = 10
"""Pictures of one file (TIFF) that are looked at."""
QUIET_SAMPLES = (0.5, 0.75)
"""Distances from the symbol where one module of quiet zone is looked at, in modules."""
_ALONG = 2
"""Points looked at per module, along each side."""
_DIRTY = 0.02
"""Part of a side that may be dark: noise of a photograph, never a line of text."""
_CACHED = 64
_OF_A_PAGE = 0.05
"""Part of a picture that a symbol takes when the picture is of a page rather than of it."""

Point = tuple[float, float]
T = TypeVar("T")

_FORMATS = zxingcpp.BarcodeFormats(
    [zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode]
)
# MAX_PIXELS is the limit here: Pillow's own warning would reach the user's terminal.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_UNREADABLE = (
    ArithmeticError,
    EOFError,
    Image.DecompressionBombError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow lets through on hostile files."""
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")


class PictureError(Exception):
    """A picture that does not open, or is too large. The message is French."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol found. ``corners`` are in pixels of the picture, from its top left, clockwise."""

    kind: str
    """``datamatrix`` or ``qr``."""
    data: bytes = field(repr=False)
    rows: int
    columns: int
    level: str
    """Correction level of a QR; a datamatrix that is read is ECC 200, there is no other reader."""
    corners: tuple[Point, Point, Point, Point]
    quiet_zone: bool
    """Whether one module around it is clear."""
    page: int = 1
    """Page of a PDF, frame of a picture; from 1."""
    frame: tuple[int, int] = (0, 0)
    """Width and height of the picture that ``corners`` are in."""

    @property
    def square(self) -> bool:
        """Whether it has as many rows as columns."""
        return self.rows == self.columns

    @property
    def place(self) -> str:
        """``page 1, symbole à (886, 236)``."""
        x, y = self.corners[0]
        return f"page {self.page}, symbole à ({x:.0f}, {y:.0f})"


def is_picture(data: bytes) -> bool:
    """Whether octets begin like a PNG, a JPEG or a TIFF."""
    return data.startswith(_MAGIC)


def read_picture(data: bytes) -> tuple[Symbol, ...]:
    """Symbols of a PNG, JPEG or TIFF; photographs are straightened and sharpened as needed.

    Raises PictureError when the picture does not open or has over MAX_PIXELS pixels.
    """
    return _pictures.get(data, lambda: tuple(_of_picture(data)))


class Cache:
    """What was last read of some bytes, by their SHA-256: a document is judged several times."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, object] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, data: bytes, read: Callable[[], T]) -> T:
        """What ``read`` gave for these bytes, read again when it was forgotten."""
        key = sha256(data).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key])
        found = read()
        with self._lock:
            self._kept[key] = found
            if len(self._kept) > _CACHED:
                self._kept.popitem(last=False)
        return found


_pictures = Cache()


def _of_picture(data: bytes) -> Iterator[Symbol]:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            for number, frame in enumerate(ImageSequence.Iterator(picture), start=1):
                if number > MAX_FRAMES:
                    return
                if frame.width * frame.height > MAX_PIXELS:
                    raise PictureError(f"plus de {MAX_PIXELS // 1_000_000} millions de points")
                yield from _of_frame(_grey(frame), number)
    except _UNREADABLE as error:
        raise PictureError(f"image illisible ({type(error).__name__})") from error


def _grey(frame: Image.Image) -> Image.Image:
    """Shades of grey, transparency laid on white."""
    if frame.mode in ("RGBA", "LA", "PA") or "transparency" in frame.info:
        frame = frame.convert("RGBA")
        white = Image.new("RGBA", frame.size, "white")
        frame = Image.alpha_composite(white, frame)
    return frame.convert("L")


def _of_frame(picture: Image.Image, number: int) -> list[Symbol]:
    """Symbols of a frame: as it is, then through the remedies of photographs.

    A photograph of a whole page may have one symbol of each kind: a remedy is also
    tried for the kind that was not read at once.
    """
    found: list[Symbol] = []
    for remedy, scale in _REMEDIES:
        seen = find_symbols(remedy(picture), picture, scale)
        known = {each.kind for each in found}
        found += [each for each in seen if each.kind not in known]
        if found and (remedy is not _as_it_is or not _of_a_page(picture, found)):
            break
    return [replace(each, page=number) for each in found]


def _of_a_page(picture: Image.Image, found: list[Symbol]) -> bool:
    """Whether a picture has room for a symbol of the other kind beside the one read."""
    xs = [x for each in found for x, _ in each.corners]
    ys = [y for each in found for _, y in each.corners]
    taken = (max(xs) - min(xs)) * (max(ys) - min(ys))
    alone = len({each.kind for each in found}) == 1
    return alone and taken < _OF_A_PAGE * picture.width * picture.height


def _twice(picture: Image.Image) -> Image.Image:
    size = (picture.width * 2, picture.height * 2)
    return ImageOps.autocontrast(picture.resize(size, Image.Resampling.BICUBIC), cutoff=1)


def _as_it_is(picture: Image.Image) -> Image.Image:
    return picture


def _denoised(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.MedianFilter(3))


def _softened(picture: Image.Image) -> Image.Image:
    """Grain goes before modules do: quicker than a median, and more is read after it."""
    return picture.filter(ImageFilter.GaussianBlur(1.5))


def _sharpened(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.UnsharpMask(radius=4, percent=300, threshold=0))


SCANNED = (_softened, _denoised)
"""Remedies of a scan, drawn finely."""
_REMEDIES: tuple[tuple[Callable[[Image.Image], Image.Image], int], ...] = (
    (_as_it_is, 1),
    (_softened, 1),
    (_denoised, 1),
    (_sharpened, 1),
    (_twice, 2),
)


def find_symbols(
    read: Image.Image, picture: Image.Image, scale: int = 1, *, clean: bool = False
) -> list[Symbol]:
    """Symbols read in a picture ``scale`` times larger than the one they are measured on.

    ``clean`` spares what only photographs need: reduced and inverted copies.
    """
    found = zxingcpp.read_barcodes(
        read, formats=_FORMATS, try_downscale=not clean, try_invert=not clean
    )
    return [_symbol(each, picture, scale) for each in found if each.valid]


def _symbol(found: zxingcpp.Barcode, picture: Image.Image, scale: int) -> Symbol:
    place = found.position
    corners = [place.top_left, place.top_right, place.bottom_right, place.bottom_left]
    points = tuple((p.x / scale, p.y / scale) for p in corners)
    datamatrix = found.format == zxingcpp.BarcodeFormat.DataMatrix
    rows, columns = _modules(found)
    return Symbol(
        kind="datamatrix" if datamatrix else "qr",
        data=found.bytes,
        rows=rows,
        columns=columns,
        level=found.ec_level,
        corners=points,  # pyright: ignore[reportArgumentType]
        quiet_zone=_clear(picture, points, max(rows, columns)),
        frame=picture.size,
    )


def _modules(found: zxingcpp.Barcode) -> tuple[int, int]:
    """Rows and columns: the version of a datamatrix says them, a QR is drawn again."""
    extra = cast("dict[str, object]", found.extra)
    height, _, width = str(extra.get("Version", "")).partition("x")
    if height.isdigit() and width.isdigit():
        return int(height), int(width)
    drawn = memoryview(cast("bytes", found.to_image(scale=1, add_quiet_zones=False)))
    return (drawn.shape or (0, 0))[0], (drawn.shape or (0, 0))[1]


def _clear(picture: Image.Image, corners: tuple[Point, ...], modules: int) -> bool:
    """Whether one module is clear on each side, looked at along the edges.

    A point is dark below the middle of the shades met inside the symbol; the
    edge of the picture ends the quiet zone.
    """
    limit = _middle(picture, corners)
    shades = picture.load()
    assert shades is not None
    centre = (sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4)
    for side in zip(corners, (*corners[1:], corners[0]), strict=True):
        for distance in QUIET_SAMPLES:
            points = list(_along(side, centre, distance / modules, modules * _ALONG))
            dark = sum(
                not (0 <= x < picture.width and 0 <= y < picture.height)
                or cast("int", shades[x, y]) < limit
                for x, y in points
            )
            if dark > _DIRTY * len(points):
                return False
    return True


def _along(
    side: tuple[Point, Point], centre: Point, beyond: float, steps: int
) -> Iterator[tuple[int, int]]:
    """Pixels along a side moved outwards by a part of the symbol's size."""
    (x1, y1), (x2, y2) = (_outwards(p, centre, 2 * beyond) for p in side)
    for step in range(steps + 1):
        yield round(x1 + (x2 - x1) * step / steps), round(y1 + (y2 - y1) * step / steps)


def _outwards(point: Point, centre: Point, part: float) -> Point:
    return (
        centre[0] + (point[0] - centre[0]) * (1 + part),
        centre[1] + (point[1] - centre[1]) * (1 + part),
    )


def _middle(picture: Image.Image, corners: tuple[Point, ...]) -> float:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    box = (int(min(xs)), int(min(ys)), int(max(xs)) + 1, int(max(ys)) + 1)
    low, high = picture.crop(box).getextrema()
    return (float(low) + float(high)) / 2  # pyright: ignore[reportArgumentType]
