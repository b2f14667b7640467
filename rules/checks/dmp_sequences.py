"""Deposits in their sequence: replacement, visibility, repetition (DMP-21-11, 16, 17, 18).

Sources: GUIDE SEL-MP-037 v2.10 by sheet dmp.md §3.6 to §3.8; RG_3130, EX_2.1-1050,
EX_3.1-1090, EX_3.3-1040.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from rules.checking import check
from rules.checks.dmp_patient import Call, calls
from rules.checks.xds_values import HIDDEN, VISIBILITY
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.dmp import DmpRequest
from rules.formats.registry import REPLACES, DocumentEntry, RegistryObjects
from rules.formats.xds import MetadataUpdate, Submission
from rules.formats.xds_query import GET_DOCUMENTS, StoredQuery, StoredQueryAnswer
from rules.judge import JournalView

REPLACEMENT = ("DMP/va1.16", "LGC.DMP.01")
HIDDEN_FROM_PARENTS = "INVISIBLE_REPRESENTANTS_LEGAUX"
AUTOMATIC = timedelta(seconds=60)
"""A search that follows a deposit this closely was not asked by a person (bound of the bench)."""


def _objects(call: Call) -> RegistryObjects | None:
    body = call.request.body
    return body.objects if isinstance(body, Submission | MetadataUpdate) else None


def _found(call: Call, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        "séquence des appels",
        expected,
        found,
        advice,
        exchange_id=call.exchange.id,
        artefact=DmpRequest.label,
    )


@dataclass(slots=True)
class _Registry:
    """What a journal shows of the documents: uniqueIds, entryUUIDs, visibility."""

    visibility: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """By uniqueId, restrictions of the last accepted state."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """entryUUID or logicalId → uniqueId."""

    def note(self, entry: DocumentEntry) -> None:
        if entry.unique_id is None or entry.is_signature:
            return
        self.visibility[entry.unique_id] = entry.visibility
        for name in (entry.id, entry.lid):
            if name and name.startswith("urn:uuid:"):
                self.names[name] = entry.unique_id

    def learn(self, view: JournalView, call: Call) -> None:
        """Answers of searches: GetDocuments of one uniqueId, or whole entries."""
        answer = view.reading(call.exchange).first(StoredQueryAnswer)
        body = call.request.body
        if answer is None or not isinstance(body, StoredQuery):
            return
        asked = body.values("$XDSDocumentEntryUniqueId")
        if body.query_id == GET_DOCUMENTS and len(asked) == 1:
            self.names.update(dict.fromkeys(answer.objects.references, asked[0]))
        for entry in answer.objects.entries:
            self.note(entry)


@check(
    "DMP-21-11",
    title="Un document rendu visible ne redevient jamais invisible",
    severity=Severity.BLOCKING,
    exigences=VISIBILITY,
    source="EX_2.1-1050, EX_3.3-1040, EX_3.3-1045",
)
def visibility_never_goes_back(view: JournalView, _context: Context) -> Iterator[Finding]:
    """For the patient and for the legal representatives, by replacement or by update."""
    registry = _Registry()
    for call in calls(view):
        objects = _objects(call)
        if objects is None:
            registry.learn(view, call)
            continue
        replaced = {link.source: link.target for link in objects.links(REPLACES)}
        for entry in objects.documents:
            former = registry.names.get(replaced.get(entry.id, ""), entry.unique_id or "")
            before = registry.visibility.get(former)
            again = frozenset[str]() if before is None else entry.visibility - before
            for code in sorted(again & {HIDDEN, HIDDEN_FROM_PARENTS}):
                yield _found(
                    call,
                    f"un document qui reste visible ({former})",
                    f"ajout de {code}",
                    "Bloquer avant l'envoi : un document visible du patient ou de ses "
                    "représentants ne peut plus leur être caché.",
                )
        if call.exchange.accepted:
            for entry in objects.documents:
                registry.note(entry)


@check(
    "DMP-21-16",
    title="Un document déjà déposé n'est pas renvoyé",
    severity=Severity.MAJOR,
    exigences=("DMP/va1.01", "SC.DMP/ALI/PROG.01"),
    source="fiche DMP §3.8 (alimentation)",
)
def not_sent_again(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Same uniqueId or same bytes after an accepted deposit; a lost answer is no deposit."""
    accepted: dict[str, str] = {}
    for call in calls(view):
        body = call.request.body
        if not isinstance(body, Submission):
            continue
        keys = {key: entry for entry in body.objects.documents for key in _keys(body, entry)}
        again = sorted({accepted[key] for key in keys if key in accepted})
        for unique_id in again:
            yield _found(
                call,
                "un document nouveau ou modifié",
                f"déjà déposé : {unique_id}",
                "Retenir l'uniqueId des dépôts acceptés et ne pas les refaire.",
            )
        if call.exchange.accepted:
            accepted.update({key: entry.unique_id or entry.id for key, entry in keys.items()})


