"""Journals of one search: the gesture, the calls it made, the answers they got."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from rules.context import Environment
from rules.exchange import Exchange, Message, Outcome
from rules.findings import Finding
from rules.judge import JournalView, judge_sequence
from tests.rules.identity.story import created, fault, found, ins, nobody, patient, searched
from tests.rules.insi.messages import CARD_ACTION, NOW, envelope, exchange

JUDGED = ("INS-W-22", "INS-W-23", "INS-W-24", "INS-W-25", "INS-W-26", "INS-W-27")
OLA = {"nom_naissance": "TCHITCHI", "prenoms_naissance": "OLA CATARINA BELLA", "sexe": "F",
       "date_naissance": "1936-06-21", "lieu_naissance": "63220"}  # fmt: skip
_ranks = count(1)


def body(
    given: str, name: str = "TCHITCHI", birth: str = "1936-06-21", place: str | None = None
) -> str:
    where = f"<r:LieuNaissance>{place}</r:LieuNaissance>" if place else ""
    return (
        f'<r:RECSANSVITALE xmlns:r="http://www.cnamts.fr/INSiRecSans"><r:NomNaissance>{name}'
        f"</r:NomNaissance><r:Prenom>{given}</r:Prenom><r:Sexe>F</r:Sexe>"
        f"<r:DateNaissance>{birth}</r:DateNaissance>{where}</r:RECSANSVITALE>"
    )


def card_body(
    individual: str | None, insured: str = "2850733063042", birth: str = "1985-07-12",
    rank: str = "1",
) -> str:  # fmt: skip
    def number(name: str, value: str | None) -> str:
        inside = f"<v:NumIdentifiant>{value}</v:NumIdentifiant>"
        return f"<v:{name}>{inside}</v:{name}>" if value else ""

    return (
        '<v:RECVITALE xmlns:v="http://www.cnamts.fr/INSiRecVit">'
        f"{number('MatriculeIndividu', individual)}{number('MatriculeOD', insured)}"
        f"<v:DateNaissance>{birth}</v:DateNaissance><v:RangNaissance>{rank}</v:RangNaissance>"
        "</v:RECVITALE>"
    )


def call(xml: str, answer: str | None, **changes: Any) -> Exchange:
    """One call; None for an answer that never came."""
    rank = next(_ranks)
    response = None
    if answer is not None:
        head = (("Content-Type", "application/soap+xml; charset=utf-8"),)
        response = Message("HTTP/1.1 200 OK", head, answer.encode())
    action = {"action": CARD_ACTION} if "RECVITALE" in xml else {}
    message = envelope(xml, message_id=f"uuid:fc8c0711-bc4a-4d1a-a74f-{rank:012d}", **action)
    outcome = Outcome.ACCEPTED if response else Outcome.UNANSWERED
    made = exchange(message, 0, response=response, outcome=outcome)
    return replace(made, id=f"i{rank}", **changes)


def by_given_names(*calls: tuple[str, str | None], place: str | None = None) -> list[Exchange]:
    """Searches of TCHITCHI: (prénoms, code of the answer or None)."""
    return [call(body(given, place=place), answer_of(code)) for given, code in calls]


def answer_of(code: str | None) -> str | None:
    if code in (None, "fault"):
        return code and fault()
    return found(ins(), **OLA) if code == "00" else nobody(code or "")


def story(*calls: Exchange, traits: dict[str, Any] = OLA, **insi: Any) -> list[Exchange]:
    """The identity created, its calls, then the gesture that ended with them."""
    code = insi.pop("code", "00")
    held = insi.pop("held", ins() if code == "00" else None)
    status = "récupérée" if held else "provisoire"
    after = patient(status, held, traits=traits)
    return [created(traits=traits), *calls, searched(after, code, **insi)]


def judged(*exchanges: Exchange) -> tuple[Finding, ...]:
    placed = [replace(each, position=rank) for rank, each in enumerate(exchanges, 1)]
    every = judge_sequence(JournalView(tuple(placed)), Environment()).findings
    return tuple(each for each in every if each.check_id in JUDGED)


def ids(*exchanges: Exchange) -> list[str]:
    return [each.check_id for each in judged(*exchanges)]


def after(seconds: float) -> dict[str, Any]:
    """Another instant for a call."""
    return {"started_at": NOW + timedelta(seconds=seconds)}
