"""Minting and verifying the tokens of Pro Santé Connect (fiche §3).

``verify_access_token`` is what other services of the bench call when they are
shown an access token (MSSanté XOAUTH2).
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwk, jws
from joserfc.errors import JoseError

from fixtures.world import ProfessionalFixture
from rules.formats.jwt import Jwt, read_jwt, signed_by
from simulators.kernel import Kernel
from simulators.psc import people
from simulators.psc.errors import TokenRefusedError
from simulators.psc.settings import psc_settings
from simulators.psc.state import (
    ACCESS_LIFETIME,
    INACTIVITY,
    SESSION_LIFETIME,
    Authorization,
    PscState,
    Session,
)

REALM = "/auth/realms/esante-wallet"
ROTATION = "cle"
"""Switch that counts the rotations of the signing key."""


def issuer(kernel: Kernel) -> str:
    """``iss``: the setting ``psc.emetteur``, else the address of the listener."""
    chosen = psc_settings(kernel).get("emetteur")
    return str(chosen) if chosen else kernel.addresses["psc"].url(REALM)


def signing_key(kernel: Kernel, rotation: int | str = 0) -> jwk.RSAKey:
    """The RS256 key after a number of rotations, with its thumbprint as kid."""
    private = kernel.pki.rsa_key(f"psc-{rotation}" if rotation else "psc")
    key = jwk.RSAKey.import_key(private)
    return jwk.RSAKey.import_key(private, {"kid": key.thumbprint(), "alg": "RS256", "use": "sig"})


def public_keys(kernel: Kernel, rotation: int = 0) -> tuple[Mapping[str, object], ...]:
    """Published JWK: the key in force, then the one before it."""
    return tuple(
        signing_key(kernel, number).as_dict(private=False)
        for number in range(rotation, max(rotation - 2, -1), -1)
    )


def current_rotation(kernel: Kernel) -> int:
    """How many times the signing key was changed, read from the store."""
    with kernel.store.reading() as connection:
        return PscState(connection, kernel.campaign).switch(ROTATION) or 0


def verify_access_token(kernel: Kernel, token: str, at: datetime) -> Mapping[str, Any]:
    """Claims of an access token: signature, issuer, type and end of life are checked.

    Raises TokenRefusedError, whose message says why in French. Like a service
    that verifies without introspection, it does not see a logout.
    """
    return _verified(kernel, token, at, current_rotation(kernel)).claims


def verified(kernel: Kernel, state: PscState, token: str, at: datetime) -> Jwt:
    """The same inside a unit, for the endpoints of PSC."""
    return _verified(kernel, token, at, state.switch(ROTATION) or 0)


def _verified(kernel: Kernel, token: str, at: datetime, rotation: int) -> Jwt:
    jwt = read_jwt(token)
    if jwt is None:
        raise TokenRefusedError("jeton illisible : un JWS compact est attendu")
    if not signed_by(jwt, public_keys(kernel, rotation)):
        raise TokenRefusedError("signature qui n'est pas de Pro Santé Connect")
    if jwt.claim("iss") != issuer(kernel):
        raise TokenRefusedError(f"émetteur inattendu : {jwt.claim('iss')}")
    if jwt.claim("typ") != "Bearer":
        raise TokenRefusedError(f"ce jeton n'est pas un jeton d'accès : typ {jwt.claim('typ')}")
    if jwt.instant("exp") is None or jwt.expired(at):
        raise TokenRefusedError("jeton d'accès expiré")
    return jwt


def verified_hint(kernel: Kernel, state: PscState, token: str) -> Jwt | None:
    """An id_token of ours, expired or not (logout hint), or None."""
    jwt = read_jwt(token)
    rotation = state.switch(ROTATION) or 0
    keys = tuple(key for number in range(rotation + 1) for key in public_keys(kernel, number)[:1])
    return jwt if jwt is not None and signed_by(jwt, keys) else None


@dataclass(frozen=True)
class Grant:
    """What tokens are made from."""

    session: Session
    request: Authorization
    person: ProfessionalFixture
    acr: str
    auth_mode: str
    at: datetime
    lifetime: timedelta = ACCESS_LIFETIME


class Minter:
    """Makes and opens tokens for one state of the service."""

    def __init__(self, kernel: Kernel, state: PscState) -> None:
        self._kernel = kernel
        self._issuer = issuer(kernel)
        self.key = signing_key(kernel, state.switch(ROTATION) or 0)
        # Opaque to clients: any secret of the campaign will do.
        self._secret = hashlib.sha256(f"psc {kernel.campaign} {kernel.seed}".encode()).digest()

    def access_claims(self, grant: Grant) -> dict[str, Any]:
        """Claims of an access token (fiche §3.1); no ``aud``."""
        return {
            **self._common(grant),
            "typ": "Bearer",
            "acr": grant.acr,
            "scope": grant.request.scope,
            **people.token_claims(grant.person, grant.auth_mode),
        }

    def id_claims(self, grant: Grant, access_token: str) -> dict[str, Any]:
        """Claims of an id_token (fiche §3.3)."""
        names = people.userinfo(grant.person, grant.auth_mode)
        return {
            **self._common(grant),
            "aud": grant.request.client_id,
            "typ": "ID",
            "at_hash": half_hash(access_token),
            "acr": grant.acr,
            **people.token_claims(grant.person, grant.auth_mode),
            "given_name": names["given_name"],
            "family_name": names["family_name"],
        }

    def _common(self, grant: Grant) -> dict[str, Any]:
        issued, session = int(grant.at.timestamp()), grant.session
        nonce = {"nonce": grant.request.nonce} if grant.request.nonce else {}
        return {
            "exp": issued + int(grant.lifetime.total_seconds()),
            "iat": issued,
            "auth_time": int(session.opened_at.timestamp()),
            "jti": str(uuid.uuid4()),
            "iss": self._issuer,
            "sub": people.subject(grant.person.national_id),
            "azp": grant.request.client_id,
            **nonce,
            "session_state": session.sid,
            "sid": session.sid,
        }

    def sign(self, claims: Mapping[str, Any], key: jwk.RSAKey | None = None) -> str:
        """A JWS RS256 by the key in force, or by another."""
        chosen = key or self.key
        header = {"alg": "RS256", "typ": "JWT", "kid": chosen.kid}
        return jws.serialize_compact(header, json.dumps(dict(claims)), chosen)

    def refresh_token(self, grant: Grant, jti: str) -> tuple[str, int]:
        """A refresh token and its life in seconds: 30 minutes, never beyond the session."""
        left = grant.session.opened_at + SESSION_LIFETIME - grant.at
        seconds = max(0, int(min(INACTIVITY, left).total_seconds()))
        issued = int(grant.at.timestamp())
        claims = {
            "exp": issued + seconds,
            "iat": issued,
            "jti": jti,
            "iss": self._issuer,
            "aud": self._issuer,
            "sub": people.subject(grant.person.national_id),
            "typ": "Refresh",
            "azp": grant.request.client_id,
            "session_state": grant.session.sid,
            "scope": grant.request.scope,
            "sid": grant.session.sid,
        }
        key = jwk.OctKey.import_key(self._secret)
        header = {"alg": "HS256", "typ": "JWT"}
        return jws.serialize_compact(header, json.dumps(claims), key), seconds

    def open_refresh(self, token: str) -> Jwt | None:
        """A refresh token of ours, expired or not, or None."""
        jwt = read_jwt(token)
        if jwt is None:
            return None
        try:
            jws.deserialize_compact(jwt.text, jwk.OctKey.import_key(self._secret), ["HS256"])
        except (JoseError, ValueError):
            return None
        return jwt if jwt.claim("typ") == "Refresh" else None


def half_hash(token: str) -> str:
    """``at_hash`` for SHA-256 algorithms (OpenID Connect Core 1.0 §3.1.3.6)."""
    digest = hashlib.sha256(token.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
