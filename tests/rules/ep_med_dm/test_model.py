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
    "modèle IHE PCC": ('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.1"/>', ""),
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
    "nomenclature de section": (
        '"57828-6" codeSystem="2.16.840.1.113883.6.1"',
        '"57828-6" codeSystem="2.16.840.1.113883.6.2"',
    ),
    "modèle de section": ('<templateId root="1.3.6.1.4.1.19376.1.9.1.2.1"/>', ""),
    "id de section": ('<id root="5361728D-6030-568F-A845-000000000171"/>', ""),
    "autre entrée": ("<entry><substanceAdministration", "<entry><act/></entry>{0}"),
    "titre de la copie": ("<title>Copie du document</title>", "<title>Copie</title>"),
    "image non désignée": ('<renderMultiMedia referencedObject="code2d"/>', "Code 2D"),
    "type de l'image": ('mediaType="image/png"', 'mediaType="image/svg+xml"'),
    "modèle de l'image": ('<templateId root="1.2.250.1.213.1.1.3.103"/>', ""),
    "modèle CCD de l'image": ('<templateId root="2.16.840.1.113883.10.12.304"/>', ""),
    "classe de l'image": ('<observationMedia classCode="OBS"', "<observationMedia"),
    "organizer": ('classCode="CLUSTER"', 'classCode="BATTERY"'),
    "modèle de la copie": ('<templateId root="1.2.250.1.213.1.1.3.18"/>', ""),
    "id de la copie": ('<id root="0B3F0000-0000-4000-8000-0000000000C0"/>', ""),
    "code de la copie": ('code="55107-7"', 'code="55108-7"'),
    "observation de la copie": ('code="69764-9"', 'code="69765-9"'),
    "modèle de l'observation": ('<templateId root="1.2.250.1.213.1.1.3.48.18"/>', ""),
    "texte de l'observation": ("<text>Copie PDF</text><statusCode", "<statusCode"),
    "valeur de la copie": ('xsi:type="CD" code="55108-5"', 'xsi:type="CD" code="55108-6"'),
    "représentation": (
        'mediaType="application/pdf" representation="B64"',
        'mediaType="application/pdf" representation="TXT"',
    ),
}
_ALD = '<templateId root="1.2.250.1.213.1.1.3.48.13"/>'
LINES = {
    "modèle": ('<templateId root="1.2.250.1.213.1.1.3.83"/>', ""),
    "modèle CCD": ('<templateId root="2.16.840.1.113883.10.20.1.24"/>', ""),
    "modèle PCC": ('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7"/>', ""),
    "modèle PRE": ('<templateId root="1.3.6.1.4.1.19376.1.9.1.3.2"/>', ""),
    "mode d'administration": ('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.1"/>', ""),
    "doses progressives sans dose": ("19376.1.5.3.1.4.7.1", "19376.1.5.3.1.4.8"),
    "identifiant": ('<id root="431764E3-DC5A-5A84-9B9B-000000000001"/>', ""),
    "deux identifiants": (
        '<id root="431764E3-DC5A-5A84-9B9B-000000000001"/>',
        '<id root="1.2.3" extension="7"/>{0}',
    ),
    "intention": ('classCode="SBADM" moodCode="INT"', 'classCode="SBADM" moodCode="EVN"'),
    "acte": ('code="DRUG"', 'code="DRUGS"'),
    "nomenclature de l'acte": ('"2.16.840.1.113883.5.4"/>', '"2.16.840.1.113883.5.5"/>'),
    "sans texte": ('<text><reference value="#med-1"/></text><statusCode', "<statusCode"),
    "statut": (
        '<statusCode code="completed"/><effectiveTime',
        '<statusCode code="active"/><effectiveTime',
    ),
    "auteur": ("<repeatNumber", "<author/><repeatNumber"),
    "produit": ('<templateId root="1.2.250.1.213.1.1.3.43"/>', ""),
    "produit CCD": ('<templateId root="2.16.840.1.113883.10.20.1.53"/>', ""),
    "produit PCC": ('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.2"/>', ""),
    "médicament PRE": ('<templateId root="1.3.6.1.4.1.19376.1.9.1.3.1"/>', ""),
    "classe du médicament": ('determinerCode="KIND"', 'determinerCode="INSTANCE"'),
    "nom": ("<name>PARACETAMOL</name>", ""),
    "durée": ('<low value="20260312"/><high value="20260316"/>', '<low value="20260312"/>'),
    "deux durées": ("<repeatNumber", '<effectiveTime xsi:type="IVL_TS"/>{0}'),
    "fréquence": ("<repeatNumber", '<effectiveTime xsi:type="PIVL_TS" operator="A"/>{0}'),
    "type de fréquence": ("<repeatNumber", '<effectiveTime xsi:type="TS" operator="A"/>{0}'),
    "dose": ('<low value="1"/><high value="1"/></doseQuantity>', '<low value="1"/></doseQuantity>'),
    "dose inconnue": ("<doseQuantity><low", '<doseQuantity nullFlavor="UNK"/>{0}'),
    "débit": ("<consumable>", '<rateQuantity><low value="1"/></rateQuantity>{0}'),
    "dose maximale": (
        "<consumable>",
        '<maxDoseQuantity><numerator value="1"/></maxDoseQuantity>{0}',
    ),
    "voie": ("<consumable>", '<routeCode code="PO" codeSystem="2.16.840.1.113883.5.112"/>{0}'),
    "renouvellement": ('<repeatNumber value="0"/>', '<repeatNumber value="-1"/>'),
    "renouvellement absent": ('<repeatNumber value="0"/>', ""),
    "substitution": ('<templateId root="1.2.250.1.213.1.1.3.87"/>', ""),
    "substitution PRE": ('<templateId root="1.3.6.1.4.1.19376.1.9.1.3.9.1"/>', ""),
    "code de substitution": ('code="G" codeSystem', 'code="E" codeSystem'),
    "nomenclature de substitution": ("113883.5.1070", "113883.5.1071"),
    "quantité": (
        "</substanceAdministration>",
        '<entryRelationship typeCode="COMP"><supply moodCode="RQO">'
        '<templateId root="1.2.250.1.213.1.1.3.86"/><quantity value="2"/></supply>'
        "</entryRelationship>{0}",
    ),
    "instruction": (
        "</substanceAdministration>",
        '<entryRelationship typeCode="SUBJ"><act moodCode="INT">'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.3"/>'
        '<templateId root="1.2.250.1.213.1.1.3.33"/><code code="PINSTRUCT" '
        'codeSystem="1.3.6.1.4.1.19376.1.5.3.2"/></act></entryRelationship>{0}',
    ),
    "ALD absent": (f"{_ALD}<id", '<templateId root="1.2.3"/><id'),
    "ALD de même code": ('code="MED-574"', 'code="GEN-575"'),
    "modèle de l'observation": ('<templateId root="1.2.250.1.213.1.1.3.48"/>', ""),
    "modèle PCC de l'observation": ('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>', ""),
    "nomenclature de l'ALD": (
        '"MED-574" codeSystem="1.2.250.1.213.1.1.4.322"',
        '"MED-574" codeSystem="1.2.250.1.213.1.1.4.321"',
    ),
    "observation sans texte": (
        '<text><reference value="#med-1"/></text><statusCode code="completed"/><value',
        '<statusCode code="completed"/><value',
    ),
    "ALD sans réponse": ('xsi:type="BL" value="false"', 'xsi:type="BL" value="non"'),
    "ALD sans type": ('xsi:type="BL" value="false"', 'value="false"'),
    "hors AMM absent": (
        'root="1.2.250.1.213.1.1.3.48.12"/><id root="0B3F0000-0000-4000-8000-000000000012"/>'
        '<code code="GEN-179"',
        'root="1.2.3"/><id root="0B3F0000-0000-4000-8000-000000000012"/><code code="GEN-999"',
    ),
}
DEVICES = {
    "modèle": ('<templateId root="1.2.250.1.213.1.1.3.20"/>', ""),
    "modèle CCD": ('<templateId root="2.16.840.1.113883.10.20.1.34"/>', ""),
    "identifiant": ('<id root="54A950FC-0EB1-5670-BB99-000000000001"/>', ""),
    "intention": ('classCode="SPLY" moodCode="INT"', 'classCode="SPLY" moodCode="RQO"'),
    "date": ('<effectiveTime nullFlavor="UNK"/>', ""),
    "quantité": ('<quantity value="1"/>', '<quantity value="une"/>'),
    "location": (
        '<quantity value="1"/>',
        '<expectedUseTime><width value="2" unit="wk"/></expectedUseTime>',
    ),
    "renouvellement": ('<repeatNumber value="0"/><quantity', "<quantity"),
    "participant": ('typeCode="DEV"', 'typeCode="PRD"'),
    "rôle": ('<participantRole classCode="MANU"', '<participantRole classCode="ROL"'),
    "code": ('codeSystem="1.2.250.1.213.2.68"', 'codeSystem="1.2.3"'),
    "forme de l'EMDN": ('code="V0806"', 'code="0806"'),
    "forme du LPP": ('code="1215702"', 'code="121570"'),
    "sans code": ("playingDevice", "scopingEntity"),
    "prévention": (
        '48.34"/><id root="0B3F0000-0000-4000-8000-000000000034"/><code code="GEN-295"',
        '48.35"/><id root="0B3F0000-0000-4000-8000-000000000034"/><code code="GEN-296"',
    ),
    "AT/MP": ('<templateId root="1.2.250.1.213.1.1.3.48.14"/>', ""),
}


