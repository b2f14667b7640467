"""What the command line shows: progress, verdicts, findings, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from bench.exigences import all_exigences
from reports.events import (
    REHEARSAL,
    FindingSeen,
    MomCounted,
    ScenarioFinished,
    ScenarioStarted,
    Verdict,
)

if TYPE_CHECKING:
    from bench.campaign import CampaignResult
    from bench.compare import Difference
    from bench.coverage import Covered
    from bench.inspection import Inspection

STYLES = {
    Verdict.CONFORME: "bold green",
    Verdict.NON_CONFORME: "bold red",
    Verdict.NON_OBSERVE: "bold yellow",
    Verdict.A_VERIFIER: "bold cyan",
    Verdict.NON_APPLICABLE: "dim",
}


class CampaignProgress:
    """A progress bar over scenarios, with the step now played."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("Démarrage des simulateurs", total=None)
        self._scenario = ""

    def __enter__(self) -> CampaignProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, kind: str, text: str) -> None:
        """Told by the features plugin: total, scenario, step, end."""
        if kind == "total":
            self._progress.update(self._task, total=int(text))
        elif kind == "scenario":
            self._scenario = text
            self._progress.update(self._task, description=text)
        elif kind == "step":
            self._progress.update(self._task, description=f"{self._scenario} · {text}")
        elif kind == "end":
            self._progress.advance(self._task)


def print_result(console: Console, result: CampaignResult) -> None:
    """Scenario verdicts, MOM counters, findings, conclusion, path of the report."""
    _print_scenarios(console, result)
    for event in result.events:
        if isinstance(event, MomCounted) and event.reached:
            _print_mom(console, event)
    findings = [e for e in result.events if isinstance(e, FindingSeen)]
    for finding in findings[:20]:
        print_finding(console, finding)
    if len(findings) > 20:
        console.print(f"… et {len(findings) - 20} autres constats dans le rapport.")
    finished = result.finished
    for name in finished.unused_expected_findings:
        console.print(f"Constat attendu qui ne se produit plus : {name}", style="yellow")
    if finished.verdict is not Verdict.CONFORME:
        for reason in finished.reasons[:5]:
            console.print(f"– {reason}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"Verdict : [{STYLES[finished.verdict]}]{finished.verdict}[/]", highlight=False)
    console.print(f"Rapport : {result.report}", soft_wrap=True, highlight=False, markup=False)
    console.print(REHEARSAL, style="dim", soft_wrap=True)


def _print_scenarios(console: Console, result: CampaignResult) -> None:
    names = {e.id: e.name for e in result.events if isinstance(e, ScenarioStarted)}
    table = Table("Scénario", "Verdict", "Raison")
    for event in result.events:
        if isinstance(event, ScenarioFinished):
            reason = event.reasons[0] if event.reasons else ""
            style = STYLES[event.verdict]
            table.add_row(
                Text(names.get(event.id, event.id)), Text(event.verdict, style), Text(reason)
            )
    if table.row_count:
        console.print(table)


def _print_mom(console: Console, event: MomCounted) -> None:
    dmp, pro, citizen = event.thresholds
    console.print(
        f"Mise en ordre de marche de {event.name} : dépôts DMP {event.dmp}/{dmp}, "
        f"MSSanté {event.mss_pro}/{pro}, messagerie citoyenne {event.mss_citoyenne}/{citizen}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def print_finding(console: Console, finding: FindingSeen) -> None:
    """One finding on a few lines."""
    style = "red" if finding.fails else "yellow"
    console.print(
        f"[{style}]{finding.check_id}[/] {escape(finding.title)} ({finding.severity})",
        soft_wrap=True,
        highlight=False,
    )
    console.print(
        f"  où       {finding.artefact} · {finding.place}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )
    console.print(f"  attendu  {finding.expected}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"  trouvé   {finding.found}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"  à faire  {finding.advice}", soft_wrap=True, highlight=False, markup=False)


def print_differences(console: Console, differences: Sequence[Difference]) -> None:
    """Where two campaigns part, and what each has there."""
    for each in differences:
        console.print(each.place, style="bold", soft_wrap=True, highlight=False, markup=False)
        for mark, text in (("–", each.first), ("+", each.second)):
            console.print(f"  {mark} {text[:400]}", soft_wrap=True, highlight=False, markup=False)
    count = len(differences)
    said = f"{count} différence(s)" if count else "Aucune différence"
    console.print(f"{said} hors des champs déclarés variables.", highlight=False)


def print_inspections(console: Console, inspections: Sequence[Inspection]) -> None:
    """What each file is and what is wrong with it."""
    for inspection in inspections:
        console.print(
            f"[bold]{escape(str(inspection.path))}[/] : {inspection.kind}",
            soft_wrap=True,
            highlight=False,
        )
        for finding in inspection.findings:
            print_finding(console, finding)
        not_evaluated = len(inspection.not_evaluated)
        console.print(
            f"  {len(inspection.evaluated)} contrôles évalués, {len(inspection.findings)} constats"
            + (f", {not_evaluated} non évalués faute de contexte" if not_evaluated else ""),
            highlight=False,
        )


def print_coverage(console: Console, rows: Sequence[Covered]) -> None:
    """A table of exigences with what decides them."""
    table = Table("Exigence", "Intitulé", "Scénarios", "Contrôles")
    for row in rows:
        table.add_row(row.id, row.title, "\n".join(row.scenarios), ", ".join(row.checks))
    console.print(table)
    covered = sum(row.covered for row in rows)
    total = len(all_exigences()) if len(rows) > 1 else len(rows)
    console.print(f"{covered} exigences couvertes sur {total}.", highlight=False)
