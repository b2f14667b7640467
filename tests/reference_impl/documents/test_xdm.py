"""The archive: layout, METADATA.XML, coherence with the documents it carries."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from reference_impl.documents import xdm
from reference_impl.documents.metadata import read_entry
from reference_impl.errors import InvalidRequestError
from tests.reference_impl.story import CAMILLE, DRAFT, LOUISE, ROOT, SOFTWARE, UNQUALIFIED, written
from tests.shared_data import SHARED, needs_shared

RIM = {"r": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"}
SECOND = replace(DRAFT, id="d2", unique_id=f"{ROOT}.1.7.2", type_code="CERT_DECL")


def archive(*documents):
    return xdm.Archive(
        unique_id=f"{ROOT}.5.7.1",
        contents=tuple(d.content for d in documents),
        sender=LOUISE,
        software=SOFTWARE,
        sent_at=datetime(2026, 3, 12, 9, 17, 18, tzinfo=UTC),
    )


def opened(*documents):
    return zipfile.ZipFile(io.BytesIO(xdm.build(archive(*documents))))


def metadata(*documents):
    return etree.fromstring(opened(*documents).read("IHE_XDM/SUBSET01/METADATA.XML"))


def slot(element, name):
    return element.xpath(f"r:Slot[@name='{name}']/r:ValueList/r:Value/text()", namespaces=RIM)


def test_layout_and_8_3_names():
    names = opened(written(), written(SECOND)).namelist()
    assert names == [
        "INDEX.HTM",
        "README.TXT",
        "IHE_XDM/SUBSET01/METADATA.XML",
        "IHE_XDM/SUBSET01/DOC00001.XML",
        "IHE_XDM/SUBSET01/DOC00002.XML",
    ]
    assert all(re.fullmatch(r"(.*/)?[A-Z0-9_]{1,8}\.[A-Z]{3}", name) for name in names)


@needs_shared
def test_metadata_is_valid_against_lcm():
    schema = etree.XMLSchema(etree.parse(SHARED / "cda/xsd/xds_b/lcm.xsd"))
    schema.assertValid(metadata(written(), written(SECOND)))


def test_hash_and_size_are_those_of_the_bytes():
    files = opened(written())
    root = etree.fromstring(files.read("IHE_XDM/SUBSET01/METADATA.XML"))
    (entry,) = root.iter("{*}ExtrinsicObject")
    content = files.read(f"IHE_XDM/SUBSET01/{slot(entry, 'URI')[0]}")
    assert slot(entry, "hash") == [hashlib.sha1(content).hexdigest()]
    assert slot(entry, "size") == [str(len(content))]


def test_one_set_one_patient_each_document_a_member():
    root = metadata(written(), written(SECOND))
    identifiers = root.xpath(
        "//r:ExternalIdentifier[r:Name/r:LocalizedString[contains(@value,'.patientId')]]/@value",
        namespaces=RIM,
    )
    assert set(identifiers) == {"285073306304208^^^&1.2.250.1.213.1.4.10&ISO^NH"}
    (package,) = root.iter("{*}RegistryPackage")
    members = [(a.get("sourceObject"), a.get("targetObject")) for a in root.iter("{*}Association")]
    entries = [e.get("id") for e in root.iter("{*}ExtrinsicObject")]
    assert members == [(package.get("id"), entry) for entry in entries]


def test_object_identifiers_are_unique_and_follow_from_the_lot():
    root = metadata(written(), written(SECOND))
    identifiers = root.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    assert etree.tostring(root) == etree.tostring(metadata(written(), written(SECOND)))


def test_metadata_say_what_the_header_says():
    entry = read_entry(written().content)
    assert entry.creation_time == "20260312091500"
    assert entry.service_start_time == "20260312091500"
    assert entry.source_patient_id == f"p1^^^&{ROOT}.2&ISO^PI"
    assert entry.source_patient_info == (
        "PID-5|TESTAVRIL^CAMILLE^CAMILLE ANNE^^^^L",
        "PID-5|TESTMAI^CAMILLE^^^^^D",
        "PID-7|19850712",
        "PID-8|F",
    )
    assert entry.author.person == (
        "810999990012^TESTMEDECIN^Louise^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    )
    assert entry.author.institution == (
        "Cabinet médical des Essais^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1330999004"
    )
    assert (entry.class_code.code, entry.type_code.code) == ("10", "11488-4")


def test_separators_of_hl7_in_a_name_do_not_add_components():
    structure = replace(LOUISE.structure, name="Cabinet A & B ^ C")
    document = written(professional=replace(LOUISE, structure=structure))
    assert read_entry(document.content).author.institution.startswith("Cabinet A   B   C^^^^^&")


def test_an_identity_that_is_not_qualified_is_named_by_its_local_number():
    entry = read_entry(written(patient=UNQUALIFIED).content)
    assert entry.ins is None
    assert entry.patient_id == f"p1^^^&{ROOT}.2&ISO^PI"


def test_two_patients_are_refused():
    other = replace(CAMILLE, id="p2", ins=None)
    with pytest.raises(InvalidRequestError, match="un seul patient"):
        xdm.build(archive(written(), written(SECOND, other)))


def test_a_document_never_written_is_refused():
    with pytest.raises(InvalidRequestError):
        xdm.build(archive(DRAFT))


def test_titles_cannot_break_the_page():
    title = replace(DRAFT, title="<script>alert(1)</script>")
    page = opened(written(title)).read("INDEX.HTM").decode()
    assert "<script>" not in page
