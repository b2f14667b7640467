"""The base of ordonnances of one campaign, and what each operation does to it; no wire.

Reference: e-prescription.md §2, §3, §7.4, §7.5. Every rule of refusal but those
that the sheet quotes is ours, hors spécification.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from rules.formats.prescription import Execution, Ordonnance, PrescribedPatient, iso_date
from rules.formats.prescription_number import (
    MAX_RANK,
    ZONE,
    NumberError,
    PrescriptionNumber,
    decode,
    encode,
)
from simulators.prescription import rows
from simulators.prescription.errors import RefusedError
from simulators.prescription.life import State, advance
from simulators.prescription.rows import Kept, kept_of, ordonnances, stamp

TOLERANCE = timedelta(minutes=5)
"""How far the clock of a workstation may be ahead (EP-03)."""
MAX_NAME = 100
"""EF_INS25_01."""
LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class Search:
    """Criteria of EP2; None does not count. Days are ISO, both included."""

    rpps: str | None = None
    am: str | None = None
    finess: str | None = None
    ins: str | None = None
    name: str | None = None
    given: str | None = None
    born: str | None = None
    first: str | None = None
    last: str | None = None
    kind: str | None = None

    def of(self, patient: PrescribedPatient) -> Search:
        """The same for a patient, by INS or by traits: whatever case they are written in."""
        given = next(iter(patient.given_names), None)
        return replace(
            self,
            ins=patient.ins.matricule if patient.ins else None,
            name=rows.folded(patient.birth_name),
            given=rows.folded(given),
            born=patient.birth_date,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Part of what a search finds; ``number`` from 1."""

    total: int
    number: int
    size: int
    found: tuple[Kept, ...]


