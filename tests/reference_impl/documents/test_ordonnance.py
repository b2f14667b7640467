"""Documents of an ordonnance: N3 and N1 say the same, raise nothing, and follow the model."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import zxingcpp
from lxml import etree
from PIL import Image

from reference_impl.documents.metadata import encapsulated_pdf, read_entry
from reference_impl.documents.ordonnance import Paper, structurable, title, type_code
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Document, Patient, Professional
from reference_impl.prescriptions.model import Ordonnance
from rules.context import Context
from rules.formats.cda import ClinicalDocument
from rules.judge import judge_artefact
from tests.reference_impl.story import CAMILLE, DRAFT, LOUISE, UNQUALIFIED, written

NS = {"h": "urn:hl7-org:v3"}
HUGO = replace(
    LOUISE,
    national_id="810999992026",
    rpps="10999992026",
    family_name="TESTREMPLACANT",
    given_name="Hugo",
    civility="M",
)
NARCOTIC = {
    "n": 1,
    "eprescType": "medicament",
    "cis": "60000003",
    "libelle": "MEDICAMENT FICTIF TROIS 10 mg gélule",
    "posologieTexte": "une gélule matin et soir",
    "dureeJours": 14,
    "quantite": {"valeur": 2, "unite": "30009000"},
    "stupefiant": True,
    "substitution": {"code": "N", "motif": "CIF"},
    "ald": True,
    "horsAMM": True,
    "prevention": True,
}
DEVICE = {
    "n": 2,
    "eprescType": "dispositifMedical",
    "lpp": "1215702",
    "emdn": "V0806",
    "libelle": "Lit médical",
    "quantite": 1,
    "dureeJours": 60,
    "ald": False,
}
BIOLOGY = {
    "n": 3,
    "eprescType": "acteBiologieMedicale",
    "libelle": "Hémogramme",
    "aJeun": True,
    "ald": False,
}


def ordonnance(*lines: dict[str, Any], **changes: object) -> Ordonnance:
    """One of Louise for Camille; ``changes`` are keys of the neutral model."""
    usual: dict[str, object] = {
        "id": "04B5BF6A13UFPA0036",
        "type": "PRODUITS_SANTE",
        "consentement": True,
        "horodatage": "2026-03-12T10:26:41+01:00",
        "validite": ["2026-03-12", "2027-03-11"],
        "prescripteur": {
            "rpps": LOUISE.rpps,
            "am": LOUISE.billing_id,
            "nom": "TESTMEDECIN",
            "prenom": "LOUISE",
        },
        "flags": ["MED-1096"],
        "lignes": list(lines or (NARCOTIC, DEVICE, BIOLOGY)),
    }
    return Ordonnance.from_json(usual | changes)


def document(
    held: Ordonnance,
    *,
    structured: bool = True,
    registered: bool = True,
    patient: Patient = CAMILLE,
    author: Professional = LOUISE,
) -> Document:
    """A document of an ordonnance, written."""
    draft = replace(
        DRAFT,
        type_code=type_code(held),
        title=title(held, structured=structured),
        text=Paper(held, structured, registered).to_text(),
        created_at=datetime.fromisoformat(held.at or ""),
    )
    return written(draft, patient, author)


def tree(written_document: Document) -> etree._Element:
    return etree.fromstring(written_document.content)


def found(root: etree._Element, path: str) -> list[Any]:
    result = root.xpath(path, namespaces=NS)
    assert isinstance(result, list)
    return result


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("patient", [CAMILLE, UNQUALIFIED], ids=["qualifiée", "non qualifiée"])
def test_every_document_raises_nothing(structured, registered, patient):
    content = document(
        ordonnance(), structured=structured, registered=registered, patient=patient
    ).content
    assert judge_artefact(ClinicalDocument.parse(content), Context()).findings == ()


def test_the_same_ordonnance_gives_the_same_bytes():
    assert document(ordonnance()).content == document(ordonnance()).content


def test_both_documents_carry_the_same_page():
    pages = {
        encapsulated_pdf(document(ordonnance(), structured=structured).content)
        for structured in (True, False)
    }
    assert len(pages) == 1
    assert pages.pop().startswith(b"%PDF-")


def test_the_header_is_that_of_the_model():
    root = tree(document(ordonnance()))
    models = {t.get("root"): t.get("extension") for t in found(root, "h:templateId")}
    assert models["1.2.250.1.213.1.1.1.39"] == "2024.01"
    assert len(models) == 5
    assert found(root, "h:code/@code") == ["57833-6"]
    act = found(root, "h:documentationOf[1]/h:serviceEvent")[0]
    assert dict(act.find("h:id", NS).attrib) == {
        "root": "1.2.250.1.215.500.1.1",
        "extension": "04B5BF6A13UFPA0036",
    }
    assert found(act, "h:effectiveTime/*/@value") == [
        "20260312102641+0100",
        "20270311235959+0100",
    ]
    assert found(root, "h:documentationOf/h:serviceEvent[@classCode='INFO']/h:code/@code") == [
        "MED-1096"
    ]
    assert found(root, "h:recordTarget/h:patientRole/h:telecom/@value") == [
        "mailto:285073306304208@patient.mssante.fr"
    ]


def test_metadata_are_those_of_a_prescription():
    entry = read_entry(document(ordonnance()).content)
    assert entry.format_code.code == "urn:ihe:pharm:pre:2010"
    assert (entry.type_code.code, entry.class_code.code) == ("57833-6", "42")
    assert (entry.service_start_time, entry.service_stop_time) == (
        "20260312092641",
        "20270311225959",
    )
    assert [event.code for event in entry.events] == ["57833-6", "MED-1096"]
    flat = read_entry(document(ordonnance(), structured=False).content)
    assert (flat.type_code.code, flat.format_code.code) == (
        "57833-6",
        "urn:ihe:iti:xds-sd:pdf:2008",
    )


def test_the_picture_of_the_code_section_is_the_code_2d():
    root = tree(document(ordonnance()))
    (value,) = found(root, ".//h:observationMedia[@ID='Code2D']/h:value")
    assert value.get("mediaType") == "image/jpeg"
    with Image.open(io.BytesIO(base64.b64decode(value.text))) as picture:
        assert picture.format == "JPEG"
        (read,) = zxingcpp.read_barcodes(picture)
    assert json.loads(read.text)["D"]["ID"] == "04B5BF6A13UFPA0036"


def test_the_fallback_has_neither_number_nor_code():
    content = document(ordonnance(), registered=False).content
    root = etree.fromstring(content)
    assert not found(root, ".//h:templateId[@root='1.2.250.1.213.1.1.2.223']")
    assert b"04B5BF6A13UFPA0036" not in content
    assert found(root, ".//h:templateId[@root='1.2.250.1.213.1.1.2.243']"), "copie PDF"


def test_each_kind_of_line_has_its_section():
    root = tree(document(ordonnance()))
    codes = found(root, "h:component/h:structuredBody/h:component/h:section/h:code/@code")
    assert codes == ["57723-9", "57828-6", "46264-8", "55112-7", "55108-5"]
    assert "Hémogramme" in "".join(found(root, ".//h:section[h:code/@code='55112-7']//text()"))
    only_device = tree(document(ordonnance(DEVICE)))
    codes = found(only_device, "h:component/h:structuredBody/h:component/h:section/h:code/@code")
    assert codes == ["57723-9", "46264-8", "55108-5"]


def test_a_drug_says_its_codes_its_flags_and_why_it_is_not_substitutable():
    line = {**NARCOTIC, "cip13": "3400960000035", "mv": "MV00000003", "renouvellements": 0}
    root = tree(document(ordonnance(line)))
    (drug,) = found(root, ".//h:substanceAdministration")
    (code,) = found(drug, ".//h:manufacturedMaterial/h:code")
    assert (code.get("code"), code.get("codeSystem")) == ("60000003", "1.2.250.1.213.2.3.1")
    assert found(code, "h:translation/@codeSystem") == [
        "1.2.250.1.213.2.59",
        "1.2.250.1.213.2.3.2",
    ]
    flags = {
        observation.find("h:code", NS).get("code"): observation.find("h:value", NS).get("value")
        for observation in found(drug, "h:entryRelationship/h:observation")
    }
    assert flags == {
        "MED-574": "true",
        "GEN-180": "false",
        "GEN-295": "true",
        "GEN-181": "false",
        "GEN-179": "true",
    }
    (substitution,) = found(drug, "h:entryRelationship/h:act/h:code")
    assert substitution.get("code") == "N"
    (target,) = found(substitution, "h:originalText/h:reference/@value")
    (narrated,) = found(root, f".//h:content[@ID='{target.removeprefix('#')}']/text()")
    assert narrated.startswith("Non (CIF")


def test_every_reference_points_to_a_narrative():
    root = tree(document(ordonnance()))
    anchors = found(root, ".//@ID")
    assert len(anchors) == len(set(anchors))
    references = found(root, ".//h:reference/@value")
    assert references
    assert {r.removeprefix("#") for r in references} <= set(anchors)
    assert all(r.startswith("#") for r in references)


def test_identifiers_are_distinct():
    held = found(tree(document(ordonnance())), "h:component//h:id/@root")
    assert len(held) == len(set(held)) > 10


def test_a_magistral_preparation_has_no_code():
    compound = {
        "n": 1,
        "eprescType": "medicament",
        "preparationMagistrale": True,
        "libelle": "Préparation magistrale : vaseline 30 g",
        "posologieTexte": "2 applications par jour",
    }
    (material,) = found(tree(document(ordonnance(compound))), ".//h:manufacturedMaterial")
    assert found(material, "h:code/@nullFlavor") == found(material, "h:name/@nullFlavor") == ["NA"]


def test_a_substitute_names_whom_he_replaces():
    held = ordonnance(remplace={"rpps": HUGO.rpps, "nom": HUGO.family_name})
    content = document(held, author=HUGO).content
    root = etree.fromstring(content)
    assert found(root, "h:author/h:assignedAuthor/h:id/@extension") == [HUGO.national_id]
    (participant,) = found(root, "h:participant[@typeCode='CON']")
    assert found(participant, "h:associatedEntity/h:id/@extension") == [LOUISE.national_id]
    assert judge_artefact(ClinicalDocument.parse(content), Context()).findings == ()
    assert not found(tree(document(ordonnance())), "h:participant")


def test_the_pharmacy_named_is_a_participant():
    held = ordonnance(executantDesigne={"structure": "Pharmacie d’Essai", "finess": "330999012"})
    content = document(held).content
    (participant,) = found(etree.fromstring(content), "h:participant[@typeCode='PRF']")
    assert found(participant, ".//h:scopingOrganization/h:id/@extension") == ["1330999012"]
    assert judge_artefact(ClinicalDocument.parse(content), Context()).findings == ()


def test_acts_alone_are_a_pdf_of_their_own_type():
    held = ordonnance({**BIOLOGY, "n": 1}, flags=[])
    assert not structurable(held)
    content = document(held, structured=False).content
    assert read_entry(content).type_code.code == "PRESC-BIO"
    assert judge_artefact(ClinicalDocument.parse(content), Context()).findings == ()
    assert structurable(ordonnance())


def test_an_ordonnance_is_not_written_as_a_letter():
    draft = replace(DRAFT, type_code="57833-6", text="Paracétamol, 1 g trois fois par jour.")
    with pytest.raises(InvalidRequestError) as refused:
        written(draft)
    assert refused.value.code == "ORDONNANCE_NON_STRUCTUREE"
