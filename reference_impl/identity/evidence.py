"""How far a document proves an identity (RNIV §3.3.2, guide INS EXI ID 19).

Codes are those of FR Core ``validationMode`` and of HL7 table 9004. No
document is chosen by default (EXI SI 10). Levels are those below unless the site
has its own (``reglages.justificatifs`` of the descriptor: a level for each code).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reference_impl.errors import ConfigurationError, InvalidRequestError


class Trust(StrEnum):
    """Whether a document allows to validate an identity."""

    HIGH = "haut"
    HIGH_FOR_MINORS = "haut pour un mineur"
    MEDIUM = "moyen"
    LOW = "bas"


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """A kind of document, with its French name."""

    code: str
    label: str
    trust: Trust


def _kinds(*rows: tuple[str, str, Trust]) -> Mapping[str, EvidenceKind]:
    return {code: EvidenceKind(code, label, trust) for code, label, trust in rows}


ATTESTATION = "PS"
"""The word of a professional who knows the patient: no document, traced apart (INS-S-12)."""

CONTRACT = "TC"
"""Mention « tiers de confiance »: our code, no source gives one."""

NOT_SHOWN = {ATTESTATION: "Attestation du professionnel (procédure d’exception)"}

EVIDENCE: Mapping[str, EvidenceKind] = _kinds(
    ("CN", "Carte nationale d’identité", Trust.HIGH),
    ("PA", "Passeport", Trust.HIGH),
    ("CS", "Carte ou titre de séjour", Trust.HIGH),
    ("eCN", "e-carte d’identité", Trust.HIGH),
    ("IN", "Identité Numérique La Poste", Trust.HIGH),
    ("AV", "Appli carte Vitale", Trust.HIGH),
    ("AN", "Extrait d’acte de naissance", Trust.HIGH_FOR_MINORS),
    ("LE", "Livret de famille", Trust.HIGH_FOR_MINORS),
    ("LEP", "Livret de famille des parents", Trust.HIGH_FOR_MINORS),
    ("CC", "Carnet de circulation d’un mineur étranger", Trust.HIGH_FOR_MINORS),
    ("LECV", "Livret de famille et carte Vitale avec photo", Trust.HIGH),
    ("ANCV", "Acte de naissance et carte Vitale avec photo", Trust.HIGH),
    (CONTRACT, "Émetteur sous contrat de confiance", Trust.HIGH),
    ("PC", "Permis de conduire", Trust.LOW),
    ("CV", "Carte Vitale", Trust.LOW),
    # Trust of these two is not written in any source seen: never high by default.
    ("CE", "Carte européenne", Trust.LOW),
    ("CM", "Carte militaire", Trust.LOW),
)


def trust_of(
    code: str, birth_date: str, today: date, own_levels: Mapping[str, str] | None = None
) -> Trust:
    """Trust of this document, seen today, for this person: high, medium or low.

    ``birth_date`` is ISO. A document that proves minors only is of medium trust for
    others. Raises InvalidRequestError for an unknown code.
    """
    kind = EVIDENCE.get(code)
    if kind is None or code == CONTRACT:
        raise InvalidRequestError(
            "JUSTIFICATIF_INCONNU",
            f"Le justificatif « {code} » est inconnu ; codes admis : "
            f"{', '.join(c for c in EVIDENCE if c != CONTRACT)}.",
            "justificatif",
        )
    trust = _trust((own_levels or {}).get(code, kind.trust))
    if trust is Trust.HIGH_FOR_MINORS:
        return Trust.HIGH if _is_minor(date.fromisoformat(birth_date), today) else Trust.MEDIUM
    return trust


def label_of(code: str) -> str:
    """French name of a kind of evidence."""
    kind = EVIDENCE.get(code)
    return kind.label if kind else NOT_SHOWN.get(code, code)


def _trust(level: str) -> Trust:
    try:
        return Trust(level)
    except ValueError as error:
        raise ConfigurationError(
            "NIVEAU_DE_CONFIANCE_INCONNU",
            f"Le niveau de confiance « {level} » est inconnu ; niveaux admis : {', '.join(Trust)}.",
            "reglages.justificatifs",
        ) from error


def _is_minor(born: date, today: date) -> bool:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < 18
