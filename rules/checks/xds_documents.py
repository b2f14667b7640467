"""Documents and signature of a lot (DMP-21-06, 13, 14, CDA-29 on deposits).

Sources: sheet dmp.md §9.6, §11.1, §11.2; EX_2.1-1071, EX_2.1-1115; IHE DSG.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from rules.artefact import MalformedError
from rules.checking import check
from rules.checks.cda_metadata import disagreements
from rules.checks.xds import FEEDING, METADATA_ERROR
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.canonical import canonical_document, same_digest
from rules.formats.cda import ClinicalDocument, Encapsulated
from rules.formats.pdf import PdfDocument
from rules.formats.registry import REPLACES, DocumentEntry
from rules.formats.xades import NULL_DIGEST, PURPOSE_SOURCE, Reference, Xades, signature_faults
from rules.formats.xds import CDA_MIME_TYPES, Submission
from rules.xml import place_of

_ELSEWHERE = ("uniqueId", "formatCode", "creationTime", "serviceStartTime", "serviceStopTime")
"""Metadata whose coherence is DMP-21-08's, 05's and 09's."""
_MIME_TYPES = (*CDA_MIME_TYPES, "application/dicom")
_BODIES = ("application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff")
_ACTIVE = ("script", "iframe", "object", "embed")
_XSL = "http://www.w3.org/1999/XSL/Transform"


