"""EP-24, EP-25, EP-33: what the software shows of executions and of searches.

What is shown is what the gestures ``prescription.consult`` and
``prescription.search`` answer. Source: e-prescription.md §7.4, §7.5, §14.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import NamedTuple, cast

from rules.artefact import MalformedError
from rules.checking import check
from rules.checks.prescription_facts import Act, asked_of, named, sent
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.cartouche import Cartouche, plain
from rules.formats.prescription import ExecutedLine, Execution, Executor, read_keyed
from rules.formats.prescription_wire import EpAnswer
from rules.judge import JournalView

CONSULT, SEARCH = "prescription.consult", "prescription.search"
SOURCE = "e-prescription.md §7.4, §14"
REFUSED, CANCELLED = "REFUSE", "ANNULEE"
OPPOSED = "EP-P-008"
"""Ours: the service refuses the executions of a patient who is opposed."""


class Step(NamedTuple):
    """What was done of one line, as a prescriber must see it."""

    date: str | None
    executor: frozenset[str]
    """Every name he may be shown by: family name, RPPS, pharmacy."""
    line: int | None
    motive: int | None
    sub_motive: int | None

    def shows(self, other: Step) -> bool:
        """Whether it says another one: who executed may be told by one of his names."""
        same = (self.date, *self[2:]) == (other.date, *other[2:])
        return same and bool(self.executor & other.executor or self.executor == other.executor)

    def __str__(self) -> str:
        motive = f", motif {self.motive}/{self.sub_motive}" if self.motive else ""
        who = ", ".join(sorted(self.executor)) or "?"
        return f"ligne {self.line} le {self.date} par {who}{motive}"


def _steps(executions: Iterable[Execution]) -> list[Step]:
    return [
        Step(_day(each.date), _names(each.executor), line.line, line.motive, line.sub_motive)
        for each in executions
        for line in each.lines
    ]


def _day(text: str | None) -> str | None:
    """A date in ISO, that a screen may write JJ/MM/AAAA, or with its time."""
    found = _FRENCH.match(text or "")
    return f"{found[3]}-{found[2]}-{found[1]}" if found else text and text[:10]


def _names(who: Executor | None) -> frozenset[str]:
    names = (who.family_name, who.rpps, who.structure) if who else ()
    return frozenset(plain(name) for name in names if name)


def _answers(view: JournalView, act: Act) -> list[EpAnswer]:
    """What the service answered about the ordonnance that the gesture opens."""
    number = str(act.gesture.parameters.get("numero") or act.number)
    found = (view.reading(e).first(EpAnswer) for e in _asked(view, act, number) if e.accepted)
    return [answer for answer in found if answer is not None]


def _asked(view: JournalView, act: Act, number: str) -> list[Exchange]:
    """The EP3 of a gesture: another workstation may open another ordonnance meanwhile."""
    calls = ((e, asked_of(view, e)) for e in act.caused_by("EP3"))
    return [e for e, request in calls if request is None or request.number in (None, number)]


def _allowed(answers: Iterable[EpAnswer]) -> list[Execution]:
    """The executions that the service lets be seen."""
    return [
        execution
        for answer in answers
        if answer.content.get("accesExecutions") != REFUSED and answer.ordonnance
        for execution in answer.ordonnance.executions
    ]


def _shown(act: Act) -> tuple[list[Step], int]:
    """What the software shows, and how many entries of it cannot be read."""
    held: object = act.told.get("executions")
    read: list[Execution] = []
    unreadable = 0
    for each in cast("list[object]", held) if isinstance(held, list) else []:
        try:
            read.append(read_keyed(Execution, each))
        except MalformedError:
            unreadable += 1
    return _steps(read), unreadable


@check(
    "EP-24",
    title="Les exécutions rendues par le service sont montrées, avec le consentement seulement",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def executions(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Date, exécutant, line, motif and sous-motif of each line; nothing else is shown.

    A software whose driver does not tell what it shows is to be looked at; one that gives
    its screen as text is judged on it too.
    """
    for act in named(view, CONSULT):
        yield from _unseen(act, _answers(view, act))
        given = _steps(_allowed(_answers(view, act)))
        shown, unreadable = _shown(act)
        if unreadable or (given and "executions" not in act.told):
            yield replace(
                _said(act, "chaque exécution, telle que le service la rend", "illisible", _LOOK),
                severity=Severity.REVIEW,
            )
            continue
        for step in given:
            if not any(each.shows(step) for each in shown):
                yield _said(act, str(step), "absent", _SHOW)
        for step in shown:
            if not any(step.shows(each) for each in given):
                yield _said(act, "rien que ce que le service a rendu", str(step), _HIDE)


def _unseen(act: Act, answers: Iterable[EpAnswer]) -> Iterator[Finding]:
    """What the screen, when it is told, does not say: who and when; a motif may be in words."""
    followed = act.told.get("suivi")
    screen = cast("Mapping[str, object]", followed).get("ecran") if followed else None
    if not isinstance(screen, str) or not screen:
        return
    for execution in _allowed(answers):
        for line in execution.lines:
            step = str(next(iter(_steps([replace(execution, lines=(line,))]))))
            if not _says(screen, execution, line):
                yield act.finding("ordonnance.suivi.ecran", step, "absent", _SHOW)
            elif line.motive and not re.search(rf"\b{line.motive}\b", screen):
                found = act.finding("ordonnance.suivi.ecran", step, "sans ce code", _LOOK)
                yield replace(found, severity=Severity.REVIEW)


