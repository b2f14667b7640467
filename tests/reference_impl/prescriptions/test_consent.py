"""Printing with and without consent, as the two buttons of an editor's manual: the consent is
chosen until the ordonnance leaves, then paper and service say the same (EP-13)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription_number import decode
from rules.formats.prescription_wire import read_request
from simulators.platform import Platform
from simulators.testing import running
from tests.reference_impl.prescriptions.cabinet import Cabinet, cabinet


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "cards", "prescription")) as started:
        yield started


@pytest.fixture(scope="module")
def office(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cabinet]:
    with cabinet(platform, tmp_path_factory.mktemp("lgc")) as made:
        yield made


@pytest.fixture(autouse=True)
def _fresh(office: Cabinet) -> None:
    office.new()
    office.platform.kernel.faults.clear()


def transmitted(office: Cabinet) -> list[bool | None]:
    """The consent of each EP4 that left."""
    calls = [read_request(e.request) for e in office.new() if e.operation == "EP4"]
    return [call.created.consent for call in calls if call is not None and call.created]


def page(office: Cabinet, ordonnance: str, consent: bool | None) -> PrintedOrdonnance | None:
    done = office("prescription.print", ordonnance=ordonnance, avec_consentement=consent)
    return PrintedOrdonnance.of_pdf(base64.b64decode(done["document"]["contenu"]))


@pytest.mark.parametrize("drafted", [True, False])
@pytest.mark.parametrize("chosen", [True, False, None])
def test_the_consent_chosen_at_validation_is_transmitted_and_printed(
    office: Cabinet, drafted: bool, chosen: bool | None
) -> None:
    wanted = drafted if chosen is None else chosen
    draft = office.draft(consentement=drafted)
    asked = {"ordonnance": draft, "professionnel": office.louise, "consentement": chosen}
    told = office("prescription.validate", **asked)["ordonnance"]
    assert told["contenu"]["consentement"] is wanted
    assert transmitted(office) == [wanted]
    printed = page(office, draft, wanted)
    assert printed is not None
    assert (printed.notice is not None) is wanted
    assert printed.transmission_said


def test_what_was_transmitted_is_what_is_printed(office: Cabinet) -> None:
    told = office.recorded(consentement=True)
    asked = {"ordonnance": told["id"], "avec_consentement": False}
    assert office.refused("prescription.print", **asked) == "CONSENTEMENT_DIFFERENT"
    again = {"ordonnance": told["id"], "professionnel": office.louise}
    assert office.refused("prescription.validate", **again, consentement=False) == (
        "CONSENTEMENT_DIFFERENT"
    )
    assert office("prescription.validate", **again, consentement=True)["ordonnance"] == told


def test_a_paper_without_code_has_no_mention_to_choose(office: Cabinet) -> None:
    office.fault("http-503", "EP4", times=9)
    told = office.do("validate", office.draft())
    assert told["etat"] == "sans code"
    assert page(office, told["id"], consent=False) is None


def test_workstations_that_prescribe_together_never_share_a_number(
    platform: Platform, tmp_path: Path
) -> None:
    """Three installations of one seed, at the same time, on one service."""
    with (
        cabinet(platform, tmp_path / "a") as first,
        cabinet(platform, tmp_path / "b") as second,
        cabinet(platform, tmp_path / "c") as third,
    ):
        offices = (first, second, third)
        with ThreadPoolExecutor(len(offices)) as pool:
            numbers = list(pool.map(_four, offices))
        drawn = [each for some in numbers for each in some]
        assert len(set(drawn)) == 12
        assert all(decode(each).consistent for each in drawn)
        assert all(some == sorted(some) for some in numbers)
        assert "EP-05" not in {check_id for check_id, _ in third.findings()}


def _four(office: Cabinet) -> list[str]:
    return [office.recorded()["numero"] for _ in range(4)]
