"""EP-24, EP-25, EP-33: what the software shows of executions and of searches.

What is shown is what the gestures ``prescription.consult`` and
``prescription.search`` answer. Source: e-prescription.md §7.4, §7.5, §14.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from rules.artefact import MalformedError
from rules.checking import check
from rules.checks.prescription_facts import Act, asked_of, named, sent
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.prescription import Execution, read_keyed
from rules.formats.prescription_wire import EpAnswer
from rules.judge import JournalView

CONSULT, SEARCH = "prescription.consult", "prescription.search"
SOURCE = "e-prescription.md §7.4, §14"
REFUSED = "REFUSE"


class Step(NamedTuple):
    """What was done of one line, as a prescriber must see it."""

    date: str | None
    executor: str | None
    line: int | None
    motive: int | None
    sub_motive: int | None

    def __str__(self) -> str:
        motive = f", motif {self.motive}/{self.sub_motive}" if self.motive else ""
        return f"ligne {self.line} le {self.date} par {self.executor or '?'}{motive}"


def _steps(executions: Iterable[Execution]) -> set[Step]:
    return {
        Step(
            each.date,
            each.executor and (each.executor.family_name or each.executor.rpps),
            line.line,
            line.motive,
            line.sub_motive,
        )
        for each in executions
        for line in each.lines
    }


def _answers(view: JournalView, act: Act) -> list[EpAnswer]:
    found = (view.reading(e).first(EpAnswer) for e in act.caused_by("EP3") if e.accepted)
    return [answer for answer in found if answer is not None]


def _shown(act: Act) -> tuple[set[Step], int]:
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
    """Date, exécutant, line, motif and sous-motif of each line; nothing else is shown."""
    for act in named(view, CONSULT):
        answers = _answers(view, act)
        shown, unreadable = _shown(act)
        given = {
            step
            for answer in answers
            if answer.content.get("accesExecutions") != REFUSED and answer.ordonnance
            for step in _steps(answer.ordonnance.executions)
        }
        for step in sorted(map(str, given - shown)) if not unreadable else []:
            yield _said(
                act,
                step,
                "absent",
                "Montrer chaque exécution : sa date, l'exécutant, la ligne, le motif et le "
                "sous-motif.",
            )
        extra = sorted(map(str, shown - given)) or ["une exécution"] * unreadable
        for step in extra:
            yield _said(
                act,
                "rien que ce que le service a rendu",
                step,
                "Ne montrer d'exécution que celle que le service vient de rendre : le patient a pu "
                "s'opposer depuis.",
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
            answer = view.reading(exchange).first(EpAnswer)
            refused = answer is not None and answer.content.get("accesExecutions") == REFUSED
            if (refused or request.number in opposed) and not act.alerts:
                yield act.finding(
                    "ordonnance.alertes",
                    "une phrase qui dit que l'accès est refusé",
                    "aucune",
                    "Ne pas demander les exécutions d'un patient opposé, ou dire clairement que "
                    "le service en refuse la lecture.",
                )


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
        calls = act.caused_by("EP2")
        if not calls and not act.gesture.parameters.get("patient"):
            yield act.finding(
                f"geste {SEARCH}",
                "un EP2",
                "aucun appel",
                "Chercher auprès du service (EP2), y compris sans dossier ouvert.",
            )
        answers = [view.reading(e).first(EpAnswer) for e in calls if e.accepted]
        found = {o.id for answer in answers if answer for o in answer.found}
        told = {str(each.get("numero")) for each in act.gesture.entries("ordonnances")}
        for number in sorted(found - told - {None}, key=str) if answers else []:
            yield act.finding(
                "ordonnances",
                str(number),
                "absent",
                "Montrer toutes les ordonnances que le service a rendues, page après page.",
            )
    for act in named(view, CONSULT):
        if not act.caused_by("EP3"):
            yield act.finding(
                f"geste {CONSULT}",
                "un EP3",
                "aucun appel",
                "Ouvrir l'ordonnance telle que le service la connaît (EP3).",
            )
