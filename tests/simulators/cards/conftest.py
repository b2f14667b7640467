"""One platform with the cards for these tests; each starts from its initial state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators.platform import Platform
from simulators.testing import running


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("cards",)) as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    shared_platform.reset()
    return shared_platform
