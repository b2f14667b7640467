"""Submission by smtplib (witness: the stdlib's client) and by bare sockets."""

from __future__ import annotations

import base64
import smtplib
import ssl
from datetime import timedelta

import pytest

from rules.exchange import Exchange, Outcome
from rules.formats.mail import parse_mail
from rules.judge import JournalView, judge_journal, read
from simulators.platform import Platform
from simulators.testing import exchanges, trust, wait_for
from tests.rules.mssante.mails import CAMILLE, documents_mail, plain_mail
from tests.simulators.mssante.clients import Doctor, Wire
from tests.simulators.psc.client import HUGO

JSON_401 = b'{"status":"401","schemes":"bearer","scope":"mail"}'


def journal(platform: Platform, operation: str) -> list[Exchange]:
    return [e for e in exchanges(platform, "mssante") if e.operation == operation]


@pytest.mark.parametrize("initial", [True, False], ids=["reponse-initiale", "apres-334"])
def test_a_mail_is_delivered_and_journaled(
    louise: Doctor, hugo: Doctor, platform: Platform, initial: bool
) -> None:
    mail = documents_mail()
    assert louise.smtp(initial=initial).sendmail(louise.address, [hugo.address], mail) == {}
    (received,) = hugo.inbox()
    assert received.endswith(mail)
    assert received.startswith(f"Return-Path: <{louise.address}>\r\n".encode())
    (observed,) = journal(platform, "SMTP")
    assert observed.outcome is Outcome.ACCEPTED
    assert observed.request.start_line == f"MAIL FROM:<{louise.address}>"
    assert observed.request.all("RCPT TO") == (hugo.address,)
    assert observed.request.header("AUTH") == louise.address
    assert observed.request.header("EHLO") == "poste.banc"
    assert observed.request.body == mail
    assert observed.response is not None
    assert observed.response.status == 250
    assert observed.correlation.patient == "285073306304208"
    assert observed.correlation.professional == louise.national_id
    assert observed.correlation.document == "2.25.74387217922356389154034103038781848723"
    assert observed.tls is not None
    assert "TLSv1.2" in observed.tls.offered_versions


def test_a_conformant_campaign_raises_no_finding_of_the_sheet(
    louise: Doctor, hugo: Doctor, platform: Platform
) -> None:
    session = louise.smtp()
    session.sendmail(louise.address, [hugo.address], documents_mail())
    session.sendmail(louise.address, [CAMILLE], plain_mail(Message_ID="<deux@m.fr>"))
    louise.inbox()
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    raised = {f.check_id for f in judgement.findings if f.check_id.startswith("MSS-")}
    assert raised <= {"MSS-T02"}  # Python's own list of suites is wider than ECO.1.1.3
    assert {"MSS-A01", "MSS-A02", "MSS-T01", "MSS-H08", "MSS-C01"} <= judgement.evaluated


def test_nothing_is_offered_nor_accepted_before_tls(louise: Doctor, platform: Platform) -> None:
    wire = louise.wire("smtp")
    assert wire.line().startswith("220 ")
    offers = wire.ask("EHLO poste.banc")
    assert any("STARTTLS" in offer for offer in offers)
    assert not any("AUTH" in offer for offer in offers)
    assert wire.ask(f"AUTH XOAUTH2 {louise.blob().decode()}")[0].startswith("530 5.7.0")
    assert wire.ask(f"MAIL FROM:<{louise.address}>")[0].startswith("530 5.7.0")
    assert wire.ask("QUIT") == ["221 2.0.0 Bye"]
    (refused,) = journal(platform, "SMTP-AUTH")
    assert (refused.outcome, refused.tls, refused.request.body) == (Outcome.REFUSED, None, b"")
    found = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment).findings
    assert [f.check_id for f in found if f.check_id == "MSS-T03"] == ["MSS-T03", "MSS-T03"]