@pytest.mark.parametrize("name", HEADER)
def test_defects_of_the_header(name: str) -> None:
    data = written(flags=("MED-1096",))
    assert "EP-19" in spoilt(data, *HEADER[name])


@pytest.mark.parametrize("name", SECTIONS)
def test_defects_of_sections(name: str) -> None:
    assert _ours(_inserted(written(), *SECTIONS[name])) == ["EP-19"]


@pytest.mark.parametrize("name", LINES)
def test_defects_of_drugs(name: str) -> None:
    assert _ours(_inserted(written(), *LINES[name])) == ["EP-19"]


@pytest.mark.parametrize("name", DEVICES)
def test_defects_of_devices(name: str) -> None:
    data = written(drugs=(), devices=(Line(),))
    old, new = DEVICES[name]
    assert _ours(spoilt(data, old, new, count=2)) == ["EP-19"]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_first_version_does_not_ask(version: str) -> None:
    data = written(version=version, devices=(Line(2),))
    expected = [] if version == "2022.01" else ["EP-19"]
    for name in ("fin de validité", "contact du patient"):
        assert _ours(spoilt(data, *HEADER[name])) == expected
    assert _ours(spoilt(data, *LINES["hors AMM absent"])) == expected
    assert _ours(spoilt(data, *DEVICES["renouvellement"])) == expected


