"""Broken LGCs: what a planted mistake is, and how a folder of them is read.

A defect is a few lines over the reference LGC, named after the mistake a real
editor makes, with the exact checks that must catch it (bench.md B-19). The
catalogue and what plays it belong to the tests of the project: they are loaded
from their folder, for the bench imports neither the tests nor the reference LGC.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from rich.console import Console
from rich.table import Table

from bench.errors import UsageError
from rules.checking import all_checks

DEFAULT_FOLDER = Path("tests/defects")
_PACKAGE = "segur_bench_defauts"
_ABSENT = object()


class Patcher:
    """Changes attributes of a program and puts them back, last first.

    A place is written ``module:attribute`` or ``module:Class.attribute``.
    """

    def __init__(self) -> None:
        self._former: list[tuple[Any, str, Any]] = []

    def set(self, place: str, value: object) -> None:
        """Put a value at a place that exists. Raises AttributeError otherwise."""
        owner, name = _owner(place)
        getattr(owner, name)  # a typing mistake in a defect must not go unseen
        self._former.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, value)

    def wrap(self, place: str, around: Callable[..., Any]) -> None:
        """Replace a function by ``around(original, *arguments, **options)``."""
        owner, name = _owner(place)
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            return around(original, *arguments, **options)

        self.set(place, wrapped)

    def undo(self) -> None:
        """Put everything back."""
        while self._former:
            owner, name, value = self._former.pop()
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _owner(place: str) -> tuple[Any, str]:
    module, _, path = place.partition(":")
    *classes, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for each in classes:
        owner = getattr(owner, each)
    return owner, name


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault of a simulator that the defect needs to show itself."""

    service: str
    fault: str
    operation: str | None = None
    times: int | None = 1


@dataclass(frozen=True)
class Defect:
    """One mistake of an editor, and all that a campaign must find about it.

    ``name`` is a French slug, ``title`` the French sentence of the mistake,
    ``checks`` every id found, whatever its weight, and no other. ``stimulus``
    names the gestures that show it. ``scenario`` is part of the name of the
    scenario of ``features`` that becomes non conforme, when no check can see
    the mistake in one message.
    """

    name: str
    title: str
    stimulus: str
    checks: frozenset[str]
    patch: Callable[[Patcher], None] = field(repr=False, compare=False)
    injection: Injection | None = None
    scenario: str = ""

    def to_json(self) -> dict[str, Any]:
        """As ``segur-bench defects --json`` prints it."""
        return {
            "nom": self.name,
            "erreur": self.title,
            "gestes": self.stimulus,
            "controles": sorted(self.checks),
            "scenario": self.scenario or None,
        }


@dataclass(frozen=True, slots=True)
class Played:
    """What a campaign found about a defect."""

    defect: Defect
    found: frozenset[str]

    @property
    def missing(self) -> frozenset[str]:
        """Declared, not found: the mistake goes unseen."""
        return self.defect.checks - self.found

    @property
    def unexpected(self) -> frozenset[str]:
        """Found, not declared: another message is accused."""
        return self.found - self.defect.checks

    @property
    def holds(self) -> bool:
        """True when exactly the declared checks were raised."""
        return self.found == self.defect.checks

    def to_json(self) -> dict[str, Any]:
        """The declaration, and what was found."""
        return {**self.defect.to_json(), "constates": sorted(self.found), "conforme": self.holds}


class Catalogue(Protocol):
    """The face of a folder of defects."""

    DEFECTS: Sequence[Defect]

    def play(self, defects: Sequence[Defect]) -> Iterator[Played]:
        """Play defects one by one on simulators started for them."""
        ...


def load(folder: Path) -> Catalogue:
    """The catalogue of a folder. Raises UsageError when there is none."""
    entry = folder / "__init__.py"
    if not entry.is_file():
        raise UsageError(
            f"Aucun LGC défectueux dans {folder} : lancez la commande à la racine des sources du "
            "banc, ou donnez leur dossier avec --dossier."
        )
    specification = importlib.util.spec_from_file_location(
        _PACKAGE, entry, submodule_search_locations=[str(folder)]
    )
    if specification is None or specification.loader is None:
        raise UsageError(f"{entry} n'est pas un module Python.")
    module = importlib.util.module_from_spec(specification)
    sys.modules[_PACKAGE] = module
    try:
        specification.loader.exec_module(module)
        catalogue = cast("Catalogue", module)
        _verify(catalogue.DEFECTS)
    except (ImportError, AttributeError, TypeError) as error:
        raise UsageError(f"{folder} n'est pas un dossier de LGC défectueux : {error}.") from error
    return catalogue


def _verify(defects: Sequence[Defect]) -> None:
    names = [each.name for each in defects]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"Deux défauts portent le même nom : {', '.join(twice)}.")


def by_check(defects: Iterable[Defect]) -> dict[str, tuple[str, ...]]:
    """For each check, the names of the defects that it catches."""
    found: dict[str, tuple[str, ...]] = {}
    for defect in defects:
        for check_id in defect.checks:
            found[check_id] = (*found.get(check_id, ()), defect.name)
    return dict(sorted(found.items()))


def never_raised(defects: Iterable[Defect]) -> tuple[str, ...]:
    """Checks of the project that no defect of the catalogue raises."""
    raised = by_check(defects)
    return tuple(sorted({name for name, _ in all_checks()} - set(raised)))


def matrix(defects: Sequence[Defect]) -> dict[str, Any]:
    """The declared matrix in both directions, as JSON."""
    return {
        "defauts": [each.to_json() for each in defects],
        "controles": {name: list(killers) for name, killers in by_check(defects).items()},
        "jamais": list(never_raised(defects)),
    }


def print_matrix(out: Console, defects: Sequence[Defect]) -> None:
    """Mistakes and what catches them, then the other way round."""
    table = Table("Défaut planté", "Erreur de l'éditeur", "Gestes", "Ce qui l'attrape")
    for each in defects:
        catching = [*sorted(each.checks), *([f"« {each.scenario} »"] if each.scenario else [])]
        table.add_row(each.name, each.title, each.stimulus, ", ".join(catching))
    out.print(table)
    found = by_check(defects)
    table = Table("Contrôle", "Défauts qu'il attrape")
    for name, killers in found.items():
        table.add_row(name, ", ".join(killers))
    out.print(table)
    silent = never_raised(defects)
    out.print(
        f"{len(defects)} défauts, {len(found)} contrôles qui réagissent ; aucun défaut pour : "
        f"{', '.join(silent) or 'aucun contrôle'}.",
        highlight=False,
    )


def print_played(out: Console, played: Played) -> None:
    """One line per defect: caught as declared, or what differs."""
    name = played.defect.name
    if played.holds and played.found:
        checks = ", ".join(sorted(played.found))
        out.print(f"[green]attrapé[/]  {name} : {checks}", soft_wrap=True, highlight=False)
        return
    if played.holds:
        where = f"seulement par le scénario « {played.defect.scenario} » (segur-bench run)"
        out.print(f"[yellow]muet[/]     {name} : {where}", soft_wrap=True, highlight=False)
        return
    missing = ", ".join(sorted(played.missing)) or "rien"
    unexpected = ", ".join(sorted(played.unexpected)) or "rien"
    out.print(
        f"[bold red]écart[/]    {name} : manque {missing} ; en trop {unexpected}",
        soft_wrap=True,
        highlight=False,
    )
