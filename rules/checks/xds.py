"""The lot of a deposit: structure and complete metadata (DMP-21-01 to 03, 07, 20).

Sources: GUIDE SEL-MP-037 v2.10 by sheet dmp.md §8.1, §8.3, §9.1 to §9.3;
EX_2.1-1020 to 1040, EX_2.1-1140, EX_2.1-1260; IHE ITI TF-3 §4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from rules.checking import check
from rules.checks.xds_authors import author_faults, person_faults
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.dmp import DmpRequest
from rules.formats.registry import (
    CLASS_CODE,
    CONTENT_TYPE_CODE,
    ENTRY_PATIENT_ID,
    ENTRY_UNIQUE_ID,
    FACILITY_CODE,
    FORMAT_CODE,
    HAS_MEMBER,
    PRACTICE_CODE,
    REPLACES,
    SET_PATIENT_ID,
    SET_SOURCE_ID,
    SET_UNIQUE_ID,
    SIGNS,
    STABLE_DOCUMENT,
    SUBMISSION_SET_NODE,
    TYPE_CODE,
    DocumentEntry,
    RegistryObjects,
    SubmissionSet,
)
from rules.formats.vihf import Vihf
from rules.formats.xds import Submission

FEEDING = ("DMP/va1.01", "LGC.DMP.01")
METADATA_ERROR = "XDSRepositoryMetadataError"
SOURCE = "GUIDE §8-9 par la fiche DMP"
TITLE_LENGTH = 128


def vihf_of(context: Context) -> Vihf | None:
    """The VIHF of the call that carries the artefact being judged, when known."""
    request = context.within(DmpRequest)
    return request.vihf if isinstance(request, DmpRequest) else None


@check(
    "DMP-21-01",
    title="Un lot complet : documents, signature, liens, et les octets de chaque fiche en MTOM",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source=f"{SOURCE} §8.1 ; EX_2.1-1260",
    rejects=METADATA_ERROR,
)
def lot_structure(submission: Submission, context: Context) -> Iterator[Finding]:
    """Numbers of objects, associations, and one document part per entry."""
    objects = submission.objects
    lots = objects.submission_sets
    if len(lots) != 1 or SUBMISSION_SET_NODE not in lots[0].nodes:
        yield Finding(
            f"{objects.place}/RegistryPackage",
            f"un lot classé {SUBMISSION_SET_NODE}",
            f"{len(lots)} RegistryPackage",
            "Déposer un lot et un seul, avec sa classification SubmissionSet.",
        )
    if not objects.documents:
        yield Finding(
            f"{objects.place}/ExtrinsicObject",
            "au moins un document",
            "aucun",
            "Décrire chaque document déposé par un ExtrinsicObject.",
            rejects="XDSMissingDocumentMetadata",
        )
    if len(objects.signatures) != 1:
        yield Finding(
            f"{objects.place}/ExtrinsicObject",
            "une fiche de signature du lot",
            str(len(objects.signatures)),
            "Joindre au lot la fiche et le document de sa signature XAdES.",
        )
    yield from _links(objects)
    yield from _documents(submission, context)


def _links(objects: RegistryObjects) -> Iterator[Finding]:
    lot = objects.submission_set
    if lot is None:
        return
    members = [a.target for a in objects.links(HAS_MEMBER) if a.source == lot.id]
    for entry in objects.entries:
        if members.count(entry.id) != 1:
            yield Finding(
                f"{entry.place} ({entry.id})",
                "une association HasMember depuis le lot",
                str(members.count(entry.id)),
                "Rattacher chaque fiche au lot par une association HasMember, une seule.",
            )
    signs = [(a.source, a.target) for a in objects.links(SIGNS)]
    wanted = [(entry.id, lot.id) for entry in objects.signatures]
    if signs != wanted and len(wanted) == 1:
        yield Finding(
            f"{objects.place}/Association (signs)",
            "une association signs de la fiche de signature vers le lot",
            f"{len(signs)} : {signs}",
            "Relier la fiche de signature au lot par l'association signs.",
        )
    ids = {entry.id for entry in objects.documents}
    for link in objects.links(REPLACES):
        if link.source not in ids:
            yield Finding(
                link.place,
                "un document du lot en sourceObject",
                link.source,
                "Faire partir l'association RPLC du document qui remplace.",
            )


def _documents(submission: Submission, context: Context) -> Iterator[Finding]:
    paired: set[str] = set()
    for entry in submission.objects.entries:
        document = submission.document_of(entry)
        if document is not None:
            paired.add(document.id)
            if document.xop and document.data is None and context.parts_apart:
                continue
        if document is None or document.data is None:
            yield Finding(
                f"{entry.place} ({entry.id})",
                "un élément Document et ses octets",
                "absents" if document is None else f"partie {document.href} introuvable",
                "Envoyer pour chaque fiche un Document dont xop:Include désigne une partie.",
                rejects="XDSMissingDocument",
            )
            continue
        if not document.xop:
            yield Finding(
                document.place,
                "xop:Include",
                "contenu en base64 dans l'enveloppe",
                "Envoyer les documents en MTOM : une partie par document, désignée par "
                "xop:Include.",
            )
        if document.id != entry.id:
            yield Finding(
                f"{document.place}/@id",
                entry.id,
                document.id,
                "Écrire l'identifiant du document exactement comme dans sa fiche.",
                Severity.MINOR,
            )
    for document in submission.documents:
        if document.id not in paired:
            yield Finding(
                document.place,
                "un ExtrinsicObject de même id",
                document.id,
                "Décrire chaque document envoyé par une fiche.",
                rejects="XDSMissingDocumentMetadata",
            )


@check(
    "DMP-21-02",
    title="Métadonnées du lot complètes ; son auteur est l'utilisateur du VIHF",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source=f"{SOURCE} §9.1, §8.3",
    rejects=METADATA_ERROR,
)
def lot_metadata(submission: Submission, context: Context) -> Iterator[Finding]:
    """submissionTime, author, contentTypeCode, patientId, sourceId, uniqueId: one each."""
    for lot in submission.objects.submission_sets[:1]:
        values = {
            "submissionTime": lot.slots.get("submissionTime", ()),
            "contentTypeCode": lot.codes.get(CONTENT_TYPE_CODE, ()),
            "patientId": lot.identifiers.get(SET_PATIENT_ID, ()),
            "sourceId": lot.identifiers.get(SET_SOURCE_ID, ()),
            "uniqueId": lot.identifiers.get(SET_UNIQUE_ID, ()),
            "author": lot.authors,
        }
        yield from _once(lot, values)
        for author in lot.authors:
            yield from author_faults(author)
        yield from _lot_author(lot, vihf_of(context))


def _once(
    each: SubmissionSet | DocumentEntry, values: Mapping[str, tuple[object, ...]]
) -> Iterator[Finding]:
    for name, found in values.items():
        if len(found) != 1 or not found[0]:
            yield Finding(
                f"{each.place} ({name})",
                "une valeur",
                "vide" if len(found) == 1 else f"{len(found)} valeur(s)",
                f"Renseigner {name} une fois, et une seule.",
            )


def _lot_author(lot: SubmissionSet, vihf: Vihf | None) -> Iterator[Finding]:
    if vihf is None or not lot.authors:
        return
    author = lot.authors[0]
    if vihf.mode == "DIRECTE":
        expected, found = vihf.name_id, author.person.id if author.person else ""
    else:
        expected = vihf.structure_id
        found = next((i.id for i in author.institutions), "")
    if expected is not None and found != expected:
        yield Finding(
            f"{author.place} ({lot.id})",
            f"{expected}, l'utilisateur du VIHF",
            found or "absent",
            "L'auteur du lot est celui qui l'envoie : reprendre l'utilisateur du VIHF.",
        )


@check(
    "DMP-21-03",
    title="Métadonnées de chaque document complètes, empreinte et taille exactes",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source=f"{SOURCE} §9.2, §9.3 ; SI-DMP versions 38-40",
    rejects=METADATA_ERROR,
)
def entry_metadata(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Cardinalities, authors, sourcePatientInfo, hash and size, same patient as the lot."""
    lot = submission.objects.submission_set
    for entry in submission.objects.entries:
        yield from _once(entry, _expected_once(entry))
        yield from _entry_people(entry)
        yield from _patient_info(entry)
        yield from _bytes(entry, submission.bytes_of(entry))
        patient, shared = entry.patient_id, None if lot is None else lot.patient_id
        if patient and shared and patient.same_as != shared.same_as:
            yield Finding(
                f"{entry.place} (patientId)",
                shared.text,
                patient.text,
                "Un lot ne porte que sur un patient : mettre le même patientId partout.",
                rejects="XDSPatientIdDoesNotMatch",
            )
        if entry.object_type != STABLE_DOCUMENT:
            yield Finding(
                f"{entry.place}/@objectType",
                STABLE_DOCUMENT,
                str(entry.object_type),
                "Déclarer un document stable dans objectType.",
            )


