"""The mail of a professional: headers, subject, IHE_XDM.zip and the PDF beside it.

Sources: Référentiel MSSanté n° 2 (ECO.2.1.x to ECO.2.4.x); CI-SIS Volet
Echange de documents de santé. Same mail, same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from unicodedata import category, combining, normalize
from uuid import NAMESPACE_URL, uuid5

from reference_impl.documents import xdm
from reference_impl.documents.codes import kind_of
from reference_impl.documents.metadata import encapsulated_pdf, read_entry
from reference_impl.errors import ForbiddenGestureError, InvalidRequestError
from reference_impl.people import Document, Mail, Patient, Professional, SoftwareIdentity

PREFIX = "XDM/1.0/DDM+"
PATIENT_DOMAIN = "patient.mssante.fr"
MAX_TO_PATIENT = 25_000_000
"""Bytes of a whole message that Mon espace santé accepts (25 Mo)."""
_LABEL_LENGTH = 40
_TITLES = {"10": "Dr"}
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'/=-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of characters that end a line, or that no mail carries."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail ready to leave: MAIL FROM, RCPT TO, and the bytes of DATA."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


def build(mail: Mail, software: SoftwareIdentity, archive_id: str, ins_oid: str | None) -> Envelope:
    """The envelope of a mail.

    ``archive_id`` is the OID of the submission set, ``ins_oid`` the OID under
    which the INS of the patient leaves. Raises ForbiddenGestureError when the
    INS would leave for an identity that is not qualified, or a message to the
    usager for such an identity; InvalidRequestError for a text that would break
    the headers.
    """
    recipients = _recipients(mail)
    message = EmailMessage(policy=policy.SMTP)
    message["Date"] = format_datetime(mail.created_at)
    sender = _address(mail.sender.mailbox, "professionnel")
    message["From"] = Address(display_name=sender_label(mail.sender), addr_spec=sender)
    message["To"] = ", ".join(recipients)
    message["Message-ID"] = _one_line(mail.message_id, "message_id")
    message["Subject"] = subject(mail)
    message["X-MSS-NIL"] = _one_line(software.nil, "nil")
    if mail.documents:
        message["X-MSS-CODECDA"] = ",".join(dict.fromkeys(d.type_code for d in mail.documents))
        message["X-MSS-INS"] = "O" if _carries_ins(mail, ins_oid) else "N"
    if mail.to_patient and mail.end_of_conversation:
        message["X-MSS-MES"] = "FIN"
    message.set_content(mail.text, subtype="plain", charset="utf-8", cte="quoted-printable")
    if mail.documents:
        _attach(message, mail, software, archive_id)
    content = message.as_bytes()
    if mail.to_patient and len(content) > MAX_TO_PATIENT:
        raise ForbiddenGestureError(
            "MESSAGE_TROP_GROS",
            "Le message dépasse 25 Mo : Mon espace santé le refuserait.",
            "documents",
        )
    return Envelope(sender, recipients, content)


def archive_id(message_id: str) -> str:
    """The OID of the archive of a mail: it follows from the Message-ID.

    A mail tried again is the same to the last byte, so that receivers see one.
    """
    return f"2.25.{uuid5(NAMESPACE_URL, f'mid:{message_id}').int}"


def patient_address(patient: Patient) -> str:
    """The address of the usager. Raises ForbiddenGestureError without a qualified INS."""
    if not patient.qualified or patient.ins is None:
        raise ForbiddenGestureError(
            "IDENTITE_NON_QUALIFIEE",
            "L’adresse Mon espace santé ne se construit que pour une identité qualifiée.",
            "patient",
        )
    return f"{patient.ins.value}@{PATIENT_DOMAIN}"


def subject(mail: Mail) -> str:
    """``XDM/1.0/DDM+<libellé> <NOM> <prénom> <date>``; a mail without document has a plain one."""
    if not mail.documents or mail.patient is None:
        return "Message de votre professionnel de santé" if mail.to_patient else "Message"
    traits = mail.patient.traits
    if len(mail.documents) == 1:
        label = _type_label(mail.documents[0])[:_LABEL_LENGTH]
    else:
        label = f"{len(mail.documents)} documents"
    name = unaccented(traits.birth_name).upper()
    first = unaccented(traits.first_given_name)
    year, month, day = traits.birth_date.split("-")
    return _one_line(f"{PREFIX}{label} {name} {first} {day}/{month}/{year}", "traits")


def sender_label(professional: Professional) -> str:
    """``<Titre>_<Prénom>_<NOM>_<Entité>``, of a personal mailbox (ECO.2.2.7)."""
    parts = (
        _TITLES.get(professional.profession, ""),
        professional.given_name,
        professional.family_name.upper(),
        professional.structure.name,
    )
    return _one_line("_".join(part for part in parts if part), "professionnel")


def pdf_name(document: Document, patient: Patient, act_date: str) -> str:
    """``<date de l'acte>_<type>_<NOM>_<prénom>.pdf`` (ECO.2.1.6); ``act_date`` is AAAAMMJJ."""
    traits = patient.traits
    parts = (
        act_date,
        _type_label(document),
        unaccented(traits.birth_name).upper(),
        unaccented(traits.first_given_name),
    )
    name = "_".join(parts)
    # What a file system or a MIME reader would take for something else.
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", name) + ".pdf"


