"""EP-16, EP-19, EP-22: the lines of drugs of an eP-MED-DM.

Source: e-prescription.md §9.4, §6 for the motives of a non substituable; schematrons
FR-Traitement-prescrit and « Prescription Item » of IHE PHARM PRE.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from rules.checking import check
from rules.checks.ep_med_dm_posology import posology
from rules.checks.ep_med_dm_statements import statements
from rules.checks.ep_med_dm_values import (
    EXIGENCES,
    SOURCE,
    TITLE,
    counted,
    fixed,
    lacking,
    templates,
)
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cartouche import plain
from rules.formats.cda_types import HL7, Coded, attribute, find, find_all
from rules.formats.ep_med_dm_lines import CIS, SUBSTITUTION, DrugLine, Line, templates_of
from rules.formats.prescription import MOTIVES, NO_SUBSTITUTION
from rules.xml import place_of, text_of

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
_QUANTITY = ("1.3.6.1.4.1.19376.1.9.1.3.8", "1.2.250.1.213.1.1.3.86")
_IHE_CODES = "1.3.6.1.4.1.19376.1.5.3.2"
_INSTRUCTIONS = {
    "PINSTRUCT": ("au patient", ("1.3.6.1.4.1.19376.1.5.3.1.4.3", "1.2.250.1.213.1.1.3.33")),
    "FINSTRUCT": (
        "au dispensateur",
        ("1.3.6.1.4.1.19376.1.5.3.1.4.3.1", "1.2.250.1.213.1.1.3.34"),
    ),
}
_CIS = re.compile(r"\d{8}", re.ASCII)
_MOTIVE = re.compile(
    rf"\b({'|'.join(MOTIVES)})\b(?!-PH)|MARGE THERAPEUTIQUE ETROITE"
    r"|ENFANT.*\b(6|SIX) ANS|FORME GALENIQUE|CONTRE.INDICATION (FORMELLE|.*EXCIPIENT)"
)
"""The code that is printed, or the words of the arrêté: the document may say either."""


@check("EP-19", title=TITLE, severity=Severity.BLOCKING, exigences=EXIGENCES, source=SOURCE)
def drug(line: DrugLine, _context: Context) -> Iterator[Finding]:
    """An entry FR-Traitement-prescrit."""
    element, place = line.element, place_of(line.element)
    yield from templates(element, _DRUG_TEMPLATES, "la ligne de médicament")
    yield from identified(line)
    yield from counted(element, "id", 0, 1, "Donner un seul identifiant à chaque médicament.")
    advice = "Écrire les valeurs fixes d'une ligne de médicament, telles que le modèle les donne."
    yield from fixed(element, "", "classCode", ("SBADM",), advice)
    yield from fixed(element, "", "moodCode", ("INT",), advice)
    if find(element, "code") is not None:
        yield from fixed(element, "code", "code", ("DRUG",), advice)
        yield from fixed(element, "code", "codeSystem", ("2.16.840.1.113883.5.4",), advice)
    yield from fixed(element, "statusCode", "code", ("completed",), advice)
    advice = "Relier la ligne à son texte : text/reference désigne l'ID du texte de la section."
    yield from lacking(element, "text/reference", place, "une", advice)
    for name in ("author", "reference"):
        yield from counted(element, name, 0, 0, f"Retirer {name} : une prescription n'en a pas.")
    yield from _product(line)
    yield from posology(line)
    yield from repeats(line, required=True)
    yield from _substitution(line)
    yield from _quantity(line)
    yield from _instructions(line)
    yield from counted(element, "precondition", 0, 1, "Réunir les conditions en une seule.")
    yield from statements(line)


def identified(line: Line) -> Iterator[Finding]:
    """At least one identifier; that of a device may be unknown."""
    usable = [i for i in line.ids if i.root or i.null_flavor]
    if not usable:
        yield Finding(
            f"{place_of(line.element)}/id",
            "un id",
            f"{len(line.ids)} sans root" if line.ids else "absent",
            "Donner un identifiant à chaque ligne : la dispensation s'y rapporte.",
        )


def repeats(line: Line, *, required: bool) -> Iterator[Finding]:
    """A whole number, or nullFlavor NI when renewals have no limit but a period."""
    found = find(line.element, "repeatNumber")
    written = line.repeats or ""
    valid = re.fullmatch(r"\d+", written, re.ASCII) or attribute(found, "nullFlavor") == "NI"
    if required if found is None else not valid:
        yield Finding(
            f"{place_of(line.element)}/repeatNumber/@value",
            "un entier, 0 sans renouvellement",
            written or "absent",
            "Écrire le nombre de renouvellements, 0 quand il n'y en a pas.",
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
    advice = "Écrire les classes du produit : MANU, puis MMAT et KIND."
    yield from fixed(line.product, "", "classCode", ("MANU",), advice)
    yield from fixed(line.material, "", "classCode", ("MMAT",), advice)
    yield from fixed(line.material, "", "determinerCode", ("KIND",), advice)
    for path, advice in (
        ("code", "Coder le médicament (nullFlavor NA pour une préparation magistrale)."),
        ("name", "Nommer le médicament (nullFlavor NA pour une préparation magistrale)."),
    ):
        yield from lacking(line.material, path, place_of(line.material), "un", advice)


def _substitution(line: DrugLine) -> Iterator[Finding]:
    acts = line.substitutions
    if len(acts) != 1:
        yield Finding(
            f"{place_of(line.element)}/entryRelationship/act",
            f"un act FR-Autorisation-substitution ({SUBSTITUTION}), et un seul",
            str(len(acts)),
            "Dire sur chaque ligne si la substitution est permise (G) ou non (N).",
        )
        return
    act = acts[0]
    yield from templates(act, ("1.3.6.1.4.1.19376.1.9.1.3.9.1",), "de la substitution")
    advice = "Coder la substitution G (permise) ou N (exclue), du système 2.16.840.1.113883.5.1070."
    yield from fixed(act.getparent(), "", "typeCode", ("COMP",), advice)
    yield from fixed(act, "", "moodCode", ("DEF",), advice)
    yield from fixed(act, "code", "code", ("G", NO_SUBSTITUTION), advice)
    yield from fixed(act, "code", "codeSystem", ("2.16.840.1.113883.5.1070",), advice)


def _quantity(line: DrugLine) -> Iterator[Finding]:
    """How much to deliver: a supply of its own, at most one."""
    found = _related(line, "supply", _QUANTITY)
    advice = "Écrire la quantité dans une supply RQO, une fois : independentInd false, quantity."
    if len(found) > 1:
        place = f"{place_of(line.element)}/entryRelationship/supply"
        yield Finding(place, "1 au plus", str(len(found)), advice)
    for supply in found:
        yield from templates(supply, _QUANTITY, "de la quantité")
        yield from fixed(supply.getparent(), "", "typeCode", ("COMP",), advice)
        yield from fixed(supply, "", "moodCode", ("RQO",), advice)
        yield from fixed(supply, "independentInd", "value", ("false",), advice)
        said = attribute(find(supply, "quantity"), "value")
        if not said:
            yield from lacking(None, "quantity/@value", place_of(supply), "un nombre", advice)


def _instructions(line: DrugLine) -> Iterator[Finding]:
    """To the patient, to who delivers: at most one of each."""
    for code, (told, known) in _INSTRUCTIONS.items():
        found = _related(line, "act", known)
        advice = f"Écrire l'instruction {told} une fois, avec SUBJ, inversionInd et {code}."
        if len(found) > 1:
            place = f"{place_of(line.element)}/entryRelationship/act"
            yield Finding(place, "1 au plus", str(len(found)), advice)
        for act in found:
            yield from templates(act, known, f"de l'instruction {told}")
            relation = act.getparent()
            yield from fixed(relation, "", "typeCode", ("SUBJ",), advice)
            yield from fixed(relation, "", "inversionInd", ("true",), advice)
            yield from fixed(act, "", "moodCode", ("INT",), advice)
            yield from fixed(act, "code", "code", (code,), advice)
            yield from fixed(act, "code", "codeSystem", (_IHE_CODES,), advice)


def _related(line: DrugLine, name: str, known: tuple[str, ...]) -> list[etree._Element]:
    found = find_all(line.element, f"entryRelationship/{name}")
    return [each for each in found if {*known} & {*templates_of(each)}]


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
    if not _MOTIVE.search(plain(said)):
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
    own = (text_of(find(act, path)) or "" for path in ("code/originalText", "text"))
    return " ".join([*own, *named]).strip()


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
        yield from _preparation(found)
    elif found.code_system != CIS or not _CIS.fullmatch(found.code or ""):
        yield Finding(
            found.place,
            f"un code CIS de 8 chiffres ({CIS})",
            f"{found.code} ({found.code_system})",
            "Coder le médicament par son CIS ; pour une préparation, nullFlavor NA et un texte.",
        )


def _preparation(found: Coded) -> Iterator[Finding]:
    if found.null_flavor != "NA":
        yield Finding(
            f"{found.place}/@nullFlavor",
            "NA (préparation), ou un code CIS",
            found.null_flavor or "absent",
            "Coder le médicament par son CIS : seule une préparation magistrale n'a pas de code.",
        )
    text = find(found.element, "originalText")
    if not text_of(text) and find(text, "reference") is None:
        advice = "Renvoyer au texte de la préparation par originalText/reference."
        yield from lacking(None, "originalText/reference", found.place, "une", advice)
