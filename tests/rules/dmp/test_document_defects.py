"""Defects of the documents and of the signature of a lot; both are signed again if need be."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from rules.exchange import Exchange
from rules.findings import Finding
from rules.formats.dmp import DmpRequest
from rules.formats.multipart import split
from rules.judge import read, rejection
from tests.rules.dmp import golden
from tests.rules.dmp.signing import anchor, resigned_xades, signer


def code_of(exchange: Exchange) -> str | None:
    request = read(exchange).first(DmpRequest)
    assert request is not None
    found = rejection(request, golden.context(exchange, golden.environment(anchor())))
    return None if found is None else found.rejects


def altered(document: bytes | None = None, signature: bytes | None = None) -> Exchange:
    """The deposit of t04 with another document or signature, hash and size right."""
    exchange = golden.exchange(golden.T04)
    content_type = exchange.request.header("Content-Type") or ""
    root, old_document, old_signature = (
        p.body for p in split(content_type, exchange.request.body).parts
    )
    bodies = [root]
    for old, new in ((old_document, document), (old_signature, signature)):
        body = old if new is None else new
        bodies[0] = bodies[0].replace(_sha1(old), _sha1(body))
        bodies[0] = bodies[0].replace(b">%d<" % len(old), b">%d<" % len(body))
        bodies.append(body)
    body = golden.with_parts(exchange.request, *bodies)
    return replace(exchange, request=replace(exchange.request, body=body))


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data).hexdigest().encode()


def parts() -> tuple[bytes, bytes]:
    request = golden.exchange(golden.T04).request
    found = split(request.header("Content-Type") or "", request.body).parts
    return found[1].body, found[2].body


def judged(exchange: Exchange) -> set[str]:
    return golden.ids(golden.judged(exchange, golden.environment(anchor())))


def findings(exchange: Exchange) -> tuple[Finding, ...]:
    return golden.judged(exchange, golden.environment(anchor())).findings


def test_a_signature_made_again_raises_nothing() -> None:
    document, signature = parts()
    assert judged(altered(document, resigned_xades(signature, document, signer()))) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<DigestValue>AA==", b"<DigestValue>AB=="),
        (b"<SigningTime>2026", b"<SigningTime>2025"),
        (b"<SignatureValue>ZV", b"<SignatureValue>AA"),
        (b"#IHEManifest", b"#Autre"),
        (b"<CertDigest><DigestMethod Algorithm=", b"<CertDigest><DigestMethod Algorithm_="),
    ],
)
def test_a_tampered_signature_is_seen(old: bytes, new: bytes) -> None:
    _, signature = parts()
    assert signature.count(old) >= 1
    assert judged(altered(signature=signature.replace(old, new, 1))) == {"DMP-21-14"}


def test_a_document_changed_after_signature_is_seen() -> None:
    document, _ = parts()
    changed = document.replace(b"Place du Banc", b"Rue du Banc  ")
    assert judged(altered(changed)) == {"DMP-21-14"}


def test_line_ends_changed_in_transport_break_only_hash_when_canonical_form_is_kept() -> None:
    """C14N reads CRLF as LF: the manifest holds, the hash slot does not."""
    document, _ = parts()
    exchange = altered(document.replace(b"\n", b"\r\n"))
    assert judged(exchange) == set()


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        (signer(authentication=True), "DMPInvalidCertificate"),
        (signer(foreign=True), "DMPInvalidCertificate"),
    ],
)
def test_a_lot_signed_by_a_wrong_certificate_is_refused(holder, code: str) -> None:
    document, signature = parts()
    exchange = altered(document, resigned_xades(signature, document, holder))
    assert judged(exchange) == {"DMP-21-14"}
    assert code_of(exchange) == code


def test_an_unreadable_signature_is_a_finding() -> None:
    exchange = altered(signature=b"<Signature>")
    assert "DMP-21-14" in judged(exchange)
    assert code_of(exchange) == "XDSRepositoryMetadataError"


def test_an_unreadable_document_is_refused_and_named_by_the_rule_of_cda() -> None:
    document, signature = parts()
    broken = document.replace(b"</ClinicalDocument>", b"")
    found = judged(altered(broken, signature))
    assert "CDA-01" in found
    assert code_of(altered(broken, signature)) in (
        "InvalidDocumentContent",
        "XDSRepositoryMetadataError",
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.replace(b'representation="B64"', b'representation="TXT"'),
        lambda d: d.replace(b'mediaType="application/pdf"', b'mediaType="application/msword"'),
    ],
)
def test_a_body_the_dmp_does_not_take_is_refused(edit) -> None:
    document, signature = parts()
    changed = edit(document)
    assert changed != document
    exchange = altered(changed, resigned_xades(signature, changed, signer()))
    assert "DMP-21-13" in judged(exchange)
    assert {f.rejects for f in findings(exchange) if f.check_id == "DMP-21-13"} == {
        "InvalidDocumentContent"
    }


def test_a_pdf_that_is_no_pdfa_is_seen() -> None:
    document, signature = parts()
    start = document.index(b'representation="B64">') + len(b'representation="B64">')
    stop = document.index(b"</text>", start)
    changed = document[:start] + b"JVBERi0xLjQKJSVFT0YK" + document[stop:]
    exchange = altered(changed, resigned_xades(signature, changed, signer()))
    assert "DMP-21-13" in judged(exchange)
