"""XDS metadata of a document, read back from its own CDA header.

Both channels, DMP and MSSanté, describe the document they carry from the bytes
they carry: header and metadata cannot disagree. Sources: CI-SIS XDS logical
models; coherence table CDA → XDS; encodings CX, XCN, XON of IHE ITI TF-3 §4.2.3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from reference_impl.documents import codes
from reference_impl.documents.codes import Code
from reference_impl.errors import InvalidRequestError
from reference_impl.xmltree import UnreadableXmlError, parse

_NS = {"h": "urn:hl7-org:v3"}


@dataclass(frozen=True, slots=True)
class Author:
    """Author slots: XCN, XON, and ``code^label^system``."""

    person: str
    institution: str
    specialty: str


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """Metadata of one document. Times are UTC ``AAAAMMJJhhmmss``, identifiers CX.

    ``hash`` is SHA-1 (hexadecimal, lower case) and ``size`` the number of bytes.
    ``ins`` is the 15-character INS in the header, None without one.
    """

    unique_id: str
    title: str
    mime_type: str
    creation_time: str
    service_start_time: str
    language: str
    hash: str
    size: int
    patient_id: str
    source_patient_id: str
    source_patient_info: tuple[str, ...]
    author: Author
    legal_authenticator: str
    class_code: Code
    type_code: Code
    format_code: Code
    facility: Code
    practice_setting: Code
    events: tuple[Code, ...]
    confidentiality: tuple[Code, ...]
    ins: str | None
    ins_oid: str | None
    service_stop_time: str | None = None
    comments: str | None = None


def read_entry(content: bytes) -> DocumentEntry:
    """The metadata of a CDA this product wrote.

    Raises InvalidRequestError when the document was not written or is not one of ours.
    """
    header = _Header(_root(content))
    document_type = header.code("h:code")
    kind = codes.kind_of(document_type.code)
    if kind is None:
        raise InvalidRequestError(
            "TYPE_INCONNU", f"Le type de document {document_type.code} n’est pas géré.", "type"
        )
    ins, identifiers = header.patient_identifiers()
    patient_id = identifiers[0]
    source_id = identifiers[-1]
    stop = header.optional("h:documentationOf[1]/h:serviceEvent/h:effectiveTime/h:high/@value")
    return DocumentEntry(
        unique_id=header.value("h:id/@root"),
        title=header.value("h:title/text()"),
        mime_type="text/xml",
        creation_time=utc(header.value("h:effectiveTime/@value")),
        service_start_time=utc(
            header.value("h:documentationOf/h:serviceEvent/h:effectiveTime/h:low/@value")
        ),
        language=header.value("h:languageCode/@code"),
        hash=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        size=len(content),
        patient_id=patient_id,
        source_patient_id=source_id,
        source_patient_info=header.patient_info(),
        author=header.author(),
        legal_authenticator=header.person("h:legalAuthenticator/h:assignedEntity"),
        class_code=kind.class_,
        type_code=document_type,
        format_code=header.format(),
        facility=header.code(
            "h:componentOf/h:encompassingEncounter/h:location/h:healthCareFacility/h:code"
        ),
        practice_setting=header.code(
            "h:documentationOf/h:serviceEvent/h:performer/h:assignedEntity"
            "/h:representedOrganization/h:standardIndustryClassCode"
        ),
        events=header.events(),
        confidentiality=(header.code("h:confidentialityCode"),),
        ins=None if ins is None else ins[0],
        ins_oid=None if ins is None else ins[1],
        service_stop_time=None if stop is None else utc(stop),
    )


def encapsulated_pdf(content: bytes) -> bytes:
    """The PDF of the unstructured body, or the PDF copy of a structured one.

    Raises InvalidRequestError.
    """
    root = _root(content)
    text = root.findtext("h:component/h:nonXMLBody/h:text", namespaces=_NS) or root.findtext(
        ".//h:observationMedia/h:value[@mediaType='application/pdf']", namespaces=_NS
    )
    try:
        return base64.b64decode(text or "", validate=False)
    except binascii.Error as error:
        raise InvalidRequestError(
            "DOCUMENT_ILLISIBLE", "Le corps du document n’est pas en base64."
        ) from error


def cx(identifier: str, authority: str, kind: str) -> str:
    """``285073306304208^^^&1.2.250.1.213.1.4.10&ISO^NH``."""
    return f"{identifier}^^^&{authority}&ISO^{kind}"


def component(text: str) -> str:
    """Text safe inside an HL7 V2 component: separators become blanks."""
    return "".join(" " if c in "|^&~\\\r\n" else c for c in text)


def utc(value: str) -> str:
    """A CDA timestamp with its offset, in UTC and without it."""
    return datetime.strptime(value, "%Y%m%d%H%M%S%z").astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _root(content: bytes) -> etree._Element:
    try:
        return parse(content)
    except UnreadableXmlError as error:
        raise InvalidRequestError(
            "DOCUMENT_ILLISIBLE", "Le document n’a pas encore été écrit, ou il est illisible."
        ) from error


class _Header:
    """Reading of one header; what is looked for is always there in a document of ours."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root

    def value(self, path: str) -> str:
        found = self._root.xpath(path, namespaces=_NS)
        if not isinstance(found, list) or not found:
            raise InvalidRequestError(
                "DOCUMENT_INCOMPLET", f"Le document n’a pas d’élément {path.replace('h:', '')}."
            )
        return str(found[0])

    def optional(self, path: str) -> str | None:
        found = self._root.xpath(path, namespaces=_NS)
        return str(found[0]) if isinstance(found, list) and found else None

    def code(self, path: str) -> Code:
        return Code(
            self.value(f"{path}/@code"),
            self.value(f"{path}/@codeSystem"),
            self.value(f"{path}/@displayName"),
        )

    def events(self) -> tuple[Code, ...]:
        """The main act, then what other documentationOf say."""
        count = len(self._root.findall("h:documentationOf", _NS))
        path = "h:documentationOf[{}]/h:serviceEvent/h:code"
        return tuple(self.code(path.format(rank)) for rank in range(1, count + 1))

    def format(self) -> Code:
        """The format of the model that the document follows, else that of its PDF."""
        models = {t.get("root") for t in self._root.iterfind("h:templateId", _NS)}
        structured = codes.TEMPLATE_PRESCRIPTION in models
        return codes.PRESCRIPTION_FORMAT if structured else codes.PDF_FORMAT

    def patient_identifiers(self) -> tuple[tuple[str, str] | None, list[str]]:
        """The INS with its OID, if any, and all the identifiers as CX, the INS first."""
        ins: tuple[str, str] | None = None
        written: list[str] = []
        for element in self._root.iterfind("h:recordTarget/h:patientRole/h:id", _NS):
            authority, identifier = element.get("root", ""), element.get("extension", "")
            if authority in codes.INS_OIDS:
                ins = identifier, authority
                written.insert(0, cx(identifier, authority, "NH"))
            else:
                written.append(cx(identifier, authority, "PI"))
        return ins, written

    def patient_info(self) -> tuple[str, ...]:
        """PID segments: names of birth (``L``), names in use (``D``), birth date, sex."""
        patient = "h:recordTarget/h:patientRole/h:patient"
        birth = self.value(f"{patient}/h:name/h:family[@qualifier='BR']/text()")
        first = self.value(f"{patient}/h:name/h:given[@qualifier='BR']/text()")
        given = self.value(f"{patient}/h:name/h:given[not(@qualifier)]/text()")
        used = self.optional(f"{patient}/h:name/h:family[@qualifier='CL']/text()")
        used_given = self.optional(f"{patient}/h:name/h:given[@qualifier='CL']/text()")
        sex = self.value(f"{patient}/h:administrativeGenderCode/@code")
        lines = [f"PID-5|{birth}^{first}^{given}^^^^L"]
        if used is not None:
            lines.append(f"PID-5|{used}^{used_given or first}^^^^^D")
        lines.append(f"PID-7|{self.value(f'{patient}/h:birthTime/@value')}")
        lines.append(f"PID-8|{'U' if sex == 'UN' else sex}")
        return tuple(lines)

    def author(self) -> Author:
        path = "h:author/h:assignedAuthor"
        name = component(self.value(f"{path}/h:representedOrganization/h:name/text()"))
        structure = self.value(f"{path}/h:representedOrganization/h:id/@extension")
        specialty = self.code(f"{path}/h:code")
        return Author(
            person=self.person(path),
            institution=(f"{name}^^^^^&{codes.STRUCTURE_AUTHORITY}&ISO^IDNST^^^{structure}"),
            specialty=f"{specialty.code}^{specialty.label}^{specialty.system}",
        )

    def person(self, path: str) -> str:
        """XCN of a professional."""
        identifier = self.value(f"{path}/h:id/@extension")
        family = component(self.value(f"{path}/h:assignedPerson/h:name/h:family/text()"))
        given = component(self.value(f"{path}/h:assignedPerson/h:name/h:given/text()"))
        return f"{identifier}^{family}^{given}^^^^^^&{codes.PS_AUTHORITY}&ISO^D^^^IDNPS"
