"""Appli carte Vitale: what the user can do with it (AV-16, AV-17, AV-19, AV-20).

Judged from the gestures of the driver and the calls they cause: what only the screen
shows stays to be seen.

Source: sheet ``apcv`` §4.3, §8 and §9.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rules.checking import check
from rules.checks.apcv_facts import EXIGENCES, Call, calls, gestures, opened_for, scanned
from rules.context import Context
from rules.exchange import Exchange, Outcome
from rules.findings import Finding, Severity
from rules.formats.apcv import ApcvData
from rules.formats.apcv_names import AUTHENTICATE, DESTROY, RESTORE
from rules.formats.gesture import Gesture
from rules.judge import JournalView

READ, QUALIFY, RESTART = "apcv.read", "apcv.qualify", "software.restart"
_NOT_OFFERED = 501
_SLOW = timedelta(seconds=2)
"""From there on, a gesture waits for its call rather than for the machine."""
_MARGIN = timedelta(milliseconds=500)


def _end(exchange: Exchange) -> datetime:
    return exchange.answered_at or exchange.started_at


def _found(exchange: Exchange, gesture: Gesture, told: tuple[str, str, str, str]) -> Finding:
    return Finding(*told, exchange_id=exchange.id, artefact=gesture.label)


def _turned_down(view: JournalView) -> Iterator[tuple[Exchange, Gesture]]:
    """Readings of a sound text that the product refused by itself, without a call."""
    known = [call.exchange for call in view.derived(calls)]
    for exchange, gesture in gestures(view, READ):
        during = exchange.started_at, _end(exchange)
        called = any(during[0] <= call.started_at <= during[1] for call in known)
        tried = any(
            during[0] <= e.started_at <= during[1] for e in view.of("apcv") if e.operation == "TLS"
        )
        if not gesture.done and not called and not tried and _sound(scanned(gesture)):
            yield exchange, gesture


def _sound(text: str | None) -> bool:
    flaw = ApcvData(text or "").flaw
    return flaw is None or not flaw.sure


@check(
    "AV-16",
    title="L'appli se lit par QR code et par NFC, ou l'absence de l'un est documentée",
    severity=Severity.REVIEW,
    exigences=EXIGENCES,
    source="Fiche ApCV §9",
)
def both_media(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A medium that the product turns down while the other one serves: the notice must say so."""
    served = {_medium(g) for _, g in gestures(view, READ) if g.done}
    for exchange, gesture in _turned_down(view):
        medium = _medium(gesture)
        if served - {medium} and medium not in served:
            yield _found(
                exchange,
                gesture,
                (
                    f"geste {READ}, source {medium}",
                    "une lecture, ou une absence documentée",
                    "un refus du logiciel, sans appel",
                    f"Permettre la lecture par {medium}, ou dire dans la documentation du produit "
                    "qu'elle n'est pas proposée : à vérifier dans la notice.",
                ),
            )


def _medium(gesture: Gesture) -> str:
    return str(gesture.parameters.get("source") or "QR")


@check(
    "AV-17",
    title="Un utilisateur Pro Santé Connect lit l'appli sans carte",
    severity=Severity.BLOCKING,
    exigences=(*EXIGENCES, "LGC.DMP/UX.10"),
    source="Fiche ApCV §8 (LGC.DMP/UX.10.01)",
)
def usable_without_card(view: JournalView, _context: Context) -> Iterator[Finding]:
    """While a session is open: the reading is refused, or leaves signed by a card."""
    refused = {exchange.id for exchange, _ in _turned_down(view)}
    for exchange, gesture in gestures(view, READ):
        if gesture.parameters.get("voie") != "psc" or gesture.status == _NOT_OFFERED:
            continue
        if exchange.id in refused and _logged_in(view, exchange, gesture):
            found = "un refus du logiciel, sans appel"
        elif any(_signed(call) for call in _of(view, exchange, gesture)):
            found = "une assertion signée par la carte"
        else:
            continue
        yield _found(
            exchange,
            gesture,
            (
                f"geste {READ}, voie psc",
                "une lecture sous la session Pro Santé Connect",
                found,
                "Permettre la lecture de l'appli carte Vitale à l'utilisateur authentifié par Pro "
                "Santé Connect, sans carte dans le lecteur.",
            ),
        )


def _of(view: JournalView, exchange: Exchange, gesture: Gesture) -> Iterator[Call]:
    """The calls made for a professional during a gesture."""
    who = gesture.parameters.get("professionnel")
    for call in view.derived(calls):
        during = exchange.started_at <= call.exchange.started_at <= _end(exchange)
        if during and call.professional == who:
            yield call


