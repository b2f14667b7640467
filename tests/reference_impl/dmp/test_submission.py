"""TD2.1: structure of the lot, its signature, and what refuses to leave."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from reference_impl.dmp import soap, submission
from reference_impl.dmp.vihf import Assertion, build
from reference_impl.documents.metadata import read_entry
from reference_impl.errors import ForbiddenGestureError
from reference_impl.people import Visibility
from tests.reference_impl.story import LOUISE, ROOT, SOFTWARE, card, signer_of, written
from tests.shared_data import SHARED, needs_shared

NS = {
    "r": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
    "x": "urn:ihe:iti:xds-b:2007",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xad": "http://uri.etsi.org/01903/v1.1.1#",
}
NOW = datetime(2026, 3, 12, 9, 25, tzinfo=UTC)
PART_IDS = ("p-1@urn:ihe:iti:xds-b:2007", "p-2@urn:ihe:iti:xds-b:2007")


def deposit(**changes):
    content = written().content
    usual = submission.Deposit(
        entry=read_entry(content),
        content=content,
        visibility=Visibility(),
        lot_id=f"{ROOT}.3.7.1",
        signature_id=f"{ROOT}.4.7.1",
        part_ids=PART_IDS,
        submitted_at=NOW,
        software=SOFTWARE,
    )
    return replace(usual, **changes)


def built(**changes):
    """The body, parsed alone as a receiver does, and the parts."""
    body, parts = submission.build(deposit(**changes), signer_of(card()))
    return etree.fromstring(etree.tostring(body)), parts


def xpath(root, path):
    return root.xpath(path, namespaces=NS)


def confidentiality(entry):
    scheme = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
    return xpath(entry, f"r:Classification[@classificationScheme='{scheme}']/@nodeRepresentation")


@needs_shared
def test_the_request_is_valid_against_the_xds_b_schemas():
    root, parts = built()
    for document, part in zip(xpath(root, "x:Document"), parts, strict=True):
        # The schema wants the bytes in place: XOP is an encoding of them.
        document.remove(document[0])
        document.text = base64.b64encode(part.content).decode()
    schema = etree.XMLSchema(etree.parse(SHARED / "cda/xsd/xds_b/XDS.b_DocumentRepository.xsd"))
    schema.assertValid(root)


def test_one_set_two_entries_their_associations_and_a_part_for_each():
    root, parts = built()
    (package,) = xpath(root, "//r:RegistryPackage/@id")
    document, signature = xpath(root, "//r:ExtrinsicObject/@id")
    associations = [
        (a.get("associationType").rpartition(":")[2], a.get("sourceObject"), a.get("targetObject"))
        for a in xpath(root, "//r:Association")
    ]
    assert associations == [
        ("HasMember", package, document),
        ("HasMember", package, signature),
        ("signs", signature, package),
    ]
    assert xpath(root, "x:Document/@id") == [document, signature]
    included = [
        soap.included(d, {p.content_id: p.content for p in parts})
        for d in xpath(root, "x:Document")
    ]
    assert included == [part.content for part in parts]


def test_hash_and_size_of_both_entries_are_those_of_their_parts():
    root, parts = built()
    for entry, part in zip(xpath(root, "//r:ExtrinsicObject"), parts, strict=True):
        assert xpath(entry, "r:Slot[@name='hash']//r:Value/text()") == [
            hashlib.sha1(part.content).hexdigest()
        ]
        assert xpath(entry, "r:Slot[@name='size']//r:Value/text()") == [str(len(part.content))]


def test_the_signature_entry_has_no_source_patient_info_and_its_fixed_codes():
    root, _ = built()
    _, signature = xpath(root, "//r:ExtrinsicObject")
    assert not xpath(signature, "r:Slot[@name='sourcePatientInfo']")
    assert xpath(signature, "r:Slot[@name='languageCode']//r:Value/text()") == ["art"]
    assert confidentiality(signature) == ["N", "MASQUE_PS", "INVISIBLE_PATIENT"]
    codes = xpath(signature, "r:Classification/@nodeRepresentation")
    assert {"E1762", "http://www.w3.org/2000/09/xmldsig#", "1.2.840.10065.1.12.1.14"} <= set(codes)


@pytest.mark.parametrize(
    ("visibility", "expected"),
    [
        (Visibility(), ["N"]),
        (Visibility(masked_to_professionals=True), ["N", "MASQUE_PS"]),
        (Visibility(hidden_from_patient=True), ["N", "INVISIBLE_PATIENT"]),
        (
            Visibility(hidden_from_representatives=True),
            ["N", "INVISIBLE_REPRESENTANTS_LEGAUX"],
        ),
    ],
)
def test_masks_are_added_to_the_code_of_the_header(visibility, expected):
    root, _ = built(visibility=visibility)
    assert confidentiality(xpath(root, "//r:ExtrinsicObject")[0]) == expected


def test_a_document_cannot_be_hidden_from_both_professionals_and_patient():
    with pytest.raises(ForbiddenGestureError) as refused:
        built(visibility=Visibility(masked_to_professionals=True, hidden_from_patient=True))
    assert refused.value.field == "visibilite"


def test_a_replacement_points_at_the_current_entry():
    root, _ = built(replaces="urn:uuid:29ce5656-db7a-4725-b5f0-cc6112c2163c")
    (replacement,) = xpath(root, "//r:Association[contains(@associationType,'RPLC')]")
    assert replacement.get("targetObject") == "urn:uuid:29ce5656-db7a-4725-b5f0-cc6112c2163c"
    assert replacement.get("sourceObject") == xpath(root, "//r:ExtrinsicObject/@id")[0]


def test_the_manifest_names_lot_and_document_with_the_digest_of_the_canonical_document():
    _, (document, seal) = built()
    root = etree.fromstring(seal.content)
    references = xpath(root, "//ds:Manifest/ds:Reference")
    assert [r.get("URI") for r in references] == [
        f"urn:oid:{ROOT}.3.7.1",
        f"urn:oid:{ROOT}.1.7.1",
    ]
    canonical = etree.tostring(
        etree.fromstring(document.content), method="c14n", with_comments=True
    )
    digest = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
    assert [r.findtext("ds:DigestValue", namespaces=NS) for r in references] == ["AA==", digest]


def test_the_signature_verifies_with_the_key_of_the_card():
    _, (_, seal) = built()
    root = etree.fromstring(seal.content)
    signed_info = etree.fromstring(etree.tostring(root.find("ds:SignedInfo", NS), with_tail=False))
    canonical = etree.tostring(signed_info, method="c14n", with_comments=True)
    value = base64.b64decode(root.findtext("ds:SignatureValue", namespaces=NS))
    public = signer_of(card()).certificate.public_key()
    public.verify(value, canonical, PKCS1v15(), SHA256())
    # Each certificate of the chain is named by its digest.
    assert len(xpath(root, "//xad:Cert")) == 2
    assert root.xpath("//SignatureProperty/@Target") == [f"#{ROOT}.4.7.1"]


def test_the_vihf_says_who_calls_about_whom_with_what():
    assertion = Assertion(
        "443fa402-a86b-4c85-9679-a866e5dbe8fb",
        NOW,
        LOUISE,
        SOFTWARE,
        "285073306304208^^^&1.2.250.1.213.1.4.10&ISO^NH",
    )
    root = build(assertion, signer_of(card()))
    children = [etree.QName(child).localname for child in root]
    assert children == ["Issuer", "Signature", "Subject", "AuthnStatement", "AttributeStatement"]
    assert root.get("ID") == "_443fa402-a86b-4c85-9679-a866e5dbe8fb"
    values = {a.get("Name"): [v.text for v in a] for a in root.iter("{*}Attribute") if a[0].text}
    assert values["VIHF_Version"] == ["4.0"]
    assert values["Authentification_mode"] == ["DIRECTE"]
    assert values["Identifiant_Structure"] == ["1330999004"]
    assert values["Secteur_Activite"] == ["SA07^1.2.250.1.71.4.2.4"]
    assert values["LPS_ID_HOMOLOGATION_DMP"] == ["DCP-000042-tmp1"]
    roles = [(r.get("code"), r.get("codeSystem")) for r in root.iter("{urn:hl7-org:v3}Role")]
    assert roles == [("10", "1.2.250.1.71.1.2.7"), ("SM54", "1.2.250.1.71.4.2.5")]
    assert root.findtext("{*}Issuer") == (
        "GIVENNAME=LOUISE+SURNAME=TESTMEDECIN+CN=810999990012,T=Médecin,C=FR"
    )


def test_a_nurse_has_one_role_only():
    nurse = replace(LOUISE, profession="60", profession_label="Infirmier", speciality=None)
    root = build(Assertion("a", NOW, nurse, SOFTWARE, "x"), signer_of(card()))
    assert [r.get("code") for r in root.iter("{urn:hl7-org:v3}Role")] == ["60"]


def test_a_multipart_keeps_every_byte_of_its_parts():
    content = b"<e xmlns='http://www.w3.org/2003/05/soap-envelope'/>"
    envelope = b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>'
    parts = [
        soap.Part("a@urn:b", bytes(range(256)) + b"\r\n--x\n\r"),
        soap.Part("b@urn:b", content),
    ]
    request = soap.multipart(envelope, "urn:action", parts, "uuid:1234")
    reply = soap.read(request.content_type, request.content)
    assert {p.content_id: p.content for p in parts}.items() <= reply.parts.items()
