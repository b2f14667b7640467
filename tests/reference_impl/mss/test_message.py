"""The mail: headers, subject, attachments, and what refuses to be written."""

from __future__ import annotations

import email
import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.documents import codes
from reference_impl.documents.metadata import encapsulated_pdf
from reference_impl.errors import ForbiddenGestureError, InvalidRequestError
from reference_impl.mss import message
from reference_impl.mss.message import unaccented
from reference_impl.people import Status
from tests.reference_impl.story import (
    CAMILLE,
    DRAFT,
    LOUISE,
    ROOT,
    SOFTWARE,
    TEST_OID,
    UNQUALIFIED,
    mail,
    written,
)

SUBJECT = re.compile(r"^XDM/1\.0/DDM\+.{1,40} [A-Z' -]+ [^ ]+.*( \d{2}/\d{2}/\d{4})?$", re.DOTALL)
LETTER = written()
CERTIFICATE = written(
    replace(DRAFT, id="d2", unique_id=f"{ROOT}.1.7.2", type_code="CERT_DECL", title="Certificat")
)


def built(**changes):
    changes.setdefault("documents", (LETTER,))
    return message.build(mail(**changes), SOFTWARE, f"{ROOT}.5.7.1", TEST_OID)


def parsed(**changes):
    return email.message_from_bytes(built(**changes).content, policy=policy.default)


def test_a_mail_to_a_colleague():
    sent = parsed()
    assert sent["Subject"] == (
        "XDM/1.0/DDM+CR ou fiche de consultation ou de visite TESTAVRIL CAMILLE 12/07/1985"
    )
    assert sent["X-MSS-NIL"] == "900042"
    assert sent["X-MSS-CODECDA"] == "11488-4"
    assert sent["X-MSS-INS"] == "O"
    assert sent["X-MSS-MES"] is None
    assert sent["Message-ID"] == mail().message_id
    address = sent["From"].addresses[0]
    assert address.display_name == "Dr_Louise_TESTMEDECIN_Cabinet médical des Essais"
    assert address.addr_spec == built().sender == LOUISE.mailbox
    assert built().recipients == ("hugo.testcardio@cardio.banc.mssante.fr",)


def test_parts_are_text_archive_and_the_pdf_of_the_document():
    sent = parsed()
    assert sent.get_content_type() == "multipart/mixed"
    text, archive, pdf = sent.iter_parts()
    assert (text.get_content_type(), text.get_content_charset()) == ("text/plain", "utf-8")
    assert archive.get_filename() == "IHE_XDM.zip"
    with zipfile.ZipFile(io.BytesIO(archive.get_content())) as files:
        assert files.read("IHE_XDM/SUBSET01/DOC00001.XML") == LETTER.content
    assert pdf.get_content() == encapsulated_pdf(LETTER.content)
    assert pdf.get_filename() == (
        "20260312_CR ou fiche de consultation ou de visite_TESTAVRIL_CAMILLE.pdf"
    )


def test_every_line_ends_with_crlf_and_the_same_mail_gives_the_same_bytes():
    content = built().content
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content == built().content


def test_several_documents():
    sent = parsed(documents=(LETTER, CERTIFICATE))
    assert sent["Subject"] == "XDM/1.0/DDM+2 documents TESTAVRIL CAMILLE 12/07/1985"
    assert sent["X-MSS-CODECDA"] == "11488-4,CERT_DECL"
    assert len(list(sent.iter_parts())) == 4


def test_accents_of_the_label_are_encoded_by_rfc_2047():
    raw = built(documents=(CERTIFICATE,)).content
    assert raw.isascii()
    sent = email.message_from_bytes(raw, policy=policy.default)
    assert sent["Subject"] == "XDM/1.0/DDM+Certificat, déclaration TESTAVRIL CAMILLE 12/07/1985"


def test_the_label_is_cut_at_40_characters(monkeypatch):
    kind = codes.DOCUMENT_TYPES["11488-4"]
    label = "Prescription d'actes de biologie médicale"  # 41
    long = replace(kind, type=replace(kind.type, label=label))
    monkeypatch.setitem(codes.DOCUMENT_TYPES, "11488-4", long)
    subject = message.subject(mail(documents=(LETTER,)))
    assert subject.startswith("XDM/1.0/DDM+Prescription d'actes de biologie médical TESTAVRIL")


def test_names_in_the_subject_lose_their_accents():
    traits = replace(CAMILLE.traits, birth_name="D'Éssai-Ñandù", birth_given_names="Zoé Anne")
    subject = message.subject(mail(documents=(LETTER,), patient=replace(CAMILLE, traits=traits)))
    assert subject.endswith(" D'ESSAI-NANDU Zoe 12/07/1985")


