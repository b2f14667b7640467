"""The gestures of the driver contract, and how each is said to a tester."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INSTRUCTIONS: Mapping[str, str] = {
    "session.open": "Connectez-vous par Pro Santé Connect avec le professionnel {professionnel}.",
    "session.close": "Déconnectez le professionnel {professionnel}.",
    "patient.create": "Créez le dossier du patient {traits}.",
    "patient.read": "Ouvrez le dossier du patient {patient}.",
    "identity.search_insi": "Interrogez INSi pour le patient {patient}, et acceptez ses traits.",
    "identity.record_evidence": (
        "Enregistrez pour le patient {patient} le justificatif d'identité {justificatif}."
    ),
    "identity.set_attribute": "Mettez l'attribut {attribut} à {present} pour le patient {patient}.",
    "document.write": "Rédigez pour le patient {patient} un document {type} titré « {titre} ».",
    "document.print": "Imprimez en PDF le document {document}.",
    "dmp.access": "Testez l'existence du DMP du patient {patient}.",
    "dmp.authorize": "Enregistrez « {action} » de l'autorisation d'accès au DMP de {patient}.",
    "dmp.deposit": "Déposez au DMP le document {document} (visibilité : {visibilite}).",
    "dmp.search": "Listez les documents du DMP du patient {patient}.",
    "dmp.read": "Consultez au DMP le document {identifiant_unique}.",
    "mss.send": (
        "Envoyez par MSSanté les documents {documents} à {destinataires} (patient : {usager})."
    ),
    "mss.read_inbox": "Relevez la messagerie du professionnel {professionnel}.",
    "drug.search": "Cherchez dans la base de médicaments : {texte}.",
    "prescription.create": (
        "Préparez pour le patient {patient}, sans l'envoyer, une ordonnance : {lignes} "
        "(consentement à la lecture des délivrances : {consentement})."
    ),
    "prescription.validate": "Validez l'ordonnance {ordonnance}.",
    "prescription.print": (
        "Imprimez en PDF l'ordonnance {ordonnance} (mention du consentement : {avec_consentement})."
    ),
    "prescription.search": (
        "Recherchez les ordonnances du {debut} au {fin} (dossier du patient : {patient})."
    ),
    "prescription.consult": "Consultez l'ordonnance n° {numero} et ce qui en a été délivré.",
    "prescription.cancel": "Annulez l'ordonnance {ordonnance}.",
    "prescription.renew": "Renouvelez l'ordonnance {ordonnance}.",
    "outbox.read": "Affichez la boîte d'envoi.",
    "outbox.flush": "Relancez les envois en attente.",
    "apcv.read": "Lisez l'appli carte Vitale par {source} pour {professionnel} (voie {voie}).",
    "apcv.qualify": "Retenez la personne n° {individu} de l'appli pour le dossier {patient}.",
    "apcv.close": "Terminez la consultation ouverte avec l'appli carte Vitale.",
    "software.restart": "Fermez le logiciel, puis rouvrez-le.",
    "dashboard.read": "Affichez le tableau de bord du professionnel {professionnel}.",
}
"""Every action of the driver contract with its sentence."""


class _Named(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "–"


def instruction(action: str, parameters: Mapping[str, Any]) -> str:
    """The French sentence of a gesture, with its test data; the action's name if unknown."""
    values = _Named({key: _readable(value) for key, value in parameters.items()})
    return INSTRUCTIONS.get(action, action).format_map(values)


def _readable(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_readable(v)}" for k, v in value.items() if v not in (None, False))
    if isinstance(value, list):
        return ", ".join(_readable(v) for v in value)
    return (
        {True: "oui", False: "non"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )
