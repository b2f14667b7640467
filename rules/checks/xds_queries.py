"""Searches, readings and updates (DMP-31-01, 04, 05, DMP-32-01, DMP-33-01, 02).

Sources: IHE ITI TF-2 §3.18; GUIDE SEL-MP-037 v2.10 by sheet dmp.md §13; CNDA test
book 2.10c 3.1-010; PDT-INF-526 v1.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.dmp import DmpRequest
from rules.formats.registry import HAS_MEMBER, UPDATE_STATUS
from rules.formats.xds import MetadataUpdate
from rules.formats.xds_query import (
    FIND_BY_REFERENCE_ID,
    FIND_DOCUMENTS,
    FIND_SUBMISSION_SETS,
    GET_ASSOCIATIONS,
    GET_DOCUMENTS,
    GET_DOCUMENTS_AND_ASSOCIATIONS,
    GET_RELATED_DOCUMENTS,
    GET_SUBMISSION_SET_AND_CONTENTS,
    GET_SUBMISSION_SETS,
    RetrieveRequest,
    StoredQuery,
)

CONSULTATION = ("DMP/va1.19",)
DELETION = ("DMP/va1.16", "SC.DMP/CONF.03")
REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
_APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
_ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
_DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"
_TRANSITIONS = {
    (_APPROVED, _DELETED),
    (_ARCHIVED, _DELETED),
    (_APPROVED, _ARCHIVED),
    (_ARCHIVED, _APPROVED),
}

_ONE_OF = {
    FIND_DOCUMENTS: ("$XDSDocumentEntryStatus",),
    FIND_SUBMISSION_SETS: ("$XDSSubmissionSetStatus",),
    GET_DOCUMENTS: ("$XDSDocumentEntryUniqueId", "$XDSDocumentEntryEntryUUID"),
    GET_ASSOCIATIONS: ("$uuid",),
    GET_DOCUMENTS_AND_ASSOCIATIONS: ("$XDSDocumentEntryUniqueId", "$XDSDocumentEntryEntryUUID"),
    GET_SUBMISSION_SETS: ("$uuid",),
    GET_SUBMISSION_SET_AND_CONTENTS: ("$XDSSubmissionSetEntryUUID", "$XDSSubmissionSetUniqueId"),
    GET_RELATED_DOCUMENTS: ("$XDSDocumentEntryUniqueId", "$XDSDocumentEntryEntryUUID"),
    FIND_BY_REFERENCE_ID: ("$XDSDocumentEntryReferenceIdList",),
}
"""Known queries, and the parameters one of which each needs."""
_LIMITS = {
    (GET_DOCUMENTS, "$XDSDocumentEntryUniqueId"): 20,
    (GET_DOCUMENTS_AND_ASSOCIATIONS, "$XDSDocumentEntryUniqueId"): 20,
    (GET_DOCUMENTS_AND_ASSOCIATIONS, "$XDSDocumentEntryEntryUUID"): 88,
    (GET_RELATED_DOCUMENTS, "$XDSDocumentEntryUniqueId"): 20,
    (GET_ASSOCIATIONS, "$uuid"): 1000,
    (GET_SUBMISSION_SETS, "$uuid"): 1000,
}
_DATE = re.compile(r"\d{4}(?:\d{2}){0,5}")
_STRING = re.compile(r"'(?:[^']|'')*'")
_LIST = re.compile(rf"\(\s*{_STRING.pattern}(?:\s*,\s*{_STRING.pattern})*\s*\)")
_LISTS = (
    "Status",
    "Code",
    "CodeList",
    "UniqueId",
    "EntryUUID",
    "$uuid",
    "AuthorPerson",
    "ReferenceIdList",
    "$AssociationTypes",
)


@check(
    "DMP-31-01",
    title="Recherche bien écrite : identifiant, paramètres, guillemets",
    severity=Severity.BLOCKING,
    exigences=CONSULTATION,
    source="IHE ITI TF-2 §3.18.4.1.2 ; fiche DMP §13.1",
    rejects="XDSRegistryError",
)
def query_syntax(query: StoredQuery, _context: Context) -> Iterator[Finding]:
    """Known query, its mandatory parameter, return type, quoting, 256 characters by Value."""
    wanted = _ONE_OF.get(query.query_id)
    if wanted is None:
        yield Finding(
            f"{query.place}/AdhocQuery/@id",
            "l'identifiant d'une recherche stockée",
            query.query_id or "absent",
            "Appeler une des recherches que le DMP connaît (FindDocuments, GetDocuments, …).",
            rejects="XDSUnknownStoredQuery",
        )
    elif not any(query.values(name) for name in wanted):
        yield Finding(
            f"{query.place}/AdhocQuery",
            " ou ".join(wanted),
            "absent",
            "Ajouter le paramètre obligatoire de cette recherche.",
            rejects="XDSStoredQueryMissingParam",
        )
    if query.return_type not in ("LeafClass", "ObjectRef"):
        yield Finding(
            f"{query.place}/ResponseOption/@returnType",
            "LeafClass ou ObjectRef",
            query.return_type or "absent",
            "Demander des fiches (LeafClass) ou des références (ObjectRef).",
        )
    for name, groups in query.parameters.items():
        for raw in (value for group in groups for value in group):
            yield from _quoting(query, name, raw)


def _quoting(query: StoredQuery, name: str, raw: str) -> Iterator[Finding]:
    place = f"{query.place}//Slot[@name='{name}']"
    if len(raw) > 256:
        yield Finding(
            place,
            "256 caractères par Value (ebRIM)",
            str(len(raw)),
            "Répartir la liste sur plusieurs Value, chacune entre ses parenthèses.",
        )
    if name.endswith(("TimeFrom", "TimeTo")):
        right, expected = _DATE.fullmatch(raw), "une date sans guillemets"
    elif name.endswith(_LISTS):
        right, expected = _LIST.fullmatch(raw) or _STRING.fullmatch(raw), "('a','b')"
    else:
        right, expected = _STRING.fullmatch(raw), "'valeur'"
    if name.startswith("$") and not right:
        yield Finding(
            place,
            expected,
            raw or "vide",
            "Écrire les textes entre apostrophes, les listes entre parenthèses, les dates nues.",
        )


@check(
    "DMP-31-04",
    title="Nombre d'identifiants demandés sous les seuils du DMP",
    severity=Severity.MAJOR,
    exigences=CONSULTATION,
    source="GUIDE par la fiche DMP §13.1 ; cahier CNDA 3.1-010",
    rejects="XDSRegistryError",
)
def thresholds(query: StoredQuery, _context: Context) -> Iterator[Finding]:
    """20 uniqueId, 88 entryUUID, 1000 uuid."""
    for (query_id, name), limit in _LIMITS.items():
        count = len(query.values(name)) if query.query_id == query_id else 0
        if count > limit:
            yield Finding(
                f"{query.place}//Slot[@name='{name}']",
                f"{limit} identifiants au plus",
                str(count),
                "Répartir la demande sur plusieurs appels.",
            )


@check(
    "DMP-31-05",
    title="En authentification indirecte, seules les références sont demandées",
    severity=Severity.BLOCKING,
    exigences=("DMP/va1.16",),
    source="PDT-INF-526 v1.8 ; RG_3130 ; fiche DMP §3.8, §4",
    rejects="DMPAccessDeniedByRightsService",
)
def references_only(query: StoredQuery, context: Context) -> Iterator[Finding]:
    """LeafClass needs a professional who authenticates directly, or AIR."""
    request = context.within(DmpRequest)
    vihf = request.vihf if isinstance(request, DmpRequest) else None
    if vihf is not None and vihf.mode == "INDIRECTE" and query.return_type == "LeafClass":
        yield Finding(
            f"{query.place}/ResponseOption/@returnType",
            "ObjectRef",
            "LeafClass avec un VIHF INDIRECTE",
            "Demander des références (ObjectRef) : une structure ne consulte pas les métadonnées.",
        )


@check(
    "DMP-32-01",
    title="Demande de documents par leur uniqueId, à l'entrepôt du DMP",
    severity=Severity.BLOCKING,
    exigences=CONSULTATION,
    source="fiche DMP §13.2",
    rejects="XDSDocumentUniqueIdError",
)
def retrieval(request: RetrieveRequest, _context: Context) -> Iterator[Finding]:
    """At least one document; no entryUUID in the place of an uniqueId."""
    if not request.documents:
        yield Finding(
            request.place,
            "au moins un DocumentRequest",
            "aucun",
            "Nommer le document à consulter.",
        )
    for document in request.documents:
        if not document.unique_id or document.unique_id.startswith("urn:uuid:"):
            yield Finding(
                f"{document.place}/DocumentUniqueId",
                "l'uniqueId rendu par TD3.1",
                document.unique_id or "vide",
                "Demander le document par son uniqueId, non par son entryUUID.",
            )
        if document.repository_unique_id != REPOSITORY:
            yield Finding(
                f"{document.place}/RepositoryUniqueId",
                REPOSITORY,
                document.repository_unique_id or "vide",
                "Reprendre le repositoryUniqueId rendu par TD3.1.",
                rejects="XDSUnknownRepositoryId",
            )


@check(
    "DMP-33-01",
    title="Suppression et archivage : statuts permis, entryUUID, ni document ni signature",
    severity=Severity.BLOCKING,
    exigences=DELETION,
    source="fiche DMP §3.7, §13.3",
    rejects="XDSMetadataUpdateError",
)
def status_update(update: MetadataUpdate, _context: Context) -> Iterator[Finding]:
    """Each UpdateAvailabilityStatus association."""
    lot = update.objects.submission_set
    links = update.objects.links(UPDATE_STATUS)
    for link in links:
        change = (link.slot("OriginalStatus"), link.slot("NewStatus"))
        if change not in _TRANSITIONS:
            yield Finding(
                link.place,
                "Approved ou Archived → Deleted, Approved ⇄ Archived",
                f"{change[0]} → {change[1]}",
                "Écrire le statut courant du document et un nouveau statut permis.",
            )
        if not link.target.startswith("urn:uuid:") or lot is None or link.source != lot.id:
            yield Finding(
                link.place,
                "du lot vers urn:uuid:<entryUUID>",
                f"{link.source} → {link.target}",
                "Relier le lot à l'entryUUID que TD3.1b vient de rendre.",
            )
    if links and update.objects.entries:
        yield Finding(
            update.place,
            "aucun ExtrinsicObject",
            str(len(update.objects.entries)),
            "Ne joindre ni fiche ni signature à un changement de statut.",
        )


@check(
    "DMP-33-02",
    title="Changement de visibilité : fiche entière, logicalId, version précédente",
    severity=Severity.BLOCKING,
    exigences=("DMP/va1.17",),
    source="fiche DMP §13.4 (modèle de masquage du kit)",
    rejects="XDSMetadataUpdateError",
)
def visibility_update(update: MetadataUpdate, _context: Context) -> Iterator[Finding]:
    """lid, VersionInfo, hash, size and repositoryUniqueId kept; PreviousVersion on HasMember."""
    for entry in update.objects.entries:
        kept = {
            "lid": entry.lid,
            "versionName": entry.version,
            "hash": entry.hash,
            "size": entry.size,
            "repositoryUniqueId": entry.slot("repositoryUniqueId"),
            "uniqueId": entry.unique_id,
        }
        missing = [name for name, value in kept.items() if not value]
        if missing:
            yield Finding(
                entry.place,
                "toutes les métadonnées rendues par TD3.1",
                f"sans {', '.join(missing)}",
                "Renvoyer la fiche telle que rendue, et ne changer que confidentialityCode.",
            )
        member = next((a for a in update.objects.links(HAS_MEMBER) if a.target == entry.id), None)
        previous = None if member is None else member.slot("PreviousVersion")
        if not previous or previous != entry.version:
            yield Finding(
                f"{update.place}//Association (PreviousVersion)",
                str(entry.version),
                previous or "absente",
                "Écrire dans HasMember la version que l'on remplace.",
                rejects="XDSMetadataVersionError",
            )
