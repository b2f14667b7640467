"""CDA-30, CDA-31 and MSS-P03: the body of an N1 document, and what its PDF claims.

Source: Ref#2 v1.0.1 ECO.2.1.x as mssante.md §4.5 and §11 read it, cda.md §2, §5.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.artefact import MalformedError
from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.mail import MssMessage, Part
from rules.formats.pdf import PdfDocument

_BODY = "/ClinicalDocument/component/nonXMLBody/text"
_MAGIC: dict[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "text/plain": (b"",),
    "text/rtf": (b"{\\rtf",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}


def _pdfs(message: MssMessage) -> tuple[Part, ...]:
    return tuple(
        p
        for p in message.attachments
        if p.media_type == "application/pdf" or (p.filename or "").lower().endswith(".pdf")
    )


def _encapsulated_pdf(document: ClinicalDocument) -> bytes | None:
    for found in (document.body, document.pdf_copy):
        if found and found.media_type == "application/pdf" and found.content:
            return found.content
    return None


@check(
    "MSS-P03",
    title="Le PDF joint se déclare PDF/A-1",
    severity=Severity.MINOR,
    source="Ref#2 v1.0.1 ECO.2.1.3 ; ISO 19005-1",
    exigences=("DOC/va1.01",),
)
def pdf_claim(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Only the claim (version, XMP pdfaid, no encryption): not a full validation."""
    for part in _pdfs(message) if message.documents else ():
        flaw = _claim(part.content)
        if flaw:
            yield Finding(part.place, "PDF/A-1 (a ou b), version 1.4 au plus", flaw, _CLAIM_ADVICE)


_CLAIM_ADVICE = "Produire un PDF/A-1b : version 1.4, polices incluses, pdfaid:part=1 dans le XMP."


def _claim(data: bytes) -> str | None:
    try:
        pdf = PdfDocument.parse(data)
    except MalformedError as error:
        return error.finding.found
    if pdf.encrypted:
        return "PDF chiffré"
    if not pdf.claims_pdfa1:
        return f"pdfaid:part {pdf.part or 'absent'}, conformance {pdf.conformance or 'absente'}"
    return None if pdf.version <= "1.4" else f"PDF {pdf.version}"


@check(
    "CDA-30",
    title="Le corps N1 est en base64, d'un type admis, et son contenu est de ce type",
    severity=Severity.BLOCKING,
    source="CI-SIS Structuration minimale (cda.md §2, §5)",
    exigences=("DOC/va1.12",),
)
def n1_body(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Media type, ``representation``, decoding, first octets."""
    body = document.body
    if body is None:
        return
    heads = _MAGIC.get(body.media_type or "")
    if heads is None:
        advice = "Mettre le document en PDF/A-1 ou en texte."
        yield Finding(f"{_BODY}/@mediaType", ", ".join(_MAGIC), body.media_type or "absent", advice)
    if body.representation != "B64" or not body.content:
        found = body.representation or "absent"
        yield Finding(
            f"{_BODY}/@representation",
            "B64, et un contenu en base64",
            found if body.representation != "B64" else "contenu vide ou illisible",
            "Encoder les octets du document en base64 dans l'élément text.",
        )
    elif heads and not body.content.startswith(heads):
        yield Finding(
            _BODY,
            f"un contenu {body.media_type}",
            repr(body.content[:8]),
            "Accorder mediaType et contenu : les premiers octets disent un autre type.",
        )


@check(
    "CDA-31",
    title="Le PDF d'un corps N1 se déclare PDF/A-1",
    severity=Severity.MINOR,
    source="cda.md §5 ; ISO 19005-1",
    exigences=("DOC/va1.01",),
)
def n1_pdf(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Only the claim: a validator such as veraPDF says whether it is kept."""
    content = _encapsulated_pdf(document)
    if content and content.startswith(b"%PDF-"):
        flaw = _claim(content)
        if flaw:
            yield Finding(_BODY, "PDF/A-1 (a ou b), version 1.4 au plus", flaw, _CLAIM_ADVICE)
