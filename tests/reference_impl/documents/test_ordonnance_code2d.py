"""The Code 2D and its QR code: the golden texts are written, and a decoder reads them back."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reference_impl.documents import code2d, datamatrix, qr
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Traits
from reference_impl.prescriptions.model import Ordonnance
from rules.context import Context
from rules.formats.code2d import Code2D
from rules.judge import judge_artefact
from tests.shared_data import GOLDEN, needs_shared

FOLDER = GOLDEN / "prescription"
CAMILLE = Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063")
SIMPLE = {
    "id": "04B5BBY113H9WH0035",
    "prescripteur": {"rpps": "10999990012", "am": "331999011"},
}
BY_SUBSTITUTE = {**SIMPLE, "id": "04BDLUYZ217CUZGYH3", "remplace": {"rpps": "10999992026"}}


def text(content: object = SIMPLE, traits: Traits = CAMILLE) -> str:
    return code2d.write_text(Ordonnance.from_json(content), traits)


def read(picture: Image.Image) -> str:
    (found,) = zxingcpp.read_barcodes(picture.convert("L"))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return found.text


@needs_shared
@pytest.mark.parametrize(("name", "content"), [("simple", SIMPLE), ("remplacant", BY_SUBSTITUTE)])
def test_the_golden_texts_and_symbols_are_written(name, content):
    golden = (FOLDER / f"code2d-{name}.json.txt").read_text(encoding="utf-8").rstrip("\n")
    assert text(content) == golden
    drawn = datamatrix.picture(qr.symbol(golden), 4, qr.QUIET_ZONE)
    with Image.open(io.BytesIO((FOLDER / f"code2d-{name}-segments.png").read_bytes())) as picture:
        assert picture.size == drawn.size, "même version de symbole"
        assert read(picture) == read(drawn) == golden


@pytest.mark.parametrize(("content", "modules"), [(SIMPLE, 57), (BY_SUBSTITUTE, 61)])
def test_versions_are_those_of_the_published_picture(content, modules):
    assert len(qr.symbol(text(content))) == modules


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZÉÈÔÇ '-", min_size=1, max_size=120).filter(str.strip),
    st.sampled_from([SIMPLE, BY_SUBSTITUTE]),
)
@settings(max_examples=25, deadline=None)
def test_a_symbol_is_read_back_and_its_text_raises_nothing(name, content):
    written = text(content, replace(CAMILLE, birth_name=name))
    drawn = datamatrix.picture(qr.symbol(written), 4, qr.QUIET_ZONE)
    assert read(drawn) == written
    held = json.loads(written)["D"]
    assert len(held["P"]["N"]) == len(held["P"]["P"]) == 90
    assert list(held) == ["ID", "P", "M"]
    assert drawn.width <= (65 + 8) * 4, "version 12 au plus"


def test_the_text_raises_nothing():
    for content in (SIMPLE, BY_SUBSTITUTE):
        assert judge_artefact(Code2D.parse(text(content)), Context()).findings == ()


@pytest.mark.parametrize("lost", ["id", "prescripteur"])
def test_without_number_or_rpps_there_is_no_code(lost):
    with pytest.raises(InvalidRequestError) as refused:
        text({k: v for k, v in SIMPLE.items() if k != lost})
    assert refused.value.code == "CODE_2D_IMPOSSIBLE"