def test_a_command_in_the_clear_tail_is_forgotten(louise: Doctor) -> None:
    wire = louise.wire("smtp")
    wire.line()
    wire.ask("EHLO poste.banc")
    wire.send(b"STARTTLS\r\nEHLO injecte\r\n")
    assert wire.reply()[0].startswith("220")
    wire.secure(trust(louise.platform))
    assert wire.ask("NOOP")[0].startswith("250")


def test_a_refused_token_gets_the_challenge_then_535(louise: Doctor, platform: Platform) -> None:
    wire = secured(louise)
    assert wire.ask("AUTH XOAUTH2") == ["334 "]
    challenge = wire.ask(louise.blob("faux").decode())[0]
    assert base64.b64decode(challenge.removeprefix("334 ")) == JSON_401
    assert wire.ask("") == ["535 5.7.8 Authentication credentials invalid"]
    assert wire.ask(f"MAIL FROM:<{louise.address}>")[0].startswith("530")
    (refused,) = journal(platform, "SMTP-AUTH")
    assert refused.response is not None
    assert "illisible" in (refused.response.header("Motif") or "")
    assert refused.error_code == "535"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda louise, hugo: hugo.token(), "n'est pas titulaire"),
        (lambda louise, hugo: louise.token()[:-8] + "AAAAAAAA", "signature"),
    ],
    ids=["autre titulaire", "signature"],
)
def test_tokens_that_open_nothing(
    louise: Doctor, hugo: Doctor, platform: Platform, spoil, reason: str
) -> None:
    answers = iter([louise.answer(spoil(louise, hugo)), ""])
    session = louise.smtp(login=False)
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        session.auth("XOAUTH2", lambda _challenge=None: next(answers))
    assert refused.value.smtp_code == 535
    observed = journal(platform, "SMTP-AUTH")[-1]
    assert observed.response is not None
    assert reason in (observed.response.header("Motif") or "")


def test_an_expired_token(louise: Doctor, platform: Platform) -> None:
    token = louise.token()
    platform.kernel.clock.advance(timedelta(minutes=3))
    wire = secured(louise)
    assert wire.ask(f"AUTH XOAUTH2 {louise.blob(token).decode()}")[0].startswith("334 ey")
    assert wire.ask("")[0].startswith("535")
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    found = {f.check_id for f in judgement.findings if f.check_id.startswith("MSS-A")}
    assert found == {"MSS-A02"}


def test_a_line_of_twelve_thousand_octets_is_read(louise: Doctor) -> None:
    wire = secured(louise)
    wire.ask("AUTH XOAUTH2")
    line = base64.b64encode(b"user=x\x01auth=Bearer " + b"a" * 9100 + b"\x01\x01").decode()
    assert 12000 < len(line) < 12288
    assert wire.ask(line)[0].startswith("334 ey")


def test_the_cut_variant_is_a_setting_or_a_fault(louise: Doctor, platform: Platform) -> None:
    platform.kernel.faults.add("mssante", fault="401-cut")
    wire = secured(louise)
    wire.send(f"AUTH XOAUTH2 {louise.blob().decode()}\r\n".encode())
    assert wire.line().startswith("334 ey")
    assert wire.rest() == b""
    (cut,) = journal(platform, "SMTP-AUTH")
    assert (cut.fault, cut.outcome) == ("401-cut", Outcome.REFUSED)
    louise.smtp()  # once only


def test_an_answer_may_be_given_up(louise: Doctor) -> None:
    wire = secured(louise)
    wire.ask("AUTH XOAUTH2")
    assert wire.ask("*")[0].startswith("501")
    assert wire.ask("NOOP")[0].startswith("250")


@pytest.mark.parametrize("command", ["AUTH PLAIN AAAA", "AUTH LOGIN", "AUTH", "auth cram-md5"])
def test_other_mechanisms_are_refused_and_journaled(
    louise: Doctor, platform: Platform, command: str
) -> None:
    assert secured(louise).ask(command)[0].startswith("504")
    (refused,) = journal(platform, "SMTP-AUTH")
    assert read(refused).artefacts == ()
    found = judge_journal(JournalView((refused,)), platform.kernel.environment).findings
    assert "MSS-A01" in {f.check_id for f in found}


