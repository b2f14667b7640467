"""An IHE_XDM archive: its files, the metadata of each subset, its CDA documents.

Layout (IHE ITI TF-1 §16, mssante.md §5): INDEX.HTM and README.TXT at the root,
``IHE_XDM/<subset>/METADATA.XML`` and the files that it describes. A reader
loops on all subsets and compares the fixed names without case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact, MalformedError
from rules.findings import Finding
from rules.formats.cda import ClinicalDocument
from rules.formats.ebrim import read_submit_objects
from rules.formats.registry import DocumentEntry, RegistryObjects, SubmissionSet
from rules.formats.unzip import unzip
from rules.xml import parse_xml

ARCHIVE_NAME = "IHE_XDM.zip"
INDEX = "INDEX.HTM"
README = "README.TXT"
FOLDER = "IHE_XDM"
METADATA = "METADATA.XML"
_LABEL = "Archive IHE_XDM"
_XML_TYPES = ("text/xml", "application/xml")


@dataclass(frozen=True)
class Subset:
    """One folder of ``IHE_XDM/``. ``path`` ends without slash."""

    path: str
    metadata_path: str | None
    root_tag: str | None
    """Tag of the root of METADATA.XML, ``{namespace}name``."""
    metadata: RegistryObjects | None
    """None when METADATA.XML is absent or not well-formed."""

    @property
    def submission_set(self) -> SubmissionSet | None:
        """The lot that the subset describes."""
        return self.metadata.submission_set if self.metadata else None


@dataclass(frozen=True)
class XdmDocument:
    """A file of a subset with its metadata and, when it is one, its CDA.

    ``entry`` is None for a file that the metadata do not mention; ``data`` is
    None for an entry whose file is missing.
    """

    path: str
    entry: DocumentEntry | None
    data: bytes | None = field(repr=False)
    document: ClinicalDocument | None

    @property
    def sha1(self) -> str | None:
        """SHA-1 of the file in lower-case hexadecimal."""
        if self.data is None:
            return None
        return hashlib.sha1(self.data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class XdmArchive(Artefact):
    """An opened archive. ``files`` maps paths, as written, to their bytes."""

    label: ClassVar[str] = _LABEL
    data: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    subsets: tuple[Subset, ...]
    contents: tuple[XdmDocument, ...]
    """Files described by metadata, then the XML files that are not."""
    flaws: tuple[Finding, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> XdmArchive:
        """Open an archive within the bounds of :mod:`rules.formats.unzip`.

        Raises MalformedError (MSS-X01) when it cannot be opened. Metadata
        (MSS-X03) and documents (CDA-01, CDA-02) that cannot be read do not stop
        the reading: they are findings, see :meth:`problems`.
        """
        files = unzip(data, check_id="MSS-X01", artefact=_LABEL)
        flaws = list(_nested(files))
        subsets = tuple(_subset(path, files, flaws) for path in _subset_paths(files))
        contents = tuple(c for s in subsets for c in _contents(s, files, flaws))
        return cls(data, files, subsets, contents, tuple(flaws))

    def parts(self) -> Iterable[Artefact]:
        """The CDA documents, in archive order."""
        return self.documents

    def problems(self) -> Iterable[Finding]:
        """What could not be read: metadata, documents, archives in the archive."""
        return self.flaws

    @cached_property
    def documents(self) -> tuple[ClinicalDocument, ...]:
        """The CDA documents of every subset."""
        return tuple(c.document for c in self.contents if c.document)

    @property
    def described(self) -> tuple[XdmDocument, ...]:
        """The documents that have metadata, whether their file is there or not."""
        return tuple(c for c in self.contents if c.entry)

    @property
    def submission_sets(self) -> tuple[SubmissionSet, ...]:
        """Every lot of the archive."""
        return tuple(lot for s in self.subsets if s.metadata for lot in s.metadata.submission_sets)

    @property
    def entries(self) -> tuple[DocumentEntry, ...]:
        """Every DocumentEntry of the archive."""
        return tuple(e for s in self.subsets if s.metadata for e in s.metadata.entries)

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the CDA documents, each once, in order: X-MSS-CODECDA."""
        found = (d.code.code for d in self.documents if d.code and d.code.code)
        return tuple(dict.fromkeys(found))

    def has(self, path: str) -> bool:
        """Whether a file of that path is there, compared without case."""
        return path.upper() in (name.upper() for name in self.files)


def _subset_paths(files: Mapping[str, bytes]) -> tuple[str, ...]:
    steps = (path.split("/") for path in files)
    return tuple(
        dict.fromkeys("/".join(s[:2]) for s in steps if len(s) > 2 and s[0].upper() == FOLDER)
    )


def _subset(path: str, files: Mapping[str, bytes], flaws: list[Finding]) -> Subset:
    wanted = f"{path}/{METADATA}".upper()
    metadata_path = next((name for name in files if name.upper() == wanted), None)
    if metadata_path is None:
        return Subset(path, None, None, None)
    try:
        root = parse_xml(files[metadata_path], check_id="MSS-X03", artefact=_LABEL)
    except MalformedError as error:
        flaws.append(_placed(error.finding, metadata_path))
        return Subset(path, metadata_path, None, None)
    return Subset(path, metadata_path, _tag(root), read_submit_objects(root))


def _tag(root: etree._Element) -> str:
    return str(root.tag)


def _contents(
    subset: Subset, files: Mapping[str, bytes], flaws: list[Finding]
) -> Iterable[XdmDocument]:
    seen = {subset.metadata_path}
    for entry in subset.metadata.entries if subset.metadata else ():
        path = f"{subset.path}/{entry.uri or ''}"
        claims_cda = (entry.mime_type or "").lower() in _XML_TYPES and not entry.is_signature
        first = path not in seen
        seen.add(path)
        data = files.get(path)
        document = _document(path, data, flaws, required=claims_cda) if data and first else None
        yield XdmDocument(path, entry, data, document)
    for path, data in files.items():
        inside = path.startswith(f"{subset.path}/") and path not in seen
        if inside and path.upper().endswith(".XML"):
            document = _document(path, data, flaws, required=False)
            yield XdmDocument(path, None, data, document)


def _document(
    path: str, data: bytes, flaws: list[Finding], *, required: bool
) -> ClinicalDocument | None:
    """The CDA of a file; a file that need not be one may hold anything else."""
    if not required and b"ClinicalDocument" not in data:
        return None
    try:
        return ClinicalDocument.parse(data)
    except MalformedError as error:
        flaws.append(_placed(error.finding, path))
        return None


def _placed(finding: Finding, path: str) -> Finding:
    return replace(finding, place=f"{path}, {finding.place}")


def _nested(files: Mapping[str, bytes]) -> Iterable[Finding]:
    for path, data in files.items():
        if data.startswith(b"PK\x03\x04"):
            yield MalformedError(
                "MSS-X01",
                path,
                "des documents CDA et leurs feuilles de style",
                "une archive dans l'archive",
                "Retirer l'archive imbriquée : elle ne sera pas ouverte.",
                artefact=_LABEL,
            ).finding
