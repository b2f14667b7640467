"""EP-19: what each section of an eP-MED-DM is made of.

Source: e-prescription.md §9.3; schematrons FR-Code-a-barres, FR-Image-illustrative,
FR-Document-PDF-copie, FR-Document-attache, « Vital Signs Observation ».
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from rules.checks.ep_med_dm_values import LOINC, counted, fixed, lacking, templates
from rules.findings import Finding
from rules.formats.cda_types import HL7, attribute, find, find_all
from rules.formats.ep_med_dm import (
    BARCODE,
    COMMENT,
    DEVICES,
    DRUGS,
    PDF_COPY,
    PREGNANCY,
    VITALS,
    Section,
    decoded,
)
from rules.xml import place_of, text_of

SECTIONS: dict[str, tuple[str, str, tuple[str, ...]]] = {
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
_ENTRIES = {DRUGS: "substanceAdministration", DEVICES: "supply"}
_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/bm", "image/bmp")
"""``image/bm`` is how the schematron spells BMP."""
_MEASURES = {
    "29463-7": ("le poids", ("kg", "g", "[lb_av]", "[oz_av]")),
    "8302-2": ("la taille", ("cm", "m", "[in_us]", "[in_uk]")),
}
_PREGNANCY_STATUS = "11449-6"
_COPY = "Copie du document"


def section(found: Section, template: str) -> Iterator[Finding]:
    """What all have, then what is its own."""
    name, code, others = SECTIONS[template]
    yield from templates(found.element, others, f"la section {name}")
    advice = f"Coder la section {name} avec LOINC {code}."
    yield from counted(found.element, "code", 1, 1, advice)
    yield from fixed(found.element, "code", "code", (code,), advice)
    yield from fixed(found.element, "code", "codeSystem", (LOINC,), advice)
    advice = f"Donner à la section {name} un texte : c'est ce que l'on lit."
    yield from lacking(found.element, "text", found.place, "un", advice)
    if template in _ENTRIES:
        yield from _entries(found, name, _ENTRIES[template])
    elif template in _OWN:
        yield from _OWN[template](found)


def _entries(found: Section, name: str, kind: str) -> Iterator[Finding]:
    advice = f"Donner un id à la section {name}."
    yield from lacking(found.element, "id", found.place, "un", advice)
    advice = f"Retirer la section {name} quand elle n'a aucune ligne."
    yield from lacking(found.element, f"entry/{kind}", found.place, "une ligne", advice)
    for entry in find_all(found.element, "entry"):
        advice = f"N'écrire que des lignes prescrites dans la section {name}."
        yield from lacking(entry, kind, place_of(entry), "une ligne", advice)


def _barcode(found: Section) -> Iterator[Finding]:
    medias = list(found.entries("observationMedia"))
    if len(medias) != 1:
        yield Finding(
            f"{found.place}/entry",
            "une seule image (observationMedia)",
            str(len(medias)),
            "Mettre l'image du Code 2D, et elle seule, dans la section.",
        )
        return
    wanted = ("2.16.840.1.113883.10.12.304", "1.2.250.1.213.1.1.3.103")
    yield from templates(medias[0], wanted, "l'image du Code 2D")
    advice = "Écrire les classes de l'image du Code 2D : OBS, EVN."
    yield from fixed(medias[0], "", "classCode", ("OBS",), advice)
    yield from fixed(medias[0], "", "moodCode", ("EVN",), advice)
    shown = [
        attribute(each, "referencedObject")
        for each in found.element.iter(f"{{{HL7}}}renderMultiMedia")
    ]
    wanted_id = attribute(medias[0], "ID")
    if wanted_id is None or wanted_id not in shown:
        yield Finding(
            f"{found.place}/text/renderMultiMedia/@referencedObject",
            wanted_id or "l'ID de l'observationMedia",
            ", ".join(filter(None, shown)) or "absent",
            "Désigner l'image par son ID : sans cela, le Code 2D n'est pas affiché.",
        )
    yield from _encoded(medias[0], _PICTURES, "l'image du Code 2D")


def _pdf_copy(found: Section) -> Iterator[Finding]:
    title = text_of(find(found.element, "title"))
    if title != _COPY:
        advice = f"Intituler la section « {_COPY} » : le titre est fixe."
        yield Finding(f"{found.place}/title", _COPY, title or "absent", advice)
    organizer = find(found.element, "entry/organizer")
    if organizer is None:
        advice = "Écrire la copie PDF dans un organizer FR-Document-PDF-copie."
        yield from lacking(found.element, "entry/organizer", found.place, "un", advice)
        return
    advice = "Écrire les codes fixes de la copie PDF, tels que le modèle les donne."
    yield from fixed(organizer, "", "classCode", ("CLUSTER",), advice)
    yield from fixed(organizer, "", "moodCode", ("EVN",), advice)
    yield from templates(organizer, ("1.2.250.1.213.1.1.3.18",), "la copie PDF")
    yield from counted(organizer, "id", 1, 1, "Donner un id à la copie PDF.")
    yield from fixed(organizer, "code", "code", ("55107-7",), advice)
    yield from fixed(organizer, "statusCode", "code", ("completed",), advice)
    yield from lacking(organizer, "component/observation", place_of(organizer), "une", _KIND_ADVICE)
    observation = find(organizer, "component/observation")
    if observation is not None:
        yield from _kind_of_copy(observation)
    media = find(organizer, "component/observationMedia")
    if media is None:
        path = "component/observationMedia"
        yield from lacking(organizer, path, place_of(organizer), "un", advice)
    else:
        yield from _encoded(media, ("application/pdf",), "la copie PDF")


_KIND_ADVICE = "Dire le type de la copie PDF : observation 69764-9, valeur 55108-5."


def _kind_of_copy(observation: etree._Element) -> Iterator[Finding]:
    wanted = (
        "1.3.6.1.4.1.19376.1.5.3.1.4.13",
        "1.2.250.1.213.1.1.3.48",
        "1.2.250.1.213.1.1.3.48.18",
    )
    yield from templates(observation, wanted, "l'observation de la copie PDF")
    yield from counted(observation, "id", 1, 1, _KIND_ADVICE)
    for path, code in (("code", "69764-9"), ("value", "55108-5")):
        yield from fixed(observation, path, "code", (code,), _KIND_ADVICE)
        yield from fixed(observation, path, "codeSystem", (LOINC,), _KIND_ADVICE)
    yield from fixed(observation, "statusCode", "code", ("completed",), _KIND_ADVICE)
    for path in ("text", "effectiveTime"):
        yield from lacking(observation, path, place_of(observation), "un", _KIND_ADVICE)


def _vitals(found: Section) -> Iterator[Finding]:
    """A measure has a unit that its code admits, or says that it is unknown."""
    for observation in found.element.iter(f"{{{HL7}}}observation"):
        name, units = _MEASURES.get(attribute(find(observation, "code"), "code") or "", ("", ()))
        value = find(observation, "value")
        unit = attribute(value, "unit")
        if units and unit not in units and not attribute(value, "nullFlavor"):
            advice = f"Écrire {name} avec une unité UCUM : {units[0]}."
            place = f"{place_of(observation)}/value/@unit"
            yield Finding(place, " ou ".join(units), unit or "absent", advice)


def _pregnancy(found: Section) -> Iterator[Finding]:
    for observation in found.element.iter(f"{{{HL7}}}observation"):
        value = find(observation, "value")
        if attribute(find(observation, "code"), "code") == _PREGNANCY_STATUS and not (
            attribute(value, "code") or attribute(value, "nullFlavor")
        ):
            advice = "Coder le statut de grossesse (SNOMED CT 77386006 : grossesse en cours)."
            yield Finding(f"{place_of(observation)}/value/@code", "un code", "absent", advice)


_OWN = {BARCODE: _barcode, PDF_COPY: _pdf_copy, VITALS: _vitals, PREGNANCY: _pregnancy}


def _encoded(media: etree._Element, kinds: tuple[str, ...], name: str) -> Iterator[Finding]:
    advice = f"Encoder {name} en base64, avec son mediaType et representation=B64."
    yield from fixed(media, "value", "mediaType", kinds, advice)
    yield from fixed(media, "value", "representation", ("B64",), advice)
    if decoded(find(media, "value")) is None:
        place = place_of(media)
        yield from lacking(None, "value", place, "des octets en base64", advice)
