"""Ordonnances as a journal tells them: EP4, deposits, gestures, on the JSON wire."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import count as counter
from typing import Any

from rules.exchange import Exchange, Message, Outcome
from rules.formats.code2d import code2d_text
from rules.judge import judge_sequence
from tests.rules.ep_med_dm.documents import written
from tests.rules.ep_med_dm.pages import AM, NAMES, RPPS, page
from tests.rules.journals import deposit, exchange, journal
from tests.rules.prescription.calls import context, message, ordonnance

NUMBER, OTHER = "04B5BBY113H9WH0035", "04B5BF6A13UFPA0036"
LOST: dict[str, Any] = {"outcome": Outcome.UNANSWERED, "response": None}
REFUSED: dict[str, Any] = {"outcome": Outcome.REFUSED}
_ranks = counter(1)


def call(operation: str, content: dict[str, Any], **changes: Any) -> Exchange:
    """A call of the service, accepted unless told; ``answer`` is a neutral content."""
    answer = changes.pop("answer", {"etat": "ENREGISTREE"})
    body = json.dumps(answer).encode()
    response = Message("HTTP/1.1 200 OK", (("Content-Type", "application/json"),), body)
    made = exchange("prescription", operation, message(operation, content), response=response)
    return replace(made, **changes)


def ep4(number: str = NUMBER, *, told: dict[str, Any] | None = None, **changes: Any) -> Exchange:
    """An EP4; ``told`` changes the ordonnance."""
    return call("EP4", ordonnance(id=number, **(told or {})), **changes)


def ep3(
    executions: list[dict[str, Any]] | None = None,
    *,
    access: str = "AUTORISE",
    asked: bool = True,
) -> Exchange:
    """An EP3 and what it answers."""
    answer = {"ordonnance": ordonnance(executions=executions or []), "accesExecutions": access}
    return call("EP3", {"id": NUMBER, "avecExecutions": asked}, answer=answer)


def ep2(*numbers: str) -> Exchange:
    """An EP2 and what it finds."""
    answer = {"total": len(numbers), "resultats": [ordonnance(id=n) for n in numbers]}
    return call("EP2", {"prescripteur": {"rpps": RPPS}}, answer=answer)


def n3(number: str | None = NUMBER, **changes: Any) -> Exchange:
    """The deposit of an eP-MED-DM of 2022; without number, that of an outage."""
    coded = number is not None
    data = written(version="2022.01", number=number, barcode=coded, **changes)
    return deposit(data if coded else _renamed(data))


def _renamed(data: bytes) -> bytes:
    """Without number, the identifier of the model of the tests is made unique."""
    old = b"2.25.139558668536334799129317687771668715305"
    return data.replace(old, b"2.25.%d" % (9**20 + next(_ranks)))


def n1() -> Exchange:
    """The deposit of the PDF; its page is that of the golden letter."""
    return deposit()


def gesture(
    name: str, answer: dict[str, Any], parameters: dict[str, Any] | None = None, status: int = 200
) -> Exchange:
    """A gesture and its answer."""
    request = Message(f"POST /actions/{name} HTTP/1.1", (), json.dumps(parameters or {}).encode())
    response = Message(f"HTTP/1.1 {status} OK", (), json.dumps(answer).encode())
    return exchange("lgc", name, request, response=response)


def held(number: str | None = NUMBER, **changes: Any) -> dict[str, Any]:
    """``ordonnance`` of an answer: registered, or without code when there is no number."""
    code = number and code2d_text(number, NAMES, RPPS, AM)
    made = {"id": "o1", "numero": number, "code_2d": code, "executions": [], "alertes": []}
    made["etat"] = "enregistrée" if number else "sans code"
    return {**made, **changes}


def validated(number: str | None = NUMBER, **changes: Any) -> Exchange:
    """``prescription.validate``; its ``envois`` name the deposits."""
    names = [{"identifiant_unique": e} for e in changes.pop("names", [])]
    answer = {"ordonnance": held(number, **changes), "envois": names}
    return gesture("prescription.validate", answer, {"ordonnance": "o1"})


def printed(number: str | None = NUMBER) -> Exchange:
    """``prescription.print``; without number, the paper of an outage."""
    content = base64.b64encode(page(number)).decode()
    answer = {"document": {"id": "d1", "contenu": content}}
    return gesture("prescription.print", answer, {"ordonnance": "o1"})


def consulted(executions: list[dict[str, Any]] | None = None, **changes: Any) -> Exchange:
    """``prescription.consult`` and what it shows."""
    answer = {"ordonnance": held(executions=executions or [], **changes)}
    return gesture("prescription.consult", answer, {"numero": NUMBER})


def outage() -> tuple[Exchange, ...]:
    """What is right when the service does not answer."""
    alert = ["Le service de l'ordonnance numérique n'a pas répondu."]
    return (
        ep4(**LOST),
        n3(None),
        n1(),
        validated(None, alertes=alert),
        printed(None),
    )


def story() -> tuple[Exchange, ...]:
    """What is right when everything answers."""
    return ep4(), n3(), n1(), validated(), printed()


def ids(*exchanges: Exchange) -> list[str]:
    """Ids of the EP findings of a journal, each once."""
    judgement = judge_sequence(journal(*exchanges), context().environment)
    return sorted({f.check_id for f in judgement.findings if f.check_id.startswith("EP-")})
