"""CodeStatut of the services: only ``0`` was ever seen (sheet ``apcv`` §7).

The others are the bench's, ``hors_specification``: reports must not present them as official.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """CodeStatut, as on the wire."""

    OK = "0"
    UNREADABLE = "1"
    OUTDATED = "2"
    INACTIVE = "3"
    SPECIALITY = "4"
    BILLING = "5"
    UNKNOWN_CONTEXT = "6"
    EXPIRED_CONTEXT = "7"
    TECHNICAL = "8"


LABELS = {
    Code.OK: "OK",
    Code.UNREADABLE: "données indéchiffrables ou mal formées",
    Code.OUTDATED: "QR code périmé ou déjà présenté",
    Code.INACTIVE: "profil révoqué ou inactif",
    Code.SPECIALITY: "spécialité absente ou inconnue",
    Code.BILLING: "identifiant de facturation inconnu ou différent de celui de l'assertion",
    Code.UNKNOWN_CONTEXT: "contexte inconnu ou détruit",
    Code.EXPIRED_CONTEXT: "contexte expiré",
    Code.TECHNICAL: "erreur technique",
}


@dataclass(frozen=True)
class StatusError(Exception):
    """The service answers this CodeStatut, in an HTTP 200."""

    code: Code
