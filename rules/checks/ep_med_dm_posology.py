"""EP-19: how a drug is taken: times, doses, ways and steps of FR-Traitement-prescrit.

A dose that changes has subordinate administrations, and the templateId of its mode.

Source: e-prescription.md §9.4; schematrons « Prescription Item » (IHE PHARM PRE) and
FR-Traitement-prescrit.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from rules.checks.ep_med_dm_values import counted, fixed, lacking, templates
from rules.findings import Finding
from rules.formats.cda_types import attribute, find, find_all
from rules.formats.ep_med_dm import V2022
from rules.formats.ep_med_dm_lines import DrugLine, lasts, type_of
from rules.xml import place_of

_PCC = "1.3.6.1.4.1.19376.1.5.3.1.4."
SIMPLE, STEPPED = (f"{_PCC}7.1", f"{_PCC}21"), tuple(f"{_PCC}{n}" for n in (8, 9, 10, 11))
"""Modes: normal, à début différé; progressive, fractionnée, conditionnelle, combinée."""
EDQM = "0.4.0.127.0.16.1.1.2.1"
PRODUCT = f"{_PCC}7.2"
_HOW_OFTEN = {
    "PIVL_TS": ("period", "phase", "standardDeviation"),
    "EIVL_TS": ("event", "offset"),
    "SXPR_TS": ("comp",),
}
"""What each type of frequency is made of."""


def posology(line: DrugLine) -> Iterator[Finding]:
    """Whatever the entry says of it: the posology may be a text alone."""
    yield from _mode(line)
    yield from _times(line.element)
    yield from _doses(line.element)
    yield from _route(line.element)
    if line.steps and find(line.element, "entryRelationship/sequenceNumber") is None:
        place = f"{place_of(line.element)}/entryRelationship/sequenceNumber"
        yield Finding(place, "un rang", "absent", "Numéroter les doses successives.")
    for step in line.steps:
        yield from _step(step, explicit=line.version != V2022)
        yield from _doses(step)


def _mode(line: DrugLine) -> Iterator[Finding]:
    held, place = set(line.templates), f"{place_of(line.element)}/templateId"
    if not held & {*SIMPLE, *STEPPED}:
        yield Finding(
            place,
            f"le mode d'administration : {', '.join((*SIMPLE, *STEPPED))}",
            "absent",
            "Déclarer le mode d'administration de la ligne : doses normales "
            f"({SIMPLE[0]}), progressives ({STEPPED[0]})…",
        )
    elif held & {*STEPPED} and not line.steps:
        yield Finding(
            f"{place_of(line.element)}/entryRelationship/substanceAdministration",
            "les doses successives (1.2.250.1.213.1.1.3.83.1)",
            "aucune",
            "Écrire chaque dose dans un traitement subordonné, ou déclarer des doses normales.",
        )
    elif line.steps and not held & {*STEPPED}:
        yield Finding(
            place,
            " ou ".join(STEPPED),
            ", ".join(sorted(held & {*SIMPLE})),
            "Déclarer le mode qui va avec des traitements subordonnés.",
        )


def _times(element: etree._Element) -> Iterator[Finding]:
    times = list(find_all(element, "effectiveTime"))
    spans = [time for time in times if lasts(time)]
    if len(spans) > 1:
        advice = "Écrire une durée de traitement (IVL_TS), puis la fréquence avec operator A."
        yield Finding(f"{place_of(element)}/effectiveTime", "1 au plus", str(len(spans)), advice)
    for span in spans:
        if not attribute(span, "nullFlavor") and find(span, "width") is None:
            for bound in ("low", "high"):
                advice = "Dater le début et la fin du traitement (nullFlavor si inconnus)."
                yield from lacking(span, bound, place_of(span), "une date", advice)
    for time in times:
        if not lasts(time):
            yield from _frequency(time)


def _frequency(time: etree._Element) -> Iterator[Finding]:
    names = _HOW_OFTEN.get(type_of(time) or "")
    if names is None:
        yield Finding(
            f"{place_of(time)}/@xsi:type",
            " ou ".join(_HOW_OFTEN),
            type_of(time) or "absent",
            "Dire la fréquence par une période, un évènement de la journée ou leur composition.",
        )
    elif all(find(time, name) is None for name in names) and not attribute(time, "nullFlavor"):
        advice = "Écrire ce qui fait la fréquence, selon son type."
        yield Finding(place_of(time), " ou ".join(names), "absent", advice)


def _doses(element: etree._Element) -> Iterator[Finding]:
    """A dose or a rate has both bounds, a greatest dose its numerator and its denominator."""
    for name in ("doseQuantity", "rateQuantity"):
        yield from counted(element, name, 0, 1, "Écrire une seule dose, bornée par low et high.")
        found = find(element, name)
        for bound in ("low", "high") if found is not None else ():
            advice = "Écrire low et high d'une dose, égaux quand elle est fixe."
            yield from lacking(found, bound, place_of(element), "un", advice)
    for dose in find_all(element, "maxDoseQuantity"):
        for part in ("numerator", "denominator"):
            advice = "Écrire la dose maximale comme une quantité par durée."
            yield from lacking(dose, part, place_of(dose), "un", advice)


def _route(element: etree._Element) -> Iterator[Finding]:
    yield from counted(element, "routeCode", 0, 1, "Écrire une seule voie d'administration.")
    route = find(element, "routeCode")
    if route is not None and not attribute(route, "nullFlavor"):
        advice = "Coder la voie d'administration avec les Standard Terms de l'EDQM."
        yield from fixed(element, "routeCode", "codeSystem", (EDQM,), advice)


def _step(step: etree._Element, *, explicit: bool) -> Iterator[Finding]:
    """A subordinate administration names no product of its own.

    ``explicit`` has it write the CSM that the schema implies: the examples of 2022 do not.
    """
    place = place_of(step)
    advice = "Écrire les valeurs fixes d'un traitement subordonné, telles que le modèle les donne."
    yield from fixed(step.getparent(), "", "typeCode", ("COMP",), advice)
    for name, value in (("classCode", "SBADM"), ("moodCode", "INT")):
        yield from fixed(step, "", name, (value,), advice)
    yield from fixed(step, "statusCode", "code", ("completed",), advice)
    for path in ("id", "text/reference"):
        yield from lacking(step, path, place, "un", "Identifier la dose et la relier à son texte.")
    if explicit or attribute(find(step, "consumable"), "typeCode"):
        yield from fixed(step, "consumable", "typeCode", ("CSM",), advice)
    product = find(step, "consumable/manufacturedProduct")
    if product is None:
        path = "consumable/manufacturedProduct"
        yield from lacking(step, path, place, "un produit sans code (NA)", advice)
    else:
        yield from templates(product, (PRODUCT,), "du produit d'une dose")
