"""X-01 and X-02, on journals of gestures and exchanges."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from rules.checks.cross_gestures import announced_is_seen, nothing_unexpected
from rules.context import Context
from rules.exchange import Exchange, Message, Outcome
from rules.judge import JournalView

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)


def exchange(
    service: str, operation: str, outcome: Outcome = Outcome.ACCEPTED
) -> dict[str, object]:
    return {
        "service": service, "operation": operation, "outcome": outcome,
        "request": Message("POST / HTTP/1.1"), "response": None,
    }  # fmt: skip


def gesture(name: str, answer: object, status: int = 200) -> dict[str, object]:
    return {
        "service": "lgc", "operation": name, "outcome": Outcome.ACCEPTED,
        "request": Message("POST / HTTP/1.1", body=b"{}"),
        "response": Message(f"HTTP/1.1 {status}", body=json.dumps(answer).encode()),
    }  # fmt: skip


def journal(*entries: dict[str, object]) -> JournalView:
    return JournalView(
        tuple(
            Exchange(id=f"e{n}", campaign="c", position=n, started_at=AT, answered_at=AT,
                     peer="h:1", **entry)  # type: ignore[arg-type]
            for n, entry in enumerate(entries, start=1)
        )
    )  # fmt: skip


SENT = {"envoi": {"etat": "envoyé"}}
VERIFIED = {"verification": {"resultat": "OK"}}
CANCELLED = {"ordonnance": {"numero": "04B5BBY113H9WH0035"}}
QUEUED = {"envoi": {"etat": "à envoyer"}}


@pytest.mark.parametrize(
    "entries",
    [
        (exchange("dmp", "TD0.2"), exchange("dmp", "TD2.1"), gesture("dmp.deposit", SENT)),
        (exchange("dmp", "TD2.1", Outcome.REFUSED), gesture("dmp.deposit", QUEUED)),
        (gesture("dmp.deposit", {"erreur": {}}, 409),),
        (gesture("document.write", {}),),
        (exchange("mssante", "SMTP-AUTH"), exchange("mssante", "SMTP"), gesture("mss.send", SENT)),
        (
            exchange("mssante", "IMAP-AUTH"),
            exchange("mssante", "IMAP-FETCH"),
            gesture("mss.read_inbox", {}),
        ),
        (
            exchange("insi", "rechercherInsAvecTraitsIdentite"),
            gesture("identity.search_insi", {"insi": {"code": "00"}}),
        ),
        (gesture("identity.search_insi", {"insi": {"code": "SERVICE_INJOIGNABLE"}}),),
        (exchange("pki", "CRL"), exchange("dmp", "TD2.1"), gesture("patient.read", {})),
        (exchange("dmp", "TD0.2"), gesture("dmp.authorize", {})),
        (exchange("dmp", "TD0.2"), exchange("dmp", "TD3.1"), gesture("dmp.deposit", SENT)),
        (exchange("insi", "verifierIns"), gesture("identity.verify", VERIFIED)),
        (
            exchange("insi", "rechercherInsAvecTraitsIdentite"),
            gesture("identity.receive", VERIFIED),
        ),
        (gesture("identity.receive", {"verification": None}),),
        (exchange("prescription", "EP4"), gesture("prescription.validate", {})),
        (exchange("prescription", "EP3"), gesture("prescription.consult", {})),
        (exchange("prescription", "EP2"), gesture("prescription.search", {})),
        (exchange("prescription", "EP4-annulation"), gesture("prescription.cancel", CANCELLED)),
        (gesture("prescription.cancel", {"ordonnance": {"numero": None}}),),
        (
            exchange("prescription", "EP4-annulation"),
            exchange("dmp", "TD3.3"),
            gesture("prescription.cancel", CANCELLED),
        ),
        (gesture("identity.verify", {"verification": {"resultat": "déjà connue"}}),),
        (
            exchange("cards", "READ BINARY"),
            exchange("insi", "rechercherInsAvecCarteVitale"),
            gesture("identity.search_insi", {"insi": {"code": "00"}}),
        ),
        (exchange("psc", "token"), gesture("session.open", {"session": {}})),
        (exchange("cards", "VERIFY"), gesture("session.open", {"session": {}})),
    ],
    ids=["depot", "refuse", "interdit", "muet", "envoi", "releve", "insi", "panne", "relance",
         "deja-autorise", "retrouve", "verification", "reception", "sans-appel",
         "ordonnance", "executions", "recherche", "annulation", "brouillon-annule",
         "retrait", "deja-connue", "carte", "session-psc", "session-carte"],
)  # fmt: skip
def test_what_is_announced_and_seen_raises_nothing(entries: tuple[dict[str, object], ...]) -> None:
    view = journal(*entries)
    assert [*announced_is_seen(view, Context()), *nothing_unexpected(view, Context())] == []


@pytest.mark.parametrize(
    "entries",
    [
        (gesture("dmp.deposit", SENT),),
        (exchange("dmp", "TD2.1", Outcome.REFUSED), gesture("dmp.deposit", SENT)),
        (exchange("dmp", "TD2.1"), gesture("patient.read", {}), gesture("dmp.deposit", SENT)),
        (gesture("mss.send", SENT),),
        (gesture("session.open", {"session": {}}),),
        (gesture("identity.search_insi", {"insi": {"code": "00"}}),),
        (gesture("identity.verify", VERIFIED),),
        (gesture("prescription.cancel", CANCELLED),),
        (
            exchange("dmp", "TD0.2"),
            exchange("dmp", "TD0.3", Outcome.REFUSED),
            gesture("dmp.authorize", {}),
        ),
        (
            exchange("dmp", "TD2.1", Outcome.REFUSED),
            exchange("dmp", "TD3.1"),
            gesture("dmp.deposit", SENT),
        ),
    ],
    ids=[
        "rien",
        "refuse",
        "d-un-autre-geste",
        "courriel",
        "session",
        "insi",
        "verification",
        "annulation",
        "autorisation",
        "recherche-apres-refus",
    ],
)
def test_what_is_announced_and_not_seen_is_found(entries: tuple[dict[str, object], ...]) -> None:
    view = journal(*entries)
    (found,) = announced_is_seen(view, Context())
    assert found.exchange_id == view.exchanges[-1].id
    assert list(nothing_unexpected(view, Context())) == []


@pytest.mark.parametrize(
    ("service", "operation"),
    [("insi", "rechercherInsAvecTraitsIdentite"), ("dmp", "TD3.2"), ("dmp", "TD0.3")],
)
def test_an_exchange_no_gesture_explains_is_told(service: str, operation: str) -> None:
    view = journal(exchange(service, operation), gesture("patient.create", {}))
    (found,) = nothing_unexpected(view, Context())
    assert (found.found, found.exchange_id) == (f"{service} {operation}", "e1")
    assert list(announced_is_seen(view, Context())) == []
