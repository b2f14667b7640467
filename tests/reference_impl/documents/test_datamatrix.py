"""The datamatrix INS of the reference LGC: written, drawn, photographed, read back.

What it writes raises nothing with the rules, over random identities.
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from fixtures.identifiers import matricule, nir_key
from reference_impl.documents import datamatrix
from reference_impl.documents.metadata import encapsulated_pdf
from reference_impl.documents.writer import CdaWriter
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Ins, Patient, Status, Traits
from rules.context import Context
from rules.formats.cartouche import plain
from rules.formats.cda import ClinicalDocument
from rules.formats.datamatrix import InsDatamatrix
from rules.formats.pages import page_text, read_pages
from rules.judge import judge_artefact
from tests.reference_impl.driver import Driver
from tests.reference_impl.story import (
    CAMILLE,
    DRAFT,
    ENVIRONMENT,
    INS_OID,
    TEST_OID,
    UNQUALIFIED,
    written,
)
from tests.shared_data import GOLDEN, needs_shared

GS = "\x1d"
TEXT = (
    "IS010000000000000000000000S1285073306304208S21.2.250.1.213.1.4.10S3CAMILLE ANNE"
    f"{GS}S4TESTAVRIL{GS}S5FS612-07-1985S733063"
)
OIDS = [f"1.2.250.1.213.1.4.{number}" for number in (8, 9, 10, 11)]


def golden() -> list[dict[str, str | None]]:
    folder = GOLDEN / "ins"
    if not folder.is_dir():
        return []
    return json.loads((folder / "datamatrix.json").read_text(encoding="utf-8"))


def words(longest: int) -> st.SearchStrategy[str]:
    """A name of birth: words, hyphens, apostrophes, up to a length."""
    word = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=20)
    between = st.sampled_from([" ", "-", "'"])
    return (
        st.lists(st.tuples(word, between), min_size=1, max_size=8)
        .map(lambda pairs: "".join(w + b for w, b in pairs)[:longest].rstrip(" -'"))
        .filter(bool)
    )


@st.composite
def identities(draw: st.DrawFn) -> tuple[Ins, Traits]:
    """A qualified identity: Corsica, foreign births, NIA, every length of names."""
    sex = draw(st.sampled_from("MF"))
    born = draw(st.dates(min_value=_date(1900), max_value=_date(2026))).isoformat()
    place = draw(st.sampled_from(["33063", "2A004", "2B033", "99109", "97411"]))
    number = matricule(sex, born, place, draw(st.integers(1, 999)))
    long = st.integers(95, 100).map(lambda length: ("MARIE-ANGE ZOE " * 8)[:length].rstrip())
    traits = Traits(
        birth_name=draw(words(100) | long),
        birth_given_names=draw(words(100) | long | st.just("ABCDE" * 20)),
        sex=sex,
        birth_date=born,
        birth_place=draw(st.sampled_from([place, None])),
    )
    return Ins(number, nir_key(number), draw(st.sampled_from(OIDS))), traits


def _date(year: int) -> date:
    return date(year, 1, 1)


def png(picture: Image.Image, kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    picture.save(content, kind)
    return content.getvalue()


def test_the_text_is_the_golden_one():
    assert CAMILLE.ins is not None
    assert datamatrix.write_text(CAMILLE.ins, TEST_OID, CAMILLE.traits) == TEXT


@needs_shared
@pytest.mark.parametrize("case", golden(), ids=lambda case: case["cas"])
def test_golden_identities_are_written_and_read(case):
    path = GOLDEN / "ins" / f"datamatrix-{case['cas']}.txt"
    content = path.read_text(encoding="ascii")
    read = datamatrix.read_text(content)
    assert datamatrix.write_text(read.ins, read.ins.oid, read.traits) == content
    assert datamatrix.read_picture(path.with_suffix(".png").read_bytes()) == content
    assert (read.ins.value, read.ins.oid) == (case["matricule"], case["oid"])


@given(identities())
def test_a_text_written_is_read_back_and_raises_nothing(identity):
    ins, traits = identity
    content = datamatrix.write_text(ins, ins.oid, traits)
    read = datamatrix.read_text(content)
    assert (read.ins, read.traits) == (ins, traits)
    assert judge_artefact(InsDatamatrix.parse(content), Context()).findings == ()


@settings(max_examples=30, deadline=None)
@given(identities())
def test_a_picture_drawn_is_read_back(identity):
    ins, traits = identity
    content = datamatrix.write_text(ins, ins.oid, traits)
    modules = datamatrix.symbol(content)
    assert len(modules) == len(modules[0])
    assert datamatrix.read_picture(png(datamatrix.picture(modules, scale=4))) == content


@settings(max_examples=15, deadline=None)
@given(identities())
def test_a_letter_raises_nothing_of_the_carriers(identity):
    ins, traits = identity
    patient = Patient("p1", traits, Status.QUALIFIED, replace(ins, oid=INS_OID))
    document = ClinicalDocument.parse(written(patient=patient).content)
    findings = judge_artefact(document, Context()).findings
    assert [f for f in findings if f.check_id.startswith("INS-T-")] == []
    assert document.pdf is not None
    assert document.pdf.datamatrices[0].ins == ins.value


def test_a_longer_list_of_given_names_is_cut_at_its_maximum():
    assert CAMILLE.ins is not None
    traits = replace(CAMILLE.traits, birth_given_names="MARIE-ANGE " * 12 + "ZOE")
    read = datamatrix.read_text(datamatrix.write_text(CAMILLE.ins, TEST_OID, traits))
    assert read.traits.birth_given_names == traits.birth_given_names[:100].rstrip()
    document = ClinicalDocument.parse(written(patient=replace(CAMILLE, traits=traits)).content)
    findings = judge_artefact(document, Context()).findings
    assert [f for f in findings if f.check_id.startswith("INS-T-")] == []


def test_an_indeterminate_sex_is_not_written():
    assert CAMILLE.ins is not None
    with pytest.raises(InvalidRequestError, match="sexe indéterminé"):
        datamatrix.write_text(CAMILLE.ins, TEST_OID, replace(CAMILLE.traits, sex="I"))


LEGAL = {
    "autre ordre": f"{TEXT[:26]}S733063S612-07-1985S5FS4TESTAVRIL{GS}S1285073306304208"
    "S21.2.250.1.213.1.4.10S3CAMILLE ANNE",
    "GS tapé par la douchette": TEXT.replace(GS, "<GS>"),
    "saut de ligne de la douchette": TEXT + "\r\n",
}


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_text_is_read(name):
    read = datamatrix.read_text(LEGAL[name])
    assert (read.ins.value, read.traits) == (
        "285073306304208",
        replace(CAMILLE.traits, used_name=None, used_given_name=None),
    )


def test_a_text_without_place_is_read():
    assert datamatrix.read_text(TEXT[:-7]).traits.birth_place is None


REFUSED = {
    "GS oublié": TEXT.replace(GS, "", 1),
    "GS oublié après l’OID": TEXT.replace(".4.10", ".4.8"),
    "date ISO": TEXT.replace("12-07-1985", "1985-07-12"),
    "mois 13": TEXT.replace("12-07-1985", "12-13-1985"),
    "version 02": TEXT.replace("IS01", "IS02"),
    "en minuscules": TEXT.lower(),
    "nom en minuscules": TEXT.replace("TESTAVRIL", "testavril"),
    "champ répété": TEXT + "S733063",
    "sans nom": TEXT.replace(f"S4TESTAVRIL{GS}", ""),
    "coupé": TEXT[:-2],
    "autre OID": TEXT.replace(".4.10", ".4.13"),
    "autre chose": "Bonjour",
}


@pytest.mark.parametrize("name", REFUSED)
def test_any_other_text_is_refused_in_french(name):
    with pytest.raises(InvalidRequestError, match="Datamatrix INS illisible"):
        datamatrix.read_text(REFUSED[name])


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(content):
    for each in (content, TEXT[:26] + content, TEXT + content):
        assert isinstance(_read(each), (str, InvalidRequestError))


def _read(content: str) -> object:
    try:
        return datamatrix.read_text(content).ins.value
    except InvalidRequestError as error:
        return error


@pytest.mark.parametrize("angle", [0, 8, 45, 180])
def test_a_photograph_is_read(angle):
    sheet = Image.new("L", (500, 500), 210)
    sheet.paste(datamatrix.picture(datamatrix.symbol(TEXT), scale=5), (120, 140))
    turned = sheet.rotate(angle, Image.Resampling.BICUBIC, fillcolor=210)
    content = png(turned.filter(ImageFilter.GaussianBlur(1.5)), "JPEG")
    assert datamatrix.read_picture(content) == TEXT


@pytest.mark.parametrize(
    ("content", "words_"),
    [
        (b"rien", "ne s’ouvre pas"),
        (png(Image.new("L", (200, 200), 255)), "ne montre pas"),
        (png(Image.new("1", (8000, 6000), 1)), "trop grande"),
        (png(datamatrix.picture(datamatrix.symbol("AUTRE CHOSE"))), "ne montre pas"),
    ],
    ids=["pas une image", "image blanche", "image immense", "autre datamatrix"],
)
def test_a_picture_without_datamatrix_is_told(content, words_):
    with pytest.raises(InvalidRequestError, match=words_) as caught:
        datamatrix.read_picture(content)
    assert caught.value.field == "image"


def test_the_first_page_has_symbol_mark_and_cartouche():
    pdf = encapsulated_pdf(written().content)
    (found,) = read_pages(pdf)
    assert (found.data, found.square, found.quiet_zone) == (TEXT.encode(), True, True)
    assert "INS à scanner" in page_text(pdf)
    if (GOLDEN / "ins").is_dir():
        lines = (GOLDEN / "ins" / "cartouche-qualifiee.txt").read_text(encoding="utf-8")
        shown = plain(page_text(pdf))
        assert all(plain(line) in shown for line in lines.splitlines() if ":" in line)


def test_any_other_identity_has_neither_symbol_nor_matricule():
    pdf = encapsulated_pdf(written(DRAFT, UNQUALIFIED).content)
    shown = page_text(pdf)
    assert read_pages(pdf) == ()
    assert "scanner" not in shown
    assert "Matricule" not in shown
    assert "33063" in shown


def test_the_same_letter_is_the_same_bytes():
    assert written().content == written().content


@pytest.mark.parametrize("status", Status)
def test_a_printed_document_shows_the_identity_as_it_stands(driver: Driver, status: Status):
    lgc = driver.house.lgc
    lgc.publisher._writer = CdaWriter(ENVIRONMENT)
    document, patient = driver.document(status)
    answer = driver("document.print", document=document)
    symbols = read_pages(base64.b64decode(answer["document"]["contenu"]))
    assert answer["patient"]["id"] == patient
    assert bool(symbols) == (status is Status.QUALIFIED)
    assert not lgc.records.document(document).published


def test_printing_an_unknown_document_is_refused(driver: Driver):
    assert driver.code("document.print", 404, document="d99") == "DOCUMENT_INCONNU"