def _expected_once(entry: DocumentEntry) -> dict[str, tuple[object, ...]]:
    slots = (
        "creationTime",
        "languageCode",
        "legalAuthenticator",
        "serviceStartTime",
        "sourcePatientId",
    )
    return {
        "mimeType": (entry.mime_type,),
        "title": (entry.title,),
        "classCode": entry.codes.get(CLASS_CODE, ()),
        "typeCode": entry.codes.get(TYPE_CODE, ()),
        "formatCode": entry.codes.get(FORMAT_CODE, ()),
        "healthcareFacilityTypeCode": entry.codes.get(FACILITY_CODE, ()),
        "practiceSettingCode": entry.codes.get(PRACTICE_CODE, ()),
        "patientId": entry.identifiers.get(ENTRY_PATIENT_ID, ()),
        "uniqueId": entry.identifiers.get(ENTRY_UNIQUE_ID, ()),
        **{name: entry.slots.get(name, ()) for name in slots},
    }


def _entry_people(entry: DocumentEntry) -> Iterator[Finding]:
    if not entry.authors:
        yield Finding(
            f"{entry.place} (author)",
            "au moins un auteur",
            "aucun",
            "Décrire l'auteur du document par une classification author.",
        )
    for author in entry.authors:
        yield from author_faults(author)
    if entry.legal_authenticator is not None:
        place = f"{entry.place}/Slot[@name='legalAuthenticator']"
        yield from person_faults(entry.legal_authenticator, place)


