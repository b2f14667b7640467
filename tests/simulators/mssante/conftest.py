"""One platform with PSC and MSSanté for these tests; each starts from its initial state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators.platform import Platform
from simulators.testing import running
from tests.simulators.mssante.clients import Doctor
from tests.simulators.psc.client import HUGO, LOUISE


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc", "mssante")) as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    shared_platform.reset()
    return shared_platform


@pytest.fixture
def louise(platform: Platform) -> Iterator[Doctor]:
    with Doctor(platform, LOUISE) as doctor:
        yield doctor


@pytest.fixture
def hugo(platform: Platform) -> Iterator[Doctor]:
    with Doctor(platform, HUGO) as doctor:
        yield doctor
