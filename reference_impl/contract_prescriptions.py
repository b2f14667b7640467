"""The driver contract of ordonnances: ``drug.search`` and ``prescription.*``."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from reference_impl.contract import (
    Answer,
    Parameters,
    PatientJson,
    ShipmentJson,
)

MOST = 100_000
MOST_DAYS = 3660


class QuantityJson(Parameters):
    """Nombre de conditionnements, et leur unité EDQM (boîte si elle est absente)."""

    valeur: int = Field(ge=0, le=MOST)
    unite: str | None = None


class SubstitutionJson(Parameters):
    """G : permise ; N : exclue, avec son motif MTE, EFG ou CIF."""

    code: str
    motif: str | None = None


_NUMBER = Field(default=None, pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})?$")
_UNIT = Field(default=None, pattern=r"^[!-~]{1,30}$")


class AmountJson(Parameters):
    """Nombre décimal (texte) et unité UCUM : ``h``, ``d``, ``mg``, ``{tablet}``."""

    valeur: str = Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,3})?$")
    unite: str | None = _UNIT


class DoseJson(Parameters):
    """Dose, ``frequence`` fois par ``periode`` ; ``dureeJours`` d'une étape."""

    doseMin: str | None = _NUMBER  # noqa: N815
    doseMax: str | None = _NUMBER  # noqa: N815
    uniteDose: str | None = _UNIT  # noqa: N815
    frequence: int | None = Field(default=None, ge=1, le=1000)
    periode: AmountJson | None = None
    dureeJours: int | None = Field(default=None, ge=1, le=MOST_DAYS)  # noqa: N815


class PosologyJson(DoseJson):
    """Posologie codée, ou ses ``etapes`` quand la dose change ; ``voie`` est un code EDQM."""

    doseMaximale: AmountJson | None = None  # noqa: N815
    doseMaximalePar: AmountJson | None = None  # noqa: N815
    voie: str | None = Field(default=None, pattern=r"^[0-9]{8}$")
    etapes: list[DoseJson] = Field(default_factory=list, max_length=20)


class LineJson(Parameters):
    """Ligne du modèle neutre, sans numéro ni identifiant ; médicament par défaut.

    Un médicament se désigne par ``cis``, par ``cip13`` seul (CIP13 ou CIP7), ou par ``dci``
    (substance, dosage, forme : « paracétamol 500 mg comprimé »).
    """

    eprescType: str | None = None  # noqa: N815  a name of the neutral model
    dci: str | None = None
    cis: str | None = None
    cip13: str | None = None
    mv: str | None = None
    lpp: str | None = None
    emdn: str | None = None
    libelle: str | None = None
    preparationMagistrale: bool | None = None  # noqa: N815
    stupefiant: bool | None = None
    traitementSubstitutionOpiaces: bool | None = None  # noqa: N815
    posologieTexte: str | None = None  # noqa: N815
    posologie: PosologyJson | None = None
    siteAdministration: str | None = None  # noqa: N815
    precondition: str | None = None
    instructionPatient: str | None = None  # noqa: N815
    instructionDispensateur: str | None = None  # noqa: N815
    dureeJours: int | None = Field(default=None, le=MOST)  # noqa: N815
    quantite: QuantityJson | int | None = None
    renouvellements: int | None = Field(default=None, le=MOST)
    substitution: SubstitutionJson | None = None
    ald: bool | None = None
    atmp: bool | None = None
    prevention: bool | None = None
    nonRemboursable: bool | None = None  # noqa: N815
    horsAMM: bool | None = None  # noqa: N815
    urgent: bool | None = None
    aJeun: bool | None = None  # noqa: N815
    mentions: list[str] = Field(default_factory=list)


class ExecutorJson(Parameters):
    """Exécutant désigné : la pharmacie qui délivrera."""

    rpps: str | None = None
    nom: str | None = None
    prenom: str | None = None
    finess: str | None = None
    structure: str | None = None
    adresse: str | None = None


class SearchDrugs(Parameters):
    """Mots, ou code CIS ou CIP."""

    texte: str = Field(min_length=1)


class CreatePrescription(Parameters):
    """Ordonnance à écrire ; ``remplace`` est l’idNat du titulaire remplacé."""

    patient: str
    professionnel: str
    lignes: list[LineJson]
    remplace: str | None = None
    consentement: bool = True
    type: str | None = None
    sous_type: str | None = None
    flags: list[str] = Field(default_factory=list)
    validite_jours: int | None = None
    executant_designe: ExecutorJson | None = None
    date_execution_souhaitee: date | None = None
    poids_kg: str | None = _NUMBER
    taille_cm: str | None = _NUMBER
    grossesse: bool | None = None


