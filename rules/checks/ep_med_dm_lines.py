"""EP-16, EP-19, EP-22: the lines of an eP-MED-DM.

Source: e-prescription.md §9.4, §9.5; §6 for the motives of a non substituable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from rules.checking import check
from rules.checks.ep_med_dm_values import EXIGENCES, SOURCE, fixed, lacking, templates
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda_types import HL7, attribute, find
from rules.formats.ep_med_dm import (
    ALD,
    CIS,
    EMDN,
    LPP,
    V2024,
    DeviceLine,
    DrugLine,
    Line,
)
from rules.formats.prescription import MOTIVES, NO_SUBSTITUTION
from rules.xml import place_of, text_of

_OBSERVATION = "1.2.250.1.213.1.1.3.48."
_STATEMENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    ALD: ("ALD", (f"{_OBSERVATION}13",)),
    "GEN-180": ("AT/MP", (f"{_OBSERVATION}14",)),
    "GEN-179": ("hors AMM", (f"{_OBSERVATION}12",)),
    "GEN-181": ("non remboursable", (f"{_OBSERVATION}15", f"{_OBSERVATION}215")),
    "GEN-295": ("prévention", (f"{_OBSERVATION}34", f"{_OBSERVATION}224")),
}
"""Code, name and templates (2023 and after, then 2022) of each observation."""
_DEVICE_2024 = (ALD, "GEN-180", "GEN-181", "GEN-295")
_DRUG_TEMPLATES = (
    "2.16.840.1.113883.10.20.1.24",
    "1.3.6.1.4.1.19376.1.5.3.1.4.7",
    "1.3.6.1.4.1.19376.1.9.1.3.2",
    "1.2.250.1.213.1.1.3.83",
)
_PRODUCT_TEMPLATES = (
    "2.16.840.1.113883.10.20.1.53",
    "1.3.6.1.4.1.19376.1.5.3.1.4.7.2",
    ("1.2.250.1.213.1.1.3.43", "1.2.250.1.213.1.1.3.84"),
)
_DEVICE_TEMPLATES = ("2.16.840.1.113883.10.20.1.34", "1.2.250.1.213.1.1.3.20")
_TITLE = "Le document eP-MED-DM suit le modèle de la version qu'il déclare"
_CIS = re.compile(r"\d{8}", re.ASCII)
_MOTIVE = re.compile(rf"\b({'|'.join(MOTIVES)})\b(?!-PH)")


@check("EP-19", title=_TITLE, severity=Severity.BLOCKING, exigences=EXIGENCES, source=SOURCE)
def drug(line: DrugLine, _context: Context) -> Iterator[Finding]:
    """An entry FR-Traitement-prescrit."""
    element, place = line.element, place_of(line.element)
    yield from templates(element, _DRUG_TEMPLATES, "la ligne de médicament")
    yield from _identified(line)
    advice = "Écrire les valeurs fixes d'une ligne de médicament, telles que le modèle les donne."
    yield from fixed(element, "", "classCode", ("SBADM",), advice)
    yield from fixed(element, "", "moodCode", ("INT",), advice)
    yield from fixed(element, "code", "code", ("DRUG",), advice)
    yield from fixed(element, "statusCode", "code", ("completed",), advice)
    advice = "Relier la ligne à son texte : text/reference désigne l'ID du texte de la section."
    yield from lacking(element, "text/reference", place, "une", advice)
    yield from _product(line)
    yield from _doses(line)
    yield from _repeats(line, required=False)
    yield from _substitution(line)
    yield from _statements(line, (ALD,))


@check("EP-19", title=_TITLE, severity=Severity.BLOCKING, exigences=EXIGENCES, source=SOURCE)
def device(line: DeviceLine, _context: Context) -> Iterator[Finding]:
    """An entry of a dispositif médical; 2024.01 asks four observations and repeatNumber."""
    recent = line.version == V2024
    yield from templates(line.element, _DEVICE_TEMPLATES, "la ligne de dispositif médical")
    yield from _identified(line)
    advice = "Écrire les valeurs fixes d'une ligne de dispositif : SPLY, INT."
    yield from fixed(line.element, "", "classCode", ("SPLY",), advice)
    yield from fixed(line.element, "", "moodCode", ("INT",), advice)
    advice = "Dire combien de conditionnements sont prescrits."
    yield from lacking(line.element, "quantity", place_of(line.element), "un", advice)
    yield from _repeats(line, required=recent)
    yield from _device_code(line)
    yield from _statements(line, _DEVICE_2024 if recent else (ALD,))


def _identified(line: Line) -> Iterator[Finding]:
    if len(line.ids) != 1:
        yield Finding(
            f"{place_of(line.element)}/id",
            "un seul id",
            str(len(line.ids)),
            "Donner à chaque ligne un identifiant, et un seul.",
        )


def _product(line: DrugLine) -> Iterator[Finding]:
    place = place_of(line.element)
    if line.product is None or line.material is None:
        path = "consumable/manufacturedProduct/manufacturedMaterial"
        advice = "Décrire le médicament dans manufacturedMaterial."
        yield from lacking(line.element, path, place, "un", advice)
        return
    yield from templates(line.product, _PRODUCT_TEMPLATES, "du médicament")
    yield from templates(line.material, ("1.3.6.1.4.1.19376.1.9.1.3.1",), "du produit")
    advice = "Nommer le médicament (nullFlavor NA pour une préparation magistrale)."
    yield from lacking(line.material, "name", place_of(line.material), "un", advice)


def _doses(line: DrugLine) -> Iterator[Finding]:
    """A dose or a rate has both bounds, or says why not."""
    for name in ("doseQuantity", "rateQuantity"):
        found = find(line.element, name)
        if found is None or attribute(found, "nullFlavor"):
            continue
        for bound in ("low", "high"):
            advice = "Écrire low et high d'une dose, égaux quand elle est fixe."
            yield from lacking(found, bound, place_of(found), "un", advice)


def _repeats(line: Line, *, required: bool) -> Iterator[Finding]:
    written = line.repeats
    absent = find(line.element, "repeatNumber") is None
    valid = absent or (written or "").isdecimal()
    if not valid or (absent and required):
        yield Finding(
            f"{place_of(line.element)}/repeatNumber/@value",
            "un entier, 0 sans renouvellement",
            written or "absent",
            "Écrire le nombre de renouvellements, 0 quand il n'y en a pas.",
        )


def _substitution(line: DrugLine) -> Iterator[Finding]:
    acts = line.substitutions
    if len(acts) != 1:
        yield Finding(
            f"{place_of(line.element)}/entryRelationship/act",
            "un act FR-Autorisation-substitution (1.2.250.1.213.1.1.3.87), et un seul",
            str(len(acts)),
            "Dire sur chaque ligne si la substitution est permise (G) ou non (N).",
        )
        return
    advice = "Coder la substitution G (permise) ou N (exclue), du système 2.16.840.1.113883.5.1070."
    yield from fixed(acts[0], "code", "code", ("G", NO_SUBSTITUTION), advice)
    yield from fixed(acts[0], "code", "codeSystem", ("2.16.840.1.113883.5.1070",), advice)


def _statements(line: Line, required: tuple[str, ...]) -> Iterator[Finding]:
    for code, (name, known) in _STATEMENTS.items():
        found = [s for s in line.statements if s.code == code]
        if len(found) > 1 or (code in required and not found):
            yield Finding(
                f"{place_of(line.element)}/entryRelationship/observation",
                f"une observation {name} ({code})",
                str(len(found)),
                f"Dire {name} par oui ou par non, une fois sur chaque ligne.",
            )
        for statement in found:
            yield from templates(statement.element, (known,), f"l'observation {name}")
            if statement.value is None:
                yield Finding(
                    f"{statement.place}/value/@value",
                    "true ou false",
                    attribute(find(statement.element, "value"), "value") or "absent",
                    f"Répondre true ou false à l'observation {name}.",
                )


def _device_code(line: DeviceLine) -> Iterator[Finding]:
    found = line.device
    advice = "Coder le dispositif en EMDN, avec son code LPP en translation."
    if found is None:
        path = "participant/participantRole/playingDevice/code"
        yield from lacking(line.element, path, place_of(line.element), "un code", advice)
    elif not found.null_flavor and found.code_system not in (EMDN, LPP):
        yield Finding(
            f"{found.place}/@codeSystem", f"{EMDN} ou {LPP}", found.code_system or "absent", advice
        )


@check(
    "EP-16",
    title="Une ligne non substituable donne son motif : MTE, EFG ou CIF",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="arrêté du 12/11/2019, CSP L5125-23 (e-prescription.md §6, §9.4)",
)
def motive(line: DrugLine, _context: Context) -> Iterator[Finding]:
    """In the text that the act of substitution holds, or refers to."""
    if line.substitution != NO_SUBSTITUTION:
        return
    act = line.substitutions[0]
    said = _said(line, act)
    if not _MOTIVE.search(said):
        yield Finding(
            f"{place_of(act)}/code/originalText",
            "MTE, EFG ou CIF",
            said or "absent",
            "Écrire le motif de l'exclusion dans originalText, comme sur l'ordonnance imprimée.",
        )


def _said(line: DrugLine, act: etree._Element) -> str:
    """The text of the act, with what its references designate in the document."""
    wanted = {(attribute(e, "value") or "").lstrip("#") for e in act.iter(f"{{{HL7}}}reference")}
    root = line.element.getroottree().getroot()
    named = [text_of(e) or "" for e in root.iter() if e.get("ID") in wanted]
    return " ".join([text_of(find(act, "code/originalText")) or "", *named]).strip()


@check(
    "EP-22",
    title="Chaque médicament a un code CIS, ou se déclare préparation magistrale",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def coded_drug(line: DrugLine, _context: Context) -> Iterator[Finding]:
    """A préparation has no code, and its text."""
    found = line.code
    if found is None:
        return
    if found.null_flavor:
        advice = "Renvoyer au texte de la préparation par originalText/reference."
        path = "originalText/reference"
        yield from lacking(found.element, path, found.place, "une", advice)
    elif found.code_system != CIS or not _CIS.fullmatch(found.code or ""):
        yield Finding(
            found.place,
            f"un code CIS de 8 chiffres ({CIS})",
            f"{found.code} ({found.code_system})",
            "Coder le médicament par son CIS ; pour une préparation, nullFlavor NA et un texte.",
        )
