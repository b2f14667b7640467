"""The back channel: tokens, their refusals, their lifetimes on the bench clock."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.formats.jwt import Jwt, read_jwt, signed_by
from rules.judge import JournalView, judge_journal
from simulators.errors import SettingsError
from simulators.platform import Platform
from simulators.psc.errors import TokenRefusedError
from simulators.psc.tokens import half_hash, verify_access_token
from simulators.testing import client, exchanges, running
from tests.simulators.psc.client import LOUISE, Relying, parameters

MINUTE = timedelta(minutes=1)


def opened(tokens: dict[str, Any], name: str) -> Jwt:
    jwt = read_jwt(tokens[name])
    assert jwt is not None
    return jwt


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def test_the_answer_and_its_tokens_have_the_shape_of_the_sheet(
    platform: Platform, lgc: Relying
) -> None:
    nonce = "45b8548d064c28fcc181a119c650e50ee9209ebff980d0d57f658d469960826a"
    tokens = lgc.login(nonce=nonce)
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (120, 1800)
    assert tokens["token_type"] == "Bearer"
    assert tokens["scope"] == "openid profile scope_all identity"
    access, identity = opened(tokens, "access_token"), opened(tokens, "id_token")
    keys = platform.kernel.environment.psc_keys
    assert signed_by(access, keys)
    assert signed_by(identity, keys)
    assert access.claims["exp"] - access.claims["iat"] == 120
    assert access.claims["sub"] == f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:{LOUISE}"
    assert (access.claims["acr"], access.claims["authMode"]) == ("eidas3", "CARD")
    assert "aud" not in access.claims
    assert (identity.claims["aud"], identity.claims["nonce"]) == (lgc.auth[0], nonce)
    assert identity.claims["at_hash"] == half_hash(tokens["access_token"])
    assert (identity.claims["given_name"], identity.claims["typ"]) == ("LOUISE", "ID")


def test_userinfo_has_every_claim_of_the_sheet(lgc: Relying) -> None:
    claims = lgc.userinfo(lgc.login()).json()
    wanted = (
        "sub SubjectNameID preferred_username given_name family_name SubjectRole "
        "SubjectOrganization SubjectOrganizationID Secteur_Activite Mode_Acces_Raison "
        "Acces_Regulation_Medicale UITVersion Palier_Authentification PSI_Locale codeCivilite "
        "codeGenreActivite otherIds authMode SubjectRefPro"
    )
    assert set(claims) == set(wanted.split())
    (exercise,) = claims["SubjectRefPro"]["exercices"]
    (activity,) = exercise["activities"]
    assert (exercise["codeProfession"], exercise["codeSavoirFaire"]) == ("10", "SM54")
    assert len(activity) == 30
    assert (activity["codePays"], activity["telephone"]) == ("99000", "")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code": "inconnu"}, "invalid_grant"),
        ({"code": "a\x00b"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code_verifier": "faux"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"redirect_uri": "https://localhost/autre"}, "invalid_grant"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_token_request_that_is_refused(
    lgc: Relying, change: dict[str, str | None], error: str
) -> None:
    code = parameters(lgc.authorize())["code"]
    refused = lgc.token(**({"code": code} | change))  # type: ignore[arg-type]
    assert error_of(refused) == (400, error)
    assert refused.headers["cache-control"] == "no-store"


def test_a_code_serves_once_and_betrays_its_tokens(lgc: Relying) -> None:
    code = parameters(lgc.authorize())["code"]
    tokens = lgc.token(code).json()
    assert error_of(lgc.token(code)) == (400, "invalid_grant")
    assert error_of(lgc.refresh(tokens)) == (400, "invalid_grant")


def test_a_code_dies_after_a_minute(platform: Platform, lgc: Relying) -> None:
    code = parameters(lgc.authorize())["code"]
    platform.kernel.clock.advance(MINUTE)
    assert error_of(lgc.token(code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "auth", [("logiciel-essai", "faux"), ("inconnu", "secret-de-banc"), ("logiciel-essai", "")]
)
def test_a_client_must_prove_who_it_is(lgc: Relying, auth: tuple[str, str]) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    assert error_of(lgc.post("token_endpoint", form, auth=auth)) == (401, "invalid_client")
    introspection = lgc.post("introspection_endpoint", {"token": "x"}, auth=auth)
    assert error_of(introspection) == (401, "invalid_client")


def test_a_secret_in_the_form_is_taken_and_reported(platform: Platform, lgc: Relying) -> None:
    code = parameters(lgc.authorize())["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": lgc.redirect_uri,
        "code_verifier": lgc.verifier,
        "client_id": lgc.auth[0],
        "client_secret": lgc.auth[1],
    }
    assert lgc.post("token_endpoint", form, auth=None).status_code == 200
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    assert [f.check_id for f in judgement.findings] == ["PSC-09"]


def test_mutual_tls_stands_for_the_secret(platform: Platform) -> None:
    for certificate, status in (("org-auth-cli", 200), ("org-insi-manu", 401)):
        relying = Relying(platform, certificate)
        code = parameters(relying.authorize())["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": relying.redirect_uri,
            "code_verifier": relying.verifier,
            "client_id": relying.auth[0],
        }
        assert relying.post("token_endpoint", form, auth=None).status_code == status
    shown = [e.tls.certificate for e in exchanges(platform, "psc") if e.tls]
    assert all(shown)
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    assert judgement.findings == ()


def test_refresh_gives_a_new_token_each_time(lgc: Relying) -> None:
    first = lgc.login()
    second = lgc.refresh(first).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["session_state"] == first["session_state"]
    assert error_of(lgc.refresh(first)) == (400, "invalid_grant")
    assert lgc.refresh(second).status_code == 200


def test_the_access_token_lives_two_minutes(platform: Platform, lgc: Relying) -> None:
    platform.kernel.clock.freeze()
    tokens = lgc.login()
    platform.kernel.clock.advance(timedelta(seconds=119))
    assert lgc.userinfo(tokens).status_code == 200
    platform.kernel.clock.advance(timedelta(seconds=1))
    late = lgc.userinfo(tokens)
    assert error_of(late) == (401, "invalid_token")
    assert 'error="invalid_token"' in late.headers["www-authenticate"]
    assert lgc.introspect(tokens["access_token"]) == {"active": False}
    assert lgc.userinfo(lgc.refresh(tokens).json()).status_code == 200
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    assert [f.check_id for f in judgement.findings] == ["PSC-11"]


def test_thirty_idle_minutes_end_the_session(platform: Platform, lgc: Relying) -> None:
    tokens = lgc.login()
    platform.kernel.clock.advance(29 * MINUTE)
    tokens = lgc.refresh(tokens).json()
    platform.kernel.clock.advance(30 * MINUTE)
    refused = lgc.refresh(tokens)
    assert refused.json() == {
        "error": "invalid_grant",
        "error_description": "Token is not active",
    }
    assert lgc.authorize(None).status_code == 200, "the page asks again"


def test_four_hours_end_the_session_whatever_the_activity(platform: Platform, lgc: Relying) -> None:
    tokens = lgc.login()
    for _ in range(9):
        platform.kernel.clock.advance(25 * MINUTE)
        tokens = lgc.refresh(tokens).json()
    assert tokens["refresh_expires_in"] <= 15 * 60, "never beyond the end of the session"
    platform.kernel.clock.advance(14 * MINUTE)
    tokens = lgc.refresh(tokens).json()
    platform.kernel.clock.advance(MINUTE)
    assert error_of(lgc.refresh(tokens)) == (400, "invalid_grant")
    assert lgc.authorize(None).status_code == 200


def test_introspection_tells_active_tokens(lgc: Relying) -> None:
    tokens = lgc.login()
    access = lgc.introspect(tokens["access_token"])
    refresh = lgc.introspect(tokens["refresh_token"])
    assert (access["active"], access["SubjectNameID"], access["username"]) == (True, LOUISE, LOUISE)
    assert (refresh["active"], "SubjectNameID" in refresh) == (True, False)
    assert lgc.introspect("opaque") == {"active": False}
    lgc.refresh(tokens)
    assert lgc.introspect(tokens["refresh_token"]) == {"active": False}
    assert error_of(lgc.post("introspection_endpoint", {})) == (400, "invalid_request")


def test_revocation(lgc: Relying) -> None:
    tokens = lgc.login()
    for _ in range(2):
        answer = lgc.post("revocation_endpoint", {"token": tokens["access_token"]})
        assert answer.status_code == 200
    assert error_of(lgc.userinfo(tokens)) == (401, "invalid_token")
    assert lgc.post("revocation_endpoint", {"token": "opaque"}).status_code == 200
    lgc.post("revocation_endpoint", {"token": tokens["refresh_token"]})
    assert error_of(lgc.refresh(tokens)) == (400, "invalid_grant")


def test_a_call_without_token_is_asked_for_one(lgc: Relying) -> None:
    response = lgc.http.get(lgc.conf["userinfo_endpoint"])
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="esante-wallet"'


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"<!DOCTYPE x>"])
def test_bad_bodies_get_the_error_of_the_service(
    platform: Platform, lgc: Relying, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    url = lgc.conf["token_endpoint"]
    assert error_of(lgc.http.post(url, content=body, headers=headers)) == (400, "invalid_request")
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    assert [f.check_id for f in judgement.findings] == ["PSC-00"]
    assert lgc.login()["access_token"]


def test_options_that_are_not_opened_say_so(lgc: Relying) -> None:
    ciba = lgc.post("backchannel_authentication_endpoint", {"login_hint": LOUISE})
    assert error_of(ciba) == (400, "unauthorized_client")


def test_another_service_verifies_an_access_token(platform: Platform, lgc: Relying) -> None:
    tokens, now = lgc.login(), platform.kernel.clock.now()
    claims = verify_access_token(platform.kernel, tokens["access_token"], now)
    assert claims["SubjectNameID"] == LOUISE
    for text, at, why in (
        (tokens["access_token"], now + 2 * MINUTE, "expiré"),
        (tokens["access_token"][:-8] + "AAAAAAAA", now, "signature"),
        (tokens["id_token"], now, "jeton d'accès"),
        (tokens["refresh_token"], now, "signature"),
        ("opaque", now, "illisible"),
    ):
        with pytest.raises(TokenRefusedError, match=why):
            verify_access_token(platform.kernel, text, at)


def test_a_rotated_key_leaves_the_old_one_published(platform: Platform, lgc: Relying) -> None:
    before = lgc.login()
    with platform.kernel.unit() as unit:
        platform.services["psc"].set_state(unit, {"cle": "tourner"})
    after = lgc.refresh(before).json()
    published = lgc.http.get(lgc.conf["jwks_uri"]).json()["keys"]
    assert all("d" not in key for key in published)
    kids = [opened(t, "access_token").header["kid"] for t in (after, before)]
    assert [key["kid"] for key in published] == kids
    assert lgc.userinfo(before).status_code == 200
    assert signed_by(opened(after, "id_token"), platform.kernel.environment.psc_keys)
    assert parameters(lgc.logout(before, post_logout_redirect_uri=lgc.redirect_uri)) == {}


def test_switches_and_people_can_be_set(platform: Platform, lgc: Relying) -> None:
    service = platform.services["psc"]
    with platform.kernel.unit() as unit:
        change = {
            "acr": "eidas2",
            "mode": "MOBILE",
            "userinfo": "jwt",
            "professionnels": {LOUISE: {"profil": "deux-exercices"}},
        }
        service.set_state(unit, change)
    tokens = lgc.login()
    claims = opened(tokens, "id_token").claims
    assert (claims["acr"], claims["authMode"]) == ("eidas2", "MOBILE")
    answer = lgc.userinfo(tokens)
    assert answer.headers["content-type"] == "application/jwt"
    info = read_jwt(answer.text)
    assert info is not None
    assert len(info.claims["SubjectRefPro"]["exercices"]) == 2
    with platform.kernel.unit() as unit:
        service.set_state(unit, {"sessions": {LOUISE: "fermée"}})
    assert lgc.userinfo(tokens).status_code == 401
    with platform.kernel.unit() as unit:
        service.set_state(unit, {"professionnels": {LOUISE: {"revoque": True}}})
        assert service.state(unit)["sessions"][0]["etat"] == "fermée"
    assert parameters(lgc.authorize())["error"] == "access_denied"


@pytest.mark.parametrize(
    "change",
    [
        {"acr": "eidas4"},
        {"inconnu": 1},
        {"cle": "perdre"},
        {"sessions": {LOUISE: "ouverte"}},
        {"professionnels": {"8": {"revoque": True}}},
        {"professionnels": {LOUISE: {"profil": "inconnu"}}},
        {"professionnels": {LOUISE: {}}},
    ],
)
def test_a_state_that_means_nothing_is_refused(platform: Platform, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"[a-zé]{4}"), platform.kernel.unit() as unit:
        platform.services["psc"].set_state(unit, change)


def test_a_session_survives_a_restart(tmp_path: Path) -> None:
    with running(("psc",), folder=tmp_path) as platform:
        lgc = Relying(platform)
        tokens = lgc.login()
    with running(("psc",), folder=tmp_path) as platform:
        lgc = Relying(platform)
        renewed = lgc.refresh(tokens)
        assert renewed.status_code == 200, renewed.text
        assert lgc.userinfo(renewed.json()).json()["SubjectNameID"] == LOUISE


def test_the_issuer_of_the_settings_is_that_of_the_tokens() -> None:
    real = "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet"
    with running(("psc",), settings={"psc": {"emetteur": real}}) as platform:
        conf = client(platform).get(platform.descriptor["psc"]["decouverte"]).json()
        assert conf["issuer"] == real
        assert conf["token_endpoint"] == f"{real}/protocol/openid-connect/token"


def test_a_client_badly_declared_is_said_in_french() -> None:
    settings = {"psc": {"clients": [{"client_id": "x"}]}}
    with pytest.raises(SettingsError, match="redirect_uris"), running(("psc",), settings=settings):
        pass


def test_half_hash_is_the_left_half_of_sha256() -> None:
    assert len(half_hash("x")) == 22
    assert half_hash("x") != hashlib.sha256(b"x").hexdigest()
