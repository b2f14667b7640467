"""The driver contract of identities: parameters and answers of ``identity.*`` and others."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from reference_impl.contract import (
    Answer,
    Parameters,
    PatientAndProfessional,
    PatientJson,
    PatientOnly,
    TraitsJson,
)

Way = Literal["organisation", "cps", "psc"]
Match = Literal["automatique", "manuel", "nouveau"]


class InsiJson(Answer):
    """Résultat d’une recherche : 00, 01, 02 ou le code de la faute ; traits qui diffèrent.

    ``propose`` a les traits rendus et non repris : l’opérateur doit les accepter ou non.
    """

    code: str
    libelle: str
    appels: int
    ecarts: list[str]
    propose: TraitsJson | None


class SearchInsi(PatientAndProfessional):
    """Recherche d’INS sur traits, ou avec la carte Vitale lue à l’instant."""

    voie: Way = "organisation"
    source: Literal["traits", "vitale"] = "traits"
    beneficiaire: int | None = Field(default=None, ge=1)


class RecordEvidence(PatientOnly):
    """Justificatif d’identité présenté, et qui l’a vu."""

    justificatif: str
    professionnel: str | None = None


class SetAttribute(PatientOnly):
    """Attribut à poser ou à lever."""

    attribut: Literal["douteuse", "fictive", "homonyme"]
    present: bool


class AcceptInsi(PatientAndProfessional):
    """Décision sur les traits rendus par INSi et qui diffèrent."""

    accepter: bool


class EditedTraitsJson(Parameters):
    """Traits à changer : ceux qui sont absents ne changent pas, null efface."""

    nom_naissance: str = Field(default="", min_length=1)
    prenoms_naissance: str = Field(default="", min_length=1)
    sexe: str = ""
    date_naissance: str = ""
    lieu_naissance: str | None = None
    nom_utilise: str | None = None
    prenom_utilise: str | None = None
    premier_prenom: str | None = None


class EditTraits(PatientOnly):
    """Modification à la main ; les traits stricts se déverrouillent d’abord."""

    traits: EditedTraitsJson
    deverrouille: bool = False


class Attest(PatientAndProfessional):
    """Procédure d’exception : le professionnel atteste connaître la personne."""

    auteur: Literal["professionnel", "secretariat"]


class ScanDatamatrix(Parameters):
    """Datamatrix INS : son texte, ou l’image (base64)."""

    texte: str | None = None
    image: str | None = None
    professionnel: str


class Receive(Parameters):
    """Document reçu : CDA ou IHE_XDM.zip (base64), et l’adresse de l’émetteur."""

    contenu: str = Field(min_length=1)
    emetteur: str = Field(min_length=1)
    professionnel: str


class Verify(PatientAndProfessional):
    """Vérification de l’INS d’un patient."""


class TrustSender(Parameters):
    """Contrat de confiance avec un émetteur, à poser ou à lever."""

    emetteur: str = Field(min_length=1)
    present: bool


class SearchPatients(Parameters):
    """Recherche d’antériorité : les critères donnés vont tous."""

    texte: str | None = None
    date_naissance: str | None = None
    ins: str | None = None


class VerificationJson(Answer):
    """Ce que la vérification a dit, et en combien d’appels."""

    resultat: Literal["OK", "KO", "déjà connue", "indisponible"]
    code: str
    libelle: str
    appels: int


class CarriedJson(Answer):
    """INS et traits portés par un datamatrix."""

    ins: dict[str, str]
    traits: TraitsJson


class CallJson(Answer):
    """Appel à INSi, avec le contenu rendu quand une identité l’a été."""

    le: str
    professionnel: str
    operation: str
    voie: str
    message_id: str
    code: str
    libelle: str
    contenu: dict[str, Any] | None


class EventJson(Answer):
    """Ce qui est arrivé à une identité."""

    le: str
    evenement: str
    avant: dict[str, Any] | None
    apres: dict[str, Any]


class TaskJson(Answer):
    """Ce qui reste à faire ; ``patient`` est nul quand aucun dossier n’a été rapproché."""

    patient: str | None
    motif: str
    le: str


class SearchAnswer(Answer):
    """Le patient après la recherche, et ce qu’INSi a répondu."""

    patient: PatientJson
    insi: InsiJson


class PatientsAnswer(Answer):
    """Les patients trouvés."""

    patients: list[PatientJson]


class ScanAnswer(Answer):
    """Le dossier rapproché ou créé, et ce que portait le datamatrix."""

    patient: PatientJson
    rapprochement: Match
    datamatrix: CarriedJson


class ReceiveAnswer(Answer):
    """Le dossier rapproché, créé, ou aucun ; la vérification, quand une INS était portée."""

    patient: PatientJson | None
    rapprochement: Match
    verification: VerificationJson | None


class VerifyAnswer(Answer):
    """Le patient, et la vérification."""

    patient: PatientJson
    verification: VerificationJson


class SendersAnswer(Answer):
    """Les émetteurs sous contrat de confiance."""

    emetteurs: list[str]


class LogAnswer(Answer):
    """Le journal d’une identité."""

    appels: list[CallJson]
    evenements: list[EventJson]
    patient: PatientJson


class WorklistAnswer(Answer):
    """La liste de travail."""

    taches: list[TaskJson]
