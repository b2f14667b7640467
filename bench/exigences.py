"""The exigences, and who covers them: features by tags, checks by declaration."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rules.checking import Check, all_checks

TAG = re.compile(r"^exigence:(?P<id>.+)$")
PROOF = re.compile(r"^preuve:(?P<id>.+)$")


@dataclass(frozen=True, slots=True)
class Exigence:
    """One row of ``rules/exigences.csv``."""

    id: str
    wave: str
    profile: str
    domain: str
    title: str
    requirement: str
    proofs: str
    automatable: str
    source: str
    confidence: str


@cache
def all_exigences() -> dict[str, Exigence]:
    """Every exigence by its id, in the order of the file."""
    text = resources.files("rules").joinpath("exigences.csv").read_text(encoding="utf-8")
    return {row["id"]: Exigence(**row) for row in csv.DictReader(text.splitlines(keepends=True))}


def of_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Exigence ids named by Gherkin tags ``@exigence:<id>``."""
    return tuple(m["id"] for tag in tags if (m := TAG.match(tag.lstrip("@"))))


def proofs_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Proof ids named by Gherkin tags ``@preuve:<id>``."""
    return tuple(m["id"] for tag in tags if (m := PROOF.match(tag.lstrip("@"))))


def checks_of(exigence: str) -> tuple[Check, ...]:
    """Checks that declare an exigence, ordered by id."""
    found = {c.id: c for c in all_checks().values() if exigence in c.exigences}
    return tuple(found[key] for key in sorted(found))


def unknown_references() -> tuple[str, ...]:
    """Checks that name an exigence absent from the file: ``check → exigence``."""
    known = all_exigences()
    return tuple(
        sorted(
            f"{c.id} → {e}" for c in all_checks().values() for e in c.exigences if e not in known
        )
    )
