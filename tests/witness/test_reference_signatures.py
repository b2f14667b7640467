"""Witness: xmlsec1 on the VIHF and the XAdES that the reference LGC signs.

The digest of the document, which xmlsec1 cannot fetch, is recomputed with the
canonicaliser of the standard library, written apart from libxml2.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import etree

from reference_impl.dmp import soap, submission, vihf
from reference_impl.documents.metadata import read_entry
from reference_impl.people import Visibility
from tests.reference_impl.story import LOUISE, ROOT, SOFTWARE, card, signer_of, written

NOW = datetime(2026, 3, 12, 9, 25, tzinfo=UTC)
XADES_IDS = (
    "--ignore-manifests",
    "--id-attr:Id",
    "http://www.w3.org/2000/09/xmldsig#:Manifest",
    "--id-attr:Id",
    "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
)
SAML_IDS = ("--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion")

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 n'est pas installé"),
]


@pytest.fixture(scope="module")
def deposit() -> tuple[etree._Element, bytes, bytes]:
    """The body of a deposit, its document and its signature."""
    content = written().content
    parcel = submission.Deposit(
        entry=read_entry(content),
        content=content,
        visibility=Visibility(),
        lot_id=f"{ROOT}.3.7.1",
        signature_id=f"{ROOT}.4.7.1",
        part_ids=("p-1@urn:ihe:iti:xds-b:2007", "p-2@urn:ihe:iti:xds-b:2007"),
        submitted_at=NOW,
        software=SOFTWARE,
    )
    body, (document, seal) = submission.build(parcel, signer_of(card()))
    return body, document.content, seal.content


@pytest.fixture(scope="module")
def envelope(deposit) -> bytes:
    """A whole message, as it leaves: the VIHF is verified where it stands."""
    assertion = vihf.Assertion(
        "443fa402-a86b-4c85-9679-a866e5dbe8fb",
        NOW,
        LOUISE,
        SOFTWARE,
        "285073306304208^^^&1.2.250.1.213.1.4.10&ISO^NH",
    )
    signed = vihf.build(assertion, signer_of(card()))
    body, _, _ = deposit
    return soap.envelope(submission.ACTION, "urn:uuid:1", "https://dmp.test/", signed, body)


def verified(content: bytes, folder: Path, *options: str) -> bool:
    file = folder / "signe.xml"
    file.write_bytes(content)
    authority = str(card().chain_path)
    command = ["xmlsec1", "--verify", *options, "--trusted-pem", authority, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode == 0 and "OK" in done.stdout + done.stderr


def test_the_signature_of_the_lot_verifies(deposit, tmp_path):
    assert verified(deposit[2], tmp_path, *XADES_IDS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"2026-03-12T09:25:00.000Z", b"2026-03-12T09:26:00.000Z"),
        (f"urn:oid:{ROOT}.3.7.1".encode(), f"urn:oid:{ROOT}.3.7.2".encode()),
    ],
    ids=["heure de signature", "lot"],
)
def test_a_changed_signature_of_the_lot_does_not(deposit, tmp_path, before, after):
    changed = deposit[2].replace(before, after)
    assert changed != deposit[2]
    assert not verified(changed, tmp_path, *XADES_IDS)


def test_the_digest_of_the_document_is_that_of_another_canonicaliser(deposit):
    _, document, seal = deposit
    # All namespaces of our documents are used at the root: C14N 2.0 writes them as 1.0 does.
    canonical = ElementTree.canonicalize(document.decode(), with_comments=True).encode()
    digest = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
    values = etree.fromstring(seal).xpath(
        "//ds:Manifest/ds:Reference/ds:DigestValue/text()",
        namespaces={"ds": "http://www.w3.org/2000/09/xmldsig#"},
    )
    assert values == ["AA==", digest]


def test_the_vihf_verifies_inside_the_envelope(envelope, tmp_path):
    assert verified(envelope, tmp_path, *SAML_IDS)


def test_a_changed_vihf_does_not(envelope, tmp_path):
    changed = envelope.replace(b"285073306304208^^^", b"185073306304208^^^", 1)
    assert changed != envelope
    assert not verified(changed, tmp_path, *SAML_IDS)
