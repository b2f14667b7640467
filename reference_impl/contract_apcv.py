"""The driver contract of the appli carte Vitale: ``apcv.*``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from reference_impl.contract import Answer, PatientJson

Way = Literal["cps", "psc"]


class _Parameters(BaseModel):
    # Spaces are not stripped: those of the code are part of it.
    model_config = ConfigDict(extra="forbid")


class ReadApcv(_Parameters):
    """Ce que le lecteur a tapé, et sous quelle identité appeler le service."""

    donnees: str = Field(min_length=1, repr=False)
    source: Literal["QR", "NFC"] = "QR"
    professionnel: str
    voie: Way = "cps"


class QualifyApcv(_Parameters):
    """Dossier à qualifier (ou à créer), et personne de l’appli : 0 le titulaire."""

    patient: str | None = None
    individu: int = Field(default=0, ge=0)
    professionnel: str
    voie: Way = "cps"


class CloseApcv(_Parameters):
    """Fin de la consultation."""

    professionnel: str


class ApcvContextJson(Answer):
    """Contexte ouvert, et l’instant où il finit."""

    identifiant: str
    fin: str


class ApcvInsJson(Answer):
    """INS du titulaire, telle que rendue."""

    matricule: str
    cle: str
    oid: str


class ApcvPersonJson(Answer):
    """Une personne de l’appli ; seul le titulaire a une INS."""

    rang: int
    nom_naissance: str | None
    nom_usuel: str | None
    prenom: str | None
    prenoms: str | None
    sexe: str | None
    date_naissance: str | None
    lieu_naissance: str | None
    qualite: str | None
    nir_certifie: str | None
    ins: ApcvInsJson | None


class ApcvJson(Answer):
    """Appli carte Vitale lue ; vide une fois la lecture fermée."""

    contexte: ApcvContextJson | None = None
    type: str | None = None
    numero_serie: str | None = None
    individus: list[ApcvPersonJson] = Field(default_factory=list)


class ApcvAnswer(Answer):
    """Lecture en cours."""

    apcv: ApcvJson


class QualifyAnswer(Answer):
    """Dossier après la qualification, et la lecture dont elle vient."""

    patient: PatientJson
    apcv: ApcvJson
