"""Reading what Pro Santé Connect answers: discovery, id_token, userinfo.

Source: OpenID Connect Core 1.0 §3.1.3.7 (validation of the id_token); sheet
PSC §1, 3. Checks PSC-03 to PSC-07, PSC-16, PSC-18.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from reference_impl.errors import RefusedError, UnavailableError
from reference_impl.people import PscClientSettings
from reference_impl.ports import Clock

REQUESTED_ACR = "eidas1"

# Asymmetric only: the public key of a token must never be usable as a HMAC secret.
_ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "RS512"]
_LEEWAY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Provider:
    """The endpoints of the discovery document."""

    issuer: str
    authorization: str
    token: str
    userinfo: str
    jwks: str
    end_session: str


def read_provider(response: httpx.Response, expected_issuer: str) -> Provider:
    """Read the discovery document. Raises UnavailableError when it is none."""
    found = json_object(response)
    try:
        provider = Provider(
            issuer=found["issuer"],
            authorization=found["authorization_endpoint"],
            token=found["token_endpoint"],
            userinfo=found["userinfo_endpoint"],
            jwks=found["jwks_uri"],
            end_session=found["end_session_endpoint"],
        )
    except KeyError as error:
        raise _unusable(f"l’adresse {error} manque à sa découverte") from error
    if provider.issuer != expected_issuer:
        raise _unusable(f"son émetteur « {provider.issuer} » n’est pas celui attendu")
    return provider


def json_object(response: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of a 200. Raises UnavailableError otherwise."""
    if response.status_code != 200:
        raise _unusable(f"réponse HTTP {response.status_code}")
    try:
        value = response.json()
    except ValueError as error:
        raise _unusable("sa réponse n’est pas du JSON") from error
    if not isinstance(value, dict):
        raise _unusable("sa réponse n’est pas un objet JSON")
    return value


def read_id_token(
    token: str, keys: KeySet, settings: PscClientSettings, nonce: str | None, clock: Clock
) -> Mapping[str, Any]:
    """Verified claims of an id_token. ``nonce`` is None after a refresh.

    Raises RefusedError: signature, issuer, audience, dates, nonce or level of
    authentication (any ``eidasN`` at least that asked for).
    """
    claims = _verified(token, keys)
    registry = jwt.JWTClaimsRegistry(
        now=lambda: int(clock.now().timestamp()),
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        registry.validate(dict(claims))
    except JoseError as error:
        raise _refused(f"jeton d’identité refusé : {error}") from error
    if nonce is not None and claims.get("nonce") != nonce:
        raise _refused("le nonce du jeton d’identité n’est pas celui de la demande")
    if not _sufficient(claims.get("acr")):
        raise _refused(f"niveau d’authentification « {claims.get('acr')} » insuffisant")
    return claims


def read_userinfo(response: httpx.Response, keys: KeySet) -> Mapping[str, Any]:
    """The claims of userinfo, JSON or signed (``application/jwt``)."""
    if response.status_code == 200 and "application/jwt" in response.headers.get(
        "content-type", ""
    ):
        return _verified(response.text.strip(), keys)
    return json_object(response)


def require_same_person(claims: Mapping[str, Any], national_id: str) -> None:
    """The user who logged in is the one of the LGC account, and a professional."""
    if claims.get("SubjectNameID") != national_id:
        raise _refused("l’utilisateur authentifié n’est pas celui de ce compte")
    if not claims.get("SubjectRefPro"):
        raise _refused("l’utilisateur authentifié n’a aucun exercice professionnel")


def read_keys(response: httpx.Response) -> KeySet:
    """The public keys of the provider."""
    try:
        return KeySet.import_key_set(json.loads(json.dumps(json_object(response))))
    except (JoseError, ValueError, KeyError) as error:
        raise _unusable("ses clés publiques sont illisibles") from error


def _verified(token: str, keys: KeySet) -> Mapping[str, Any]:
    try:
        return jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
    except (JoseError, ValueError) as error:
        raise RefusedError(
            "PSC_SIGNATURE", "La signature d’un jeton de Pro Santé Connect est refusée."
        ) from error


def _sufficient(acr: object) -> bool:
    level = re.fullmatch(r"eidas(\d)", acr) if isinstance(acr, str) else None
    return level is not None and int(level[1]) >= int(REQUESTED_ACR[-1])


def _refused(why: str) -> RefusedError:
    return RefusedError("PSC_REFUSE", f"La connexion Pro Santé Connect est refusée : {why}.")


def _unusable(why: str) -> UnavailableError:
    return UnavailableError("PSC_INDISPONIBLE", f"Pro Santé Connect est indisponible : {why}.")