def unaccented(text: str) -> str:
    """The text without its accents."""
    return "".join(c for c in normalize("NFKD", text) if not combining(c))


def _recipients(mail: Mail) -> tuple[str, ...]:
    """Bare addresses. A message to the usager goes to the address of its INS and to no other."""
    if mail.to_patient:
        if mail.patient is None:
            raise InvalidRequestError("PATIENT_ABSENT", "Indiquez le patient.", "patient")
        address = patient_address(mail.patient)
        if set(mail.recipients) - {address}:
            raise ForbiddenGestureError(
                "DESTINATAIRE_INTERDIT",
                f"Un message à l’usager ne va qu’à son adresse {address}.",
                "destinataires",
            )
        return (address,)
    if not mail.recipients:
        raise InvalidRequestError(
            "DESTINATAIRE_ABSENT", "Indiquez au moins un destinataire.", "destinataires"
        )
    if any(r.lower().endswith(f"@{PATIENT_DOMAIN}") for r in mail.recipients):
        raise ForbiddenGestureError(
            "DESTINATAIRE_INTERDIT",
            "Pour écrire au patient, choisissez l’envoi à l’usager.",
            "destinataires",
        )
    return tuple(dict.fromkeys(_address(r, "destinataires") for r in mail.recipients))


def _address(text: str, field: str) -> str:
    """A bare address. Raises InvalidRequestError."""
    if _ADDRESS.fullmatch(text) is None:
        raise InvalidRequestError("ADRESSE_INVALIDE", "Cette adresse n’en est pas une.", field)
    return text


def _carries_ins(mail: Mail, ins_oid: str | None) -> bool:
    """Whether every document carries the qualified INS of the patient; no other may leave."""
    patient = mail.patient
    qualified = patient is not None and patient.qualified and patient.ins is not None
    expected = (patient.ins.value, ins_oid) if qualified and patient and patient.ins else None
    found = {(e.ins, e.ins_oid) for e in (read_entry(d.content) for d in mail.documents)}
    if found - {(None, None), expected}:
        raise ForbiddenGestureError(
            "INS_NON_QUALIFIEE",
            "Un document porte une INS qui n’est pas celle, qualifiée, du patient : "
            "il ne peut pas partir.",
            "documents",
        )
    if mail.to_patient and found != {expected}:
        raise ForbiddenGestureError(
            "DOCUMENT_SANS_INS",
            "Un document destiné à l’usager doit porter son INS : écrivez-le de nouveau.",
            "documents",
        )
    return found == {expected}


def _attach(message: EmailMessage, mail: Mail, software: SoftwareIdentity, archive_id: str) -> None:
    archive = xdm.Archive(
        unique_id=archive_id,
        contents=tuple(document.content for document in mail.documents),
        sender=mail.sender,
        software=software,
        sent_at=mail.created_at,
    )
    message.add_attachment(
        xdm.build(archive),
        maintype="application",
        subtype="zip",
        filename=xdm.FILE_NAME,
        params={"name": xdm.FILE_NAME},
    )
    for document in mail.documents:
        if mail.patient is not None:
            act_date = read_entry(document.content).service_start_time[:8]
            message.add_attachment(
                encapsulated_pdf(document.content),
                maintype="application",
                subtype="pdf",
                filename=pdf_name(document, mail.patient, act_date),
            )
    # A boundary drawn at random would make each try of a mail a different message.
    unique = re.sub(r"[^0-9A-Za-z]", "", mail.message_id)[:40]
    message.set_boundary(f"=_{unique}")


def _type_label(document: Document) -> str:
    kind = kind_of(document.type_code)
    return document.title if kind is None else kind.type.label


def _one_line(text: str, field: str) -> str:
    """A header value. Raises InvalidRequestError: a line break in a name would add a header."""
    if any(category(character) in _FORBIDDEN for character in text):
        raise InvalidRequestError(
            "CARACTERE_INTERDIT",
            "Un nom, une adresse ou un titre contient un saut de ligne ou un autre contrôle.",
            field,
        )
    return text