def _patient_info(entry: DocumentEntry) -> Iterator[Finding]:
    given = "sourcePatientInfo" in entry.slots
    if entry.is_signature and not given:
        return
    lines = entry.source_patient_info
    empty = given and not all(line.partition("|")[2].strip("^") for line in lines)
    if not any(line.startswith("PID-5|") for line in lines) or empty:
        yield Finding(
            f"{entry.place}/Slot[@name='sourcePatientInfo']",
            "PID-5|NOM^PRENOM^PRENOMS^^^^L, sans valeur vide",
            " ; ".join(lines) or "absent ou vide",
            "Renseigner le champ sourcePatientInfo PID-5, obligatoire, et n'envoyer aucune valeur "
            "vide ; sur la fiche de signature, ne pas écrire le slot.",
        )


def _bytes(entry: DocumentEntry, data: bytes | None) -> Iterator[Finding]:
    if data is None:
        return
    computed = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    if "hash" in entry.slots and (entry.hash or "").lower() != computed:
        yield Finding(
            f"{entry.place}/Slot[@name='hash']",
            computed,
            entry.hash or "vide",
            "Calculer hash (SHA-1, hexadécimal) sur les octets envoyés, après toute mise en forme.",
            rejects="XDSNonIdenticalHash",
        )
    if "size" in entry.slots and entry.size != str(len(data)):
        yield Finding(
            f"{entry.place}/Slot[@name='size']",
            str(len(data)),
            entry.size or "vide",
            "Écrire dans size le nombre d'octets envoyés.",
            rejects="XDSNonIdenticalSize",
        )


@check(
    "DMP-21-07",
    title="L'utilisateur du VIHF est auteur ou responsable de chaque document",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source="EX_2.1-1140",
    rejects=METADATA_ERROR,
)
def author_rule(submission: Submission, context: Context) -> Iterator[Finding]:
    """Direct: a person of the document; indirect: the structure of one author."""
    vihf = vihf_of(context)
    if vihf is None:
        return
    direct = vihf.mode == "DIRECTE"
    expected = vihf.name_id if direct else vihf.structure_id
    for entry in submission.objects.documents:
        people = [author.person for author in entry.authors] + [entry.legal_authenticator]
        persons = {p.id for p in people if p is not None}
        structures = {i.id for author in entry.authors for i in author.institutions}
        if expected not in (persons if direct else structures):
            yield Finding(
                f"{entry.place} (author)",
                f"{expected} parmi les auteurs ou le responsable",
                ", ".join(sorted(persons if direct else structures)) or "aucun",
                "Nommer l'utilisateur du VIHF (ou sa structure en mode indirect) parmi les auteurs "
                "du document ou comme responsable.",
            )


@check(
    "DMP-21-20",
    title="Titre du document d'au plus 128 caractères, entier",
    severity=Severity.MINOR,
    exigences=(*FEEDING, "SC.DMP/CONF.04"),
    source="EX_2.1-1020, EX_2.1-1030, EX_2.1-1040",
)
def titles(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Length, and a cut at 128 characters seen by the longer title of the CDA."""
    whole = {e.id: d.title for e, d in submission.clinical_documents if d.title}
    for entry in submission.objects.documents:
        title = entry.title or ""
        full = whole.get(entry.id, title)
        cut = len(title) < len(full) and full.startswith(title.rstrip("… "))
        if len(title) > TITLE_LENGTH or cut:
            yield Finding(
                f"{entry.place}/Name",
                f"un titre entier d'au plus {TITLE_LENGTH} caractères",
                f"{len(title)} caractères" + (" (titre du CDA coupé)" if cut else ""),
                "Limiter la saisie du titre à 128 caractères plutôt que de le couper à l'envoi.",
            )
