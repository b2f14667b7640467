"""The driver contract, word for word: parameters and answers of each action.

Field names are French: integrators read them. The OpenAPI document is made
from these models.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    """What a gesture is given: nothing that it does not know."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Answer(BaseModel):
    """What a gesture answers."""

    model_config = ConfigDict(frozen=True)


class TraitsJson(BaseModel):
    """Traits d’identité. Date AAAA-MM-JJ, ou AAAA-MM, ou AAAA ; lieu en code COG."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    nom_naissance: str = Field(min_length=1)
    prenoms_naissance: str = Field(min_length=1)
    sexe: str
    date_naissance: str
    lieu_naissance: str | None = None
    nom_utilise: str | None = None
    prenom_utilise: str | None = None
    premier_prenom: str | None = None


class InsJson(Answer):
    """Matricule, clé et OID, tels qu’INSi les a rendus."""

    matricule: str
    cle: str
    oid: str
    nature: Literal["NIR", "NIA"]


class PastInsJson(Answer):
    """Ancienne INS (historique), avec ses dates quand elles sont connues."""

    matricule: str
    cle: str
    oid: str
    debut: str | None
    fin: str | None


class EvidenceJson(Answer):
    """Ce qui a prouvé l’identité ; « PS » pour la procédure d’exception."""

    code: str
    libelle: str
    niveau: Literal["haut", "moyen", "bas"]
    le: str
    par: str | None


class PatientJson(Answer):
    """État d’un patient."""

    id: str
    statut: str
    attributs: list[str]
    traits: TraitsJson
    ins: InsJson | None
    canal: Literal["SM", "CV", "INSI", "CB", "AV"]
    date_incertaine: bool
    justificatif: EvidenceJson | None
    historique: list[PastInsJson]
    interroge_le: str | None
    alertes: list[str]


class SessionJson(Answer):
    """Session Pro Santé Connect d’un professionnel."""

    professionnel: str
    ouverte_le: str | None = None
    fermee_le: str | None = None


class DocumentJson(Answer):
    """Document du dossier local."""

    id: str
    identifiant_unique: str
    type: str
    titre: str


class PrintedDocumentJson(DocumentJson):
    """Document imprimé ; ``contenu`` est le PDF en base64."""

    contenu: str


class DmpJson(Answer):
    """État du DMP et de l’autorisation d’accès."""

    etat: Literal["actif", "absent", "fermé"]
    autorisation: str | None


class DmpDocumentJson(Answer):
    """Document du DMP ; ``contenu`` est en base64."""

    identifiant_unique: str
    titre: str
    type: str
    etat: str
    contenu: str | None = None


class ShipmentErrorJson(Answer):
    """Dernière erreur d’un envoi."""

    code: str
    message: str


class ShipmentJson(Answer):
    """Envoi de la boîte d’envoi."""

    id: str
    genre: Literal["dmp", "mss", "dmp-retrait"]
    etat: Literal["à envoyer", "envoyé", "refusé"]
    tentatives: int
    erreur: ShipmentErrorJson | None
    identifiant_unique: str | None
    message_id: str | None


class ReceivedMailJson(Answer):
    """Message reçu."""

    objet: str
    de: str
    message_id: str


class CountersJson(Answer):
    """Compteurs de la mise en ordre de marche."""

    dmp: int
    mss_pro: int
    mss_citoyenne: int


class NoParameters(Parameters):
    """Aucun paramètre."""


class ProfessionalOnly(Parameters):
    """Un professionnel, par son identifiant national."""

    professionnel: str


class PatientCreate(Parameters):
    """Nouveau patient."""

    traits: TraitsJson


class PatientOnly(Parameters):
    """Un patient, par son identifiant local."""

    patient: str


class WriteDocument(Parameters):
    """Document à écrire."""

    patient: str
    professionnel: str
    type: str = Field(min_length=1)
    titre: str = Field(min_length=1)
    texte: str = Field(min_length=1)


class PrintDocument(Parameters):
    """Document à imprimer."""

    document: str


class PatientAndProfessional(Parameters):
    """Un patient et un professionnel."""

    patient: str
    professionnel: str


class Authorize(PatientAndProfessional):
    """Autorisation d’accès au DMP."""

    action: Literal["AJOUT", "SUPPRESSION"]


class VisibilityJson(Parameters):
    """Masques demandés."""

    masque_ps: bool = False
    invisible_patient: bool = False
    invisible_representants: bool = False


class Deposit(Parameters):
    """Document à déposer au DMP."""

    document: str
    professionnel: str
    visibilite: VisibilityJson = VisibilityJson()


class ReadDmp(PatientAndProfessional):
    """Document du DMP à lire."""

    identifiant_unique: str


class SendMail(Parameters):
    """Message à envoyer : à des adresses, ou à l’usager."""

    documents: list[str] = Field(min_length=1)
    professionnel: str
    destinataires: list[str] = []
    usager: bool = False
    fin_de_conversation: bool = False
    texte: str = ""


class PatientAnswer(Answer):
    """Le patient."""

    patient: PatientJson


class SessionAnswer(Answer):
    """La session."""

    session: SessionJson


class DocumentAnswer(Answer):
    """Le document écrit."""

    document: DocumentJson
    patient: PatientJson


class PrintAnswer(Answer):
    """Le document imprimé."""

    document: PrintedDocumentJson
    patient: PatientJson


class DmpAnswer(Answer):
    """L’état du DMP."""

    dmp: DmpJson
    patient: PatientJson


class ShipmentAnswer(Answer):
    """L’envoi, après sa première tentative."""

    envoi: ShipmentJson
    patient: PatientJson


class DmpSearchAnswer(Answer):
    """Les documents du DMP."""

    documents: list[DmpDocumentJson]
    patient: PatientJson


class DmpReadAnswer(Answer):
    """Le document lu."""

    document: DmpDocumentJson
    patient: PatientJson


class InboxAnswer(Answer):
    """Les messages reçus."""

    messages: list[ReceivedMailJson]


class OutboxAnswer(Answer):
    """La boîte d’envoi."""

    envois: list[ShipmentJson]


class DashboardAnswer(Answer):
    """Les compteurs."""

    compteurs: CountersJson


class ErrorJson(Answer):
    """Ce qui empêche un geste."""

    code: str
    message: str
    champ: str | None = None


class ErrorAnswer(Answer):
    """Réponse de tout geste qui n’a pas eu lieu."""

    erreur: ErrorJson
