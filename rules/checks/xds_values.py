"""Identifiers, dates, visibility and reserved types of a lot (DMP-21-08, 09, 10, 12).

Sources: GUIDE SEL-MP-037 v2.10 by sheet dmp.md §3.6, §3.7, §8.3, §9; EX_2.1-1010,
EX_2.1-1050, EX_2.1-1130, EX_2.1-2005.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from rules.checking import check
from rules.checks.cda_metadata import disagreements
from rules.checks.xds import FEEDING, METADATA_ERROR, SOURCE
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.registry import DocumentEntry
from rules.formats.xds import Submission

OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+")
_TIME = re.compile(r"\d{14}")
_PRESCRIPTIONS = ("57833-6", "57828-6", "57832-8")
"""Types of documents whose act is a period of validity (e-prescription.md §9.2)."""
_DATES = ("creationTime", "serviceStartTime", "serviceStopTime")
VACCINATION_NOTE = "87273-9"
MASKED, HIDDEN = "MASQUE_PS", "INVISIBLE_PATIENT"
VISIBILITY = ("DMP/va1.17", "DMP/va1.18", "LGC.DMP.02", "LGC.DMP.03")

_RESERVED_TYPES = re.compile(r"DOCPAT\d*|EXPPAT_\d+|REMB|11369-6")
_RESERVED_CLASSES = ("60", "90")


def is_reserved(entry: DocumentEntry) -> bool:
    """Whether a document is one that only the DMP or the patient may deposit."""
    kind, klass = entry.type_code, entry.class_code
    return bool(
        (kind and _RESERVED_TYPES.fullmatch(kind.code))
        or (klass and klass.code in _RESERVED_CLASSES)
    )


@check(
    "DMP-21-08",
    title="uniqueId : un OID d'au plus 128 caractères, unique, celui du CDA",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source=f"EX_2.1-1130 ; {SOURCE} §3.7 et §8.3 ; CI-SIS Structuration minimale",
    rejects=METADATA_ERROR,
)
def unique_ids(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Syntax and length, no extension, no double in the message, same as the CDA."""
    objects = submission.objects
    held = [(each.place, each.unique_id) for each in (*objects.submission_sets, *objects.entries)]
    for place, value in held:
        if value is not None:
            yield from _oid(f"{place} (uniqueId)", value)
    for value, count in Counter(v for _, v in held if v).items():
        if count > 1:
            yield Finding(
                objects.place,
                "des uniqueId tous différents",
                f"{value} {count} fois",
                "Donner un uniqueId propre au lot, à chaque document et à la signature.",
                rejects="XDSRepositoryDuplicateUniqueIdInMessage",
            )
    for entry, document in submission.clinical_documents:
        if document.unique_id and entry.unique_id != document.unique_id:
            yield Finding(
                f"{entry.place} (uniqueId)",
                f"{document.unique_id}, id du CDA",
                str(entry.unique_id),
                "Reprendre dans uniqueId l'identifiant du document CDA.",
            )


def _oid(place: str, value: str) -> Iterator[Finding]:
    if not OID.fullmatch(value) or len(value) > 128:
        yield Finding(
            place,
            "un OID d'au plus 128 caractères, sans extension",
            value,
            "Former l'identifiant sous la racine d'OID du logiciel, ou 2.25.<uuid décimal>.",
        )
    elif len(value) > 64:
        yield Finding(
            place,
            "64 caractères au plus (CI-SIS)",
            f"{len(value)} caractères",
            "Raccourcir la partie variable de l'OID.",
            Severity.MINOR,
        )


