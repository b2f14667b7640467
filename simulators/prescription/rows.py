"""Tables of the ordonnance numérique. Searches go by indexed columns, never over a campaign."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from rules.formats.prescription import Execution, Ordonnance, PrescribedPatient, iso_date
from simulators.prescription.life import Progress, State, start, state_of
from simulators.store import metadata

_C = 64
ordonnances = sa.Table(
    "prescription_ordonnances",
    metadata,
    sa.Column("campaign", sa.String(_C), primary_key=True),
    sa.Column("number", sa.String(18), primary_key=True),
    sa.Column("prescriber", sa.String(16), nullable=False),
    sa.Column("replaced", sa.String(16)),
    sa.Column("billing", sa.String(16)),
    sa.Column("finess", sa.String(16)),
    sa.Column("ins", sa.String(16)),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("given", sa.String(128)),
    sa.Column("born", sa.String(16)),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("kind", sa.String(64)),
    sa.Column("recorded_at", sa.String(32), nullable=False),
    sa.Column("cancelled_at", sa.String(32)),
    sa.Column("consent", sa.Boolean, nullable=False),
    sa.Column("executed", sa.Integer, nullable=False, default=0),
    sa.Column("progress", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("prescription_by_prescriber", "campaign", "prescriber", "at"),
    sa.Index("prescription_by_billing", "campaign", "billing", "at"),
    sa.Index("prescription_by_finess", "campaign", "finess", "at"),
    sa.Index("prescription_by_replaced", "campaign", "replaced", "at"),
    sa.Index("prescription_by_ins", "campaign", "ins", "at"),
    sa.Index("prescription_by_name", "campaign", "name", "born"),
)
executions = sa.Table(
    "prescription_executions",
    metadata,
    sa.Column("campaign", sa.String(_C), primary_key=True),
    sa.Column("number", sa.String(18), primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("received_at", sa.String(32), nullable=False),
    sa.Column("key", sa.String(128), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)
traces = sa.Table(
    "prescription_traces",
    metadata,
    sa.Column("campaign", sa.String(_C), primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("document", sa.Text, nullable=False),
)
numbers = sa.Table(
    "prescription_numbers",
    metadata,
    sa.Column("campaign", sa.String(_C), primary_key=True),
    sa.Column("rank", sa.Integer, nullable=False),
)
"""Rank of the last number that was given out."""
settings = sa.Table(
    "prescription_settings",
    metadata,
    sa.Column("campaign", sa.String(_C), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Kept:
    """One ordonnance of the base. ``executions`` counts those received."""

    number: str
    document: Mapping[str, Any]
    progress: Mapping[int, Progress]
    executions: int
    consent: bool
    """Whether the prescriber may read executions back, as it is now known."""
    cancelled_at: str | None
    recorded_at: str

    @property
    def ordonnance(self) -> Ordonnance:
        """It as it was recorded."""
        return Ordonnance.parse(self.document)

    @property
    def until(self) -> date | None:
        """Last day of validity."""
        validity = self.document.get("validite") or ()
        return iso_date(validity[-1]) if len(validity) == 2 else None

    def state(self, on: date) -> State:
        """Its state on a day."""
        return state_of(
            dict(self.progress),
            executed=self.executions > 0,
            cancelled=self.cancelled_at is not None,
            until=self.until,
            on=on,
        )


def kept_of(row: Any) -> Kept:
    """An ordonnance from its row."""
    progress = (Progress(**each) for each in json.loads(row.progress))
    return Kept(
        row.number,
        json.loads(row.document),
        {each.line: each for each in progress},
        row.executed,
        bool(row.consent),
        row.cancelled_at,
        row.recorded_at,
    )


def columns(ordonnance: Ordonnance, received_at: datetime) -> dict[str, Any]:
    """The row of an ordonnance that was verified."""
    who, at = ordonnance.prescriber, ordonnance.instant
    patient = ordonnance.patient or PrescribedPatient()
    progress = [asdict(start(line, place)) for place, line in enumerate(ordonnance.lines, start=1)]
    return {
        "number": ordonnance.id,
        "prescriber": _cut(who.rpps if who else None) or "",
        "replaced": _cut(ordonnance.replaced.rpps if ordonnance.replaced else None),
        "billing": _cut(who.am if who else None),
        "finess": _cut(who.finess if who else None),
        "ins": _cut(patient.ins.matricule if patient.ins else None),
        "name": _cut(folded(patient.birth_name), 128) or "",
        "given": _cut(folded(next(iter(patient.given_names), None)), 128),
        "born": _cut(patient.birth_date),
        "at": stamp(at or received_at),
        "day": (ordonnance.day or received_at.date()).isoformat(),
        "kind": _cut(ordonnance.kind, 64),
        "recorded_at": stamp(received_at),
        "consent": ordonnance.consent is True,
        "executed": 0,
        "progress": json.dumps(progress),
        "document": json.dumps(ordonnance.to_json(), ensure_ascii=False),
    }


def folded(name: str | None) -> str | None:
    """A name as searches compare it: without case, one space between words."""
    return " ".join(name.upper().split()) if name else None


def _cut(value: str | None, size: int = 16) -> str | None:
    # Columns only find: the document keeps all that was written.
    return value[:size] if value else value


def execution_of(text: str) -> dict[str, Any]:
    """An execution as it is kept, hence as it is given back."""
    return json.loads(text)


def execution_text(execution: Execution) -> str:
    """An execution to keep; two equal ones have one text."""
    written = Ordonnance(executions=(execution,)).to_json()["executions"][0]
    return json.dumps(written, ensure_ascii=False, sort_keys=True)


def stamp(at: datetime) -> str:
    """An instant that sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