class PrescriptionState:
    """The base, in the unit of one request."""

    def __init__(self, connection: sa.Connection, campaign: str) -> None:
        self._connection = connection
        self._campaign = campaign

    # EP4 -----------------------------------------------------------------------

    def record(
        self, ordonnance: Ordonnance, at: datetime, late: timedelta | None = None
    ) -> tuple[Kept, bool]:
        """Record an ordonnance; with it, whether it was there already. Raises RefusedError.

        The same content sent again by its prescriber is a success: the answer was
        lost. ``late`` is how old a number may be; None, it is of the same day.
        """
        number = verify(ordonnance, at)
        content = replace(ordonnance, executions=())
        known = self.find(str(ordonnance.id))
        if known is None:
            refuse_late(number, at, late)
            made = self._insert(content, at)
            if made is not None:
                return made, False
            known = self.need(str(ordonnance.id))
        if known.document != content.to_json():
            raise RefusedError("EP-P-001")
        return known, True

    def put(self, ordonnance: Ordonnance, at: datetime) -> Kept:
        """Have an ordonnance there as if it had been recorded on its day. Raises RefusedError."""
        verify(ordonnance, at)
        made = self._insert(replace(ordonnance, executions=()), ordonnance.instant or at)
        if made is None:
            raise RefusedError("EP-P-001")
        return made

    def cancel(self, number: str, rpps: str | None, at: datetime) -> Kept:
        """Cancel what nobody executed, by who prescribed it. Raises RefusedError."""
        known = self.need(number, locked=True)
        if rpps not in authors(known.ordonnance):
            raise RefusedError("EP-P-018")
        if known.cancelled_at is not None:
            return known
        if known.executions:
            raise RefusedError("EP-P-009")
        self._connection.execute(
            ordonnances.update().where(self._numbered(number)).values(cancelled_at=stamp(at))
        )
        return self.need(number)

    def number(self, at: datetime) -> str:
        """A number nobody was given, of this instant: its rank counts, whatever the clock does."""
        table = rows.numbers
        mine = table.c.campaign == self._campaign
        held = sa.select(table.c.rank).where(mine).with_for_update()
        last = self._connection.execute(held).scalar()
        rank = 0 if last is None else (last + 1) % (MAX_RANK + 1)
        self._connection.execute(table.delete().where(mine))
        self._connection.execute(table.insert().values(campaign=self._campaign, rank=rank))
        return str(encode(at, rank))

    # EP3, EP2 ------------------------------------------------------------------

    def find(self, number: str, *, locked: bool = False) -> Kept | None:
        """The ordonnance of a number; ``locked``, nobody else changes it before the end."""
        query = sa.select(ordonnances).where(self._numbered(number))
        # One process writes at a time to SQLite; several may to a shared PostgreSQL.
        row = self._connection.execute(query.with_for_update() if locked else query).first()
        return None if row is None else kept_of(row)

    def need(self, number: str, *, locked: bool = False) -> Kept:
        """The ordonnance of a number. Raises RefusedError."""
        known = self.find(number, locked=locked)
        if known is None:
            raise RefusedError("EP-P-007")
        return known

    def executions(self, number: str) -> list[dict[str, Any]]:
        """What was executed of an ordonnance, in the order it was received."""
        table = rows.executions
        query = (
            sa.select(table.c.document)
            .where(table.c.campaign == self._campaign, table.c.number == number)
            .order_by(table.c.rank)
        )
        return [rows.execution_of(text) for text in self._connection.execute(query).scalars()]

    def search(self, wanted: Search, page: int = 1, size: int = 50) -> Page:
        """Search by prescriber, patient, period, type; the last first."""
        where = self._wanted(wanted)
        count = sa.select(sa.func.count()).select_from(ordonnances).where(where)
        query = (
            sa.select(ordonnances)
            .where(where)
            .order_by(ordonnances.c.at.desc(), ordonnances.c.number.desc())
            .limit(size)
            .offset((page - 1) * size)
        )
        total = self._connection.execute(count).scalar() or 0
        found = tuple(kept_of(row) for row in self._connection.execute(query))
        return Page(total, page, size, found)

    # EP1 -----------------------------------------------------------------------

    def execute(
        self, number: str, told: Execution, at: datetime, execution_id: str | None = None
    ) -> tuple[Kept, int]:
        """Take an execution; the ordonnance, and its rank from 1. Raises RefusedError.

        One that was received already changes nothing: its answer was lost. It is
        known by ``execution_id``, else by what it says, to the letter.
        """
        known = self.need(number, locked=True)
        text = rows.execution_text(told)
        key = execution_id or sha256(text.encode()).hexdigest()
        held = self._keys(number)
        if key in held:
            return known, held.index(key) + 1
        _refuse_closed(known.state(local_day(at)))
        _refuse_date(told, known, local_day(at))
        progress = advance(dict(known.progress), told)
        rank = len(held) + 1
        row = {"campaign": self._campaign, "number": number, "rank": rank, "document": text}
        self._connection.execute(
            rows.executions.insert().values(**row, key=key, received_at=stamp(at))
        )
        steps = json.dumps([asdict(each) for each in progress.values()])
        self._connection.execute(
            ordonnances.update().where(self._numbered(number)).values(progress=steps, executed=rank)
        )
        return self.need(number), rank

    # Traces, settings ------------------------------------------------------------

    def add_traces(self, told: Sequence[Mapping[str, Any]]) -> int:
        """Keep traces of a workstation; how many."""
        table = rows.traces
        last = sa.select(sa.func.max(table.c.rank)).where(table.c.campaign == self._campaign)
        first = (self._connection.execute(last).scalar() or 0) + 1
        for rank, trace in enumerate(told, start=first):
            document = json.dumps(trace, ensure_ascii=False)
            row = {"campaign": self._campaign, "rank": rank, "document": document}
            self._connection.execute(table.insert().values(row))
        return len(told)

    def traces(self) -> list[Any]:
        """Traces received, in order."""
        table = rows.traces
        query = sa.select(table.c.document).where(table.c.campaign == self._campaign)
        texts = self._connection.execute(query.order_by(table.c.rank)).scalars()
        return [json.loads(text) for text in texts]

    def settings(self) -> dict[str, Any]:
        """Every setting by its name."""
        table = rows.settings
        query = sa.select(table.c.name, table.c.value).where(table.c.campaign == self._campaign)
        return {name: json.loads(value) for name, value in self._connection.execute(query)}

    def set_setting(self, name: str, value: Any) -> None:
        """Keep the value of a setting."""
        table = rows.settings
        mine = (table.c.campaign == self._campaign) & (table.c.name == name)
        self._connection.execute(table.delete().where(mine))
        row = {"campaign": self._campaign, "name": name, "value": json.dumps(value)}
        self._connection.execute(table.insert().values(row))

    def set_consent(self, number: str, consent: bool) -> None:
        """Have the patient agree or oppose, whatever the ordonnance said. Raises RefusedError."""
        self.need(number)
        self._connection.execute(
            ordonnances.update().where(self._numbered(number)).values(consent=consent)
        )

    def everything(self, limit: int = 1000) -> list[Kept]:
        """The last ordonnances, for administration."""
        mine = sa.select(ordonnances).where(ordonnances.c.campaign == self._campaign)
        query = mine.order_by(ordonnances.c.at.desc(), ordonnances.c.number.desc()).limit(limit)
        return [kept_of(row) for row in self._connection.execute(query)]

    # -------------------------------------------------------------------------------

    def _insert(self, ordonnance: Ordonnance, at: datetime) -> Kept | None:
        """The ordonnance once it is there; None when its number is taken, be it at this instant."""
        row = {"campaign": self._campaign, **rows.columns(ordonnance, at)}
        try:
            with self._connection.begin_nested():
                self._connection.execute(ordonnances.insert().values(row))
        except sa_exc.IntegrityError:
            return None
        return self.need(str(ordonnance.id))

    def _written_by(self, rpps: str) -> sa.CompoundSelect[Any]:
        """Numbers of a prescriber: a union, for an OR would read the whole campaign."""
        mine = sa.select(ordonnances.c.number).where(ordonnances.c.campaign == self._campaign)
        own = mine.where(ordonnances.c.prescriber == rpps)
        return own.union(mine.where(ordonnances.c.replaced == rpps))

    def _keys(self, number: str) -> list[str]:
        table = rows.executions
        mine = (table.c.campaign == self._campaign) & (table.c.number == number)
        query = sa.select(table.c.key).where(mine).order_by(table.c.rank)
        return list(self._connection.execute(query).scalars())

    def _numbered(self, number: str) -> sa.ColumnElement[bool]:
        return (ordonnances.c.campaign == self._campaign) & (ordonnances.c.number == number)

    def _wanted(self, wanted: Search) -> sa.ColumnElement[bool]:
        table = ordonnances.c
        clauses = [table.campaign == self._campaign]
        for column, value in (
            (table.billing, wanted.am),
            (table.finess, wanted.finess),
            (table.ins, wanted.ins),
            (table.name, wanted.name),
            (table.given, wanted.given),
            (table.born, wanted.born),
            (table.kind, wanted.kind),
        ):
            if value is not None:
                clauses.append(column == value)
        if wanted.rpps is not None:
            clauses.append(table.number.in_(self._written_by(wanted.rpps)))
        if wanted.first is not None:
            clauses.append(table.day >= wanted.first)
        if wanted.last is not None:
            clauses.append(table.day <= wanted.last)
        return sa.and_(*clauses)


