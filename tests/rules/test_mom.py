"""Counting a mise en ordre de marche: what counts, what does not, and the reason said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.checks.mom import THRESHOLDS, MomCount, MomRules, count
from rules.exchange import Exchange, Message, Outcome
from rules.formats.xds import Submission
from tests.rules.cda.samples import spoil
from tests.rules.dmp import golden as dmp
from tests.rules.journals import (
    BAL,
    COLLEAGUE,
    ENVIRONMENT,
    HUGO,
    INS,
    LOUISE,
    OTHER_INS,
    deposit,
    exchange,
    gesture,
    journal,
    letter,
    mail,
    unique_id,
)

QUALIFIED = gesture("qualifiée")
USAGER = f"{INS}@patient.mssante.fr"


def counted(*exchanges: Exchange, rules: MomRules | None = None) -> MomCount:
    return count(journal(*exchanges), ENVIRONMENT, rules)[LOUISE]


def reasons(found: MomCount) -> list[str]:
    return [reason for _, reason in found.refused]


def test_every_declared_professional_has_counters() -> None:
    assert dict(count(journal(), ENVIRONMENT)) == {LOUISE: MomCount(), HUGO: MomCount()}


def test_a_complete_campaign_reaches_the_thresholds() -> None:
    deposits = [deposit(letter(n)) for n in range(1, 11)]
    mails = [mail(letter(n)) for n in range(1, 11)]
    found = counted(QUALIFIED, *deposits, *mails, mail(letter(1), to=(USAGER,)))
    assert (found.dmp, found.mss_pro, found.mss_citoyenne) == (10, 10, 1)
    assert found.complete
    assert found.refused == ()
    assert len(found.counted) == 21


def test_nine_deposits_are_not_enough() -> None:
    found = counted(QUALIFIED, *(deposit(letter(n)) for n in range(1, 10)))
    assert (found.dmp, found.complete) == (THRESHOLDS["dmp"] - 1, False)


@pytest.mark.parametrize("status", ["récupérée", "validée", "provisoire"])
@pytest.mark.parametrize("send", [deposit, lambda: mail(letter()), lambda: mail(to=(USAGER,))])
def test_only_qualified_identities_count(status: str, send) -> None:
    found = counted(QUALIFIED, gesture(status), send())
    assert found.counted == ()
    assert reasons(found) == [f"identité {status}, non qualifiée au moment de l'envoi"]


def test_the_status_is_that_of_the_instant_of_the_send() -> None:
    before, after = deposit(letter(1)), deposit(letter(2))
    found = counted(gesture("récupérée"), before, QUALIFIED, after, gesture("provisoire"))
    assert found.dmp == 1
    assert len(found.counted) == len(found.refused) == 1


def test_a_status_never_told_does_not_count_by_itself() -> None:
    assert reasons(counted(deposit())) == ["statut de l'identité inconnu du banc : à vérifier"]
    assert counted(deposit(), rules=MomRules(unknown_status_counts=True)).dmp == 1


def test_one_of_two_local_files_of_an_ins_is_enough() -> None:
    found = counted(QUALIFIED, gesture("récupérée", local_id="p2"), deposit())
    assert found.dmp == 1


def test_a_refused_deposit_does_not_count() -> None:
    refused = deposit(outcome=Outcome.REFUSED, error_code="DMPInvalidData")
    assert reasons(counted(QUALIFIED, refused)) == ["refusé par le service (DMPInvalidData)"]


def test_a_lost_answer_counts_once_the_registry_shows_the_document() -> None:
    lost = deposit(outcome=Outcome.FAILED, fault="couper")
    assert counted(QUALIFIED, lost).dmp == 0
    again = deposit(outcome=Outcome.REFUSED, error_code="XDSDuplicateUniqueIdInRegistry")
    assert counted(QUALIFIED, lost, again).dmp == 1
    strict = MomRules(lost_answer_counts_when_proved=False)
    assert counted(QUALIFIED, lost, again, rules=strict).dmp == 0


def test_the_same_document_counts_once() -> None:
    found = counted(QUALIFIED, deposit(), deposit(), mail(letter()), mail(letter()))
    assert (found.dmp, found.mss_pro) == (1, 1)
    assert reasons(found) == ["document déjà compté"] * 2
    loose = MomRules(same_document_counts_once=False)
    assert counted(QUALIFIED, mail(letter()), mail(letter()), rules=loose).mss_pro == 2


def test_a_deleted_document_is_subtracted() -> None:
    golden = replace(dmp.exchange(dmp.T04), operation="TD2.1")
    delete = replace(dmp.exchange(dmp.T14), operation="TD3.3")
    body = _retarget(delete.request.body, _entry_of(golden))
    delete = replace(delete, request=replace(delete.request, body=body))
    assert counted(QUALIFIED, golden).dmp == 1
    found = counted(QUALIFIED, golden, delete)
    assert (found.dmp, reasons(found)) == (0, ["document supprimé du DMP depuis"])
    kept = counted(QUALIFIED, golden, delete, rules=MomRules(deletion_subtracts=False))
    assert kept.dmp == 1


def _entry_of(golden: Exchange) -> bytes:
    submission = journal(golden).reading(golden).first(Submission)
    assert submission is not None
    return submission.objects.documents[0].id.encode()


def _retarget(body: bytes, entry: bytes) -> bytes:
    head, _, rest = body.partition(b'targetObject="')
    return head + b'targetObject="' + entry + b'"' + rest.partition(b'"')[2]


def test_a_message_to_oneself_does_not_count() -> None:
    for own in (BAL, "secretariat@banc.fr"):
        assert reasons(counted(QUALIFIED, mail(letter(), to=(own,)))) == ["message à soi-même"]
    assert counted(QUALIFIED, mail(letter(), to=(BAL, COLLEAGUE))).mss_pro == 1


def test_a_mail_without_document_does_not_count() -> None:
    assert reasons(counted(QUALIFIED, mail())) == ["pas de document CDA dans une archive IHE_XDM"]


def test_a_mail_that_says_no_qualified_ins_does_not_count() -> None:
    found = counted(QUALIFIED, mail(letter(), headers=(("X-MSS-INS", "N"),)))
    assert reasons(found) == ["X-MSS-INS ne vaut pas O"]


def test_a_refused_mail_does_not_count() -> None:
    found = counted(QUALIFIED, mail(letter(), outcome=Outcome.REFUSED, error_code="550"))
    assert reasons(found) == ["refusé par le service (550)"]


def test_a_citizen_send_is_to_the_patient_of_the_document() -> None:
    other = f"{OTHER_INS}@patient.mssante.fr"
    both = (QUALIFIED, gesture("qualifiée", OTHER_INS, local_id="p2"))
    assert counted(*both, mail(letter(), to=(USAGER,))).mss_citoyenne == 1
    found = counted(*both, mail(letter(), to=(other,)))
    assert reasons(found) == ["l'adresse n'est pas celle du patient des documents"]


def test_one_mail_to_both_kinds_counts_in_both() -> None:
    found = counted(QUALIFIED, mail(letter(), to=(COLLEAGUE, USAGER)))
    assert (found.mss_pro, found.mss_citoyenne, len(found.counted)) == (1, 1, 1)


def test_a_non_delivery_read_by_the_software_subtracts() -> None:
    sent = mail(letter(), to=(USAGER,), headers=(("Message-ID", "<perdu@x>"),))
    report = b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n<perdu@x>"
    read = exchange(
        "mssante", "IMAP-FETCH", Message("UID FETCH 1"), response=Message("OK", (), report)
    )
    found = counted(QUALIFIED, sent, read)
    assert (found.mss_citoyenne, reasons(found)) == (0, ["avis de non-remise reçu"])


def test_a_deposit_without_ins_does_not_count() -> None:
    local = spoil(letter(), 'root="1.2.250.1.213.1.4.10"', 'root="1.2.250.1.999"')
    made = deposit(letter())
    body = made.request.body.replace(letter(), local).replace(INS.encode(), b"")
    found = counted(QUALIFIED, replace(made, request=replace(made.request, body=body)))
    assert reasons(found) == ["aucun INS : le patient n'est pas identifié"]


def test_each_professional_has_his_own_counters() -> None:
    mine, his = mail(letter(1)), mail(letter(2), sender=COLLEAGUE, to=(BAL,))
    found = count(journal(QUALIFIED, mine, his), ENVIRONMENT)
    assert (found[LOUISE].mss_pro, found[HUGO].mss_pro) == (1, 1)


def test_the_rules_are_said_in_french_and_follow_the_switches() -> None:
    said = MomRules().described()
    assert "Un même document compte une fois." in said
    assert (
        "Un même document compte une fois."
        not in MomRules(same_document_counts_once=False).described()
    )


def test_documents_are_told_apart_by_their_identifier() -> None:
    assert unique_id(letter(1)) != unique_id(letter(2))
    assert counted(QUALIFIED, deposit(letter(1)), deposit(letter(2))).dmp == 2
