"""What is asked of a product while services are slow: each holds, and fails for its reason."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.drivers import ActionResult
from bench.expectations import Observation, evaluate
from bench.meanwhile import play
from bench.usability_expectations import played_meanwhile
from rules.exchange import Exchange, Message, Outcome
from rules.judge import JournalView
from tests.rules.prescription.calls import NOW, context, exchange

LATENCY = 3


def asked(name: str, *exchanges: Exchange, **parameters: Any) -> Observation:
    view = JournalView(exchanges)
    return evaluate(name, view, context().environment, {"secondes": LATENCY, **parameters})


def seen(
    position: int,
    name: str,
    start: float,
    seconds: float,
    outcome: Outcome = Outcome.ACCEPTED,
    *,
    slow: bool = False,
    answer: Mapping[str, Any] | None = None,
) -> Exchange:
    """Something observed, ``start`` seconds after the beginning."""
    service, _, operation = name.partition(" ")
    told: dict[str, Any] = {
        "id": f"e{position}",
        "position": position,
        "service": service,
        "operation": operation,
        "outcome": outcome,
        "started_at": NOW + timedelta(seconds=start),
        "answered_at": NOW + timedelta(seconds=start + seconds),
        "fault": "lent" if slow else None,
        "response": Message("HTTP/1.1 200", (), json.dumps(dict(answer or {})).encode()),
    }
    return exchange(Message("", (), b"{}"), **told)


def call(position: int, name: str, start: float, **told: Any) -> Exchange:
    """A call answered at once, after the latency."""
    return seen(position, name, start, 0.1, slow=True, **told)


VALIDATED = (
    call(1, "prescription EP4", 0.2),
    call(2, "dmp TD0.2", 3.5),
    call(3, "dmp TD2.1", 6.8),
    seen(4, "lgc prescription.validate", 0, 10.2),
)
"""Each call after the one before, and all of them before the gesture is answered."""


# Order ------------------------------------------------------------------------

SUITE = ["prescription EP4", "dmp TD2.1"]


def test_services_in_order() -> None:
    right = asked("suite-des-services", *VALIDATED, suite=SUITE)
    assert right.holds, right.reason
    assert right.exchanges == ("e1", "e3")


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        (
            (call(1, "dmp TD2.1", 0), call(2, "prescription EP4", 4)),
            "dmp TD2.1 avant prescription EP4",
        ),
        (
            # The Code 2D left before the service had taken the number.
            (call(1, "prescription EP4", 0), call(2, "dmp TD2.1", 1)),
            "dmp TD2.1 avant prescription EP4 répondu",
        ),
        (
            (call(1, "prescription EP4", 0), call(2, "dmp TD2.1", 4, outcome=Outcome.REFUSED)),
            "dmp TD2.1 jamais accepté",
        ),
    ],
)
def test_services_out_of_order(story: tuple[Exchange, ...], reason: str) -> None:
    wrong = asked("suite-des-services", *story, suite=SUITE)
    assert wrong.observed
    assert not wrong.holds
    assert reason in wrong.reason


def test_a_mail_may_leave_while_the_dmp_is_fed() -> None:
    story = (call(1, "dmp TD2.1", 0), call(2, "mssante SMTP", 1))
    assert asked("suite-des-services", *story, suite=["dmp TD2.1", "mssante SMTP"]).holds
    assert not asked("suite-des-services", suite=SUITE).observed


# Own time ---------------------------------------------------------------------


def test_a_gesture_as_long_as_its_calls() -> None:
    right = asked("temps-propre", *VALIDATED, services=["prescription", "dmp"])
    assert right.holds, right.reason
    assert "dont prescription 3.1 s, dmp 6.2 s et 0.9 s au logiciel" in right.reason
    assert "ce geste attend le DMP" in right.reason


def test_a_product_that_feeds_the_dmp_in_the_background() -> None:
    story = (
        call(1, "prescription EP4", 0.2),
        seen(2, "lgc prescription.validate", 0, 3.6),
        call(3, "dmp TD2.1", 3.7),
        seen(4, "lgc prescription.print", 4, 0.2),
    )
    right = asked("temps-propre", *story, services=["prescription", "dmp"])
    assert right.holds, right.reason
    assert "attend le DMP" not in right.reason


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        ((call(1, "dmp TD2.1", 0), seen(2, "lgc dmp.deposit", 0, 12)), "8.9 s sans appel en cours"),
        (
            (call(1, "dmp TD2.1", 0, outcome=Outcome.UNANSWERED), seen(2, "lgc dmp.deposit", 0, 2)),
            "dmp TD2.1 abandonné par le logiciel",
        ),
    ],
)
def test_a_gesture_longer_than_its_calls(story: tuple[Exchange, ...], reason: str) -> None:
    wrong = asked("temps-propre", *story, services=["dmp"])
    assert wrong.observed
    assert not wrong.holds
    assert reason in wrong.reason


def test_a_service_that_was_never_slow() -> None:
    story = (call(1, "apcv x", 0), seen(2, "dmp TD2.1", 4, 1), seen(3, "lgc dmp.deposit", 0, 5))
    wrong = asked("temps-propre", *story, services=["apcv", "dmp"])
    assert wrong.observed
    assert "dmp jamais appelé avec la latence" in wrong.reason
    assert not wrong.holds


def test_two_calls_at_once_count_once() -> None:
    both = (call(1, "dmp TD2.1", 0), call(2, "dmp TD2.1", 0), seen(3, "lgc dmp.deposit", 0, 9))
    wrong = asked("temps-propre", *both, services=["dmp"])
    assert "5.9 s sans appel en cours" in wrong.reason
    assert not asked("temps-propre", *both[2:], services=["dmp"]).observed


# Meanwhile --------------------------------------------------------------------


def test_other_gestures_are_answered_meanwhile() -> None:
    right = asked("reste-utilisable", *VALIDATED, seen(5, "lgc patient.read", 1, 0.2))
    assert right.holds, right.reason
    assert "1 autres gestes joués pendant 1 gestes lents" in right.reason
    assert "0.20 s au plus" in right.reason


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            seen(5, "lgc patient.read", 1, 9.2),
            "patient.read a répondu en 9.2 s pendant prescription.validate",
        ),
        (
            seen(5, "lgc document.write", 1, 0.1, Outcome.REFUSED),
            "document.write refusé pendant prescription.validate",
        ),
    ],
)
def test_a_product_that_cannot_be_used_meanwhile(other: Exchange, reason: str) -> None:
    wrong = asked("reste-utilisable", *VALIDATED, other)
    assert not wrong.holds
    assert reason in wrong.reason


def test_a_slow_gesture_during_which_nothing_was_played() -> None:
    later = seen(5, "lgc patient.read", 11, 0.1)
    assert not asked("reste-utilisable", *VALIDATED, later).observed
    missing = seen(5, "lgc patient.read", 1, 0.1, Outcome.UNANSWERED)
    assert not asked("reste-utilisable", *VALIDATED, missing).observed
    alone = (*VALIDATED, seen(5, "lgc patient.read", 1, 0.1), seen(6, "lgc mss.send", 20, 6))
    assert "mss.send : aucun autre geste" in asked("reste-utilisable", *alone).reason


def test_a_document_in_a_list() -> None:
    listed = {"documents": [{"identifiant_unique": "1.2.3"}]}
    found = seen(1, "lgc dmp.search", 0, 1, answer=listed)
    assert asked("document-liste", found, identifiant="1.2.3").holds
    assert not asked("document-liste", found, identifiant="1.2.4").holds
    assert not asked("document-liste", *VALIDATED, identifiant="1.2.3").observed


# Playing them -----------------------------------------------------------------


@dataclass
class Product:
    """A gesture lasts until the user has done two others."""

    name: str = "essai"
    concurrent: bool = True
    played: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def start(self, environment_file: str, seed: int) -> None: ...

    def stop(self) -> None: ...

    def perform(self, action: str, parameters: Mapping[str, Any]) -> ActionResult:
        self.played.append(action)
        if action == "dmp.search" and self.concurrent:
            assert self.enough.wait(30)
        elif len(self.played) > 2:
            self.enough.set()
        return ActionResult(action, 200, dict(parameters))


OTHERS = (("patient.read", {"patient": "p1"}), ("outbox.read", {}))


def test_others_are_played_in_turn_while_a_gesture_lasts() -> None:
    played = play(Product(), lambda: datetime.now(UTC), ("dmp.search", {"a": 1}), OTHERS)
    assert [each.action for each in played] == ["dmp.search", "patient.read", "outbox.read"]
    assert played[0].result.answer == {"a": 1}
    assert all(played[0].started <= each.started <= played[0].answered for each in played)


def test_what_leaves_something_is_played_once() -> None:
    product = Product()
    others = (("document.write", {}), ("patient.read", {"patient": "p1"}))
    play(product, lambda: datetime.now(UTC), ("dmp.search", {}), others)
    assert product.played.count("document.write") == 1


def test_gestures_of_a_measured_length_are_told_apart() -> None:
    during = seen(5, "lgc patient.read", 1, 0.2)
    after = seen(6, "lgc mss.send", 11, 6)
    assert played_meanwhile((*VALIDATED, during, after)) == {"e5"}


def test_a_driver_of_one_gesture_at_a_time_plays_it_alone() -> None:
    product = Product(concurrent=False)
    play(product, lambda: datetime.now(UTC), ("dmp.search", {}), OTHERS)
    assert product.played == ["dmp.search"]
