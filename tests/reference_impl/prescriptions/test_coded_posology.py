"""A coded posology, asked of the driver, goes to the service and into the document of the DMP.

On each wire, in the neutral model; what is played raises no finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from lxml import etree
from pydantic import ValidationError

from reference_impl.errors import LgcError
from simulators.platform import Platform
from simulators.testing import running
from tests.reference_impl.documents.test_ep_med_dm import CODED
from tests.reference_impl.prescriptions.cabinet import Cabinet, cabinet

_seeds = count(1)
LINE = {k: v for k, v in CODED.items() if k not in ("n", "libelle")}
_HL7 = {"h": "urn:hl7-org:v3"}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "cards", "dmp", "prescription")) as started:
        yield started


@pytest.fixture(params=["rest", "soap"])
def office(request: pytest.FixtureRequest, platform: Platform, tmp_path: Path) -> Iterator[Cabinet]:
    with cabinet(platform, tmp_path, next(_seeds), wire=request.param) as made:
        yield made


def test_from_the_driver_to_the_service_and_to_the_dmp(office: Cabinet) -> None:
    told = {"date_execution_souhaitee": "2026-03-13", "poids_kg": "55.5", "grossesse": True}
    registered = office.recorded(LINE, **told)
    held = office.consult(registered["numero"])["contenu"]
    assert held["lignes"][0]["posologie"] == CODED["posologie"]
    assert held["lignes"][0]["instructionPatient"] == CODED["instructionPatient"]
    assert (held["dateExecutionSouhaitee"], held["poidsKg"]) == ("2026-03-13", "55.5")
    n3 = office.lgc.records.document(registered["documents"]["n3"]).document
    root = etree.fromstring(n3.content)
    assert root.xpath("//h:effectiveTime/h:period/@value", namespaces=_HL7) == ["8"]
    assert root.xpath("//h:value[@unit='kg']/@value", namespaces=_HL7) == ["55.5"]
    assert office.findings() == []


@pytest.mark.parametrize(
    "spoilt",
    [
        {"posologie": {"doseMin": "un"}},
        {"posologie": {"voie": "orale"}},
        {"posologie": {"uniteDose": "comprimé "}},
        {"posologie": {"frequence": 0}},
        {"instructionPatient": "a\x00b"},
    ],
)
def test_what_could_not_be_written_is_refused(office: Cabinet, spoilt: dict[str, object]) -> None:
    with pytest.raises((ValidationError, LgcError)):
        office.draft(None, LINE | spoilt)
