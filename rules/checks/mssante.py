"""Subject, body, report and PDF of a mail of MSSanté.

MSS-S01 to S03, MSS-B01, MSS-X01 (its mail side), MSS-N03, MSS-P01 and P02 of the sheet
mssante.md §11. Header fields are judged by :mod:`rules.checks.mssante_headers`, what
concerns usagers by :mod:`rules.checks.mssante_patients`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.mail import MssMessage, Part
from rules.formats.mail_headers import UTF8_CHARSETS, folded
from rules.formats.mail_report import Mdn

PREFIX = "XDM/1.0/DDM+"
SUBJECT = re.compile(r"XDM/1\.0/DDM\+.{1,40} [A-Z' -]+ [^ ]+.*( \d{2}/\d{2}/\d{4})?")
MAX_LABEL = 40
MDN_FIELDS = ("original-recipient", "final-recipient", "original-message-id", "disposition")
MDN_MODES = (
    ("manual-action", "automatic-action"),
    ("mdn-sent-manually", "mdn-sent-automatically"),
)
MDN_TYPES = ("displayed", "dispatched", "processed", "deleted")
_ERROR_MARK = re.compile(r"^\[(KO Intégration système|Erreur d'intégration) !\]\[\d+\] ")
_REPLACE_MARK = re.compile(r"^\[annule et remplace\] ", re.IGNORECASE)
_PDF_NAME = re.compile(r"\d{8}_.+_[A-Z' -]+_.+(_.*)?\.pdf")


@check(
    "MSS-S01",
    title="L'objet suit XDM/1.0/DDM+<libellé> <NOM> <prénom> <date>",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.25", "MSS/va1.01"),
    source="Ref#2 v1.0.1 ECO.2.1.3, §3.1.3",
)
def subject_form(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Marks of an integration error and of a replacement are not counted."""
    if not message.archives or not message.from_professional:
        return
    if not SUBJECT.fullmatch(_plain_subject(message)):
        yield Finding(
            "en-tête Subject",
            "XDM/1.0/DDM+<libellé> <NOM> <prénom> <JJ/MM/AAAA>",
            message.subject or "absent",
            "Composer l'objet d'un message portant IHE_XDM.zip selon ECO.2.1.3.",
        )


