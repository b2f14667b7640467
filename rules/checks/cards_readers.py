"""Readers, generations and rhythm: CD-01, CD-14, CD-18.

What the rules say of the screen is judged on the answer of the gesture (``erreur``,
``carte``): nothing here needs to see it.

Source: sheet of cards §1, §3.4, §3.5 and §11.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from rules.checking import check
from rules.checks.card_facts import CardStory, story
from rules.checks.card_presence import Act, Presence, Step
from rules.checks.cards_codes import READ_CPS, WHOLE, counter
from rules.checks.cards_identity import PRODUCTION
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats import apdu
from rules.formats.apdu import CardCommand
from rules.judge import JournalView

ABSENT = "ABSENT"
"""Part of the error code of a gesture that found no card."""
_REST = timedelta(seconds=5)
_WINDOW, _WINDOW_ALONE = timedelta(seconds=10), timedelta(seconds=60)
_SLICES, _FILLED = 10, 8
_RATE = 2
"""Commands per second at rest (CD-18); the windows it is measured on are ours."""


@check(
    "CD-01",
    title="Le logiciel trouve la carte quel que soit le lecteur, même insérée après coup",
    severity=Severity.BLOCKING,
    exigences=("INS/va1.37",),
    source="Fiche cartes §11 (CD-01)",
)
def card_found(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A card said absent that was there; a card announced that no reader ever held."""
    told = view.derived(story)
    numbers = {presence.number for presence in told.presences}
    for act in _readings(told):
        present = told.present(act)
        number = act.card.get("numero")
        # An answer from memory may be about a card met before this journal begins.
        if act.card and told.steps_of(act) and number not in numbers:
            yield _at(
                act,
                "geste card.read_cps, carte.numero",
                " ou ".join(sorted(p.number for p in present)) or "aucune carte",
                str(number),
                "Annoncer le numéro lu dans EF.SN de la carte présente, sans valeur par défaut.",
            )
        elif ABSENT in str(act.error.get("code")):
            yield from (_missed(act, presence) for presence in present if _sought(act, presence))


def _sought(act: Act, presence: Presence) -> bool:
    """Whether a card was there all along, unharmed, and is the one asked for."""
    spoilt = any(step.exchange.fault for step in presence.steps if step.act is act)
    whole = presence.end is None or presence.end > act.position
    return whole and not spoilt and act.professional in (None, presence.holder)


def _missed(act: Act, presence: Presence) -> Finding:
    return _at(
        act,
        "geste card.read_cps",
        f"la carte {presence.number} du lecteur « {presence.reader} »",
        str(act.error.get("message")),
        "Interroger tous les lecteurs à chaque lecture, y compris ceux branchés ou garnis après "
        "le démarrage, et passer les lecteurs vides.",
    )


@check(
    "CD-14",
    title="Une CPS3 et une CPS4 lisibles sont acceptées",
    severity=Severity.BLOCKING,
    source="Fiche cartes §1, §3.4, §3.5, §11 (CD-14)",
)
def both_generations(view: JournalView, context: Context) -> Iterator[Finding]:
    """A refused reading of a valid card, of the right holder, that nothing disturbed."""
    told = view.derived(story)
    for act in _readings(told):
        absent = ABSENT in str(act.error.get("code"))
        if act.done or not act.error or absent or act.error.get("champ") == "code":
            continue
        for presence in told.present(act):
            if _sought(act, presence) and _readable(told, act, presence, context):
                yield _at(
                    act,
                    "geste card.read_cps",
                    f"la {presence.family} {presence.number} acceptée",
                    str(act.error.get("message")),
                    f"Suivre la séquence de commandes de la {presence.family} : application, "
                    "canal logique, SELECT et VERIFY diffèrent d'une génération à l'autre.",
                )


def _readable(told: CardStory, act: Act, presence: Presence, context: Context) -> bool:
    """Whether nothing but the software can explain the refusal."""
    image, at = presence.image, act.exchange.started_at
    asked = [step for p, step in told.steps_of(act) if p is presence]
    if not asked or image.unfit_at(at):
        return False
    production = context.environment.rules_profile == PRODUCTION
    if image.identity and image.identity.test is production:
        return False
    return not any(s.command and _code_trouble(s, s.command) for s in asked)


def _code_trouble(step: Step, command: CardCommand) -> bool:
    """A wrong code, or tries missing: the user has to type it again."""
    if command.instruction == apdu.VERIFY:
        return command.tries is not None and (command.presents_code or command.tries < WHOLE)
    left = counter(step, command)
    return left is not None and left < WHOLE


@check(
    "CD-18",
    title="Au repos, la carte n'est pas interrogée plus de deux fois par seconde",
    severity=Severity.MINOR,
    source="Fiche cartes §11 (CD-18)",
)
def no_polling(view: JournalView, _context: Context) -> Iterator[Finding]:
    """More than 20 commands in 10 s, all along, far from any gesture and any other wire.

    Without gestures in the journal, more than 120 in 60 s.
    """
    told = view.derived(story)
    window = _WINDOW if told.acts else _WINDOW_ALONE
    allowed = int(window.total_seconds()) * _RATE
    busy = sorted(e.started_at for e in view.exchanges if e.service != "cards")
    busy += [a.exchange.answered_at for a in told.acts if a.exchange.answered_at]
    busy.sort()
    for presence in told.presences:
        recent: deque[datetime] = deque()
        for step in presence.steps:
            if step.act or step.command is None or _disturbed(step, busy):
                continue
            at = step.exchange.started_at
            recent.append(at)
            while at - recent[0] >= window:
                recent.popleft()
            if len(recent) > allowed and _lasting(recent, window):
                yield _polled(step, len(recent), window)
                break


def _lasting(instants: deque[datetime], window: timedelta) -> bool:
    """Whether commands fill a window: the reading of a card just put in is but a burst."""
    slices = {int((at - instants[0]) / (window / _SLICES)) for at in instants}
    return len(slices) >= _FILLED


def _disturbed(step: Step, busy: list[datetime]) -> bool:
    """Whether something else happened a few seconds before or after."""
    at = step.exchange.started_at
    near = bisect_left(busy, at - _REST)
    return near < len(busy) and busy[near] <= at + _REST


def _polled(step: Step, count: int, window: timedelta) -> Finding:
    return Finding(
        "rythme des commandes",
        f"au plus {_RATE} commandes par seconde au repos",
        f"{count} commandes en {window.total_seconds():.0f} s",
        "Attendre les événements du lecteur (SCardGetStatusChange) au lieu de relire la carte en "
        "boucle.",
        exchange_id=step.exchange.id,
    )


def _readings(told: CardStory) -> Iterator[Act]:
    return (act for act in told.acts if act.gesture.name == READ_CPS)


def _at(act: Act, place: str, expected: str, found: str, advice: str) -> Finding:
    return Finding(place, expected, found, advice, exchange_id=act.exchange.id)
