"""One platform; each test has an installation of the reference LGC of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_impl.config import read_environment
from reference_impl.wiring import build
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.defects.laboratory import BenchTime
from tests.reference_impl.apcv.cabinet import Cabinet


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "insi", "cards", "apcv")) as started:
        yield started


@pytest.fixture
def cabinet(platform: Platform, tmp_path: Path) -> Iterator[Cabinet]:
    platform.reset()
    environment = read_environment(Path(platform.folder) / "environnement.json")
    lgc = build(environment, tmp_path, 1, BenchTime(platform.kernel.clock))
    made = Cabinet(platform, lgc, tmp_path, len(exchanges(platform)))
    try:
        yield made
    finally:
        made.lgc.close()
