"""The environment is generated once; each test has its own data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference_impl.people import Environment
from tests.reference_impl.house import House, environment_in


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Certificates are slow to make."""
    return environment_in(tmp_path_factory.mktemp("environnement"))


@pytest.fixture
def house(environment: Environment, tmp_path: Path) -> House:
    """A reference LGC over fake services."""
    return House(environment, tmp_path)
