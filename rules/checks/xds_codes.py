"""Codes of a lot: value sets, pairs of codes, fixed values of the signature entry.

DMP-21-04, 05, 15. Sources: JDV_J57 to J62 and J66, ASS_X04, ASS_A11 v5 by sheet
dmp.md §9.5 and §10. The DMP lists J61, J62 and J66 were not read: the CI-SIS lists
they restrict stand for them, and the table class–type is judged on observed pairs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from rules.checking import check
from rules.checks.cda_metadata import disagreements
from rules.checks.xds import FEEDING, METADATA_ERROR
from rules.checks.xds_values import is_reserved
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.registry import SIGNATURE_CLASS, SIGNATURE_FORMAT, Coded, DocumentEntry
from rules.formats.xds import Submission
from rules.vocabulary import Code, codes, pairs

_OTHER = "1.2.250.1.213.1.1.4.6"
_NON_PS = {code: Code(code, _OTHER, "") for code in ("EXP_PATIENT", "SNR")}
_CABINETS = ("SA05", "SA07", "SA08", "SA09", "SA52", "SA67")
_PURPOSE = Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source")


def _list(name: str, *, with_others: bool = False) -> Mapping[str, Code]:
    return {**codes(name), **_NON_PS} if with_others else codes(name)


@check(
    "DMP-21-04",
    title="Codes du lot pris dans les jeux de valeurs du DMP, avec leur terminologie",
    severity=Severity.BLOCKING,
    exigences=FEEDING,
    source="JDV_J57 à J62, J66 ; fiche DMP §10",
    rejects=METADATA_ERROR,
)
def value_sets(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Code and codingScheme; a label that differs is minor."""
    objects = submission.objects
    for lot in objects.submission_sets:
        known = codes("jdv-j59-content-type-code-dmp")
        yield from _judge("contentTypeCode", lot.content_type_code, known, "JDV_J59")
    for entry in objects.entries:
        for name, code, known, title in _coded(entry):
            yield from _judge(name, code, known, title)


def _coded(
    entry: DocumentEntry,
) -> Iterator[tuple[str, Coded | None, Mapping[str, Code], str]]:
    for code in entry.confidentiality:
        yield "confidentialityCode", code, codes("jdv-j58-confidentiality-code-dmp"), "JDV_J58"
    facilities = _list("jdv-j02-healthcare-facility", with_others=True)
    yield "healthcareFacilityTypeCode", entry.facility_code, facilities, "JDV_J61"
    settings = _list("jdv-j04-practice-setting", with_others=True)
    yield "practiceSettingCode", entry.practice_code, settings, "JDV_J62"
    if entry.is_signature or is_reserved(entry):
        return  # DMP-21-15 and DMP-21-12 speak of them.
    yield "classCode", entry.class_code, codes("jdv-j57-class-code-dmp"), "JDV_J57"
    yield "typeCode", entry.type_code, codes("jdv-j07-type-code"), "JDV_J66"
    yield "formatCode", entry.format_code, codes("jdv-j60-format-code-dmp"), "JDV_J60"


def _judge(
    name: str, code: Coded | None, known: Mapping[str, Code], title: str
) -> Iterator[Finding]:
    if code is None:
        return
    wanted = known.get(code.code)
    if wanted is None or (wanted.system and code.system != wanted.system):
        yield Finding(
            code.place,
            f"{name} de {title}" + (f", codingScheme {wanted.system}" if wanted else ""),
            f"{code.code or 'vide'} ({code.system or 'sans codingScheme'})",
            f"Prendre {name} et sa terminologie dans {title}.",
        )
    elif wanted.label and _plain(code.label) != _plain(wanted.label):
        yield Finding(
            f"{code.place}/Name",
            wanted.label,
            code.label or "vide",
            f"Reprendre le libellé de {title} pour {code.code}.",
            Severity.MINOR,
        )


def _plain(label: str) -> str:
    folded = unicodedata.normalize("NFKD", label.casefold())
    return "".join(c for c in folded if c.isalnum())


