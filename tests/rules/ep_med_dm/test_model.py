"""EP-19: header, sections and lines of an eP-MED-DM, by version."""

from __future__ import annotations

import pytest

from rules.context import Context
from rules.judge import rejection
from tests.rules.cda.samples import OBSERVED_AT, judged, spoil
from tests.rules.ep_med_dm.documents import Line, ids, parsed, spoilt, written
from tests.rules.ep_med_dm.pages import page

VERSIONS = ("2022.01", "2023.01", "2024.01")
MIXED = {"drugs": (Line(1), Line(2, ald=True)), "devices": (Line(3),), "flags": ("MED-1096",)}
PREPARATION = Line(1, code=None, cip13=None)
NO_PDFA = ["CDA-31"]
"""Minor: the pages of the tests are no PDF/A."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "made",
    [
        {},
        MIXED,
        {"drugs": (), "devices": (Line(),)},
        {"drugs": (PREPARATION,)},
        {"drugs": (Line(substitution="N", motive="MTE"),)},
        {"flags": ("MED-1098",), "drugs": (Line(days=("20260312", "20260409")),)},
        {"number": None},
    ],
)
def test_a_conformant_document_raises_nothing(version: str, made: dict[str, object]) -> None:
    judgement = judged(written(version=version, **made))
    expected = NO_PDFA if version == "2024.01" else []
    assert [f.check_id for f in judgement.findings] == expected
    assert {"EP-19", "EP-20", "EP-21", "BANC-EPMED.03"} <= judgement.evaluated


@pytest.mark.parametrize("version", VERSIONS)
def test_a_document_of_an_outage_has_no_code(version: str) -> None:
    data = written(version=version, number=None, barcode=False, pdf=page(None))
    assert [i for i in ids(data) if i.startswith(("EP", "BANC"))] == []


def test_another_model_is_no_prescription() -> None:
    letter = spoil(written(), '"1.2.250.1.213.1.1.1.39"', '"1.2.250.1.213.1.1.1.40"')
    assert parsed(letter).prescription is None
    assert not [i for i in ids(letter) if i.startswith(("EP-19", "BANC"))]


HEADER = {
    "modèle IHE": ('<templateId root="1.3.6.1.4.1.19376.1.9.1.1.1"/>', ""),
    "acte principal": (
        '<serviceEvent><code code="57833-6"',
        '<serviceEvent><code code="57828-6"',
    ),
    "fin de validité": ('<high value="20260612"/>', ""),
    "particularité": ('code="MED-1096"', 'code="MED-1000"'),
    "nomenclature": ('"1.2.250.1.213.1.1.4.322" displayName="Part', '"1.2.3" displayName="Part'),
    "contact du patient": ('<telecom value="tel:0600000001" use="MC"/>', ""),
}
SECTIONS = {
    "code de section": ('"57828-6" codeSystem', '"57829-6" codeSystem'),
    "modèle de section": ('<templateId root="1.3.6.1.4.1.19376.1.9.1.2.1"/>', ""),
    "titre": ("<title>Médicaments</title>", ""),
    "image non désignée": ('referencedObject="code2d"', 'referencedObject="autre"'),
    "type de l'image": ('mediaType="image/jpeg"', 'mediaType="image/png"'),
    "modèle de l'image": ('<templateId root="1.2.250.1.213.1.1.3.103"/>', ""),
    "organizer": ('classCode="CLUSTER"', 'classCode="BATTERY"'),
    "code de la copie": ('code="55107-7"', 'code="55108-7"'),
    "observation de la copie": ('code="69764-9"', 'code="69765-9"'),
    "représentation": (
        'mediaType="application/pdf" representation="B64"',
        'mediaType="application/pdf" representation="TXT"',
    ),
}
LINES = {
    "modèle": ('<templateId root="1.2.250.1.213.1.1.3.83"/>', ""),
    "intention": ('classCode="SBADM" moodCode="INT"', 'classCode="SBADM" moodCode="EVN"'),
    "acte": ('code="DRUG"', 'code="DRUGS"'),
    "sans texte": ('<text><reference value="#med-1"/></text>', ""),
    "statut": (
        '<statusCode code="completed"/><effectiveTime',
        '<statusCode code="active"/><effectiveTime',
    ),
    "produit": ('<templateId root="1.2.250.1.213.1.1.3.43"/>', ""),
    "dose": ('<low value="1"/><high value="1"/></doseQuantity>', '<low value="1"/></doseQuantity>'),
    "renouvellement": ('<repeatNumber value="0"/>', '<repeatNumber value="-1"/>'),
    "substitution": ('<templateId root="1.2.250.1.213.1.1.3.87"/>', ""),
    "code de substitution": ('code="G" codeSystem', 'code="E" codeSystem'),
    "ALD absent": ('code="MED-574"', 'code="GEN-179"'),
    "ALD sans réponse": ('xsi:type="BL" value="false"', 'xsi:type="BL" value="non"'),
}
DEVICES = {
    "modèle": ('<templateId root="1.2.250.1.213.1.1.3.20"/>', ""),
    "quantité": ('<quantity value="1"/>', ""),
    "renouvellement": ('<repeatNumber value="0"/><quantity', "<quantity"),
    "code": ('codeSystem="1.2.250.1.213.2.68"', 'codeSystem="1.2.3"'),
    "sans code": ("playingDevice", "scopingEntity"),
    "prévention": ('code="GEN-295"', 'code="GEN-296"'),
    "AT/MP": ('<templateId root="1.2.250.1.213.1.1.3.48.14"/>', ""),
}


@pytest.mark.parametrize("name", HEADER)
def test_defects_of_the_header(name: str) -> None:
    data = written(flags=("MED-1096",))
    assert "EP-19" in spoilt(data, *HEADER[name])


@pytest.mark.parametrize("name", SECTIONS)
def test_defects_of_sections(name: str) -> None:
    assert _ours(spoilt(written(), *SECTIONS[name])) == ["EP-19"]


@pytest.mark.parametrize("name", LINES)
def test_defects_of_drugs(name: str) -> None:
    assert _ours(spoilt(written(), *LINES[name])) == ["EP-19"]


@pytest.mark.parametrize("name", DEVICES)
def test_defects_of_devices(name: str) -> None:
    data = written(drugs=(), devices=(Line(),))
    old, new = DEVICES[name]
    assert _ours(spoilt(data, old, new, count=2)) == ["EP-19"]


def test_devices_of_2022_need_only_the_ald() -> None:
    data = written(version="2022.01", drugs=(), devices=(Line(),))
    data = spoil(data, '<repeatNumber value="0"/>', "")
    assert spoilt(data, 'code="GEN-295"', 'code="GEN-296"') == []


def test_lines_need_an_identifier_and_only_one() -> None:
    one = '<id root="431764E3-DC5A-5A84-9B9B-000000000001"/>'
    assert _ours(spoilt(written(), one, "")) == ["EP-19"]
    assert _ours(spoilt(written(), one, f'{one}<id root="1.2.3"/>')) == ["EP-19"]


def test_one_section_of_a_kind() -> None:
    data = written().decode()
    start = data.index('<component><section><templateId root="1.2.250.1.213.1.1.2.223"')
    end = data.index("</component>", start) + len("</component>")
    twice = data[:end] + data[start:end].replace("code2d", "autre") + data[end:]
    assert "EP-19" in ids(twice.encode())


def test_a_document_without_line() -> None:
    assert _ours(ids(written(drugs=()))) == ["EP-19"]


@pytest.mark.parametrize(("kind", "function"), [("REF", "353"), ("CON", "CORRE")])
def test_both_ways_of_naming_who_is_replaced(kind: str, function: str) -> None:
    assert "EP-19" not in ids(_replaced(kind, function))


def test_a_mix_of_both_ways() -> None:
    assert "EP-19" in ids(_replaced("REF", "CORRE"))


def test_the_dmp_keeps_whatever_is_prescribed() -> None:
    data = written(number="04B5BBY113H9WH00!!")
    assert "EP-02" in ids(data)
    assert rejection(parsed(data), Context(observed_at=OBSERVED_AT)) is None


def _replaced(kind: str, function: str) -> bytes:
    return spoil(
        written(),
        "<documentationOf>",
        f'<participant typeCode="{kind}"><functionCode code="{function}" '
        'codeSystem="1.2.250.1.213.1.1.4.2.280"/><time nullFlavor="UNK"/>'
        '<associatedEntity classCode="PROV"><id root="1.2.250.1.71.4.2.1" '
        'extension="810999990178"/></associatedEntity></participant><documentationOf>',
    )


def _ours(found: list[str]) -> list[str]:
    return [i for i in found if i.startswith(("EP", "BANC"))]
