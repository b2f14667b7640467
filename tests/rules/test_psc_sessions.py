"""Rules over a journal: a conformant story says nothing, a defect says exactly its rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from joserfc import jwk

from rules.context import Environment
from rules.exchange import Message
from rules.findings import Finding, Severity
from rules.judge import JournalView, judge_sequence
from tests.rules.psc_messages import (
    ISSUER,
    KEY,
    REDIRECT,
    REQUEST,
    Story,
    access_token,
    answer,
    get,
    id_token,
    post,
    returned,
)

ENVIRONMENT = Environment(psc_issuer=ISSUER, psc_keys=(KEY.as_dict(private=False),))
OTHER = {"state": "0d5d8f38906d4bd1b1ed364098667148", "nonce": "756fefced8284472b93d151bdc798e72"}


def findings(story: Story) -> list[Finding]:
    judgement = judge_sequence(JournalView(tuple(story.exchanges)), ENVIRONMENT)
    return [f for f in judgement.findings if f.check_id.startswith("PSC-")]


def raised(story: Story) -> list[str]:
    return [f.check_id for f in findings(story)]


def logged_in(**changes: str) -> Story:
    story = Story()
    story.authorize(**changes)
    story.token()
    return story


def test_a_conformant_story_raises_nothing() -> None:
    story = logged_in()
    story.userinfo(access_token(story.now - timedelta(seconds=1)))
    story.refresh()
    story.authorize("c2", **OTHER)
    story.gesture("session.close")
    story.add("logout", get("/logout", {"id_token_hint": id_token()}), returned())
    assert findings(story) == []


def test_a_page_loaded_twice_is_no_reuse() -> None:
    story = Story()
    shown = Message("HTTP/1.1 200 OK", (("Content-Type", "text/html"),), b"<html>")
    story.add("authorize", get("/auth", REQUEST), shown)
    story.add("authorize", get("/auth", REQUEST), shown)
    story.authorize()
    assert findings(story) == []


@pytest.mark.parametrize("name", ["state", "nonce"])
def test_a_value_that_serves_twice(name: str) -> None:
    story = Story()
    story.authorize()
    story.authorize("c2", **(OTHER | {name: REQUEST[name]}))
    (finding,) = findings(story)
    assert (finding.check_id, finding.place) == ("PSC-02", f"paramètre {name}")
    assert finding.exchange_id == "e2"


@pytest.mark.parametrize("value", ["1", "12345678", "abcdef0123", "etat"])
def test_a_guessable_state(value: str) -> None:
    assert raised(logged_in(state=value)) == ["PSC-02"]


def test_a_state_close_to_the_last_one_is_to_be_looked_at() -> None:
    story = Story()
    for number in ("1", "2"):
        asked = OTHER | {"state": f"session-du-cabinet-numero-{number}", "nonce": number * 32}
        story.authorize(f"c{number}", **asked)
    assert [(f.check_id, f.severity) for f in findings(story)] == [("PSC-02", Severity.REVIEW)]


def test_uuids_are_good_random_values() -> None:
    story = Story()
    for number, value in enumerate(
        ("7f1a1c1e-58a6-4b7e-9d53-0f62f19c4a11", "c2d7b9a0-13f4-4c02-8aab-96e8d1f03b55")
    ):
        story.authorize(f"c{number}", state=value, nonce=value[::-1])
    assert findings(story) == []


@pytest.mark.parametrize("state", ["autre", ""])
def test_a_code_changed_in_spite_of_a_false_state(state: str) -> None:
    story = Story()
    story.authorize(back=state)
    assert findings(story) == []
    story.token()
    assert raised(story) == ["PSC-03"]


def test_a_choice_on_the_page_counts_as_a_login() -> None:
    story = Story()
    form = {"demande": get("", REQUEST).target[1:], "professionnel": "810999990012"}
    story.add("choix", post("/auth/choix", form), returned(code="c1", state="autre"))
    story.token()
    assert raised(story) == ["PSC-03"]


def test_a_verifier_that_never_comes() -> None:
    story = Story()
    story.authorize()
    story.token(code_verifier="")
    assert raised(story) == ["PSC-08"]


def test_another_return_address() -> None:
    story = Story()
    story.authorize()
    story.token(redirect_uri=REDIRECT + "/")
    assert raised(story) == ["PSC-10"]


def lied_to(make: Callable[[Story], str]) -> Story:
    """A login whose id_token is false."""
    story = Story()
    story.authorize()
    story.token(
        {
            "access_token": access_token(story.now),
            "refresh_token": "r1",
            "id_token": make(story),
        }
    )
    return story


def use_the_access_token(story: Story) -> None:
    story.userinfo(access_token(story.now - timedelta(seconds=1)))


def use_the_refresh_token(story: Story) -> None:
    story.refresh()


LIES: dict[str, tuple[str, Callable[[Story], str]]] = {
    "nonce": ("PSC-04", lambda s: id_token(s.now, nonce="autre")),
    "sans nonce": ("PSC-04", lambda s: id_token(s.now, nonce=None)),
    "audience": ("PSC-05", lambda s: id_token(s.now, aud="autre-client")),
    "émetteur": ("PSC-05", lambda s: id_token(s.now, iss="https://autre.example")),
    "exp": ("PSC-05", lambda s: id_token(s.now - timedelta(hours=1))),
    "clé": (
        "PSC-05",
        lambda s: id_token(s.now, jwk.RSAKey.generate_key(2048, {"kid": "inconnue"})),
    ),
    "signature": ("PSC-05", lambda s: id_token(s.now)[:-8] + "AAAAAAAA"),
}


@pytest.mark.parametrize("use", [use_the_access_token, use_the_refresh_token])
@pytest.mark.parametrize("lie", LIES)
def test_tokens_used_in_spite_of_a_false_id_token(lie: str, use: Callable[[Story], None]) -> None:
    check_id, make = LIES[lie]
    story = lied_to(make)
    assert findings(story) == []
    use(story)
    assert raised(story) == [check_id]


def test_a_key_published_after_rotation_is_good() -> None:
    new = jwk.RSAKey.generate_key(2048, {"kid": "cle-2"})
    story = lied_to(lambda s: id_token(s.now, new))
    story.add(
        "jwks", Message("GET /certs HTTP/1.1"), answer({"keys": [new.as_dict(private=False)]})
    )
    use_the_refresh_token(story)
    assert findings(story) == []


def test_a_refused_refresh_token_presented_again() -> None:
    story = logged_in()
    story.refresh(status=400)
    assert findings(story) == []
    story.refresh(status=400)
    assert raised(story) == ["PSC-12"]


def test_a_logout_that_leaves_psc_open() -> None:
    story = logged_in()
    story.gesture("session.close")
    (finding,) = findings(story)
    assert (finding.check_id, finding.exchange_id) == ("PSC-20", "e3")


def test_a_logout_long_after_the_last_token_owes_nothing() -> None:
    story = logged_in()
    story.now += timedelta(minutes=31)
    story.gesture("session.close")
    assert findings(story) == []


def test_a_logout_may_come_before_the_answer_of_the_gesture() -> None:
    story = logged_in()
    story.add("logout", get("/logout", {"id_token_hint": id_token()}), returned())
    story.gesture("session.close")
    assert findings(story) == []
