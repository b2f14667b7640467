"""Node witnesses, each installed once."""

from pathlib import Path

import pytest

from tests.witness.node import installed


@pytest.fixture(scope="session")
def node_soap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SOAP client of npm."""
    return installed("node-soap", tmp_path_factory.mktemp("node-soap"))


@pytest.fixture(scope="session")
def node_openapi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OpenAPI client of npm."""
    return installed("node-openapi", tmp_path_factory.mktemp("node-openapi"))


@pytest.fixture(scope="session")
def node_symbols(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The readers of QR codes and Base45 of npm."""
    return installed("node-symbols", tmp_path_factory.mktemp("node-symbols"))
