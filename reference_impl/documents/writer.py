"""Writes a document: the letter a person reads, inside the CDA the services carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reference_impl.documents import cda, codes, datamatrix, ep_med_dm, ordonnance_pdf, pdf
from reference_impl.documents.ordonnance import Paper
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Document, Environment, Patient, Professional
from reference_impl.prescriptions.model import Ordonnance, Prescriber

MAX_TITLE = 128
PATIENT_DOMAIN = "patient.mssante.fr"


class CdaWriter:
    """The DocumentWriter of the LGC. Same arguments, same bytes."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._zone = _french_time()

    def write(
        self,
        document: Document,
        patient: Patient,
        professional: Professional,
        replaces: str | None = None,
    ) -> bytes:
        """The CDA R2 N1 of a document.

        The INS is written only when the identity is qualified, under the OID of
        the environment. ``replaces`` is the uniqueId of the version before.
        Raises InvalidRequestError for an unknown type, an empty text or a title
        over 128 characters.
        """
        kind = _checked_kind(document, replaces)
        paper = None
        if document.type_code in codes.ORDONNANCE_TYPES:
            paper = Paper.from_text(document.text)
        written_at = document.created_at.astimezone(self._zone).replace(microsecond=0)
        header = cda.Header(
            unique_id=document.unique_id,
            set_id=document.set_id,
            version=document.version,
            kind=kind,
            title=document.title,
            written_at=written_at,
            patient_ids=self._patient_ids(patient),
            traits=patient.traits,
            author=professional,
            replaces=replaces,
        )
        try:
            if paper is not None:
                return self._ordonnance(paper, header, patient)
            return cda.build(
                header, pdf.render(self._letter(document, patient, professional, written_at))
            )
        except ValueError as error:  # what XML has no way to write
            raise InvalidRequestError(
                "CARACTERE_INTERDIT",
                "Le titre ou un nom contient un caractère de contrôle.",
                "titre",
            ) from error

    def page(self, paper: Paper, patient: Patient, author: Professional) -> bytes:
        """The PDF of an ordonnance: what its documents carry, and what the patient is given."""
        return ordonnance_pdf.render(self._sheet(paper, patient, author))

    def _ordonnance(self, paper: Paper, header: cda.Header, patient: Patient) -> bytes:
        page = self.page(paper, patient, header.author)
        if not paper.structured:
            return cda.build(header, page)
        allowed = patient.ins if patient.qualified else None
        telecoms = (f"mailto:{allowed.value}@{PATIENT_DOMAIN}",) if allowed else ()
        return ep_med_dm.build(
            ep_med_dm.Prescription(
                header=replace(header, templates=ep_med_dm.TEMPLATES, telecoms=telecoms),
                ordonnance=paper.ordonnance,
                replaced=self._replaced(paper.ordonnance),
                number=paper.number,
                code_2d=paper.code_2d(patient),
                page=page,
            )
        )

    def _replaced(self, ordonnance: Ordonnance) -> Prescriber | Professional | None:
        """The titulaire in whose place a remplaçant prescribes."""
        titulaire = ordonnance.prescriber
        if ordonnance.substitute is None or titulaire is None:
            return None
        return self._environment.professional(f"8{titulaire.rpps}") or titulaire

    def _sheet(self, paper: Paper, patient: Patient, author: Professional) -> ordonnance_pdf.Sheet:
        software, ordonnance = self._environment.software, paper.ordonnance
        signed = _signed(author)
        written_at = datetime.fromisoformat(ordonnance.at or "").astimezone(self._zone)
        return ordonnance_pdf.Sheet(
            ordonnance=ordonnance,
            prescriber=_prescriber_block(author, signed, ordonnance),
            signed=signed,
            cartouche=_cartouche(patient),
            datamatrix=self._datamatrix(patient),
            number=paper.number,
            code_2d=paper.code_2d(patient),
            consent=bool(ordonnance.consent),
            producer=f"{software.name} {software.version}",
            written_at=written_at,
        )

    def _patient_ids(self, patient: Patient) -> tuple[tuple[str, str], ...]:
        oid = self._environment.document_oid(patient.ins) if patient.ins else None
        # Arc 2 of the product's OID is its domain of local patient identifiers.
        return cda.patient_ids(patient, oid, f"{self._environment.software.oid}.2")

    def _letter(
        self,
        document: Document,
        patient: Patient,
        professional: Professional,
        written_at: datetime,
    ) -> pdf.Letter:
        software = self._environment.software
        signed = _signed(professional)
        return pdf.Letter(
            title=document.title,
            letterhead=_letterhead(professional, signed),
            cartouche=_cartouche(patient),
            place_and_date=f"Le {written_at:%d/%m/%Y à %H:%M}",
            body=document.text,
            signature=(signed, f"RPPS {professional.rpps}"),
            footer=f"{document.title} du {written_at:%d/%m/%Y}",
            author=signed,
            producer=f"{software.name} {software.version}",
            written_at=written_at,
            datamatrix=self._datamatrix(patient),
        )

    def _datamatrix(self, patient: Patient) -> str | None:
        """Only for a qualified identity (EXI ID 29), under the OID of the header."""
        if not patient.qualified or patient.ins is None:
            return None
        oid = self._environment.document_oid(patient.ins)
        return datamatrix.write_text(patient.ins, oid, patient.traits)


