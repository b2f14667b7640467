from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest

from reference_impl.documents.xdm import Archive, build
from reference_impl.errors import InvalidRequestError
from reference_impl.identity.carried import read_received
from reference_impl.people import Ins
from tests.reference_impl.story import CAMILLE, LOUISE, SOFTWARE, TEST_OID, UNQUALIFIED, written
from tests.reference_impl.story import WRITTEN_AT as NOW
from tests.shared_data import GOLDEN, needs_shared

CDA = written().content


def archive(*contents: bytes) -> bytes:
    return build(Archive("1.2.3", contents, LOUISE, SOFTWARE, NOW))


def zipped(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(f"IHE_XDM/SUBSET01/{name}.XML", content)
    return made.getvalue()


@pytest.mark.parametrize("content", [CDA, archive(CDA)], ids=["CDA", "XDM"])
def test_ins_and_traits_of_a_document_of_ours(content: bytes) -> None:
    carried = read_received(content).carried
    assert carried is not None
    assert carried.ins == Ins("2850733063042", "08", TEST_OID)
    assert carried.traits == CAMILLE.traits


def test_a_document_without_ins_carries_none() -> None:
    content = written(patient=UNQUALIFIED).content
    assert read_received(content).carried is None


def test_two_patients_in_one_archive_are_refused() -> None:
    other = replace(CAMILLE, ins=Ins("1090799350412", "04", "1.2.250.1.213.1.4.9"))
    content = zipped(DOC1=CDA, DOC2=written(patient=other).content)
    with pytest.raises(InvalidRequestError) as refusal:
        read_received(content)
    assert refusal.value.code == "PLUSIEURS_PATIENTS"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "DOCUMENT_ILLISIBLE"),
        (b"%PDF-1.4", "DOCUMENT_ILLISIBLE"),
        (b"<html/>", "DOCUMENT_ILLISIBLE"),
        (b"PK\x03\x04 abime", "DOCUMENT_ILLISIBLE"),
        (zipped(METADATA=b"<SubmitObjectsRequest/>"), "DOCUMENT_ILLISIBLE"),
        (CDA.replace(b"285073306304208", b"2850733063042"), "DOCUMENT_ILLISIBLE"),
        (CDA.replace(b'value="19850712"', b'value="19851312"'), "IDENTITE_INCOMPLETE"),
        (b'<!DOCTYPE x [<!ENTITY e "e">]>' + CDA.partition(b"?>")[2], "DOCUMENT_ILLISIBLE"),
        (zipped(**{f"DOC{n}": b"<a/>" for n in range(201)}), "DOCUMENT_TROP_GROS"),
    ],
    ids=["vide", "PDF", "HTML", "zip", "sans CDA", "sans clé", "lunaire", "DTD", "trop"],
)
def test_what_cannot_be_trusted_is_refused_in_french(content: bytes, code: str) -> None:
    with pytest.raises(InvalidRequestError, match="Le document reçu est refusé") as refusal:
        read_received(content)
    assert (refusal.value.code, refusal.value.field) == (code, "contenu")


@needs_shared
def test_the_golden_documents_are_read() -> None:
    found = [
        read_received(path.read_bytes()) for path in sorted((GOLDEN / "dmp").glob("*/document.xml"))
    ]
    assert found
    assert any(each.carried is not None for each in found)