@check(
    "DMP-21-09",
    title="Dates en UTC sur 14 chiffres, converties du CDA, dans l'ordre, pas dans le futur",
    severity=Severity.MAJOR,
    exigences=FEEDING,
    source=f"{SOURCE} §8.3, §9.1, §9.2, §9.6",
)
def dates(submission: Submission, context: Context) -> Iterator[Finding]:
    """submissionTime, creationTime, serviceStartTime and serviceStopTime.

    A prescription stops when its validity ends: that date is to come.
    """
    objects = submission.objects
    for lot in objects.submission_sets:
        yield from _date(lot.place, "submissionTime", lot.submission_time, context)
    for entry in objects.entries:
        for name in _DATES:
            future = name == "serviceStopTime" and _prescribes(entry)
            yield from _date(entry.place, name, entry.slot(name), context, future=future)
        start, stop = (_instant(entry.slot(name)) for name in _DATES[1:])
        if start and stop and stop < start:
            yield Finding(
                f"{entry.place}/Slot[@name='serviceStopTime']",
                f"au plus tôt {entry.slot('serviceStartTime')}",
                str(entry.slot("serviceStopTime")),
                "Terminer l'acte après son début.",
            )
    for entry, document in submission.clinical_documents:
        for found in disagreements(document, entry):
            if found.metadata in _DATES:
                yield found.finding(entry.place)


def _prescribes(entry: DocumentEntry) -> bool:
    code = (entry.type_code and entry.type_code.code) or ""
    return code in _PRESCRIPTIONS or code.startswith("PRESC-")


def _date(
    place: str, name: str, value: str | None, context: Context, *, future: bool = False
) -> Iterator[Finding]:
    if value is None:
        return
    at = _instant(value)
    if at is None:
        yield Finding(
            f"{place}/Slot[@name='{name}']",
            "AAAAMMJJhhmmss en UTC",
            value or "vide",
            "Écrire la date sur 14 chiffres, convertie en temps universel.",
        )
    elif future:
        return
    elif context.observed_at and at > context.observed_at + context.environment.clock_tolerance:
        yield Finding(
            f"{place}/Slot[@name='{name}']",
            f"au plus tard {context.observed_at:%Y%m%d%H%M%S} UTC",
            value,
            "Convertir l'heure locale en temps universel et vérifier l'horloge : date à venir.",
        )


def _instant(value: str | None) -> datetime | None:
    if value is None or not _TIME.fullmatch(value):
        return None
    try:
        return datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


@check(
    "DMP-21-10",
    title="Confidentialité : N présent, pas de MASQUE_PS avec INVISIBLE_PATIENT",
    severity=Severity.BLOCKING,
    exigences=VISIBILITY,
    source=f"{SOURCE} §3.6 ; EX_2.1-2005 (note de vaccination)",
    rejects=METADATA_ERROR,
)
def confidentiality(submission: Submission, _context: Context) -> Iterator[Finding]:
    """1 to 4 codes, each once; a vaccination note is visible to all."""
    for entry in submission.objects.documents:
        place = f"{entry.place} (confidentialityCode)"
        found = [code.code for code in entry.confidentiality]
        text = ", ".join(found) or "aucun"
        if "N" not in found or len(found) != len(set(found)):
            yield Finding(
                place,
                "N, et chaque restriction une fois",
                text,
                "Toujours envoyer le code N, et y ajouter les restrictions choisies.",
            )
        if {MASKED, HIDDEN} <= entry.visibility:
            yield Finding(
                place,
                f"{MASKED} ou {HIDDEN}, non les deux",
                text,
                "Ne pas laisser masquer un document à la fois aux professionnels et au patient.",
            )
        note = entry.type_code is not None and entry.type_code.code == VACCINATION_NOTE
        if note and entry.visibility - {"N"}:
            yield Finding(
                place,
                "N seul pour une note de vaccination",
                text,
                "Envoyer les notes de vaccination sans restriction de visibilité.",
            )


@check(
    "DMP-21-12",
    title="Aucun type de document réservé au patient ou à l'assurance maladie",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source="EX_2.1-1010 ; fiche DMP §3.7",
    rejects=METADATA_ERROR,
)
def reserved(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Class 90 and DOCPAT*, class 60 and REMB, vaccination history 11369-6."""
    for entry in submission.objects.documents:
        if is_reserved(entry):
            kind = entry.type_code.code if entry.type_code else "sans type"
            klass = entry.class_code.code if entry.class_code else "sans classe"
            yield Finding(
                f"{entry.place} (typeCode)",
                "un type qu'un professionnel peut déposer",
                f"type {kind}, classe {klass}",
                f"Ne pas proposer le type {kind} : il ne fait pas partie du domaine d'affinité.",
            )
