"""Reading Pro Santé Connect messages, good and bad."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats.client_authentication import client_authentication
from rules.formats.jwt import read_jwt, signed_by
from rules.formats.psc import (
    AuthorizationRequest,
    BearerRequest,
    IdToken,
    JsonDocument,
    PresentedToken,
    ProfessionalChoice,
    TokenAnswer,
    TokenRequest,
    UserInfo,
    read_token,
)
from rules.formats.psc_reading import read_answer, read_json, read_psc, read_request
from tests.rules.psc_messages import (
    BASIC,
    CLIENT,
    KEY,
    REQUEST,
    SECRET,
    Story,
    access_token,
    answer,
    get,
    id_token,
    post,
    signed,
)


def test_an_authorization_request_comes_by_query_or_by_form() -> None:
    for message in (get("/auth", REQUEST), post("/auth", REQUEST)):
        (read,) = read_request(message)
        assert isinstance(read, AuthorizationRequest)
        assert read.scopes == {"openid", "scope_all"}
        assert read.acr_values == ("eidas1",)
        assert read.state == REQUEST["state"]


def test_the_choice_of_a_person_carries_the_request() -> None:
    form = {"demande": "client_id=x&state=abc", "professionnel": "810999990012"}
    (read,) = read_request(post("/auth/choix", form))
    assert isinstance(read, ProfessionalChoice)
    assert (read.request.state, read.professional) == ("abc", "810999990012")


def test_a_basic_header_wins_and_names_the_client() -> None:
    (read,) = read_request(post("/token", {"client_id": "autre"}, ("Authorization", BASIC)))
    assert isinstance(read, TokenRequest)
    assert (read.client.client_id, read.client.secret) == (CLIENT, SECRET)
    assert read.client.methods == {"basic"}


def test_a_secret_never_shows_in_a_repr() -> None:
    claimed = client_authentication(BASIC, {}, {})
    assert SECRET not in repr(claimed)


@pytest.mark.parametrize("value", ["%%%", base64.b64encode(b"sans-deux-points").decode(), "é"])
def test_a_broken_basic_header_is_said(value: str) -> None:
    claimed = client_authentication(f"Basic {value}", {}, {})
    assert claimed.broken is not None
    assert claimed.methods == frozenset()


def test_a_token_request_in_json_is_malformed() -> None:
    message = Message("POST /token HTTP/1.1", (("Content-Type", "application/json"),), b"{}")
    with pytest.raises(MalformedError) as raised:
        list(read_request(message))
    assert raised.value.finding.check_id == "PSC-00"
    assert "formulaire" in raised.value.finding.advice


def test_a_form_that_is_not_utf8_is_malformed() -> None:
    message = replace(post("/token", {}), body=b"code=\xff\xfe")
    with pytest.raises(MalformedError):
        list(read_request(message))


def test_a_bearer_is_found_wherever_it_hides() -> None:
    token = access_token()
    message = post(
        "/userinfo?access_token=u", {"access_token": token}, ("Authorization", "Bearer h")
    )
    (read,) = read_request(message)
    assert isinstance(read, BearerRequest)
    assert read.tokens == (("en-tête", "h"), ("url", "u"), ("corps", token))
    (presented,) = read.parts()
    assert isinstance(presented, PresentedToken)
    assert presented.place == "corps"


def test_tokens_of_an_answer_are_its_parts() -> None:
    (read,) = read_json(answer({"access_token": access_token(), "id_token": id_token()}).body)
    assert isinstance(read, TokenAnswer)
    assert [type(part).__name__ for part in read.parts()] == ["AccessToken", "IdToken"]


def test_opaque_tokens_give_no_part() -> None:
    (read,) = read_json(b'{"access_token": "opaque", "id_token": 3}')
    assert list(read.parts()) == []


def test_signed_userinfo_is_read() -> None:
    text = signed({"SubjectNameID": "810999990012"})
    message = Message("HTTP/1.1 200 OK", (("Content-Type", "application/jwt"),), text.encode())
    (read,) = read_answer(message)
    assert isinstance(read, UserInfo)
    assert (read.national_id, read.exercises) == ("810999990012", ())
    assert isinstance(read_token(id_token()), IdToken)


def test_published_keys_are_listed() -> None:
    (read,) = read_json(answer({"keys": [{"kid": "a"}, 3]}).body)
    assert isinstance(read, JsonDocument)
    assert [key["kid"] for key in read.keys] == ["a"]


def test_a_signature_is_verified_by_its_key_only() -> None:
    jwt = read_jwt(id_token())
    assert jwt is not None
    assert signed_by(jwt, [KEY.as_dict(private=False)])
    assert not signed_by(jwt, [KEY.as_dict(private=False) | {"kid": "autre"}])
    assert not signed_by(jwt, [{"kid": "cle-1", "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAA"}])
    assert not signed_by(jwt, [])


def test_a_failed_handshake_has_nothing_to_read() -> None:
    exchange = Story().add("TLS", Message(""))
    assert list(read_psc(exchange)) == []


@given(st.text(max_size=60), st.binary(max_size=80), st.sampled_from(["/auth", "/token", "/x", ""]))
def test_whatever_comes_is_read_or_malformed(query: str, body: bytes, path: str) -> None:
    form = ("Content-Type", "application/x-www-form-urlencoded")
    for method in ("GET", "POST"):
        message = Message(f"{method} {path}?{query} HTTP/1.1", (form,), body)
        with contextlib.suppress(MalformedError):
            list(read_request(message))


@given(st.binary(max_size=200), st.text(max_size=60))
def test_whatever_is_answered_is_read(body: bytes, location: str) -> None:
    for kind in ("application/json", "application/jwt", "text/html"):
        list(read_answer(Message("HTTP/1.1 200 OK", (("Content-Type", kind),), body)))
    list(read_answer(Message("HTTP/1.1 302 Found", (("Location", location),))))
    assert read_jwt(location) is None
