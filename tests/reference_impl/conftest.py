"""The environment is generated once; each test has its own data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import respx

from reference_impl.people import Environment
from tests.reference_impl.driver import Driver
from tests.reference_impl.house import LOUISE, House, environment_in
from tests.reference_impl.provider import Provider


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Certificates are slow to make."""
    return environment_in(tmp_path_factory.mktemp("environnement"))


@pytest.fixture
def house(environment: Environment, tmp_path: Path) -> House:
    """A reference LGC over fake services."""
    return House(environment, tmp_path)


@pytest.fixture
def driver(house: House) -> Driver:
    return Driver(house)


@pytest.fixture
def network() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def session(driver: Driver, network: respx.MockRouter, house: House) -> Provider:
    provider = Provider(network, house.clock)
    driver("session.open", professionnel=LOUISE)
    return provider