@given(st.text(min_size=1, max_size=30))
def test_no_name_adds_a_header(name):
    traits = replace(CAMILLE.traits, birth_name=name, birth_given_names="CAMILLE")
    patient = replace(CAMILLE, traits=traits)
    try:
        raw = message.subject(mail(documents=(LETTER,), patient=patient))
    except InvalidRequestError:
        assert any(category(c) in {"Cc", "Zl", "Zp"} for c in unaccented(name).upper())
        return
    head = EmailMessage(policy=policy.SMTP)
    head["Subject"] = raw
    assert email.message_from_bytes(head.as_bytes(), policy=policy.default).keys() == ["Subject"]


@pytest.mark.parametrize(
    "change",
    [
        {"sender": replace(LOUISE, family_name="TEST\r\nBcc: x@y.fr")},
        {"sender": replace(LOUISE, mailbox="")},
        {"sender": replace(LOUISE, mailbox="a@b.fr\r\nX: y")},
        {"recipients": ("a@b.fr>\r\nRCPT TO:<c@d.fr",)},
        {"recipients": ("médecin@banc.fr",)},
        {"recipients": ()},
        {"message_id": "<a@b>\r\nX-MSS-INS: O"},
        {
            "patient": replace(
                CAMILLE, traits=replace(CAMILLE.traits, birth_name="TEST\nX-MSS-MES: FIN")
            )
        },
    ],
)
def test_line_breaks_and_broken_addresses_are_refused(change):
    with pytest.raises(InvalidRequestError):
        built(**change)


def test_a_message_to_the_usager_goes_to_the_address_of_its_ins():
    envelope = built(to_patient=True, recipients=())
    assert envelope.recipients == ("285073306304208@patient.mssante.fr",)
    sent = parsed(to_patient=True, recipients=())
    assert sent["To"].addresses[0].addr_spec == envelope.recipients[0]
    assert sent["X-MSS-MES"] is None


def test_the_end_of_the_conversation_is_said_to_the_usager_only():
    sent = parsed(to_patient=True, recipients=(), end_of_conversation=True)
    assert sent["X-MSS-MES"] == "FIN"
    assert parsed(end_of_conversation=True)["X-MSS-MES"] is None


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.QUALIFIED])
def test_no_message_to_the_usager_without_a_qualified_identity(status):
    patient = replace(CAMILLE, status=status)
    with pytest.raises(ForbiddenGestureError) as refused:
        built(to_patient=True, recipients=(), patient=patient, documents=())
    assert refused.value.field == "patient"


@pytest.mark.parametrize(
    "change",
    [
        {"to_patient": True, "recipients": ("185073306304208@patient.mssante.fr",)},
        {"recipients": ("285073306304208@patient.mssante.fr",)},
    ],
)
def test_the_address_of_a_usager_is_never_typed(change):
    with pytest.raises(ForbiddenGestureError) as refused:
        built(**change)
    assert refused.value.field == "destinataires"


def test_a_document_with_the_ins_never_leaves_for_an_identity_no_longer_qualified():
    with pytest.raises(ForbiddenGestureError) as refused:
        built(patient=UNQUALIFIED)
    assert refused.value.code == "INS_NON_QUALIFIEE"


def test_without_qualified_ins_the_header_says_n_and_no_ins_leaves():
    document = written(patient=UNQUALIFIED)
    sent = parsed(patient=UNQUALIFIED, documents=(document,))
    assert sent["X-MSS-INS"] == "N"
    assert b"285073306304208" not in built(patient=UNQUALIFIED, documents=(document,)).content


def test_a_document_for_the_usager_must_carry_the_ins():
    document = written(patient=UNQUALIFIED)
    with pytest.raises(ForbiddenGestureError) as refused:
        built(to_patient=True, recipients=(), documents=(document,))
    assert refused.value.code == "DOCUMENT_SANS_INS"


def test_a_mail_without_document_says_nothing_of_documents():
    sent = parsed(documents=())
    assert sent.get_content_type() == "text/plain"
    assert sent["X-MSS-NIL"] == "900042"
    assert sent["X-MSS-CODECDA"] is None
    assert sent["X-MSS-INS"] is None
    assert "XDM/1.0" not in sent["Subject"]


def test_the_subject_has_the_official_shape():
    for documents in ((LETTER,), (LETTER, CERTIFICATE), (CERTIFICATE,)):
        assert SUBJECT.match(parsed(documents=documents)["Subject"])


def test_mon_espace_sante_takes_no_more_than_25_mo(monkeypatch):
    monkeypatch.setattr(message, "MAX_TO_PATIENT", 10_000)
    with pytest.raises(ForbiddenGestureError) as refused:
        built(to_patient=True, recipients=())
    assert refused.value.code == "MESSAGE_TROP_GROS"


def test_the_date_is_the_one_of_the_mail():
    sent = parsed(created_at=datetime(2026, 3, 12, 9, 17, 20, tzinfo=UTC))
    assert sent["Date"].datetime == datetime(2026, 3, 12, 9, 17, 20, tzinfo=UTC)


def test_a_file_name_has_no_path():
    slash = replace(CAMILLE.traits, birth_name="A/B\\C")
    name = message.pdf_name(LETTER, replace(CAMILLE, traits=slash), "20260312")
    assert "/" not in name
    assert "\\" not in name