# Envelopes


def test_the_sender_is_the_authenticated_mailbox(louise: Doctor, hugo: Doctor) -> None:
    session = louise.smtp()
    assert session.mail(hugo.address)[0] == 553
    assert session.mail(louise.address.upper())[0] == 250


def test_a_notification_has_an_empty_return_path(louise: Doctor, hugo: Doctor) -> None:
    assert louise.smtp().sendmail("", [hugo.address], plain_mail()) == {}
    assert hugo.inbox()[0].startswith(b"Return-Path: <>\r\n")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("quelqu.un@ailleurs.fr", 550),
        ("inconnu@medecin.banc.mssante.fr", 550),
        (CAMILLE, 250),
        ("pas une adresse", 501),
    ],
)
def test_recipients(louise: Doctor, platform: Platform, address: str, code: int) -> None:
    session = louise.smtp()
    session.mail(louise.address)
    assert session.docmd(f"RCPT TO:<{address}>")[0] == code
    session.rset()
    (left,) = journal(platform, "SMTP")
    if code == 250:
        assert left.outcome is Outcome.UNANSWERED
        assert left.request.all("RCPT TO") == (address,)
    else:
        assert left.outcome is Outcome.REFUSED
        assert address in (left.request.header("RCPT REFUSE") or "")


def test_one_recipient_may_be_refused_alone(
    louise: Doctor, hugo: Doctor, platform: Platform
) -> None:
    refused = louise.smtp().sendmail(louise.address, [hugo.address, "x@ailleurs.fr"], plain_mail())
    assert list(refused) == ["x@ailleurs.fr"]
    (observed,) = journal(platform, "SMTP")
    assert observed.accepted
    assert observed.request.all("RCPT TO") == (hugo.address,)
    assert len(observed.request.all("RCPT REFUSE")) == 1


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("MAIL FROM:<{me}> SIZE=99999999999", 552),
        ("MAIL FROM:<{me}> SIZE=beaucoup", 501),
        ("MAIL FROM:<{me}> INCONNU=1", 555),
        ("MAIL FROM:{me}", 501),
        ("MAIL", 501),
        ("MAIL FROM:<{me}> RET=HDRS ENVID=abc BODY=8BITMIME", 250),
        ("mail from: <{me}>", 250),
    ],
)
def test_arguments_of_mail(louise: Doctor, command: str, code: int) -> None:
    assert louise.smtp().docmd(command.format(me=louise.address))[0] == code


def test_commands_out_of_order(louise: Doctor) -> None:
    session = louise.smtp()
    assert session.docmd(f"RCPT TO:<{louise.address}>")[0] == 503
    assert session.docmd("DATA")[0] == 503
    session.mail(louise.address)
    assert session.mail(louise.address)[0] == 503
    assert session.docmd("DATA")[0] == 503


def test_commands_may_be_pipelined(louise: Doctor, hugo: Doctor) -> None:
    wire = secured(louise)
    assert wire.ask(f"AUTH XOAUTH2 {louise.blob().decode()}")[0].startswith("235")
    recipient = f"RCPT TO:<{hugo.address}> NOTIFY=FAILURE"
    wire.send(f"MAIL FROM:<{louise.address}>\r\n{recipient}\r\nDATA\r\n".encode())
    codes = [wire.reply()[0][:3] for _ in range(3)]
    wire.send(plain_mail() + b".\r\nQUIT\r\n")
    codes += [wire.reply()[0][:3] for _ in range(2)]
    assert codes == ["250", "250", "354", "250", "221"]


# Contents


