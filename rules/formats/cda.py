"""A CDA R2 document: its header as typed values, and what its body is.

Three shapes of file are read (cda.md §1): a plain ``ClinicalDocument``, one
enveloped by a ``ds:Signature``, and an *autoprésentable* one inside an
``xsl:stylesheet``. Header: CI-SIS « Structuration minimale », revision of
February 2025. Prefixes are free: only namespaces count.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact, MalformedError
from rules.formats.cda_people import (
    MSS_PATIENT_DOMAIN,
    Encounter,
    Organization,
    Participant,
    Patient,
    ServiceEvent,
)
from rules.formats.cda_types import (
    HL7,
    Coded,
    Identifier,
    Instant,
    Node,
    attribute,
    coded,
    find,
    find_all,
    identifiers,
    instant,
)
from rules.formats.ep_med_dm import EpMedDm
from rules.formats.pdf import PdfDocument
from rules.xml import parse_xml, place_of, text_of

TEMPLATE_HL7_FRANCE = "2.16.840.1.113883.2.8.2.1"
TEMPLATE_CI_SIS = "1.2.250.1.213.1.1.1.1"
TEMPLATE_N1 = "1.3.6.1.4.1.19376.1.2.20"
TEMPLATE_PDF_COPY = "1.2.250.1.213.1.1.2.243"
ROOT_TAG = f"{{{HL7}}}ClinicalDocument"
_LABEL = "Document CDA"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Related(Node):
    """A ``relatedDocument``: its kind (``RPLC``) and the documents it names."""

    kind: str | None
    parents: tuple[Identifier, ...]


@dataclass(frozen=True)
class Encapsulated(Node):
    """Bytes carried inside the document: N1 body, or PDF copy of an N3.

    ``content`` is None when the text is not base64.
    """

    media_type: str | None
    representation: str | None
    content: bytes | None


@dataclass(frozen=True)
class ClinicalDocument(Artefact):
    """A CDA document. ``root`` is the ClinicalDocument element, ``data`` the file."""

    label: ClassVar[str] = _LABEL
    root: etree._Element = field(repr=False, compare=False)
    data: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> ClinicalDocument:
        """Parse the bytes of a file.

        Raises MalformedError: CDA-01 when it is no well-formed XML (a DTD
        counts), CDA-02 when it holds no ClinicalDocument.
        """
        tree = parse_xml(data, check_id="CDA-01", artefact=_LABEL)
        root = tree if tree.tag == ROOT_TAG else next(tree.iter(ROOT_TAG), None)
        if root is None:
            raise MalformedError(
                "CDA-02",
                place_of(tree),
                f"un élément ClinicalDocument de l'espace de noms {HL7}",
                str(tree.tag),
                "Fournir un document CDA R2 : la racine attendue est ClinicalDocument.",
                artefact=_LABEL,
            )
        return cls(root, data)

    def parts(self) -> Iterable[Artefact]:
        """The PDF that a reader sees, when it opens; the prescription of a model eP-MED-DM.

        CDA-30 and CDA-31 judge the octets of the PDF.
        """
        return tuple(part for part in (self.pdf, self.prescription) if part is not None)

    # The file

    @property
    def shape(self) -> str:
        """``simple``, ``signé`` or ``autoprésentable``, from the root of the file."""
        top = self.root.getroottree().getroot()
        if top is self.root:
            return "simple"
        return "signé" if etree.QName(top).localname == "Signature" else "autoprésentable"

    @property
    def declared_encoding(self) -> str | None:
        """Encoding of the XML declaration, None when there is none."""
        head = self.data.removeprefix(_BOM)
        if not head.startswith(b"<?xml"):
            return None
        declaration = head.split(b"?>", 1)[0]
        for quote in (b'"', b"'"):
            _, found, rest = declaration.partition(b"encoding=" + quote)
            if found:
                return rest.split(quote, 1)[0].decode("ascii", "replace")
        return None

    @property
    def has_bom(self) -> bool:
        """Whether the file begins with a UTF-8 byte order mark."""
        return self.data.startswith(_BOM)

    @cached_property
    def sha1(self) -> str:
        """SHA-1 of the file in lower-case hexadecimal: XDS ``hash``."""
        return hashlib.sha1(self.data, usedforsecurity=False).hexdigest()

    # The document

    @property
    def realm_code(self) -> str | None:
        """``realmCode/@code``."""
        return attribute(find(self.root, "realmCode"), "code")

    @property
    def type_id(self) -> Identifier | None:
        """``typeId``."""
        return next(iter(identifiers(self.root, "typeId")), None)

    @cached_property
    def template_ids(self) -> tuple[Identifier, ...]:
        """``templateId`` of the document, in order."""
        return identifiers(self.root, "templateId")

    @cached_property
    def models(self) -> tuple[Identifier, ...]:
        """Template ids other than HL7 France and the CI-SIS header."""
        fixed = (TEMPLATE_HL7_FRANCE, TEMPLATE_CI_SIS)
        return tuple(t for t in self.template_ids if t.root not in fixed)

    @cached_property
    def id(self) -> Identifier | None:
        """``id`` of this version of the document."""
        return next(iter(identifiers(self.root)), None)

    @property
    def unique_id(self) -> str | None:
        """XDS uniqueId: ``root`` or ``root^extension``."""
        return self.id.text if self.id and self.id.root else None

    @cached_property
    def code(self) -> Coded | None:
        """Type of document, JDV_J07."""
        return coded(self.root, "code")

    @property
    def title(self) -> str | None:
        """``title``."""
        return text_of(find(self.root, "title"))

    @cached_property
    def effective_time(self) -> Instant | None:
        """Creation instant."""
        return instant(self.root, "effectiveTime")

    @cached_property
    def confidentiality(self) -> Coded | None:
        """``confidentialityCode``."""
        return coded(self.root, "confidentialityCode")

    @property
    def language(self) -> str | None:
        """``languageCode/@code``."""
        return attribute(find(self.root, "languageCode"), "code")

    @cached_property
    def set_id(self) -> Identifier | None:
        """Identifier common to all versions."""
        return next(iter(identifiers(self.root, "setId")), None)

    @property
    def version_text(self) -> str | None:
        """``versionNumber/@value`` as written."""
        return attribute(find(self.root, "versionNumber"), "value")

    @property
    def version(self) -> int | None:
        """Version number, None when absent or not a whole number."""
        text = self.version_text
        return int(text) if text and text.isascii() and text.isdigit() else None

    # People, places, acts

    @cached_property
    def patients(self) -> tuple[Patient, ...]:
        """Every ``recordTarget/patientRole``: exactly one in a conformant document."""
        return tuple(Patient.read(e) for e in find_all(self.root, "recordTarget/patientRole"))

    @property
    def patient(self) -> Patient | None:
        """The patient."""
        return next(iter(self.patients), None)

    @property
    def ins(self) -> Identifier | None:
        """The INS of the patient, None when the document carries none."""
        return self.patient.ins if self.patient else None

    @property
    def mss_patient_address(self) -> str | None:
        """MSS citoyenne address of the patient: ``<INS>@patient.mssante.fr``."""
        ins = self.ins
        return f"{ins.extension}@{MSS_PATIENT_DOMAIN}" if ins and ins.extension else None

    @cached_property
    def authors(self) -> tuple[Participant, ...]:
        """Authors in order."""
        return tuple(Participant.read(e, "assignedAuthor") for e in find_all(self.root, "author"))

    @cached_property
    def legal_authenticator(self) -> Participant | None:
        """Who takes responsibility for the document."""
        element = find(self.root, "legalAuthenticator")
        return None if element is None else Participant.read(element)

    @cached_property
    def custodian(self) -> Organization | None:
        """Structure that keeps the document."""
        return Organization.at(
            self.root, "custodian/assignedCustodian/representedCustodianOrganization"
        )

    @cached_property
    def acts(self) -> tuple[ServiceEvent, ...]:
        """``documentationOf/serviceEvent``; the first is the main act."""
        return tuple(
            ServiceEvent.read(e) for e in find_all(self.root, "documentationOf/serviceEvent")
        )

    @cached_property
    def encounter(self) -> Encounter | None:
        """``componentOf/encompassingEncounter``."""
        return Encounter.at(self.root)

    @cached_property
    def related(self) -> tuple[Related, ...]:
        """``relatedDocument`` elements."""
        return tuple(
            Related(e, attribute(e, "typeCode"), identifiers(e, "parentDocument/id"))
            for e in find_all(self.root, "relatedDocument")
        )

    @property
    def replaces(self) -> tuple[Identifier, ...]:
        """Identifiers of the documents that this one cancels and replaces."""
        return tuple(i for r in self.related if r.kind == "RPLC" for i in r.parents)

    # Body

    @property
    def level(self) -> str | None:
        """``N1`` (unstructured), ``N3`` (structured) or None without body."""
        if find(self.root, "component/nonXMLBody") is not None:
            return "N1"
        return None if find(self.root, "component/structuredBody") is None else "N3"

    @cached_property
    def body(self) -> Encapsulated | None:
        """What an N1 document encapsulates."""
        element = find(self.root, "component/nonXMLBody/text")
        return None if element is None else _encapsulated(element)

    @cached_property
    def pdf_copy(self) -> Encapsulated | None:
        """The PDF copy inside an N3 (section FR-Document-PDF-copie, cda.md §2)."""
        for section in self.root.iter(f"{{{HL7}}}section"):
            if any(t.root == TEMPLATE_PDF_COPY for t in identifiers(section, "templateId")):
                for media in section.iter(f"{{{HL7}}}observationMedia"):
                    value = find(media, "value")
                    return None if value is None else _encapsulated(value)
        return None

    @cached_property
    def prescription(self) -> EpMedDm | None:
        """The prescription that it is by its model, None for any other document."""
        return EpMedDm.of(self.root)

    @cached_property
    def pdf(self) -> PdfDocument | None:
        """The PDF encapsulated as N1 body, or as copy of an N3; None when it does not open."""
        for found in (self.body, self.pdf_copy):
            if found and found.media_type == "application/pdf" and found.content:
                try:
                    return PdfDocument.parse(found.content)
                except MalformedError:
                    return None
        return None


def _encapsulated(element: etree._Element) -> Encapsulated:
    return Encapsulated(
        element=element,
        media_type=attribute(element, "mediaType"),
        representation=attribute(element, "representation"),
        content=_base64("".join(str(piece) for piece in element.itertext())),
    )


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
