"""eDISP-MED, what a pharmacy says in the DMP: the rules of any header, and no other.

Source: e-prescription.md §9.6.
"""

from __future__ import annotations

import pytest

from tests.rules.cda.samples import VSM, spoil
from tests.rules.ep_med_dm.documents import ids, parsed

_TEMPLATES = (
    '<templateId root="1.3.6.1.4.1.19376.1.9.1.1.3"/>'
    '<templateId root="1.2.250.1.213.1.1.1.54" extension="2024.01"/>'
)
_CODE = (
    'code="60593-1" codeSystem="2.16.840.1.113883.6.1" displayName="Dispensation médicamenteuse"'
)
_DEVICE = (
    '<author><time value="20260312101500+0100"/><assignedAuthor>'
    '<id root="1.2.250.1.213.4.99" extension="DP"/>'
    '<code code="DISPOSITIF" codeSystem="1.2.250.1.213.1.1.4.6" displayName="Dispositif"/>'
    "<assignedAuthoringDevice><manufacturerModelName>Dossier des essais</manufacturerModelName>"
    "<softwareName>Dossier des essais</softwareName></assignedAuthoringDevice></assignedAuthor>"
    "</author><author>"
)
_SECTION = (
    '<section><templateId root="1.2.250.1.213.1.1.2.236"/>'
    '<templateId root="1.3.6.1.4.1.19376.1.9.1.2.3"/>'
    '<id root="5361728D-6030-568F-A845-000000000236"/>'
    '<code code="60590-7" codeSystem="2.16.840.1.113883.6.1"/><title>Dispensation</title>'
    '<text><content ID="d1">PARACETAMOL 500 mg</content></text>'
    '<entry><supply classCode="SPLY" moodCode="EVN">'
    '<templateId root="1.2.250.1.213.1.1.3.204"/><id root="1.2.3.4" extension="1"/>'
    '<text><reference value="#d1"/></text><quantity value="2"/></supply></entry></section>'
)
_ORDER = '<inFulfillmentOf><order><id root="2.25.1234"/></order></inFulfillmentOf><documentationOf>'


def dispensation() -> bytes:
    """A document of the pharmacy, under the header of the golden synthesis."""
    head, _, _ = VSM.decode().partition("<component><structuredBody>")
    body = f"<component><structuredBody><component>{_SECTION}</component></structuredBody>"
    data = f"{head}{body}</component></ClinicalDocument>".encode()
    for old, new in (
        ('<templateId root="1.2.250.1.213.1.1.1.13" extension="201310"/>', _TEMPLATES),
        ('code="SYNTH" codeSystem="1.2.250.1.213.1.1.4.12" displayName="Synthèse"', _CODE),
        ("<author>", _DEVICE),
        ("<documentationOf>", _ORDER),
    ):
        data = spoil(data, old, new)
    return data


def test_a_dispensation_is_judged_by_its_header() -> None:
    document = parsed(dispensation())
    assert document.prescription is None
    assert ids(dispensation()) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (_CODE, _CODE.replace("60593-1", "57833-6"), ["CDA-06", "CDA-07"]),
        ('1.1.1.54" extension="2024.01"', '1.1.1.54" extension="2019.01"', ["CDA-06"]),
    ],
)
def test_its_header_may_be_wrong(old: str, new: str, expected: list[str]) -> None:
    assert ids(spoil(dispensation(), old, new)) == expected
