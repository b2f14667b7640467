"""Witness: Authlib, an OpenID Connect client nobody here wrote, logs in and out.

Its own JOSE verifies the id_token and PKCE is its own computation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuth2Client
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose.errors import JoseError
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError as ClaimsError

from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges, running, trust

LOUISE = "810999990012"


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc",)) as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    shared_platform.reset()
    return shared_platform


def options(platform: Platform) -> dict[str, Any]:
    registered = platform.descriptor["psc"]["clients"][0]
    return {
        "client_id": registered["client_id"],
        "client_secret": registered["client_secret"],
        "redirect_uri": registered["redirect_uris"][0],
        "scope": "openid scope_all",
        "code_challenge_method": "S256",
        "verify": trust(platform),
        "trust_env": False,
    }


def discovered(platform: Platform) -> tuple[dict[str, Any], Any]:
    with client(platform) as http:
        conf = http.get(platform.descriptor["psc"]["decouverte"]).json()
        return conf, JsonWebKey.import_key_set(http.get(conf["jwks_uri"]).json())


def verified(conf: dict[str, Any], keys: Any, tokens: dict[str, Any], nonce: str) -> CodeIDToken:
    claims = JsonWebToken(["RS256"]).decode(
        tokens["id_token"],
        keys,
        claims_cls=CodeIDToken,
        claims_options={"iss": {"value": conf["issuer"]}, "aud": {"value": "logiciel-essai"}},
        claims_params={
            "client_id": "logiciel-essai",
            "nonce": nonce,
            "access_token": tokens["access_token"],
        },
    )
    claims.validate(leeway=5)
    return claims


def test_a_whole_session(platform: Platform) -> None:
    conf, keys = discovered(platform)
    verifier, nonce = generate_token(48), generate_token(32)
    with OAuth2Client(**options(platform)) as lgc, client(platform) as browser:
        url, state = lgc.create_authorization_url(
            conf["authorization_endpoint"],
            acr_values="eidas1",
            nonce=nonce,
            code_verifier=verifier,
            login_hint=LOUISE,
        )
        back = browser.get(url).headers["location"]
        tokens = lgc.fetch_token(
            conf["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
        )
        claims = verified(conf, keys, tokens, nonce)
        assert claims["SubjectNameID"] == LOUISE
        info = lgc.get(conf["userinfo_endpoint"]).json()
        assert info["sub"] == claims["sub"]
        renewed = lgc.refresh_token(conf["token_endpoint"])
        assert renewed["refresh_token"] != tokens["refresh_token"]
        known = lgc.introspect_token(conf["introspection_endpoint"], token=renewed["access_token"])
        assert known.json()["active"] is True
        closed = browser.get(
            conf["end_session_endpoint"],
            params={
                "id_token_hint": renewed["id_token"],
                "post_logout_redirect_uri": options(platform)["redirect_uri"],
                "state": "fin",
            },
        )
        assert closed.headers["location"].endswith("?state=fin")
        with pytest.raises(OAuthError, match="invalid_grant"):
            lgc.refresh_token(conf["token_endpoint"])
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    assert judgement.findings == ()


def test_an_asynchronous_login(platform: Platform) -> None:
    conf, keys = discovered(platform)

    async def log_in() -> dict[str, Any]:
        verifier, nonce = generate_token(48), generate_token(32)
        async with AsyncOAuth2Client(**options(platform)) as lgc:
            url, state = lgc.create_authorization_url(
                conf["authorization_endpoint"],
                acr_values="eidas1",
                nonce=nonce,
                code_verifier=verifier,
                login_hint=LOUISE,
            )
            answer = await lgc.request("GET", url, withhold_token=True)
            tokens = await lgc.fetch_token(
                conf["token_endpoint"],
                authorization_response=answer.headers["location"],
                state=state,
                code_verifier=verifier,
            )
            verified(conf, keys, tokens, nonce)
            return (await lgc.get(conf["userinfo_endpoint"])).json()

    assert asyncio.run(log_in())["SubjectNameID"] == LOUISE


@pytest.mark.parametrize(
    "fault",
    [
        "mauvaise-audience",
        "mauvais-emetteur",
        "nonce-falsifie",
        "id-token-expire",
        "kid-inconnu",
        "alg-none",
        "hs256-cle-publique",
        "signature-falsifiee",
    ],
)
def test_every_forged_id_token_is_refused_by_authlib(platform: Platform, fault: str) -> None:
    conf, keys = discovered(platform)
    platform.kernel.faults.add("psc", "token", fault=fault)
    verifier, nonce = generate_token(48), generate_token(32)
    with OAuth2Client(**options(platform)) as lgc, client(platform) as browser:
        url, state = lgc.create_authorization_url(
            conf["authorization_endpoint"],
            acr_values="eidas1",
            nonce=nonce,
            code_verifier=verifier,
            login_hint=LOUISE,
        )
        back = browser.get(url).headers["location"]
        tokens = lgc.fetch_token(
            conf["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
        )
    with pytest.raises((JoseError, ClaimsError, ValueError)):
        verified(conf, keys, tokens, nonce)
