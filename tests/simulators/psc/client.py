"""A small OpenID Connect client over real TLS, for tests of the simulator."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from simulators.platform import Platform
from simulators.testing import client

LOUISE, HUGO = "810999990012", "810999990178"


def parameters(response: httpx.Response) -> dict[str, str]:
    """Parameters of a redirection, by query or by fragment."""
    assert response.status_code == 302, response.text
    target = urlsplit(response.headers["location"])
    return dict(parse_qsl(target.query or target.fragment))


@dataclass
class Relying:
    """Keeps the cookies of its browser; ``verifier`` is that of the last login."""

    platform: Platform
    certificate: str | None = None
    verifier: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = client(self.platform, self.certificate)
        described = self.platform.descriptor["psc"]
        self.conf: dict[str, Any] = self.http.get(described["decouverte"]).json()
        self.registered: dict[str, Any] = described["clients"][0]
        self.auth = (self.registered["client_id"], self.registered["client_secret"])
        self.redirect_uri: str = self.registered["redirect_uris"][0]

    def request(self, **changes: str | None) -> dict[str, str]:
        """Parameters of a conformant request, or changed ones; None removes one."""
        self.verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.auth[0],
            "redirect_uri": self.redirect_uri,
            "scope": "openid scope_all",
            "acr_values": "eidas1",
            "state": secrets.token_hex(32),
            "nonce": secrets.token_hex(32),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return {k: v for k, v in (asked | changes).items() if v is not None}

    def authorize(self, who: str | None = LOUISE, **changes: str | None) -> httpx.Response:
        """GET of the authorization endpoint."""
        asked = self.request(login_hint=who, **changes)
        return self.http.get(self.conf["authorization_endpoint"], params=asked)

    def token(self, code: str, **changes: str | None) -> httpx.Response:
        """The code against tokens, with Basic."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self.post("token_endpoint", form | changes)

    def post(self, endpoint: str, form: Mapping[str, str | None], **options: Any) -> httpx.Response:
        """A form posted with Basic, unless ``auth`` says otherwise."""
        sent = {k: v for k, v in form.items() if v is not None}
        options.setdefault("auth", self.auth)
        return self.http.post(self.conf[endpoint], data=sent, **options)

    def login(self, who: str = LOUISE, **changes: str | None) -> dict[str, Any]:
        """A whole login: the body of the token answer."""
        response = self.token(parameters(self.authorize(who, **changes))["code"])
        assert response.status_code == 200, response.text
        return response.json()

    def refresh(self, tokens: Mapping[str, Any]) -> httpx.Response:
        """A refresh."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.post("token_endpoint", form)

    def userinfo(self, tokens: Mapping[str, Any]) -> httpx.Response:
        """GET of userinfo."""
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return self.http.get(self.conf["userinfo_endpoint"], headers=headers)

    def introspect(self, token: str) -> dict[str, Any]:
        """What introspection says of a token."""
        return self.post("introspection_endpoint", {"token": token}).json()

    def logout(self, tokens: Mapping[str, Any], **extra: str) -> httpx.Response:
        """End of session."""
        asked = {"id_token_hint": tokens["id_token"], **extra}
        return self.http.get(self.conf["end_session_endpoint"], params=asked)
