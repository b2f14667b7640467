"""The datamatrix INS: written on the documents of qualified identities, read when scanned.

A fixed header, then blocks ``S1`` to ``S7``. Blocks of variable length are
closed by GS (ASCII 29) unless they are last or have their longest length. A
reader takes blocks in any order, and the literal ``<GS>`` that some scanners
type. Source: ANS « INS – Format datamatrix » v2.2.20230926; symbol: ISO/IEC
16022, square, ECC 200, C40.

The document read says nothing of a list of given names beyond 100 characters:
this product writes the first 100.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from datetime import date

import zxingcpp
from PIL import Image, ImageFilter, ImageOps
from ppf.datamatrix import DataMatrix  # pyright: ignore[reportAttributeAccessIssue]

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.traits import transliterated
from reference_impl.people import CarriedIdentity, Ins, Traits

HEADER = "IS01" + "0" * 22
GS = "\x1d"
TYPED_GS = "<GS>"
QUIET_ZONE = 2
"""Modules left blank around the symbol; one is asked for."""
SCALE = 8
"""Pixels of a module in a picture."""
MAX_PIXELS = 40_000_000
_LONGEST = {"S1": 15, "S2": 20, "S3": 100, "S4": 100, "S5": 1, "S6": 10, "S7": 5}
_VARIABLE = frozenset({"S2", "S3", "S4"})
_NAME = r"['A-Z][A-Z' -]*"
_SHAPES = {
    "S1": r"\d{6}[\dAB]\d{8}",
    "S2": r"1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)",
    "S3": _NAME,
    "S4": _NAME,
    "S5": r"[MF]",
    "S6": r"\d{2}-\d{2}-\d{4}",
    "S7": r"(\d{2}|2[AB])\d{3}",
}
_OPTIONAL = "S7"
Modules = tuple[tuple[bool, ...], ...]


def write_text(ins: Ins, oid: str, traits: Traits) -> str:
    """The text of a qualified identity; ``oid`` is the one that documents carry.

    Raises InvalidRequestError when a trait cannot be written (sex ``I``, a date that
    is not of the calendar): such an identity is not qualified.
    """
    year, month, day = traits.birth_date.split("-")
    values = {
        "S1": ins.value,
        "S2": oid,
        "S3": transliterated(traits.birth_given_names)[: _LONGEST["S3"]].rstrip(),
        "S4": transliterated(traits.birth_name)[: _LONGEST["S4"]].rstrip(),
        "S5": traits.sex,
        "S6": f"{day}-{month}-{year}",
        "S7": traits.birth_place or "",
    }
    if values["S5"] not in ("M", "F"):
        raise _unreadable("une identité de sexe indéterminé n’a pas de datamatrix")
    blocks = [(name, value) for name, value in values.items() if value]
    return HEADER + "".join(
        name + value + (GS if _closed(name, value) and (name, value) != blocks[-1] else "")
        for name, value in blocks
    )


def _closed(name: str, value: str) -> bool:
    return name in _VARIABLE and len(value) < _LONGEST[name]


def symbol(text: str) -> Modules:
    """Rows of modules, True where dark, without quiet zone."""
    # Left to itself the encoder would choose ASCII for a short header.
    matrix = DataMatrix(text, rect=False, codecs=["C40"]).matrix
    return tuple(tuple(bool(module) for module in row) for row in matrix)


def picture(modules: Modules, scale: int = SCALE, quiet_zone: int = QUIET_ZONE) -> Image.Image:
    """The symbol in black and white, ``scale`` pixels a module, with its quiet zone."""
    drawn = Image.new("1", (len(modules[0]), len(modules)), 1)
    drawn.putdata([0 if dark else 1 for row in modules for dark in row])
    wide = drawn.resize((drawn.width * scale, drawn.height * scale), Image.Resampling.NEAREST)
    return ImageOps.expand(wide, quiet_zone * scale, fill=1)


def read_text(text: str) -> CarriedIdentity:
    """The identity in a text that was scanned. Raises InvalidRequestError."""
    values = _values(text.strip("\r\n").replace(TYPED_GS, GS))
    for name, shape in _SHAPES.items():
        value = values.get(name)
        if value is None and name == _OPTIONAL:
            continue
        if value is None or not re.fullmatch(shape, value, re.ASCII):
            found = "manque" if value is None else f"« {value} » n’est pas admis"
            raise _unreadable(f"champ {name} : {found}")
    day, month, year = values["S6"].split("-")
    try:
        born = date(int(year), int(month), int(day))
    except ValueError as error:
        raise _unreadable("la date de naissance n’est pas du calendrier") from error
    return CarriedIdentity(
        ins=Ins(values["S1"][:13], values["S1"][13:], values["S2"]),
        traits=Traits(
            birth_name=values["S4"],
            birth_given_names=values["S3"],
            sex=values["S5"],
            birth_date=born.isoformat(),
            birth_place=values.get("S7"),
        ),
    )


def _values(text: str) -> dict[str, str]:
    """Each block by its identifier, in whatever order they come."""
    if not text.startswith(HEADER):
        raise _unreadable("l’en-tête n’est pas celui d’un datamatrix INS, version 01")
    values: dict[str, str] = {}
    at = len(HEADER)
    while at < len(text):
        name = text[at : at + 2]
        if name not in _LONGEST or name in values:
            raise _unreadable(f"le champ « {name} » est inconnu ou répété")
        value = text[at + 2 : at + 2 + _LONGEST[name]].partition(GS)[0]
        values[name] = value
        at += 2 + len(value)
        at += _closed(name, value) and text[at : at + 1] == GS
    return values


def read_picture(content: bytes) -> str:
    """The text of the datamatrix INS on a picture, scanned or photographed.

    Raises InvalidRequestError when the picture does not open, or shows none.
    """
    try:
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise _unreadable("l’image est trop grande", "image")
            shades = opened.convert("L")
    except _BROKEN as error:
        raise _unreadable("l’image ne s’ouvre pas", "image") from error
    for remedy in _REMEDIES:
        for found in zxingcpp.read_barcodes(
            remedy(shades), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix)
        ):
            text = found.bytes.decode("latin-1")
            if text.startswith("IS"):
                return text
    raise _unreadable("l’image ne montre pas de datamatrix INS", "image")


_BROKEN = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError),
    *(struct.error, Image.DecompressionBombError),
)
"""What Pillow raises on files that are no picture."""
_REMEDIES: tuple[Callable[[Image.Image], Image.Image], ...] = (
    lambda shades: shades,
    lambda shades: shades.filter(ImageFilter.MedianFilter(3)),
    lambda shades: shades.filter(ImageFilter.UnsharpMask(4, 300, 0)),
)
"""What is tried on a photograph, noisy or blurred, when nothing is read."""


def _unreadable(why: str, field: str = "texte") -> InvalidRequestError:
    return InvalidRequestError("DATAMATRIX_ILLISIBLE", f"Datamatrix INS illisible : {why}.", field)
