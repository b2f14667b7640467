from __future__ import annotations

from datetime import date

import pytest

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.evidence import Trust, trust_of

TODAY = date(2026, 3, 12)


def is_high_trust(code: str, born: str, today: date) -> bool:
    return trust_of(code, born, today) is Trust.HIGH


@pytest.mark.parametrize("code", ["CN", "PA", "CS", "eCN", "IN", "AV", "LECV", "ANCV"])
def test_documents_of_high_trust(code: str) -> None:
    assert is_high_trust(code, "1985-07-12", TODAY)


@pytest.mark.parametrize("code", ["PC", "CV", "CE", "CM"])
def test_documents_that_validate_nobody(code: str) -> None:
    assert not is_high_trust(code, "1985-07-12", TODAY)


@pytest.mark.parametrize("code", ["AN", "LE", "LEP", "CC"])
@pytest.mark.parametrize(
    ("born", "high"), [("2008-03-13", True), ("2008-03-12", False), ("2020-01-01", True)]
)
def test_documents_that_validate_minors_only(code: str, born: str, high: bool) -> None:
    assert is_high_trust(code, born, TODAY) is high


def test_an_unknown_document_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequestError, match="CN, PA"):
        is_high_trust("XX", "1985-07-12", TODAY)
