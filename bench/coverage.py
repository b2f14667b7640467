"""What covers what: exigences, features and checks, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from gherkin.parser import Parser

from bench.exigences import all_exigences, checks_of, of_tags
from rules.checking import by_id


@dataclass(frozen=True, slots=True)
class Covered:
    """An exigence with the scenarios and checks that decide it."""

    id: str
    title: str
    domain: str
    automatable: str
    scenarios: tuple[str, ...]
    checks: tuple[str, ...]

    @property
    def covered(self) -> bool:
        """True when at least a scenario or a check speaks of it."""
        return bool(self.scenarios or self.checks)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def coverage(identifier: str | None = None, *, only_covered: bool = False) -> list[Covered]:
    """Coverage of one exigence, of the exigences a check serves, or of all."""
    wanted = _wanted(identifier)
    rows = [_covered(name) for name in all_exigences() if wanted is None or name in wanted]
    return [row for row in rows if row.covered or not only_covered]


def _wanted(identifier: str | None) -> set[str] | None:
    if identifier is None:
        return None
    if identifier in all_exigences():
        return {identifier}
    return {e for check in by_id(identifier) for e in check.exigences}


def _covered(name: str) -> Covered:
    exigence = all_exigences()[name]
    return Covered(
        id=name,
        title=exigence.title,
        domain=exigence.domain,
        automatable=exigence.automatable,
        scenarios=tuple(s for s, exigences in scenarios() if name in exigences),
        checks=tuple(c.id for c in checks_of(name)),
    )


@cache
def scenarios() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every shipped scenario with its exigences: ``(feature: name, ids)``."""
    folder = Path(str(resources.files("features")))
    return tuple(pair for path in sorted(folder.rglob("*.feature")) for pair in _scenarios_of(path))


def _scenarios_of(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    feature: Any = Parser().parse(path.read_text(encoding="utf-8"))["feature"]
    shared = [tag["name"] for tag in feature["tags"]]
    for child in feature["children"]:
        scenario = child.get("scenario")
        if scenario:
            tags = shared + [tag["name"] for tag in scenario["tags"]]
            yield f"{feature['name']} : {scenario['name']}", of_tags(tags)
