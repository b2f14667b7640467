"""The driver contract of cards: parameters and answers of the ``card.*`` actions."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReadCps(_Parameters):
    """Carte d’un professionnel, ou la première trouvée ; code tapé, ou celui du descripteur."""

    professionnel: str | None = None
    code: str | None = Field(default=None, repr=False)


class ChooseSituation(_Parameters):
    """Situation d’exercice dans laquelle travaille le professionnel."""

    professionnel: str
    situation: int = Field(ge=1, le=16)


class UnblockCps(_Parameters):
    """Code de déblocage (8 chiffres) et nouveau code porteur."""

    professionnel: str
    code_deblocage: str = Field(repr=False)
    nouveau_code: str = Field(repr=False)


class CloseCps(_Parameters):
    """Professionnel dont la carte est quittée."""

    professionnel: str


class HolderJson(_Answer):
    """Porteur de la carte."""

    identifiant_national: str
    nom: str
    prenom: str
    profession: str
    specialite: str | None


class SituationJson(_Answer):
    """Situation d’exercice, avec son numéro sur la carte (1 à 16)."""

    numero: int
    mode_exercice: str
    remplacant: bool
    raison_sociale: str
    structure: str
    secteur: str
    identifiant_facturation: str


class CpsJson(_Answer):
    """Carte CPS ; situations vides tant que le code porteur n’est pas vérifié."""

    lecteur: str
    famille: Literal["CPS3", "CPS4"]
    emetteur: str
    numero: str
    type: Literal["CPS", "CPF", "CPE", "CPA"]
    test: bool
    debut: date
    fin: date
    essais_restants: int | None
    titulaire: HolderJson
    situations: list[SituationJson]
    situation: int | None


class BeneficiaryJson(_Answer):
    """Bénéficiaire de la carte Vitale ; date AAAAMMJJ telle qu’elle est sur la carte."""

    position: int
    nom_usuel: str
    nom_naissance: str | None
    prenom: str
    date_naissance: str
    rang_gemellaire: str
    nir_certifie: str | None
    nir_ouvrant_droit: str
    qualite: str


class VitaleJson(_Answer):
    """Carte Vitale : T test, D démonstration, R réelle."""

    lecteur: str
    moyen: Literal["api_lec", "apdu"]
    type: Literal["T", "D", "R"]
    numero_serie: str
    beneficiaires: list[BeneficiaryJson]


class CpsAnswer(_Answer):
    """La carte CPS."""

    carte: CpsJson


class VitaleAnswer(_Answer):
    """La carte Vitale."""

    vitale: VitaleJson
