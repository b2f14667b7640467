"""What an eP-MED-DM says twice: identifiers, references, number, ALD, dates.

EP-06, EP-07, EP-18, EP-20, EP-21, EP-23 on the document alone; sequences compare it with
the wire. BANC-EPMED rules are ours: 01, 02, 03 and 05 are defects of published examples,
which the official schematrons let through.

Source: e-prescription.md §9, §14.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from lxml import etree

from rules.checking import check
from rules.checks.ep_med_dm_values import EXIGENCES, SOURCE
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_types import HL7, attribute, find
from rules.formats.ep_med_dm import PDF_COPY, V2022, V2023, EpMedDm, decoded
from rules.formats.ep_med_dm_lines import DrugLine, day_of
from rules.formats.prescription import BIZONE, SECURE
from rules.xml import place_of

_OURS = "ED.reference de CDA R2 ; défauts des exemples publiés (e-prescription.md §9.4)"
_YEAR = timedelta(days=366)
_SECURE_DAYS = 28
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
"""What designates something else than the document: ``https:``, ``cid:``, ``urn:``…"""


def _references(prescription: EpMedDm) -> Iterator[tuple[etree._Element, str]]:
    for found in prescription.root.iter(f"{{{HL7}}}reference"):
        value = attribute(found, "value")
        if value is not None and not _ADDRESS.match(value):
            yield found, value


def _pictures(prescription: EpMedDm) -> Iterator[tuple[etree._Element, str]]:
    for shown in prescription.root.iter(f"{{{HL7}}}renderMultiMedia"):
        for name in (attribute(shown, "referencedObject") or "").split():
            yield shown, name


@check(
    "BANC-EPMED.01",
    title="Une référence au texte s'écrit avec un dièse",
    severity=Severity.MAJOR,
    exigences=EXIGENCES,
    source=_OURS,
)
def hash_of_references(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """``#med-001``: without it, the value is the address of another file."""
    for found, value in _references(prescription):
        if not value.startswith("#"):
            yield Finding(
                f"{place_of(found)}/@value",
                f"#{value}",
                value,
                "Mettre un dièse devant l'ID désigné.",
            )


