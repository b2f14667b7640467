"""Reading ebRIM: ``lcm:SubmitObjectsRequest`` as SubmissionSet, DocumentEntry, links.

One reader for the bodies of ITI-41 and ITI-57 (DMP) and for the METADATA.XML
of an IHE_XDM archive. Source: IHE ITI TF-3 §4.2, CI-SIS « Partage de documents
de santé », sheet dmp.md §8-9. The values are those of :mod:`rules.formats.registry`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from rules.formats.hl7_types import Specialty, Xcn, Xon
from rules.formats.registry import (
    ENTRY_AUTHOR,
    FOLDER_NODE,
    RIM,
    SET_AUTHOR,
    Association,
    Author,
    Coded,
    DocumentEntry,
    RegistryObjects,
    SubmissionSet,
)
from rules.xml import parse_xml, place_of


def parse_submit_objects(data: bytes, *, check_id: str, artefact: str = "") -> RegistryObjects:
    """Read a METADATA.XML: an ``lcm:SubmitObjectsRequest`` document.

    Raises MalformedError (with ``check_id``) when it is not well-formed; a
    root of another name is read as an empty list, for the caller to judge.
    """
    return read_submit_objects(parse_xml(data, check_id=check_id, artefact=artefact))


def read_submit_objects(element: etree._Element) -> RegistryObjects:
    """Read an ``lcm:SubmitObjectsRequest`` element."""
    found = element.find(f"{{{RIM}}}RegistryObjectList")
    return read_registry_objects(element if found is None else found)


def read_registry_objects(element: etree._Element) -> RegistryObjects:
    """Read a ``rim:RegistryObjectList``; other elements inside are ignored."""
    return RegistryObjects(
        submission_sets=tuple(
            SubmissionSet(**_metadata(package))
            for package in element.iterchildren(f"{{{RIM}}}RegistryPackage")
            if FOLDER_NODE not in _nodes(package)
        ),
        entries=tuple(_entry(e) for e in element.iterchildren(f"{{{RIM}}}ExtrinsicObject")),
        associations=tuple(_association(a) for a in element.iterchildren(f"{{{RIM}}}Association")),
        references=tuple(r.get("id", "") for r in element.iterchildren(f"{{{RIM}}}ObjectRef")),
        place=place_of(element),
    )


def _nodes(element: etree._Element) -> frozenset[str]:
    """Nodes of classifications inside the object, or beside it with its id."""
    parent = element.getparent()
    beside = () if parent is None else parent.iterchildren(f"{{{RIM}}}Classification")
    own = [c for c in beside if c.get("classifiedObject") == element.get("id")]
    own += element.iterchildren(f"{{{RIM}}}Classification")
    return frozenset(filter(None, (c.get("classificationNode") for c in own)))


def _entry(element: etree._Element) -> DocumentEntry:
    return DocumentEntry(
        **_metadata(element),
        mime_type=element.get("mimeType"),
        object_type=element.get("objectType"),
    )


def _metadata(element: etree._Element) -> dict[str, Any]:
    place = place_of(element)
    codes: dict[str, tuple[Coded, ...]] = {}
    authors: list[Author] = []
    for item in element.iterchildren(f"{{{RIM}}}Classification"):
        scheme = item.get("classificationScheme")
        if scheme in (SET_AUTHOR, ENTRY_AUTHOR):
            authors.append(_author(item))
        elif scheme:
            codes[scheme] = (*codes.get(scheme, ()), _coded(item))
    identifiers: dict[str, tuple[str, ...]] = {}
    for item in element.iterchildren(f"{{{RIM}}}ExternalIdentifier"):
        scheme = item.get("identificationScheme", "")
        identifiers[scheme] = (*identifiers.get(scheme, ()), item.get("value", ""))
    version = element.find(f"{{{RIM}}}VersionInfo")
    return {
        "id": element.get("id", ""),
        "lid": element.get("lid"),
        "status": element.get("status"),
        "slots": read_slots(element),
        "title": _label(element, "Name"),
        "comments": _label(element, "Description"),
        "version": None if version is None else version.get("versionName"),
        "codes": codes,
        "authors": tuple(authors),
        "identifiers": identifiers,
        "nodes": _nodes(element),
        "place": place,
    }


def _author(element: etree._Element) -> Author:
    slots = read_slots(element)
    return Author(
        persons=tuple(map(Xcn, slots.get("authorPerson", ()))),
        institutions=tuple(map(Xon, slots.get("authorInstitution", ()))),
        roles=slots.get("authorRole", ()),
        specialties=tuple(map(Specialty, slots.get("authorSpecialty", ()))),
        place=place_of(element),
    )


def _coded(element: etree._Element) -> Coded:
    return Coded(
        code=element.get("nodeRepresentation", ""),
        system=next(iter(read_slots(element).get("codingScheme", ())), ""),
        label=_label(element, "Name") or "",
        place=place_of(element),
    )


def _association(element: etree._Element) -> Association:
    return Association(
        id=element.get("id"),
        type=element.get("associationType", ""),
        source=element.get("sourceObject", ""),
        target=element.get("targetObject", ""),
        slots=read_slots(element),
        place=place_of(element),
    )


def read_slots(element: etree._Element) -> dict[str, tuple[str, ...]]:
    """Slots of an element: name to values, in order; a slot given twice is merged."""
    slots: dict[str, tuple[str, ...]] = {}
    for slot in element.iterchildren(f"{{{RIM}}}Slot"):
        name = slot.get("name", "")
        slots[name] = (*slots.get(name, ()), *_values(slot))
    return slots


def _values(slot: etree._Element) -> Iterator[str]:
    for value in slot.iterfind(f"{{{RIM}}}ValueList/{{{RIM}}}Value"):
        yield (value.text or "").strip()


def _label(element: etree._Element, name: str) -> str | None:
    found = element.find(f"{{{RIM}}}{name}/{{{RIM}}}LocalizedString")
    return None if found is None else found.get("value")
