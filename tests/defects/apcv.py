"""Mistakes made with the appli carte Vitale."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from reference_impl.app import ACTIONS
from reference_impl.errors import ForbiddenGestureError, LgcError
from reference_impl.gestures import apcv
from tests.reference_impl.story import signer_of

from . import stimuli_apcv as _stimuli
from .mistakes import action, around, broken, nothing, put, written

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


@dataclass(frozen=True)
class _Late:
    """A clock that is ten minutes late."""

    clock: Any

    def now(self) -> datetime:
        return self.clock.now() - timedelta(minutes=10)


def _dated_early(original: Any, client: Any, *arguments: Any) -> Any:
    right = client._clock
    client._clock = _Late(right)
    try:
        return original(client, *arguments)
    finally:
        client._clock = right


def _without_sector(original: Any, *arguments: Any) -> Any:
    *others, attributes = arguments
    return original(*others, [pair for pair in attributes if pair[0] != "secteurActivite"])


def _always_card(original: Any, client: Any, professional: Any, _way: str) -> Any:
    return original(client, professional, "cps")


def _without_token(original: Any, *arguments: Any) -> Any:
    sender, assertion, _headers = original(*arguments)
    return sender, assertion, {}


def _forgetful(original: Any, sessions: Any, professional: Any, *arguments: Any) -> Any:
    sessions._open.pop(professional.national_id, None)
    return original(sessions, professional, *arguments)


def _talkative(original: Any, sessions: Any, professional: Any, text: str, way: str) -> Any:
    try:
        return original(sessions, professional, text, way)
    except LgcError as error:
        error.message += f" (lu : {text})"
        raise


def _lost(_original: Any, *_arguments: Any) -> Any:
    raise ForbiddenGestureError("APCV_NON_LUE", "Aucune appli carte Vitale n'a été lue.")


def _refusing(what: str, value: str) -> Any:
    """A reading that the software does not have."""

    def perform(lgc: Any, asked: Any) -> Any:
        if getattr(asked, what) == value:
            raise ForbiddenGestureError("NON_PREVU", "Ce logiciel ne lit pas l'appli ainsi.")
        return apcv.read(lgc, asked)

    return action("apcv.read", perform)


def _one_at_a_time(patcher: Any) -> None:
    """One lock for the whole software."""
    lock = threading.Lock()

    def alone(perform: Any) -> Any:
        def wait(*arguments: Any) -> Any:
            with lock:
                return perform(*arguments)

        return wait

    locked = {name: replace(one, perform=alone(one.perform)) for name, one in ACTIONS.items()}
    patcher.set("reference_impl.app:ACTIONS", locked)


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
        "apcv-reponse-ailleurs",
        "wsa:ReplyTo demande que personne ne réponde",
        "apcv-titulaire",
        "AV-03",
        written(_ENVELOPE, "addressing/anonymous", "addressing/none"),
    ),
    broken(
        "apcv-assertion-datee-d-avant",
        "L'assertion porte l'heure d'ouverture de l'écran, dix minutes plus tôt",
        "apcv-titulaire",
        "AV-05",
        around(f"{_CLIENT}:ApcvClient._proof", _dated_early),
    ),
    broken(
        "apcv-sans-secteur",
        "L'assertion ne porte pas secteurActivite",
        "apcv-titulaire",
        "AV-06",
        around(f"{_CLIENT}:signed_assertion", _without_sector),
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
    broken(
        "apcv-contexte-oublie",
        "Chaque lecture demande un nouveau contexte sans regarder celui qui court",
        "apcv-relue",
        "AV-11",
        around(f"{_SESSIONS}:ApcvSessions.read", _forgetful),
    ),
    broken(
        "apcv-demonstration-en-production",
        "Le type de l'appli n'est pas regardé",
        "apcv-en-production",
        "AV-15",
        put(f"{_SESSIONS}:_REAL", "D"),
    ),
    broken(
        "apcv-sans-nfc",
        "La lecture par NFC n'est pas proposée",
        "apcv-nfc",
        "AV-16",
        _refusing("source", "NFC"),
    ),
    broken(
        "apcv-carte-exigee",
        "L'appli ne se lit pas sans carte dans le lecteur",
        "apcv-sans-carte",
        "AV-17",
        _refusing("voie", "psc"),
    ),
    broken(
        "apcv-carte-prise-sans-le-dire",
        "L'utilisateur de Pro Santé Connect appelle sous la carte restée dans le lecteur",
        "apcv-sans-carte",
        "AV-17",
        around(f"{_CLIENT}:ApcvClient._proof", _always_card),
    ),
    broken(
        "apcv-sans-jeton",
        "Le jeton Pro Santé Connect n'accompagne pas l'assertion",
        "apcv-sans-carte",
        "AV-17",
        around(f"{_CLIENT}:ApcvClient._proof", _without_token),
    ),
    broken(
        "apcv-texte-dans-l-erreur",
        "Le message d'erreur montre le texte du QR code",
        "apcv-revoquee",
        "AV-18",
        around(f"{_SESSIONS}:ApcvSessions.read", _talkative),
    ),
    broken(
        "apcv-ecran-bloque",
        "Un verrou pour tout le logiciel, gardé pendant les appels",
        "apcv-lente",
        "AV-19",
        _one_at_a_time,
    ),
    broken(
        "apcv-contexte-perdu-au-redemarrage",
        "Le contexte en cours n'est pas redemandé après un redémarrage",
        "apcv-redemarrage",
        "AV-09 AV-20",
        around(f"{_SESSIONS}:ApcvSessions._restored", _lost),
    ),
)
