"""The shape of ``environnement.json``, for those who read it in Python.

Apart from :mod:`simulators.environment`, which writes it, so that simulators
start without pydantic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow")


class Bench(_Part):
    """The bench itself; ``administration`` is the address of its API."""

    version: str
    campagne: str
    graine: int
    administration: str


class Trust(_Part):
    """Files of the authorities a product must trust, in every form."""

    pem: str
    der: list[str]
    p12: str
    jks: str
    mot_de_passe: str


class CertificateFiles(_Part):
    """Files of one certificate and its key; ``p12`` is absent for spoilt variants."""

    certificat: str
    cle: str
    chaine: str
    p12: str | None = None
    mot_de_passe: str | None = None


class StructurePart(_Part):
    """The cabinet of a professional."""

    identifiant: str
    finess: str
    nom: str
    secteur: str


class CardPart(_Part):
    """The test card of a professional: PIN and names of its two certificates."""

    pin: str
    authentification: str
    signature: str


class ProfessionalPart(_Part):
    """A fictitious professional."""

    identifiant_national: str
    rpps: str
    nom: str
    prenom: str
    profession: str
    profession_libelle: str
    specialite: str | None
    specialite_libelle: str | None
    civilite: str
    bal: str
    identifiant_facturation: str
    structure: StructurePart
    carte: CardPart


class PatientPart(_Part):
    """A fictitious patient as the reference identity base knows it."""

    nom_naissance: str
    prenoms_naissance: str
    sexe: str
    date_naissance: str
    lieu_naissance: str
    nom_utilise: str | None
    matricule: str
    cle: str
    oid: str
    dmp: str
    mes: str


class ReaderPart(_Part):
    """A card reader of the bench; ``carte`` is ``cps`` or ``vitale``."""

    nom: str
    hote: str
    port: int
    carte: str
    professionnel: str | None = None


class ReadingApiPart(_Part):
    """Where the reading library finds the bench; ``configuration`` is for ``Hn_Init``."""

    hote: str
    port: int
    configuration: str


class CardsPart(_Part):
    """How the product reaches cards: ``banc``, ``pcsc``, or ``pkcs11`` and a module."""

    acces: str
    pkcs11: str | None
    api_lec: str | None
    lecteurs: list[ReaderPart]
    api_lecture: ReadingApiPart


class PrescriptionPart(_Part):
    """Addresses of the ordonnance numérique; ``voie`` is the wire to use, rest or soap."""

    rest: str
    soap: str
    wsdl: str
    openapi: str
    voie: str


class SoftwarePart(_Part):
    """How the product is known to the services."""

    nom: str
    version: str
    nil: str
    idam: str
    numero_homologation_dmp: str
    oid: str


class Descriptor(_Part):
    """The whole descriptor. Each service adds its own part under its name."""

    banc: Bench
    confiance: Trust
    certificats: dict[str, CertificateFiles]
    professionnels: list[ProfessionalPart]
    patients: list[PatientPart]
    logiciel: SoftwarePart
    cartes: CardsPart | None = None
    ordonnance: PrescriptionPart | None = None
    reglages: dict[str, Any] = Field(default_factory=dict)
    hotes: list[str] = Field(default_factory=list)


def read(path: Path) -> Descriptor:
    """Read a descriptor; raises pydantic.ValidationError, OSError."""
    return Descriptor.model_validate_json(path.read_bytes())
