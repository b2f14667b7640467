"""Checks across services and along a journal: X-03 to X-12, CDA-09, CDA-10, INS-T."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import timedelta
from email import policy

import pytest
from fpdf import FPDF

from rules.context import Context, Identity, Traits
from rules.exchange import Exchange, Message, Outcome, TlsPeer
from rules.findings import Severity
from rules.formats.mail import parse_mail
from rules.formats.xdm import XdmArchive
from rules.judge import Judgement, judge_artefact, judge_reading, read
from tests.rules.archives import archive_of, zipped
from tests.rules.cda.samples import LETTER, LETTER_V2, judged, raised, spoil
from tests.rules.dmp import golden as dmp
from tests.rules.insi import golden as insi
from tests.rules.journals import (
    BAL,
    COLLEAGUE,
    ENVIRONMENT,
    INS,
    START,
    deposit,
    exchange,
    findings,
    gesture,
    ids,
    later,
    letter,
    mail,
)
from tests.shared_data import needs_shared

QUALIFIED = gesture("qualifiée")
USAGER = f"{INS}@patient.mssante.fr"


def one(made: Exchange) -> Judgement:
    """The judgement of one exchange, without the sequence."""
    context = Context(ENVIRONMENT, observed_at=made.started_at, tls=made.tls, exchange=made)
    return judge_reading(read(made), context)


def with_body(made: Exchange, old: str, new: str) -> Exchange:
    assert old.encode() in made.request.body
    body = made.request.body.replace(old.encode(), new.encode())
    return replace(made, request=replace(made.request, body=body))


def test_an_ordinary_campaign_raises_nothing() -> None:
    sends = (deposit(letter(1)), mail(letter(1)), mail(letter(1), to=(USAGER,)), deposit(letter(2)))
    assert ids(QUALIFIED, *sends) == set()


def test_a_second_version_after_the_first_raises_nothing() -> None:
    assert ids(QUALIFIED, mail(LETTER), mail(LETTER_V2)) == set()


#


def test_traits_that_vary_from_one_document_to_the_next() -> None:
    other = spoil(letter(2), ">TESTAVRIL<", ">TESTAVRILLE<")
    found = findings(QUALIFIED, deposit(letter(1)), mail(other), prefix="X-03")
    assert [(f.found, f.place) for f in found] == [("TESTAVRILLE", "CDA, nom de naissance")]
    assert ids(QUALIFIED, deposit(letter(1)), mail(other)) == {"X-03"}


def test_an_oid_that_varies() -> None:
    other = spoil(letter(2), "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.9")
    assert ids(QUALIFIED, deposit(letter(1)), mail(other)) == {"X-03"}


def test_the_production_oid_of_insi_is_the_test_oid_of_documents() -> None:
    other = spoil(letter(2), "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8")
    assert ids(QUALIFIED, deposit(letter(1)), mail(other)) == set()


@needs_shared
def test_documents_are_compared_with_the_answer_of_insi() -> None:
    answer = insi.exchange("e02-traits-org-prenom1")
    searched = gesture("qualifiée", name="identity.search_insi")
    assert ids(answer, searched, deposit(letter())) == set()
    other = spoil(letter(), "<county>33063</county>", "<county>33064</county>")
    assert ids(answer, searched, deposit(other)) == {"X-03"}


@needs_shared
def test_what_insi_says_of_one_ins_may_vary() -> None:
    """CNDA 3.05 cas 3: one matricule answered under two names is not the software's doing."""
    answer = insi.exchange("e02-traits-org-prenom1", position=1)
    assert answer.response is not None
    body = answer.response.body.replace(b"CAMILLE", b"CLAUDE")
    other = replace(answer, id="autre", position=2, response=replace(answer.response, body=body))
    searched = gesture("qualifiée", name="identity.search_insi")
    assert not findings(answer, other, searched, prefix="X-03")
    assert not findings(answer, other, searched, deposit(letter()), prefix="X-03")
    wrong = spoil(letter(), "<county>33063</county>", "<county>33064</county>")
    assert len(findings(answer, other, searched, deposit(wrong), prefix="X-03")) == 1


def golden(name: str, operation: str) -> Exchange:
    return replace(dmp.exchange(name), operation=operation)