def verify(ordonnance: Ordonnance, at: datetime) -> PrescriptionNumber:
    """What the service demands of an ordonnance; its number. Raises RefusedError."""
    try:
        number = decode(ordonnance.id or "")
    except NumberError as error:
        raise RefusedError("EP-P-002", str(error)) from error
    if min(number.instants) > at + TOLERANCE:
        raise RefusedError("EP-P-002", f"Il dit {number.said()}, dans le futur.")
    name = ordonnance.patient.birth_name if ordonnance.patient else None
    if not (name or "").strip() or len(name or "") > MAX_NAME:
        raise RefusedError("EP-P-005")
    ranks = [line.n or place for place, line in enumerate(ordonnance.lines, start=1)]
    if not ranks or len(set(ranks)) != len(ranks):
        raise RefusedError("EP-P-006")
    if ordonnance.prescriber is None or not ordonnance.prescriber.rpps:
        raise RefusedError("EP-P-003", "Le RPPS du prescripteur est absent.")
    year = (ordonnance.at or "")[:4]
    if year.isdecimal() and not 1970 < int(year) < 9999:
        raise RefusedError("EP-P-030", f"horodatage {ordonnance.at} : hors du calendrier.")
    return number


def refuse_late(number: PrescriptionNumber, at: datetime, late: timedelta | None) -> None:
    """Refuse a number too old to be sent now. Raises RefusedError."""
    made = max(number.instants)
    if late is not None:
        if at - made > late:
            raise RefusedError(
                "EP-P-002", f"Il dit {number.said()}, trop tôt pour un envoi tardif."
            )
    elif local_day(made + TOLERANCE) < local_day(at):
        raise RefusedError("EP-P-002", f"Il dit {number.said()}, ce n'est pas aujourd'hui.")


def authors(ordonnance: Ordonnance) -> tuple[str | None, ...]:
    """RPPS of those who may cancel: prescriber, and the other when there is a remplaçant."""
    return tuple(
        who.rpps for who in (ordonnance.prescriber, ordonnance.replaced) if who and who.rpps
    )


def local_day(at: datetime) -> date:
    """The day in Paris."""
    return at.astimezone(ZONE).date()


def _refuse_date(told: Execution, known: Kept, today: date) -> None:
    day, prescribed = iso_date(told.date), known.ordonnance.day
    if day is not None and (day > today or (prescribed is not None and day < prescribed)):
        raise RefusedError(
            "EP-P-013", f"Délivré le {day:%d/%m/%Y}, hors de la vie de l'ordonnance."
        )


def _refuse_closed(state: State) -> None:
    if state is State.CANCELLED:
        raise RefusedError("EP-P-014")
    if state is State.EXPIRED:
        raise RefusedError("EP-P-015")
    if state is State.EXECUTED:
        raise RefusedError("EP-P-012", "Toutes les lignes sont exécutées.")
