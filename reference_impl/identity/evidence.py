"""How far a document proves an identity (RNIV §3.3.2, guide INS EXI ID 19).

Codes are those of FR Core ``validationMode`` and of HL7 table 9004. No
document is chosen by default (EXI SI 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reference_impl.errors import InvalidRequestError


class Trust(StrEnum):
    """Whether a document allows to validate an identity."""

    HIGH = "haut"
    HIGH_FOR_MINORS = "haut pour un mineur"
    LOW = "bas"


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """A kind of document, with its French name."""

    code: str
    label: str
    trust: Trust


def _kinds(*rows: tuple[str, str, Trust]) -> Mapping[str, EvidenceKind]:
    return {code: EvidenceKind(code, label, trust) for code, label, trust in rows}


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
    ("PC", "Permis de conduire", Trust.LOW),
    ("CV", "Carte Vitale", Trust.LOW),
    # Trust of these two is not written in any source seen: never high by default.
    ("CE", "Carte européenne", Trust.LOW),
    ("CM", "Carte militaire", Trust.LOW),
)


def is_high_trust(code: str, birth_date: str, today: date) -> bool:
    """Whether this document, seen today, validates this person. ``birth_date`` is ISO."""
    kind = EVIDENCE.get(code)
    if kind is None:
        raise InvalidRequestError(
            "JUSTIFICATIF_INCONNU",
            f"Le justificatif « {code} » est inconnu ; codes admis : {', '.join(EVIDENCE)}.",
            "justificatif",
        )
    if kind.trust is Trust.HIGH_FOR_MINORS:
        return _is_minor(date.fromisoformat(birth_date), today)
    return kind.trust is Trust.HIGH


def _is_minor(born: date, today: date) -> bool:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < 18
