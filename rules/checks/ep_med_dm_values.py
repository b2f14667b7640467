"""What the checks of the eP-MED-DM share: its source, how to say what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from rules.findings import Finding
from rules.formats.cda_types import attribute, find, find_all
from rules.formats.ep_med_dm_lines import templates_of
from rules.xml import place_of

SOURCE = "CI-SIS eP-MED-DM 2022.01 à 2024.01 (e-prescription.md §9)"
TITLE = "Le document eP-MED-DM suit le modèle de la version qu'il déclare"
LOINC = "2.16.840.1.113883.6.1"
EXIGENCES = ("LGC.PRESC.02", "LGC.PRESC.03", "SC.ORDN/CONF.02")
"""The document N3 that a prescription leaves in the DMP."""


def lacking(
    element: etree._Element | None, path: str, place: str, expected: str, advice: str
) -> Iterator[Finding]:
    """A finding when no element stands at a path; ``place`` is that of the element."""
    if find(element, path) is None:
        yield Finding(f"{place}/{path}", expected, "absent", advice)


def templates(
    element: etree._Element, wanted: Iterable[str | tuple[str, ...]], name: str
) -> Iterator[Finding]:
    """A finding for each templateId missing; a tuple gives alternatives."""
    held = templates_of(element)
    for each in wanted:
        options = (each,) if isinstance(each, str) else each
        if not set(options) & set(held):
            yield Finding(
                f"{place_of(element)}/templateId",
                " ou ".join(options),
                ", ".join(held) or "absent",
                f"Déclarer tous les templateId de {name} : les lecteurs s'y fient.",
            )


def counted(
    element: etree._Element, path: str, least: int, most: int | None, advice: str
) -> Iterator[Finding]:
    """A finding when elements at a path are too few or too many; ``most`` None is no limit."""
    found = sum(1 for _ in find_all(element, path))
    if found < least or (most is not None and found > most):
        expected = f"{least} au moins" if most is None else f"{most} au plus"
        if least == most:
            expected = f"{least} exactement"
        yield Finding(f"{place_of(element)}/{path}", expected, str(found), advice)


def fixed(
    element: etree._Element | None, path: str, name: str, expected: tuple[str, ...], advice: str
) -> Iterator[Finding]:
    """A finding when an attribute (of the element, or at a path under it) has another value."""
    target = find(element, path) if path else element
    found = attribute(target, name)
    if element is not None and found not in expected:
        place = f"{place_of(element)}/{path}" if path else place_of(element)
        yield Finding(f"{place}/@{name}", " ou ".join(expected), found or "absent", advice)
