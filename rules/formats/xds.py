"""Deposits and updates: ITI-41 request, TD3.3 request, registry response.

Source: IHE ITI TF-2 §3.41, §3.57; sheet dmp.md §8, §13.3-13.4. A submission
holds its documents with their bytes; it is what a deposit is judged on.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact, MalformedError
from rules.findings import Finding
from rules.formats.cda import ClinicalDocument
from rules.formats.ebrim import read_submit_objects
from rules.formats.multipart import Multipart
from rules.formats.registry import LCM, RS, DocumentEntry, RegistryObjects
from rules.formats.xades import Xades
from rules.xml import place_of

XDSB = "urn:ihe:iti:xds-b:2007"
XOP = "http://www.w3.org/2004/08/xop/include"
SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
CDA_MIME_TYPES = ("text/xml", "application/xslt+xml")


@dataclass(frozen=True, slots=True)
class SentDocument:
    """An ``ihe:Document``: the id of its entry, and its bytes when they were found."""

    id: str
    data: bytes | None = field(repr=False)
    xop: bool
    """True when the bytes came by ``xop:Include``."""
    href: str | None
    place: str


@dataclass(frozen=True, eq=False)
class Submission(Artefact):
    """A ``ProvideAndRegisterDocumentSetRequest`` (ITI-41): lot, entries, bytes."""

    label: ClassVar[str] = "Lot déposé (ITI-41)"
    objects: RegistryObjects
    documents: tuple[SentDocument, ...]
    place: str
    _malformed: list[Finding] = field(default_factory=list[Finding], repr=False)

    @classmethod
    def read(cls, element: etree._Element, multipart: Multipart | None) -> Submission:
        """Read the request; its documents are looked for in the multipart message."""
        found = element.find(f"{{{LCM}}}SubmitObjectsRequest")
        return cls(
            objects=read_submit_objects(element if found is None else found),
            documents=tuple(
                sent_document(each, multipart)
                for each in element.iterchildren(f"{{{XDSB}}}Document")
            ),
            place=place_of(element),
        )

    def document_of(self, entry: DocumentEntry) -> SentDocument | None:
        """The document sent for an entry; ids that differ only in case are paired."""
        exact = next((d for d in self.documents if d.id == entry.id), None)
        if exact is not None:
            return exact
        return next((d for d in self.documents if d.id.lower() == entry.id.lower()), None)

    def bytes_of(self, entry: DocumentEntry) -> bytes | None:
        """Bytes sent for an entry, None when they are missing."""
        document = self.document_of(entry)
        return None if document is None else document.data

    @cached_property
    def clinical_documents(self) -> tuple[tuple[DocumentEntry, ClinicalDocument], ...]:
        """Each entry that holds a readable CDA, with it."""
        return tuple(
            (entry, document)
            for entry in self.objects.documents
            if (document := self._clinical(entry)) is not None
        )

    def _clinical(self, entry: DocumentEntry) -> ClinicalDocument | None:
        data = self.bytes_of(entry)
        if data is None or (entry.mime_type or "") not in CDA_MIME_TYPES:
            return None
        try:
            return ClinicalDocument.parse(data)
        except MalformedError as error:
            self._malformed.append(replace(error.finding, rejects="InvalidDocumentContent"))
            return None

    @cached_property
    def signature(self) -> Xades | None:
        """The XAdES of the lot, None when absent or unreadable."""
        for entry in self.objects.signatures:
            data = self.bytes_of(entry)
            if data is not None:
                try:
                    return Xades.parse(data)
                except MalformedError as error:
                    self._malformed.append(
                        replace(error.finding, rejects="XDSRepositoryMetadataError")
                    )
        return None

    def parts(self) -> Iterable[Artefact]:
        """The CDA documents and the signature."""
        yield from (document for _, document in self.clinical_documents)
        if self.signature is not None:
            yield self.signature

    def problems(self) -> Iterable[Finding]:
        """What made a document or the signature unreadable."""
        tuple(self.parts())
        return tuple(self._malformed)


def sent_document(element: etree._Element, multipart: Multipart | None) -> SentDocument:
    """Read an ``ihe:Document``, its bytes looked for in the multipart message or inside it."""
    include = element.find(f"{{{XOP}}}Include")
    href = None if include is None else include.get("href", "")
    data = None
    if href is not None and multipart is not None:
        part = multipart.resolve(href)
        data = None if part is None else part.body
    elif href is None:
        data = _inline(element.text or "")
    return SentDocument(element.get("id", ""), data, href is not None, href, place_of(element))


def _inline(text: str) -> bytes | None:
    """Bytes written as base64 in the element: XDS allows it, the DMP wants MTOM."""
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, eq=False)
class MetadataUpdate(Artefact):
    """An ``lcm:SubmitObjectsRequest`` of TD3.3: visibility, archiving, deletion."""

    label: ClassVar[str] = "Mise à jour de métadonnées"
    objects: RegistryObjects
    place: str

    @classmethod
    def read(cls, element: etree._Element) -> MetadataUpdate:
        """Read the body of an update request."""
        return cls(read_submit_objects(element), place_of(element))


@dataclass(frozen=True, slots=True)
class RegistryError:
    """A ``rs:RegistryError``."""

    code: str
    context: str
    severity: str
    location: str


@dataclass(frozen=True, eq=False)
class RegistryAnswer(Artefact):
    """A ``rs:RegistryResponse``: answer of TD2.1 and TD3.3."""

    label: ClassVar[str] = "Réponse du registre"
    status: str
    errors: tuple[RegistryError, ...]

    @classmethod
    def read(cls, element: etree._Element) -> RegistryAnswer:
        """Read an element that carries ``status`` and ``RegistryErrorList``."""
        path = f"{{{RS}}}RegistryErrorList/{{{RS}}}RegistryError"
        return cls(element.get("status", ""), tuple(map(_error, element.iterfind(path))))

    @property
    def succeeded(self) -> bool:
        """True for the Success status."""
        return self.status == SUCCESS

    @property
    def error_code(self) -> str | None:
        """Code of the first error."""
        return self.errors[0].code if self.errors else None


def _error(element: etree._Element) -> RegistryError:
    names = ("errorCode", "codeContext", "severity", "location")
    return RegistryError(*(element.get(name, "") for name in names))
