"""CDA-09 and CDA-10: versions and identifiers along a journal.

Source: CI-SIS « Structuration minimale » §1.1 (versioning), SC.CDA/INT.18.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.judge import JournalView

SOURCE = "CI-SIS Structuration minimale (02/2025) §1.1"
_RELATED = "/ClinicalDocument/relatedDocument"


@check(
    "CDA-09",
    title="Une version suivante remplace la précédente, et elle seule",
    severity=Severity.BLOCKING,
    source=SOURCE,
    exigences=("DMP/va1.16", "MSS/va1.02"),
)
def replacement(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Version 1 ⇔ no relatedDocument; then one RPLC, never to itself."""
    version = document.version
    if version is None:
        return
    if (version > 1) != bool(document.replaces):
        yield Finding(
            _RELATED,
            "typeCode RPLC vers la version précédente" if version > 1 else "aucun en version 1",
            f"version {version}, {len(document.replaces)} RPLC",
            "Accorder versionNumber et relatedDocument : version + 1 et RPLC vont ensemble.",
        )
    for parent in document.replaces:
        if document.id and parent.text == document.id.text:
            yield Finding(
                f"{parent.place}/@root",
                "l'id de la version précédente",
                "l'id du document lui-même",
                "Donner un nouvel id à chaque version, et désigner l'ancien dans relatedDocument.",
            )


@check(
    "CDA-09",
    title="Une version suivante remplace la précédente, et elle seule",
    severity=Severity.BLOCKING,
    source=SOURCE,
    exigences=("DMP/va1.16", "MSS/va1.02"),
)
def chain(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Against the versions seen before: RPLC target, setId, number, patient, type."""
    seen: dict[str, ClinicalDocument] = {}
    for exchange, document in sent_documents(view):
        for parent in document.replaces:
            former = seen.get(parent.text)
            if former is not None:
                yield from _follows(exchange, former, document)
        if document.unique_id:
            seen.setdefault(document.unique_id, document)


def _follows(
    exchange: Exchange, former: ClinicalDocument, document: ClinicalDocument
) -> Iterator[Finding]:
    facts = (
        ("setId", former.set_id and former.set_id.text, document.set_id and document.set_id.text),
        ("versionNumber", str((former.version or 0) + 1), document.version_text),
        ("recordTarget/patientRole/id", _patient(former), _patient(document)),
        ("code", former.code and former.code.code, document.code and document.code.code),
    )
    for name, expected, found in facts:
        if expected != found:
            yield Finding(
                f"/ClinicalDocument/{name}",
                expected or "",
                found or "absent",
                "Garder setId, patient et type de la version remplacée, et ajouter 1 à la version.",
                exchange_id=exchange.id,
                artefact=ClinicalDocument.label,
            )


def _patient(document: ClinicalDocument) -> str | None:
    return document.ins.text if document.ins else None


@check(
    "CDA-10",
    title="Un identifiant de document ne désigne qu'un contenu",
    severity=Severity.BLOCKING,
    source=SOURCE,
    exigences=("SC.CDA/INT.18",),
)
def one_content_per_id(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The same bytes may be sent again, to the DMP and by MSSanté alike."""
    first: dict[str, tuple[Exchange, ClinicalDocument]] = {}
    for exchange, document in sent_documents(view):
        if document.unique_id is None:
            continue
        before, held = first.setdefault(document.unique_id, (exchange, document))
        if held.data != document.data:
            yield Finding(
                "/ClinicalDocument/id",
                f"un identifiant nouveau (contenu différent de l'échange {before.position})",
                document.unique_id,
                "Donner un nouvel id à tout document dont un octet change.",
                exchange_id=exchange.id,
                artefact=ClinicalDocument.label,
            )


def sent_documents(view: JournalView) -> Iterator[tuple[Exchange, ClinicalDocument]]:
    """Documents that the software sent, in order: deposits and mails."""
    for exchange, document in view.artefacts(ClinicalDocument, "dmp", "mssante"):
        if exchange.operation.startswith("TD2.") or exchange.operation == "SMTP":
            yield exchange, document
