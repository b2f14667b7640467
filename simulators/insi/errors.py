"""Error catalogue of INSi (sheet ``ins-insi`` §2.12, §2.13).

Two producers answer faults in two shapes: the gateway (DESIR) and the application
(ICIR). Codes marked ``placeholder`` are ours: the real ones were never seen, and
reports must not present them as official.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Producer(StrEnum):
    """Who answers the fault, hence its shape on the wire."""

    GATEWAY = "passerelle DESIR"
    APPLICATION = "application ICIR"


@dataclass(frozen=True, slots=True)
class ServiceError:
    """One entry. ``severity`` and ``subcode`` are as on the wire; ``reason`` is the SOAP
    Reason, ``text`` the content of ``siram:Erreur``."""

    code: str
    subcode: str
    severity: str
    text: str
    reason: str
    producer: Producer = Producer.GATEWAY
    source: str = ""
    placeholder: bool = False

    @property
    def technical(self) -> bool:
        """True when the caller may try again later; it cannot know what was done."""
        return self.subcode == "siram_40"


UNAVAILABLE = (
    "Le service est temporairement inaccessible. Veuillez renouveler votre demande "
    "ultérieurement. Si le problème persiste, contactez l'éditeur du progiciel ou votre "
    "responsable informatique."
)
_SOFTWARE = (
    "L'accès par ce progiciel au service n'est pas autorisé. Contactez l'éditeur du progiciel "
    "ou votre responsable informatique."
)
_OURS = "code du banc : le code réel n'est pas connu (fiche §2.13)"
_FIELD = "Un champ de la demande est absent ou incorrect."
_ACCESS = "L'authentification présentée n'est pas acceptée."


def _functional(code: str, text: str, source: str, *, ours: bool = True) -> ServiceError:
    return ServiceError(
        code, "siram_10", "erreur", text, text, Producer.APPLICATION, source, placeholder=ours
    )


def _access(code: str, text: str) -> ServiceError:
    return ServiceError(code, "siram_50", "erreur", text, _ACCESS, source=_OURS, placeholder=True)


_ALL = (
    ServiceError(
        "desir_550",
        "siram_100",
        "erreur",
        "Numéro d'autorisation du logiciel inconnu.",
        _SOFTWARE,
        source="trace d'un client réel",
    ),
    # The code and its label are real; the subcode is ours.
    ServiceError(
        "desir_560",
        "siram_100",
        "erreur",
        "Vous ne disposez pas des droits suffisants pour accéder à ce service",
        "Vous ne disposez pas des droits suffisants pour accéder à ce service",
        source="documentation d'un client réel ; sous-code du banc",
    ),
    ServiceError(
        "desir_1020",
        "siram_40",
        "fatale",
        "Le service appelé est temporairement indisponible",
        UNAVAILABLE,
        source="trace d'un client réel",
    ),
    ServiceError(
        "insi_102",
        "siram_40",
        "fatal",
        "L'appel au service de recherche avec les traits d'identité renvoie une erreur technique.",
        UNAVAILABLE,
        Producer.APPLICATION,
        "trace d'un client réel",
    ),
    ServiceError(
        "insi_111",
        "siram_40",
        "fatale",
        "Indisponibilité des téléservices",
        UNAVAILABLE,
        Producer.APPLICATION,
        "essai d'un client réel",
    ),
    _functional(
        "insi_19", "Le champ nom de naissance est obligatoire", "essai d'un client réel", ours=False
    ),
    _functional(
        "insi_24",
        "le format du champ sexe est incorrect",
        "étude de terrain ; sous-code du banc",
        ours=False,
    ),
    _functional("insi_9001", "Le champ prénom est obligatoire", _OURS),
    _functional("insi_9002", "Le champ date de naissance est obligatoire", _OURS),
    _functional("insi_9003", "Le format du champ nom de naissance est incorrect", _OURS),
    _functional("insi_9004", "Le format du champ prénom est incorrect", _OURS),
    _functional("insi_9005", "Le format du champ date de naissance est incorrect", _OURS),
    _functional("insi_9006", "Le format du champ lieu de naissance est incorrect", _OURS),
    ServiceError(
        "insi_9007",
        "siram_40",
        "fatal",
        "L'appel au service de recherche avec la carte Vitale renvoie une erreur technique.",
        UNAVAILABLE,
        Producer.APPLICATION,
        _OURS,
        placeholder=True,
    ),
    _functional("insi_9008", "Un champ de la vérification est absent ou incorrect", _OURS),
    _functional("insi_9009", "Ce dépôt de vérifications est inconnu", _OURS),
    _access("desir_9001", "L'assertion est périmée ou datée dans le futur."),
    _access("desir_9002", "La signature de l'assertion est absente ou invalide."),
    _access("desir_9003", "Le certificat qui signe l'assertion n'est pas accepté."),
    _access("desir_9004", "Cette adresse demande une assertion du professionnel."),
    _access("desir_9005", "Le jeton Pro Santé Connect est absent, périmé, invalide ou d'un autre."),
    _access("desir_9006", "L'assertion Pro Santé Connect est mal formée."),
    ServiceError(
        "desir_9010",
        "siram_10",
        "erreur",
        "Le message reçu n'est pas une enveloppe SOAP 1.2 conforme au schéma.",
        _FIELD,
        source=_OURS,
        placeholder=True,
    ),
    ServiceError(
        "desir_9011",
        "siram_10",
        "erreur",
        "L'opération demandée n'existe pas.",
        _FIELD,
        source=_OURS,
        placeholder=True,
    ),
)

CATALOGUE: Mapping[str, ServiceError] = {error.code: error for error in _ALL}

LABELS: Mapping[str, str] = {
    "00": "OK",
    "01": "Aucune identite trouvee",
    "02": "Plusieurs identites trouvees",
}
"""CR codes and their labels, without accents on the real wire (sheet §2.13)."""

VERIFIED: Mapping[str, str] = {"00": "INS conforme", "01": "INS non conforme"}
"""CR codes of a verification: labels are ours (sheet §2.14)."""
