"""Submission on a real socket: what the client says, and how it tells the outcome."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from reference_impl.errors import OutcomeUnknownError, RefusedError, UnavailableError
from reference_impl.mss.client import MssClient
from reference_impl.people import HostPort, MssSettings
from tests.reference_impl.mss.peer import CUT, server_files, smtp_peer
from tests.reference_impl.story import ENVIRONMENT, card, mail, written

REFUSAL = "334 " + base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}').decode(
    "ascii"
)
LETTER = written()


@dataclass
class Tokens:
    """Two tokens: the one at hand, and the one of a renewal."""

    asked: list[str] = field(default_factory=list)

    def access_token(self, professional):
        self.asked.append("premier")
        return "premier-jeton-de-session-psc-en-cours"

    def renewed_token(self, professional):
        self.asked.append("second")
        return "second-jeton-de-session-psc-renouvele"


def mss_client(address, tokens=None):
    settings = MssSettings(address, address, "", "", ())
    environment = replace(ENVIRONMENT, trust_path=server_files()[0], mss=settings)
    return MssClient(environment, tokens or Tokens(), timeout=5)


@contextmanager
def served(**replies):
    """A peer that answers otherwise to some words: ``MAIL="451 plus tard"``."""

    def answer(line, _connection):
        word = line.partition(" ")[0].partition(":")[0].upper()
        return replies.get("DOT" if line == "." else word)

    with smtp_peer(answer) as peer:
        yield peer


def send(peer, tokens=None, **changes):
    changes.setdefault("documents", (LETTER,))
    return mss_client(peer.address, tokens).send(mail(**changes))


def sasl(token):
    return base64.b64encode(
        f"user=louise.testmedecin@medecin.banc.mssante.fr\x01auth=Bearer {token}\x01\x01".encode()
    ).decode("ascii")


def test_starttls_comes_first_then_xoauth2_without_initial_response():
    with served() as peer:
        result = send(peer)
    words = [line.partition(" ")[0] for line in peer.heard]
    assert words[:4] == ["ehlo", "STARTTLS", "ehlo", "AUTH"]
    assert peer.heard[3] == "AUTH XOAUTH2"
    assert peer.heard[4] == sasl("premier-jeton-de-session-psc-en-cours")
    assert result.message_id == mail().message_id
    assert result.refused == ()


def test_the_envelope_is_the_mailbox_and_the_recipients():
    with served() as peer:
        send(peer, recipients=("a@cardio.banc.mssante.fr", "b@cardio.banc.mssante.fr"))
    commands = [h for h in peer.heard if h.lower().startswith(("mail", "rcpt"))]
    assert (
        commands[0]
        .lower()
        .startswith("mail from:<louise.testmedecin@medecin.banc.mssante.fr> size=")
    )
    assert [c.partition(":")[2] for c in commands[1:]] == [
        "<a@cardio.banc.mssante.fr>",
        "<b@cardio.banc.mssante.fr>",
    ]


def test_lines_that_begin_with_a_dot_arrive_whole():
    with served() as peer:
        send(peer, text="avant\n.\n..deux\naprès", documents=())
    assert b"\r\n.\r\n..deux\r\n" in peer.contents[0]


def test_a_mail_tried_again_is_the_same_to_the_last_byte():
    with served() as peer:
        for _ in range(2):
            send(peer)
    assert peer.contents[0] == peer.contents[1]


def test_a_refused_token_is_renewed_once():
    tokens = Tokens()

    def answer(line, connection):
        if connection == 1 and line == sasl("premier-jeton-de-session-psc-en-cours"):
            return REFUSAL
        return "535 5.7.8 refus" if connection == 1 and line == "" else None

    with smtp_peer(answer) as peer:
        send(peer, tokens)
    assert tokens.asked == ["premier", "second"]
    assert sasl("second-jeton-de-session-psc-renouvele") in peer.heard
    assert len(peer.contents) == 1


def test_a_token_refused_by_a_cut_is_renewed_too():
    tokens = Tokens()

    def answer(line, connection):
        refused = line == sasl("premier-jeton-de-session-psc-en-cours")
        return CUT if connection == 1 and refused else None

    with smtp_peer(answer) as peer:
        send(peer, tokens)
    assert tokens.asked == ["premier", "second"]


def test_a_second_refusal_is_told_to_the_user_and_nothing_more_is_tried():
    tokens = Tokens()

    def answer(line, _connection):
        if len(line) > 40 and " " not in line:
            return REFUSAL
        return "535 5.7.8 refus" if line == "" else None

    with smtp_peer(answer) as peer, pytest.raises(RefusedError) as refused:
        send(peer, tokens)
    assert refused.value.code == "JETON_REFUSE"
    assert tokens.asked == ["premier", "second"]
    assert sum(line == "AUTH XOAUTH2" for line in peer.heard) == 2
    assert "jeton-de-session" not in refused.value.message


@pytest.mark.parametrize("word", ["MAIL", "RCPT", "DATA", "DOT"])
def test_5xx_is_final_and_4xx_is_to_be_tried_again(word):
    with served(**{word: "550 5.1.1 inconnu"}) as peer, pytest.raises(RefusedError) as refused:
        send(peer)
    assert refused.value.code == "SMTP_550"
    with served(**{word: "451 4.3.0 plus tard"}) as peer, pytest.raises(UnavailableError) as later:
        send(peer)
    assert later.value.code == "SMTP_451"


def test_one_recipient_refused_does_not_keep_the_others_from_it():
    def answer(line, _connection):
        return "550 5.1.1 inconnu" if "b@cardio" in line else None

    with smtp_peer(answer) as peer:
        result = send(peer, recipients=("a@cardio.banc.mssante.fr", "b@cardio.banc.mssante.fr"))
    assert result.refused == (("b@cardio.banc.mssante.fr", "550 5.1.1 inconnu"),)
    assert len(peer.contents) == 1


def test_a_cut_after_the_dot_leaves_the_outcome_unknown():
    with served(DOT=CUT) as peer, pytest.raises(OutcomeUnknownError):
        send(peer)
    assert len(peer.contents) == 1


@pytest.mark.parametrize("word", ["EHLO", "STARTTLS", "MAIL", "DATA"])
def test_a_cut_before_the_content_left_nothing(word):
    with served(**{word: CUT}) as peer, pytest.raises(UnavailableError):
        send(peer)
    assert peer.contents == []


def test_a_bad_goodbye_does_not_undo_what_was_accepted():
    with served(QUIT="421 adieu") as peer:
        assert send(peer).message_id == mail().message_id


def test_without_starttls_no_token_leaves():
    with served(STARTTLS="502 non") as peer, pytest.raises(UnavailableError):
        send(peer)
    assert not any("AUTH" in line for line in peer.heard)


def test_a_server_of_an_unknown_authority_is_refused():
    with served() as peer:
        environment = mss_client(peer.address)._environment
        stranger = replace(environment, trust_path=card().chain_path)
        client = MssClient(stranger, Tokens(), timeout=5)
        with pytest.raises(UnavailableError) as refused:
            client.send(mail(documents=(LETTER,)))
    assert refused.value.code == "TLS_REFUSE"
    assert not any("AUTH" in line for line in peer.heard)


def test_a_closed_port_is_an_unavailable_service():
    with served() as peer:
        address = peer.address
    with pytest.raises(UnavailableError):
        mss_client(HostPort(address.host, address.port)).send(mail(documents=(LETTER,)))
