"""Building Pro Santé Connect exchanges for tests of rules."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from joserfc import jwk, jws

from rules.exchange import Correlation, Exchange, Message, Outcome, TlsPeer

AT = datetime(2026, 3, 12, 9, 15, 15, tzinfo=UTC)
TLS = TlsPeer("TLSv1.3", "TLS_AES_256_GCM_SHA384", "localhost", None, ("TLSv1.3", "TLSv1.2"))
ISSUER = "https://localhost/auth/realms/esante-wallet"
CLIENT, SECRET = "logiciel-essai", "secret-de-banc"
REDIRECT = "https://localhost/retour-psc"
KEY = jwk.RSAKey.generate_key(2048, {"kid": "cle-1"})
BASIC = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
FORM = ("Content-Type", "application/x-www-form-urlencoded")

REQUEST: Mapping[str, str] = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": REDIRECT,
    "scope": "openid scope_all",
    "acr_values": "eidas1",
    "state": "b804ef08a43ea0c92de94e1fcebe66d6",
    "nonce": "45b8548d064c28fcc181a119c650e50e",
    "code_challenge": "HeOms9hV0hyFYnLpo8WtJMBluf8E13huVFRsPTvnHTc",
    "code_challenge_method": "S256",
}


def get(path: str, parameters: Mapping[str, str], *headers: tuple[str, str]) -> Message:
    """A GET request."""
    return Message(f"GET {path}?{urlencode(parameters)} HTTP/1.1", headers)


def post(path: str, parameters: Mapping[str, str], *headers: tuple[str, str]) -> Message:
    """A POST of a form."""
    body = urlencode(parameters).encode()
    return Message(f"POST {path} HTTP/1.1", (FORM, *headers), body)


def answer(members: Mapping[str, Any], status: int = 200) -> Message:
    """A JSON answer."""
    kind = ("Content-Type", "application/json")
    return Message(f"HTTP/1.1 {status} X", (kind,), json.dumps(members).encode())


def returned(**parameters: str) -> Message:
    """A redirection to the software."""
    return Message("HTTP/1.1 302 Found", (("Location", f"{REDIRECT}?{urlencode(parameters)}"),))


def signed(claims: Mapping[str, Any], key: jwk.RSAKey = KEY) -> str:
    """A JWS RS256."""
    header = {"alg": "RS256", "kid": key.kid}
    return jws.serialize_compact(header, json.dumps(dict(claims)), key)


def id_token(at: datetime = AT, key: jwk.RSAKey = KEY, **changes: Any) -> str:
    """A good id_token for REQUEST, or one with changed claims."""
    claims = {
        "iss": ISSUER,
        "aud": CLIENT,
        "typ": "ID",
        "nonce": REQUEST["nonce"],
        "iat": int(at.timestamp()),
        "exp": int(at.timestamp()) + 120,
    }
    return signed(claims | changes, key)


def access_token(at: datetime = AT, number: int = 1) -> str:
    """An access token of 120 seconds."""
    issued = int(at.timestamp())
    return signed({"iss": ISSUER, "typ": "Bearer", "iat": issued, "exp": issued + 120, "n": number})


class Story:
    """Exchanges one after the other, a second apart unless told."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.now = AT

    def add(
        self,
        operation: str,
        request: Message,
        response: Message | None = None,
        *,
        service: str = "psc",
        after: float = 1,
        professional: str | None = "810999990012",
        tls: TlsPeer | None = TLS,
    ) -> Exchange:
        """Append an exchange; its outcome follows its status."""
        self.now += timedelta(seconds=after)
        accepted = response is None or (response.status or 0) < 400
        exchange = Exchange(
            id=f"e{len(self.exchanges) + 1}",
            campaign="essai",
            position=len(self.exchanges) + 1,
            service=service,
            operation=operation,
            started_at=self.now,
            answered_at=self.now,
            peer="127.0.0.1:1",
            request=request,
            response=response,
            outcome=Outcome.ACCEPTED if accepted else Outcome.REFUSED,
            tls=tls,
            correlation=Correlation(professional=professional),
        )
        self.exchanges.append(exchange)
        return exchange

    def authorize(self, code: str = "c1", back: str | None = None, **changes: str) -> None:
        """A login that ends with a code; ``back`` is the state given back."""
        asked = {**REQUEST, **changes}
        state = asked["state"] if back is None else back
        self.add("authorize", get("/auth", asked), returned(code=code, state=state))

    def token(self, members: Mapping[str, Any] | None = None, **changes: str) -> None:
        """The code against tokens."""
        form = {
            "grant_type": "authorization_code",
            "code": "c1",
            "redirect_uri": REDIRECT,
            "code_verifier": "w0qWhaq01Kw5l7XMSZeYHFoXh-OeKjawf-vBSYHJQvk",
        }
        good = {
            "access_token": access_token(self.now),
            "refresh_token": "r1",
            "id_token": id_token(self.now),
            "expires_in": 120,
        }
        sent = {name: value for name, value in {**form, **changes}.items() if value}
        self.add("token", post("/r/token", sent, ("Authorization", BASIC)), answer(members or good))

    def refresh(self, token: str = "r1", status: int = 200) -> None:
        """A refresh, granted or refused."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        good = {"access_token": access_token(self.now, 2), "refresh_token": "r2"}
        body = good if status == 200 else {"error": "invalid_grant"}
        request = post("/r/token", form, ("Authorization", BASIC))
        self.add("refresh", request, answer(body, status))

    def userinfo(self, token: str, after: float = 1) -> None:
        """A call of userinfo."""
        request = Message("GET /r/userinfo HTTP/1.1", (("Authorization", f"Bearer {token}"),))
        self.add("userinfo", request, answer({"sub": "f:x:8"}), after=after)

    def gesture(self, name: str) -> None:
        """A gesture of the driver, accepted."""
        body = json.dumps({"professionnel": "810999990012"}).encode()
        self.add(name, Message(f"POST /actions/{name}", (), body), answer({}), service="lgc")