@pytest.mark.parametrize("octets", [b"\x00", b"a\rb", b"a\nb", b"\n.\r\nMAIL FROM:<x@y.fr>"])
def test_smuggling_is_refused(louise: Doctor, platform: Platform, octets: bytes) -> None:
    wire = secured(louise)
    wire.ask(f"AUTH XOAUTH2 {louise.blob().decode()}")
    wire.ask(f"MAIL FROM:<{louise.address}>")
    wire.ask(f"RCPT TO:<{louise.address}>")
    wire.ask("DATA")
    wire.send(plain_mail() + octets + b"\r\n.\r\n")
    assert wire.reply()[0].startswith("554 5.6.0")
    assert wire.ask("NOOP")[0].startswith("250")
    (refused,) = journal(platform, "SMTP")
    assert refused.outcome is Outcome.REFUSED
    assert louise.inbox() == []


def test_a_mail_above_the_limit_is_refused_and_journaled(
    louise: Doctor, platform: Platform
) -> None:
    session = louise.smtp()
    large = plain_mail() + (b"x" * 998 + b"\r\n") * 37_000
    session.mail(louise.address)
    session.rcpt(louise.address)
    assert session.data(large)[0] == 552
    assert session.noop()[0] == 250
    (refused,) = journal(platform, "SMTP")
    assert (refused.error_code, refused.request.body) == ("552", b"")


def test_octets_that_are_no_mail_are_carried_and_found(louise: Doctor, platform: Platform) -> None:
    assert louise.smtp().sendmail(louise.address, [louise.address], b"\r\nrien\r\n") == {}
    judgement = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
    assert "MSS-B01" in {f.check_id for f in judgement.findings}


def test_dots_are_kept(louise: Doctor) -> None:
    mail = plain_mail() + b".debut\r\n..\r\nfin\r\n"
    louise.smtp().sendmail(louise.address, [louise.address], mail)
    assert louise.inbox()[0].endswith(b".debut\r\n..\r\nfin\r\n")


# TLS


def test_a_client_that_refuses_the_certificate(louise: Doctor, platform: Platform) -> None:
    session = smtplib.SMTP(*louise.place("smtp"), timeout=10)
    with pytest.raises(ssl.SSLError):
        session.starttls(context=ssl.create_default_context())
    session.close()
    observed = wait_for(platform, lambda e: e.operation == "TLS" and e.service == "mssante")
    assert observed.outcome is Outcome.FAILED


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\xff\xff", b"EHLO encore\r\n", b""])
def test_noise_instead_of_a_handshake(louise: Doctor, platform: Platform, noise: bytes) -> None:
    wire = louise.wire("smtp")
    wire.line()
    wire.ask("EHLO poste.banc")
    wire.ask("STARTTLS")
    wire.send(noise)
    wire.close()
    louise.smtp()


def test_the_certificate_may_be_spoilt(louise: Doctor, platform: Platform) -> None:
    platform.kernel.faults.add("mssante", fault="tls-expire")
    session = smtplib.SMTP(*louise.place("smtp"), timeout=10)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        session.starttls(context=trust(platform))
    session.close()
    observed = wait_for(platform, lambda e: e.operation == "TLS" and e.fault == "tls-expire")
    assert observed.outcome is Outcome.FAILED
    louise.smtp()


# Faults


@pytest.mark.parametrize("fault", ["450", "451", "452", "550", "552", "554"])
def test_refusals_on_demand_then_success(
    louise: Doctor, hugo: Doctor, platform: Platform, fault: str
) -> None:
    platform.kernel.faults.add("mssante", "SMTP", fault=fault)
    session = louise.smtp()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        session.sendmail(louise.address, [hugo.address], plain_mail())
    assert str(refused.value.smtp_code) == fault
    assert hugo.inbox() == []
    session.sendmail(louise.address, [hugo.address], plain_mail())
    assert len(hugo.inbox()) == 1
    assert [e.fault for e in journal(platform, "SMTP")] == [fault, None]


def test_a_cut_after_data_leaves_the_mail_delivered(
    louise: Doctor, hugo: Doctor, platform: Platform
) -> None:
    platform.kernel.faults.add("mssante", fault="couper-apres-data")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        louise.smtp().sendmail(louise.address, [hugo.address], documents_mail())
    assert len(hugo.inbox()) == 1
    (observed,) = journal(platform, "SMTP")
    assert (observed.outcome, observed.response) == (Outcome.UNANSWERED, None)
    assert observed.fault == "couper-apres-data"


