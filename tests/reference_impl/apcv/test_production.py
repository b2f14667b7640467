"""AV-15 in a campaign whose product is declared as set for production (``--produit``)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.world import SoftwareFixture, make_world
from reference_impl.config import read_environment
from reference_impl.wiring import build
from rules.formats.apcv_names import AUTHENTICATE, DESTROY
from simulators.platform import Platform
from simulators.testing import administration, exchanges, running
from tests.defects.laboratory import BenchTime
from tests.reference_impl.apcv.cabinet import Cabinet, RefusedGestureError
from tests.simulators.apcv.lps import DEMO, FAMILY


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    world = replace(make_world(1), software=SoftwareFixture(profile="production"))
    with running(("psc", "insi", "cards", "apcv"), world=world) as started:
        yield started


@pytest.fixture
def cabinet(platform: Platform, tmp_path: Path) -> Iterator[Cabinet]:
    platform.reset()
    environment = read_environment(Path(platform.folder) / "environnement.json")
    lgc = build(environment, tmp_path, 1, BenchTime(platform.kernel.clock))
    made = Cabinet(platform, lgc, tmp_path, len(exchanges(platform)))
    made("session.open")
    try:
        yield made
    finally:
        made.lgc.close()


def test_the_product_and_the_checks_are_told(platform: Platform) -> None:
    told = json.loads((platform.folder / "environnement.json").read_text(encoding="utf-8"))
    assert told["reglages"]["environnement"] == "production"
    assert platform.kernel.environment.rules_profile == "production"


@pytest.mark.parametrize("serial", [FAMILY, DEMO], ids=["test", "démonstration"])
def test_what_is_not_real_is_refused_and_its_context_destroyed(
    cabinet: Cabinet, serial: str
) -> None:
    with pytest.raises(RefusedGestureError, match="APCV_DE_TEST"):
        cabinet.read(serial, voie="psc")
    assert "AV-15" not in {check for check, _ in cabinet.findings()}
    called = [e.operation for e in exchanges(cabinet.platform, "apcv")]
    assert called[-2:] == [AUTHENTICATE, DESTROY]


def test_a_real_application_is_read(cabinet: Cabinet) -> None:
    with administration(cabinet.platform) as api:
        changed = api.put("/state/apcv", json={"profils": {FAMILY: {"type": "R"}}})
    assert changed.status_code < 300
    assert cabinet.read(voie="psc")["type"] == "R"
    cabinet("apcv.close")
    assert "AV-15" not in {check for check, _ in cabinet.findings()}


def test_a_demonstration_that_is_accepted_is_told(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reference_impl.apcv.sessions._REAL", "D")
    cabinet.read(DEMO, voie="psc")
    cabinet("apcv.close")
    assert "AV-15" in {check for check, _ in cabinet.findings()}
