"""EP-19: the entry of a dispositif médical.

Since 2023.01 the schematrons ask for repeatNumber and four observations.

Source: e-prescription.md §9.5; schematron FR-Dispositif-medical.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.checks.ep_med_dm_lines import identified, repeats
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
from rules.formats.cda_types import Coded, attribute, find, find_all
from rules.formats.ep_med_dm import V2022
from rules.formats.ep_med_dm_lines import EMDN, LPP, DeviceLine
from rules.xml import place_of

_TEMPLATES = ("2.16.840.1.113883.10.20.1.34", "1.2.250.1.213.1.1.3.20")
_SHAPES = {
    LPP: (re.compile(r"\d{7}", re.ASCII), "7 chiffres (LPP)"),
    EMDN: (re.compile(r"[A-Z]\d{2,12}", re.ASCII), "une lettre et des chiffres (EMDN)"),
}
_DEVICE = "participant/participantRole/playingDevice"


@check("EP-19", title=TITLE, severity=Severity.BLOCKING, exigences=EXIGENCES, source=SOURCE)
def device(line: DeviceLine, _context: Context) -> Iterator[Finding]:
    """An entry FR-Dispositif-medical."""
    element = line.element
    yield from templates(element, _TEMPLATES, "la ligne de dispositif médical")
    yield from identified(line)
    advice = "Écrire les valeurs fixes d'une ligne de dispositif : SPLY, INT."
    yield from fixed(element, "", "classCode", ("SPLY",), advice)
    yield from fixed(element, "", "moodCode", ("INT",), advice)
    advice = "Dater l'utilisation du dispositif, une fois (nullFlavor UNK quand on l'ignore)."
    yield from counted(element, "effectiveTime", 1, 1, advice)
    yield from repeats(line, required=line.version != V2022)
    yield from _quantity(line)
    yield from _participant(line)
    yield from statements(line)


def _quantity(line: DeviceLine) -> Iterator[Finding]:
    """A number of packagings, and a duration of location in days."""
    element = line.element
    advice = "Écrire le nombre de conditionnements, et lui seul, dans quantity."
    yield from counted(element, "quantity", 0, 1, advice)
    quantity = find(element, "quantity")
    if quantity is not None and not attribute(quantity, "nullFlavor"):
        said = attribute(quantity, "value") or ""
        if not re.fullmatch(r"\d+(\.\d+)?", said, re.ASCII):
            yield Finding(
                f"{place_of(element)}/quantity/@value", "un nombre", said or "absent", advice
            )
    width = find(element, "expectedUseTime/width")
    if width is not None and not attribute(width, "nullFlavor"):
        advice = "Écrire la durée de location en jours : width, unit d."
        yield from fixed(element, "expectedUseTime/width", "unit", ("d",), advice)


def _participant(line: DeviceLine) -> Iterator[Finding]:
    element = line.element
    advice = "Décrire le dispositif dans un participant DEV, de rôle MANU et de classe DEV."
    if line.device is None:
        place = place_of(element)
        yield from lacking(element, f"{_DEVICE}/code", place, "un code", advice)
        return
    yield from counted(element, _DEVICE, 1, 1, advice)
    yield from fixed(element, "participant", "typeCode", ("DEV",), advice)
    yield from fixed(element, "participant/participantRole", "classCode", ("MANU",), advice)
    yield from fixed(element, _DEVICE, "determinerCode", ("INSTANCE",), advice)
    yield from _codes(line.device)


def _codes(found: Coded) -> Iterator[Finding]:
    """A device that no nomenclature lists has a label and a nullFlavor."""
    advice = "Coder le dispositif en EMDN, avec son code LPP en translation."
    if not found.null_flavor and found.code_system not in _SHAPES:
        yield Finding(
            f"{found.place}/@codeSystem", f"{EMDN} ou {LPP}", found.code_system or "absent", advice
        )
    for each in (found, *map(Coded.read, find_all(found.element, "translation"))):
        shape, told = _SHAPES.get(each.code_system or "", (None, ""))
        if shape is not None and not shape.fullmatch(each.code or ""):
            yield Finding(f"{each.place}/@code", told, each.code or "absent", advice)
