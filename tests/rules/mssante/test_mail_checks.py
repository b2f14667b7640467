"""Checks of a mail, each proved on a conformant message and on a defect of its own."""

from __future__ import annotations

import pytest

from rules.checking import by_id
from rules.checks.mssante_patients import valid_ins
from rules.context import Context
from rules.findings import Severity
from rules.formats.mail import parse_mail
from rules.judge import JournalView, judge_artefact, judge_journal, judge_sequence
from tests.rules.cda.samples import LETTER, spoil
from tests.rules.mssante.mails import (
    CAMILLE,
    HUGO,
    LABEL,
    LOUISE,
    TEXT,
    WORLD,
    assembled,
    attachment,
    documents_mail,
    fields,
    identity,
    judged,
    plain_mail,
    raised,
    submission,
    two_documents_mail,
)

PREFIX = "XDM/1.0/DDM+"
TAIL = "TESTAVRIL CAMILLE 12/07/1985"
REPORT = (
    "Content-Type: message/disposition-notification\r\n\r\n"
    f"Original-Recipient: rfc822; {HUGO}\r\nFinal-Recipient: rfc822; {HUGO}\r\n"
    "Original-Message-ID: <a@b.fr>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
)
QUALIFIED = identity("qualifiée")


def mdn(part: str = REPORT, kind: str = "report") -> bytes:
    plain = {"X_MSS_CODECDA": None, "X_MSS_INS": None}
    return assembled([TEXT, part], kind, Subject="Lu", **plain)


@pytest.mark.parametrize(
    "data",
    [
        documents_mail(),
        two_documents_mail(),
        two_documents_mail(X_MSS_CODECDA="89601-9,11488-4"),
        documents_mail(X_MSS_MES="FIN", To=CAMILLE),
        documents_mail(archive="IHE_XDM.ZIP"),
        documents_mail(Subject=f"{PREFIX}[Annule et remplace] {LABEL} {TAIL}"),
        documents_mail(Subject=f"{PREFIX}{LABEL} TESTAVRIL Camille"),
        documents_mail(
            Subject=f"[KO =?utf-8?q?Int=C3=A9gration_syst=C3=A8me?= !][902] {PREFIX}{LABEL} {TAIL}",
            Auto_Submitted="auto-replied",
        ),
        plain_mail(),
        plain_mail(Subject="RE: Avis", In_Reply_To="<a@b.fr>", References="<z@b.fr> <a@b.fr>"),
        plain_mail(Disposition_Notification_To=LOUISE),
        mdn(),
    ],
    ids=range(12),
)
def test_conformant_mails_raise_nothing(data: bytes) -> None:
    judgement = judged(data, HUGO, CAMILLE, identities=QUALIFIED)
    assert [f for f in judgement.findings if f.check_id.startswith("MSS-")] == []
    assert {"MSS-H01", "MSS-H08", "MSS-S01", "MSS-B01", "MSS-C01", "MSS-C02"} <= judgement.evaluated


