"""Where the lines that were sent stand on the printed page: the zone of the ALD, or the other.

The titles of the two zones, else « ALD » before or after each line: products have their own
layout, and one that is not recognised is for a person to judge. Source: e-prescription.md
§6, §14; Cerfa 60-3937.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.findings import Finding, Severity
from rules.formats.cartouche import packed
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.ordonnance_words import says_ald
from rules.formats.prescription import Line, Ordonnance

_ROOM = 40
"""Characters before a line where « En ALD » is looked for."""
_MARK = re.compile(r"\bALD\b", re.ASCII)
_ALONE = re.compile(r"\W*(?:EN )?ALD\W*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Printed:
    """A line found on the page: where its label begins and ends in the packed text."""

    line: Line
    start: int
    end: int


def misplaced(page: PrintedOrdonnance, told: Ordonnance) -> Iterator[Finding]:
    """Lines in ALD that are not shown so, and others that are."""
    lines = _located(page, told)
    shown = _shown(page, lines)
    if shown is None:
        yield from _unshown(page, lines)
        return
    for each in lines:
        if shown[each.start] != bool(each.line.ald):
            yield _finding(each.line)


def _unshown(page: PrintedOrdonnance, lines: list[_Printed]) -> Iterator[Finding]:
    """No line is marked: a defect where the ALD is not even named."""
    named = says_ald(page.words)
    for each in lines:
        if each.line.ald:
            found = _finding(each.line)
            yield replace(found, severity=Severity.REVIEW) if named else found


def _finding(line: Line) -> Finding:
    inside, outside = "dans la zone de l'ALD", "hors de la zone de l'ALD"
    return Finding(
        f"ligne {line.n} ({line.label})",
        inside if line.ald else outside,
        outside if line.ald else inside,
        "Imprimer chaque ligne dans la zone que dit son indicateur ALD transmis, ou « En ALD » "
        "devant elle.",
    )


def _shown(page: PrintedOrdonnance, lines: list[_Printed]) -> dict[int, bool] | None:
    """Whether each line, by its start, is shown in ALD; None when the page shows none so."""
    ald, other = page.zones
    if ald >= 0:
        return {e.start: ald < e.start and (other < ald or e.start < other) for e in lines}
    if other >= 0:
        return {e.start: e.start < other for e in lines}
    for marked in _marks(page, lines):
        if any(marked.values()):
            return marked
    return None


def _marks(page: PrintedOrdonnance, lines: list[_Printed]) -> tuple[dict[int, bool], ...]:
    """Whether « ALD » is before each line, then whether it is after each.

    Between two lines, it is of the one that it shares a row with; alone on its row, of the next.
    """
    before: dict[int, bool] = {}
    after: dict[int, bool] = {}
    end = max(0, page.place_in_rows(lines[0].start) - _ROOM) if lines else 0
    last: int | None = None
    for each in lines:
        own, shared = _between(page.rows[end : page.place_in_rows(each.start)])
        before[each.start] = bool(_MARK.search(shared))
        if last is not None:
            after[last] = bool(_MARK.search(own))
        last, end = each.start, page.place_in_rows(each.end - 1)
    if last is not None:
        after[last] = bool(_MARK.search(page.rows[end:]))
    return before, after


def _between(text: str) -> tuple[str, str]:
    """What lies between two lines: what is of the first, what is of the second."""
    *rows, shared = text.split("\n")
    if rows and _ALONE.fullmatch(rows[-1]):
        shared = f"{rows.pop()} {shared}"
    return "\n".join(rows), shared


def _located(page: PrintedOrdonnance, told: Ordonnance) -> list[_Printed]:
    """Lines in the order of the page; the longest labels first, so that none is part of another."""
    taken: list[_Printed] = []
    for line in sorted(told.lines, key=lambda each: -len(packed(each.label or ""))):
        label = packed(line.label or "")
        at = page.packed.find(label) if label else -1
        while at >= 0 and any(e.start < at + len(label) and at < e.end for e in taken):
            at = page.packed.find(label, at + 1)
        if at >= 0:
            taken.append(_Printed(line, at, at + len(label)))
    return sorted(taken, key=lambda each: each.start)
