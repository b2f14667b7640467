"""Readers of the DMP: MIME parts byte for byte, metadata, signatures, code lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rules.artefact import MalformedError
from rules.formats.canonical import C14N, canonical, canonical_document, digest
from rules.formats.ebrim import parse_submit_objects
from rules.formats.hl7_types import Cx, Xcn, Xon
from rules.formats.multipart import split
from rules.formats.vihf import Vihf
from rules.formats.xades import Xades, signature_faults
from rules.formats.xds import Submission
from rules.judge import read
from rules.vocabulary import codes, origin, pairs
from tests.rules.dmp import golden

HEAD = b"Content-Type: application/octet-stream\r\nContent-ID: <%d@banc>\r\n\r\n"
TYPE = 'multipart/related; type="application/xop+xml"; boundary="uuid:b"; start="<0@banc>"'


def mime(*bodies: bytes) -> bytes:
    parts = (b"--uuid:b\r\n" + HEAD % rank + body + b"\r\n" for rank, body in enumerate(bodies))
    return b"".join(parts) + b"--uuid:b--\r\n"


@given(st.lists(st.binary(max_size=200).filter(lambda b: b"--uuid:b" not in b), min_size=1))
def test_parts_are_kept_byte_for_byte(bodies: list[bytes]) -> None:
    found = split(TYPE, mime(*bodies))
    assert [part.body for part in found.parts] == bodies
    assert found.root is found.parts[0]


@pytest.mark.parametrize("href", ["cid:1@banc", "cid:1%40banc", "CID:1@banc"])
def test_cid_references_are_decoded(href: str) -> None:
    part = split(TYPE, mime(b"racine", b"document")).resolve(href)
    assert part is not None
    assert part.body == b"document"


def test_other_references_name_no_part() -> None:
    found = split(TYPE, mime(b"racine"))
    assert found.resolve("cid:9@banc") is None
    assert found.resolve("http://exemple/0@banc") is None


@pytest.mark.parametrize(
    ("content_type", "body", "place"),
    [
        ("multipart/related", mime(b"a"), "en-tête Content-Type"),
        (TYPE.replace("uuid:b", "uuid:c"), mime(b"a"), "octet 66"),
        (TYPE, mime(b"a")[:-6], ""),
        (TYPE, b"--uuid:b--\r\n", "octet 0"),
        (TYPE.replace("<0@banc>", "<7@banc>"), mime(b"a"), "en-tête Content-Type"),
        (TYPE, b"--uuid:b\r\nsans deux-points\r\n\r\na\r\n--uuid:b--", "octet 10"),
        (TYPE, b"--uuid:b\r\nA: b\r\n--uuid:b--", "octet 10"),
        (
            TYPE,
            b"--uuid:b\r\nContent-ID: <0@banc>\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n"
            b"--uuid:b--",
            "octet 10",
        ),
        (TYPE, mime(b"a", b"b").replace(b"<1@banc>", b"<0@banc>"), "en-têtes Content-ID"),
        (TYPE, b"", "octet 0"),
    ],
)
def test_what_is_no_multipart_is_said(content_type: str, body: bytes, place: str) -> None:
    with pytest.raises(MalformedError) as caught:
        split(content_type, body)
    assert caught.value.finding.check_id == "DMP-21-01"
    if place.startswith("octet 66"):
        assert caught.value.finding.place == f"octet {len(body)}"
    else:
        assert caught.value.finding.place.startswith(place)


def test_encoded_parts_are_decoded() -> None:
    body = (
        b"preambule\r\n--uuid:b\r\nContent-ID: <0@banc>\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nQUJD"
        b"\r\n--uuid:b\r\n\r\nsans en-tete\r\n--uuid:b--\r\nepilogue"
    )
    assert [part.body for part in split(TYPE, body).parts] == [b"ABC", b"sans en-tete"]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parts = split(TYPE, body).parts
    except MalformedError:
        parts = ()
    assert all(part.body in body for part in parts)


def test_hl7_types_read_their_components() -> None:
    person = Xcn("810999990012^TESTMEDECIN^Louise^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS")
    assert (person.id, person.family, person.given) == ("810999990012", "TESTMEDECIN", "Louise")
    assert (person.authority, person.name_type, person.id_type) == (
        "1.2.250.1.71.4.2.1",
        "D",
        "IDNPS",
    )
    place = Xon("Cabinet^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1330999004")
    assert (place.name, place.authority, place.id_type, place.id) == (
        "Cabinet",
        "1.2.250.1.71.4.2.2",
        "IDNST",
        "1330999004",
    )
    assert Cx("").id == Cx("").authority == ""


def test_a_lot_is_read_whole() -> None:
    submission = read(golden.exchange(golden.T06)).first(Submission)
    assert submission is not None
    objects = submission.objects
    [entry], [signature] = objects.documents, objects.signatures
    assert objects.submission_set is not None
    assert objects.submission_set.unique_id == golden.story()["documents"]["v2"]["lot"]
    assert entry.unique_id == golden.story()["documents"]["v2"]["uniqueId"]
    assert signature.unique_id == golden.story()["documents"]["v2"]["signature"]
    assert entry.visibility == {"N"}
    assert [len(links) for links in (objects.links(k) for k in _KINDS)] == [2, 1, 1]


_KINDS = (
    "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember",
    "urn:ihe:iti:2007:AssociationType:signs",
    "urn:ihe:iti:2007:AssociationType:RPLC",
)


def test_metadata_of_another_root_are_empty_and_broken_ones_refused() -> None:
    assert parse_submit_objects(b"<a/>", check_id="MSS-X03").entries == ()
    with pytest.raises(MalformedError) as caught:
        parse_submit_objects(b"<a", check_id="MSS-X03")
    assert caught.value.finding.check_id == "MSS-X03"


def test_an_assertion_without_anything_is_read() -> None:
    bare = Vihf.parse(b'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>')
    assert (bare.id, bare.issue_instant, bare.patient, bare.roles, bare.proof) == (
        None,
        None,
        None,
        (),
        None,
    )


def test_a_signature_without_anything_says_all_that_is_missing() -> None:
    xades = Xades.parse(b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>')
    assert len(list(signature_faults(xades))) >= 4
    with pytest.raises(MalformedError):
        Xades.parse(b"<a/>")


def test_canonical_form_of_a_part_does_not_gain_empty_namespaces() -> None:
    root = etree.fromstring('<a xmlns="urn:a" xml:lang="fr"><b><c xmlns=""/></b></a>')
    assert canonical(root[0], C14N) == b'<b xmlns="urn:a" xml:lang="fr"><c xmlns=""></c></b>'
    assert canonical(root[0], "urn:inconnu") is None


def test_canonical_form_of_a_document_keeps_its_instructions() -> None:
    data = b'<?xml version="1.0"?>\n<?xml-stylesheet href="a"?>\n<!-- b --><a  c="d"/>'
    assert canonical_document(data, C14N) == b'<?xml-stylesheet href="a"?>\n<a c="d"></a>'
    assert canonical_document(data, f"{C14N}#WithComments") == (
        b'<?xml-stylesheet href="a"?>\n<!-- b -->\n<a c="d"></a>'
    )
    assert canonical_document(b"<a", C14N) is None
    assert digest("urn:inconnu", b"") is None


@pytest.mark.parametrize(
    ("name", "code", "system"),
    [
        ("jdv-j57-class-code-dmp", "10", "1.2.250.1.213.1.1.4.1"),
        ("jdv-j58-confidentiality-code-dmp", "MASQUE_PS", "1.2.250.1.213.1.1.4.13"),
        ("jdv-j59-content-type-code-dmp", "07", "1.2.250.1.213.2.2"),
        ("jdv-j60-format-code-dmp", "urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3"),
        ("jdv-j38-purpose-of-use", "bris_de_glace", "1.2.250.1.213.1.1.4.248"),
        ("jdv-j65-subject-role-dmp", "10", "1.2.250.1.71.1.2.7"),
    ],
)
def test_code_lists_are_read_with_their_origin(name: str, code: str, system: str) -> None:
    assert codes(name)[code].system == system
    assert origin(name)


def test_associations_of_codes_and_unknown_lists() -> None:
    assert pairs("ass-x04-type-class")["11490-0"] == ("10", "11")
    with pytest.raises(LookupError):
        codes("jdv-inconnu")