def _says(screen: str, execution: Execution, line: ExecutedLine) -> bool:
    days = [day for day in map(_day, (execution.date, line.modified_on)) if day]
    words, names = plain(screen), _names(execution.executor)
    dated = not days or any(Cartouche(screen).says_date(day) or day in screen for day in days)
    return dated and (not names or any(name in words for name in names))


_FRENCH = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_LOOK = (
    "Vérifier à l'écran que chaque exécution est montrée : sa date, l'exécutant, la ligne, le "
    "motif et le sous-motif."
)
_SHOW = "Montrer chaque exécution : sa date, l'exécutant, la ligne, le motif et le sous-motif."
_HIDE = (
    "Ne montrer d'exécution que celle que le service vient de rendre : le patient a pu s'opposer "
    "depuis."
)


def _said(act: Act, expected: str, found: str, advice: str) -> Finding:
    return act.finding("ordonnance.executions", expected, found, advice)


@check(
    "EP-25",
    title="Patient opposé : les exécutions ne sont pas demandées, ou le refus est dit",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def opposition(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A sentence among ``alertes``, or a gesture that answers an error."""
    opposed = {
        each.number for each in view.derived(sent) if each.kept and each.ordonnance.consent is False
    }
    for act in named(view, CONSULT):
        for exchange in act.caused_by("EP3"):
            request = asked_of(view, exchange)
            if request is None or not _executions_asked(request.call.content):
                continue
            access = _access(view, exchange)
            silent = access is None and request.number in opposed
            if (access == REFUSED or silent) and not act.alerts:
                yield act.finding(
                    "ordonnance.alertes",
                    "une phrase qui dit que l'accès est refusé",
                    "aucune",
                    "Ne pas demander les exécutions d'un patient opposé, ou dire clairement que "
                    "le service en refuse la lecture.",
                )


def _access(view: JournalView, exchange: Exchange) -> str | None:
    """What the service said of reading executions: the patient may have changed his mind."""
    if exchange.error_code == OPPOSED:
        return REFUSED
    answer = view.reading(exchange).first(EpAnswer)
    told = answer.content.get("accesExecutions") if answer else None
    return None if told is None else str(told)


def _executions_asked(content: Mapping[str, object]) -> bool:
    return str(content.get("avecExecutions", "")).lower() in ("true", "1")


@check(
    "EP-33",
    title="La recherche, dossier fermé, rend ce que le service trouve, et ouvre l'ordonnance",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source=SOURCE,
)
def searches(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A search without patient calls EP2; opening an ordonnance calls EP3."""
    for act in named(view, SEARCH):
        calls = act.caused_by("EP2", "TLS")
        if not calls and not act.gesture.parameters.get("patient"):
            yield act.finding(
                f"geste {SEARCH}",
                "un EP2",
                "aucun appel",
                "Chercher auprès du service (EP2), y compris sans dossier ouvert.",
            )
        told = {str(each.get("numero")) for each in act.gesture.entries("ordonnances")}
        for number in sorted(_wanted(view, act) - told):
            yield act.finding(
                "ordonnances",
                number,
                "absent",
                "Montrer toutes les ordonnances que le service a rendues, page après page.",
            )
    for act in named(view, CONSULT):
        if not act.caused_by("EP3", "TLS"):
            yield act.finding(
                f"geste {CONSULT}",
                "un EP3",
                "aucun appel",
                "Ouvrir l'ordonnance telle que le service la connaît (EP3).",
            )


def _wanted(view: JournalView, act: Act) -> set[str]:
    """Numbers found that the user asked for: a software may call for more, and sort itself."""
    asked = act.gesture.parameters
    found: set[str] = set()
    for exchange in act.caused_by("EP2"):
        request, answer = asked_of(view, exchange), view.reading(exchange).first(EpAnswer)
        of_all = request is None or request.search.patient is None
        if answer is None or not exchange.accepted or (asked.get("patient") and of_all):
            continue
        found |= {
            each.id
            for each in answer.found
            if each.id and _between(each.day, asked.get("debut"), asked.get("fin"))
        }
    return found - _cancelled(view, act)


def _between(day: date | None, first: object, last: object) -> bool:
    text = day.isoformat() if day else ""
    return (not first or text >= str(first)) and (not last or text <= str(last))


def _cancelled(view: JournalView, act: Act) -> set[str]:
    """A search may hide what was cancelled."""
    answers = (view.reading(e).first(EpAnswer) for e in act.caused_by("EP2"))
    held = (answer.content.get("resultats") for answer in answers if answer)
    rows = (row for rows in held for row in (rows if isinstance(rows, list) else [rows]))
    return {
        str(cast("Mapping[str, object]", row).get("id"))
        for row in cast("Iterable[object]", rows)
        if isinstance(row, Mapping) and cast("Mapping[str, object]", row).get("etat") == CANCELLED
    }