def test_a_cut_before_treatment_leaves_nothing(
    louise: Doctor, hugo: Doctor, platform: Platform
) -> None:
    platform.kernel.faults.add("mssante", "SMTP", fault="couper", patient="285073306304208")
    session = louise.smtp()
    session.sendmail(louise.address, [hugo.address], plain_mail())
    with pytest.raises(smtplib.SMTPServerDisconnected):
        session.sendmail(louise.address, [hugo.address], documents_mail())
    assert len(hugo.inbox()) == 1


@pytest.mark.parametrize(
    ("fault", "code"), [("454", 454), ("401-535", 535)], ids=["temporaire", "refus"]
)
def test_authentication_may_fail_on_demand(
    louise: Doctor, platform: Platform, fault: str, code: int
) -> None:
    platform.kernel.faults.add("mssante", "SMTP-AUTH", fault=fault)
    session = louise.smtp(login=False)
    answers = iter([louise.answer(), ""])
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        session.auth("XOAUTH2", lambda _challenge=None: next(answers))
    assert refused.value.smtp_code == code


def test_extensions_may_be_missing(louise: Doctor, platform: Platform) -> None:
    platform.kernel.faults.add("mssante", fault="starttls-absent")
    wire = louise.wire("smtp")
    wire.line()
    assert not any("STARTTLS" in line for line in wire.ask("EHLO poste.banc"))
    assert wire.ask("STARTTLS")[0].startswith("454")
    platform.kernel.faults.add("mssante", fault="xoauth2-absent")
    session = louise.smtp(login=False)
    assert "auth" not in session.esmtp_features


def test_connections_may_be_refused(louise: Doctor, platform: Platform) -> None:
    platform.kernel.faults.add("mssante", fault="refuser")
    wire = louise.wire("smtp")
    assert wire.rest() == b""
    observed = wait_for(platform, lambda e: e.operation == "TLS" and e.service == "mssante")
    assert observed.fault == "refuser"


def test_a_slow_answer_is_an_answer(louise: Doctor, hugo: Doctor, platform: Platform) -> None:
    platform.kernel.faults.add("mssante", "SMTP", fault="lent", delay=0.05)
    assert louise.smtp().sendmail(louise.address, [hugo.address], plain_mail()) == {}
    assert journal(platform, "SMTP")[0].fault == "lent"


def test_a_mail_left_in_the_middle_is_journaled_unanswered(
    louise: Doctor, platform: Platform
) -> None:
    wire = secured(louise)
    wire.ask(f"AUTH XOAUTH2 {louise.blob().decode()}")
    wire.ask(f"MAIL FROM:<{louise.address}>")
    wire.ask(f"RCPT TO:<{louise.address}>")
    wire.ask("DATA")
    wire.send(b"From: moitie")
    wire.close()
    observed = wait_for(platform, lambda e: e.operation == "SMTP")
    assert observed.outcome is Outcome.UNANSWERED


def test_tokens_of_another_holder_are_judged(louise: Doctor, platform: Platform) -> None:
    with Doctor(platform, HUGO) as other:
        wire = secured(louise)
        wire.ask(f"AUTH XOAUTH2 {louise.blob(other.token()).decode()}")
        wire.ask("")
    found = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment).findings
    assert "MSS-A01" in {f.check_id for f in found}


def test_what_is_stored_is_what_was_sent(louise: Doctor) -> None:
    mail = documents_mail()
    louise.smtp().sendmail(louise.address, [louise.address], mail)
    assert parse_mail(louise.inbox()[0]).documents[0].data == parse_mail(mail).documents[0].data


def secured(doctor: Doctor) -> Wire:
    """A bare connection under TLS, after EHLO."""
    wire = doctor.wire("smtp")
    wire.line()
    wire.ask("EHLO poste.banc")
    wire.ask("STARTTLS")
    wire.secure(trust(doctor.platform))
    wire.ask("EHLO poste.banc")
    return wire
