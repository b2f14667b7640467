"""Mailboxes by imaplib (witness: the stdlib's client) and by bare sockets."""

from __future__ import annotations

import contextlib
import imaplib
import re
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.exchange import Outcome
from simulators.mssante import imap_mime
from simulators.mssante.imap_fetch import octets_of
from simulators.mssante.imap_syntax import ImapSyntaxError, number_set, read_command, string
from simulators.platform import Platform
from simulators.testing import exchanges, trust, wait_for
from tests.rules.mssante.mails import TEXT, assembled, attachment, documents_mail, plain_mail
from tests.simulators.mssante.clients import Doctor, Wire

MAIL = documents_mail()


@pytest.fixture
def box(louise: Doctor) -> imaplib.IMAP4:
    """Louise's inbox with three mails, opened."""
    session = louise.imap()
    for rank in range(3):
        mail = MAIL if rank == 0 else plain_mail(Subject=f"=?utf-8?q?=C3=89t=C3=A9?= {rank}")
        assert session.append("INBOX", "", imaplib.Time2Internaldate(0), mail)[0] == "OK"
    session.select()
    return session


def one(answer: tuple[str, list[object]]) -> bytes:
    """The data of an accepted answer, joined."""
    assert answer[0] == "OK", answer
    parts = (item if isinstance(item, tuple) else (item,) for item in answer[1])
    return b" ".join(bytes(word) for part in parts for word in part if word is not None)  # type: ignore[arg-type]


def test_capabilities_and_folders(box: imaplib.IMAP4) -> None:
    assert {"AUTH=XOAUTH2", "SASL-IR", "IDLE", "UIDPLUS", "MOVE", "SPECIAL-USE"} <= set(
        box.capabilities
    ) | set(one(box.capability()).decode().split())
    listed = one(box.list()).decode()
    assert '(\\HasNoChildren \\Sent) "/" "Sent"' in listed
    assert one(box.list('""', "%")).decode() == listed
    assert b"Sent" not in one(box.list('""', "inbox"))
    assert b"\\Noselect" in one(box.list('""', '""'))


def test_select_tells_the_folder(box: imaplib.IMAP4) -> None:
    assert one(box.select()) == b"3"
    assert box.untagged_responses["UIDNEXT"] == [b"4"]
    assert box.untagged_responses["UIDVALIDITY"][0].isdigit()
    assert box.select("Inconnu")[0] == "NO"
    assert box.state == "AUTH"


def test_fetch_gives_octets_as_received(box: imaplib.IMAP4) -> None:
    _, answer = box.fetch("1", "(UID RFC822.SIZE BODY.PEEK[])")
    assert answer[0][1] == MAIL  # type: ignore[index]
    assert f"UID 1 RFC822.SIZE {len(MAIL)}".encode() in answer[0][0]  # type: ignore[index]
    assert b"\\Seen" not in one(box.fetch("1", "FLAGS"))
    box.fetch("1", "(RFC822)")
    assert b"\\Seen" in one(box.fetch("1", "FLAGS"))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]", b"\r\n\r\n"),
        ("BODY.PEEK[HEADER.FIELDS.NOT (DATE)]", b"Message-ID"),
        ("BODY.PEEK[HEADER]", b"MIME-Version: 1.0"),
        ("BODY.PEEK[TEXT]", b"--limite--"),
        ("BODY.PEEK[1]", "Bonjour à vous".encode()),
        ("BODY.PEEK[1.MIME]", b'charset="utf-8"'),
        ("BODY.PEEK[2]<0.4>", b"UEsD"),
        ("BODY.PEEK[9]", b"NIL"),
        ("BODYSTRUCTURE", b'("application" "zip" ("name" "IHE_XDM.zip")'),
        ("BODY", b'"mixed"'),
        ("ENVELOPE", b"un.premier@medecin.banc.mssante.fr"),
        ("INTERNALDATE", b" 1-Jan-1970"),
        ("FULL", b"RFC822.SIZE"),
        ("RFC822.HEADER", b"X-MSS-NIL"),
        ("RFC822.TEXT", b"Bonjour"),
    ],
)
def test_items_of_fetch(box: imaplib.IMAP4, asked: str, expected: bytes) -> None:
    assert expected in one(box.fetch("1", f"({asked})" if " " not in asked else asked))


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("ALL", b"1 2 3"),
        ('SUBJECT "XDM/1.0"', b"1"),
        ("UNSEEN SMALLER 2000", b"2 3"),
        ("OR 1 3", b"1 3"),
        ("NOT (SEEN)", b"1 2 3"),
        ("UID 2:*", b"2 3"),
        ("HEADER X-MSS-NIL 900042", b"1 2 3"),
        ("FROM louise SINCE 1-Jan-1960", b"1 2 3"),
        ("SENTON 12-Mar-2026 LARGER 10", b"1 2 3"),
        ("BEFORE 1-Jan-1960", b""),
        ("TEXT IHE_XDM", b"1"),
        ("KEYWORD $MDNSent", b""),
        ("NEW", b""),
        ("CC personne", b""),
    ],
)
def test_search(box: imaplib.IMAP4, criteria: str, found: bytes) -> None:
    assert one(box.search(None, criteria)) == found