def _checked_kind(document: Document, replaces: str | None) -> codes.DocumentType:
    kind = codes.kind_of(document.type_code)
    if kind is None:
        known = ", ".join(codes.DOCUMENT_TYPES)
        raise InvalidRequestError(
            "TYPE_INCONNU", f"Ce logiciel n’écrit que les types {known}.", "type"
        )
    if not document.text.strip():
        raise InvalidRequestError("TEXTE_VIDE", "Le document n’a pas de texte.", "texte")
    if not 0 < len(document.title.strip()) <= MAX_TITLE:
        raise InvalidRequestError(
            "TITRE_INVALIDE", "Le titre doit avoir de 1 à 128 caractères.", "titre"
        )
    if (document.version > 1) is not (replaces is not None):
        raise InvalidRequestError(
            "VERSION_INCOHERENTE",
            "Une version supérieure à 1 doit dire quel document elle remplace.",
            "version",
        )
    return kind


def _signed(professional: Professional) -> str:
    name = f"{professional.given_name} {professional.family_name}"
    return f"Dr {name}" if professional.profession == "10" else name


def _prescriber_block(author: Professional, signed: str, ordonnance: Ordonnance) -> tuple[str, ...]:
    """Who prescribes, in whose place, under which billing number."""
    titulaire = ordonnance.prescriber or Prescriber()
    lines = [signed, cda.specialty(author).label, f"RPPS {author.rpps}"]
    if ordonnance.substitute is not None:
        name = f"{titulaire.given_name or ''} {titulaire.family_name or ''}".strip()
        lines.append(f"remplaçant de {name}, RPPS {titulaire.rpps}")
    if titulaire.am:
        lines.append(f"N° AM {titulaire.am}")
    lines.append(author.structure.name)
    if author.structure.finess:
        lines.append(f"FINESS {author.structure.finess}")
    return tuple(lines)


def _letterhead(professional: Professional, signed: str) -> tuple[str, ...]:
    label = cda.specialty(professional).label
    lines = [professional.structure.name, f"{signed}, {label}", f"RPPS {professional.rpps}"]
    if professional.structure.finess:
        lines.append(f"FINESS {professional.structure.finess}")
    if professional.mailbox:
        lines.append(f"MSSanté : {professional.mailbox}")
    return tuple(lines)


def _cartouche(patient: Patient) -> tuple[tuple[str, str], ...]:
    """Traits of the patient; matricule and nature only for a qualified identity."""
    traits = patient.traits
    year, month, day = traits.birth_date.split("-")
    lines = [
        ("Nom de naissance", traits.birth_name),
        ("Prénom(s) de naissance", traits.birth_given_names),
        ("Nom utilisé", traits.used_name),
        ("Prénom utilisé", traits.used_given_name),
        ("Date de naissance", f"{day}/{month}/{year}"),
        ("Sexe", traits.sex),
        ("Lieu de naissance (code INSEE)", traits.birth_place),
    ]
    if patient.qualified and patient.ins is not None:
        nature = "NIA" if patient.ins.is_nia else "NIR"
        lines.append(("Matricule INS", f"{patient.ins.value} ({nature})"))
    return tuple((label, value) for label, value in lines if value)


def _french_time() -> tzinfo:
    """Local time of the cabinet; UTC, also a conformant offset, where zones are not installed."""
    try:
        return ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:
        return UTC