def _keys(body: Submission, entry: DocumentEntry) -> Iterator[str]:
    if entry.unique_id:
        yield f"id {entry.unique_id}"
    for described, document in body.clinical_documents:
        if described.id == entry.id:
            yield f"sha1 {document.sha1}"


@check(
    "DMP-21-17",
    title="Aucune recherche automatique après un dépôt",
    severity=Severity.MAJOR,
    exigences=("DMP/va1.01",),
    source="EX_3.1-1090",
)
def no_search_after_feeding(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The next call for the patient, at once, with no gesture of a user between."""
    gestures = [e.started_at for e in view.of("lgc")]
    last: dict[str | None, Call] = {}
    for call in calls(view):
        former = last.get(call.patient)
        last[call.patient] = call
        if former is None or former.transaction != "TD2.1" or call.transaction != "TD3.1":
            continue
        start, end = former.exchange.started_at, call.exchange.started_at
        if end - start <= AUTOMATIC and not any(start < at <= end for at in gestures):
            yield _found(
                call,
                "pas de TD3.1 après l'alimentation",
                f"TD3.1 {int((end - start).total_seconds())} s après le dépôt",
                "Ne pas rechercher les documents après un dépôt : la réponse Success suffit.",
            )


@check(
    "DMP-21-18",
    title="Un remplacement part de la version courante, demandée juste avant (TD3.1b, ObjectRef)",
    severity=Severity.BLOCKING,
    exigences=REPLACEMENT,
    source="RG_2710, RG_3130 ; fiche DMP §3.7, §3.8",
)
def replaced_after_search(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The target of RPLC is in the last answer to a GetDocuments by uniqueId."""
    current: dict[str | None, tuple[str, ...]] = {}
    for call in calls(view):
        body = call.request.body
        if isinstance(body, StoredQuery):
            answer = view.reading(call.exchange).first(StoredQueryAnswer)
            asked = body.query_id == GET_DOCUMENTS and body.return_type == "ObjectRef"
            if asked and answer is not None and body.values("$XDSDocumentEntryUniqueId"):
                current[call.patient] = answer.objects.references
        elif isinstance(body, Submission):
            for link in body.objects.links(REPLACES):
                if link.target not in current.get(call.patient, ()):
                    yield _found(
                        call,
                        "RPLC vers l'entryUUID rendu par un TD3.1b récent",
                        link.target,
                        "Juste avant de remplacer, demander l'entryUUID par uniqueId "
                        "(GetDocuments, ObjectRef) et ne pas le garder d'une fois à l'autre.",
                    )
            if call.exchange.accepted:
                current.pop(call.patient, None)


@check(
    "DMP-21-18",
    title="L'association RPLC désigne un entryUUID, et le document porte un nouvel identifiant",
    severity=Severity.BLOCKING,
    exigences=REPLACEMENT,
    source="fiche DMP §8.1, §9.7",
    rejects="XDSReplaceFailed",
)
def replacement_link(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Form of the target; the CDA does not replace itself."""
    for link in submission.objects.links(REPLACES):
        if not link.target.startswith("urn:uuid:"):
            yield Finding(
                f"{link.place}/@targetObject",
                "urn:uuid:<entryUUID du document remplacé>",
                link.target or "vide",
                "Désigner le document remplacé par son entryUUID, non par son uniqueId.",
            )
    for entry, document in submission.clinical_documents:
        if entry.unique_id in {parent.text for parent in document.replaces}:
            yield Finding(
                f"{entry.place} (uniqueId)",
                "un nouvel uniqueId",
                str(entry.unique_id),
                "Donner un nouvel identifiant à chaque version d'un document.",
            )
