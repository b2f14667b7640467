"""Writes a document: the letter a person reads, inside the CDA the services carry."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reference_impl.documents import cda, codes, datamatrix, pdf
from reference_impl.errors import InvalidRequestError
from reference_impl.people import Document, Environment, Patient, Professional

MAX_TITLE = 128


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
        letter = self._letter(document, patient, professional, written_at)
        try:
            return cda.build(header, pdf.render(letter))
        except ValueError as error:  # what XML has no way to write
            raise InvalidRequestError(
                "CARACTERE_INTERDIT",
                "Le titre ou un nom contient un caractère de contrôle.",
                "titre",
            ) from error

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
        name = f"{professional.given_name} {professional.family_name}"
        signed = f"Dr {name}" if professional.profession == "10" else name
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
    kind = codes.DOCUMENT_TYPES.get(document.type_code)
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
