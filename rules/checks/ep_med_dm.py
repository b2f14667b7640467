"""EP-19: header and body of an eP-MED-DM, by the version that it declares.

What holds for any CDA is judged by the checks of the header (``cda_*``); a missing
Code 2D says nothing by itself, since the document leaves without it when the
service of the ordonnance numérique does not answer (EP-29).

The first schematron of 2022.01 asks less of the header than those of the later versions,
which ask the same of 2023.01 and of 2024.01.

Source: e-prescription.md §9.1 to §9.3; schematrons of each version.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.checks.ep_med_dm_sections import SECTIONS, section
from rules.checks.ep_med_dm_values import EXIGENCES, SOURCE, TITLE, fixed, lacking, templates
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda_types import Coded, find
from rules.formats.ep_med_dm import (
    CODE,
    DEVICES,
    DRUGS,
    FLAG_SYSTEM,
    PDF_COPY,
    V2022,
    EpMedDm,
)
from rules.xml import place_of

_IHE = ("1.3.6.1.4.1.19376.1.9.1.1.1", "1.3.6.1.4.1.19376.1.5.3.1.1.1")
_FLAGS = tuple(f"MED-{n}" for n in (1094, 1095, 1096, 1097, 1098, 1132, 1159))


@check("EP-19", title=TITLE, severity=Severity.BLOCKING, exigences=EXIGENCES, source=SOURCE)
def document(prescription: EpMedDm, _context: Context) -> Iterator[Finding]:
    """Header, then sections; lines have the same id on their own class."""
    yield from _header(prescription)
    if prescription.version != V2022:
        yield from _recent_header(prescription)
    for flag in prescription.flags:
        yield from _flag(flag)
    yield from _number_of_sections(prescription)
    for template in SECTIONS:
        for found in prescription.of_template(template):
            yield from section(found, template)


def _header(prescription: EpMedDm) -> Iterator[Finding]:
    root = prescription.root
    yield from templates(root, _IHE, "l'e-prescription")
    advice = "Coder l'acte principal comme le document : 57833-6."
    if prescription.act is None:
        yield from lacking(None, "documentationOf", "/ClinicalDocument", "un acte", advice)
    yield from fixed(prescription.act, "code", "code", (CODE,), advice)


def _recent_header(prescription: EpMedDm) -> Iterator[Finding]:
    root = prescription.root
    role, patient = (
        find(root, "recordTarget/patientRole"),
        "/ClinicalDocument/recordTarget/patientRole",
    )
    for name in ("addr", "telecom"):
        advice = "Écrire l'adresse et un contact du patient (nullFlavor s'ils sont inconnus)."
        yield from lacking(role, name, patient, "au moins un", advice)
    for name in ("id", "code", "representedOrganization/id", "representedOrganization/name"):
        advice = (
            "Nommer le prescripteur et sa structure : les versions 2023.01 et 2024.01 les exigent."
        )
        if find(root, f"author/assignedAuthor/{name}") is None:
            place = "/ClinicalDocument/author/assignedAuthor"
            yield from lacking(None, name, place, "un", advice)
    for bound, found in zip(("low", "high"), prescription.validity, strict=True):
        if found is None or not (found.value or found.null_flavor):
            yield Finding(
                f"{_act_place(prescription)}/effectiveTime/{bound}",
                "une date",
                "absent",
                "Dater le début et la fin de validité : le modèle exige les deux.",
            )


def _act_place(prescription: EpMedDm) -> str:
    act = prescription.act
    return "/ClinicalDocument/documentationOf" if act is None else place_of(act)


def _flag(flag: Coded) -> Iterator[Finding]:
    if (flag.code_system, flag.code in _FLAGS) != (FLAG_SYSTEM, True):
        yield Finding(
            flag.place,
            f"un code de {FLAG_SYSTEM} parmi {', '.join(_FLAGS)}",
            f"{flag.code} ({flag.code_system})",
            "Coder chaque particularité (bizone, sécurisée, exception…) avec sa nomenclature.",
        )


def _number_of_sections(prescription: EpMedDm) -> Iterator[Finding]:
    for template, (name, _, _) in SECTIONS.items():
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
