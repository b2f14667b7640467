"""IHE_XDM archives: read within bounds, judged by MSS-X01 to X07 and CDA-29."""

from __future__ import annotations

import email
import io
import struct
import zipfile
from dataclasses import replace
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.artefact import MalformedError
from rules.context import Context
from rules.formats import unzip as bounds
from rules.formats.xdm import XdmArchive
from rules.judge import Judgement, judge_artefact
from tests.rules.archives import archive_of, files_of, zipped
from tests.rules.cda.samples import (
    CERTIFICATE,
    LETTER,
    LETTER_V2,
    OBSERVED_AT,
    OBSERVED_V2,
    VSM,
    raised,
    spoil,
)
from tests.shared_data import GOLDEN, needs_shared

METADATA = "IHE_XDM/SUBSET01/METADATA.XML"
DOCUMENT = "IHE_XDM/SUBSET01/DOC00001.XML"


def judged(data: bytes) -> Judgement:
    return judge_artefact(XdmArchive.parse(data), Context(observed_at=OBSERVED_V2))


def with_metadata(old: str, new: str, *documents: bytes) -> bytes:
    files = files_of(*(documents or (LETTER,)))
    return zipped({**files, METADATA: spoil(files[METADATA], old, new, -1)})


@pytest.mark.parametrize(
    "documents", [(LETTER,), (LETTER_V2,), (LETTER, CERTIFICATE, VSM)], ids=len
)
def test_conformant_archives_raise_nothing(documents: tuple[bytes, ...]) -> None:
    judgement = judged(archive_of(*documents))
    assert judgement.findings == ()
    assert {"CDA-29", *(f"MSS-X{n:02d}" for n in range(2, 8))} <= judgement.evaluated


def test_codes_and_documents_are_those_of_the_cdas() -> None:
    archive = XdmArchive.parse(archive_of(LETTER, CERTIFICATE))
    assert archive.codes == ("11488-4", "89601-9")
    assert [c.sha1 for c in archive.described] == [d.sha1 for d in archive.documents]


@needs_shared
@pytest.mark.parametrize("path", sorted((GOLDEN / "mssante").glob("*.eml")), ids=str)
def test_golden_archives_raise_nothing(path) -> None:
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    for part in message.walk():
        if (part.get_filename() or "").lower() == "ihe_xdm.zip":
            assert judged(part.get_payload(decode=True)).findings == ()


