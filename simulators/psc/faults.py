"""How Pro Santé Connect can be made to fail or to lie (fiche §9).

Faults of the connection and plain 5xx are common to all services; here are those
that only an identity provider can have.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from joserfc import jwk

from simulators.psc.errors import (
    ACCESS_DENIED,
    CODE_NOT_VALID,
    INVALID_CLIENT,
    LOGIN_REQUIRED,
    UNAVAILABLE,
    OAuthError,
)
from simulators.psc.people import VARIANTS
from simulators.psc.tokens import Minter

Claims = dict[str, Any]

AUTHORIZE: Mapping[str, tuple[str, OAuthError]] = {
    "acces-refuse": ("retour error=access_denied : la personne renonce", ACCESS_DENIED),
    "connexion-requise": ("retour error=login_required", LOGIN_REQUIRED),
    "indisponible": ("retour error=temporarily_unavailable", UNAVAILABLE),
}
"""Errors sent back by redirection."""

FORBIDDEN = OAuthError(403, "access_denied", "Forbidden", "Fiche PSC §9")

TOKEN: Mapping[str, tuple[str, OAuthError]] = {
    "invalid-grant": ("jeton refusé : 400 invalid_grant", CODE_NOT_VALID),
    "invalid-client": ("jeton refusé : 401 invalid_client", INVALID_CLIENT),
    "interdit-403": ("jeton refusé : 403", FORBIDDEN),
}
"""Errors of the token endpoint."""

CALLBACK: Mapping[str, str] = {
    "etat-falsifie": "retour avec un state qui n'est pas celui de la demande",
    "sans-etat": "retour sans state",
}

MEMBERS: Mapping[str, tuple[str, str]] = {
    "sans-id-token": ("réponse sans id_token", "id_token"),
    "sans-refresh-token": ("réponse sans refresh_token", "refresh_token"),
    "sans-expires-in": ("réponse sans expires_in", "expires_in"),
}
"""Members left out of the answer of the token endpoint."""

SHORT_LIFE = "expires-in-30"
OTHERS: Mapping[str, str] = {
    SHORT_LIFE: "jeton d'accès de 30 secondes",
    "userinfo-401": "userinfo refusé : 401 invalid_token",
    "retour-sans-etat": "déconnexion : retour sans state",
    "jwks-perime": "clés publiques sans celle qui signe",
}

ACR: Mapping[str, str] = {"acr-eidas2": "eidas2", "acr-eidas3": "eidas3", "acr-0": "0"}


def _shift(seconds: int) -> Callable[[Claims], None]:
    def change(claims: Claims) -> None:
        claims["iat"] += seconds
        claims["exp"] += seconds

    return change


def _set(name: str, make: Callable[[], Any]) -> Callable[[Claims], None]:
    def change(claims: Claims) -> None:
        claims[name] = make()

    return change


ID_CLAIMS: Mapping[str, tuple[str, Callable[[Claims], None]]] = {
    "horloge-avance": ("id_token émis 5 minutes dans le futur", _shift(300)),
    "horloge-retard": ("id_token émis 5 minutes dans le passé", _shift(-300)),
    "id-token-expire": ("id_token expiré depuis une heure", _shift(-3720)),
    "mauvaise-audience": ("id_token pour un autre client", _set("aud", lambda: "autre-client")),
    "mauvais-emetteur": (
        "id_token d'un autre émetteur",
        _set("iss", lambda: "https://autre-emetteur.example/auth/realms/esante-wallet"),
    ),
    "nonce-falsifie": (
        "id_token avec un nonce qui n'est pas celui de la demande",
        _set("nonce", lambda: uuid.uuid4().hex),
    ),
}
"""Claims of the id_token changed before it is signed. The access token stays good, so that
its use shows that the id_token was not checked."""


def _unknown_key(claims: Claims, minter: Minter) -> str:
    return minter.sign(claims, jwk.RSAKey.generate_key(2048, {"kid": "cle-inconnue"}))


def _no_algorithm(claims: Claims, _minter: Minter) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _hmac_of_public_key(claims: Claims, minter: Minter) -> str:
    # The classic confusion: a verifier that lets the token choose its algorithm
    # takes the PEM of the public key for an HMAC secret.
    secret = minter.key.public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': minter.key.kid})}.{_part(claims)}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{_encode(mac)}"


def _broken_signature(claims: Claims, minter: Minter) -> str:
    head, payload, signature = minter.sign(claims).split(".")
    other = "A" if signature[10] != "A" else "B"
    return f"{head}.{payload}.{signature[:10]}{other}{signature[11:]}"


SIGNATURES: Mapping[str, tuple[str, Callable[[Claims, Minter], str]]] = {
    "kid-inconnu": ("id_token signé par une clé qui n'est pas publiée", _unknown_key),
    "alg-none": ("id_token sans signature (alg none)", _no_algorithm),
    "hs256-cle-publique": ("id_token en HS256 avec la clé publique", _hmac_of_public_key),
    "signature-falsifiee": ("id_token dont la signature est altérée", _broken_signature),
}
"""Ways to sign an id_token that no client may accept."""


def catalogue() -> dict[str, str]:
    """Every fault of the service: name to French description."""
    paired = (AUTHORIZE, TOKEN, MEMBERS, ID_CLAIMS, SIGNATURES, VARIANTS)
    described = {name: value[0] for group in paired for name, value in group.items()}
    levels = {name: f"jetons avec acr {value}" for name, value in ACR.items()}
    return {**described, **CALLBACK, **levels, **OTHERS}


def _part(value: Claims) -> str:
    return _encode(json.dumps(value).encode())


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
