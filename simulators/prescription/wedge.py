"""A reader that types a Code 2D as a keyboard would, on a computer set to another one (N18).

A reader set to QWERTY (that of most, out of the box) on a computer in AZERTY changes digits,
quotes, braces, and A, Q, Z, W, M; the other way round too. Nothing in the Code 2D tells
which: its number, whose digits no other layout gives back as digits, does.

Source: e-prescription.md §15 N18; layouts of keyboards of the United States and of France.
"""

from __future__ import annotations

import re

from rules.formats.prescription_number import NumberError, decode

_US = "1234567890-=!@#$%^&*()_+qwazQWAZ;:mM,<.>/?[{]}'\"\\|`"
_FR = "&é\"'(-è_çà)=1234567890°+azqwAZQWmM,?;.:/!§^¨$£ù%*µ²"
_TYPED = str.maketrans(_US, _FR)
# AltGr, by which France types these, changes nothing in the United States.
_BACK = str.maketrans(_FR, _US) | str.maketrans("{[}]\\|@#", "45=-8603")
LAYOUTS = ("qwerty-sur-azerty", "azerty-sur-qwerty")
"""The keyboard that the reader believes in, then that of the computer."""
_NUMBER = re.compile(r"[0-9A-Z]{18}", re.ASCII)


def typed(text: str, layout: str) -> str:
    """What a computer receives of a text. ``layout`` is one of :data:`LAYOUTS`."""
    return text.translate(_TYPED if layout == LAYOUTS[0] else _BACK)


def number_in(text: str) -> str | None:
    """The number of a Code 2D, or the number alone, however it was typed; None when none is."""
    for read in (text, text.translate(_undone(_TYPED)), text.translate(_undone(_BACK))):
        for found in _NUMBER.findall(read.upper()):
            try:
                decode(found)
            except NumberError:
                continue
            return found
    return None


def _undone(table: dict[int, int]) -> dict[int, int]:
    """Of two keys that gave one sign, the one that a number or its letters have."""
    back: dict[int, int] = {}
    for key, given in table.items():
        if given not in back or chr(key).isalnum():
            back[given] = key
    return back
