"""Dates of birth that are not wholly known (EXI ID 11, EXI ID 12; RNIV EXI PP 19).

The year is always known. A lunar date (month above 12, day above 31) belongs to the
billing identity of the carte Vitale and never enters the sanitary identity.
"""

from __future__ import annotations

import re
from datetime import date

from reference_impl.errors import InvalidRequestError

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def completed_date(text: str) -> tuple[str, bool]:
    """The ISO date to keep, and whether it was completed.

    ``1985-07`` and ``1985-07-00`` give 1985-07-01, ``1985-00-12`` gives 1985-01-12,
    ``1985`` and ``1985-00-00`` give 1985-12-31. Raises InvalidRequestError.
    """
    match = _DATE.fullmatch(text)
    if match is None or match[1] == "0000":
        raise _invalid(
            "La date de naissance s’écrit AAAA-MM-JJ, ou AAAA-MM, ou AAAA : l’année est "
            "toujours fournie."
        )
    year, month, day = match[1], match[2] or "00", match[3] or "00"
    if int(month) > 12 or int(day) > 31:
        raise InvalidRequestError(
            "DATE_LUNAIRE",
            f"« {text} » est une date lunaire, propre à l’identité de facturation : saisissez la "
            "date de l’état civil, ou son année seule.",
            "traits.date_naissance",
        )
    completed = f"{year}-{_completed(month, day)}"
    if not is_calendar_date(completed):
        raise _invalid("La date de naissance est une date réelle, écrite AAAA-MM-JJ.")
    return completed, "00" in (month, day)


def is_calendar_date(text: str) -> bool:
    """Whether this is a real date, written ``AAAA-MM-JJ``: neither lunar nor with zeros."""
    match = _DATE.fullmatch(text)
    if match is None or match[3] is None:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _completed(month: str, day: str) -> str:
    if month == "00" and day == "00":
        return "12-31"
    return f"{'01' if month == '00' else month}-{'01' if day == '00' else day}"


def _invalid(sentence: str) -> InvalidRequestError:
    return InvalidRequestError("TRAIT_INVALIDE", sentence, "traits.date_naissance")
