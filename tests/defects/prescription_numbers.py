"""Mistakes made with the number of an ordonnance."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from .mistakes import around, broken, written
from .prescription_mistakes import BUILD, CODE, ENCODE, numbered

_WIDTHS = (4, 4, 6, 4)
_CNAM = r'root="1\.2\.250\.1\.215\.500\.1\.1" extension="'
_ANOTHER = "04AUAZJ012AL803RJ0"


def _bare(number: str) -> str:
    """The four numbers without the zeros that complete them."""
    places = [sum(_WIDTHS[:rank]) for rank in range(len(_WIDTHS) + 1)]
    return "".join(number[a:b].lstrip("0") or "0" for a, b in pairwise(places))


def _tenths_of_utc(original: Any, at: Any, rank: int) -> str:
    local, universal = original(at, rank), _in_utc(original, at, rank)
    return local[:4] + universal[4:8] + local[8:]


def _in_utc(original: Any, at: Any, rank: int) -> str:
    late = at.astimezone(ZoneInfo("Europe/Paris")).utcoffset() or timedelta()
    return original(at - late, rank)


def _of_the_session(original: Any, wire: Any, asked: str, content: Any, *rest: Any) -> Any:
    if asked == "EP4":
        held = vars(wire)
        content = {**content, "id": held.setdefault("_session", content["id"])}
    return original(wire, asked, content, *rest)


def _drawn_again(text: str) -> str:
    content = json.loads(text)
    number = content["D"]["ID"]
    content["D"]["ID"] = number[:-1] + ("1" if number[-1] == "0" else "0")
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


DEFECTS = (
    broken(
        "ordonnance-numero-en-minuscules",
        "La base 32 de la bibliothèque écrit en minuscules",
        "ordonnance",
        "EP-02",
        numbered(str.lower),
    ),
    broken(
        "ordonnance-numero-sans-zeros",
        "Les nombres du numéro ne sont pas complétés de zéros",
        "ordonnance",
        "EP-02",
        numbered(_bare),
    ),
    broken(
        "ordonnance-numero-en-temps-universel",
        "Le numéro compte depuis minuit en temps universel",
        "ordonnance",
        "EP-03",
        around(ENCODE, _in_utc),
    ),
    broken(
        "ordonnance-numero-date-de-la-veille",
        "Le compteur de jours part du 2 janvier 2014",
        "ordonnance",
        "EP-03",
        around(ENCODE, lambda original, at, rank: original(at - timedelta(days=1), rank)),
    ),
    broken(
        "ordonnance-numero-deux-horloges",
        "Les dixièmes sont comptés en temps universel, les millisecondes en heure locale",
        "ordonnance",
        "EP-04",
        around(ENCODE, _tenths_of_utc),
    ),
    broken(
        "ordonnance-numero-de-session",
        "Le numéro est tiré une fois, à l'ouverture du logiciel",
        "ordonnance-deux",
        "EP-05",
        around("reference_impl.prescriptions.rest:RestWire.call", _of_the_session),
    ),
    broken(
        "ordonnance-numero-du-document-retire",
        "Le document du DMP tire un numéro à lui",
        "ordonnance",
        "EP-06 EP-20",
        written(BUILD, _CNAM + '[^"]*', f'root="1.2.250.1.215.500.1.1" extension="{_ANOTHER}'),
    ),
    broken(
        "ordonnance-numero-du-code-2d-retire",
        "Le Code 2D porte un numéro tiré à l'impression",
        "ordonnance",
        "EP-06 EP-29b",
        around(CODE, lambda original, *said: _drawn_again(original(*said))),
    ),
)