def test_search_reads_accents(box: imaplib.IMAP4) -> None:
    box.literal = "Été".encode()
    assert one(box.uid("SEARCH", "CHARSET", "UTF-8", "SUBJECT")) == b"2 3"


def test_flags(box: imaplib.IMAP4) -> None:
    assert b"\\Flagged" in one(box.store("1:2", "+FLAGS", "(\\Flagged \\seen)"))
    assert b"\\Seen" in one(box.fetch("2", "FLAGS"))
    assert b"\\Flagged" not in one(box.store("2", "-FLAGS", "\\Flagged"))
    assert one(box.store("3", "FLAGS.SILENT", "($MDNSent)")) == b""
    assert one(box.search(None, "KEYWORD $MDNSent")) == b"3"


def test_move_copy_and_expunge(box: imaplib.IMAP4) -> None:
    assert box.uid("COPY", "2", "Drafts")[0] == "OK"
    assert box.response("COPYUID")[1][0].endswith(b" 2 1")  # type: ignore[union-attr]
    assert one(box.status("Drafts", "(MESSAGES UIDNEXT UNSEEN)")).endswith(
        b"(MESSAGES 1 UIDNEXT 2 UNSEEN 1)"
    )
    box.uid("MOVE", "1", "Trash")
    assert box.response("EXPUNGE")[1] == [b"1"]
    assert one(box.uid("SEARCH", "ALL")) == b"2 3"
    box.store("1", "+FLAGS", "\\Deleted")
    assert one(box.expunge()) == b"1"
    box.uid("STORE", "3", "+FLAGS", "\\Deleted")
    assert box.uid("EXPUNGE", "3")[0] == "OK"
    assert one(box.search(None, "ALL")) == b""
    assert box.copy("1", "Inconnu")[0] == "NO"
    box.close()
    assert one(box.select("Trash")) == b"1"


def test_reading_only(box: imaplib.IMAP4) -> None:
    box.select(readonly=True)
    box.fetch("1", "(RFC822)")
    assert b"\\Seen" not in one(box.fetch("1", "FLAGS"))
    assert box._simple_command("STORE", "1", "+FLAGS", "(\\Seen)")[0] == "NO"  # type: ignore[attr-defined]


def test_folders_of_ones_own(box: imaplib.IMAP4) -> None:
    assert box.create("Patients/2026")[0] == "OK"
    assert box.create("Patients/2026")[0] == "NO"
    assert box.rename("Patients/2026", "Archives")[0] == "OK"
    box.unsubscribe("Archives")
    assert b"Archives" not in one(box.lsub())
    box.subscribe("Archives")
    assert b"Archives" in one(box.lsub())
    assert box.append("Archives", "(\\Seen)", imaplib.Time2Internaldate(0), MAIL)[0] == "OK"
    assert box.delete("Archives")[0] == "OK"
    assert box.delete("INBOX")[0] == "NO"
    assert box.append("Archives", "", imaplib.Time2Internaldate(0), MAIL)[0] == "NO"


