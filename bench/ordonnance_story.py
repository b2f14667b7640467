"""The ordonnances of a scenario as a report tells them: content, number, page, executions.

Nothing is judged here: it is read from the exchanges that the checks judge.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bench.prescription_expectations import CONSULT, PLACES, PRINT
from reports.events import OrdonnanceSeen
from reports.redaction import redacted_text
from rules.formats.code2d import Code2D
from rules.formats.gesture import Gesture
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.pages import page_picture
from rules.formats.prescription import Line, Ordonnance
from rules.formats.prescription_number import NumberError, decode
from rules.formats.prescription_wire import EpRequest
from rules.judge import JournalView

WIDTH = 620
"""Pixels: its sentences can be read, and a campaign has dozens of pages."""


def ordonnances(view: JournalView, scenario: str) -> Iterator[OrdonnanceSeen]:
    """One for each number that an EP4 of the scenario carried, in order."""
    seen: dict[str, tuple[Ordonnance, bool]] = {}
    for exchange, request in view.artefacts(EpRequest, "prescription"):
        made = request.created
        if made is not None and made.id:
            former = seen.get(made.id)
            seen[made.id] = (made, exchange.accepted or (former is not None and former[1]))
    for number, (made, recorded) in seen.items():
        who, patient = made.prescriber, made.patient
        code, page = _printed(view, number)
        yield OrdonnanceSeen(
            scenario=scenario,
            number=number,
            said=_said(number),
            recorded=recorded,
            prescriber=f"{who.given_name} {who.family_name}, RPPS {who.rpps}" if who else "",
            patient=f"{patient.birth_name} {' '.join(patient.given_names)}" if patient else "",
            consent=made.consent,
            lines=tuple(map(_line, made.lines)),
            places=tuple(_places(view, number)),
            executions=tuple(_executions(view, number)),
            code_2d=code,
            page=page,
        )


def _said(number: str) -> str:
    try:
        return decode(number).said()
    except NumberError:
        return ""


def _line(line: Line) -> str:
    told = [line.label or line.cis or line.type, line.posology]
    told += [f"{line.days} jours"] if line.days else []
    told += [
        words
        for words, told_so in (
            ("non substituable", line.not_substitutable),
            ("en ALD", line.ald),
            ("hors AMM", line.off_label),
            ("prévention", line.prevention),
        )
        if told_so
    ]
    return " · ".join(filter(None, told))


def _places(view: JournalView, number: str) -> Iterator[dict[str, str]]:
    for name, found in PLACES.items():
        for exchange, carried in found(view):
            if carried == number:
                yield {"lieu": name, "exchange": exchange}


def _printed(view: JournalView, number: str) -> tuple[str, str]:
    """The text of the symbol printed last with this number, and its first page in base64."""
    code, page = "", ""
    for exchange in view.of("lgc", PRINT):
        reading = view.reading(exchange)
        paper = reading.first(PrintedOrdonnance)
        codes = [each for each in reading.every(Code2D) if each.number == number]
        if paper is None or paper.data is None or not codes:
            continue
        drawn = page_picture(paper.data, WIDTH)
        code = redacted_text(re.sub(r" {2,}", " … ", codes[0].text))
        page = base64.b64encode(drawn).decode() if drawn else ""
    return code, page


def _executions(view: JournalView, number: str) -> Iterator[str]:
    """As the last consultation showed them."""
    shown: list[Mapping[str, Any]] = []
    for _, gesture in view.artefacts(Gesture, "lgc"):
        if gesture.name == CONSULT and gesture.parameters.get("numero") == number:
            shown = _objects(gesture.part("ordonnance").get("executions"))
    for each in shown:
        who = each.get("executant")
        name = who.get("nom", "?") if isinstance(who, Mapping) else "?"
        for line in _objects(each.get("lignes")):
            done = f"ligne {line.get('ligne')} {line.get('statut')}"
            motive = f", motif {line['motif']}" if line.get("motif") else ""
            yield f"{each.get('date')} · {name} · {done}{motive}"


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
