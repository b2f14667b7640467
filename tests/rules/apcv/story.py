"""The golden ApCV exchanges, and conformant messages to spoil."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from rules.context import Environment, Professional, Software
from rules.exchange import Exchange, Message, Outcome
from tests.shared_data import GOLDEN

ENVIRONMENT = Environment(
    software=Software("LOGICIEL ESSAI", "4.2.0", idam="TSTBANC00042"),
    professionals=(Professional("810999990012", "TESTMEDECIN", "Louise", speciality="SM54"),),
)
FOLDER = GOLDEN / "prescription"
NOW = datetime.fromisoformat("2026-03-12T09:12:32+00:00")
PATH = "/wssoap/apcv/auth/1/0"


def http(name: str) -> Message:
    data = (FOLDER / f"apcv-{name}.http").read_bytes()
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Message(start, tuple((n, v.strip()) for n, _, v in pairs), body)


def text() -> str:
    return (FOLDER / "apcv-qr.txt").read_text()


def call(
    position: int,
    request: Message,
    response: Message | None,
    *,
    after: timedelta = timedelta(),
    operation: str = "authentifierUtilisateurProximite",
) -> Exchange:
    at = NOW + after
    return Exchange(
        id=f"e{position}",
        campaign="golden",
        position=position,
        service="apcv",
        operation=operation,
        started_at=at,
        answered_at=at,
        peer="127.0.0.1:1",
        request=request,
        response=response,
        outcome=Outcome.ACCEPTED,
    )


def authentication(position: int = 1, **options: Any) -> Exchange:
    return call(
        position, http("authentification-demande"), http("authentification-reponse"), **options
    )


def destruction(position: int = 2, **options: Any) -> Exchange:
    request = http("destruction-demande")
    return call(position, request, None, operation="detruireContexteApCV", **options)


def gesture(
    position: int,
    name: str,
    asked: Mapping[str, Any],
    answer: Mapping[str, Any],
    status: int = 200,
    after: timedelta = timedelta(),
    lasting: timedelta = timedelta(),
) -> Exchange:
    return Exchange(
        id=f"g{position}",
        campaign="golden",
        position=position,
        service="lgc",
        operation=name,
        started_at=NOW + after,
        answered_at=NOW + after + lasting,
        peer="",
        request=Message(f"POST /actions/{name}", (), json.dumps(asked).encode()),
        response=Message(f"HTTP/1.1 {status} x", (), json.dumps(answer).encode()),
        outcome=Outcome.ACCEPTED if status < 300 else Outcome.REFUSED,
    )


def altered(message: Message, old: str, new: str) -> Message:
    """The message with one text replaced; it must be there."""
    body = message.body.decode()
    assert old in body, old
    return Message(message.start_line, message.headers, body.replace(old, new).encode())


def renewed(message: Message) -> Message:
    """The same message under a new identifier."""
    return altered(message, "6489bd8a-167a-5012-ac39-367dab1b2427", str(uuid.uuid4()))