def test_another_session_is_told(box: imaplib.IMAP4, louise: Doctor) -> None:
    other = louise.imap()
    other.select()
    box.append("INBOX", "", imaplib.Time2Internaldate(0), MAIL)
    box.store("1", "+FLAGS", "\\Deleted")
    box.expunge()
    other.noop()
    assert other.untagged_responses["EXPUNGE"] == [b"1"]
    assert other.untagged_responses["EXISTS"][-1] == b"3"


def test_idle_tells_a_delivery(louise: Doctor, hugo: Doctor) -> None:
    wire = opened(hugo)
    wire.command("a3 SELECT INBOX")
    wire.send(b"a4 IDLE\r\n")
    assert wire.line().startswith("+")
    louise.smtp().sendmail(louise.address, [hugo.address], plain_mail())
    assert wire.line() == "* 1 EXISTS"
    wire.send(b"DONE\r\n")
    assert wire.line().startswith("a4 OK")


def test_commands_are_journaled(box: imaplib.IMAP4, platform: Platform) -> None:
    box.uid("FETCH", "1", "(BODY[])")
    box.select("Inconnu")
    observed = [e for e in exchanges(platform, "mssante") if e.operation.startswith("IMAP-")]
    operations = [e.operation for e in observed]
    assert operations == [
        "IMAP-AUTH",
        *["IMAP-APPEND"] * 3,
        "IMAP-SELECT",
        "IMAP-FETCH",
        "IMAP-SELECT",
    ]
    assert observed[1].request.body == MAIL
    assert observed[1].request.header("AUTH") == "louise.testmedecin@medecin.banc.mssante.fr"
    assert MAIL in observed[5].response.body  # type: ignore[union-attr]
    assert (observed[6].outcome, observed[6].error_code) == (Outcome.REFUSED, "NO")
    assert {e.correlation.professional for e in observed} == {"810999990012"}


# Authentication


def test_nothing_before_tls(louise: Doctor, platform: Platform) -> None:
    wire = louise.wire("imap")
    assert wire.line().startswith("* OK")
    assert "AUTH=" not in wire.command("a1 CAPABILITY")[0]
    assert wire.command("a2 AUTHENTICATE XOAUTH2 AAAA")[-1].startswith("a2 NO [PRIVACYREQUIRED]")
    assert wire.command("a3 LOGIN louise secret")[-1].startswith("a3 NO [PRIVACYREQUIRED]")
    assert wire.command("a4 SELECT INBOX")[-1].startswith("a4 BAD")
    refused = [e for e in exchanges(platform, "mssante") if e.operation == "IMAP-AUTH"]
    assert [e.request.start_line for e in refused] == ["AUTHENTICATE XOAUTH2", "LOGIN"]
    assert all(b"secret" not in e.request.body for e in refused)


def test_a_refused_token(louise: Doctor) -> None:
    wire = secured(louise)
    wire.send(b"a3 AUTHENTICATE XOAUTH2\r\n")
    assert wire.line() == "+ "
    wire.send(louise.blob("faux") + b"\r\n")
    assert wire.line().startswith("+ eyJzdGF0dXMi")
    wire.send(b"\r\n")
    assert wire.line().startswith("a3 NO [AUTHENTICATIONFAILED]")
    assert wire.command(f"a4 AUTHENTICATE XOAUTH2 {louise.blob().decode()}")[-1].startswith("a4 OK")


def test_imaplib_raises_its_own_error(louise: Doctor) -> None:
    session = louise.imap(login=False)
    answers = iter([louise.answer("faux").encode(), b""])
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        session.authenticate("XOAUTH2", lambda _challenge: next(answers))


@pytest.mark.parametrize(
    ("fault", "answer"),
    [("401-cut", "+ ey"), ("454", "a3 NO [UNAVAILABLE]"), ("401-535", "+ ey"), ("couper", "")],
)
def test_faults_of_authentication(
    louise: Doctor, platform: Platform, fault: str, answer: str
) -> None:
    wire = secured(louise)
    token = louise.blob().decode()
    platform.kernel.faults.add("mssante", "IMAP-AUTH", fault=fault)
    wire.send(f"a3 AUTHENTICATE XOAUTH2 {token}\r\n".encode())
    assert wire.line().startswith(answer)
    if fault in ("401-cut", "couper"):
        assert wire.rest() == b""