DEFECTS = {
    "NIL absent": (documents_mail(X_MSS_NIL=None), "MSS-H01"),
    "NIL vide": (documents_mail(X_MSS_NIL=""), "MSS-H01"),
    "NIL d'un autre": (documents_mail(X_MSS_NIL="900043"), "MSS-H01"),
    "CODECDA absent": (documents_mail(X_MSS_CODECDA=None), "MSS-H02"),
    "CODECDA d'un autre": (documents_mail(X_MSS_CODECDA="34112-3"), "MSS-H02"),
    "CODECDA avec espace": (two_documents_mail(X_MSS_CODECDA="11488-4, 89601-9"), "MSS-H02"),
    "CODECDA incomplet": (two_documents_mail(X_MSS_CODECDA="11488-4"), "MSS-H02"),
    "CODECDA sans CDA": (plain_mail(X_MSS_CODECDA="11488-4"), "MSS-H02"),
    "INS absent": (documents_mail(X_MSS_INS=None), "MSS-H03"),
    "INS à N": (documents_mail(X_MSS_INS="N"), "MSS-H03"),
    "INS minuscule": (documents_mail(X_MSS_INS="o"), "MSS-H03"),
    "INS sans CDA": (plain_mail(X_MSS_INS="N"), "MSS-H03"),
    "MES à un professionnel": (plain_mail(X_MSS_MES="FIN"), "MSS-H04"),
    "MES mal écrit": (plain_mail(X_MSS_MES="Fin"), "MSS-H04"),
    "Message-ID absent": (plain_mail(Message_ID=None), "MSS-H05"),
    "Message-ID sans chevrons": (plain_mail(Message_ID="a@b.fr"), "MSS-H05"),
    "réponse sans fil": (plain_mail(Subject="RE: Avis"), "MSS-H06"),
    "réponse sans References": (plain_mail(In_Reply_To="<a@b.fr>"), "MSS-H06"),
    "References d'ailleurs": (plain_mail(In_Reply_To="<a@b.fr>", References="<c@b.fr>"), "MSS-H06"),
    "From sans libellé": (plain_mail(From=LOUISE), "MSS-H07"),
    "From au nom minuscule": (plain_mail(From=f"Dr_Louise_Testmedecin <{LOUISE}>"), "MSS-H07"),
    "From au libellé vague": (plain_mail(From=f"Cabinet <{LOUISE}>"), "MSS-H07"),
    "accusé vers un autre": (plain_mail(Disposition_Notification_To=HUGO), "MSS-N01"),
    "objet libre": (documents_mail(Subject="Votre document"), "MSS-S01"),
    "objet sans préfixe": (documents_mail(Subject=f"{LABEL} {TAIL}"), "MSS-S01"),
    "libellé du titre": (documents_mail(Subject=f"{PREFIX}Compte rendu {TAIL}"), "MSS-S02"),
    "n documents faux": (two_documents_mail(Subject=f"{PREFIX}3 documents {TAIL}"), "MSS-S02"),
    "nom utilisé": (documents_mail(Subject=f"{PREFIX}{LABEL} TESTMAI CAMILLE"), "MSS-S03"),
    "second prénom": (documents_mail(Subject=f"{PREFIX}{LABEL} TESTAVRIL ANNE"), "MSS-S03"),
    "corps HTML seul": (plain_mail(TEXT.replace("plain", "html")), "MSS-B01"),
    "corps latin-1": (plain_mail(TEXT.replace("utf-8", "iso-8859-1")), "MSS-B01"),
    "faux UTF-8": (plain_mail(TEXT).replace("à".encode(), b"\xe0"), "MSS-B01"),
    "objet latin-1": (plain_mail(Subject="=?iso-8859-1?q?=E9t=E9?="), "MSS-B01"),
    "pas de corps": (
        assembled([attachment("x.bin", b"x")], X_MSS_CODECDA=None, X_MSS_INS=None, Subject="Avis"),
        "MSS-B01",
    ),
    "archive oubliée": (plain_mail(Subject=f"{PREFIX}{LABEL} {TAIL}"), "MSS-X01"),
    "deux archives": (
        documents_mail().replace(
            b"--limite--",
            b"--limite\r\n" + attachment("IHE_XDM.zip", b"x").encode() + b"\r\n--limite--",
        ),
        "MSS-X01",
    ),
    "autre PDF": (documents_mail(pdf=b"%PDF-1.4 autre"), "MSS-P01"),
    "PDF mal nommé": (documents_mail(pdf_name="document.pdf"), "MSS-P02"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_raises_its_check_alone(defect: str) -> None:
    data, check_id = DEFECTS[defect]
    judgement = judged(data, identities={})
    others = {"MSS-P03"} if defect == "autre PDF" else set()
    assert [i for i in raised(judgement) if i not in others] == [check_id]
    finding = next(f for f in judgement.findings if f.check_id == check_id)
    assert finding.advice
    assert finding.expected != finding.found


@pytest.mark.parametrize(
    ("envelope", "check_ids"),
    [
        ({"mail_from": HUGO, "authenticated": None}, ["MSS-H08"]),
        ({"authenticated": HUGO}, ["MSS-H08"]),
        ({"mail_from": "", "authenticated": LOUISE}, []),
        ({"mail_from": LOUISE.upper()}, []),
    ],
)
def test_one_sender(envelope: dict[str, str], check_ids: list[str]) -> None:
    assert raised(judged(plain_mail(), **envelope)) == check_ids


def test_without_envelope_the_sender_is_not_evaluated() -> None:
    judgement = judge_artefact(parse_mail(plain_mail()), Context())
    assert "MSS-H08" in {name for name, _ in judgement.skipped}


def test_ins_header_says_n_when_the_archive_has_no_complete_ins() -> None:
    without = spoil(LETTER, 'root="1.2.250.1.213.1.4.10"', 'root="1.2.250.1.999.1"', -1)
    assert "MSS-H03" in raised(judged(documents_mail(without)))
    assert "MSS-H03" not in raised(judged(documents_mail(without, X_MSS_INS="N")))


def test_mails_of_usagers_and_bounces_owe_no_header() -> None:
    sender = {"X_MSS_NIL": None, "From": f"TESTAVRIL <{CAMILLE}>"}
    answer = plain_mail(**sender)
    assert raised(judged(answer, LOUISE, mail_from=CAMILLE, authenticated=None)) == []


def test_a_long_label_is_cut_at_forty() -> None:
    name = LABEL + " et la suite"
    letter = spoil(LETTER, f'displayName="{LABEL}"', f'displayName="{name}"')
    assert "MSS-S02" not in raised(judged(documents_mail(letter)))
    uncut = documents_mail(letter, Subject=f"{PREFIX}{name} {TAIL}")
    assert "MSS-S02" in raised(judged(uncut))


# Usagers


@pytest.mark.parametrize(
    "address",
    [
        "28507330630420@patient.mssante.fr",
        "285073306304209@patient.mssante.fr",
        "x@patient.mssante.fr",
    ],
)
def test_an_address_that_is_no_ins(address: str) -> None:
    assert raised(judged(plain_mail(), address, identities={})) == ["MSS-C01"]


def test_the_address_of_another_than_the_document() -> None:
    other = "101046322015644@patient.mssante.fr"
    assert raised(judged(documents_mail(), other, identities={})) == ["MSS-C01"]


@pytest.mark.parametrize("status", ["provisoire", "récupérée", "validée"])
def test_only_a_qualified_identity_is_written_to(status: str) -> None:
    assert raised(judged(plain_mail(), CAMILLE, identities=identity(status))) == ["MSS-C01"]
    assert raised(judged(plain_mail(), CAMILLE, identities=QUALIFIED)) == []


def test_the_ins_of_a_validated_identity_does_not_leave() -> None:
    judgement = judged(documents_mail(), identities=identity("validée"))
    assert raised(judgement) == ["MSS-C02"]
    places = [f.place for f in judgement.findings if f.check_id == "MSS-C02"]
    assert any("METADATA.XML" in place for place in places)
    hidden = plain_mail(TEXT.replace("vous", "2850733063042"))
    assert raised(judged(hidden, identities=identity("validée"))) == ["MSS-C02"]


def test_an_unknown_state_of_identities_is_not_evaluated() -> None:
    skipped = {name for name, _ in judged(plain_mail()).skipped}
    assert "MSS-C02" in skipped


@pytest.mark.parametrize(
    ("ins", "expected"),
    [("285073306304208", True), ("102122A00412760", True), ("2850733063042 8", False), ("", False)],
)
def test_keys_of_ins(ins: str, expected: bool) -> None:
    assert valid_ins(ins) is expected


def test_a_mail_too_large_for_an_usager() -> None:
    large = plain_mail(TEXT + "x" * (25 * 1024 * 1024))
    assert raised(judged(large, CAMILLE, identities=QUALIFIED)) == ["MSS-C03"]
    assert raised(judged(large, HUGO)) == []


@pytest.mark.parametrize(
    ("subject", "check_ids"),
    [("[FIN]", []), ("Merci [FIN]", ["MSS-C06"]), ("[fin]", ["MSS-C06"]), ("Fin", [])],
)
def test_the_end_of_a_conversation_by_subject(subject: str, check_ids: list[str]) -> None:
    assert raised(judged(plain_mail(Subject=subject), CAMILLE, identities=QUALIFIED)) == check_ids
    assert raised(judged(plain_mail(Subject=subject), HUGO)) == []


# Notifications


@pytest.mark.parametrize(
    "part",
    [
        REPORT.replace("Original-Message-ID: <a@b.fr>\r\n", ""),
        REPORT.replace("Original-Recipient", "X-Original-Recipient"),
        REPORT.replace("manual-action/MDN-sent-manually", "manual-action"),
        REPORT.replace("displayed", "lu"),
    ],
)
def test_a_notification_lacks_something(part: str) -> None:
    assert raised(judged(mdn(part))) == ["MSS-N03"]


# Sequences


def test_message_ids_are_unique() -> None:
    first, again = plain_mail(), plain_mail(Subject="Autre")
    view = JournalView((submission(first), submission(again, seconds=5)))
    findings = [f for f in judge_sequence(view, WORLD).findings if f.check_id == "MSS-H05"]
    assert [f.exchange_id for f in findings] == ["SMTP-5"]


def test_the_same_octets_sent_again_share_their_message_id() -> None:
    mail = plain_mail()
    view = JournalView((submission(mail, answer="451 4.3.0 Non"), submission(mail, seconds=5)))
    assert not [f for f in judge_sequence(view, WORLD).findings if f.check_id == "MSS-H05"]


def test_a_transaction_is_judged_with_its_envelope() -> None:
    view = JournalView((submission(plain_mail(From=f"Dr_Hugo_TESTCARDIO <{HUGO}>")),))
    found = {f.check_id for f in judge_journal(view, WORLD).findings}
    assert "MSS-H08" in found


def test_severities_are_those_of_the_sheet() -> None:
    expected = {
        "B": "H01 H02 H03 S01 C01 C02 T01 T03 A01 X01",
        "M": "H04 H05 H06 H08 S02 S03 B01 C03 A02 A03 T02 N01 N03 P01 P02",
        "m": "H07 C06",
    }
    weights = {"B": Severity.BLOCKING, "M": Severity.MAJOR, "m": Severity.MINOR}
    for letter, names in expected.items():
        for name in names.split():
            assert {c.severity for c in by_id(f"MSS-{name}")} == {weights[letter]}, name


def test_the_builder_removes_fields() -> None:
    assert "X-MSS-NIL" not in fields(X_MSS_NIL=None)
