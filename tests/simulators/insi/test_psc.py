"""INSi under Pro Santé Connect: a real login, its token, an unsigned assertion (sheet §2.8 C)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from simulators.platform import Platform
from simulators.testing import running
from tests.rules.insi.messages import PSC_ATTRIBUTES, assertion
from tests.simulators.insi.lps import Lps, read, stamp, traits
from tests.simulators.psc.client import HUGO, LOUISE, Relying


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc", "insi")) as platform:
        yield platform


@pytest.fixture
def token(lps: Lps) -> Iterator[str]:
    relying = Relying(lps.platform)
    yield str(relying.login(LOUISE)["access_token"])
    relying.http.close()


def search(lps: Lps, bearer: str | None, **told: object) -> str | None:
    """The code answered to a search under an assertion PSC."""
    issued = stamp(lps.platform.kernel.clock.now())
    attributes = told.pop("attributes", PSC_ATTRIBUTES)
    told = {"qualifier": "PSC", "signed": False, "issued": issued, **told}
    security = assertion(attributes, **told)  # type: ignore[arg-type]
    xml = lps.message(traits(), security=security, sender=LOUISE)
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    answer = read(lps.post(xml, address="cpx", certificate=None, **headers))
    assert answer is not None
    return answer.code


def test_found_with_the_token_of_a_login(lps: Lps, token: str) -> None:
    assert search(lps, token) == "00"
    assert lps.last().correlation.professional == LOUISE
    assert lps.findings() == []


def test_profession_is_told_when_there_are_several(lps: Lps, token: str) -> None:
    assert search(lps, token, attributes={**PSC_ATTRIBUTES, "gipProfessionCode": "10"}) == "00"
    assert lps.findings() == []


@pytest.mark.parametrize("bearer", [None, "pas-un-jeton"])
def test_no_token_or_none_that_reads(lps: Lps, bearer: str | None) -> None:
    assert search(lps, bearer) == "desir_9005"


def test_altered_token(lps: Lps, token: str) -> None:
    head, payload, signature = token.split(".")
    assert search(lps, f"{head}.{payload}.{signature[::-1]}") == "desir_9005"


def test_expired_token(lps: Lps, token: str) -> None:
    lps.platform.kernel.clock.advance(timedelta(hours=1))
    try:
        assert search(lps, token) == "desir_9005"
    finally:
        lps.platform.kernel.clock.resume()


def test_token_of_somebody_else(lps: Lps) -> None:
    relying = Relying(lps.platform)
    other = str(relying.login(HUGO)["access_token"])
    relying.http.close()
    assert search(lps, other) == "desir_9005"


def test_signed_assertion_or_one_without_its_attributes(lps: Lps, token: str) -> None:
    card_attributes = {"identifiantFacturation": "331999011", "codeSpecialite": "01"}
    assert search(lps, token, attributes=card_attributes) == "desir_9006"
    assert search(lps, token, signed=True) == "desir_9006"
    # The unknown authority of this signature is told as well.
    assert set(lps.findings()) == {"INS-W-14", "INS-W-10"}
