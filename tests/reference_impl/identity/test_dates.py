from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.dates import completed_date, is_calendar_date


@pytest.mark.parametrize(
    ("typed", "kept", "uncertain"),
    [
        ("1985-07-12", "1985-07-12", False),
        ("1985-07", "1985-07-01", True),
        ("1985-07-00", "1985-07-01", True),
        ("1985-00-12", "1985-01-12", True),
        ("1985", "1985-12-31", True),
        ("1985-00-00", "1985-12-31", True),
        ("2024-02-29", "2024-02-29", False),
    ],
)
def test_exi_id_11(typed: str, kept: str, uncertain: bool) -> None:
    assert completed_date(typed) == (kept, uncertain)


@pytest.mark.parametrize("typed", ["1985-13-12", "1985-20-00", "1985-07-32", "1985-13"])
def test_a_lunar_date_is_refused_and_said_so(typed: str) -> None:
    with pytest.raises(InvalidRequestError, match="lunaire") as refusal:
        completed_date(typed)
    assert (refusal.value.code, refusal.value.field) == ("DATE_LUNAIRE", "traits.date_naissance")


@pytest.mark.parametrize(
    "typed", ["", "85", "12/07/1985", "0000-07-12", "1985-02-30", "1985-W28-5", "1985-7-1"]
)
def test_what_is_no_date_is_refused(typed: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        completed_date(typed)
    assert refusal.value.code == "TRAIT_INVALIDE"


@settings(deadline=None)
@given(st.dates())
def test_every_real_date_is_kept(day: object) -> None:
    text = str(day)
    assert is_calendar_date(text)
    assert completed_date(text) == (text, False)
