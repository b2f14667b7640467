"""MSS-X02 to MSS-X07: what an IHE_XDM archive must hold.

MSS-X01 (the archive opens) and the well-formedness half of MSS-X03 are said by
the reader, :mod:`rules.formats.xdm`. MSS-X08 (schema and schematrons of each
CDA) is not judged here: see the CDA checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.registry import LCM
from rules.formats.xdm import FOLDER, INDEX, METADATA, README, XdmArchive, XdmDocument

SOURCE = "IHE ITI TF-1 §16 (XDM), mssante.md §5"
EXIGENCES = ("SC.MSS/CONF.23",)
_NAME = re.compile(r"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?", re.ASCII)
_ROOT_TAG = f"{{{LCM}}}SubmitObjectsRequest"


@check(
    "MSS-X02",
    title="INDEX.HTM, README.TXT et IHE_XDM/*/METADATA.XML sont dans l'archive",
    severity=Severity.BLOCKING,
    source=SOURCE,
    exigences=EXIGENCES,
)
def layout(archive: XdmArchive, _context: Context) -> Iterator[Finding]:
    """Names are compared without case: MSS-X07 judges the case."""
    for name in (INDEX, README):
        if not archive.has(name):
            yield _missing(name, f"Ajouter {name} à la racine de l'archive.")
    if not archive.subsets:
        yield _missing(
            f"{FOLDER}/SUBSET01/{METADATA}",
            "Ranger les documents et leurs métadonnées sous IHE_XDM/SUBSET01/.",
        )
    for subset in archive.subsets:
        if subset.metadata_path is None:
            yield _missing(f"{subset.path}/{METADATA}", "Décrire le lot dans METADATA.XML.")


def _missing(path: str, advice: str) -> Finding:
    return Finding(path, "un fichier", "absent", advice)


@check(
    "MSS-X03",
    title="METADATA.XML est un SubmitObjectsRequest avec un seul lot",
    severity=Severity.BLOCKING,
    source="IHE ITI TF-3 §4.2, mssante.md §5.2",
    exigences=EXIGENCES,
)
def metadata(archive: XdmArchive, _context: Context) -> Iterator[Finding]:
    """Root element, one RegistryPackage, at least one document."""
    for subset in archive.subsets:
        place, found = subset.metadata_path or subset.path, subset.metadata
        if found is None:
            continue
        if subset.root_tag != _ROOT_TAG:
            yield Finding(
                f"{place} racine",
                _ROOT_TAG,
                subset.root_tag or "",
                "Écrire les métadonnées dans un lcm:SubmitObjectsRequest (ebRIM 3.0).",
            )
        elif len(found.submission_sets) != 1 or not found.entries:
            number = f"{len(found.submission_sets)} lot(s), {len(found.entries)} document(s)"
            yield Finding(
                f"{place} RegistryObjectList",
                "un RegistryPackage (lot) et au moins un ExtrinsicObject",
                number,
                "Décrire un lot, et un seul, avec une entrée par document.",
            )


@check(
    "MSS-X04",
    title="URI, taille et empreinte des métadonnées sont celles des fichiers",
    severity=Severity.BLOCKING,
    source="mssante.md §5.2, §5.3 (contrôles d'un lecteur réel)",
    exigences=EXIGENCES,
)
def files(archive: XdmArchive, _context: Context) -> Iterator[Finding]:
    """``hash`` is the SHA-1 of the bytes in hexadecimal, of any case."""
    for content in archive.described:
        yield from _file(content)


def _file(content: XdmDocument) -> Iterator[Finding]:
    entry, data = content.entry, content.data
    if entry is None:
        return
    if data is None:
        advice = "Nommer dans le Slot URI un fichier du même dossier que METADATA.XML."
        yield Finding(f"{content.path} Slot URI", "un fichier de l'archive", "absent", advice)
        return
    if entry.size != str(len(data)):
        yield Finding(
            f"{content.path} Slot size",
            str(len(data)),
            entry.size or "absent",
            "Calculer size sur les octets du fichier tel qu'il est archivé.",
        )
    if (entry.hash or "").lower() != content.sha1:
        yield Finding(
            f"{content.path} Slot hash",
            content.sha1 or "",
            entry.hash or "absent",
            "Calculer hash (SHA-1 hexadécimal) sur le fichier tel qu'il est archivé.",
        )


@check(
    "MSS-X05",
    title="Lot, entrées et documents désignent le patient par le même identifiant",
    severity=Severity.BLOCKING,
    source="mssante.md §5.1, §5.2",
    exigences=EXIGENCES,
)
def patient_ids(archive: XdmArchive, _context: Context) -> Iterator[Finding]:
    """Lot against entries, then each entry against the CDA that it describes."""
    for subset in archive.subsets:
        lot = subset.submission_set.patient_id if subset.submission_set else None
        for entry in subset.metadata.entries if subset.metadata else ():
            found = entry.patient_id
            if found is None or (lot and found.same_as != lot.same_as):
                yield _patient_id(entry.place, lot.text if lot else None, found and found.text)
        if subset.submission_set and lot is None:
            yield _patient_id(subset.submission_set.place, None, None)
    for content in archive.described:
        document, found = content.document, content.entry and content.entry.patient_id
        patient = document.patient if document else None
        if not patient or not found:
            continue
        if found.same_as not in {(i.extension, i.root) for i in patient.ids}:
            expected = ", ".join(i.text for i in patient.ids)
            yield _patient_id(f"{content.path} DocumentEntry", expected, found.text)


def _patient_id(place: str, expected: str | None, found: str | None) -> Finding:
    return Finding(
        f"{place} patientId",
        expected or "<INS>^^^&<OID>&ISO^NH",
        found or "absent",
        "Mettre dans le lot et dans chaque entrée l'identifiant du patient du document.",
    )


@check(
    "MSS-X06",
    title="L'archive ne concerne qu'un patient",
    severity=Severity.BLOCKING,
    source="mssante.md §5.1",
    exigences=EXIGENCES,
)
def one_patient(archive: XdmArchive, _context: Context) -> Iterator[Finding]:
    """Patients are told apart by their INS, else by their traits."""
    patients = list(dict.fromkeys(map(_patient, archive.documents)))
    if len(patients) > 1:
        yield Finding(
            FOLDER,
            "un seul patient",
            " ; ".join(patients),
            "Envoyer une archive par patient.",
        )


def _patient(document: ClinicalDocument) -> str:
    patient = document.patient
    if patient is None:
        return "patient absent"
    traits = patient.traits
    who = f"{traits.birth_name} {traits.birth_given_names} {traits.birth_date}"
    return patient.ins.text if patient.ins else who


@check(
    "MSS-X07",
    title="Les noms de fichiers sont en 8.3 et en capitales",
    severity=Severity.MINOR,
    source="IHE ITI TF-2 §3.32 (ISO 9660 niveau 1), mssante.md §5.1",
    exigences=EXIGENCES,
)
def file_names(archive: XdmArchive, _context: Context) -> Iterator[Finding]:
    """Every step of every path: 8 characters, a dot, 3 characters, A–Z 0–9 _."""
    for path in archive.files:
        if not all(_NAME.fullmatch(step) for step in path.split("/")):
            yield Finding(
                path,
                "8.3, capitales, chiffres et _",
                path.rsplit("/", 1)[-1],
                "Renommer le fichier, par exemple DOC00001.XML.",
            )