class PrescriptionAndProfessional(Parameters):
    """Ordonnance du logiciel, et qui agit."""

    ordonnance: str
    professionnel: str


class ValidatePrescription(PrescriptionAndProfessional):
    """Ordonnance à valider ; ``consentement`` remplace celui du brouillon, s’il est donné."""

    consentement: bool | None = None


class PrintPrescription(Parameters):
    """Ordonnance à imprimer ; sans précision, comme le patient l’a décidé."""

    ordonnance: str
    avec_consentement: bool | None = None


class SearchPrescriptions(Parameters):
    """Recherche, hors dossier quand ``patient`` est null ; jours compris.

    Hors dossier, un patient se cherche aussi par son nom et sa date de naissance.
    """

    professionnel: str
    patient: str | None = None
    nom_naissance: str | None = Field(default=None, min_length=1)
    date_naissance: date | None = None
    type: str | None = None
    debut: date | None = None
    fin: date | None = None


class ListPrescriptions(Parameters):
    """Ordonnances de ce logiciel : celles d’un patient, ou toutes."""

    patient: str | None = None


class ConsultPrescription(Parameters):
    """Ordonnance à relire, par son numéro."""

    numero: str = Field(min_length=1)
    professionnel: str


class PresentationJson(Answer):
    """Présentation vendue ; prix public en euros."""

    cip7: str
    cip13: str
    libelle: str
    taux: str | None
    prix: float | None
    alerte: str | None


class DrugJson(Answer):
    """Médicament de la base ; CIP13 de sa première présentation vendue."""

    cis: str
    cip13: str | None
    libelle: str
    stupefiant: bool
    securisee: bool
    substitution_opiaces: bool
    exception: bool
    duree_maximale: int | None
    conditions: list[str]
    presentations: list[PresentationJson]
    alertes: list[str]


class DocumentIdsJson(Answer):
    """Documents locaux de l’ordonnance."""

    n1: str | None
    n3: str | None


class FollowUpJson(Answer):
    """Ce qui a été fait de l’ordonnance, comme l’écran le montre ; listes de phrases."""

    delivrees: list[str]
    modifiees: list[str]
    supprimees: list[str]
    remplacees_ou_ajoutees: list[str]
    ecran: str


class PrescriptionJson(Answer):
    """Ordonnance ; ``id`` est null quand elle est d’un autre logiciel."""

    id: str | None
    numero: str | None
    etat: Literal["brouillon", "enregistrée", "sans code", "annulée"]
    etat_service: str | None = None
    code_2d: str | None
    documents: DocumentIdsJson
    contenu: dict[str, Any]
    executions: list[dict[str, Any]]
    suivi: FollowUpJson | None = None
    numeros_annules: list[str] = Field(default_factory=list)
    alertes: list[str]


class FoundPatientJson(Answer):
    """Patient d’une ordonnance trouvée ; ``id`` quand il a un dossier ici."""

    id: str | None
    nom_naissance: str | None
    prenoms: list[str]
    date_naissance: str | None
    sexe: str | None


class FoundPrescriptionJson(Answer):
    """Ordonnance trouvée."""

    numero: str | None
    date: str | None
    type: str | None
    sous_type: str | None
    consentement: bool | None
    patient: FoundPatientJson | None


class DrugsAnswer(Answer):
    """Médicaments trouvés."""

    medicaments: list[DrugJson]


class PrescriptionAnswer(Answer):
    """L’ordonnance, et l’état du patient quand il a un dossier ici."""

    ordonnance: PrescriptionJson
    patient: PatientJson | None


class ValidatedAnswer(PrescriptionAnswer):
    """L’ordonnance validée ou annulée, et ses dépôts dans le DMP ou leurs suppressions."""

    envois: list[ShipmentJson]


class PrescriptionsAnswer(Answer):
    """Ordonnances trouvées."""

    ordonnances: list[FoundPrescriptionJson]
    alertes: list[str]


class LocalPrescriptionJson(PrescriptionJson):
    """Ordonnance de ce logiciel, avec son patient."""

    patient: str


class LocalPrescriptionsAnswer(Answer):
    """Ordonnances de ce logiciel, dans l’ordre de leur écriture."""

    ordonnances: list[LocalPrescriptionJson]


class TracesAnswer(Answer):
    """Traces poste, dans l’ordre des appels."""

    traces: list[dict[str, Any]]