@check(
    "MSS-S02",
    title="Le libellé de l'objet est celui du document, ou « n documents »",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.25",),
    source="Ref#2 v1.0.1 ECO.2.1.3, §3.1.3",
)
def subject_label(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """displayName of the code, cut at 40 characters; accents are not compared."""
    subject = _plain_subject(message)
    documents = message.documents
    if not documents or not subject.startswith(PREFIX):
        return
    expected = _expected_label(documents)
    if expected is None:
        return
    said = folded(subject.removeprefix(PREFIX))
    cut = folded(expected[:MAX_LABEL]).rstrip()
    uncut = len(expected) > MAX_LABEL and said.startswith(folded(expected) + " ")
    if uncut or not said.startswith(cut + " "):
        yield Finding(
            "en-tête Subject",
            expected[:MAX_LABEL],
            subject.removeprefix(PREFIX),
            "Mettre le displayName de ClinicalDocument/code coupé à 40 caractères, "
            "ou « <n> documents » quand l'archive en contient plusieurs.",
        )


@check(
    "MSS-S03",
    title="Le nom de l'objet est le nom de naissance, en capitales sans accent",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.25",),
    source="Ref#2 v1.0.1 ECO.2.1.3, §3.1.3",
)
def subject_name(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Birth name, then first given name of the patient of the documents."""
    subject = _plain_subject(message)
    patient = next((d.patient for d in message.documents if d.patient), None)
    if patient is None or not subject.startswith(PREFIX) or not patient.traits.birth_name:
        return
    name = f" {folded(patient.traits.birth_name)} "
    _, found, after = subject.partition(name)
    given = folded(patient.traits.first_given_name)
    if not found or (given and not folded(after).startswith(given)):
        yield Finding(
            "en-tête Subject",
            f"{name.strip()} {given}".strip(),
            subject.removeprefix(PREFIX) if not found else f"{name.strip()} {after}",
            "Mettre dans l'objet le nom de naissance (capitales, sans accent) puis le premier "
            "prénom de naissance du patient du document.",
        )


@check(
    "MSS-B01",
    title="Corps text/plain ou multipart/alternative, en UTF-8",
    severity=Severity.MAJOR,
    exigences=("MSS/va1.11",),
    source="Ref#2 v1.0.1 ECO.2.2.3, ECO.2.2.4",
)
def body_form(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Encoded words of the header fields are text too (RFC 2047)."""
    texts = [p for p in message.leaves if p.media_type.startswith("text/") and not p.attached]
    if not any(part.media_type == "text/plain" for part in texts):
        yield Finding(
            "corps du message",
            "text/plain, ou multipart/alternative avec text/plain",
            ", ".join(part.media_type for part in texts) or "aucun texte",
            "Envoyer le texte en text/plain, et le HTML seulement à côté (multipart/alternative).",
        )
    for part in texts:
        yield from _not_utf8(part)
    for each in message.headers:
        foreign = [charset for charset in each.charsets if charset not in UTF8_CHARSETS]
        if foreign:
            yield Finding(
                each.place, "utf-8", foreign[0], "Encoder les en-têtes en UTF-8 (RFC 2047)."
            )


@check(
    "MSS-X01",
    title="Une pièce jointe IHE_XDM.zip qui se décompresse",
    severity=Severity.BLOCKING,
    exigences=("MSS/va1.01",),
    source="Ref#2 v1.0.1 ECO.2.1.1",
)
def one_archive(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """A subject that announces documents goes with one archive; no mail has two."""
    count = len(message.archives)
    announced = message.subject.startswith(PREFIX) and not message.automatic
    if count > 1 or (announced and not count):
        yield Finding(
            "pièces jointes",
            "une pièce jointe IHE_XDM.zip",
            f"{count} pièces jointes de ce nom" if count else "aucune pièce jointe de ce nom",
            "Joindre au message tous ses documents dans une seule archive IHE_XDM.zip.",
        )


@check(
    "MSS-N03",
    title="Un MDN porte ses champs obligatoires",
    severity=Severity.MAJOR,
    source="CI-SIS, volet courriel MSSanté, struct-msg-mdn ; ECO.3.1.6 ; RFC 8098 §3",
)
def notification_fields(report: Mdn, _context: Context) -> Iterator[Finding]:
    """Two fields optional in RFC 8098 are mandatory in the volet."""
    for name in MDN_FIELDS:
        if not report.fields.get(name):
            yield _mdn(name.title(), "présent", "absent")
    said = report.fields.get("disposition")
    if not said:
        return
    modes = report.modes
    known = len(modes) == len(MDN_MODES) and all(
        mode in allowed for mode, allowed in zip(modes, MDN_MODES, strict=True)
    )
    if not known or report.disposition not in MDN_TYPES:
        yield _mdn("Disposition", "<action-mode>/<sending-mode>; <type>", said)


@check(
    "MSS-P01",
    title="Le PDF joint est celui du CDA",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.26",),
    source="Ref#2 v1.0.1 ECO.2.1.5, §3.1.1",
)
def attached_pdf(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Byte for byte, when every document of the archive encapsulates a PDF."""
    held = [_pdf_of(document) for document in message.documents]
    if not held or None in held:
        return
    for part in _pdfs(message):
        if part.content not in held:
            yield Finding(
                part.place,
                "les octets du PDF encapsulé dans un CDA de l'archive",
                f"un autre PDF de {len(part.content)} octets",
                "Joindre le PDF même que le CDA encapsule, sans le produire une seconde fois.",
            )


@check(
    "MSS-P02",
    title="Le PDF joint est nommé <date>_<type>_<NOM>_<prénom>[_<dossier>].pdf",
    severity=Severity.MAJOR,
    source="Ref#2 v1.0.1 ECO.2.1.6, §3.1.1",
)
def pdf_name(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Only beside an archive: a mail without document names its files as it likes."""
    if not message.archives:
        return
    for part in _pdfs(message):
        if not _PDF_NAME.fullmatch(part.filename or ""):
            yield Finding(
                part.place,
                "AAAAMMJJ_<type>_<NOM>_<prénom>.pdf",
                part.filename or "sans nom",
                "Nommer le PDF d'après la date de l'acte, le type de document et le patient.",
            )


def _plain_subject(message: MssMessage) -> str:
    subject = _ERROR_MARK.sub("", message.subject) if message.automatic else message.subject
    if subject.startswith(PREFIX):
        return PREFIX + _REPLACE_MARK.sub("", subject.removeprefix(PREFIX))
    return subject


def _expected_label(documents: tuple[ClinicalDocument, ...]) -> str | None:
    if len(documents) != 1:
        return f"{len(documents)} documents"
    code = documents[0].code
    return code.display_name if code else None


def _not_utf8(part: Part) -> Iterator[Finding]:
    charset = part.charset or "us-ascii"
    advice = "Écrire les parties texte en UTF-8 et annoncer charset=UTF-8."
    if charset not in UTF8_CHARSETS:
        yield Finding(part.place, "charset=UTF-8", charset, advice)
        return
    try:
        part.content.decode("utf-8" if part.charset else "ascii")
    except UnicodeDecodeError as error:
        found = f"octet 0x{part.content[error.start]:02X} à la position {error.start}"
        yield Finding(part.place, "de l'UTF-8", found, advice)


def _mdn(name: str, expected: str, found: str) -> Finding:
    return Finding(
        f"champ {name} du MDN",
        expected,
        found,
        "Renseigner le champ dans la partie message/disposition-notification.",
    )


def _pdf_of(document: ClinicalDocument) -> bytes | None:
    for part in (document.body, document.pdf_copy):
        if part is not None and part.media_type == "application/pdf" and part.content:
            return part.content
    return None


def _pdfs(message: MssMessage) -> tuple[Part, ...]:
    return tuple(p for p in message.attachments if p.media_type == "application/pdf")
