"""What the report tells of an ordonnance: read from its exchanges, drawn from its page."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image

from bench.ordonnance_story import WIDTH, ordonnances
from rules.exchange import Exchange, Message, Outcome
from rules.judge import JournalView
from tests.rules.prescription.calls import exchange, message, ordonnance
from tests.rules.prescription.pages import NUMBER, pdf, printed


def story(*exchanges: Exchange) -> list[Any]:
    placed = [replace(each, id=f"e{rank}", position=rank) for rank, each in enumerate(exchanges, 1)]
    return list(ordonnances(JournalView(tuple(placed)), "ordonnance/essai"))


def creation(outcome: Outcome = Outcome.ACCEPTED, **changes: Any) -> Exchange:
    return exchange(message("EP4", ordonnance(id=NUMBER, **changes)), outcome=outcome)


def consulted() -> Exchange:
    lines = [{"ligne": 1, "statut": "REMPLACEE", "motif": 5}]
    done = {"date": "2026-03-13", "executant": {"nom": "TESTPHARMA"}, "lignes": lines}
    answer = json.dumps({"ordonnance": {"executions": [done]}}).encode()
    return exchange(
        Message("POST /actions/prescription.consult", (), json.dumps({"numero": NUMBER}).encode()),
        service="lgc",
        operation="prescription.consult",
        response=Message("HTTP/1.1 200", (), answer),
    )


def test_an_ordonnance_is_told_with_its_number_its_page_and_its_executions() -> None:
    (told,) = story(creation(), printed(pdf()), consulted())
    assert told.number == NUMBER
    assert told.recorded
    assert "à" in told.said
    assert "rang" in told.said
    assert {place["lieu"] for place in told.places} == {"appel", "page", "code 2D"}
    assert told.executions == ("2026-03-13 · TESTPHARMA · ligne 1 REMPLACEE, motif 5",)
    assert NUMBER in told.code_2d
    assert "  " not in told.code_2d
    page = Image.open(BytesIO(base64.b64decode(told.page)))
    assert page.width == WIDTH
    assert page.height > WIDTH


def test_a_number_that_was_refused_then_taken_is_one_ordonnance() -> None:
    (told,) = story(creation(Outcome.FAILED), creation())
    assert told.recorded
    (told,) = story(creation(Outcome.REFUSED))
    assert not told.recorded
    assert told.page == ""
    assert told.executions == ()


def test_a_number_that_says_nothing_is_shown_as_it_is() -> None:
    (told,) = story(exchange(message("EP4", ordonnance(id="?"))))
    assert (told.number, told.said) == ("?", "")
    assert story(exchange(message("EP4", ordonnance(id=None)))) == []
