"""What the eP-MED-DM of the LGC says: coded posology, doses that change, patient, executor."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from reference_impl.prescriptions.model import Ordonnance
from reference_impl.prescriptions.posology import Amount, Dose
from rules.context import Context
from rules.formats.cda import ClinicalDocument
from rules.judge import judge_artefact
from tests.reference_impl.documents.test_ordonnance import (
    DEVICE,
    NARCOTIC,
    document,
    found,
    ordonnance,
)

_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_A_DAY = {"valeur": "1", "unite": "d"}
CODED = {
    "n": 1,
    "eprescType": "medicament",
    "cis": "60000001",
    "libelle": "MEDICAMENT FICTIF UN 500 mg comprimé",
    "posologieTexte": "1 à 2 comprimés trois fois par jour",
    "dureeJours": 6,
    "quantite": {"valeur": 2, "unite": "30009000"},
    "substitution": {"code": "G"},
    "ald": False,
    "posologie": {
        "doseMin": "1",
        "doseMax": "2",
        "uniteDose": "{tablet}",
        "frequence": 3,
        "periode": _A_DAY,
        "doseMaximale": {"valeur": "4", "unite": "{tablet}"},
        "doseMaximalePar": _A_DAY,
        "voie": "20053000",
    },
    "instructionPatient": "À prendre au cours d’un repas",
    "instructionDispensateur": "Délivrer la plus petite boîte",
    "precondition": "Si douleur",
}
TAPERED = CODED | {
    "posologie": {
        "voie": "20053000",
        "etapes": [
            {"doseMin": "2", "frequence": 2, "periode": _A_DAY, "dureeJours": 2},
            {"doseMin": "0.5", "periode": _A_DAY, "dureeJours": 4},
        ],
    }
}
COMPOUNDED = {
    "n": 1,
    "eprescType": "medicament",
    "preparationMagistrale": True,
    "libelle": "Préparation magistrale : 30 g de crème, 70 g de cérat",
    "posologieTexte": "deux applications par jour",
    "siteAdministration": "visage",
    "substitution": {"code": "G"},
    "posologie": {"frequence": 2, "periode": _A_DAY, "voie": "20003000"},
}
UNLISTED = {
    "n": 1,
    "eprescType": "dispositifMedical",
    "libelle": "Pansement adhésif",
    "quantite": 3,
}
PHARMACY = {"rpps": "10999990046", "nom": "TESTPHARMA", "finess": "330999012"}


def read(*lines: dict[str, Any], **changes: object) -> etree._Element:
    """The document of lines, that raises nothing."""
    content = document(ordonnance(*lines, **({"flags": []} | changes))).content
    assert judge_artefact(ClinicalDocument.parse(content), Context()).findings == ()
    return etree.fromstring(content)


def drug(root: etree._Element) -> etree._Element:
    """Its first line of drug."""
    return found(root, ".//h:entry/h:substanceAdministration")[0]


def names(element: etree._Element) -> list[str]:
    """Local names of its children, each once, in order."""
    return list(dict.fromkeys(etree.QName(child).localname for child in element))


def test_a_coded_posology() -> None:
    entry = drug(read(CODED))
    assert found(entry, "h:templateId/@root")[-2:] == [
        "1.3.6.1.4.1.19376.1.9.1.3.6",
        "1.3.6.1.4.1.19376.1.5.3.1.4.7.1",
    ]
    span, often = found(entry, "h:effectiveTime")
    assert (span.get(_TYPE), often.get(_TYPE), often.get("operator")) == ("IVL_TS", "PIVL_TS", "A")
    assert dict(often[0].attrib) == {"value": "8", "unit": "h"}
    assert found(entry, "h:doseQuantity/*/@value") == ["1", "2"]
    assert found(entry, "h:doseQuantity/h:low/@unit") == ["{tablet}"]
    assert found(entry, "h:maxDoseQuantity/*/@value") == ["4", "1"]
    assert found(entry, "h:routeCode/@code") == ["20053000"]
    assert found(entry, "h:precondition/h:criterion/h:text/h:reference/@value") == [
        "#ligne-1-condition"
    ]
    assert found(entry, "h:entryRelationship[@inversionInd='true']/h:act/h:code/@code") == [
        "PINSTRUCT",
        "FINSTRUCT",
    ]


def test_the_order_of_the_schema() -> None:
    assert names(drug(read(CODED))) == [
        *("templateId", "id", "code", "text", "statusCode", "effectiveTime", "repeatNumber"),
        *("routeCode", "doseQuantity", "maxDoseQuantity", "consumable", "entryRelationship"),
        "precondition",
    ]


def test_what_is_coded_is_narrated() -> None:
    cells = {
        c.get("ID"): "".join(c.itertext())
        for c in found(read(CODED), ".//h:section/h:text//h:content")
    }
    assert cells["ligne-1-posologie"].startswith("1 à 2 comprimés trois fois par jour")
    assert cells["ligne-1-dose"] == "1 à 2 comprimé(s), une fois par période de 8 h"
    assert cells["ligne-1-maximum"] == "4 comprimé(s) par 1 jour(s)"
    assert cells["ligne-1-patient"] == "À prendre au cours d’un repas"


def test_a_text_alone_codes_nothing() -> None:
    entry = drug(read({k: v for k, v in CODED.items() if k != "posologie"}))
    assert "1.3.6.1.4.1.19376.1.9.1.3.6" not in found(entry, "h:templateId/@root")
    assert not found(entry, "h:doseQuantity | h:routeCode | h:effectiveTime[@operator]")


def test_doses_that_change() -> None:
    entry = drug(read(TAPERED))
    assert found(entry, "h:templateId/@root")[-1] == "1.3.6.1.4.1.19376.1.5.3.1.4.8"
    assert found(entry, "h:entryRelationship/h:sequenceNumber/@value") == ["1", "2"]
    steps = found(entry, "h:entryRelationship/h:substanceAdministration")
    spans = [found(step, "h:effectiveTime/h:comp[1]")[0] for step in steps]
    assert [(s[0].get("value"), s[1].get("value")) for s in spans] == [
        ("20260312", "2"),
        ("20260314", "4"),
    ]
    assert [dict(found(step, ".//h:period")[0].attrib) for step in steps] == [
        {"value": "12", "unit": "h"},
        {"value": "1", "unit": "d"},
    ]
    assert [found(step, "h:doseQuantity/*/@value") for step in steps] == [["2", "2"], ["0.5"] * 2]
    assert not found(entry, "h:doseQuantity | h:effectiveTime[@operator]")


def test_a_preparation_has_a_text_and_no_code() -> None:
    entry = drug(read(COMPOUNDED))
    code, name = found(entry, ".//h:manufacturedMaterial/*[not(self::h:templateId)]")
    assert (code.get("nullFlavor"), name.get("nullFlavor")) == ("NA", "NA")
    assert found(code, "h:originalText/h:reference/@value") == ["#ligne-1"]
    assert found(entry, "h:approachSiteCode/@nullFlavor") == ["OTH"]


def test_a_device_without_code_nor_duration() -> None:
    root = read(UNLISTED)
    (entry,) = found(root, ".//h:entry/h:supply")
    assert found(entry, "h:effectiveTime/@nullFlavor") == ["UNK"]
    assert found(entry, ".//h:playingDevice/h:code/@nullFlavor") == ["NA"]
    (located,) = found(read(DEVICE | {"n": 1}), ".//h:entry/h:supply")
    assert found(located, "h:expectedUseTime/h:width/@value") == ["60"]


def test_weight_height_and_pregnancy() -> None:
    root = read(CODED, poidsKg="55.5", tailleCm="170", grossesse=True)
    assert [(v.get("value"), v.get("unit")) for v in found(root, ".//h:value[@unit]")] == [
        ("55.5", "kg"),
        ("170", "cm"),
    ]
    (status,) = found(root, ".//h:observation[h:code/@code='11449-6']/h:value")
    assert (status.get("code"), status.get(_TYPE)) == ("77386006", "CE")
    assert not found(read(CODED), ".//h:section[h:code/@code='8716-3' or h:code/@code='10162-6']")


@pytest.mark.parametrize(
    ("changes", "time", "identifier"),
    [
        ({"executantDesigne": PHARMACY}, None, "810999990046"),
        ({"dateExecutionSouhaitee": "2026-03-13"}, "20260313235959+0100", None),
        (
            {"executantDesigne": PHARMACY, "dateExecutionSouhaitee": "2026-03-13"},
            "20260313235959+0100",
            "810999990046",
        ),
    ],
)
def test_who_executes_and_when(
    changes: dict[str, object], time: str | None, identifier: str | None
) -> None:
    narcotic = NARCOTIC | {"traitementSubstitutionOpiaces": True}
    validity = ["2026-03-12", "2026-04-08"]
    root = read(narcotic, flags=["MED-1098"], validite=validity, **changes)
    (participant,) = found(root, "h:participant[@typeCode='PRF']")
    assert found(participant, "h:time/h:high/@value") == ([time] if time else [])
    assert found(participant, "h:associatedEntity/h:id/@extension") == (
        [identifier] if identifier else []
    )


@pytest.mark.parametrize(
    ("dose", "interval"),
    [
        (Dose(times=3, period=Amount("1", "d")), Amount("8", "h")),
        (Dose(times=7, period=Amount("1", "d")), Amount("3.429", "h")),
        (Dose(times=2, period=Amount("1", "wk")), Amount("3.5", "d")),
        (Dose(period=Amount("100", "d")), Amount("100", "d")),
        (Dose(times=1, period=Amount("12", "h")), Amount("12", "h")),
        (Dose(times=2, period=Amount("huit", "h")), None),
        (Dose(times=2), None),
    ],
)
def test_the_time_between_two_doses(dose: Dose, interval: Amount | None) -> None:
    assert dose.interval == interval


def test_the_model_gives_back_what_it_read() -> None:
    told = ordonnance(CODED, TAPERED, poidsKg="55", grossesse=False).to_json()
    assert Ordonnance.from_json(told).to_json() == told
    assert told["lignes"][0]["posologie"] == CODED["posologie"]
    assert told["lignes"][1]["posologie"] == TAPERED["posologie"]
