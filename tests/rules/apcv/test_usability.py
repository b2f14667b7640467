"""AV-16, AV-17, AV-19, AV-20: what the user can do, judged from gestures and calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rules.checking import by_id
from rules.exchange import Exchange
from rules.findings import Severity
from rules.judge import JournalView, judge_journal
from tests.rules.apcv import story
from tests.rules.apcv.consultation import (
    LOUISE,
    again,
    by_psc,
    closed,
    qualified,
    read,
    restored,
    sequence,
    with_token,
)
from tests.shared_data import needs_shared

pytestmark = needs_shared
LATENCY = timedelta(seconds=3)
LATER = timedelta(minutes=2)
NFC: dict[str, Any] = {"source": "NFC"}
PSC: dict[str, Any] = {"voie": "psc"}


def refused(position: int, asked: dict[str, Any], status: int = 409, **options: Any) -> Exchange:
    return read(position, asked=asked, status=status, after=LATER, **options)


def about(position: int, name: str, after: timedelta = timedelta(), **options: Any) -> Exchange:
    return story.gesture(position, name, LOUISE, {}, after=after, **options)


def served() -> tuple[Exchange, ...]:
    """A QR code read, and its context destroyed."""
    return story.authentication(1), read(2), story.destruction(3), closed(4)


# AV-16 ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [409, 501])
def test_nfc_that_is_not_offered_is_to_be_verified(status: int) -> None:
    assert sequence(*served(), refused(5, NFC, status)) == {"AV-16"}
    (found,) = (
        f
        for f in judge_journal(
            JournalView((*served(), refused(5, NFC, status))), story.ENVIRONMENT
        ).findings
    )
    assert (found.severity, found.fails) == (Severity.REVIEW, False)
    assert "NFC" in found.place


def test_nfc_that_was_refused_once_and_served_later() -> None:
    late = replace(again(6, after=LATER * 2), id="e6")
    ended = story.destruction(8, after=LATER * 2)
    ended = replace(ended, request=story.altered(
        ended.request, "1c0a3202-576f-5a37-bd26-8eb4d478b93c",
        "2c0a3202-576f-5a37-bd26-8eb4d478b93c"))  # fmt: skip
    assert "AV-16" not in sequence(
        *served(), refused(5, NFC), late, read(7, asked=NFC, after=LATER * 2), ended
    )


def test_a_reading_that_the_service_refused_says_nothing_of_the_product() -> None:
    called = replace(again(5, after=LATER), response=None)
    assert "AV-16" not in sequence(*served(), called, refused(6, NFC))


def test_a_product_that_knows_a_damaged_text_refuses_it_rightly() -> None:
    assert sequence(*served(), read(5, "ABC", asked=NFC, status=409, after=LATER)) == set()


def test_a_product_without_the_gesture_at_all() -> None:
    assert sequence(read(1, status=501), read(2, asked=NFC, status=501, after=LATER)) == set()


# AV-17 ----------------------------------------------------------------------------


def test_a_user_without_card_who_is_turned_down() -> None:
    logged = about(1, "session.open")
    assert "AV-17" in sequence(logged, refused(2, PSC))
    assert "AV-17" not in sequence(logged, refused(2, PSC, 501))
    assert "AV-17" not in sequence(refused(2, PSC))
    out = about(2, "session.close")
    assert "AV-17" not in sequence(logged, out, refused(3, PSC))


def test_a_user_without_card_whose_call_is_signed_by_a_card() -> None:
    logged = about(1, "session.open")
    opened = replace(story.authentication(2), id="e2")
    assert "AV-17" in sequence(logged, opened, read(3, asked=PSC))


def test_a_user_without_card_who_reads() -> None:
    logged = about(1, "session.open")
    opened = story.authentication(2)
    opened = replace(opened, request=with_token(by_psc(opened.request)))
    assert "AV-17" not in sequence(logged, opened, read(3, asked=PSC))


# AV-19 ----------------------------------------------------------------------------


def slow(*others: Exchange) -> set[str]:
    """A reading that waits three seconds, and what the user did meanwhile."""
    lasting = read(2, lasting=LATENCY)
    ended = story.destruction(8, after=LATER)
    return sequence(story.authentication(1), lasting, *others, ended)


def meanwhile(lasting: float, position: int = 3, name: str = "patient.search") -> Exchange:
    half = timedelta(seconds=0.5)
    return about(position, name, half, lasting=timedelta(seconds=lasting))


def test_another_gesture_is_answered_during_a_slow_call() -> None:
    assert slow(meanwhile(0.1)) == set()
    assert slow(meanwhile(1.0)) == set()
    assert slow() == set()


def test_another_gesture_waits_for_the_slow_call() -> None:
    assert slow(meanwhile(2.6)) == {"AV-19"}
    (check,) = by_id("AV-19")
    assert check.severity is Severity.MINOR


def test_a_gesture_that_waits_for_a_call_of_its_own() -> None:
    own = story.call(4, story.http("authentification-demande"), None, after=timedelta(seconds=1))
    own = replace(own, service="insi", operation="?", id="insi")
    assert "AV-19" not in slow(meanwhile(2.6), own)


def test_a_gesture_that_the_product_does_not_have_is_no_witness() -> None:
    assert slow(replace(meanwhile(2.6), outcome=story.Outcome.UNANSWERED)) == set()


# AV-20 ----------------------------------------------------------------------------


def restarted(position: int = 3, after: timedelta = LATER) -> Exchange:
    return about(position, "software.restart", after)


def test_a_context_asked_again_after_a_restart() -> None:
    asked = restored(4, after=LATER)
    kept = qualified(5, after=LATER)
    assert sequence(story.authentication(1), read(2), restarted(), asked, kept) == set()


def test_a_code_presented_again_after_a_restart() -> None:
    opened = again(4, after=LATER)
    found = sequence(story.authentication(1), read(2), restarted(), opened, read(5, after=LATER))
    assert found == {"AV-11", "AV-20"}


def test_a_qualification_refused_after_a_restart() -> None:
    lost = story.gesture(4, "apcv.qualify", LOUISE, {}, 409, after=LATER)
    assert sequence(story.authentication(1), read(2), restarted(), lost) == {"AV-20"}
    (check,) = by_id("AV-20")
    assert check.severity is Severity.INFO


def test_nothing_is_asked_of_who_had_no_running_context() -> None:
    lost = story.gesture(6, "apcv.qualify", LOUISE, {}, 409, after=LATER)
    assert sequence(*served(), restarted(5), lost) == set()
    late = timedelta(minutes=21)
    after = story.gesture(4, "apcv.qualify", LOUISE, {}, 409, after=late)
    assert sequence(story.authentication(1), read(2), restarted(3, late), after) == set()


def test_another_patient_after_a_restart() -> None:
    other = again(4, after=LATER)
    assert other.response is not None
    other = replace(other, response=story.altered(other.response, "000499900012", "000499900020"))
    found = sequence(story.authentication(1), read(2), restarted(), other, read(5, after=LATER))
    assert "AV-20" not in found
