"""One platform with the ordonnance numérique; each test starts from its initial state."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from simulators.platform import Platform
from simulators.testing import running
from tests.simulators.prescription.client import DOCTOR, PHARMACIST, Caller


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc", "prescription")) as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    shared_platform.reset()
    return shared_platform


@pytest.fixture(params=["dbx-rest", "soap-placeholder"])
def calls(platform: Platform, request: pytest.FixtureRequest) -> Callable[[str], Caller]:
    """Callers by who they are, on each wire."""
    return lambda who: Caller(platform, who, request.param)


@pytest.fixture
def doctor(calls: Callable[[str], Caller]) -> Caller:
    return calls(DOCTOR)


@pytest.fixture
def pharmacy(calls: Callable[[str], Caller]) -> Caller:
    return calls(PHARMACIST)
