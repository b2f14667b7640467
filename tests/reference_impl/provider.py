"""A Pro Santé Connect for unit tests, behind respx: what it answers can be bent."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import respx
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.reference_impl.house import ISSUER, LOUISE, ManualClock

_KEYS: dict[str, RSAKey] = {}


def key(kid: str) -> RSAKey:
    """A signing key, made once."""
    if kid not in _KEYS:
        _KEYS[kid] = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
    return _KEYS[kid]


@dataclass
class Provider:
    """``claims``, ``redirect`` and ``userinfo`` replace what is answered."""

    router: respx.MockRouter
    clock: ManualClock
    claims: dict[str, Any] = field(default_factory=dict)
    redirect: dict[str, str] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(
        default_factory=lambda: {"SubjectNameID": LOUISE, "SubjectRefPro": {"exercices": [{}]}}
    )
    signed_with: str = "k1"
    published: str = "k1"
    refresh_refused: bool = False
    asked: dict[str, str] = field(default_factory=dict)
    tokens: list[dict[str, str]] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        base = f"{ISSUER}/protocol/openid-connect"
        self.router.get(f"{ISSUER}/.well-known/wallet-openid-configuration").respond(
            json={
                "issuer": ISSUER,
                "authorization_endpoint": "https://wallet.test/auth",
                "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/userinfo",
                "jwks_uri": f"{base}/certs",
                "end_session_endpoint": f"{base}/logout",
            }
        )
        self.router.get(url__startswith="https://wallet.test/auth").mock(side_effect=self._login)
        self.router.post(f"{base}/token").mock(side_effect=self._token)
        self.router.get(f"{base}/certs").mock(side_effect=self._certs)
        self.user = self.router.get(f"{base}/userinfo").mock(side_effect=self._user)
        self.logout = self.router.get(url__startswith=f"{base}/logout").respond(302)

    def _login(self, request: httpx.Request) -> httpx.Response:
        self.asked = {k: v[0] for k, v in parse_qs(urlsplit(str(request.url)).query).items()}
        back = {"state": self.asked["state"], "code": "code-1"} | self.redirect
        url = httpx.URL(self.asked["redirect_uri"], params={k: v for k, v in back.items() if v})
        return httpx.Response(302, headers={"Location": str(url)})

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {k: v[0] for k, v in parse_qs(request.content.decode()).items()}
        self.tokens.append(form)
        self.authorizations.append(request.headers.get("Authorization"))
        if form["grant_type"] == "refresh_token" and self.refresh_refused:
            return httpx.Response(400, json={"error": "invalid_grant"})
        number = len(self.tokens)
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "sub": f"f:x:{LOUISE}",
            "aud": "logiciel-essai",
            "exp": now + 120,
            "iat": now,
            "nonce": self.asked["nonce"],
            "acr": "eidas1",
        } | self.claims
        header = {"alg": "RS256", "kid": self.signed_with}
        return httpx.Response(
            200,
            json={
                "access_token": f"jeton-{number}",
                "expires_in": 120,
                "refresh_token": f"rafraichir-{number}",
                "id_token": jwt.encode(header, claims, key(self.signed_with)),
            },
        )

    def _certs(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"keys": [key(self.published).as_dict(private=False)]})

    def _user(self, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=self.userinfo)

    @property
    def challenge_of_verifier(self) -> str:
        """The challenge that the verifier of the first token request proves."""
        digest = hashlib.sha256(self.tokens[0]["code_verifier"].encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
