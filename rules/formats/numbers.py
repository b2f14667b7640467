"""Keys and shapes of national numbers: INS, RPPS, COG.

INS key: ins-insi.md §1.2 (INSEE). RPPS and FINESS: Luhn. COG: INSEE code of a
commune, or 99xxx for a country.
"""

from __future__ import annotations

import re

_INS = re.compile(r"[0-9]{6}[0-9AB][0-9]{6}[0-9]{2}", re.ASCII)
_COG = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}", re.ASCII)
_RPPS = re.compile(r"8[0-9]{11}", re.ASCII)
_SEXES = {"1": "M", "3": "M", "7": "M", "2": "F", "4": "F", "8": "F"}


def is_ins(text: str | None) -> bool:
    """Whether a text has the shape of an INS: 15 characters, key included."""
    return bool(text and _INS.fullmatch(text))


def ins_key(matricule: str) -> str | None:
    """Key of a 13-character matricule on two digits, None for another shape.

    ``97 − N mod 97``; department 2A counts as 19 and 2B as 18.
    """
    if len(matricule) < 13 or not is_ins(f"{matricule[:13]}00"):
        return None
    digits = matricule[:13].replace("A", "0").replace("B", "0")
    number = int(digits) - {"A": 1_000_000, "B": 2_000_000}.get(matricule[6], 0)
    return f"{97 - number % 97:02d}"


def sex_of(matricule: str) -> str | None:
    """``M`` or ``F`` as the first digit of a NIR says it, None for another digit."""
    return _SEXES.get(matricule[:1])


def is_cog(text: str | None) -> bool:
    """Whether a text has the shape of a COG code: 5 characters."""
    return bool(text and _COG.fullmatch(text))


def luhn(digits: str) -> bool:
    """Whether the last digit of a string of digits is its Luhn key."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_rpps_id(text: str | None) -> bool:
    """Whether a PS_IdNat is ``8`` + an RPPS of 11 digits with a valid key."""
    return bool(text and _RPPS.fullmatch(text) and luhn(text[1:]))
