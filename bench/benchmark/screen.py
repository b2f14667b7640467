"""What the benchmark prints: a progress bar, then one table."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from bench.benchmark.figures import Benchmark, Figure, Peer


class BenchmarkProgress:
    """Told of each step before it begins."""

    def __init__(self, console: Console, total: int) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("Mesure", total=total)

    def __enter__(self) -> BenchmarkProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, text: str) -> None:
        """A step begins."""
        self._progress.update(self._task, description=text, advance=1)


def print_benchmark(console: Console, measured: Benchmark) -> None:
    """Figures with their peers below them, what they include, the machine, what is missing."""
    table = Table("Mesure", "Médiane", "Min – max", "Rapport", "Cible")
    for figure in measured.figures:
        table.add_row(
            figure.label,
            _number(figure.sample.median, figure.unit),
            _spread(figure),
            "",
            _target(figure),
        )
        for peer in figure.peers:
            table.add_row(*_peer(figure, peer), style="dim")
    console.print(table)
    for name, remark in _remarks(measured).items():
        console.print(f"{name} : {remark}.", soft_wrap=True, highlight=False, markup=False)
    machine = measured.machine
    console.print(
        f"{machine['systeme']}, Python {machine['python']}, {machine['processeurs']} processeurs, "
        f"charge {machine['charge_avant']} avant, {machine['charge_apres']} après.",
        highlight=False,
    )
    console.print(
        "Un rapport compare deux serveurs servis par les mêmes clients dans la même mesure ; "
        "les cibles viennent d'une autre machine et ne sont qu'indicatives.",
        highlight=False,
    )
    for remark in measured.remarks:
        console.print(remark, style="yellow", soft_wrap=True, highlight=False, markup=False)


def _remarks(measured: Benchmark) -> dict[str, str]:
    """What each figure and each peer includes, said once."""
    said = [(figure.label, figure.remark) for figure in measured.figures]
    said += [(peer.name, peer.remark) for figure in measured.figures for peer in figure.peers]
    return {name: remark for name, remark in said if remark}


def _peer(figure: Figure, peer: Peer) -> tuple[str, ...]:
    ratio = figure.ratio(peer)
    low, high = min(peer.sample.values), max(peer.sample.values)
    return (
        f"  {peer.name}",
        _number(peer.sample.median, figure.unit),
        f"{_plain(low)} – {_plain(high)}",
        "" if ratio is None else f"× {_plain(ratio)}",
        "",
    )


def _spread(figure: Figure) -> str:
    low = _plain(min(figure.sample.values))
    if figure.p99 is not None:
        return f"{low} – p99 {_plain(figure.p99)}"
    return f"{low} – {_plain(max(figure.sample.values))}"


def _target(figure: Figure) -> str:
    target = figure.target
    if target is None:
        return ""
    sign = "≤" if target.at_most else "≥"
    met = "tenue" if target.met(figure.sample.median) else "non tenue"
    return f"{target.id} {sign} {_plain(target.bound)} : {met}"


def _number(value: float, unit: str) -> str:
    return f"{_plain(value)} {unit}"


def _plain(value: float) -> str:
    """Three significant digits, decimal comma."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}".replace(".", ",")