@check(
    "DMP-21-05",
    title="Classe et type, format et modèle, secteur et cadre d'exercice vont ensemble",
    severity=Severity.MAJOR,
    exigences=FEEDING,
    source="ASS_X04 (couples observés), ASS_A11 v5, EX_GEN-1377 ; fiche DMP §10",
)
def pairs_of_codes(submission: Submission, _context: Context) -> Iterator[Finding]:
    """What no pair was read for is not judged."""
    for entry, document in submission.clinical_documents:
        for found in disagreements(document, entry):
            if found.metadata == "formatCode":
                yield found.finding(entry.place)
    for entry in submission.objects.documents:
        yield from _class_of_type(entry)
        facility, practice = entry.facility_code, entry.practice_code
        if facility and practice and facility.code in _CABINETS and _of_hospital(practice):
            yield Finding(
                practice.place,
                f"AMBULATOIRE pour {facility.code}",
                practice.code,
                "Choisir un cadre d'exercice qui convient au secteur d'activité.",
            )


def _of_hospital(practice: Coded) -> bool:
    return practice.code in ("ETABLISSEMENT", "HAD", "SAMU_SMUR")


def _class_of_type(entry: DocumentEntry) -> Iterator[Finding]:
    kind, klass = entry.type_code, entry.class_code
    classes = pairs("ass-x04-type-class").get(kind.code) if kind else None
    if kind and klass and classes and klass.code not in classes and not is_reserved(entry):
        yield Finding(
            klass.place,
            f"{' ou '.join(classes)} pour le type {kind.code}",
            klass.code,
            "Déduire la classe du type de document (association ASS_X04).",
        )


@check(
    "DMP-21-15",
    title="La fiche de la signature porte ses valeurs fixes",
    severity=Severity.MAJOR,
    exigences=FEEDING,
    source="fiche DMP §9.5 (messages d'exemple, trace d'homologation)",
)
def signature_entry(submission: Submission, _context: Context) -> Iterator[Finding]:
    """Type, class, format, event, confidentiality, language, title, patient, times."""
    lot = submission.objects.submission_set
    for entry in submission.objects.signatures:
        sent = None if lot is None else lot.submission_time
        start = entry.slot("serviceStartTime")
        patient = None if entry.patient_id is None else entry.patient_id.same_as
        local = None if entry.source_patient_id is None else entry.source_patient_id.same_as
        restrictions = ("INVISIBLE_PATIENT", "MASQUE_PS", "N")
        wanted: tuple[tuple[str, object, object], ...] = (
            ("mimeType", "text/xml", entry.mime_type),
            ("languageCode", "art", entry.slot("languageCode")),
            ("title", "Source", entry.title),
            ("classCode", (SIGNATURE_CLASS, "URN"), _pair(entry.class_code)),
            ("typeCode", ("E1762", "ASTM"), _pair(entry.type_code)),
            ("formatCode", (SIGNATURE_FORMAT, "URN"), _pair(entry.format_code)),
            ("eventCodeList", [(_PURPOSE.code, _PURPOSE.system)], _pairs(entry.event_codes)),
            ("confidentialityCode", restrictions, tuple(sorted(entry.visibility))),
            ("sourcePatientId", patient, local),
            # A lot without its time is DMP-21-02's.
            ("creationTime", sent or entry.creation_time, entry.creation_time),
            ("serviceStartTime", sent or start, start),
        )
        for name, expected, found in wanted:
            if found != expected:
                yield Finding(
                    f"{entry.place} ({name})",
                    str(expected),
                    str(found),
                    f"Écrire dans {name} la valeur fixe de la fiche de signature.",
                )


def _pair(code: Coded | None) -> tuple[str, str] | None:
    return None if code is None else (code.code, code.system)


def _pairs(found: tuple[Coded, ...]) -> list[tuple[str, str] | None]:
    return [_pair(code) for code in found]
