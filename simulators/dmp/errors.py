"""What the DMP answers when it refuses, with the source of each (sheet dmp.md §14)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """Where a refusal is written."""

    FAULT = "faute SOAP"
    REGISTRY = "RegistryResponse"


@dataclass(frozen=True, slots=True)
class DmpError:
    """An error code, the text that goes with it, where it is written, and its origin."""

    code: str
    text: str
    shape: Shape
    source: str
    receiver: bool = False
    """True when the fault says that the service, not the sender, is at fault."""


def _fault(code: str, text: str, source: str) -> DmpError:
    return DmpError(code, text, Shape.FAULT, source)


def _registry(code: str, text: str, source: str = "IHE ITI TF-3 §4.2.4") -> DmpError:
    return DmpError(code, text, Shape.REGISTRY, source)


CATALOGUE: dict[str, DmpError] = {
    error.code: error
    for error in (
        _fault(
            "DMPInvalidCertificate",
            "Le certificat ayant signé le VIHF est invalide : Not a valid signature certificate",
            "trace client, fiche §14.1",
        ),
        _fault("DMPInvalidData", "Les données d'authentification sont incorrectes", "fiche §14.1"),
        _fault("DMPActorNotFound", "Structure introuvable", "trace client, fiche §14.1"),
        _registry("DMPClosed", "Le DMP du patient est fermé", "cahier de tests, fiche §14.1"),
        _registry("DMPAccessForbidden", "Le patient s'est opposé à cet accès", "cahier de tests"),
        _registry(
            "DMPAccessDeniedByRightsService",
            "Les droits de l'acteur ne permettent pas cette transaction",
            "PDT-INF-527, généralisation du banc",
        ),
        _registry(
            "DMPAccessDeniedByExcededThreshold",
            "Trop de sollicitations par l'acteur",
            "cahier de tests",
        ),
        _registry("XDSUnknownPatientId", "Aucun DMP pour ce patient"),
        _registry("XDSPatientIdDoesNotMatch", "L'identifiant du patient n'est pas le même partout"),
        _registry("XDSRepositoryMetadataError", "Les métadonnées du lot sont incorrectes"),
        _registry("XDSRegistryMetadataError", "Les métadonnées du document sont incorrectes"),
        _registry("XDSMissingDocument", "Un document annoncé n'est pas dans le message"),
        _registry("XDSMissingDocumentMetadata", "Un document du message n'est pas annoncé"),
        _registry("XDSDuplicateUniqueIdInRegistry", "Un document porte déjà cet identifiant"),
        _registry(
            "XDSRepositoryDuplicateUniqueIdInMessage",
            "Deux objets du message ont un même identifiant",
        ),
        _registry("XDSNonIdenticalHash", "L'empreinte annoncée n'est pas celle du document"),
        _registry("XDSNonIdenticalSize", "La taille annoncée n'est pas celle du document"),
        _registry("InvalidDocumentContent", "Le contenu du document est incorrect"),
        _registry("XDSRepositoryError", "Erreur interne de l'entrepôt"),
        _registry("XDSRegistryError", "Erreur interne du registre"),
        _registry("XDSRepositoryBusy", "L'entrepôt est occupé"),
        _registry("XDSRegistryBusy", "Le registre est occupé"),
        _registry("XDSRegistryNotAvailable", "Le registre n'est pas joignable"),
        _registry("XDSReplaceFailed", "Le document à remplacer est inconnu"),
        _registry(
            "XDSRegistryDeprecatedDocumentError", "Le document à remplacer n'est plus à jour"
        ),
        _registry("XDSDocumentUniqueIdError", "Aucun document ne porte cet identifiant"),
        _registry("XDSUnknownRepositoryId", "Entrepôt inconnu"),
        _registry("XDSUnknownStoredQuery", "Recherche inconnue"),
        _registry("XDSStoredQueryMissingParam", "Un paramètre obligatoire de la recherche manque"),
        _registry("XDSTooManyResults", "Trop de résultats"),
        _registry("UnresolvedReferenceException", "Une association désigne un objet inconnu"),
        _registry("XDSMetadataUpdateError", "La mise à jour demandée est impossible"),
    )
}

UNREADABLE = DmpError(
    "",
    "A required header representing a Message Addressing Property is not present",
    Shape.FAULT,
    "trace client (CXF), fiche §5.2",
)
"""What the service says of an envelope it cannot read."""


def error(code: str) -> DmpError:
    """The error of a code; one that a check names and the catalogue lacks is a metadata error."""
    return CATALOGUE.get(code) or DmpError(
        code, "Requête refusée", Shape.REGISTRY, "code nommé par un contrôle du banc"
    )


class DmpRefusalError(Exception):
    """The service refuses; ``context`` completes or replaces the text of the error."""

    def __init__(self, code: str, context: str = "") -> None:
        self.error = error(code)
        self.context = context or self.error.text
        super().__init__(f"{code} : {self.context}")
