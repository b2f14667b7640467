"""The ordonnances of the LGC, durable: what was about to be sent is known after a crash."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, text, update

from reference_impl.errors import UnknownRecordError
from reference_impl.prescriptions.model import Ordonnance
from reference_impl.store import Store, ordonnances


class State(StrEnum):
    """Where an ordonnance stands, in the words of the driver contract."""

    DRAFT = "brouillon"
    RECORDED = "enregistrée"
    WITHOUT_CODE = "sans code"
    CANCELLED = "annulée"


@dataclass(frozen=True, slots=True)
class Kept:
    """An ordonnance. ``professional_id`` is who prescribes, a remplaçant perhaps.

    ``in_doubt``: the service may have it under :attr:`number`, whatever the state says.
    ``n1`` and ``n3`` are ids of local documents; ``void`` are numbers given up.
    """

    id: str
    patient_id: str
    professional_id: str
    ordonnance: Ordonnance
    validity_days: int
    created_at: datetime
    state: State = State.DRAFT
    number: str | None = None
    in_doubt: bool = False
    alerts: tuple[str, ...] = ()
    void: tuple[str, ...] = field(default=())
    n1: str | None = None
    n3: str | None = None

    @property
    def registered(self) -> bool:
        """Whether a Code 2D may be shown: the service said that it holds it."""
        return self.state is State.RECORDED

    @property
    def published(self) -> bool:
        """Whether its documents were written."""
        return self.n1 is not None or self.n3 is not None


class OrdonnanceRecords:
    """The table of ordonnances of one installation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, kept: Kept) -> None:
        """Keep a new one."""
        with self._store.unit() as connection:
            row = _row(kept) | {"id": kept.id}
            connection.execute(ordonnances.insert().values(**row))

    def save(self, kept: Kept, connection: Connection | None = None) -> Kept:
        """Keep what became of it; durable when this returns, or with the unit of a connection."""
        with self._store.within(connection) as unit:
            unit.execute(
                update(ordonnances).where(ordonnances.c.id == kept.id).values(**_row(kept))
            )
        return kept

    def get(self, ordonnance_id: str) -> Kept:
        """One of them. Raises UnknownRecordError."""
        found = self._one(ordonnances.c.id == ordonnance_id)
        if found is None:
            raise UnknownRecordError(
                "ORDONNANCE_INCONNUE",
                f"Aucune ordonnance n’a l’identifiant « {ordonnance_id} ».",
                "ordonnance",
            )
        return found

    def numbered(self, number: str) -> Kept | None:
        """The one of a number, None when it is of another software."""
        return self._one(ordonnances.c.numero == number)

    def all(self, patient_id: str | None = None) -> list[Kept]:
        """Every one, or those of a patient, oldest first."""
        query = select(ordonnances).order_by(ordonnances.c.cree_le, text("rowid"))
        if patient_id is not None:
            query = query.where(ordonnances.c.patient == patient_id)
        with self._store.unit() as connection:
            rows = connection.execute(query).all()
        return [_kept(row) for row in rows]

    def _one(self, where: Any) -> Kept | None:
        with self._store.unit() as connection:
            row = connection.execute(select(ordonnances).where(where)).first()
        return None if row is None else _kept(row)


def _row(kept: Kept) -> dict[str, Any]:
    return {
        "patient": kept.patient_id,
        "professionnel": kept.professional_id,
        "etat": kept.state.value,
        "numero": kept.number,
        "issue_inconnue": kept.in_doubt,
        "jours_validite": kept.validity_days,
        "contenu": kept.ordonnance.to_json(),
        "alertes": list(kept.alerts),
        "numeros_annules": list(kept.void),
        "n1": kept.n1,
        "n3": kept.n3,
        "cree_le": kept.created_at.isoformat(),
    }


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        id=row.id,
        patient_id=row.patient,
        professional_id=row.professionnel,
        ordonnance=Ordonnance.from_json(row.contenu),
        validity_days=row.jours_validite,
        created_at=datetime.fromisoformat(row.cree_le),
        state=State(row.etat),
        number=row.numero,
        in_doubt=row.issue_inconnue,
        alerts=tuple(row.alertes),
        void=tuple(row.numeros_annules),
        n1=row.n1,
        n3=row.n3,
    )