ACCEPTED = {
    "produit de 2022": ("1.2.250.1.213.1.1.3.43", "1.2.250.1.213.1.1.3.84"),
    "non remboursable de 2022": ("213.1.1.3.48.15", "213.1.1.3.48.215"),
    "acte sans code": ('<code code="DRUG" codeSystem="2.16.840.1.113883.5.4"/>', ""),
    "sans limite de renouvellement": (
        '<repeatNumber value="0"/>',
        '<repeatNumber nullFlavor="NI"/>',
    ),
    "durée en largeur": ('<high value="20260316"/>', '<width value="5" unit="d"/>'),
    "préfixe du type": ('xsi:type="IVL_TS"', 'xmlns:h="urn:hl7-org:v3" xsi:type="h:IVL_TS"'),
    "titre": ("<title>Médicaments</title>", ""),
    "fin de validité inconnue": ('<high value="20260612"/>', '<high nullFlavor="UNK"/>'),
    "particularité sans classe": ('<serviceEvent classCode="INFO">', "<serviceEvent>"),
    "fréquence": (
        "<repeatNumber",
        '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="8" unit="h"/>'
        "</effectiveTime>{0}",
    ),
    "moment": (
        "<repeatNumber",
        '<effectiveTime xsi:type="EIVL_TS" operator="A"><event code="HS"/></effectiveTime>{0}',
    ),
    "voie": ("<consumable>", '<routeCode code="20053000" codeSystem="0.4.0.127.0.16.1.1.2.1"/>{0}'),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_variants_that_the_model_accepts(name: str) -> None:
    data = written(drugs=(Line(1, ald=True), Line(2)), flags=("MED-1096",))
    assert _ours(_inserted(data, *ACCEPTED[name])) == []


@pytest.mark.parametrize(
    "code", ['nullFlavor="NA"', 'code="1215702" codeSystem="1.2.250.1.215.200.2.1"']
)
def test_a_device_may_have_its_lpp_alone_or_no_code(code: str) -> None:
    data = written(drugs=(), devices=(Line(),)).decode()
    start, end = data.index('<code code="V0806"'), data.index("</playingDevice>")
    data = data[:start] + f"<code {code}/>" + data[end:]
    assert _ours(ids(data.encode())) == []


def _step(
    sequence: str = '<sequenceNumber value="1"/>', consumable: str = ' typeCode="CSM"'
) -> str:
    return (
        f'<entryRelationship typeCode="COMP">{sequence}'
        '<substanceAdministration classCode="SBADM" moodCode="INT">'
        '<templateId root="1.2.250.1.213.1.1.3.83.1"/><id root="1.2.3.4"/>'
        '<text><reference value="#med-1"/></text><statusCode code="completed"/>'
        '<effectiveTime xsi:type="SXPR_TS"><comp xsi:type="PIVL_TS"/></effectiveTime>'
        '<doseQuantity><low value="1"/><high value="2"/></doseQuantity>'
        f"<consumable{consumable}><manufacturedProduct>"
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.2"/>'
        "</manufacturedProduct></consumable></substanceAdministration></entryRelationship>"
    )


@pytest.mark.parametrize(
    ("steps", "mode", "expected"),
    [
        (_step(), "8", []),
        (_step(), "7.1", ["EP-19"]),
        (_step(sequence=""), "8", ["EP-19"]),
        (_step() + _step(sequence=""), "8", []),
        (_step(consumable=""), "8", ["EP-19"]),
        (_step().replace('<high value="2"/>', ""), "8", ["EP-19"]),
        (_step().replace('"completed"', '"active"'), "8", ["EP-19"]),
        (_step().replace('<id root="1.2.3.4"/>', ""), "8", ["EP-19"]),
        (_step().replace('moodCode="INT"', 'moodCode="EVN"'), "8", ["EP-19"]),
    ],
)
def test_doses_that_change(steps: str, mode: str, expected: list[str]) -> None:
    data = spoil(written(), "<entryRelationship", f"{steps}<entryRelationship")
    data = spoil(data, "1.5.3.1.4.7.1", f"1.5.3.1.4.{mode}")
    assert _ours(ids(data)) == expected


def test_the_schema_implies_the_consumable_of_a_dose_in_2022() -> None:
    data = written(version="2022.01")
    data = spoil(data, "<entryRelationship", f"{_step(consumable='')}<entryRelationship")
    assert spoilt(data, "1.5.3.1.4.7.1", "1.5.3.1.4.8") == []


def _observed(template: str, code: str, loinc: str, value: str) -> str:
    return (
        f'<section><templateId root="1.2.250.1.213.1.1.2.{template}"/>'
        f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><text>Mesures</text>'
        f'<entry><observation><code code="{loinc}"/><value {value}/></observation></entry>'
        "</section>"
    )


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (_observed("75", "8716-3", "29463-7", 'value="55" unit="kg"'), []),
        (_observed("75", "8716-3", "29463-7", 'value="55"'), ["EP-19"]),
        (_observed("75", "8716-3", "8302-2", 'value="170" unit="cm"'), []),
        (_observed("75", "8716-3", "8302-2", 'value="170" unit="kg"'), ["EP-19"]),
        (_observed("75", "8716-4", "8302-2", 'nullFlavor="UNK"'), ["EP-19"]),
        (_observed("77", "10162-6", "11449-6", 'code="77386006"'), []),
        (_observed("77", "10162-6", "11449-6", ""), ["EP-19"]),
        (_observed("73", "55112-7", "1", ""), ["EP-19"]),
    ],
)
def test_sections_about_the_patient(section: str, expected: list[str]) -> None:
    assert _ours(ids(written(extra=section))) == expected


def test_one_section_of_a_kind() -> None:
    data = written().decode()
    start = data.index('<component><section><templateId root="1.2.250.1.213.1.1.2.223"')
    end = data.index("</component>", start) + len("</component>")
    twice = data[:end] + data[start:end].replace("code2d", "autre") + data[end:]
    assert "EP-19" in ids(twice.encode())


def test_a_document_without_line() -> None:
    assert _ours(ids(written(drugs=()))) == ["EP-19"]


@pytest.mark.parametrize(
    ("kind", "function", "named"),
    [("REF", "353", True), ("CON", "CORRE", True), ("INF", "PCP", False), ("REF", "CORRE", False)],
)
def test_both_ways_of_naming_who_is_replaced(kind: str, function: str, named: bool) -> None:
    data = _replaced(kind, function)
    prescription = parsed(data).prescription
    assert prescription is not None
    assert prescription.names_replaced is named
    assert "EP-19" not in ids(data)


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


def _inserted(data: bytes, old: str, new: str) -> list[str]:
    """What is said once ``old`` is ``new``, where ``{0}`` is what was there."""
    return spoilt(data, old, new.replace("{0}", old))


def _ours(found: list[str]) -> list[str]:
    return [i for i in found if i.startswith(("EP", "BANC"))]
