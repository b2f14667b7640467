"""The code porteur: asked once, wrong, blocked (CD-03, CD-04, CD-05).

What the rules say of the screen is judged on the answer of the gesture (``erreur``,
``carte``). That the code is never stored in clear nor logged (CD-03) is not seen on any
wire, where codes are masked: it stays for the auditor. A session is that of the chip:
from the first accepted VERIFY to a power loss, a removal, or the end the user asked for.

Source: sheet of cards §1, §3.4, §8.1 and §11.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import timedelta

from rules.checking import check
from rules.checks.card_facts import CardStory, story
from rules.checks.card_presence import Act, Presence, Step
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats import apdu
from rules.formats.apdu import CardCommand
from rules.judge import JournalView

READ_CPS = "card.read_cps"
_CODE_PORTEUR = 1
_TYPING = frozenset({READ_CPS, "card.unblock", "session.open"})
"""Gestures in which the user types the code."""
_CLOSING = frozenset({"card.close", "session.close"})
_NOT_SATISFIED = 0x6982
_THIRD = 3
WHOLE = 3
"""Tries of a code that nobody got wrong."""
_COUNTED, _TRIES = b"\xbf\x81\x01", b"\x9b\x01"
"""In the counter of a CPS3: the object of the code porteur, its tries left."""
_HUMAN = timedelta(seconds=3)
"""Without gestures in the journal, a code presented again sooner was not typed. Ours."""
_WORDS = {1: "un(e)? (seul )?essai|dernier", 2: "deux"}


@check(
    "CD-03",
    title="Le code porteur n'est demandé qu'une fois par session",
    severity=Severity.BLOCKING,
    source="Fiche cartes §8.1, §11 (CD-03)",
)
def code_once(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A VERIFY while the code is verified, unless the user opens a session anew."""
    told = view.derived(story)
    closings = [a.position for a in told.acts if a.gesture.name in _CLOSING]
    for presence in told.presences:
        opened: dict[bool, Step] = {}
        for step in presence.steps:
            command = step.command
            if command is None or command.status == _NOT_SATISFIED:
                opened.clear()
            elif command.presents_code and command.code_reference == _CODE_PORTEUR:
                ter = command.head[0] == 0xA0
                former = opened.get(ter)
                if former and not _asked_anew(former, step, closings):
                    yield _repeated(step, told)
                if command.done:
                    opened[ter] = step
                else:
                    opened.pop(ter, None)


def _asked_anew(former: Step, step: Step, closings: list[int]) -> bool:
    """Whether the user ended the session since, or types the code in this gesture."""
    since = bisect_left(closings, former.exchange.position)
    closed = since < len(closings) and closings[since] < step.exchange.position
    typed = step.act is not None and step.act.gesture.name in _TYPING
    return closed or (typed and step.act is not former.act)


def _repeated(step: Step, told: CardStory) -> Finding:
    return Finding(
        "commande VERIFY",
        "aucune présentation : le code est déjà vérifié",
        "le code porteur présenté de nouveau",
        "Garder la session de la carte ouverte et ne redemander le code qu'après un retrait, une "
        "coupure ou une fermeture par l'utilisateur ; ne pas garder le code pour le rejouer.",
        # Without gestures nobody knows whether the user closed the session in between.
        severity=None if told.acts else Severity.REVIEW,
        exchange_id=step.exchange.id,
    )


