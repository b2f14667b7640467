"""Texts that can be written on every wire and on paper, and codes of who executes.

What XML cannot carry must be refused before the ordonnance is recorded: after, its
documents could not be written any more.
"""

from __future__ import annotations

import re
from dataclasses import fields

from reference_impl.errors import InvalidRequestError
from reference_impl.prescriptions.keyed import Keyed
from reference_impl.prescriptions.model import Executor, Line
from reference_impl.prescriptions.regulation import refused

LONGEST_TEXT, MOST_MENTIONS = 1000, 20
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DIGITS = {
    "rpps": ("rpps", r"\d{11}", "un RPPS a 11 chiffres"),
    "finess": ("finess", r"\d[0-9AB]\d{7}", "un FINESS a 9 caractères"),
}


def require_readable(line: Line, place: int) -> None:
    """Raises InvalidRequestError with the key of a line that no page could show."""
    if len(line.mentions) > MOST_MENTIONS:
        raise refused(
            place, "mentions", "TROP_DE_MENTIONS", f"{MOST_MENTIONS} mentions au plus par ligne"
        )
    for name, text in _texts(line):
        fault = _fault(text)
        if fault:
            raise refused(place, name, "TEXTE_ILLISIBLE", f"« {name} » {fault}")


def require_executor_readable(executor: Executor | None) -> None:
    """Raises InvalidRequestError with the key at fault of who is named to execute."""
    if executor is None:
        return
    for name, text in _texts(executor):
        fault = _fault(text)
        if fault:
            raise InvalidRequestError(
                "TEXTE_ILLISIBLE", f"Exécutant : « {name} » {fault}.", f"executant_designe.{name}"
            )
    for attribute, (name, form, sentence) in _DIGITS.items():
        value = getattr(executor, attribute)
        if value and not re.fullmatch(form, value, re.ASCII):
            raise InvalidRequestError(
                "EXECUTANT_INVALIDE", f"Exécutant : {sentence}.", f"executant_designe.{name}"
            )


def _texts(told: Keyed) -> list[tuple[str, str]]:
    values = [(f.metadata["key"], getattr(told, f.name)) for f in fields(told)]
    found = [(name, v) for name, value in values
             for v in (value if isinstance(value, tuple) else (value,))]  # fmt: skip
    return [(name, value) for name, value in found if isinstance(value, str)]


def _fault(text: str) -> str | None:
    if _UNWRITABLE.search(text):
        return "contient un caractère de contrôle : retirez-le"
    if len(text) > LONGEST_TEXT:
        return f"a {len(text)} caractères : {LONGEST_TEXT} au plus"
    return None