@check(
    "BANC-EPMED.02",
    title="Chaque ligne a un identifiant à elle",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=_OURS,
)
def unique_entries(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """A dispensation names the line that it executes by this identifier."""
    seen: dict[str, str] = {}
    for line in prescription.lines:
        for found in line.ids:
            if found.null_flavor or not found.root:
                continue
            before = seen.setdefault(found.text.lower(), found.place)
            if before != found.place:
                yield Finding(
                    found.place,
                    f"un identifiant autre que celui de {before}",
                    found.text,
                    "Créer un UUID par ligne : la dispensation s'y rapporte.",
                )


@check(
    "BANC-EPMED.03",
    title="Ce qu'une référence désigne existe, une seule fois",
    severity=Severity.MAJOR,
    exigences=EXIGENCES,
    source=_OURS,
)
def targets(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """References to texts, and images that texts show."""
    held = Counter(e.get("ID") for e in prescription.root.iter() if e.get("ID"))
    wanted = [
        (f"{place_of(e)}/@value", v[1:]) for e, v in _references(prescription) if v[:1] == "#"
    ]
    shown = _pictures(prescription)
    wanted += [(f"{place_of(e)}/@referencedObject", name) for e, name in shown]
    for place, name in wanted:
        if held[name] != 1:
            yield Finding(
                place,
                "un élément d'ID unique dans le document",
                f"{name} : {held[name]} fois",
                "Donner cet ID au texte désigné, et à lui seul.",
            )


@check(
    "BANC-EPMED.05",
    title="Une image ou une copie a le type que son mediaType annonce",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source="ED.mediaType de CDA R2 ; défaut des exemples publiés (e-prescription.md §5)",
)
def media_types(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """Published examples call a PNG ``image/jpeg``; a copy that is no PDF opens nowhere."""
    for media in prescription.root.iter(f"{{{HL7}}}observationMedia"):
        value = find(media, "value")
        told, data = attribute(value, "mediaType") or "", decoded(value)
        kind = next((k for m, k in _MAGIC.items() if data and data.startswith(m)), None)
        if data and told in _TOLD and kind != _TOLD[told]:
            yield Finding(
                f"{place_of(media)}/value/@mediaType",
                told,
                kind or "d'autres octets",
                "Annoncer le type des octets que l'on encode.",
                severity=Severity.MAJOR if kind is None else None,
            )


_MAGIC = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"%PDF": "application/pdf",
}
_TOLD = {each: each for each in _MAGIC.values()} | {"image/bm": "image/bmp"}


@check(
    "EP-06",
    title="Le même numéro partout : service, Code 2D, ordonnance imprimée, document",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §9.2, §14",
)
def one_number(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """Each identifier under the root of the CNAM, against the Code 2D of the image."""
    code, carried = prescription.code2d, prescription.identifiers
    expected = code.number if code else next((i.extension for i in carried), None)
    for found in carried:
        if found.extension != expected:
            yield Finding(
                f"{found.place}/@extension",
                f"{expected} ({'Code 2D' if code else 'premier identifiant'} du document)",
                found.extension or "absent",
                "Écrire un seul numéro dans les identifiants du document et dans son Code 2D.",
            )


@check(
    "EP-07",
    title="L'image du Code 2D, dans le document, se lit",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §5, §9.3, §14",
)
def readable(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """The published examples carry a dummy picture: no reference for a Code 2D."""
    shown = prescription.picture
    if prescription.has_barcode and not shown.codes and not shown.flaws:
        yield Finding(
            "section FR-Code-a-barres",
            "l'image d'un Code 2D lisible",
            "aucun",
            "Mettre dans le document l'image du Code 2D imprimé, nette et avec sa marge ; retirer "
            "la section quand le service n'a pas répondu.",
        )


@check(
    "EP-20",
    title="En 2024.01, le document contient la copie PDF de l'ordonnance, du même numéro",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def pdf_copy(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """One copy at most before 2024.01, exactly one since."""
    prescription = document.prescription
    if prescription is None:
        return
    copies = len(prescription.of_template(PDF_COPY))
    if copies > 1 or (copies == 0 and prescription.version not in (V2022, V2023)):
        yield Finding(
            "/ClinicalDocument/component/structuredBody",
            "une section FR-Document-PDF-copie",
            str(copies),
            "Joindre au document la copie PDF de l'ordonnance remise, une seule fois.",
        )
    yield from _same_number(document, prescription)


def _same_number(document: ClinicalDocument, prescription: EpMedDm) -> Iterator[Finding]:
    code = prescription.code2d
    expected = prescription.number or (code.number if code else None)
    page = document.pdf.ordonnance if document.pdf else None
    if document.pdf is None or expected is None or (page is not None and page.scanned):
        return
    found = page.number if page else None
    if found != expected:
        yield Finding(
            "section FR-Document-PDF-copie",
            f"le numéro {expected}",
            found or "aucun numéro",
            "Copier dans le document le PDF même de l'ordonnance imprimée.",
        )


@check(
    "EP-18",
    title="Une ordonnance qui mêle ALD et non-ALD est bizone, partout",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1, §14",
)
def bizone(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """A serviceEvent INFO of code MED-1096."""
    answers = {line.ald for line in prescription.lines}
    if {True, False} <= answers and BIZONE not in {f.code for f in prescription.flags}:
        yield Finding(
            "/ClinicalDocument/documentationOf",
            f"un serviceEvent INFO de code {BIZONE} (bizone)",
            "absent",
            "Déclarer bizone le document dont une ligne est en ALD et une autre non.",
        )


@check(
    "EP-21",
    title="La validité commence avant de finir, et dure au plus douze mois, vingt-quatre parfois",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source="e-prescription.md §9.2, §14",
)
def validity(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """24 months are granted to some prescriptions, which nothing tells: the second year is told."""
    low, high = (day_of(found) for found in prescription.validity)
    if low is None or high is None or low <= high <= low + _YEAR:
        return
    yield Finding(
        "/ClinicalDocument/documentationOf[1]/serviceEvent/effectiveTime/high",
        f"entre {low.isoformat()} et {(low + _YEAR).isoformat()}",
        high.isoformat(),
        "Vérifier la durée de validité : douze mois au plus, vingt-quatre pour certaines.",
        severity=Severity.REVIEW if low <= high <= low + 2 * _YEAR else None,
    )


@check(
    "EP-23",
    title="Une ordonnance sécurisée ne prescrit pas au-delà de 28 jours",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="CSP R5132-30 (e-prescription.md §6, §14)",
)
def secure(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """Only the flag says which document is sécurisée: no base of drugs is read."""
    if SECURE not in {flag.code for flag in prescription.flags}:
        return
    for line in prescription.drugs:
        days = _days(line)
        if days is not None and days > _SECURE_DAYS:
            yield Finding(
                f"{place_of(line.element)}/effectiveTime",
                f"au plus {_SECURE_DAYS} jours",
                f"{days} jours",
                "Limiter à 28 jours la durée d'un traitement sur ordonnance sécurisée.",
            )


def _days(line: DrugLine) -> int | None:
    low, high = line.period
    return None if low is None or high is None else _length(low, high)


def _length(low: date, high: date) -> int:
    """A treatment of 28 days that begins on the 1st ends on the 28th, or before the 29th."""
    return (high - low).days
