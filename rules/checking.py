"""How a check is declared, found and named.

>>> @check("MSS-H03", title="X-MSS-INS dit si l'archive porte une INS qualifiée",
...        exigences=("SC.MSS/CONF.14",), severity=Severity.BLOCKING,
...        source="Ref#2 v1.0.1 ECO.2.4.2")
... def ins_header(message: MssMessage, context: Context) -> Iterator[Finding]: ...

The class of the first parameter decides what the check is run on: an artefact
of :mod:`rules.formats`, an :class:`~rules.exchange.Exchange` (with TLS peer and
answer), or a :class:`~rules.judge.JournalView` (a sequence). Ids are those of
the fact sheets and never change meaning: reports are compared across versions.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rules.context import Context
from rules.findings import Finding, Severity

CheckFunction = Callable[[Any, Context], Iterator[Finding]]


class DuplicateCheckError(Exception):
    """Two checks were declared under one id for the same subject class."""


@dataclass(frozen=True, slots=True)
class Check:
    """A declared check: identity, weight, provenance and the function itself."""

    id: str
    title: str
    """French, what the rule asks, shown in reports."""
    subject: type
    function: CheckFunction
    severity: Severity
    exigences: tuple[str, ...]
    source: str
    rejects: str | None
    """Error code the real service answers when the rule is broken, if it does.

    A finding may name a more precise one itself; a finding made lighter than
    major never rejects."""
    hors_specification: bool
    needs: tuple[str, ...]
    services: tuple[str, ...]
    """For exchange checks: services it applies to; empty means all."""

    def missing(self, context: Context) -> tuple[str, ...]:
        """The needs that this context does not meet."""
        return tuple(need for need in self.needs if not context.has(need))


_registry: dict[tuple[str, type], Check] = {}


def check(
    check_id: str,
    *,
    title: str,
    severity: Severity,
    source: str,
    exigences: tuple[str, ...] = (),
    rejects: str | None = None,
    hors_specification: bool = False,
    needs: tuple[str, ...] = (),
    services: tuple[str, ...] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Declare a check. One id may be declared on several subject classes.

    Raises DuplicateCheckError when the same id is declared twice on one class,
    and TypeError when the first parameter has no class annotation.
    """

    def register(function: CheckFunction) -> CheckFunction:
        subject = _subject_of(function)
        key = (check_id, subject)
        if key in _registry and _registry[key].function.__qualname__ != function.__qualname__:
            raise DuplicateCheckError(f"{check_id} est déclaré deux fois sur {subject.__name__}")
        _registry[key] = Check(
            id=check_id,
            title=title,
            subject=subject,
            function=function,
            severity=severity,
            exigences=exigences,
            source=source,
            rejects=rejects,
            hors_specification=hors_specification,
            needs=needs,
            services=services,
        )
        return function

    return register


def _subject_of(function: CheckFunction) -> type:
    name = next(iter(inspect.signature(function).parameters))
    hints = typing.get_type_hints(function)
    subject = hints.get(name)
    if not isinstance(subject, type):
        raise TypeError(f"{function.__qualname__} : le premier paramètre doit être une classe")
    return subject


@cache
def _load(package: str) -> None:
    module = importlib.import_module(package)
    for info in pkgutil.iter_modules(module.__path__):
        importlib.import_module(f"{package}.{info.name}")


def all_checks() -> Mapping[tuple[str, type], Check]:
    """Every check of the project, once every module of rules.checks is loaded."""
    _load("rules.formats")
    _load("rules.checks")
    return dict(_registry)


def checks_for(subject: type) -> tuple[Check, ...]:
    """Checks that apply to instances of a class, ordered by id."""
    found = (c for c in all_checks().values() if issubclass(subject, c.subject))
    return tuple(sorted(found, key=lambda c: c.id))


def by_id(check_id: str) -> tuple[Check, ...]:
    """The check or checks declared under an id (several subject classes)."""
    return tuple(c for (name, _), c in sorted_items() if name == check_id)


def sorted_items() -> list[tuple[tuple[str, type], Check]]:
    """Registry items in a stable order: id, then subject class name."""
    return sorted(all_checks().items(), key=lambda item: (item[0][0], item[0][1].__name__))