def test_a_document_read_was_found_by_a_search() -> None:
    search, reading = golden(dmp.T09, "TD3.1"), golden(dmp.T11, "TD3.2")
    assert "X-04" not in ids(search, reading)
    assert "X-04" in ids(reading)


def test_a_replaced_document_was_found_by_a_search() -> None:
    search, replacing = golden(dmp.T05BIS, "TD3.1"), golden(dmp.T06, "TD2.1")
    assert ids(search, replacing) == set()
    assert ids(replacing) == {"X-04"}


#


def test_the_lot_of_a_mail_is_of_the_sender() -> None:
    assert ids(QUALIFIED, mail(letter(), sender=COLLEAGUE, to=(BAL,))) == {"X-05"}
    forwarded = mail(letter(), sender=COLLEAGUE, to=(BAL,), headers=(("In-Reply-To", "<autre@x>"),))
    assert ids(QUALIFIED, forwarded) == set()


def test_the_lot_of_a_deposit_is_of_the_user() -> None:
    stolen = with_body(deposit(), "<saml2:NameID>810999990012<", "<saml2:NameID>810999990178<")
    assert ids(QUALIFIED, stolen) == {"X-05"}


def test_the_card_of_the_connection_is_the_users() -> None:
    card = TlsPeer(certificate=dmp.der("certs/cps-authentification.pem"))
    assert ids(QUALIFIED, deposit(tls=card)) == set()
    other = with_body(deposit(tls=card), "810999990012", "810999990178")
    assert ids(QUALIFIED, other) == {"X-05"}


def test_the_product_says_one_version() -> None:
    old = with_body(deposit(), ">4.2.0<", ">4.1.9<")
    found = findings(QUALIFIED, deposit(letter(2)), old, prefix="X-")
    assert [(f.check_id, f.expected, f.found) for f in found] == [("X-06", "4.2.0", "4.1.9")]


#


@pytest.mark.parametrize(
    ("tls", "severity"),
    [
        (TlsPeer("TLSv1.3", "TLS_AES_128_GCM_SHA256"), None),
        (TlsPeer("TLSv1.2", None), None),
        (TlsPeer("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"), None),
        (TlsPeer("TLSv1.2", "DES-CBC3-SHA"), Severity.BLOCKING),
        (TlsPeer("TLSv1.1", "AES128-SHA"), Severity.BLOCKING),
        (TlsPeer("TLSv1", "AES128-SHA"), Severity.BLOCKING),
    ],
)
def test_the_handshake_is_modern(tls: TlsPeer, severity: Severity | None) -> None:
    found = [f.severity for f in one(deposit(tls=tls)).findings if f.check_id == "X-07"]
    assert found == ([severity] if severity else [])


def test_nothing_goes_to_a_server_with_a_bad_certificate() -> None:
    refused = exchange("dmp", "TLS", Message(""), fault="tls-expire", outcome=Outcome.FAILED)
    assert ids(QUALIFIED, refused, deposit()) == set()
    (found,) = findings(QUALIFIED, deposit(fault="tls-expire"), prefix="DMP-TLS")
    assert found.check_id == "DMP-TLS-03"
    assert "X-08" in ids(QUALIFIED, mail(letter(), fault="tls-expire"))


def test_dates_ahead_of_the_bench_are_said() -> None:
    ahead = mail(letter())
    assert "X-09" not in raised(one(ahead))
    early = replace(ahead, started_at=START - timedelta(hours=1))
    assert "X-09" in raised(one(early))
    assert "X-09" in raised(one(replace(deposit(), started_at=START - timedelta(hours=1))))


@needs_shared
def test_the_clock_of_a_search_ahead_of_the_bench_is_said() -> None:
    search = insi.exchange("e02-traits-org-prenom1")
    assert "X-09" not in raised(one(search))
    early = replace(search, started_at=search.started_at - timedelta(hours=1))
    assert "X-09" in raised(one(early))


def test_encodings_are_utf8_without_mark() -> None:
    search = dmp.exchange(dmp.T01)
    assert "X-11" not in raised(one(search))
    marked = replace(search.request, body=b"\xef\xbb\xbf" + search.request.body)
    assert "X-11" in raised(one(replace(search, request=marked)))
    latin = (("Content-Type", "application/soap+xml; charset=ISO-8859-1"),)
    assert "X-11" in raised(one(replace(search, request=replace(search.request, headers=latin))))