@check(
    "DMP-21-06",
    title="Le CDA et sa fiche disent la même chose",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source="fiche DMP §9.6 (IGV2, PDSM4DMP)",
    rejects=METADATA_ERROR,
)
def coherence(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Every metadata drawn from the header, but those that have a rule of their own."""
    for entry, document in submission.clinical_documents:
        for found in disagreements(document, entry):
            if found.metadata not in _ELSEWHERE:
                yield found.finding(entry.place)


@check(
    "CDA-29",
    title="L'en-tête du document et les métadonnées du dépôt disent la même chose",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source="CI-SIS Partage de documents de santé (dmp.md §9.6)",
)
def header_and_deposit(submission: Submission, _context: Context) -> Iterator[Finding]:
    """The same comparison, whole, and the replacement said on both sides."""
    replacing = {link.source for link in submission.objects.links(REPLACES)}
    for entry, document in submission.clinical_documents:
        for found in disagreements(document, entry):
            yield found.finding(entry.place)
        if bool(document.replaces) != (entry.id in replacing):
            yield Finding(
                f"{entry.place} (Association RPLC)",
                "une" if document.replaces else "aucune",
                "aucune" if document.replaces else "une",
                "Dire le remplacement des deux côtés : relatedDocument du CDA, association RPLC.",
            )


@check(
    "DMP-21-13",
    title="Documents admis : CDA N1 en base64 d'un format accepté, PDF/A-1, rien d'actif",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source="EX_2.1-1071, EX_2.1-1115, EX_2.1-1116 ; fiche DMP §11.1",
    rejects="InvalidDocumentContent",
)
def contents(submission: Submission, _context: Context) -> Iterator[Finding]:
    """What the bytes show; schematrons belong to the ANS tool."""
    documents = {entry.id: document for entry, document in submission.clinical_documents}
    for entry in submission.objects.documents:
        data = submission.bytes_of(entry)
        if data is not None and not data.strip():
            yield Finding(
                f"{entry.place} (Document)",
                "un document",
                "vide",
                "Ne jamais envoyer de document vide.",
            )
        if (entry.mime_type or "") not in _MIME_TYPES:
            yield Finding(
                f"{entry.place}/@mimeType",
                ", ".join(_MIME_TYPES),
                entry.mime_type or "absent",
                "Envelopper le document dans un CDA : mimeType text/xml.",
            )
        if entry.id in documents:
            yield from _document(entry, documents[entry.id])


def _document(entry: DocumentEntry, document: ClinicalDocument) -> Iterator[Finding]:
    standalone = document.shape == "autoprésentable"
    if standalone != (entry.mime_type == "application/xslt+xml"):
        yield Finding(
            f"{entry.place}/@mimeType",
            "application/xslt+xml" if standalone else "text/xml",
            str(entry.mime_type),
            "Annoncer application/xslt+xml pour un CDA autoprésentable, text/xml pour un autre.",
        )
    if standalone:
        yield from _active(document)
    if document.body is not None:
        yield from _body(document.body)


def _active(document: ClinicalDocument) -> Iterator[Finding]:
    top = document.root.getroottree().getroot()
    for element in top.iter("*"):
        name = etree.QName(element).localname
        external = name in ("include", "import") and etree.QName(element).namespace == _XSL
        handler = any(attribute.lower().startswith("on") for attribute in map(str, element.keys()))
        if name.lower() in _ACTIVE or external or (handler and _presents(element)):
            yield Finding(
                place_of(element),
                "une feuille de style sans script ni ressource externe",
                name,
                "Retirer de la feuille de style les scripts et les ressources externes.",
            )


def _presents(element: etree._Element) -> bool:
    """HTML of the style sheet, not the CDA it carries."""
    return etree.QName(element).namespace in (None, "http://www.w3.org/1999/xhtml")


def _body(body: Encapsulated) -> Iterator[Finding]:
    if body.media_type not in _BODIES or body.representation != "B64" or not body.content:
        yield Finding(
            body.place,
            f"representation B64, mediaType parmi {', '.join(_BODIES)}, contenu en base64",
            f"{body.representation}, {body.media_type}, "
            + ("contenu illisible ou vide" if not body.content else "contenu lisible"),
            "Encoder le corps du document N1 en base64, dans un format accepté par le DMP.",
        )
    elif body.media_type == "application/pdf" and not _is_pdfa1(body.content):
        yield Finding(
            body.place,
            "un PDF/A-1",
            "un PDF sans déclaration PDF/A-1" if body.content.startswith(b"%PDF-") else "autre",
            "Produire le PDF en PDF/A-1 : le CNDA le contrôle.",
        )


def _is_pdfa1(content: bytes) -> bool:
    try:
        return PdfDocument.parse(content).claims_pdfa1
    except MalformedError:
        return False


@check(
    "DMP-21-14",
    title="La signature XAdES du lot tient et couvre chaque document",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source="fiche DMP §11.2 ; IHE DSG ; EX_GEN-1450",
    rejects=METADATA_ERROR,
)
def lot_signature(submission: Submission, context: Context) -> Iterator[Finding]:
    """SignedInfo, SignedProperties, manifest against the lot, certificate, purpose."""
    xades = submission.signature
    if xades is None:
        return  # DMP-21-01 says it is missing; an unreadable one is a problem of its own.
    for fault in signature_faults(xades):
        yield Finding(
            fault.place,
            fault.expected,
            fault.found,
            "Signer le lot une fois ses documents définitifs, sans modifier ensuite la signature.",
        )
    yield from _manifest(submission, xades)
    yield from _signer(xades, context)
    if xades.purpose != PURPOSE_SOURCE:
        yield Finding(
            f"{xades.place}//SignatureProperty",
            PURPOSE_SOURCE,
            xades.purpose or "absent",
            "Déclarer l'objet de la signature : source (1.2.840.10065.1.12.1.14).",
        )
    if xades.method.endswith("sha1"):
        yield Finding(
            f"{xades.place}/SignedInfo/SignatureMethod",
            "rsa-sha256",
            xades.method,
            "Passer la signature du lot à SHA-256.",
            Severity.MINOR,
        )


def _manifest(submission: Submission, xades: Xades) -> Iterator[Finding]:
    lot = submission.objects.submission_set
    expected = {entry.unique_id: entry for entry in submission.objects.documents}
    seen = [reference.oid for reference in xades.manifest]
    for oid in (*([lot.unique_id] if lot else []), *expected):
        if oid and seen.count(oid) != 1:
            yield Finding(
                f"{xades.place}/Object/Manifest",
                f"une référence urn:oid:{oid}",
                str(seen.count(oid)),
                "Référencer dans le manifeste le lot et chacun de ses documents, une fois.",
            )
    for reference in xades.manifest:
        if lot is not None and reference.oid == lot.unique_id:
            wanted: str | None = NULL_DIGEST
        elif reference.oid in expected:
            wanted = _digest(submission.bytes_of(expected[reference.oid]), reference)
        else:
            wanted = None
        if wanted is None or not same_digest(wanted, reference.digest_value):
            yield Finding(
                f"{reference.place}/DigestValue",
                wanted or "un document du lot et des algorithmes connus",
                f"{reference.digest_value} pour {reference.uri}",
                "Recalculer l'empreinte sur le document envoyé, après canonisation "
                "(AA== pour le lot).",
            )


def _digest(data: bytes | None, reference: Reference) -> str | None:
    """Expected digest; that of absent bytes is taken as right: DMP-21-01 speaks of them."""
    if data is None:
        return reference.digest_value
    if not reference.transforms:
        return reference.digest_of(data)
    transform, *others = reference.transforms
    canonical = None if others else canonical_document(data, transform)
    return None if canonical is None else reference.digest_of(canonical)


def _signer(xades: Xades, context: Context) -> Iterator[Finding]:
    certificate = xades.certificate
    if certificate is None:
        return
    if "content_commitment" not in certificate.key_usage or certificate.for_tls_client:
        yield Finding(
            f"{xades.place}/KeyInfo",
            "un certificat de signature (nonRepudiation)",
            certificate.subject,
            "Signer le lot avec la clé de signature, non avec celle d'authentification.",
            rejects="DMPInvalidCertificate",
        )
    anchors = context.environment.anchors
    others = [each.der for each in xades.certificates[1:]]
    problem = certificate.chain_problem(anchors, context.observed_at, others) if anchors else None
    if problem is not None:
        yield Finding(
            f"{xades.place}/KeyInfo",
            problem.expected,
            problem.found,
            "Signer avec un certificat en cours de validité de l'IGC de l'environnement.",
            rejects="DMPInvalidCertificate",
        )
