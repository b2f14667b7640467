"""Searches and readings: ITI-18 stored queries (TD3.1) and ITI-43 retrievals (TD3.2).

Source: IHE ITI TF-2 §3.18 and §3.43; sheet dmp.md §13.1-13.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.formats.ebrim import read_registry_objects
from rules.formats.multipart import Multipart
from rules.formats.registry import QUERY, RIM, RS, RegistryObjects
from rules.formats.xds import XDSB, RegistryAnswer, sent_document
from rules.xml import place_of, text_of

FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
FIND_SUBMISSION_SETS = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"
GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
GET_ASSOCIATIONS = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"
GET_DOCUMENTS_AND_ASSOCIATIONS = "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a"
GET_SUBMISSION_SETS = "urn:uuid:51224314-5390-4169-9b91-b1980040715a"
GET_SUBMISSION_SET_AND_CONTENTS = "urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83"
GET_RELATED_DOCUMENTS = "urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6"
FIND_BY_REFERENCE_ID = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"


@dataclass(frozen=True, eq=False)
class StoredQueryAnswer(Artefact):
    """An ``AdhocQueryResponse`` (TD3.1): entries, or references only."""

    label: ClassVar[str] = "Réponse de recherche"
    outcome: RegistryAnswer
    objects: RegistryObjects

    @classmethod
    def read(cls, element: etree._Element) -> StoredQueryAnswer:
        """Read the answer of a stored query."""
        found = element.find(f"{{{RIM}}}RegistryObjectList")
        return cls(
            RegistryAnswer.read(element),
            read_registry_objects(element if found is None else found),
        )

    def parts(self) -> Iterable[Artefact]:
        """The status."""
        return (self.outcome,)


@dataclass(frozen=True, slots=True)
class RetrievedDocument:
    """A ``DocumentResponse`` with its bytes when they were found."""

    repository_unique_id: str
    unique_id: str
    mime_type: str
    data: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """One document asked for."""

    repository_unique_id: str
    unique_id: str
    place: str


@dataclass(frozen=True, eq=False)
class RetrieveRequest(Artefact):
    """A ``RetrieveDocumentSetRequest`` (TD3.2)."""

    label: ClassVar[str] = "Demande de documents"
    documents: tuple[DocumentRequest, ...]
    place: str

    @classmethod
    def read(cls, element: etree._Element) -> RetrieveRequest:
        """Read the request."""
        return cls(
            tuple(
                DocumentRequest(
                    _child(each, "RepositoryUniqueId"),
                    _child(each, "DocumentUniqueId"),
                    place_of(each),
                )
                for each in element.iterchildren(f"{{{XDSB}}}DocumentRequest")
            ),
            place_of(element),
        )


@dataclass(frozen=True, eq=False)
class RetrieveAnswer(Artefact):
    """A ``RetrieveDocumentSetResponse`` with the bytes of its documents."""

    label: ClassVar[str] = "Documents consultés"
    outcome: RegistryAnswer
    documents: tuple[RetrievedDocument, ...]

    @classmethod
    def read(cls, element: etree._Element, multipart: Multipart | None) -> RetrieveAnswer:
        """Read the answer; bytes are looked for in the multipart message."""
        response = element.find(f"{{{RS}}}RegistryResponse")
        return cls(
            RegistryAnswer.read(element if response is None else response),
            tuple(
                _retrieved(each, multipart)
                for each in element.iterchildren(f"{{{XDSB}}}DocumentResponse")
            ),
        )

    def parts(self) -> Iterable[Artefact]:
        """The status."""
        return (self.outcome,)


def _retrieved(element: etree._Element, multipart: Multipart | None) -> RetrievedDocument:
    document = element.find(f"{{{XDSB}}}Document")
    return RetrievedDocument(
        _child(element, "RepositoryUniqueId"),
        _child(element, "DocumentUniqueId"),
        _child(element, "mimeType"),
        None if document is None else sent_document(document, multipart).data,
    )


def _child(element: etree._Element, name: str) -> str:
    return text_of(element.find(f"{{{XDSB}}}{name}")) or ""


@dataclass(frozen=True, eq=False)
class StoredQuery(Artefact):
    """An ``AdhocQueryRequest`` (TD3.1). ``parameters`` holds raw slot values."""

    label: ClassVar[str] = "Recherche de documents"
    query_id: str
    return_type: str
    composed: bool
    parameters: Mapping[str, tuple[tuple[str, ...], ...]]
    """For each parameter, the raw values of each slot of that name."""
    place: str

    @classmethod
    def read(cls, element: etree._Element) -> StoredQuery:
        """Read the request; what is absent is an empty string."""
        option = element.find(f"{{{QUERY}}}ResponseOption")
        query = element.find(f"{{{RIM}}}AdhocQuery")
        return cls(
            query_id="" if query is None else query.get("id", ""),
            return_type="" if option is None else option.get("returnType", ""),
            composed=option is not None and option.get("returnComposedObjects") == "true",
            parameters={} if query is None else _parameters(query),
            place=place_of(element),
        )

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter, unquoted, lists opened."""
        groups = self.parameters.get(name, ())
        return tuple(v for group in groups for raw in group for v in unquoted(raw))

    def value(self, name: str) -> str | None:
        """First value of a parameter."""
        return next(iter(self.values(name)), None)


def _parameters(query: etree._Element) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for slot in query.iterchildren(f"{{{RIM}}}Slot"):
        values = slot.iterfind(f"{{{RIM}}}ValueList/{{{RIM}}}Value")
        raw = tuple((value.text or "").strip() for value in values)
        name = slot.get("name", "")
        found[name] = (*found.get(name, ()), raw)
    return found


def unquoted(raw: str) -> tuple[str, ...]:
    """Values in a stored query parameter: ``'a'``, ``('a','b')``, ``20260101``.

    A quote inside a string is doubled (ITI TF-2 §3.18.4.1.2.3.5). What is not
    of this form is given as it is.
    """
    text = raw.strip()
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    return tuple(_items(inner))


def _items(text: str) -> Iterable[str]:
    item, quoted, index = "", False, 0
    while index < len(text):
        char = text[index]
        if char == "'" and quoted and text[index + 1 : index + 2] == "'":
            item += "'"
            index += 1
        elif char == "'":
            quoted = not quoted
        elif char == "," and not quoted:
            yield item.strip()
            item = ""
        else:
            item += char
        index += 1
    if item.strip() or text.strip():
        yield item.strip()
