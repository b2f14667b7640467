"""TD2.1: one document, its lot, and the signature of the lot; TD3.3c: its deletion.

Sources: SEL-MP-037 TD2.1, TD3.3c; IHE ITI-41; signature entry of CI-SIS.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lxml import etree

from reference_impl.cards.signer import Signer
from reference_impl.dmp.soap import Part, include
from reference_impl.dmp.xades import SignedLot, sign
from reference_impl.documents import codes, ebrim
from reference_impl.documents.codes import Code
from reference_impl.documents.metadata import DocumentEntry
from reference_impl.documents.xdm import CONSULTATIONS
from reference_impl.errors import ForbiddenGestureError
from reference_impl.people import SoftwareIdentity, Visibility
from reference_impl.xmltree import node

XDSB = "urn:ihe:iti:xds-b:2007"
ACTION = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
UPDATE_ACTION = "urn:ihe:iti:2010:UpdateDocumentSet"
_APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
_DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"

_SIGNATURE_CLASS = Code("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature")
_SIGNATURE_TYPE = Code("E1762", "ASTM", "Full Document")
_SIGNATURE_FORMAT = Code("http://www.w3.org/2000/09/xmldsig#", "URN", "Default Signature Style")
_SIGNATURE_EVENT = Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source")


@dataclass(frozen=True, slots=True)
class Deposit:
    """What leaves. Identifiers are OIDs; ``part_ids`` the Content-IDs of document and signature.

    ``replaces`` is the current entryUUID of the document this one replaces.
    """

    entry: DocumentEntry
    content: bytes
    visibility: Visibility
    lot_id: str
    signature_id: str
    part_ids: tuple[str, str]
    submitted_at: datetime
    software: SoftwareIdentity
    replaces: str | None = None


def confidentiality(entry: DocumentEntry, visibility: Visibility) -> tuple[Code, ...]:
    """The code of the header, then the masks.

    Raises ForbiddenGestureError when a document would be hidden from both the
    professionals and the patient (parameter cumul-invisible_patient-masque_ps).
    """
    if visibility.masked_to_professionals and visibility.hidden_from_patient:
        raise ForbiddenGestureError(
            "VISIBILITE_INTERDITE",
            "Un document ne peut pas être masqué à la fois aux professionnels et au patient.",
            "visibilite",
        )
    masks = (
        (visibility.masked_to_professionals, codes.MASKED_TO_PROFESSIONALS),
        (visibility.hidden_from_patient, codes.HIDDEN_FROM_PATIENT),
        (visibility.hidden_from_representatives, codes.HIDDEN_FROM_REPRESENTATIVES),
    )
    return entry.confidentiality + tuple(code for asked, code in masks if asked)


def build(deposit: Deposit, signer: Signer) -> tuple[etree._Element, tuple[Part, Part]]:
    """The body of the request, and its two binary parts."""
    lot = SignedLot(
        deposit.signature_id,
        deposit.lot_id,
        {deposit.entry.unique_id: deposit.content},
        deposit.submitted_at,
    )
    signature = sign(lot, signer)
    root = etree.Element(
        f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest",
        nsmap={"xdsb": XDSB, "lcm": ebrim.LCM, None: ebrim.RIM},
    )
    objects = ebrim.object_list(node(root, f"{{{ebrim.LCM}}}SubmitObjectsRequest"))
    members = _register(objects, deposit, signature)
    for object_id, part_id in zip(members, deposit.part_ids, strict=True):
        include(node(root, "Document", {"id": object_id}), part_id)
    contents = (deposit.content, signature)
    document, seal = (Part(i, c) for i, c in zip(deposit.part_ids, contents, strict=True))
    return root, (document, seal)


def removal(
    entry: DocumentEntry, entry_uuid: str, lot_id: str, at: datetime, software: SoftwareIdentity
) -> etree._Element:
    """The body of a deletion: a lot, and the change of status; neither document nor signature."""
    root = etree.Element(
        f"{{{ebrim.LCM}}}SubmitObjectsRequest", nsmap={"lcm": ebrim.LCM, None: ebrim.RIM}
    )
    objects, numbering = ebrim.object_list(root), ebrim.Numbering(lot_id)
    lot = ebrim.SubmissionSet(
        unique_id=lot_id,
        source_id=software.oid,
        patient_id=entry.patient_id,
        submission_time=_utc(at),
        title="Suppression",
        content_type=CONSULTATIONS,
        author=entry.author,
    )
    package = ebrim.submission_set(objects, lot, numbering)
    ebrim.association(
        objects,
        ebrim.UPDATES_STATUS,
        package,
        entry_uuid,
        numbering,
        OriginalStatus=_APPROVED,
        NewStatus=_DELETED,
    )
    return root


def _register(objects: etree._Element, deposit: Deposit, signature: bytes) -> tuple[str, str]:
    """Write the registry objects; returns the object ids of document and signature."""
    numbering = ebrim.Numbering(deposit.lot_id)
    entry = replace(
        deposit.entry, confidentiality=confidentiality(deposit.entry, deposit.visibility)
    )
    package = ebrim.submission_set(objects, _lot(deposit), numbering)
    document = ebrim.document_entry(objects, entry, numbering)
    seal = ebrim.document_entry(objects, _signature_entry(deposit, signature), numbering)
    ebrim.association(objects, ebrim.HAS_MEMBER, package, document, numbering)
    ebrim.association(objects, ebrim.HAS_MEMBER, package, seal, numbering)
    ebrim.association(objects, ebrim.SIGNS, seal, package, numbering)
    if deposit.replaces is not None:
        ebrim.association(objects, ebrim.REPLACES, document, deposit.replaces, numbering)
    return document, seal


def _lot(deposit: Deposit) -> ebrim.SubmissionSet:
    return ebrim.SubmissionSet(
        unique_id=deposit.lot_id,
        source_id=deposit.software.oid,
        patient_id=deposit.entry.patient_id,
        submission_time=_utc(deposit.submitted_at),
        title=f"Dépôt : {deposit.entry.title}"[:128],
        content_type=CONSULTATIONS,
        author=deposit.entry.author,
    )


def _signature_entry(deposit: Deposit, signature: bytes) -> DocumentEntry:
    """The fixed values of a signature; it has no sourcePatientInfo at all."""
    now = _utc(deposit.submitted_at)
    return replace(
        deposit.entry,
        unique_id=deposit.signature_id,
        title="Source",
        creation_time=now,
        service_start_time=now,
        service_stop_time=now,
        language="art",
        hash=hashlib.sha1(signature, usedforsecurity=False).hexdigest(),
        size=len(signature),
        source_patient_id=deposit.entry.patient_id,
        source_patient_info=(),
        class_code=_SIGNATURE_CLASS,
        type_code=_SIGNATURE_TYPE,
        format_code=_SIGNATURE_FORMAT,
        events=(_SIGNATURE_EVENT,),
        confidentiality=(codes.NORMAL, codes.MASKED_TO_PROFESSIONALS, codes.HIDDEN_FROM_PATIENT),
    )


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%d%H%M%S")
