"""Appli carte Vitale: what one call says beside others (AV-01, 03, 05, 09, 10, 11, 18).

Source: sheet ``apcv`` §5 and §9. A context belongs to one professional.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rules.checking import check
from rules.checks.apcv import damaged
from rules.checks.apcv_facts import Call, calls, gestures
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.apcv_answer import ApcvAnswer
from rules.formats.apcv_names import AUTHENTICATE, DESTROY, SIGN
from rules.formats.gesture import Gesture
from rules.judge import JournalView

_TELLING = 110
"""Characters of the frame: no two codes begin with the same ones."""
FIRST_USE = timedelta(minutes=5)
_TYPED = " \t\r\n"
"""What a scanner adds after the text, and no text begins or ends with (sheet §2)."""


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
    "AV-01",
    title="Le contenu envoyé est, à l'octet près, celui que le lecteur a donné",
    severity=Severity.BLOCKING,
    source="Fiche ApCV §2, §9",
)
def data_unchanged(view: JournalView, _context: Context) -> Iterator[Finding]:
    """What was scanned is known from ``apcv.read``, journaled after the calls it caused."""
    for call in view.derived(calls):
        data = call.request.data
        if data is None:
            continue
        scanned = _scanned(view, call.exchange) or _shown(view, data.text)
        if scanned is None:
            for found in damaged(data):
                yield _at(call, found.place, found.expected, found.found, found.advice)
        elif data.text != scanned:
            yield _at(
                call,
                data.place,
                f"les {len(scanned)} caractères lus",
                f"{len(data.text)} caractères, différents dès le {_first_gap(scanned, data.text)}e",
                "Envoyer dans Donnees le texte du lecteur tel quel, espaces doubles comprises : il "
                "est chiffré, et un caractère changé le rend illisible.",
            )


def _scanned(view: JournalView, call: Exchange) -> str | None:
    for exchange, gesture in gestures(view, "apcv.read"):
        if exchange.position > call.position:
            text = gesture.parameters.get("donnees")
            return text.strip(_TYPED) if isinstance(text, str) else None
    return None


def _shown(view: JournalView, text: str) -> str | None:
    """The code that the bench's phone dictated and that begins alike: the point tells codes."""
    for exchange in view.of("apcv", "telephone"):
        told = exchange.response.body.decode("ascii", "replace") if exchange.response else ""
        if len(text) > _TELLING and told[:_TELLING] == text[:_TELLING]:
            return told
    return None


def _first_gap(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False), 1)
    return next((rank for rank, (a, b) in pairs if a != b), min(len(one), len(other)) + 1)


@check(
    "AV-03",
    title="Un wsa:MessageID ne sert qu'une fois",
    severity=Severity.BLOCKING,
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
    source="Fiche ApCV §4.4, §9 (usage d'un client réel)",
)
def context_destroyed(view: JournalView, _context: Context) -> Iterator[Finding]:
    """At ``apcv.close``, and before the code of another holder is sent."""
    for call in view.derived(calls):
        end = _should_end(view, call)
        if end is None or not call.valid_at(end.started_at):
            continue
        if not _destroyed(view, call, end.position):
            yield Finding(
                "ContexteApCV/Identifiant",
                "detruireContexteApCV pour ce contexte",
                "aucune destruction avant la fin",
                "Détruire le contexte ApCV à la fin de la consultation, et avant de lire l'appli "
                "d'un autre patient.",
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
    source="Fiche ApCV §5, §9 ; essais INSi 1.02",
)
def context_not_outlived(view: JournalView, _context: Context) -> Iterator[Finding]:
    """To sign, or to qualify an identity."""
    known = view.derived(calls)
    ends = {call.opened.context_id: call.opened.ends for call in known if call.opened}
    for call in known:
        end = ends.get(call.request.context_id)
        if call.request.operation == SIGN and end and call.exchange.started_at >= end:
            yield _outlived(call.exchange, f"avant {end:%Y-%m-%dT%H:%M:%SZ}")
    for exchange, gesture in gestures(view, "apcv.qualify"):
        end = ends.get(_context_of(gesture)) if gesture.done else None
        if end and exchange.started_at >= end:
            yield _outlived(exchange, f"avant {end:%Y-%m-%dT%H:%M:%SZ}")


def _context_of(gesture: Gesture) -> str | None:
    return gesture.told("apcv", "contexte", "identifiant")


def _outlived(exchange: Exchange, expected: str) -> Finding:
    return Finding(
        "ContexteApCV/DateFinValidite",
        expected,
        f"à {exchange.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "Contrôler DateFinValidite avant chaque usage du contexte, et redemander une lecture de "
        "l'appli quand elle est passée.",
        exchange_id=exchange.id,
    )


@check(
    "AV-11",
    title="Un contexte encore valide est réutilisé",
    severity=Severity.INFO,
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


@check(
    "AV-18",
    title="Le logiciel ne garde ni ne montre le contenu scanné",
    severity=Severity.BLOCKING,
    source="Fiche ApCV §9",
)
def code_not_shown(view: JournalView, _context: Context) -> Iterator[Finding]:
    """In whatever the driver answers; the product's files are read by other means."""
    texts = {call.request.data.text for call in view.derived(calls) if call.request.data}
    for exchange in view.of("lgc") if texts else ():
        body = exchange.response.body if exchange.response else b""
        if any(text.encode() in body for text in texts if text):
            yield Finding(
                "réponse du geste",
                "aucun contenu scanné",
                "le texte du QR code",
                "Ne conserver le texte scanné que le temps de l'appel, et jamais dans une trace.",
                exchange_id=exchange.id,
            )