DEFECTS = {
    "taille fausse": ("MSS-X04", f">{len(LETTER)}<", f">{len(LETTER) + 1}<"),
    "empreinte fausse": ("MSS-X04", 'name="hash"><ValueList><Value>', "{}0"),
    "fichier absent": ("MSS-X04", "DOC00001.XML", "DOC00009.XML"),
    "autre patient dans le lot et l'entrée": (
        "MSS-X05",
        "285073306304208^^^",
        "285073306304307^^^",
    ),
    "deux lots": ("MSS-X03", "</RegistryPackage>", '</RegistryPackage><RegistryPackage id="x"/>'),
    "autre racine": ("MSS-X03", "SubmitObjectsRequest", "SubmitObjects"),
    "type": ("CDA-29", 'nodeRepresentation="11488-4"', 'nodeRepresentation="89601-9"'),
    "titre": ("CDA-29", "CR de consultation", "Compte rendu"),
    "date locale": ("CDA-29", "20260312091500", "20260312101500"),
    "format": ("CDA-29", "xds-sd:pdf:2008", "xds-sd:text:2008"),
    "auteur": ("CDA-29", "810999990012^", "810999990178^"),
    "lieu": ("CDA-29", 'nodeRepresentation="SA07"', 'nodeRepresentation="SA08"'),
    "nom dans sourcePatientInfo": ("CDA-29", "PID-5|TESTAVRIL", "PID-5|TESTMAI"),
    "uniqueId": ("CDA-29", "2.25.74387217922356389154034103038781848723", "2.25.7"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_the_metadata_raises_its_check_alone(defect: str) -> None:
    check_id, old, new = DEFECTS[defect]
    data = with_metadata(old, new.format(old) if "{}" in new else new)
    found = raised(judged(data)) - ({"CDA-29"} if check_id == "MSS-X03" else set())
    assert found == {check_id}


@pytest.mark.parametrize("name", ["INDEX.HTM", "README.TXT", METADATA])
def test_a_missing_file_is_said(name: str) -> None:
    files = files_of(LETTER)
    del files[name]
    assert raised(judged(zipped(files))) == {"MSS-X02"}


def test_an_archive_without_subset_is_said() -> None:
    assert raised(judged(zipped({"INDEX.HTM": b"", "README.TXT": b""}))) == {"MSS-X02"}


def test_other_subset_names_are_read() -> None:
    files = {p.replace("SUBSET01", "SS000001"): d for p, d in files_of(LETTER).items()}
    assert judged(zipped(files)).findings == ()


def test_lower_case_names_are_minor() -> None:
    files = files_of(LETTER)
    files["index.htm"] = files.pop("INDEX.HTM")
    findings = judged(zipped(files)).findings
    assert [(f.check_id, f.fails) for f in findings] == [("MSS-X07", False)]


def test_two_patients_are_said() -> None:
    other = spoil(CERTIFICATE, "285073306304208", "285073306304307")
    found = raised(judged(archive_of(LETTER, other)))
    assert {"MSS-X05", "MSS-X06"} <= found


def test_metadata_that_are_no_xml_are_a_finding() -> None:
    files = {**files_of(LETTER), METADATA: b"<lcm"}
    findings = judged(zipped(files)).findings
    assert [(f.check_id, f.place.split(",")[0]) for f in findings] == [("MSS-X03", METADATA)]


def test_a_document_that_is_no_xml_is_a_finding() -> None:
    files = {**files_of(LETTER), DOCUMENT: b"<Clinical"}
    assert {"CDA-01", "MSS-X04"} == raised(judged(zipped(files)))


def test_a_replacement_without_association_is_said() -> None:
    data = with_metadata("AssociationType:RPLC", "AssociationType:APND", LETTER_V2)
    assert raised(judged(data)) == {"CDA-29"}


def test_documents_without_metadata_are_still_read() -> None:
    files = {**files_of(LETTER), "IHE_XDM/SUBSET01/AUTRE.XML": CERTIFICATE}
    assert XdmArchive.parse(zipped(files)).codes == ("11488-4", "89601-9")


def refusal(data: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        XdmArchive.parse(data)
    assert caught.value.finding.check_id == "MSS-X01"
    return caught.value.finding.found


def test_bytes_that_are_no_zip_are_refused() -> None:
    assert "BadZipFile" in refusal(b"PK")
    assert "BadZipFile" in refusal(archive_of(LETTER)[:-30])


@pytest.mark.parametrize("path", ["../../etc/passwd", "/abs.xml", "a\\b.xml", "C:/x.xml"])
def test_paths_that_leave_the_archive_are_refused(path: str) -> None:
    assert refusal(zipped({path: b"x"})) == path


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    assert "→" in refusal(zipped({"BOMB.XML": b"\0" * (8 * 1024 * 1024)}))


def test_too_many_entries_are_refused() -> None:
    files = {f"F{n}.TXT": b"" for n in range(bounds.MAX_ENTRIES + 1)}
    assert refusal(zipped(files)).endswith("entrées")


def test_a_lying_size_does_not_pass_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The central directory says 10 bytes, the stream holds far more."""
    monkeypatch.setattr(bounds, "MAX_TOTAL", 1000)
    data = bytearray(zipped({"A.XML": bytes(range(256)) * 40}))
    place = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 10)
    refusal(bytes(data))


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(zipped({"A.XML": b"abc"}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(data)) == "entrée chiffrée"


def test_a_symbolic_link_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("LIEN.XML")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(buffer.getvalue()) == "lien symbolique"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("A.XML", "un")
        archive.writestr("A.XML", "deux")
    assert refusal(buffer.getvalue()) == "2 entrées de ce nom"


def test_an_archive_in_the_archive_is_not_opened() -> None:
    files = {**files_of(LETTER), "IHE_XDM/SUBSET01/AUTRE.ZIP": archive_of(LETTER)}
    archive = XdmArchive.parse(zipped(files))
    assert len(archive.documents) == 1
    assert raised(judge_artefact(archive, Context(observed_at=OBSERVED_AT))) == {"MSS-X01"}


PATHS = st.lists(
    st.sampled_from(["IHE_XDM", "SUBSET01", "METADATA.XML", "DOC00001.XML", "..", "", "A b", "é"]),
    min_size=1,
    max_size=4,
).map("/".join)
CONTENTS = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([LETTER, b"<a/>", b"<!DOCTYPE a><a/>", files_of(LETTER)[METADATA]]),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(PATHS.filter(bool), CONTENTS, max_size=5), st.data())
def test_any_tree_and_any_damage_give_a_finding_or_an_archive(files, data) -> None:
    zip_bytes = bytearray(zipped(files))
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(zip_bytes) - 1))
        zip_bytes[place] = data.draw(st.integers(0, 255))
    archive = _opened(bytes(zip_bytes))
    if isinstance(archive, MalformedError):
        assert archive.finding.check_id == "MSS-X01"
        return
    judgement = judge_artefact(archive, replace(Context(), observed_at=OBSERVED_AT))
    assert all(f.advice and f.place for f in judgement.findings)


def _opened(data: bytes) -> XdmArchive | MalformedError:
    try:
        return XdmArchive.parse(data)
    except MalformedError as error:
        return error