def test_a_document_with_a_mark_is_blocking() -> None:
    found = judged(b"\xef\xbb\xbf" + LETTER).findings
    assert [(f.check_id, f.severity) for f in found] == [("X-11", Severity.BLOCKING)]


#


@needs_shared
def test_the_message_identifier_of_an_insi_search_is_left_to_its_own_check() -> None:
    first = insi.exchange("e02-traits-org-prenom1")
    assert "X-10" not in ids(first, replace(first, id="encore"))


def test_message_identifiers_serve_once() -> None:
    first = deposit(letter(1))
    assert ids(QUALIFIED, first, replace(first, id="autre")) == {"X-10"}
    assert ids(QUALIFIED, deposit(letter(1), lot=7), deposit(letter(2), lot=7)) == {"X-10"}
    twice = (("Message-ID", "<meme@x>"),)
    assert ids(QUALIFIED, mail(letter(1), headers=twice), mail(letter(2), headers=twice)) == {
        "X-10"
    }


def test_a_retry_keeps_its_identifiers() -> None:
    lost = deposit(letter(), lot=7, outcome=Outcome.FAILED)
    assert ids(QUALIFIED, lost, deposit(letter(), lot=7)) == set()
    same = (("Message-ID", "<meme@x>"),)
    sent = mail(letter(), headers=same, outcome=Outcome.UNANSWERED)
    assert ids(QUALIFIED, sent, mail(letter(), headers=same)) == set()


def test_a_retry_under_new_identifiers_is_a_double() -> None:
    again = spoil(letter(), "2.25.1000000001", "2.25.1999999999")
    assert ids(QUALIFIED, deposit(letter(), outcome=Outcome.FAILED), deposit(again)) == {"X-12"}
    lost = mail(letter(), outcome=Outcome.UNANSWERED)
    assert ids(QUALIFIED, lost, mail(letter())) == {"X-12"}
    assert ids(QUALIFIED, mail(letter()), mail(letter())) == set()


def test_a_storm_of_retries_is_minor() -> None:
    def attempt(second: int) -> Exchange:
        return later(deposit(letter(), lot=7, outcome=Outcome.REFUSED), seconds=second)

    slow = [attempt(n * 60) for n in range(8)]
    assert ids(QUALIFIED, *slow) == set()
    found = findings(QUALIFIED, *(attempt(n) for n in range(6)), prefix="X-12")
    assert [(f.severity, f.found) for f in found] == [(Severity.MINOR, "6 essais")]


# CDA-09, CDA-10


def test_versions_and_replacements_go_together() -> None:
    assert raised(judged(spoil(LETTER, 'versionNumber value="1"', 'versionNumber value="2"'))) == {
        "CDA-09"
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('<versionNumber value="2"/>', '<versionNumber value="3"/>'),
        ("2.25.71722871122107010962724751978310041787", "2.25.717228711"),
        ('code="11488-4"', 'code="89601-9"'),
    ],
)
def test_a_version_follows_the_one_that_it_replaces(old: str, new: str) -> None:
    assert ids(QUALIFIED, mail(LETTER), mail(spoil(LETTER_V2, old, new))) == {"CDA-09"}


def test_an_identifier_names_one_content() -> None:
    other = spoil(LETTER, "<title>CR de consultation", "<title>CR de visite")
    assert ids(QUALIFIED, mail(LETTER), mail(other)) == {"CDA-10"}


# INS-T


@pytest.mark.parametrize("status", ["récupérée", "validée", "provisoire"])
def test_no_ins_of_an_unqualified_identity_leaves(status: str) -> None:
    assert ids(QUALIFIED, gesture(status), deposit()) == {"INS-T-01", "INS-T-09"}
    assert ids(gesture(status), mail(letter())) == {"INS-T-01", "INS-T-09"}


def test_a_refused_send_is_still_a_leak() -> None:
    refused = deposit(outcome=Outcome.REFUSED)
    assert ids(gesture("récupérée"), refused) == {"INS-T-01"}


