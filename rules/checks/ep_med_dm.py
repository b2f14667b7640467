"""EP-19: header and sections of an eP-MED-DM, by the version that it declares.

What holds for any CDA is judged by the checks of the header (``cda_*``); a missing
Code 2D says nothing by itself, since the document leaves without it when the
service of the ordonnance numérique does not answer (EP-29).

Source: e-prescription.md §9.1 to §9.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from rules.checking import check
from rules.checks.ep_med_dm_values import EXIGENCES, SOURCE, fixed, lacking, templates
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda_types import Coded, attribute, coded, find, find_all
from rules.formats.ep_med_dm import (
    BARCODE,
    CODE,
    COMMENT,
    DEVICES,
    DRUGS,
    FLAG_SYSTEM,
    PDF_COPY,
    PREGNANCY,
    REPLACED,
    V2024,
    VITALS,
    EpMedDm,
    Section,
    decoded,
)

_IHE = ("1.3.6.1.4.1.19376.1.9.1.1.1", "1.3.6.1.4.1.19376.1.5.3.1.1.1")
_FLAGS = tuple(f"MED-{n}" for n in (1094, 1095, 1096, 1097, 1098, 1132, 1159))
_REPLACED = tuple(zip(("REF", "CON"), REPLACED, strict=True))
"""How the examples of 2022, then those of 2023 and 2024, name the PS remplacé."""
_SECTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    BARCODE: ("FR-Code-a-barres", "57723-9", ()),
    DRUGS: ("FR-Prescription-medicaments", "57828-6", ("1.3.6.1.4.1.19376.1.9.1.2.1",)),
    DEVICES: ("FR-Prescription-dispositifs-medicaux", "46264-8", ()),
    COMMENT: (
        "FR-Commentaire-non-code",
        "55112-7",
        ("2.16.840.1.113883.10.12.201", "1.3.6.1.4.1.19376.1.4.1.2.16"),
    ),
    VITALS: ("FR-Signes-vitaux", "8716-3", ()),
    PREGNANCY: ("FR-Historique-des-grossesses", "10162-6", ()),
    PDF_COPY: ("FR-Document-PDF-copie", "55108-5", ()),
}
"""Name, LOINC code and other templateIds of each section."""


@check(
    "EP-19",
    title="Le document eP-MED-DM suit le modèle de la version qu'il déclare",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def document(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """Header, then sections; lines have the same id on their own class."""
    yield from _header(prescription)
    if prescription.version == V2024:
        yield from _header_2024(prescription)
    yield from _participants(prescription.root)
    for flag in prescription.flags:
        yield from _flag(flag)
    yield from _number_of_sections(prescription)
    for template in _SECTIONS:
        for section in prescription.of_template(template):
            yield from _section(section, template)
    for section in prescription.of_template(BARCODE):
        yield from _barcode(section)
    for section in prescription.of_template(PDF_COPY):
        yield from _pdf_copy(section)


def _header(prescription: EpMedDm) -> Iterator[Finding]:
    root = prescription.root
    yield from templates(root, _IHE, "l'e-prescription")
    event = find(root, "documentationOf/serviceEvent")
    yield from fixed(
        event, "code", "code", (CODE,), "Coder l'acte principal comme le document : 57833-6."
    )


def _header_2024(prescription: EpMedDm) -> Iterator[Finding]:
    root = prescription.root
    role, author = find(root, "recordTarget/patientRole"), find(root, "author/assignedAuthor")
    patient = "/ClinicalDocument/recordTarget/patientRole"
    for name in ("addr", "telecom"):
        advice = "Écrire l'adresse et un contact du patient (nullFlavor s'ils sont inconnus)."
        yield from lacking(role, name, patient, "au moins un", advice)
    for name in ("id", "code", "representedOrganization/id", "representedOrganization/name"):
        advice = "Nommer le prescripteur et sa structure : la version 2024.01 les exige."
        yield from lacking(author, name, "/ClinicalDocument/author/assignedAuthor", "un", advice)
    for bound, found in zip(("low", "high"), prescription.validity, strict=True):
        if found is None or not found.value:
            yield Finding(
                f"/ClinicalDocument/documentationOf[1]/serviceEvent/effectiveTime/{bound}",
                "une date",
                (found and found.null_flavor) or "absent",
                "Dater le début et la fin de validité : la version 2024.01 exige les deux.",
            )


def _participants(root: etree._Element) -> Iterator[Finding]:
    """Both ways of naming who is replaced are accepted, not a mix of them."""
    for found in find_all(root, "participant"):
        kind, function = attribute(found, "typeCode"), coded(found, "functionCode")
        code = function.code if function else None
        pairs = [p for p in _REPLACED if p[1] == code]
        if function and pairs and (kind, code) not in _REPLACED:
            yield Finding(
                f"{function.place}/@code",
                " ou ".join(f"{t} avec functionCode {f}" for t, f in _REPLACED),
                f"{kind} avec functionCode {code}",
                "Nommer le professionnel remplacé par un participant CON de fonction CORRE.",
            )


def _flag(flag: Coded) -> Iterator[Finding]:
    if (flag.code_system, flag.code in _FLAGS) != (FLAG_SYSTEM, True):
        yield Finding(
            flag.place,
            f"un code de {FLAG_SYSTEM} parmi {', '.join(_FLAGS)}",
            f"{flag.code} ({flag.code_system})",
            "Coder chaque particularité (bizone, sécurisée, exception…) avec sa nomenclature.",
        )


def _number_of_sections(prescription: EpMedDm) -> Iterator[Finding]:
    for template, (name, _, _) in _SECTIONS.items():
        found = prescription.of_template(template)
        if len(found) > 1 and template != PDF_COPY:
            yield Finding(
                found[1].place, f"une section {name} au plus", str(len(found)), _GROUP.format(name)
            )
    if not prescription.of_template(DRUGS) and not prescription.of_template(DEVICES):
        yield Finding(
            "/ClinicalDocument/component/structuredBody",
            f"la section {DRUGS} ou la section {DEVICES}",
            "aucune des deux",
            "Écrire les lignes dans la section des médicaments ou des dispositifs médicaux.",
        )


_GROUP = "Réunir ce qui est prescrit dans une seule section {}."


def _section(section: Section, template: str) -> Iterator[Finding]:
    name, code, others = _SECTIONS[template]
    yield from templates(section.element, others, f"la section {name}")
    advice = f"Coder la section {name} avec LOINC {code}."
    yield from fixed(section.element, "code", "code", (code,), advice)
    for child in ("title", "text"):
        advice = f"Donner à la section {name} un titre et un texte : c'est ce que l'on lit."
        yield from lacking(section.element, child, section.place, "un", advice)
    entries = {DRUGS: "substanceAdministration", DEVICES: "supply"}.get(template)
    if entries:
        advice = f"Retirer la section {name} quand elle n'a aucune ligne."
        yield from lacking(section.element, f"entry/{entries}", section.place, "une ligne", advice)


def _barcode(section: Section) -> Iterator[Finding]:
    medias = list(section.entries("observationMedia"))
    shown = find(section.element, "text/renderMultiMedia")
    if len(medias) != 1:
        yield Finding(
            f"{section.place}/entry",
            "une seule image (observationMedia)",
            str(len(medias)),
            "Mettre l'image du Code 2D, et elle seule, dans la section.",
        )
        return
    wanted = ("2.16.840.1.113883.10.12.304", "1.2.250.1.213.1.1.3.103")
    yield from templates(medias[0], wanted, "l'image du Code 2D")
    if attribute(shown, "referencedObject") != attribute(medias[0], "ID"):
        yield Finding(
            f"{section.place}/text/renderMultiMedia/@referencedObject",
            attribute(medias[0], "ID") or "l'ID de l'observationMedia",
            attribute(shown, "referencedObject") or "absent",
            "Désigner l'image par son ID : sans cela, le Code 2D n'est pas affiché.",
        )
    yield from _encoded(medias[0], "image/jpeg", "l'image du Code 2D")


def _pdf_copy(section: Section) -> Iterator[Finding]:
    organizer = find(section.element, "entry/organizer")
    if organizer is None:
        advice = "Écrire la copie PDF dans un organizer FR-Document-PDF-copie."
        yield from lacking(section.element, "entry/organizer", section.place, "un", advice)
        return
    advice = "Écrire les codes fixes de la copie PDF, tels que le modèle les donne."
    yield from fixed(organizer, "", "classCode", ("CLUSTER",), advice)
    yield from templates(organizer, ("1.2.250.1.213.1.1.3.18",), "la copie PDF")
    yield from fixed(organizer, "code", "code", ("55107-7",), advice)
    yield from fixed(organizer, "statusCode", "code", ("completed",), advice)
    observation = find(organizer, "component/observation")
    if observation is not None:
        wanted = (
            "1.3.6.1.4.1.19376.1.5.3.1.4.13",
            "1.2.250.1.213.1.1.3.48",
            "1.2.250.1.213.1.1.3.48.18",
        )
        yield from templates(observation, wanted, "l'observation de la copie PDF")
        yield from fixed(observation, "code", "code", ("69764-9",), advice)
        yield from fixed(observation, "value", "code", ("55108-5",), advice)
    for name in ("observation", "observationMedia"):
        path = f"component/{name}"
        yield from lacking(organizer, path, f"{section.place}/entry/organizer", "un", advice)
    media = find(organizer, "component/observationMedia")
    if media is not None:
        yield from _encoded(media, "application/pdf", "la copie PDF")


def _encoded(media: etree._Element, kind: str, name: str) -> Iterator[Finding]:
    advice = f"Encoder {name} en base64, avec son mediaType et representation=B64."
    yield from fixed(media, "value", "mediaType", (kind,), advice)
    yield from fixed(media, "value", "representation", ("B64",), advice)
    if decoded(find(media, "value")) is None:
        yield from lacking(None, "value", "observationMedia", "des octets en base64", advice)
