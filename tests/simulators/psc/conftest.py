"""One platform for these tests; each starts from its initial state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators.platform import Platform
from simulators.testing import running
from tests.simulators.psc.client import Relying


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    public = {
        "client_id": "client-lourd",
        "redirect_uris": ["http://127.0.0.1:8123/retour"],
        "public": True,
    }
    with running(("psc",), settings={"psc": {"clients": [public]}}) as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    shared_platform.reset()
    return shared_platform


@pytest.fixture
def lgc(platform: Platform) -> Iterator[Relying]:
    relying = Relying(platform)
    yield relying
    relying.http.close()