@pytest.mark.parametrize(
    "text",
    [
        f"Patient {INS}",
        "INS 2 85 07 33 063 042 08",
        "Ci-joint =?utf-8?q?2850733063042?=",
    ],
)
def test_the_ins_is_searched_in_texts(text: str) -> None:
    assert "INS-T-01" in ids(gesture("récupérée"), mail(text=text))


def test_the_ins_is_searched_in_the_pages_of_a_pdf() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.cell(text="Matricule INS : 285073306304208")
    made = mail()
    message = _with_attachment(made.request.body, bytes(pdf.output()))
    found = findings(
        gesture("récupérée"),
        replace(made, request=replace(made.request, body=message)),
        prefix="INS-T-01",
    )
    assert ["texte du PDF" in f.place for f in found] == [True]


def _with_attachment(data: bytes, pdf: bytes) -> bytes:
    message = email.message_from_bytes(data, policy=policy.SMTP)
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename="x.pdf")
    return message.as_bytes()


def test_an_ins_that_another_one_replaced_leaves_no_more() -> None:
    replaced = gesture("qualifiée", "285073306399913")
    assert "INS-T-01" in ids(QUALIFIED, replaced, mail(text=f"Patient {INS}"))


@pytest.mark.parametrize("oid", ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10"])
def test_the_authority_of_the_ins_does_not_leave_alone(oid: str) -> None:
    text = f"p1^^^&{oid}&ISO^PI"
    assert ids(gesture("validée", None), gesture("récupérée"), mail(text=text)) == {"INS-T-01"}
    assert ids(gesture("récupérée"), mail(text=f"{oid}9 et {oid}.3")) == set()
    assert ids(QUALIFIED, mail(text=f"{INS}^^^&{oid}&ISO^NH")) == set()


def test_the_ins_of_a_qualified_identity_leaves() -> None:
    assert ids(gesture("récupérée"), QUALIFIED, deposit(), mail(letter())) == set()


CAMILLE = Identity(
    "qualifiée",
    Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063"),
    INS,
    "1.2.250.1.213.1.4.8",
)


def test_the_document_of_a_qualified_identity_carries_its_ins() -> None:
    local = spoil(
        LETTER, '"1.2.250.1.213.1.4.10" extension="' + INS, '"1.2.250.1.999" extension="7'
    )
    assert raised(judged(local, identities={INS: CAMILLE})) == {"INS-T-02"}
    unqualified = replace(CAMILLE, status="validée")
    assert judged(local, identities={INS: unqualified}).findings == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [("&amp;ISO^NH", "&amp;ISO^PI"), ("4.10&amp;", "4.9&amp;"), (f"{INS}^", f"{INS[:13]}^")],
)
def test_the_patient_id_of_xds_has_its_form(old: str, new: str) -> None:
    def archive(data: bytes) -> Judgement:
        context = Context(observed_at=START, identities={INS: CAMILLE})
        return judge_artefact(XdmArchive.parse(data), context)

    conformant = archive_of(LETTER)
    assert archive(conformant).findings == ()
    assert "INS-T-03" in raised(archive(_rezip(conformant, old, new)))


def _rezip(data: bytes, old: str, new: str) -> bytes:
    files = dict(XdmArchive.parse(data).files)
    path = "IHE_XDM/SUBSET01/METADATA.XML"
    return zipped({**files, path: spoil(files[path], old, new, -1)})


def test_a_deposit_names_the_patient_by_his_ins() -> None:
    made = deposit()
    assert "INS-T-03" not in raised(one(made))
    assert "INS-T-03" in raised(one(with_body(made, "ISO^NH", "ISO^PI")))


@pytest.mark.parametrize("local", [INS[:13], "285073306304209", "camille.testavril"])
def test_the_address_of_an_usager_is_his_whole_ins(local: str) -> None:
    sent = mail(to=(f"{local}@patient.mssante.fr",)).request.body
    assert "INS-T-07" in raised(judge_artefact(parse_mail(sent), Context()))


def test_a_whole_ins_makes_an_address() -> None:
    sent = mail(to=(USAGER,)).request.body
    assert "INS-T-07" not in raised(judge_artefact(parse_mail(sent), Context()))
