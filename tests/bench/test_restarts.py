"""An answer that died with the bench is not held against the product."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bench.restarts import ENDED, RESTARTED, until_end, without_lost_answers
from rules.exchange import Exchange, Message, Outcome
from simulators.journal import Mark

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def mail(position: int, peer: str, body: bytes, outcome: Outcome = Outcome.ACCEPTED) -> Exchange:
    return Exchange(
        id=str(position),
        campaign="c",
        position=position,
        service="mssante",
        operation="SMTP",
        started_at=NOW,
        answered_at=NOW,
        peer=peer,
        request=Message("MAIL FROM:<a@b.fr>", (), body),
        response=Message("250 2.0.0 Ok"),
        outcome=outcome,
    )


def outcomes(exchanges: list[Exchange], restarted_at: int | None) -> list[Outcome]:
    marks = [] if restarted_at is None else [Mark(RESTARTED, restarted_at, NOW, {})]
    return [e.outcome for e in without_lost_answers(exchanges, marks)]


def test_the_mail_in_flight_at_a_kill_and_sent_again_had_no_answer() -> None:
    journal = [mail(1, "p:1", b"un"), mail(2, "p:2", b"deux"), mail(3, "p:3", b"deux")]
    assert outcomes(journal, 2) == [Outcome.ACCEPTED, Outcome.UNANSWERED, Outcome.ACCEPTED]


def test_a_mail_answered_before_another_of_its_connection_stays_accepted() -> None:
    journal = [mail(1, "p:1", b"un"), mail(2, "p:1", b"deux"), mail(3, "p:3", b"un")]
    assert outcomes(journal, 2) == [Outcome.ACCEPTED] * 3


def test_without_restart_a_mail_sent_twice_is_the_fault_of_who_sends() -> None:
    assert outcomes([mail(1, "p:1", b"un"), mail(2, "p:2", b"un")], None) == [Outcome.ACCEPTED] * 2


def test_a_refusal_before_a_restart_stays_a_refusal() -> None:
    journal = [mail(1, "p:1", b"un", Outcome.REFUSED), mail(2, "p:2", b"un")]
    assert outcomes(journal, 1) == [Outcome.REFUSED, Outcome.ACCEPTED]


def test_what_a_stopping_product_sends_after_the_end_belongs_to_no_campaign() -> None:
    journal = [mail(1, "p:1", b"un"), mail(2, "p:2", b"deux"), mail(3, "p:3", b"trois")]
    ended = Mark(ENDED, 2, NOW, {})
    assert [e.id for e in until_end(journal, [ended])] == ["1", "2"]
    assert until_end(journal, [Mark(RESTARTED, 2, NOW, {})]) == tuple(journal)


def test_a_command_of_a_card_that_comes_again_after_a_restart_had_its_answer() -> None:
    response = replace(mail(1, "p:1", b"\x00\xc0\x00\x00\x00"), service="cards")
    again = replace(response, id="2", position=2, peer="p:2")
    assert outcomes([response, again], 1) == [Outcome.ACCEPTED] * 2
