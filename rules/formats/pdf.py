"""What a PDF says of itself: version, PDF/A claim, identity of the patient.

pypdf reads what the file declares, :mod:`rules.formats.pages` what its pages
show. Only the claim of PDF/A is read (XMP ``pdfaid``, ISO 19005-1 §6.7.11):
conformance itself needs a validator such as veraPDF.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from lxml import etree
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject, PdfObject, StreamObject

from rules.artefact import Artefact, MalformedError
from rules.findings import Finding
from rules.formats.cartouche import Cartouche
from rules.formats.datamatrix import InsDatamatrix, InsPicture
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.pages import MAX_STREAM, is_bomb, page_text, read_pages
from rules.xml import parse_xml

# A finding says what is wrong with a PDF; pypdf's warnings would reach the user's terminal.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

PDFAID = "http://www.aiim.org/pdfa/ns/id/"
_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_UNREADABLE = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What pypdf lets through on hostile files, beside its own errors."""


@dataclass(frozen=True)
class PdfDocument(Artefact):
    """A PDF. ``version`` is that of the header, ``1.4``."""

    label: ClassVar[str] = "PDF"
    opaque: ClassVar[bool] = True
    data: bytes = field(repr=False)
    version: str
    encrypted: bool
    part: str | None
    """``pdfaid:part``: ``1`` for PDF/A-1."""
    conformance: str | None
    """``pdfaid:conformance``: ``A`` or ``B``."""

    @classmethod
    def parse(cls, data: bytes, *, check_id: str = "CDA-30") -> PdfDocument:
        """Read a PDF; raises MalformedError with ``check_id`` when it is none."""
        found = _HEADER.search(data[:1024])
        if found is None:
            raise _malformed(check_id, repr(data[:12]))
        if is_bomb(data):
            raise _malformed(check_id, f"une page de plus de {MAX_STREAM} octets, décompressée")
        try:
            reader = PdfReader(io.BytesIO(data))
            encrypted = reader.is_encrypted
            xmp = None if encrypted else _xmp(reader)
        except _UNREADABLE as error:
            raise _malformed(check_id, f"{type(error).__name__} : {str(error)[:80]}") from error
        part, conformance = _claim(xmp)
        return cls(data, found.group(1).decode(), encrypted, part, conformance)

    @property
    def claims_pdfa1(self) -> bool:
        """Whether it says that it is PDF/A-1a or PDF/A-1b."""
        return self.part == "1" and self.conformance in ("A", "B")

    @cached_property
    def cartouche(self) -> Cartouche:
        """What the first page says of the patient."""
        return Cartouche(page_text(self.data), alone=False)

    @property
    def datamatrices(self) -> tuple[InsDatamatrix, ...]:
        """The datamatrix INS of its pages."""
        return self._shown.datamatrices

    @cached_property
    def _shown(self) -> InsPicture:
        return InsPicture.of(read_pages(self.data))

    @cached_property
    def ordonnance(self) -> PrintedOrdonnance | None:
        """What its pages say of an e-prescription; None when they are no ordonnance numérique."""
        return PrintedOrdonnance.of_pdf(self.data)

    def parts(self) -> Iterable[Artefact]:
        """The cartouche of its first page, the datamatrix INS of its pages, the ordonnance."""
        printed = () if self.ordonnance is None else (self.ordonnance,)
        return (self.cartouche, *self.datamatrices, *printed)

    def problems(self) -> Iterable[Finding]:
        """Symbols that claim to be a datamatrix INS and cannot be read as one."""
        return self._shown.flaws


def _malformed(check_id: str, found: str) -> MalformedError:
    return MalformedError(
        check_id,
        "octet 0",
        "un fichier PDF (%PDF-1.4)",
        found,
        "Joindre un PDF lisible : celui-ci ne s'ouvre pas.",
        artefact=PdfDocument.label,
    )


def _xmp(reader: PdfReader) -> bytes | None:
    root = reader.trailer["/Root"].get_object()
    held = root.get("/Metadata") if isinstance(root, DictionaryObject) else None
    metadata = held.get_object() if isinstance(held, PdfObject) else None
    return metadata.get_data() if isinstance(metadata, StreamObject) else None


def _claim(xmp: bytes | None) -> tuple[str | None, str | None]:
    if not xmp:
        return None, None
    try:
        root = parse_xml(xmp.strip(b"\x00 \r\n"), check_id="CDA-31")
    except MalformedError:
        return None, None
    return _value(root, "part"), _value(root, "conformance")


def _value(root: etree._Element, name: str) -> str | None:
    """A property written as an element or as an attribute of rdf:Description."""
    qname = f"{{{PDFAID}}}{name}"
    for element in root.iter():
        if element.tag == qname:
            return (element.text or "").strip()
        if qname in element.attrib:
            return str(element.attrib[qname]).strip()
    return None
