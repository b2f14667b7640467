"""One platform for all the defects of a test worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators.testing import running

from .laboratory import SERVICES, Laboratory


@pytest.fixture(scope="session")
def laboratory() -> Iterator[Laboratory]:
    with running(SERVICES) as platform:
        yield Laboratory(platform)
