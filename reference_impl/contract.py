"""The driver contract, word for word: parameters and answers of each action.

Field names are French: integrators read them. The OpenAPI document is made
from these models.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class TraitsJson(BaseModel):
    """Traits d’identité. Date AAAA-MM-JJ, lieu en code COG."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    nom_naissance: str = Field(min_length=1)
    prenoms_naissance: str = Field(min_length=1)
    sexe: str
    date_naissance: str
    lieu_naissance: str | None = None
    nom_utilise: str | None = None
    prenom_utilise: str | None = None


class InsJson(_Answer):
    """Matricule, clé et OID, tels qu’INSi les a rendus."""

    matricule: str
    cle: str
    oid: str


class PatientJson(_Answer):
    """État d’un patient."""

    id: str
    statut: str
    attributs: list[str]
    traits: TraitsJson
    ins: InsJson | None


class SessionJson(_Answer):
    """Session Pro Santé Connect d’un professionnel."""

    professionnel: str
    ouverte_le: str | None = None
    fermee_le: str | None = None


class InsiJson(_Answer):
    """Résultat d’une recherche : 00, 01, 02 ou le code de la faute ; traits qui diffèrent."""

    code: str
    libelle: str
    appels: int
    ecarts: list[str] = []


class DocumentJson(_Answer):
    """Document du dossier local."""

    id: str
    identifiant_unique: str
    type: str
    titre: str


class DmpJson(_Answer):
    """État du DMP et de l’autorisation d’accès."""

    etat: Literal["actif", "absent", "fermé"]
    autorisation: str | None


class DmpDocumentJson(_Answer):
    """Document du DMP ; ``contenu`` est en base64."""

    identifiant_unique: str
    titre: str
    type: str
    etat: str
    contenu: str | None = None


class ShipmentErrorJson(_Answer):
    """Dernière erreur d’un envoi."""

    code: str
    message: str


class ShipmentJson(_Answer):
    """Envoi de la boîte d’envoi."""

    id: str
    genre: Literal["dmp", "mss"]
    etat: Literal["à envoyer", "envoyé", "refusé"]
    tentatives: int
    erreur: ShipmentErrorJson | None
    identifiant_unique: str | None
    message_id: str | None


class ReceivedMailJson(_Answer):
    """Message reçu."""

    objet: str
    de: str
    message_id: str


class CountersJson(_Answer):
    """Compteurs de la mise en ordre de marche."""

    dmp: int
    mss_pro: int
    mss_citoyenne: int


class NoParameters(_Parameters):
    """Aucun paramètre."""


class ProfessionalOnly(_Parameters):
    """Un professionnel, par son identifiant national."""

    professionnel: str


class PatientCreate(_Parameters):
    """Nouveau patient."""

    traits: TraitsJson


class PatientOnly(_Parameters):
    """Un patient, par son identifiant local."""

    patient: str


class SearchInsi(_Parameters):
    """Recherche d’INS sur traits."""

    patient: str
    voie: Literal["organisation", "cps"] = "organisation"
    professionnel: str


class RecordEvidence(_Parameters):
    """Justificatif d’identité présenté."""

    patient: str
    justificatif: str


class SetAttribute(_Parameters):
    """Attribut à poser ou à lever."""

    patient: str
    attribut: Literal["douteuse", "fictive", "homonyme"]
    present: bool


class WriteDocument(_Parameters):
    """Document à écrire."""

    patient: str
    professionnel: str
    type: str = Field(min_length=1)
    titre: str = Field(min_length=1)
    texte: str = Field(min_length=1)


class PatientAndProfessional(_Parameters):
    """Un patient et un professionnel."""

    patient: str
    professionnel: str


class Authorize(PatientAndProfessional):
    """Autorisation d’accès au DMP."""

    action: Literal["AJOUT", "SUPPRESSION"]


class VisibilityJson(_Parameters):
    """Masques demandés."""

    masque_ps: bool = False
    invisible_patient: bool = False
    invisible_representants: bool = False


class Deposit(_Parameters):
    """Document à déposer au DMP."""

    document: str
    professionnel: str
    visibilite: VisibilityJson = VisibilityJson()


class ReadDmp(PatientAndProfessional):
    """Document du DMP à lire."""

    identifiant_unique: str


class SendMail(_Parameters):
    """Message à envoyer : à des adresses, ou à l’usager."""

    documents: list[str] = Field(min_length=1)
    professionnel: str
    destinataires: list[str] = []
    usager: bool = False
    fin_de_conversation: bool = False
    texte: str = ""


class PatientAnswer(_Answer):
    """Le patient."""

    patient: PatientJson


class SessionAnswer(_Answer):
    """La session."""

    session: SessionJson


class SearchAnswer(_Answer):
    """Le patient après la recherche, et ce qu’INSi a répondu."""

    patient: PatientJson
    insi: InsiJson


class DocumentAnswer(_Answer):
    """Le document écrit."""

    document: DocumentJson
    patient: PatientJson


class DmpAnswer(_Answer):
    """L’état du DMP."""

    dmp: DmpJson
    patient: PatientJson


class ShipmentAnswer(_Answer):
    """L’envoi, après sa première tentative."""

    envoi: ShipmentJson
    patient: PatientJson


class DmpSearchAnswer(_Answer):
    """Les documents du DMP."""

    documents: list[DmpDocumentJson]
    patient: PatientJson


class DmpReadAnswer(_Answer):
    """Le document lu."""

    document: DmpDocumentJson
    patient: PatientJson


class InboxAnswer(_Answer):
    """Les messages reçus."""

    messages: list[ReceivedMailJson]


class OutboxAnswer(_Answer):
    """La boîte d’envoi."""

    envois: list[ShipmentJson]


class DashboardAnswer(_Answer):
    """Les compteurs."""

    compteurs: CountersJson


class ErrorJson(_Answer):
    """Ce qui empêche un geste."""

    code: str
    message: str
    champ: str | None = None


class ErrorAnswer(_Answer):
    """Réponse de tout geste qui n’a pas eu lieu."""

    erreur: ErrorJson
