"""EP-06, EP-16, EP-18, EP-20 to EP-23 and BANC-EPMED on a document alone."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode

import pytest
from PIL import Image

from rules.findings import Severity
from tests.rules.cda.samples import judged, spoil
from tests.rules.ep_med_dm.documents import NUMBER, Line, ids, spoilt, written
from tests.rules.ep_med_dm.pages import page

OTHER = "04B5BF6A13UFPA0036"


def ours(found: list[str]) -> list[str]:
    return [i for i in found if i.startswith(("EP", "BANC"))]


def test_published_defect_reference_without_hash() -> None:
    found = spoilt(written(), 'value="#med-1-substitution"', 'value="med-1-substitution"')
    assert ours(found) == ["BANC-EPMED.01"]


def test_published_defect_same_identifier_for_two_lines() -> None:
    data = written(drugs=(Line(1), Line(2)))
    assert ours(spoilt(data, "9B9B-000000000002", "9B9B-000000000001")) == ["BANC-EPMED.02"]


def test_a_reference_to_nothing() -> None:
    assert ours(spoilt(written(), 'value="#med-1"', 'value="#med-9"')) == ["BANC-EPMED.03"]


def test_a_reference_to_two_texts() -> None:
    data = written(drugs=(Line(1), Line(2)))
    found = spoilt(data, 'ID="med-2"', 'ID="med-1"')
    assert ours(found) == ["BANC-EPMED.03"]


def test_a_picture_that_the_text_shows_and_nothing_holds() -> None:
    shown = '<text><renderMultiMedia referencedObject="image-1"/>'
    assert ours(spoilt(written(), "<text>Copie PDF", f"{shown}Copie PDF")) == ["BANC-EPMED.03"]


@pytest.mark.parametrize(("kind", "told"), [("jpeg", "JPEG"), ("gif", "GIF"), ("bm", "BMP")])
def test_pictures_of_the_kind_they_say(kind: str, told: str) -> None:
    data = written(version="2022.01").decode()
    start = data.index('representation="B64">') + len('representation="B64">')
    end = data.index("</value>", start)
    other = io.BytesIO()
    Image.open(io.BytesIO(b64decode(data[start:end]))).convert("L").save(other, told)
    made = data[:start] + b64encode(other.getvalue()).decode() + data[end:]
    assert ours(ids(made.replace("image/png", f"image/{kind}").encode())) == []
    assert ours(ids(made.encode())) == ["BANC-EPMED.05"]


def test_a_copy_that_is_no_pdf() -> None:
    assert "BANC-EPMED.05" in ids(written(pdf=b"<html/>"))


def test_an_address_is_no_reference_to_the_text() -> None:
    found = spoilt(written(), 'value="#med-1"', 'value="https://exemple.test/med"')
    assert ours(found) == []


def test_two_numbers_in_one_document() -> None:
    data = written(version="2022.01")
    assert ours(spoilt(data, f'extension="{NUMBER}"', f'extension="{OTHER}"')) == ["EP-06"]


def test_identifiers_that_differ_without_code_2d() -> None:
    data = written(version="2022.01", barcode=False)
    act = '<serviceEvent><code code="57833-6"'
    told = f'<serviceEvent><id root="1.2.250.1.215.500.1.1" extension="{OTHER}"/>'
    assert ours(spoilt(data, act, f'{told}<code code="57833-6"')) == ["EP-06"]


def test_the_number_may_identify_the_main_act() -> None:
    data = written(version="2022.01", number=None)
    act = '<serviceEvent><code code="57833-6"'
    for number, expected in ((NUMBER, []), (OTHER, ["EP-06"])):
        told = f'<serviceEvent><id root="1.2.250.1.215.500.1.1" extension="{number}"/>'
        assert ours(spoilt(data, act, f'{told}<code code="57833-6"')) == expected


@pytest.mark.parametrize("motive", ["", "MTE-PH", "allergie", "contre-indication"])
def test_not_substitutable_without_motive(motive: str) -> None:
    line = Line(substitution="N", motive=motive)
    assert ours(ids(written(drugs=(line,)))) == ["EP-16"]


@pytest.mark.parametrize(
    "motive",
    [
        "MTE",
        "marge thérapeutique étroite",
        "enfant de moins de 6 ans",
        "Contre-indication formelle et démontrée",
    ],
)
def test_a_motive_is_a_code_or_its_words(motive: str) -> None:
    line = Line(substitution="N", motive=motive)
    assert ours(ids(written(drugs=(line,)))) == []


def test_the_motive_may_stand_in_the_act() -> None:
    data = written(drugs=(Line(substitution="N"),))
    reference = '<originalText><reference value="#med-1-substitution"/></originalText>'
    assert ours(spoilt(data, reference, "<originalText>CIF</originalText>")) == []


def test_ald_and_other_lines_without_bizone() -> None:
    data = written(drugs=(Line(1, ald=True), Line(2)))
    assert ours(ids(data)) == ["EP-18"]
    assert ours(ids(written(drugs=(Line(1, ald=True), Line(2, ald=True))))) == []


def test_no_copy_in_2024() -> None:
    data = written()
    start = data.index(b'<component><section><templateId root="1.2.250.1.213.1.1.2.243"')
    bare = data[:start] + b"</structuredBody></component></ClinicalDocument>"
    assert ours(ids(bare)) == ["EP-20"]


def test_the_copy_of_another_ordonnance() -> None:
    assert ours(ids(written(pdf=page(OTHER)))) == ["EP-20"]


def test_a_copy_without_number() -> None:
    assert ours(ids(written(pdf=page(None)))) == ["EP-20"]


def test_a_document_of_2023_may_have_a_copy() -> None:
    assert ours(ids(written(version="2023.01", pdf=page(NUMBER)))) == []


@pytest.mark.parametrize(
    ("validity", "severity"),
    [
        (("20260312", "20260311"), Severity.MINOR),
        (("20260312", "20280401"), Severity.MINOR),
        (("20260312", "20280312"), Severity.REVIEW),
    ],
)
def test_periods_of_validity(validity: tuple[str, str], severity: Severity) -> None:
    (found,) = (f for f in judged(written(validity=validity)).findings if f.check_id == "EP-21")
    assert found.severity is severity


def test_a_year_of_validity_is_granted() -> None:
    assert ours(ids(written(validity=("20260312", "20270312")))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('code="63107752"', 'code="6310775"'),
        ('codeSystem="1.2.250.1.213.2.3.1"', 'codeSystem="1.2.250.1.213.2.3.2"'),
    ],
)
def test_a_drug_without_cis(old: str, new: str) -> None:
    assert ours(spoilt(written(), old, new)) == ["EP-22"]


def test_a_preparation_without_text() -> None:
    data = written(drugs=(Line(code=None),))
    text = '<originalText><reference value="#med-1"/></originalText></code>'
    assert ours(spoilt(data, text, "</code>")) == ["EP-22"]


def test_a_preparation_says_that_it_has_no_code() -> None:
    data = written(drugs=(Line(code=None),))
    assert ours(spoilt(data, '<code nullFlavor="NA"', '<code nullFlavor="UNK"')) == ["EP-22"]
    inline = ('<reference value="#med-1"/></originalText>', "30 g de crème</originalText>")
    start = data.index(b"manufacturedMaterial")
    assert ours(ids(data[:start] + spoil(data[start:], *inline))) == []


def test_secure_ordonnances_last_28_days() -> None:
    long = (Line(days=("20260312", "20260410")),)
    assert ours(ids(written(drugs=long, flags=("MED-1098",)))) == ["EP-23"]
    assert ours(ids(written(drugs=long))) == []
    wide = spoil(
        written(flags=("MED-1098",)), '<high value="20260316"/>', '<width value="29" unit="d"/>'
    )
    assert ours(ids(wide)) == ["EP-23"]


def test_a_picture_that_is_none() -> None:
    data = written(version="2022.01")
    start = data.index(b'representation="B64">') + len(b'representation="B64">')
    end = data.index(b"</value>", start)
    assert ours(ids(data[:start] + b"bm9u" + data[end:])) == ["BANC-EPMED.05", "EP-07"]
    assert ours(ids(data[:start] + b"!" + data[end:])) == ["EP-07", "EP-19"]
