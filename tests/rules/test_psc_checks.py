"""Each rule on one message: conformant says nothing, a named defect says exactly that rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.context import Context, Environment, PscClient
from rules.exchange import Message, TlsPeer
from rules.findings import Severity
from rules.formats.psc import present_token
from rules.formats.psc_reading import read_request
from rules.judge import judge_artefact, judge_reading, read
from tests.rules.psc_messages import (
    AT,
    BASIC,
    CLIENT,
    REDIRECT,
    REQUEST,
    SECRET,
    TLS,
    Story,
    access_token,
    get,
    id_token,
    post,
)

TOKEN = {"grant_type": "authorization_code", "code": "c", "redirect_uri": REDIRECT}
PUBLIC = Environment(psc_clients=(PscClient(CLIENT, (REDIRECT,), public=True),))


def found(message: Message, **circumstances: object) -> list[tuple[str, Severity | None]]:
    context = Context(observed_at=AT, tls=TLS, **circumstances)  # type: ignore[arg-type]
    (artefact,) = read_request(message)
    return [(f.check_id, f.severity) for f in judge_artefact(artefact, context).findings]


def test_conformant_messages_raise_nothing() -> None:
    basic = ("Authorization", BASIC)
    for message in (
        get("/auth", REQUEST),
        post("/token", TOKEN, basic),
        post("/token", {"grant_type": "refresh_token", "refresh_token": "r"}, basic),
        post("/ext/ciba/auth", {"login_hint": "810999990012"}, basic),
        get("/userinfo", {}, ("Authorization", f"Bearer {access_token()}")),
        get("/logout", {"id_token_hint": id_token()}),
    ):
        assert found(message) == [], message.start_line


@pytest.mark.parametrize(
    ("change", "check_id", "severity"),
    [
        ({"response_type": "token"}, "PSC-02", Severity.BLOCKING),
        ({"response_type": ""}, "PSC-02", Severity.BLOCKING),
        ({"scope": "openid"}, "PSC-02", Severity.BLOCKING),
        ({"scope": "scope_all"}, "PSC-02", Severity.BLOCKING),
        ({"state": ""}, "PSC-02", Severity.BLOCKING),
        ({"nonce": ""}, "PSC-02", Severity.BLOCKING),
        ({"acr_values": ""}, "PSC-34", Severity.BLOCKING),
        ({"acr_values": "1"}, "PSC-34", Severity.BLOCKING),
        ({"acr_values": "eidas2"}, "PSC-34", Severity.INFO),
        ({"code_challenge": ""}, "PSC-08", Severity.INFO),
        ({"code_challenge_method": "plain"}, "PSC-08", Severity.INFO),
        ({"redirect_uri": "http://lgc.exemple/retour"}, "PSC-10", Severity.BLOCKING),
        ({"redirect_uri": "http://[:"}, "PSC-10", Severity.BLOCKING),
        ({"redirect_uri": ""}, "PSC-10", Severity.BLOCKING),
    ],
)
def test_a_defect_of_the_authorization_request(
    change: dict[str, str], check_id: str, severity: Severity
) -> None:
    assert found(get("/auth", {**REQUEST, **change})) == [(check_id, severity)]


def test_the_missing_scopes_are_named() -> None:
    (artefact,) = read_request(get("/auth", {**REQUEST, "scope": "openid"}))
    (finding,) = judge_artefact(artefact, Context()).findings
    assert "scope_all" in finding.advice
    assert finding.exigences == ("SC.PSC.01", "PSC/va1.01")


def test_a_loopback_return_address_of_a_desktop_client_is_admitted() -> None:
    assert found(get("/auth", {**REQUEST, "redirect_uri": "http://127.0.0.1:8123/r"})) == []


def test_pkce_is_owed_by_a_public_client() -> None:
    without = {k: v for k, v in REQUEST.items() if not k.startswith("code_")}
    assert found(get("/auth", without), environment=PUBLIC) == [("PSC-08", Severity.MAJOR)]
    assert found(get("/auth", REQUEST), environment=PUBLIC) == []


@pytest.mark.parametrize(
    ("path", "form", "headers"),
    [
        ("/token", TOKEN, []),
        ("/token", {**TOKEN, "client_id": CLIENT, "client_secret": SECRET}, []),
        (f"/token?client_id={CLIENT}&client_secret={SECRET}", TOKEN, []),
        ("/token", TOKEN, [("Authorization", "Basic %%%")]),
        ("/ext/ciba/auth", {"login_hint": "8"}, []),
    ],
)
def test_a_client_that_does_not_authenticate_as_asked(
    path: str, form: dict[str, str], headers: list[tuple[str, str]]
) -> None:
    assert found(post(path, form, *headers)) == [("PSC-09", Severity.BLOCKING)]


def test_mutual_tls_or_a_public_client_needs_no_secret() -> None:
    message = post("/token", {**TOKEN, "client_id": CLIENT})
    (artefact,) = read_request(message)
    mutual = Context(tls=replace(TLS, certificate=b"der"))
    unknown = Context(tls=None)
    for context in (mutual, unknown, Context(tls=TLS, environment=PUBLIC)):
        assert judge_artefact(artefact, context).findings == ()


def test_a_token_request_without_return_address() -> None:
    form = {"grant_type": "authorization_code", "code": "c"}
    message = post("/token", form, ("Authorization", BASIC))
    assert found(message) == [("PSC-10", Severity.BLOCKING)]


def test_an_access_token_past_its_end() -> None:
    message = get("/userinfo", {}, ("Authorization", f"Bearer {access_token()}"))
    (artefact,) = read_request(message)
    for seconds, expected in ((119, []), (120, ["PSC-11"]), (3600, ["PSC-11"])):
        at = AT.fromtimestamp(AT.timestamp() + seconds, AT.tzinfo)
        judgement = judge_artefact(artefact, Context(observed_at=at))
        assert [f.check_id for f in judgement.findings] == expected
    skipped = judge_artefact(artefact, Context()).skipped
    assert ("PSC-11", ("observed_at",)) in skipped


def test_another_wire_may_present_a_token() -> None:
    token = present_token(access_token(), "AUTH XOAUTH2")
    assert token is not None
    late = Context(observed_at=AT.replace(hour=12))
    (finding,) = judge_artefact(token, late).findings
    assert (finding.check_id, finding.place) == ("PSC-11", "AUTH XOAUTH2")
    assert present_token("opaque", "AUTH XOAUTH2") is None


@pytest.mark.parametrize(
    "message",
    [
        get("/userinfo", {"access_token": access_token()}),
        post("/userinfo", {"access_token": access_token()}),
        get("/userinfo", {}),
    ],
)
def test_an_access_token_out_of_its_header(message: Message) -> None:
    assert found(message) == [("PSC-15", Severity.MAJOR)]


@pytest.mark.parametrize("hint", [{}, {"id_token_hint": "opaque"}])
def test_a_logout_that_names_no_session(hint: dict[str, str]) -> None:
    assert found(get("/logout", hint)) == [("PSC-20", Severity.BLOCKING)]


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        (TlsPeer("TLSv1.2", offered_versions=("TLSv1.2",)), []),
        (TLS, []),
        (TlsPeer("TLSv1.1", offered_versions=("TLSv1.1",)), [Severity.BLOCKING]),
        (TlsPeer(None, offered_versions=("TLSv1.1", "TLSv1.0")), [Severity.BLOCKING]),
        (TlsPeer("TLSv1.2", offered_versions=("TLSv1.2", "TLSv1.0")), [Severity.INFO]),
        (TlsPeer(None), []),
    ],
)
def test_old_tls(tls: TlsPeer, expected: list[Severity]) -> None:
    exchange = Story().add("TLS", Message(""), tls=tls)
    findings = judge_reading(read(exchange), Context(tls=tls)).findings
    assert [f.severity for f in findings] == expected
    assert {f.check_id for f in findings} <= {"PSC-30"}


def test_old_tls_elsewhere_is_the_affair_of_other_rules() -> None:
    old = TlsPeer("TLSv1.1", offered_versions=("TLSv1.1",))
    exchange = Story().add("session.open", Message(""), service="lgc", tls=old)
    judgement = judge_reading(read(exchange), Context(tls=old))
    assert "PSC-30" not in judgement.evaluated