# Faults and bad input


def test_a_serverbug_on_move(box: imaplib.IMAP4, platform: Platform) -> None:
    platform.kernel.faults.add("mssante", "IMAP-MOVE", fault="serverbug")
    answer = box.uid("MOVE", "1", "Trash")
    assert answer[0] == "NO"
    assert b"[SERVERBUG]" in answer[1][0]  # type: ignore[operator]
    assert box.uid("MOVE", "1", "Trash")[0] == "OK"


def test_a_bye_in_the_middle(box: imaplib.IMAP4, platform: Platform) -> None:
    platform.kernel.faults.add("mssante", "IMAP-FETCH", fault="bye")
    with pytest.raises(imaplib.IMAP4.abort):
        box.fetch("1", "(FLAGS)")
    observed = wait_for(platform, lambda e: e.operation == "IMAP-FETCH")
    assert observed.fault == "bye"


def test_a_cut_after_append_leaves_the_mail(
    box: imaplib.IMAP4, louise: Doctor, platform: Platform
) -> None:
    platform.kernel.faults.add("mssante", "IMAP-APPEND", fault="couper-apres-traitement")
    with pytest.raises(imaplib.IMAP4.abort):
        box.append("Sent", "", imaplib.Time2Internaldate(0), MAIL)
    assert one(louise.imap().select("Sent")) == b"1"


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n",
        b"a1\r\n",
        b"a1 FETCH\r\n",
        b"a1 FETCH 1 (BODY[HEADER.FIELDS (\r\n",
        b"a1 FETCH 1 BODY[INCONNU]\r\n",
        b"a1 FETCH 0:999999999999 FLAGS\r\n",
        b"a1 STORE 1 +FLAGS (\xff)\r\n",
        b"a1 SEARCH " + b"(" * 500 + b"\r\n",
        b"a1 SEARCH SINCE 99-Foo-2026\r\n",
        b'a1 SELECT "\r\n',
        b"a1 APPEND INBOX {99999999999}\r\n",
        b"a1 APPEND INBOX\r\n",
        b'a1 APPEND INBOX "hier" {1+}\r\nx\r\n',
        b"a1 STATUS INBOX (INCONNU)\r\n",
        b"a1 CREATE \xc3\xa9\r\n",
        b"a1 UID SELECT INBOX\r\n",
        b"a1 EXECUTE __init__\r\n",
        b"\x00\x00 NOOP\r\n",
        b"a1 LOGIN {3+}\r\nabc {3+}\r\ndef\r\n",
    ],
)
def test_bad_commands_get_words_and_the_session_goes_on(louise: Doctor, noise: bytes) -> None:
    wire = opened(louise)
    wire.command("a3 SELECT INBOX")
    wire.send(noise)
    assert re.match(r"(a1|\*) (BAD|NO)", wire.line())
    assert wire.command("a9 NOOP")[-1].startswith("a9 OK")


def test_a_line_without_end_is_cut(louise: Doctor) -> None:
    wire = secured(louise)
    with contextlib.suppress(OSError):  # it closes while we write
        wire.send(b"a" * 200_000)
    assert wire.rest()[:5] in (b"* BYE", b"")
    assert louise.inbox() == []


def test_a_client_that_leaves_changes_nothing(louise: Doctor) -> None:
    wire = opened(louise)
    wire.send(b"a3 APPEND INBOX {1000}\r\nmoitie")
    wire.close()
    assert louise.inbox() == []


def test_many_sessions_at_once(louise: Doctor, platform: Platform) -> None:
    token = louise.token()
    failures: list[BaseException] = []

    def append() -> None:
        try:
            session = imaplib.IMAP4(*louise.place("imap"), timeout=20)
            session.starttls(trust(platform))
            session.authenticate("XOAUTH2", lambda _c: louise.answer(token).encode())
            for _ in range(3):
                assert session.append("INBOX", "", None, plain_mail())[0] == "OK"
            session.logout()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(louise.inbox()) == 12


