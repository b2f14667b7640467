"""Reading the inbox on a real socket, and recognising what came back."""

from __future__ import annotations

import email
from email import policy

import pytest

from reference_impl.errors import RefusedError, UnavailableError
from reference_impl.mss.bounces import recognise
from tests.reference_impl.mss.peer import CUT, imap_peer
from tests.reference_impl.mss.test_smtp import Tokens, mss_client
from tests.reference_impl.story import LOUISE
from tests.shared_data import GOLDEN, needs_shared

MESSAGE = (
    b"From: Hugo <hugo.testcardio@cardio.banc.mssante.fr>\r\n"
    b"Subject: XDM/1.0/DDM+Lettre TESTAVRIL CAMILLE 12/07/1985\r\n"
    b"Message-ID: <abc@cardio.banc.mssante.fr>\r\n\r\nBonjour\r\n"
)
BOUNCE = (
    b"From: mailer-daemon@patient.mssante.fr\r\n"
    b"Subject: =?utf-8?q?Message_non_distribu=C3=A9?=\r\n"
    b"In-Reply-To: <xyz@medecin.banc.mssante.fr>\r\nMessage-ID: <r@patient.mssante.fr>\r\n\r\n."
)


def mailbox(*messages, refused=0):
    """Answers of a server whose INBOX holds these messages; it refuses some first tokens."""
    numbers = " ".join(str(n) for n in range(1, len(messages) + 1))

    def answer(command, connection):
        if len(command) > 40 and " " not in command:
            return b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n" if connection <= refused else None
        if command.upper().startswith("UID FETCH"):
            return _fetched(messages[int(command.split()[2]) - 1])
        return {
            "CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=XOAUTH2\r\nTAG OK fait\r\n",
            "AUTHENTICATE XOAUTH2": b"+ \r\n",
            "": b"TAG NO [AUTHENTICATIONFAILED] jeton refuse\r\n",
            "UID SEARCH ALL": f"* SEARCH {numbers}\r\nTAG OK fait\r\n".encode(),
        }.get(command.upper())

    return answer


def _fetched(content):
    head = f"* 1 FETCH (BODY[] {{{len(content)}}}\r\n".encode()
    return head + content + b")\r\nTAG OK fait\r\n"


def test_the_inbox_lists_messages_without_the_prefix_made_for_machines():
    with imap_peer(mailbox(MESSAGE, BOUNCE)) as peer:
        first, second = mss_client(peer.address).inbox(LOUISE)
    assert first.subject == "Lettre TESTAVRIL CAMILLE 12/07/1985"
    assert first.sender == "Hugo <hugo.testcardio@cardio.banc.mssante.fr>"
    assert first.message_id == "<abc@cardio.banc.mssante.fr>"
    assert second.subject == "Message non distribué"


def test_starttls_before_the_token_and_nothing_is_marked_as_read():
    with imap_peer(mailbox(MESSAGE)) as peer:
        mss_client(peer.address).inbox(LOUISE)
    words = [heard.upper() for heard in peer.heard]
    assert words.index("STARTTLS") < words.index("AUTHENTICATE XOAUTH2")
    assert "EXAMINE INBOX" in words
    assert any("BODY.PEEK" in word for word in words)


def test_an_empty_inbox():
    with imap_peer(mailbox()) as peer:
        assert mss_client(peer.address).inbox(LOUISE) == ()


def test_a_refused_token_is_renewed_once():
    tokens = Tokens()
    with imap_peer(mailbox(MESSAGE, refused=1)) as peer:
        assert len(mss_client(peer.address, tokens).inbox(LOUISE)) == 1
    assert tokens.asked == ["premier", "second"]


def test_a_second_refusal_is_final():
    tokens = Tokens()
    with imap_peer(mailbox(MESSAGE, refused=9)) as peer, pytest.raises(RefusedError) as refused:
        mss_client(peer.address, tokens).inbox(LOUISE)
    assert refused.value.code == "JETON_REFUSE"
    assert tokens.asked == ["premier", "second"]


def test_a_refusal_of_the_mailbox_is_an_unavailable_service():
    def answer(command, connection):
        if command.upper().startswith("EXAMINE"):
            return b"TAG NO [SERVERBUG] Internal error\r\n"
        return mailbox()(command, connection)

    with imap_peer(answer) as peer, pytest.raises(UnavailableError):
        mss_client(peer.address).inbox(LOUISE)


def test_a_cut_in_the_middle_is_an_unavailable_service():
    def answer(command, connection):
        return CUT if command.startswith("UID") else mailbox()(command, connection)

    with imap_peer(answer) as peer, pytest.raises(UnavailableError):
        mss_client(peer.address).inbox(LOUISE)


def test_bounces_are_told_apart_from_mails():
    with imap_peer(mailbox(MESSAGE, BOUNCE)) as peer:
        (bounce,) = mss_client(peer.address).bounces(LOUISE)
    assert bounce.message_id == "<xyz@medecin.banc.mssante.fr>"
    assert bounce.explanation == "Message non distribué : la remise a échoué."


def golden(name):
    content = (GOLDEN / "mssante" / f"{name}.eml").read_bytes()
    return email.message_from_bytes(content, policy=policy.default)


@needs_shared
@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("11-mes-messagerie-fermee", "5.2.1", "fermée"),
        ("12-mes-message-trop-gros", "5.3.4", "trop volumineux"),
    ],
)
def test_golden_bounces_give_their_cause(name, status, reason):
    bounce = recognise(golden(name))
    assert bounce is not None
    assert bounce.status == status
    assert reason in bounce.explanation
    assert bounce.recipient == "285073306304208@patient.mssante.fr"
    assert bounce.message_id == "<b02b5d79-c3e4-5522-ab5b-0310d2ab18fd@medecin.banc.mssante.fr>"


@needs_shared
@pytest.mark.parametrize(
    "name",
    [
        "05a-question-du-correspondant",
        "08-mdn-traite",
        "08b-mdn-affiche",
        "09-mdn-erreur-904",
        "13-reponse-usager",
    ],
)
def test_other_golden_mails_are_no_bounce(name):
    assert recognise(golden(name)) is None


def test_a_delay_is_no_bounce():
    report = (
        "Subject: Delayed\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        "Final-Recipient: rfc822; a@b.fr\r\nAction: delayed\r\nStatus: 4.4.1\r\n--b--\r\n"
    )
    assert recognise(email.message_from_string(report, policy=policy.default)) is None
