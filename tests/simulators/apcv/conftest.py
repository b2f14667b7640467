"""One platform with the appli carte Vitale; each test starts from its initial state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators.platform import Platform
from simulators.testing import running
from tests.simulators.apcv.lps import Lps


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc", "apcv")) as platform:
        yield platform


@pytest.fixture
def lps(shared_platform: Platform) -> Lps:
    shared_platform.reset()
    return Lps(shared_platform)
