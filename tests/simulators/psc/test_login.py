"""The front channel: what a browser meets."""

from __future__ import annotations

import re
from html import unescape

import pytest

from rules.exchange import Outcome
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges
from tests.simulators.psc.client import HUGO, LOUISE, Relying, parameters


def last(platform: Platform) -> tuple[str, Outcome, str | None]:
    exchange = exchanges(platform, "psc")[-1]
    return exchange.operation, exchange.outcome, exchange.error_code


def test_discovery_has_its_own_name_and_the_facts_of_the_sheet(lgc: Relying) -> None:
    assert lgc.platform.descriptor["psc"]["decouverte"].endswith(
        "/auth/realms/esante-wallet/.well-known/wallet-openid-configuration"
    )
    assert lgc.conf["issuer"] == lgc.platform.descriptor["psc"]["emetteur"]
    assert lgc.conf["acr_values_supported"] == ["0", "0"]
    assert lgc.conf["code_challenge_methods_supported"] == ["plain", "S256"]
    usual = lgc.conf["issuer"] + "/.well-known/openid-configuration"
    assert lgc.http.get(usual).status_code == 404


def test_a_conformant_session_raises_no_finding(platform: Platform, lgc: Relying) -> None:
    tokens = lgc.login()
    lgc.userinfo(tokens)
    tokens = lgc.refresh(tokens).json()
    lgc.logout(tokens, post_logout_redirect_uri=lgc.redirect_uri, state="s")
    view = JournalView(exchanges(platform))
    judgement = judge_journal(view, platform.kernel.environment)
    assert judgement.findings == ()
    wanted = {"PSC-02", "PSC-03", "PSC-08", "PSC-09", "PSC-10", "PSC-11", "PSC-30", "PSC-34"}
    assert wanted <= judgement.evaluated
    assert {e.correlation.professional for e in view.of("psc", "token", "logout")} == {LOUISE}


def test_a_hint_answers_at_once_with_state_and_issuer(lgc: Relying) -> None:
    asked = lgc.request(login_hint=HUGO)
    back = parameters(lgc.http.get(lgc.conf["authorization_endpoint"], params=asked))
    assert back["state"] == asked["state"]
    assert back["iss"] == lgc.conf["issuer"]
    assert set(back) == {"state", "session_state", "iss", "code"}


def test_the_answer_may_come_in_the_fragment(lgc: Relying) -> None:
    response = lgc.authorize(response_mode="fragment")
    assert "?" not in response.headers["location"]
    assert parameters(response)["code"]


def choose(lgc: Relying, page: str, **answer: str) -> dict[str, str]:
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    form = {name: unescape(value) for name, value in hidden} | answer
    action = re.search(r'action="([^"]+)"', page)
    assert action is not None
    url = lgc.conf["authorization_endpoint"].rsplit("/auth", 1)[0] + action.group(1)
    return parameters(lgc.http.post(url, data=form))


def test_a_person_chooses_on_the_page(platform: Platform, lgc: Relying) -> None:
    page = lgc.authorize(None)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="fr">' in page.text
    assert "TESTMEDECIN" in page.text
    back = choose(lgc, page.text, professionnel=HUGO)
    assert last(platform) == ("choix", Outcome.ACCEPTED, None)
    assert lgc.userinfo(lgc.token(back["code"]).json()).json()["SubjectNameID"] == HUGO


def test_a_person_may_refuse(platform: Platform, lgc: Relying) -> None:
    back = choose(lgc, lgc.authorize(None).text, refus="oui")
    assert (back["error"], "code" in back) == ("access_denied", False)
    assert last(platform) == ("choix", Outcome.REFUSED, "access_denied")


def test_the_page_escapes_what_it_shows(lgc: Relying) -> None:
    page = lgc.authorize("<script>alert(1)</script>", state='"><img src=x>')
    assert "<script>" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_live_session_gives_a_silent_code(lgc: Relying) -> None:
    first = parameters(lgc.authorize())
    again = parameters(lgc.authorize(None))
    assert again["session_state"] == first["session_state"]
    assert again["code"] != first["code"]
    assert lgc.authorize(None, prompt="login").status_code == 200
    assert parameters(lgc.authorize(HUGO))["session_state"] != first["session_state"]


def test_prompt_none_needs_a_session(lgc: Relying) -> None:
    assert parameters(lgc.authorize(None, prompt="none"))["error"] == "login_required"
    lgc.login()
    assert parameters(lgc.authorize(None, prompt="none"))["code"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "openid inconnu"}, "invalid_scope"),
        ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
    ],
)
def test_a_bad_request_goes_back_with_its_error(
    lgc: Relying, change: dict[str, str | None], error: str
) -> None:
    asked = lgc.request(login_hint=LOUISE, **change)
    back = parameters(lgc.http.get(lgc.conf["authorization_endpoint"], params=asked))
    assert (back["error"], back["state"]) == (error, asked["state"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "inconnu"}, "client_not_found"),
        ({"redirect_uri": "https://ailleurs.example/"}, "invalid_redirect_uri"),
        ({"redirect_uri": None}, "invalid_redirect_uri"),
    ],
)
def test_nobody_is_sent_to_an_unknown_address(
    platform: Platform, lgc: Relying, change: dict[str, str | None], code: str
) -> None:
    response = lgc.authorize(**change)
    assert (response.status_code, "location" in response.headers) == (400, False)
    assert "Connexion impossible" in response.text
    assert last(platform) == ("authorize", Outcome.REFUSED, code)


def test_a_public_client_owes_pkce(lgc: Relying) -> None:
    public = {"client_id": "client-lourd", "redirect_uri": "http://127.0.0.1:8123/retour"}
    without = {"code_challenge": None, "code_challenge_method": None}
    assert parameters(lgc.authorize(**public, **without))["error"] == "invalid_request"
    code = parameters(lgc.authorize(**public))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": lgc.verifier,
        **public,
    }
    assert lgc.post("token_endpoint", form, auth=None).status_code == 200


def test_logout_closes_the_session_for_good(lgc: Relying) -> None:
    tokens = lgc.login()
    back = lgc.logout(tokens, post_logout_redirect_uri=lgc.redirect_uri, state="abc")
    assert parameters(back) == {"state": "abc"}
    assert lgc.userinfo(tokens).status_code == 401
    assert lgc.refresh(tokens).json()["error_description"] == "Session not active"
    assert lgc.authorize(None).status_code == 200


def test_logout_without_address_shows_a_page(lgc: Relying) -> None:
    response = lgc.logout(lgc.login())
    assert (response.status_code, "Session fermée" in response.text) == (200, True)


def test_logout_by_form_is_heard_too(lgc: Relying) -> None:
    tokens = lgc.login()
    url = lgc.conf["end_session_endpoint"]
    response = lgc.http.post(url, data={"id_token_hint": tokens["id_token"]})
    assert response.status_code == 200
    assert not lgc.introspect(tokens["access_token"])["active"]


def test_a_logout_that_cannot_be_trusted_closes_nothing(platform: Platform, lgc: Relying) -> None:
    tokens = lgc.login()
    url = lgc.conf["end_session_endpoint"]
    assert lgc.http.get(url).status_code == 400
    forged = {"id_token": tokens["id_token"][:-8] + "AAAAAAAA"}
    assert lgc.logout(forged).status_code == 400
    elsewhere = lgc.logout(tokens, post_logout_redirect_uri="https://ailleurs.example/")
    assert elsewhere.status_code == 400
    assert lgc.userinfo(tokens).status_code == 200
    assert last(platform)[0] == "userinfo"
