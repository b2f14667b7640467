"""IHE_XDM.zip: the archive a MSSanté message carries.

Layout: INDEX.HTM and README.TXT at the root, ``IHE_XDM/SUBSET01`` with
METADATA.XML and the documents under 8.3 names. One patient per archive.
Source: IHE XDM; CI-SIS Volet Echange de documents de santé.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from unicodedata import normalize

from lxml import etree

from reference_impl.documents import ebrim
from reference_impl.documents.codes import Code
from reference_impl.documents.metadata import DocumentEntry, read_entry
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Professional, SoftwareIdentity

FILE_NAME = "IHE_XDM.zip"
_SUBSET = "IHE_XDM/SUBSET01"
CONSULTATIONS = Code("07", "1.2.250.1.213.2.2", "Consultations soins externes")
"""contentTypeCode of what a cabinet sends (JDV_J59)."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What to pack. ``unique_id`` is the OID of the submission set; ``sent_at`` is UTC."""

    unique_id: str
    contents: tuple[bytes, ...]
    sender: Professional
    software: SoftwareIdentity
    sent_at: datetime


def build(archive: Archive) -> bytes:
    """The bytes of the archive. Same archive, same bytes.

    Raises InvalidRequestError when there is no document, or several patients.
    """
    entries = tuple(read_entry(content) for content in archive.contents)
    names = tuple(f"DOC{rank:05d}.XML" for rank in range(1, len(entries) + 1))
    if len({entry.patient_id for entry in entries}) != 1:
        raise InvalidRequestError(
            "PLUSIEURS_PATIENTS", "Une archive porte les documents d’un seul patient.", "documents"
        )
    files = {
        "INDEX.HTM": _index(archive.sender, entries, names),
        "README.TXT": _readme(archive, names),
        f"{_SUBSET}/METADATA.XML": metadata(archive, entries, names),
    }
    files |= {f"{_SUBSET}/{n}": c for n, c in zip(names, archive.contents, strict=True)}
    return _zip(files, archive.sent_at)


def metadata(archive: Archive, entries: Sequence[DocumentEntry], names: Sequence[str]) -> bytes:
    """METADATA.XML: a SubmitObjectsRequest whose entries carry URI, hash and size."""
    root = etree.Element(
        f"{{{ebrim.LCM}}}SubmitObjectsRequest", nsmap={"lcm": ebrim.LCM, None: ebrim.RIM}
    )
    objects = ebrim.object_list(root)
    numbering = ebrim.Numbering(archive.unique_id)
    lot = ebrim.SubmissionSet(
        unique_id=archive.unique_id,
        source_id=archive.software.oid,
        patient_id=entries[0].patient_id,
        submission_time=archive.sent_at.strftime("%Y%m%d%H%M%S"),
        title="Envoi MSSanté",
        content_type=CONSULTATIONS,
        author=entries[0].author,
    )
    package = ebrim.submission_set(objects, lot, numbering)
    members = [
        ebrim.document_entry(objects, entry, numbering, uri=name)
        for entry, name in zip(entries, names, strict=True)
    ]
    for member in members:
        ebrim.association(objects, ebrim.HAS_MEMBER, package, member, numbering)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _index(sender: Professional, entries: Sequence[DocumentEntry], names: Sequence[str]) -> bytes:
    """XHTML 1.0 Strict."""
    links = "\n".join(
        f'<li><a href="{_SUBSET}/{name}">{escape(entry.title)}</a></li>'
        for entry, name in zip(entries, names, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr" lang="fr">\n'
        '<head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"/>'
        "<title>Documents de santé</title></head>\n<body>\n<h1>Documents de santé</h1>\n"
        f"<p>Émetteur : {escape(sender.given_name)} {escape(sender.family_name)}, "
        f"{escape(sender.structure.name)}, {escape(sender.mailbox)}.</p>\n"
        '<p>Mode d’emploi : <a href="README.TXT">README.TXT</a>.</p>\n'
        f"<ul>\n{links}\n</ul>\n</body>\n</html>\n"
    ).encode()


def _readme(archive: Archive, names: Sequence[str]) -> bytes:
    """Plain text without accents: it opens alike in every editor."""
    sender, software = archive.sender, archive.software
    tree = "\n".join(f"      {name}" for name in ("METADATA.XML", *names))
    text = (
        "Emetteur :\n"
        f"  Nom : {sender.given_name} {sender.family_name}\n"
        f"  Organisme : {sender.structure.name}\n"
        f"  Messagerie : {sender.mailbox}\n\n"
        "Application de l'emetteur :\n"
        f"  Nom : {software.name}\n  Version : {software.version}\n\n"
        "Instructions :\n"
        "  Ouvrir INDEX.HTM, ou importer le dossier IHE_XDM dans un logiciel de sante.\n\n"
        f"Arborescence :\n  INDEX.HTM\n  README.TXT\n  IHE_XDM\n    SUBSET01\n{tree}\n"
    )
    plain = normalize("NFKD", text).encode("ascii", "ignore")
    return plain.replace(b"\n", b"\r\n")


def _zip(files: dict[str, bytes], sent_at: datetime) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, sent_at.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()