def _signed(call: Call) -> bool:
    assertion = call.request.assertion
    opening = call.request.operation == AUTHENTICATE
    return opening and assertion is not None and not assertion.psc


def _logged_in(view: JournalView, exchange: Exchange, gesture: Gesture) -> bool:
    who = gesture.parameters.get("professionnel")
    last = None
    for other, about in gestures(view, "session.open", "session.close"):
        mine = about.parameters.get("professionnel") == who and about.done
        if mine and other.position < exchange.position:
            last = about.name
    return last == "session.open"


@check(
    "AV-19",
    title="Pendant un appel lent, le logiciel répond aux autres gestes",
    severity=Severity.MINOR,
    exigences=(*EXIGENCES, "LGC.DMP/UX.10"),
    source="Fiche ApCV §9",
)
def alive_while_called(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A gesture begun while a slow call was pending, and answered only once it had ended."""
    for exchange, gesture in gestures(view, READ, QUALIFY, "apcv.close"):
        pending = [call.exchange for call in _of(view, exchange, gesture)]
        end = _end(exchange)
        if not pending or end - pending[0].started_at < _SLOW:
            continue
        for other in view.of("lgc"):
            begun = pending[0].started_at <= other.started_at <= end - _SLOW / 2
            blocked = begun and _end(other) >= end - _MARGIN
            if other.id != exchange.id and blocked and _own(view, other, pending):
                took = (_end(other) - other.started_at).total_seconds()
                yield Finding(
                    f"geste {other.operation} pendant {gesture.name}",
                    "une réponse sans attendre la fin de l'appel",
                    f"une réponse au bout de {took:.1f} s, l'appel fini",
                    "Appeler le service hors du fil de l'interface, et ne rien verrouiller d'autre "
                    "que la lecture en cours.",
                    exchange_id=other.id,
                )


def _own(view: JournalView, other: Exchange, pending: list[Exchange]) -> bool:
    """Whether a gesture was answered by the product alone: it had no call of its own to wait."""
    known = {call.id for call in pending}
    during = (
        e
        for e in view.exchanges
        if other.started_at <= e.started_at <= _end(other)
        and e.service != "lgc"
        and e.id not in known
    )
    return other.outcome is not Outcome.UNANSWERED and next(during, None) is None


@check(
    "AV-20",
    title="Après un redémarrage, le logiciel redemande le contexte encore valide",
    severity=Severity.INFO,
    exigences=EXIGENCES,
    source="Fiche ApCV §4.3, §9",
)
def restored_after_restart(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The next reading or qualification of each professional whose context still runs."""
    for restart, about in gestures(view, RESTART):
        people = {call.professional for call in view.derived(calls)} if about.done else set()
        for who in sorted(filter(None, people)):
            held = opened_for(view, who, restart.position)
            if held is None or not held.valid_at(restart.started_at) or _ended(view, held, restart):
                continue
            yield from _lost(view, held, restart)


def _ended(view: JournalView, held: Call, restart: Exchange) -> bool:
    opened = held.opened
    return opened is not None and any(
        call.request.operation == DESTROY and call.request.context_id == opened.context_id
        for call in view.derived(calls)
        if call.exchange.position < restart.position
    )


def _lost(view: JournalView, held: Call, restart: Exchange) -> Iterator[Finding]:
    """What shows that the context was forgotten, if anything does."""
    for exchange, gesture in gestures(view, READ, QUALIFY):
        mine = gesture.parameters.get("professionnel") == held.professional
        if exchange.position < restart.position or not mine:
            continue
        made = list(_of(view, exchange, gesture))
        asked = any(call.request.operation == RESTORE for call in made)
        if asked or not held.valid_at(exchange.started_at):
            return
        again = any(_same(call, held) for call in made)
        if again or (gesture.name == QUALIFY and not gesture.done and not made):
            yield _found(
                exchange,
                gesture,
                (
                    f"geste {gesture.name}, après un redémarrage",
                    "restituerContexteApCV, le contexte étant encore valide",
                    "une nouvelle authentification" if again else "un refus, sans appel",
                    "Appeler restituerContexteApCV au redémarrage ou au premier geste, plutôt que "
                    "de faire représenter le code au patient.",
                ),
            )
        return


def _same(call: Call, held: Call) -> bool:
    """Whether the same holder was authenticated anew."""
    if call.request.operation != AUTHENTICATE or not call.opened or not held.opened:
        return False
    return call.opened.serial == held.opened.serial
