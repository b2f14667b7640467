"""Sessions: TLS offered, STARTTLS first, XOAUTH2, retries."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from joserfc import jwk, jws

from rules.artefact import MalformedError
from rules.exchange import Exchange, Outcome, TlsPeer
from rules.formats.xoauth2 import blob, parse_xoauth2
from rules.judge import JournalView, judge_journal
from tests.rules.mssante.mails import LOUISE, NOON, WORLD, exchange, plain_mail

KEY = jwk.RSAKey.generate_key(2048, {"kid": "cle"}, private=True)
OTHER_KEY = jwk.RSAKey.generate_key(2048, {"kid": "cle"}, private=True)
ISSUER = "https://auth.banc/realms/esante-wallet"
TESTED = replace(WORLD, psc_keys=(KEY.as_dict(private=False),), psc_issuer=ISSUER)
SUITES = (0x1301, 0x1302, 0x1303, 0x00FF, 0xC030, 0xC02F, 0x009F)
PEER = TlsPeer("TLSv1.3", "TLS_AES_256_GCM_SHA384", None, None, ("TLSv1.3", "TLSv1.2"), SUITES)


def token(key: jwk.RSAKey = KEY, **claims: object) -> str:
    said = {
        "iss": ISSUER,
        "typ": "Bearer",
        "exp": int(NOON.timestamp()) + 120,
        "SubjectNameID": "810999990012",
    }
    return jws.serialize_compact({"alg": "RS256", "kid": "cle"}, json.dumps(said | claims), key)


def auth(
    sent: bytes | None = None,
    *,
    answer: str = "235 2.7.0 Authentication successful",
    operation: str = "SMTP-AUTH",
    start: str = "AUTH XOAUTH2",
    tls: TlsPeer | None = PEER,
    seconds: int = 0,
) -> Exchange:
    body = blob(LOUISE, token()) if sent is None else sent
    return exchange(operation, start, body, answer, tls=tls, seconds=seconds)


def raised(*exchanges: Exchange) -> list[str]:
    judgement = judge_journal(JournalView(exchanges), TESTED)
    return sorted({f.check_id for f in judgement.findings if f.check_id.startswith("MSS-")})


def test_a_conformant_session_raises_nothing() -> None:
    session = (auth(), auth(operation="IMAP-AUTH", start="AUTHENTICATE XOAUTH2", seconds=1))
    judgement = judge_journal(JournalView(session), TESTED)
    assert raised(*session) == []
    wanted = {"MSS-T01", "MSS-T02", "MSS-T03", "MSS-A01", "MSS-A02", "MSS-A03"}
    assert wanted <= judgement.evaluated


@pytest.mark.parametrize(
    ("sent", "check_id"),
    [
        (b"pas du base64 !", "MSS-A01"),
        (blob(LOUISE, token()).replace(b"d", b"", 1), "MSS-A01"),
        (blob(LOUISE, "opaque"), "MSS-A01"),
        (blob(LOUISE, token(OTHER_KEY)), "MSS-A01"),
        (blob(LOUISE, token(iss="https://ailleurs")), "MSS-A01"),
        (blob(LOUISE, token(SubjectNameID="810999990178")), "MSS-A01"),
        (blob(LOUISE, token(exp=int(NOON.timestamp()) - 1)), "MSS-A02"),
        (blob(LOUISE, token(exp=None)), "MSS-A02"),
    ],
)
def test_a_token_that_should_not_be_shown(sent: bytes, check_id: str) -> None:
    assert raised(auth(sent, answer="535 5.7.8 Non")) == [check_id]


def test_an_issuer_not_told_is_not_compared() -> None:
    world = replace(TESTED, psc_issuer=None)
    sent = auth(blob(LOUISE, token(iss="https://ailleurs")))
    found = judge_journal(JournalView((sent,)), world).findings
    assert not [f for f in found if f.check_id.startswith("MSS-")]


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", ""])
def test_another_mechanism(mechanism: str) -> None:
    assert raised(auth(b"", start=f"AUTH {mechanism}".strip(), answer="504 5.5.4 Non")) == [
        "MSS-A01"
    ]


def test_plain_is_for_a_client_certificate() -> None:
    assert raised(auth(b"", start="AUTH PLAIN", tls=replace(PEER, certificate=b"der"))) == []


def test_an_imap_login_is_no_xoauth2() -> None:
    login = auth(b"", operation="IMAP-AUTH", start="LOGIN", answer="NO [CANNOT] Non")
    assert raised(login) == ["MSS-A01"]


@pytest.mark.parametrize(
    "observed",
    [
        auth(tls=None, answer="530 5.7.0 STARTTLS"),
        exchange("SMTP", f"MAIL FROM:<{LOUISE}>", plain_mail(), tls=None),
    ],
    ids=["auth", "mail"],
)
def test_nothing_before_starttls(observed: Exchange) -> None:
    assert raised(observed) == ["MSS-T03"]


@pytest.mark.parametrize(
    "tls",
    [
        replace(PEER, offered_versions=("TLSv1.2", "TLSv1.1")),
        replace(PEER, offered_versions=("SSLv3",)),
        TlsPeer("TLSv1.1", "ECDHE-RSA-AES256-SHA"),
    ],
)
def test_old_versions(tls: TlsPeer) -> None:
    assert raised(auth(tls=tls)) == ["MSS-T01"]


@pytest.mark.parametrize("suite", [0xC014, 0xC02C, 0x000A])
def test_suites_out_of_the_list(suite: int) -> None:
    assert raised(auth(tls=replace(PEER, offered_ciphers=(*SUITES, suite)))) == ["MSS-T02"]


def test_grease_and_signals_are_no_suites() -> None:
    assert raised(auth(tls=replace(PEER, offered_ciphers=(0x0A0A, 0x5600, *SUITES)))) == []


def test_suites_are_not_evaluated_when_unseen() -> None:
    judgement = judge_journal(JournalView((auth(tls=TlsPeer("TLSv1.3")),)), TESTED)
    assert "MSS-T02" in {name for name, _ in judgement.skipped}


# Retries


def refused(seconds: int, **claims: object) -> Exchange:
    sent = blob(LOUISE, token(**{"jti": str(seconds), **claims}))
    return auth(sent, answer="535 5.7.8 Non", seconds=seconds)


def test_one_retry_with_another_token_is_right() -> None:
    assert raised(refused(0), refused(2)) == []


def test_the_same_token_twice() -> None:
    assert raised(refused(0, jti="un"), refused(2, jti="un")) == ["MSS-A03"]


def test_silence_refuses_no_token() -> None:
    sent = blob(LOUISE, token(jti="un"))
    silent = replace(auth(sent), response=None, answered_at=None, outcome=Outcome.UNANSWERED)
    assert raised(silent, auth(sent, seconds=2)) == []


def test_a_second_retry() -> None:
    assert raised(refused(0), refused(2), refused(4)) == ["MSS-A03"]


def test_later_is_another_attempt() -> None:
    assert raised(refused(0), refused(2), refused(70)) == []


@pytest.mark.parametrize("sent", [b"", b"dXNlcj0=", b"AAAA"])
def test_unreadable_answers_show_no_token(sent: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_xoauth2(sent)
    assert len(caught.value.finding.found) <= 61
