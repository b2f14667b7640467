"""Secrets never reach a report."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.redaction import redacted_headers, redacted_text

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {TOKEN}",
        f'{{"access_token":"{TOKEN}"}}',
        "grant_type=password&client_secret=abc123&x=1",
        '{"refresh_token": "abc123"}',
        "-----BEGIN PRIVATE KEY-----\nabc123\n-----END PRIVATE KEY-----",
        '{"pin": "1234abc123"}',
    ],
)
def test_known_secrets_go(text: str) -> None:
    assert TOKEN not in redacted_text(text)
    assert "abc123" not in redacted_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "grant_type=refresh_token&scope=openid",
        '<code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/>',
        "GET /auth?response_type=code&code_challenge=abc",
        base64.b64encode(b"une piece jointe qui parle de auth et de Bearer").decode(),
    ],
)
def test_what_is_not_secret_stays(text: str) -> None:
    assert redacted_text(text) == text


@pytest.mark.parametrize(
    "text", ["code=abc123&x=1", "https://localhost/retour?state=1&code=abc123"]
)
def test_an_authorization_code_goes(text: str) -> None:
    assert "abc123" not in redacted_text(text)


@given(st.text(alphabet="abc.@", max_size=30))
def test_a_token_in_the_answer_to_xoauth2_goes(user: str) -> None:
    line = base64.b64encode(f"user={user}\1auth=Bearer {TOKEN}\1\1".encode()).decode()
    shown = redacted_text(line)
    assert shown.endswith("‹jeton›")
    kept = shown.removesuffix("‹jeton›")
    left = base64.b64decode(kept[: len(kept) // 4 * 4])
    assert b"eyJ" not in left


def test_an_xoauth2_answer_goes_whole_whatever_its_alignment() -> None:
    for pad in range(3):
        clear = f"user={'a' * (20 + pad)}@b.fr\x01auth=Bearer {TOKEN}\x01\x01"
        blob = base64.b64encode(clear.encode()).decode()
        assert redacted_text(blob) == "‹jeton›"


@pytest.mark.parametrize("name", ["Authorization", "COOKIE", "Set-Cookie"])
def test_secret_headers_lose_their_value(name: str) -> None:
    assert redacted_headers(((name, "Basic abc"), ("Accept", "*/*"))) == (
        (name, "‹secret›"),
        ("Accept", "*/*"),
    )


@given(st.text(alphabet="abcXYZ019_-", min_size=8, max_size=60))
def test_no_token_survives_whatever_its_parts(part: str) -> None:
    token = f"eyJ{part}.{part}.{part}"
    assert token not in redacted_text(f"avant {token} après")


@pytest.mark.parametrize(
    "gesture",
    [
        '{"professionnel": null, "code": "71839264"}',
        '{"professionnel": "810999990012", "code_deblocage": "71839264", "nouveau_code": "7183"}',
        '{"carte": {"pin": "7183", "authentification": "cps-810999990012-auth"}}',
    ],
)
def test_codes_of_a_card_are_hidden_in_gestures(gesture: str) -> None:
    shown = redacted_text(gesture)
    assert "7183" not in shown
    assert "‹secret›" in shown


@pytest.mark.parametrize("code", ["00", "insi_24", "DMPInvalidCertificate"])
def test_codes_of_answers_are_left(code: str) -> None:
    text = f'{{"insi": {{"code": "{code}"}}}}'
    assert redacted_text(text) == text
