"""JSON Web Tokens in compact form: opened without trust, verified apart (RFC 7515, RFC 7519)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from joserfc import jwk, jws
from joserfc.errors import JoseError

TRUSTED_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256"]
"""Asymmetric only: an HMAC keyed with a public key is a forgery, and ``none`` signs nothing."""


@dataclass(frozen=True)
class Jwt:
    """A token as its text, and its header and claims as JSON objects."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]

    def instant(self, claim: str) -> datetime | None:
        """A NumericDate claim as an instant in UTC, or None when it is not one."""
        value = self.claims.get(claim)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, ValueError, OSError):
            return None

    def expired(self, at: datetime) -> bool:
        """True when ``exp`` is reached at that instant; False without ``exp``."""
        end = self.instant("exp")
        return end is not None and end <= at

    @property
    def audience(self) -> tuple[str, ...]:
        """``aud`` as a list, whatever its form."""
        value = self.claims.get("aud")
        if isinstance(value, str):
            return (value,)
        return tuple(map(str, cast("list[object]", value))) if isinstance(value, list) else ()

    def claim(self, name: str) -> str | None:
        """A claim that is a text, or None."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else None


def read_jwt(text: str | None) -> Jwt | None:
    """Open a compact JWS; None for an opaque, encrypted or broken token."""
    try:
        opened = jws.extract_compact((text or "").strip().encode())
        claims = json.loads(opened.payload)
    except (JoseError, ValueError):
        return None
    if not isinstance(claims, dict):
        return None
    return Jwt((text or "").strip(), opened.headers(), cast("dict[str, Any]", claims))


def signed_by(token: Jwt, keys: Iterable[Mapping[str, object]]) -> bool:
    """Whether one of these public JWK made the signature (kid, algorithm and value)."""
    kid = token.header.get("kid")
    for key in keys:
        if kid is not None and key.get("kid") != kid:
            continue
        try:
            jws.deserialize_compact(
                token.text,
                jwk.JWKRegistry.import_key(cast("dict[str, Any]", dict(key))),
                algorithms=TRUSTED_ALGORITHMS,
            )
        except (JoseError, ValueError):
            continue
        return True
    return False
