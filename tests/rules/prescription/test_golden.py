"""The golden files of the ordonnance numérique raise no finding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.formats.code2d import Code2D, Code2DPicture, code2d_text
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_number import CarriedNumber
from rules.formats.symbols import read_picture
from rules.judge import judge_artefact
from tests.rules.insi.messages import assertion
from tests.rules.prescription.calls import context, found, request
from tests.rules.prescription.test_model import NAMES, golden
from tests.shared_data import GOLDEN, needs_shared

FOLDER = GOLDEN / "prescription"
CODES = ("simple", "bizone", "mixte", "nom-compose", "remplacant")
PICTURES = (*CODES, "simple-segments", "remplacant-segments")
PAGES = ("simple", "bizone", "mixte", "simple-mentions-2022")

pytestmark = needs_shared


@pytest.mark.parametrize("form", ["json", "soap"])
@pytest.mark.parametrize("name", NAMES)
def test_ordonnances_on_each_wire(name: str, form: str) -> None:
    at = datetime.fromisoformat(golden(name)["horodatage"]).astimezone(UTC)
    signed = assertion(issued=f"{at:%Y-%m-%dT%H:%M:%SZ}")
    call = request("EP4", golden(name), form, security=signed)
    assert found(call, context(observed_at=at + timedelta(seconds=2))) == ()


@pytest.mark.parametrize("name", NAMES)
def test_ordonnances_alone(name: str) -> None:
    judgement = judge_artefact(Ordonnance.parse(golden(name)), context(observed_at=None))
    assert judgement.findings == ()
    assert {"EP-02", "EP-16", "EP-22"} <= judgement.evaluated


@pytest.mark.parametrize("name", CODES)
def test_texts_of_codes(name: str) -> None:
    code = Code2D.parse((FOLDER / f"code2d-{name}.json.txt").read_bytes())
    judgement = judge_artefact(code, context())
    assert judgement.findings == ()
    assert {"EP-02", "EP-04", "EP-07", "EP-10", "EP-11", "EP-12"} <= judgement.evaluated


@pytest.mark.parametrize("name", CODES)
def test_texts_of_codes_are_written_alike(name: str) -> None:
    text = (FOLDER / f"code2d-{name}.json.txt").read_text()
    code = Code2D.parse(text)
    names = (code.birth_name, code.given_name, code.birth_date)
    assert code2d_text(code.number, names, code.rpps, code.am, code.second_rpps) == text


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_codes(name: str) -> None:
    shown = Code2DPicture.of(read_picture((FOLDER / f"code2d-{name}.png").read_bytes()))
    (code,) = shown.codes
    text = (FOLDER / f"code2d-{name.removesuffix('-segments')}.json.txt").read_text()
    assert code.text == text
    assert code.symbol is not None
    assert code.symbol.level == "L"
    assert judge_artefact(shown, context()).findings == ()


@pytest.mark.parametrize("name", PAGES)
def test_texts_of_pages(name: str) -> None:
    page = PrintedOrdonnance.of_text((FOLDER / f"ordonnance-{name}.txt").read_text())
    judgement = judge_artefact(page, context())
    assert judgement.findings == ()
    assert isinstance(next(iter(page.parts())), CarriedNumber)
    assert {"EP-09", "EP-13", "EP-14", "EP-15", "EP-16", "EP-18"} <= judgement.evaluated
