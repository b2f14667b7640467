from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import respx

from reference_impl.errors import (
    OutcomeUnknownError,
    RefusedError,
    SessionRequiredError,
    UnavailableError,
)
from reference_impl.people import Professional
from reference_impl.psc import PscSessions
from tests.reference_impl.house import LOUISE, House
from tests.reference_impl.provider import Provider


@pytest.fixture
def psc(house: House) -> Iterator[Provider]:
    with respx.mock(assert_all_called=False) as router:
        yield Provider(router, house.clock)


@pytest.fixture
def sessions(house: House) -> PscSessions:
    return house.lgc.sessions


@pytest.fixture
def louise(house: House) -> Professional:
    professional = house.environment.professional(LOUISE)
    assert professional is not None
    return professional


def test_the_request_is_that_of_the_sheet(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    sessions.open(louise)
    asked = psc.asked
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid scope_all"
    assert asked["acr_values"] == "eidas1"
    assert asked["login_hint"] == LOUISE
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == psc.challenge_of_verifier
    assert psc.tokens[0]["redirect_uri"] == asked["redirect_uri"]
    assert "client_secret" not in psc.tokens[0]
    assert psc.authorizations == ["Basic bG9naWNpZWwtZXNzYWk6c2VjcmV0LWRlLWJhbmM="]


def test_state_and_nonce_are_new_each_time(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    sessions.open(louise)
    first = psc.asked
    sessions.open(louise)
    assert len({first["state"], first["nonce"], psc.asked["state"], psc.asked["nonce"]}) == 4


def test_a_token_is_used_while_it_lives_and_refreshed_before_it_dies(
    house: House, psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    sessions.open(louise)
    house.clock.advance(seconds=95)
    assert sessions.access_token(louise) == "jeton-1"
    house.clock.advance(seconds=10)
    assert sessions.access_token(louise) == "jeton-2"
    assert psc.tokens[1] == {"grant_type": "refresh_token", "refresh_token": "rafraichir-1"}
    house.clock.advance(seconds=110)
    assert sessions.access_token(louise) == "jeton-3"
    assert psc.tokens[2]["refresh_token"] == "rafraichir-2"


def test_a_refused_token_is_renewed(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    sessions.open(louise)
    assert sessions.renewed_token(louise) == "jeton-2"


def test_a_session_that_cannot_be_refreshed_asks_for_a_login(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    sessions.open(louise)
    psc.refresh_refused = True
    with pytest.raises(SessionRequiredError, match="reconnectez-vous"):
        sessions.renewed_token(louise)
    with pytest.raises(SessionRequiredError, match="connectez-vous"):
        sessions.access_token(louise)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"nonce": "autre"}, "nonce"),
        ({"iss": "https://autre"}, "jeton d’identité"),
        ({"aud": "autre"}, "jeton d’identité"),
        ({"exp": 1}, "jeton d’identité"),
        ({"acr": "0"}, "niveau"),
        ({"acr": "eidas0"}, "niveau"),
    ],
)
def test_a_wrong_id_token_opens_nothing(
    psc: Provider, sessions: PscSessions, louise: Professional, claims: dict[str, str], words: str
) -> None:
    psc.claims = claims
    with pytest.raises(RefusedError, match=words):
        sessions.open(louise)
    with pytest.raises(SessionRequiredError):
        sessions.access_token(louise)


@pytest.mark.parametrize("acr", ["eidas1", "eidas2", "eidas3"])
def test_any_sufficient_level_is_accepted(
    psc: Provider, sessions: PscSessions, louise: Professional, acr: str
) -> None:
    psc.claims = {"acr": acr}
    assert sessions.open(louise).professional == LOUISE


def test_a_signature_by_an_unpublished_key_is_refused(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    psc.signed_with = "k2"
    with pytest.raises(RefusedError, match="signature"):
        sessions.open(louise)
    psc.published = "k2"
    assert sessions.open(louise).professional == LOUISE


def test_a_return_with_another_state_is_refused(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    psc.redirect = {"state": "autre"}
    with pytest.raises(RefusedError, match="ne répond pas"):
        sessions.open(louise)
    assert psc.tokens == []


def test_a_refusal_of_the_user_is_said(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    psc.redirect = {"code": "", "error": "access_denied"}
    with pytest.raises(RefusedError, match="access_denied"):
        sessions.open(louise)


@pytest.mark.parametrize(
    "userinfo",
    [
        {"SubjectNameID": "810999990170", "SubjectRefPro": {"exercices": [{}]}},
        {"SubjectNameID": LOUISE},
    ],
    ids=["un autre", "sans exercice"],
)
def test_the_user_must_be_the_one_of_the_account(
    psc: Provider, sessions: PscSessions, louise: Professional, userinfo: dict[str, str]
) -> None:
    psc.userinfo = userinfo
    with pytest.raises(RefusedError):
        sessions.open(louise)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(502, text="<html>"), UnavailableError),
        (httpx.Response(200, text="{"), UnavailableError),
        (httpx.ReadTimeout("muet"), OutcomeUnknownError),
    ],
)
def test_a_provider_that_fails_is_said(
    psc: Provider,
    sessions: PscSessions,
    louise: Professional,
    answer: httpx.Response | Exception,
    error: type[Exception],
) -> None:
    psc.user.mock(side_effect=[answer])
    with pytest.raises(error):
        sessions.open(louise)


def test_logging_out_ends_both_sessions(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    sessions.open(louise)
    sessions.close(louise)
    url = psc.logout.calls[0].request.url
    assert url.params["id_token_hint"].count(".") == 2
    assert url.params["post_logout_redirect_uri"] == "https://localhost/retour-psc"
    with pytest.raises(SessionRequiredError):
        sessions.access_token(louise)


def test_logging_out_is_local_even_when_the_provider_fails(
    psc: Provider, sessions: PscSessions, louise: Professional
) -> None:
    sessions.open(louise)
    psc.logout.respond(503)
    with pytest.raises(UnavailableError, match="Vous êtes déconnecté"):
        sessions.close(louise)
    with pytest.raises(SessionRequiredError):
        sessions.close(louise)


def test_tokens_are_written_nowhere(
    house: House, psc: Provider, sessions: PscSessions, louise: Professional, tmp_path: Path
) -> None:
    session = sessions.open(louise)
    house.patient()
    secrets = [session.access_token, session.id_token, str(session.refresh_token)]
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert written
    assert not [s for s in secrets if s.encode() in written or s in repr(session)]
