"""Appli carte Vitale: what one call says beside others (AV-03, 05, 09, 10, 11).

Source: sheet ``apcv`` §5 and §9. A context belongs to one professional.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rules.checking import check
from rules.checks.apcv_facts import EXIGENCES, Call, calls, gestures, qualifications
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.apcv_answer import ApcvAnswer
from rules.formats.apcv_names import AUTHENTICATE, DESTROY, SIGN
from rules.judge import JournalView

FIRST_USE = timedelta(minutes=5)
_TLSI = ("insi", "prescription", "dmp")
"""Where the token of a context may be named, in place of a carte Vitale."""


def _at(call: Call, place: str, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        place,
        expected,
        found,
        advice,
        exchange_id=call.exchange.id,
        artefact=call.request.label,
    )


@check(
    "AV-03",
    title="Un wsa:MessageID ne sert qu'une fois",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §9",
)
def message_id_unique(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Across operations too."""
    seen: set[str] = set()
    for call in view.derived(calls):
        value = call.request.soap.message_id
        if value is not None and value in seen:
            yield _at(
                call,
                "/Envelope/Header/MessageID",
                "un identifiant nouveau à chaque appel",
                value,
                "Tirer un nouvel UUID pour chaque appel, y compris lors d'une nouvelle tentative.",
            )
        seen.add(value or "")


@check(
    "AV-05",
    title="Une assertion sert pour la première fois dans les cinq minutes de son émission",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §9",
)
def assertion_new(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Later uses may go up to one hour."""
    seen: set[str | None] = set()
    for call in view.derived(calls):
        saml = call.request.assertion.saml if call.request.assertion else None
        issued = saml.issue_instant if saml else None
        if saml is None or issued is None or saml.id in seen:
            continue
        seen.add(saml.id)
        if call.exchange.started_at - issued > FIRST_USE:
            yield _at(
                call,
                f"{saml.place}/@IssueInstant",
                f"au plus 5 minutes avant {call.exchange.started_at:%Y-%m-%dT%H:%M:%SZ}",
                saml.element.get("IssueInstant") or "",
                "Dater l'assertion du moment où la carte la signe.",
            )


@check(
    "AV-09",
    title="Le contexte est détruit à la fin de la consultation et au changement de patient",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source="Fiche ApCV §4.4, §9 (usage d'un client réel)",
)
def context_destroyed(view: JournalView, _context: Context) -> Iterator[Finding]:
    """At ``apcv.close``, and by the end of the gesture that reads another holder."""
    for call in view.derived(calls):
        end = _should_end(view, call)
        if end is None or not call.valid_at(end.started_at):
            continue
        if not _destroyed(view, call, _end_of_gesture(view, end)):
            yield Finding(
                "ContexteApCV/Identifiant",
                "detruireContexteApCV pour ce contexte",
                "aucune destruction avant la fin",
                "Détruire le contexte ApCV à la fin de la consultation, et quand l'appli d'un "
                "autre patient est lue.",
                exchange_id=end.id,
            )


def _should_end(view: JournalView, call: Call) -> Exchange | None:
    """The exchange before which the context had to be destroyed."""
    opened = call.opened
    if opened is None or call.request.operation != AUTHENTICATE:
        return None
    after = call.exchange.position
    ends = [
        other.exchange
        for other in view.derived(calls)
        if other.exchange.position > after
        and other.request.operation == AUTHENTICATE
        and other.professional == call.professional
        and other.opened is not None
        and other.opened.serial != opened.serial
    ]
    ends += [
        exchange
        for exchange, gesture in gestures(view, "apcv.close")
        if exchange.position > after
        and gesture.done
        and gesture.parameters.get("professionnel") == call.professional
    ]
    return min(ends, key=lambda each: each.position, default=None)


def _end_of_gesture(view: JournalView, end: Exchange) -> int:
    """Position of the gesture that an exchange belongs to, or of that very exchange."""
    after = (e.position for e in view.of("lgc") if e.position >= end.position)
    return next(after, end.position)


def _destroyed(view: JournalView, call: Call, before: int) -> bool:
    """Whether a destruction was sent, or the same holder was read again, before a position."""
    opened = call.opened
    assert opened is not None
    for other in view.derived(calls):
        if not call.exchange.position < other.exchange.position < before:
            continue
        if other.request.operation == DESTROY and other.request.context_id == opened.context_id:
            return True
        if _renews(other, call, opened):
            return True
    return False


def _renews(other: Call, call: Call, opened: ApcvAnswer) -> bool:
    again = other.opened if other.request.operation == AUTHENTICATE else None
    same = other.professional == call.professional
    return again is not None and same and again.serial == opened.serial


@check(
    "AV-10",
    title="Un contexte ne sert plus après sa date de fin de validité",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §5, §9 ; essais INSi 1.02",
)
def context_not_outlived(view: JournalView, _context: Context) -> Iterator[Finding]:
    """To sign, to qualify an identity, or as the token of another teleservice."""
    known = view.derived(calls)
    ends = {
        c.opened.context_id: c.opened.ends
        for c in known
        if c.opened and c.opened.context_id and c.opened.ends
    }
    for call in known:
        end = ends.get(call.request.context_id or "")
        if call.request.operation == SIGN and end and call.exchange.started_at >= end:
            yield _outlived(call.exchange, end)
    for one in view.derived(qualifications):
        end, exchange = one.profile.ends, one.act.exchange
        if end and one.act.gesture.done and exchange.started_at >= end:
            yield _outlived(exchange, end)
    for token, end in ends.items():
        late = (e for e in view.exchanges if e.service in _TLSI and e.started_at >= end)
        for exchange in late:
            if token.encode() in exchange.request.body:
                yield _outlived(exchange, end)


def _outlived(exchange: Exchange, end: datetime) -> Finding:
    return Finding(
        "ContexteApCV/DateFinValidite",
        f"avant {end:%Y-%m-%dT%H:%M:%SZ}",
        f"à {exchange.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "Contrôler DateFinValidite avant chaque usage du contexte, et redemander une lecture de "
        "l'appli quand elle est passée.",
        exchange_id=exchange.id,
    )


@check(
    "AV-11",
    title="Un contexte encore valide est réutilisé",
    severity=Severity.INFO,
    exigences=EXIGENCES,
    source="Fiche ApCV §5, §9 (usage d'un client réel)",
)
def context_reused(view: JournalView, _context: Context) -> Iterator[Finding]:
    """No second authentication of a holder while the first context runs."""
    known = [call for call in view.derived(calls) if call.request.operation == AUTHENTICATE]
    for rank, call in enumerate(known):
        opened = call.opened
        for other in known[rank + 1 :] if opened is not None else ():
            running = call.valid_at(other.exchange.started_at)
            if opened is None or not _renews(other, call, opened) or not running:
                continue
            if not _destroyed(view, call, other.exchange.position):
                yield _at(
                    other,
                    "/Envelope/Body",
                    f"le contexte {opened.context_id}, encore valide",
                    "une nouvelle authentification",
                    "Garder le contexte de la consultation et le réutiliser jusqu'à sa fin.",
                )
            break
