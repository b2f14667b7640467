"""Identities that a gesture brings from outside: a document received, a datamatrix scanned."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from rules.artefact import MalformedError
from rules.context import Traits
from rules.formats.cda import ClinicalDocument
from rules.formats.datamatrix import InsDatamatrix
from rules.formats.gesture import Gesture
from rules.formats.xdm import XdmArchive

_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Incoming:
    """What was received: traits, and the INS (15 characters) if there is one."""

    traits: Traits
    ins: str | None
    oid: str | None


def incoming(gesture: Gesture) -> Incoming | None:
    """What ``identity.receive`` or ``identity.scan_datamatrix`` was given; None if unreadable.

    A picture is not read here: its text is that of the answer (``datamatrix``), if any.
    """
    try:
        if gesture.name == "identity.receive":
            return _of_document(_bytes(gesture.parameters.get("contenu")))
        if gesture.name == "identity.scan_datamatrix":
            return _of_datamatrix(gesture.parameters.get("texte"))
    except (MalformedError, binascii.Error, ValueError):
        return None
    return None


def _bytes(content: object) -> bytes:
    return base64.b64decode(str(content or ""), validate=True)


def _of_document(data: bytes) -> Incoming | None:
    """The first patient of a CDA, or of the first CDA of an archive."""
    if data.startswith(_ZIP):
        document = next(iter(XdmArchive.parse(data).documents), None)
    else:
        document = ClinicalDocument.parse(data)
    patient = document.patient if document else None
    if patient is None:
        return None
    ins = patient.ins
    return Incoming(patient.traits, ins.extension if ins else None, ins.root if ins else None)


def _of_datamatrix(text: object) -> Incoming | None:
    if not isinstance(text, str):
        return None
    read = InsDatamatrix.parse(text)
    return Incoming(read.traits, read.ins or None, read.oid or None)
