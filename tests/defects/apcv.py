"""Mistakes made with the appli carte Vitale."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.reference_impl.story import signer_of

from . import stimuli_apcv as _stimuli
from .mistakes import around, broken, nothing, put, written

assert _stimuli  # its sequences are declared by being imported

_CLIENT = "reference_impl.apcv.client"
_SESSIONS = "reference_impl.apcv.sessions"
_GESTURES = "reference_impl.gestures.apcv"
_ENVELOPE = f"{_CLIENT}:envelope"


def _cut(original: Any, professional: Any, text: str) -> Any:
    return original(professional, text[:512])


def _with_authentication_key(original: Any, client: Any, professional: Any, way: str) -> Any:
    cards = client._cards
    wrong = signer_of(client._environment.credentials[professional.auth_credential])
    client._cards = SimpleNamespace(professional=cards.professional, signer=lambda _: wrong)
    try:
        return original(client, professional, way)
    finally:
        client._cards = cards


def _always_holder(original: Any, reading: Any, _rank: int) -> Any:
    return original(reading, 0)


DEFECTS = (
    broken(
        "apcv-texte-coupe-a-512",
        "Le champ qui reçoit le lecteur est limité à 512 caractères",
        "apcv-titulaire",
        "AV-01",
        around(f"{_SESSIONS}:authentication", _cut),
    ),
    broken(
        "apcv-sans-action",
        "Content-Type n'annonce pas l'action",
        "apcv-titulaire",
        "AV-02",
        written(f"{_CLIENT}:content_type", "; action=.*", ""),
    ),
    broken(
        "apcv-identifiant-de-message-sans-urn",
        "wsa:MessageID est un UUID nu",
        "apcv-titulaire",
        "AV-03",
        written(_ENVELOPE, "urn:uuid:", ""),
    ),
    broken(
        "apcv-cle-d-authentification",
        "L'assertion est signée par la clé d'authentification de la carte",
        "apcv-titulaire",
        "AV-04 CD-07 CD-08",
        around(f"{_CLIENT}:ApcvClient._proof", _with_authentication_key),
    ),
    broken(
        "apcv-facturation-oubliee",
        "Le corps porte le numéro de facturation d'une autre situation",
        "apcv-titulaire",
        "AV-06",
        written(_ENVELOPE, "<IdentifiantFacturation>[0-9]{9}", "<IdentifiantFacturation>331999999"),
    ),
    broken(
        "apcv-specialite-figee",
        "CodeSpecialiteAMO est une constante",
        "apcv-titulaire",
        "AV-07",
        put("reference_impl.apcv.request:am_speciality", lambda _: "35"),
    ),
    broken(
        "apcv-version-ancienne",
        "ContexteLPS annonce la version précédente du logiciel",
        "apcv-titulaire",
        "AV-08",
        written(
            _ENVELOPE,
            "<ctxlps:Version>[^<]+(.*urn:lps:[^:]+):[^<]+",
            r"<ctxlps:Version>4.1.0\1:4.1.0",
        ),
    ),
    broken(
        "apcv-contexte-jamais-detruit",
        "Le contexte n'est pas détruit à la fin de la consultation",
        "apcv-titulaire",
        "AV-09",
        nothing(f"{_SESSIONS}:ApcvSessions._forget"),
    ),
    broken(
        "apcv-contexte-expire",
        "La date de fin du contexte n'est pas contrôlée",
        "apcv-expiree",
        "AV-10",
        put(f"{_SESSIONS}:ApcvSessions._valid", lambda _sessions, _reading: True),
    ),
    broken(
        "apcv-justificatif-carte-vitale",
        "Le justificatif enregistré est la carte Vitale",
        "apcv-titulaire",
        "AV-12",
        put(f"{_GESTURES}:_EVIDENCE", "CV"),
    ),
    broken(
        "apcv-ins-du-parent",
        "L'enfant reçoit l'INS du titulaire",
        "apcv-enfant",
        "AV-13",
        around(f"{_GESTURES}:_chosen", _always_holder),
    ),
    broken(
        "apcv-dossier-ecrase",
        "Les traits de l'appli écrasent ceux du dossier ouvert",
        "apcv-autre-dossier",
        "AV-14",
        put(f"{_GESTURES}:contradictions", lambda _local, _found: ()),
    ),
)
