"""Every fault of the service: what the wire shows, and what a careless software is told."""

from __future__ import annotations

from typing import Any

import pytest

from rules.formats.jwt import read_jwt, signed_by
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.psc import faults
from simulators.psc.people import VARIANTS
from simulators.testing import exchanges
from tests.simulators.psc.client import Relying, parameters


def inject(platform: Platform, operation: str, name: str) -> None:
    platform.kernel.faults.add("psc", operation, fault=name)


def raised(platform: Platform) -> list[str]:
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    return [f.check_id for f in judgement.findings]


def exercised() -> set[str]:
    """Names this module has a test for."""
    groups = (
        faults.AUTHORIZE,
        faults.TOKEN,
        faults.CALLBACK,
        faults.MEMBERS,
        faults.ID_CLAIMS,
        faults.SIGNATURES,
        faults.ACR,
        faults.OTHERS,
        VARIANTS,
    )
    return {name for group in groups for name in group}


def test_every_fault_is_described_and_exercised(platform: Platform) -> None:
    catalogue = faults.catalogue()
    assert set(catalogue) == exercised()
    assert all(len(text) > 10 for text in catalogue.values())
    assert set(catalogue) <= set(platform.kernel.faults.known("psc"))


@pytest.mark.parametrize("name", faults.AUTHORIZE)
def test_an_error_comes_back_by_redirection(platform: Platform, lgc: Relying, name: str) -> None:
    inject(platform, "authorize", name)
    back = parameters(lgc.authorize())
    assert back["error"] == faults.AUTHORIZE[name][1].error
    assert "code" not in back
    assert exchanges(platform, "psc")[-1].fault == name
    assert parameters(lgc.authorize())["code"]


@pytest.mark.parametrize("name", faults.CALLBACK)
def test_a_false_state_catches_who_does_not_check_it(
    platform: Platform, lgc: Relying, name: str
) -> None:
    inject(platform, "authorize", name)
    asked = lgc.request(login_hint="810999990012")
    back = parameters(lgc.http.get(lgc.conf["authorization_endpoint"], params=asked))
    assert back.get("state") != asked["state"]
    assert ("state" in back) is (name == "etat-falsifie")
    assert raised(platform) == []
    lgc.token(back["code"])
    assert raised(platform) == ["PSC-03"]


def test_a_false_state_follows_a_person_through_the_page(platform: Platform, lgc: Relying) -> None:
    inject(platform, "authorize", "etat-falsifie")
    page = lgc.authorize(None).text
    assert 'name="defaut" value="etat-falsifie"' in page


@pytest.mark.parametrize("operation", ["token", "refresh"])
@pytest.mark.parametrize("name", faults.TOKEN)
def test_the_token_endpoint_refuses(
    platform: Platform, lgc: Relying, name: str, operation: str
) -> None:
    tokens = lgc.login()
    code = parameters(lgc.authorize())["code"]
    inject(platform, operation, name)
    response = lgc.token(code) if operation == "token" else lgc.refresh(tokens)
    expected = faults.TOKEN[name][1]
    assert (response.status_code, response.json()["error"]) == (expected.status, expected.error)


@pytest.mark.parametrize("name", faults.MEMBERS)
def test_a_member_is_left_out(platform: Platform, lgc: Relying, name: str) -> None:
    inject(platform, "token", name)
    tokens = lgc.login()
    assert faults.MEMBERS[name][1] not in tokens
    assert tokens["access_token"]


def test_a_short_life_is_said_and_meant(platform: Platform, lgc: Relying) -> None:
    inject(platform, "token", "expires-in-30")
    tokens = lgc.login()
    access = read_jwt(tokens["access_token"])
    assert access is not None
    assert (tokens["expires_in"], access.claims["exp"] - access.claims["iat"]) == (30, 30)


@pytest.mark.parametrize("name", faults.ACR)
def test_another_level_is_answered(platform: Platform, lgc: Relying, name: str) -> None:
    inject(platform, "token", name)
    tokens = lgc.login()
    for token in ("access_token", "id_token"):
        jwt = read_jwt(tokens[token])
        assert jwt is not None
        assert jwt.claims["acr"] == faults.ACR[name]


@pytest.mark.parametrize("name", [*faults.ID_CLAIMS, *faults.SIGNATURES])
def test_a_false_id_token_catches_who_uses_its_tokens(
    platform: Platform, lgc: Relying, name: str
) -> None:
    inject(platform, "token", name)
    tokens = lgc.login()
    assert raised(platform) == []
    assert lgc.userinfo(tokens).status_code == 200, "the access token stays good"
    tolerated = {"horloge-avance": [], "horloge-retard": [], "nonce-falsifie": ["PSC-04"]}
    assert raised(platform) == tolerated.get(name, ["PSC-05"])
    identity = read_jwt(tokens["id_token"])
    assert identity is not None
    good = signed_by(identity, platform.kernel.environment.psc_keys)
    assert good is (name in faults.ID_CLAIMS)


@pytest.mark.parametrize("name", VARIANTS)
def test_awkward_userinfo(platform: Platform, lgc: Relying, name: str) -> None:
    tokens = lgc.login()
    usual = lgc.userinfo(tokens).json()
    inject(platform, "userinfo", name)
    changed = lgc.userinfo(tokens).json()
    assert changed != usual
    assert lgc.userinfo(tokens).json() == usual


def test_variants_change_what_they_say(platform: Platform, lgc: Relying) -> None:
    tokens = lgc.login()
    seen: dict[str, dict[str, Any]] = {}
    for name in VARIANTS:
        inject(platform, "userinfo", name)
        seen[name] = lgc.userinfo(tokens).json()
    assert "SubjectRefPro" not in seen["sans-subjectrefpro"]
    assert len(seen["deux-exercices"]["SubjectRefPro"]["exercices"]) == 2
    assert seen["identite-adeli"]["otherIds"][0]["origine"] == "ADELI"
    assert seen["rpps-change"]["SubjectNameID"].startswith("81099999")
    assert seen["rpps-change"]["SubjectNameID"] != "810999990012"
    assert seen["nom-accentue"]["given_name"] == "HÉLOÏSE"
    assert len(seen["origines-multiples"]["otherIds"]) == 3


def test_userinfo_is_refused(platform: Platform, lgc: Relying) -> None:
    tokens = lgc.login()
    inject(platform, "userinfo", "userinfo-401")
    assert lgc.userinfo(tokens).status_code == 401
    assert lgc.userinfo(tokens).status_code == 200


def test_the_state_of_a_logout_is_lost(platform: Platform, lgc: Relying) -> None:
    inject(platform, "logout", "retour-sans-etat")
    back = lgc.logout(lgc.login(), post_logout_redirect_uri=lgc.redirect_uri, state="abc")
    assert parameters(back) == {}


def test_the_key_set_is_out_of_date(platform: Platform, lgc: Relying) -> None:
    identity = read_jwt(lgc.login()["id_token"])
    assert identity is not None
    inject(platform, "jwks", "jwks-perime")
    assert not signed_by(identity, lgc.http.get(lgc.conf["jwks_uri"]).json()["keys"])
    assert signed_by(identity, lgc.http.get(lgc.conf["jwks_uri"]).json()["keys"])
