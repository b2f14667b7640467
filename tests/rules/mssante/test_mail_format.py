"""Reading mails: fields, parts, archive, reports, and what cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.artefact import MalformedError
from rules.context import Context, Envelope, envelope_of
from rules.formats.mail import parse_mail
from rules.formats.mail_headers import header, is_message_id
from rules.formats.mail_report import Dsn, Mdn
from rules.judge import judge_artefact, read
from tests.rules.mssante.mails import (
    HUGO,
    LOUISE,
    TEXT,
    assembled,
    attachment,
    documents_mail,
    exchange,
    plain_mail,
    submission,
)

MDN = (
    "Content-Type: message/disposition-notification\r\n\r\n"
    f"Original-Recipient: rfc822; {HUGO}\r\nFinal-Recipient: rfc822; {HUGO}\r\n"
    "Original-Message-ID: <a@b.fr>\r\n"
    "Disposition: automatic-action/MDN-sent-automatically; processed/Error: 902^Inconnu\r\n"
)
DSN = (
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.fr\r\n\r\n"
    f"Final-Recipient: rfc822; {HUGO}\r\nAction: failed\r\nStatus: 5.2.1 ferme\r\n"
)


def test_fields_parts_and_documents_are_read() -> None:
    message = parse_mail(documents_mail())
    assert message.sender is not None
    assert (message.sender.address, message.sender.domain) == (LOUISE, "medecin.banc.mssante.fr")
    assert message.shown_recipients == (HUGO,)
    assert [part.media_type for part in message.leaves] == [
        "text/plain",
        "application/zip",
        "application/pdf",
    ]
    assert message.body is not None
    assert message.body.text.startswith("Bonjour à vous")
    assert [d.unique_id for d in message.documents] == [
        "2.25.74387217922356389154034103038781848723"
    ]
    assert list(message.parts()) == [message.archive]


def test_the_archive_is_known_by_its_name_whatever_the_case() -> None:
    assert parse_mail(documents_mail(archive="IHE_XDM.ZIP")).archive is not None
    assert parse_mail(documents_mail(archive="DOSSIER.ZIP")).archive is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("=?utf-8?q?m=C3=A9dic?=\r\n =?utf-8?q?al?= TESTAVRIL", "médical TESTAVRIL"),
        ("=?utf-8?b?w6k=?= fin", "é fin"),
        ("=?inconnu?q?abc?=", "abc"),
        ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
        ("brut \udcc3\udca9", "brut é"),
    ],
)
def test_header_values_are_unfolded_and_decoded(raw: str, value: str) -> None:
    assert header("Subject", raw).value == value


def test_addresses_keep_their_label() -> None:
    found = header("To", '"TEST, Louise" <l@m.fr>, seul@m.fr, =?utf-8?q?=C3=89lo?= <e@m.fr>')
    assert [(box.label, box.address) for box in found.mailboxes] == [
        ("TEST, Louise", "l@m.fr"),
        ("", "seul@m.fr"),
        ("Élo", "e@m.fr"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("<a.b@c.fr>", True), ("<a@[127.0.0.1]>", True), ("a@b", False), ("<a b@c>", False)],
)
def test_message_ids(text: str, expected: bool) -> None:
    assert is_message_id(text) is expected


def test_an_mdn_gives_its_error() -> None:
    report = parse_mail(assembled([TEXT, MDN], "report")).report
    assert isinstance(report, Mdn)
    assert report.error == ("902", "Inconnu")
    assert report.disposition == "processed"
    assert (report.original_message_id, report.final_recipient) == ("<a@b.fr>", HUGO)


def test_a_dsn_gives_its_lost_recipients() -> None:
    report = parse_mail(assembled([TEXT, DSN], "report")).report
    assert isinstance(report, Dsn)
    assert report.failed == ((HUGO, "5.2.1"),)


def test_a_quoted_report_is_not_the_report_of_the_mail() -> None:
    quoted = "Content-Type: message/rfc822\r\n\r\n" + assembled([TEXT, DSN], "report").decode()
    outer = assembled([TEXT, quoted]).replace(b"limite", b"autre", 1)
    message = parse_mail(
        outer.replace(b"--limite\r\nContent-Type: message", b"--autre\r\nContent-Type: message", 1)
    )
    assert message.report is None


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"", "b''"), (b"\r\nsans en-tete", "sans en-tete"), (b"\x00" * 70_000_000, "octets")],
    ids=["vide", "sans-en-tete", "enorme"],
)
def test_octets_that_are_no_mail(data: bytes, found: str) -> None:
    with pytest.raises(MalformedError) as raised:
        parse_mail(data)
    assert raised.value.finding.check_id == "MSS-B01"
    assert found in raised.value.finding.found


def test_endless_nesting_is_refused_not_followed() -> None:
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(3000)
    )
    with pytest.raises(MalformedError):
        parse_mail(deep)


@pytest.mark.parametrize(
    ("spoil", "check_id"),
    [
        (
            lambda data: data.replace(b"limite--", b"autre--").replace(b"--limite", b"--fausse"),
            "MSS-B01",
        ),
        (
            lambda data: data.replace(
                b'base64\r\nContent-Disposition: attachment; filename="IHE',
                b'base64\r\nContent-Disposition: attachment; filename="IHE',
                1,
            ).replace(b"\r\n\r\nUEsD", b"\r\n\r\n!!!UEsD", 1),
            "MSS-X01",
        ),
    ],
    ids=["boundary", "base64"],
)
def test_a_broken_part_is_a_finding_and_the_rest_is_read(spoil, check_id: str) -> None:
    message = parse_mail(spoil(documents_mail()))
    assert [f.check_id for f in message.problems()] == [check_id]
    assert message.sender is not None


def test_an_archive_that_is_no_zip_is_a_finding() -> None:
    message = parse_mail(assembled([TEXT, attachment("IHE_XDM.zip", b"pas un zip")]))
    assert message.archive is None
    assert [f.check_id for f in judge_artefact(message, Context()).findings] == ["MSS-X01"]


def test_a_transaction_gives_its_mail_and_envelope() -> None:
    observed = submission(plain_mail())
    (message,) = read(observed).artefacts
    assert message.envelope == Envelope(LOUISE, (HUGO,), LOUISE)  # type: ignore[attr-defined]
    assert envelope_of(observed) == Envelope(LOUISE, (HUGO,), LOUISE)
    assert envelope_of(exchange("IMAP-FETCH", "FETCH 1 (FLAGS)")) is None


def test_a_transaction_refused_before_data_gives_no_mail() -> None:
    assert read(exchange("SMTP", f"MAIL FROM:<{LOUISE}>", b"", "550 5.1.1 Non")).artefacts == ()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 3000))
def test_no_octets_surprise_the_reader(noise: bytes, at: int) -> None:
    whole = documents_mail()
    for data in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        try:
            message = parse_mail(data)
        except MalformedError:
            continue
        assert isinstance(judge_artefact(message, Context()).findings, tuple)


@pytest.mark.parametrize("octets", [b"\0", b"a\rb", b"a\nb", b"\n.\r\nMAIL FROM:<x@y.fr>"])
def test_isolated_octets_are_found(octets: bytes) -> None:
    (found,) = parse_mail(plain_mail() + octets + b"\r\n").problems()
    assert (found.check_id, found.place[:5]) == ("MSS-B01", "octet")


def test_a_mail_kept_with_the_ends_of_line_of_a_system_is_read() -> None:
    assert parse_mail(plain_mail().replace(b"\r\n", b"\n")).problems() == ()