@check(
    "CD-04",
    title="Un code faux n'est pas représenté sans l'utilisateur, qui voit les essais restants",
    severity=Severity.BLOCKING,
    source="Fiche cartes §3.4, §11 (CD-04)",
)
def wrong_code(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A second automatic try is minor, a third one or the one that blocks is not."""
    told = view.derived(story)
    for presence in told.presences:
        failed: list[Step] = []
        for step, command in presence.commands:
            if not (command.presents_code and command.code_reference == _CODE_PORTEUR):
                continue
            if failed and _automatic(failed[-1], step, told):
                yield _retried(step, command, len(failed) + 1)
            else:
                failed.clear()
            if command.done:
                failed.clear()
            else:
                failed.append(step)
    yield from _tries_hidden(told)


def _automatic(former: Step, step: Step, told: CardStory) -> bool:
    if not told.acts:
        return step.exchange.started_at - former.exchange.started_at < _HUMAN
    return step.act is former.act or step.act is None


def _retried(step: Step, command: CardCommand, rank: int) -> Finding:
    fatal = rank >= _THIRD or command.tries == 0
    return Finding(
        "commande VERIFY",
        "aucun nouvel essai sans une nouvelle saisie",
        f"essai n° {rank} sans intervention de l'utilisateur",
        "Après 63Cx, rendre la main à l'utilisateur avec le nombre d'essais restants : rejouer le "
        "même code bloque la carte.",
        severity=None if fatal else Severity.MINOR,
        exchange_id=step.exchange.id,
    )


def _tries_hidden(told: CardStory) -> Iterator[Finding]:
    for act in told.acts:
        left = _last_tries(told, act)
        if not left:
            continue
        if act.done and act.gesture.name == READ_CPS:
            found = "un geste réussi"
        elif _says(act, left):
            continue
        else:
            found = str(act.error.get("message"))
        yield _at(
            act,
            f"geste {act.gesture.name}",
            f"un refus qui dit qu'il reste {left} essai(s)",
            found,
            "Afficher après un code faux le nombre d'essais restants lu dans 63Cx.",
        )


def _last_tries(told: CardStory, act: Act) -> int | None:
    """Tries left after the last code presented during a gesture, when it was refused."""
    tries = None
    for _, step in told.steps_of(act):
        if step.command and step.command.presents_code:
            porteur = step.command.code_reference == _CODE_PORTEUR
            tries = step.command.tries if porteur else None
    return tries


def _says(act: Act, left: int) -> bool:
    if act.card.get("essais_restants") == left:
        return True
    text = json.dumps(dict(act.gesture.answer), ensure_ascii=False).casefold()
    words = _WORDS.get(left, "")
    return bool(re.search(rf"\b{left}\b" + (f"|{words}" if words else ""), text))


@check(
    "CD-05",
    title="Une carte bloquée donne un message clair, et aucun code n'y est plus présenté",
    severity=Severity.BLOCKING,
    source="Fiche cartes §3.4, §11 (CD-05)",
)
def blocked_card(view: JournalView, _context: Context) -> Iterator[Finding]:
    """From 6983 or 63C0 until an unblocking, or until the card says tries are left."""
    told = view.derived(story)
    blocked: dict[str, Act | None] = {}
    for presence in told.presences:
        for step, command in presence.commands:
            yield from _presented_again(presence, step, command, blocked)
            yield from _unclear(step, command)


def _presented_again(
    presence: Presence, step: Step, command: CardCommand, blocked: dict[str, Act | None]
) -> Iterator[Finding]:
    if command.instruction == apdu.RESET_RETRY_COUNTER and command.done:
        blocked.pop(presence.number, None)
    about_code = command.instruction == apdu.VERIFY and command.code_reference == _CODE_PORTEUR
    if about_code and command.presents_code and presence.number in blocked:
        yield Finding(
            "commande VERIFY",
            "plus aucune présentation du code porteur",
            "un code présenté à une carte bloquée",
            "Sur 6983, ne plus présenter le code : interroger le compteur d'essais et proposer le "
            "déblocage.",
            exchange_id=step.exchange.id,
        )
    left = _left(command) if about_code else counter(step, command)
    if left == 0 and not step.exchange.fault:
        blocked[presence.number] = step.act
    elif left:
        blocked.pop(presence.number, None)


def _left(command: CardCommand) -> int | None:
    return WHOLE if command.done else command.tries


def counter(step: Step, command: CardCommand) -> int | None:
    """Tries left of the code porteur that a GET DATA shows (tag 9B, sheet §3.4)."""
    if command.instruction != apdu.GET_DATA or _COUNTED not in step.answer:
        return None
    found = step.answer.find(_TRIES)
    return step.answer[found + 2] if 0 <= found < len(step.answer) - 2 else None


def _unclear(step: Step, command: CardCommand) -> Iterator[Finding]:
    act = step.act
    asked = command.instruction == apdu.VERIFY and command.code_reference == _CODE_PORTEUR
    left = command.tries if asked else counter(step, command)
    if act is None or left != 0:
        return
    if not act.done and "bloqu" in str(act.error.get("message")).casefold():
        return
    if act.done and act.gesture.name != READ_CPS:
        return
    yield _at(
        act,
        f"geste {act.gesture.name}",
        "un refus qui dit la carte bloquée et comment la débloquer",
        "un geste réussi" if act.done else str(act.error.get("message")),
        "Sur 6983, dire que la carte est bloquée et mener au déblocage par le code à 8 chiffres.",
    )


def _at(act: Act, place: str, expected: str, found: str, advice: str) -> Finding:
    return Finding(place, expected, found, advice, exchange_id=act.exchange.id)
