"""Witness: the extended CDA schema, read by libxml2, on what CDA-02 judges.

CDA-02 is no XSD validation. On order and number of header elements the two
must agree: what CDA-02 refuses the schema refuses, unless the rule is narrower
than the schema (CI-SIS cardinalities), and conformant samples pass both.
"""

from __future__ import annotations

from functools import cache

import pytest
from lxml import etree

from tests.rules.cda.samples import LETTER, VSM, judged, raised, spoil
from tests.shared_data import SHARED, needs_shared

pytestmark = needs_shared


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SHARED / "cda/xsd/cda_extended/CDA_extended.xsd"))


@pytest.mark.parametrize("path", sorted((SHARED / "cda/samples").glob("*.xml")), ids=str)
def test_samples_pass_the_schema_and_cda_02(path) -> None:
    data = path.read_bytes()
    assert schema().validate(etree.fromstring(data))
    assert "CDA-02" not in raised(judged(data))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<title>", "<titre>Un</titre><title>"),
        ("<title>", "<title>Un</title><title>"),
        ('<languageCode code="fr-FR"/>', '<languageCode code="fr-FR"/><title>Un</title>'),
        ("<legalAuthenticator>", '<setId root="2.25.1"/><legalAuthenticator>'),
        ("<signatureCode", '<signatureCode code="S"/><signatureCode'),
        ("<patientRole>", "<patientRole><patient/>"),
        ("<custodian>", '<componentOf typeCode="COMP"/><custodian>'),
        ("<assignedPerson>", "<assignedPersonne/><assignedPerson>"),
        ("<serviceEvent>", "<serviceEvent><performer/>"),
        ("<nonXMLBody>", "<nonXMLBody><languageCode code='fr-FR'/>"),
        ("</encompassingEncounter>", "<id root='1.2.3'/></encompassingEncounter>"),
    ],
)
def test_what_cda_02_refuses_the_schema_refuses(old: str, new: str) -> None:
    data = spoil(LETTER, old, new)
    assert not schema().validate(etree.fromstring(data))
    assert "CDA-02" in raised(judged(data))


@pytest.mark.parametrize("name", ["recordTarget", "author", "component"])
def test_what_the_schema_requires_cda_02_requires(name: str) -> None:
    root = etree.fromstring(VSM)
    for element in root.findall(f"{{urn:hl7-org:v3}}{name}"):
        root.remove(element)
    assert not schema().validate(root)
    assert "CDA-02" in raised(judged(etree.tostring(root)))
