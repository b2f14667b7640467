"""Where a CDA header and its XDS metadata disagree (dmp.md §9.6), and CDA-29 on archives.

:func:`disagreements` is the one reading of that coherence: CDA-29 uses it on
IHE_XDM archives, DMP-21-06 and CDA-29 on deposits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import TEMPLATE_N1, ClinicalDocument
from rules.formats.cda_models import MODELS, N1_FORMATS
from rules.formats.cda_types import Coded as CdaCode
from rules.formats.registry import REPLACES, DocumentEntry
from rules.formats.registry import Coded as XdsCode
from rules.formats.xdm import XdmArchive


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A metadata that does not say what the header says."""

    metadata: str
    """Name of the XDS attribute: ``typeCode``, ``creationTime`` …"""
    header: str
    """What the header says, hence what is expected."""
    entry: str
    """What the metadata say."""

    def finding(self, place: str) -> Finding:
        """The finding that says it, at the place of the DocumentEntry."""
        return Finding(
            f"{place} {self.metadata}",
            self.header,
            self.entry,
            f"Calculer {self.metadata} à partir de l'en-tête du document déposé.",
        )


def disagreements(document: ClinicalDocument, entry: DocumentEntry) -> Iterator[Disagreement]:
    """Metadata that differ from the header, one by one.

    What the header lacks is not compared: the header checks say it.
    """
    for name, header, metadata in (
        *_identity(document, entry),
        *_descriptions(document, entry),
        *_codes(document, entry),
        *_dates(document, entry),
        *_people(document, entry),
    ):
        if header and header != (metadata or ""):
            yield Disagreement(name, header, metadata or "absent")


_Triple = tuple[str, str | None, str | None]


def _identity(document: ClinicalDocument, entry: DocumentEntry) -> Iterator[_Triple]:
    yield "uniqueId", document.unique_id, entry.unique_id
    patient, held = document.patient, entry.patient_id
    known = [(i.extension, i.root) for i in patient.ids] if patient else []
    if patient and held and held.same_as not in known:
        first = patient.ins or next(iter(patient.ids), None)
        yield "patientId", first.text if first else None, held.text
    if patient:
        yield from _source_patient(document, entry)


def _source_patient(document: ClinicalDocument, entry: DocumentEntry) -> Iterator[_Triple]:
    patient = document.patient
    lines = [line.partition("|") for line in entry.source_patient_info]
    # Repetitions of a field: one Value each, or one Value for all with "~" (HL7 v2 §2.5.4).
    repeated = [each for key, _, value in lines if key == "PID-5" for each in value.split("~")]
    names = [each.split("^")[0] for each in repeated]
    said = {key: value for key, _, value in lines}
    if patient is None:
        return
    traits = patient.traits
    if names and traits.birth_name and traits.birth_name not in names:
        yield "sourcePatientInfo PID-5", traits.birth_name, ", ".join(names)
    if "PID-7" in said:
        yield "sourcePatientInfo PID-7", traits.birth_date.replace("-", ""), said["PID-7"][:8]
    if "PID-8" in said and traits.sex in ("M", "F"):
        yield "sourcePatientInfo PID-8", traits.sex, said["PID-8"]


def _descriptions(document: ClinicalDocument, entry: DocumentEntry) -> Iterator[_Triple]:
    yield "title", document.title, entry.title
    yield "languageCode", document.language, entry.slot("languageCode")
    yield "formatCode", _format_of(document), entry.format_code.code if entry.format_code else None


def _format_of(document: ClinicalDocument) -> str | None:
    if any(t.root == TEMPLATE_N1 for t in document.template_ids):
        return N1_FORMATS.get((document.body and document.body.media_type) or "")
    found = (MODELS.get(t.root or "") for t in document.models)
    return next((m.format_code for m in found if m and m.format_code), None)


def _codes(document: ClinicalDocument, entry: DocumentEntry) -> Iterator[_Triple]:
    yield "typeCode", _header_code(document.code), _xds_code(entry.type_code)
    level = document.confidentiality
    levels = [code.code for code in entry.confidentiality]
    if level and level.code and level.code not in levels:
        yield "confidentialityCode", level.code, ", ".join(levels)
    facility = document.encounter.facility if document.encounter else None
    yield "healthcareFacilityTypeCode", _header_code(facility), _xds_code(entry.facility_code)
    performers = [p for act in document.acts[:1] for p in act.performers if p.organization]
    settings = [p.organization.practice_setting for p in performers if p.organization]
    setting = next((s for s in settings if s), None)
    yield "practiceSettingCode", _header_code(setting), _xds_code(entry.practice_code)
    acts = sorted(filter(None, (_header_code(act.code) for act in document.acts)))
    events = sorted(filter(None, map(_xds_code, entry.event_codes)))
    yield "eventCodeList", ", ".join(acts), ", ".join(events)


def _header_code(code: CdaCode | None) -> str | None:
    return f"{code.code} ({code.code_system})" if code and code.code else None


def _xds_code(code: XdsCode | None) -> str | None:
    return f"{code.code} ({code.system})" if code else None


def _dates(document: ClinicalDocument, entry: DocumentEntry) -> Iterator[_Triple]:
    created = document.effective_time
    yield "creationTime", created.utc if created else None, entry.creation_time
    act = next(iter(document.acts), None)
    if act:
        yield "serviceStartTime", act.low.utc if act.low else None, entry.slot("serviceStartTime")
        yield "serviceStopTime", act.high.utc if act.high else None, entry.slot("serviceStopTime")


def _people(document: ClinicalDocument, entry: DocumentEntry) -> Iterator[_Triple]:
    authors = sorted(i for a in document.authors if (i := a.ids[0].extension if a.ids else None))
    persons = sorted(a.person.id for a in entry.authors if a.person)
    yield "author", ", ".join(authors), ", ".join(persons)
    legal, said = document.legal_authenticator, entry.legal_authenticator
    signatory = next((i.extension for i in legal.ids if i.extension), None) if legal else None
    yield "legalAuthenticator", signatory, said.id if said else None


@check(
    "CDA-29",
    title="L'en-tête du document et les métadonnées de l'archive disent la même chose",
    severity=Severity.BLOCKING,
    source="CI-SIS Partage de documents de santé (dmp.md §9.6), mssante.md §5.2",
    exigences=("SC.MSS/CONF.23",),
)
def header_and_archive(archive: XdmArchive, _context: Context) -> Iterator[Finding]:
    """The patient identifier is left to MSS-X05."""
    replaced = {
        link.source for s in archive.subsets if s.metadata for link in s.metadata.links(REPLACES)
    }
    for content in archive.described:
        entry, document = content.entry, content.document
        if entry is None or document is None:
            continue
        for found in disagreements(document, entry):
            if found.metadata != "patientId":
                yield found.finding(f"{content.path} DocumentEntry")
        if bool(document.replaces) != (entry.id in replaced):
            yield Disagreement(
                "Association RPLC",
                "une" if document.replaces else "aucune",
                "aucune" if document.replaces else "une",
            ).finding(f"{content.path} DocumentEntry")