def test_a_round_trip_does_not_wait_for_an_acknowledgement(box: imaplib.IMAP4) -> None:
    began = time.perf_counter()
    for _ in range(20):
        box.append("Sent", "", None, plain_mail())
    # Delayed acknowledgements would make each of them last 40 ms and more.
    assert (time.perf_counter() - began) / 20 < 0.035


# Syntax and MIME, without socket


def test_words_of_a_command() -> None:
    command = read_command(
        b'a1 UID FETCH 1:* (FLAGS BODY[HEADER.FIELDS ("A B")]) \x000\x00', [b"x"]
    )
    assert (command.tag, command.name) == ("a1", "UID FETCH")
    assert command.arguments == ("1:*", ["FLAGS", 'BODY[HEADER.FIELDS ("A B")]'], b"x")
    assert command.text.endswith("{1}")
    assert read_command(rb'a1 X "a\"b\\"', []).arguments == (rb'a"b' + b"\\",)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("1:3", [2, 3]), ("*", [9]), ("9:*", [9]), ("20:*", [9]), ("*:5", [5, 9]), ("2,5", [2, 5])],
)
def test_number_sets(text: str, chosen: list[int]) -> None:
    assert number_set(text).chosen([2, 3, 5, 9]) == chosen
    assert number_set(text).chosen([]) == []


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, b"NIL"),
        ("a", b'"a"'),
        ('"', b'"\\""'),
        ("é", b"{2}\r\n\xc3\xa9"),
        (b"\r", b"{1}\r\n\r"),
    ],
)
def test_strings(value: str | bytes | None, written: bytes) -> None:
    assert string(value) == written


def test_sections_of_an_enclosed_mail() -> None:
    inner = assembled([TEXT, attachment("a.bin", b"abc")])
    outer = assembled([TEXT, "Content-Type: message/rfc822\r\n\r\n" + inner.decode()])
    outer = outer.replace(b'boundary="limite"', b'boundary="dehors"', 1)
    head, _, body = outer.partition(b"\r\n\r\n")
    body = body.replace(b"--limite\r\n", b"--dehors\r\n", 2)
    body = body[: body.rindex(b"--limite--")] + b"--dehors--\r\n"
    root = imap_mime.parse(head + b"\r\n\r\n" + body)
    assert octets_of(root, "2.HEADER").startswith(b"Date:")  # type: ignore[union-attr]
    assert octets_of(root, "2.2").strip() == b"YWJj"  # type: ignore[union-attr]
    assert octets_of(root, "2.1.MIME").startswith(b"Content-Type: text/plain")  # type: ignore[union-attr]
    assert octets_of(root, "3") is None
    assert b'"message" "rfc822"' in imap_mime.structure(root, extended=True)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_line_surprises_the_reader(noise: bytes) -> None:
    try:
        command = read_command(noise, [b"litteral"])
    except ImapSyntaxError:
        return
    assert command.tag


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 900))
def test_no_mail_surprises_the_tree(noise: bytes, at: int) -> None:
    mail = assembled([TEXT, attachment("a", b"x")])
    root = imap_mime.parse(mail[:at] + noise + mail[at:])
    assert root.header + root.body == mail[:at] + noise + mail[at:]
    assert imap_mime.structure(root, extended=True).startswith(b"(")
    assert imap_mime.envelope(root.fields).startswith(b"(")


def secured(doctor: Doctor) -> Wire:
    """A bare connection under TLS."""
    wire = doctor.wire("imap")
    wire.line()
    wire.command("a1 STARTTLS")
    wire.secure(trust(doctor.platform))
    return wire


def opened(doctor: Doctor) -> Wire:
    """A bare authenticated connection."""
    wire = secured(doctor)
    assert wire.command(f"a2 AUTHENTICATE XOAUTH2 {doctor.blob().decode()}")[-1].startswith("a2 OK")
    return wire
