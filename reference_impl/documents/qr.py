"""The QR code of a Code 2D: error correction L, mixed segments, as on the published picture.

Long texts that the alphanumeric set can write (the number, the padded names) and long
numbers (RPPS, AM) have segments of their own: version 10 holds the usual text, version
11 that of a remplaçant, where bytes alone need 11 and 12. Symbol: ISO/IEC 18004.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import segno
from segno import consts

from reference_impl.documents.datamatrix import Modules

QUIET_ZONE = 4
"""Modules left blank around the symbol."""
_COMPACT = re.compile(r'(?<=")(?:(\d{9,})|([0-9A-Z $%*+\-./:]{18,}))(?=")')
"""Values worth a segment: the switch of mode and back costs some 40 bits."""


def symbol(text: str) -> Modules:
    """Rows of modules, True where dark, without quiet zone."""
    # segno takes segments with their modes; its annotations only know of one.
    parts = cast("str", list(_segments(text)))
    drawn = segno.make_qr(parts, error="l", boost_error=False)
    return tuple(tuple(bool(module) for module in row) for row in drawn.matrix)


def _segments(text: str) -> Iterator[tuple[str, int]]:
    """Parts of the text with the mode in which each is written."""
    at = 0
    for found in _COMPACT.finditer(text):
        yield text[at : found.start()], consts.MODE_BYTE
        yield found[0], consts.MODE_NUMERIC if found[1] else consts.MODE_ALPHANUMERIC
        at = found.end()
    if at < len(text):
        yield text[at:], consts.MODE_BYTE
