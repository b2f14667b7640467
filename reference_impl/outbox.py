"""The queue of what must leave: durable, it neither loses nor doubles.

A shipment is written before its first attempt, and marked *in doubt* before
each one: whatever happens next, a restart knows that the service may have it.
Only an acknowledgement that was read, and committed, ends it. Who ships is
told of the doubt and finds out first (DMP-ERR-02, X-12).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol

from sqlalchemy import Connection, Row, func, select, update

from reference_impl.errors import (
    ForbiddenGestureError,
    LgcError,
    OutcomeUnknownError,
    RefusedError,
    SessionRequiredError,
)
from reference_impl.ports import Clock
from reference_impl.store import Store, shipments

Kind = Literal["dmp", "mss", "dmp-retrait"]
"""A deposit, a mail, the deletion of a deposit."""

_log = logging.getLogger("reference_impl.outbox")

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=5)


class State(StrEnum):
    """Where a shipment stands, in the words of the driver contract."""

    PENDING = "à envoyer"
    SENT = "envoyé"
    REFUSED = "refusé"


@dataclass(frozen=True, slots=True)
class Shipment:
    """Something to send. ``content`` is JSON that its shipper understands.

    ``in_doubt``: an earlier attempt may have reached the service.
    """

    id: str
    kind: Kind
    patient_id: str | None
    professional_id: str
    content: Mapping[str, Any]
    created_at: datetime
    unique_id: str | None = None
    message_id: str | None = None
    state: State = State.PENDING
    attempts: int = 0
    in_doubt: bool = False
    error: Mapping[str, Any] | None = None


class Shipper(Protocol):
    """Sends one kind of shipment."""

    def ship(self, shipment: Shipment) -> Mapping[str, Any]:
        """Send it, after finding out when it is in doubt.

        Returns what to remember of the acknowledgement. Raises the errors of
        :class:`reference_impl.errors.ServiceError`, or ForbiddenGestureError when the
        rules no longer allow it.
        """
        ...


class Outbox:
    """The queue of one installation; its attempts may come from several threads."""

    def __init__(self, store: Store, clock: Clock, shippers: Mapping[Kind, Shipper]) -> None:
        self._store = store
        self._clock = clock
        self._shippers = shippers
        self._busy: set[str] = set()
        self._free = threading.Condition()

    def add(self, shipment: Shipment, connection: Connection | None = None) -> None:
        """Queue a shipment; durable when this returns, or with the unit of a connection."""
        with self._store.within(connection) as unit:
            last = unit.execute(select(func.max(shipments.c.ordre))).scalar()
            unit.execute(
                shipments.insert().values(
                    id=shipment.id,
                    ordre=(last or 0) + 1,
                    genre=shipment.kind,
                    etat=State.PENDING,
                    patient=shipment.patient_id,
                    professionnel=shipment.professional_id,
                    tentatives=0,
                    issue_inconnue=False,
                    # The first attempt is the gesture's own: the worker leaves it alone.
                    prochaine_tentative=(self._clock.now() + FIRST_DELAY).isoformat(),
                    identifiant_unique=shipment.unique_id,
                    message_id=shipment.message_id,
                    contenu=dict(shipment.content),
                    cree_le=shipment.created_at.isoformat(),
                )
            )

    def all(self) -> list[Shipment]:
        """Every shipment, oldest first."""
        with self._store.unit() as connection:
            rows = connection.execute(select(shipments).order_by(shipments.c.ordre)).all()
        return [_shipment(row) for row in rows]

    def get(self, shipment_id: str) -> Shipment:
        """One shipment, as it stands now."""
        query = select(shipments).where(shipments.c.id == shipment_id)
        with self._store.unit() as connection:
            return _shipment(connection.execute(query).one())

    def attempt(self, shipment_id: str) -> Shipment:
        """Try a pending shipment once, and say where it stands.

        Never raises an error of a service: it is kept in the shipment. When
        another thread is trying it, its result is awaited instead.
        """
        self._attempt(shipment_id)
        return self.get(shipment_id)

    def send_now(self, shipment: Shipment) -> Shipment:
        """Queue a shipment and try it. Raises ForbiddenGestureError when the rules forbid it."""
        self.add(shipment)
        forbidden = self._attempt(shipment.id)
        if forbidden is not None:
            raise forbidden
        return self.get(shipment.id)

    def give_up(self, shipment_id: str, code: str, message: str) -> Shipment:
        """Never try again what still waits; an attempt in progress is let end first.

        Its doubt stays: an earlier attempt may have reached the service.
        """
        while not self._claim(shipment_id):
            pass
        try:
            if self.get(shipment_id).state is State.PENDING:
                error = {"code": code, "message": message}
                self._change(shipment_id, etat=State.REFUSED, erreur=error)
        finally:
            self._release(shipment_id)
        return self.get(shipment_id)

    def flush(self, *, due_only: bool = False) -> list[Shipment]:
        """Try all pending shipments once, oldest first; ``due_only`` respects the delays."""
        for shipment_id in self._pending(due_only):
            self.attempt(shipment_id)
        return self.all()

    def next_due(self) -> datetime | None:
        """When the next pending shipment may be tried again."""
        query = select(shipments.c.prochaine_tentative).where(shipments.c.etat == State.PENDING)
        with self._store.unit() as connection:
            instants = connection.execute(query).scalars().all()
        return min(map(datetime.fromisoformat, instants), default=None)

    def _pending(self, due_only: bool) -> list[str]:
        query = select(shipments.c.id, shipments.c.prochaine_tentative)
        query = query.where(shipments.c.etat == State.PENDING).order_by(shipments.c.ordre)
        with self._store.unit() as connection:
            rows = connection.execute(query).all()
        now = self._clock.now()
        return [i for i, due in rows if not due_only or datetime.fromisoformat(due) <= now]

    def _attempt(self, shipment_id: str) -> ForbiddenGestureError | None:
        if not self._claim(shipment_id):
            return None
        try:
            shipment = self.get(shipment_id)
            return self._try(shipment) if shipment.state is State.PENDING else None
        finally:
            self._release(shipment_id)

    def _try(self, shipment: Shipment) -> ForbiddenGestureError | None:
        """One attempt; gives the rule that forbids it, if any."""
        attempts = shipment.attempts + 1
        self._change(shipment.id, tentatives=attempts, issue_inconnue=True)
        try:
            receipt = self._shippers[shipment.kind].ship(shipment)
        except OutcomeUnknownError as error:
            self._postpone(shipment, attempts, error, in_doubt=True)
        except SessionRequiredError as error:
            self._postpone(shipment, attempts, error, in_doubt=shipment.in_doubt)
        except (RefusedError, ForbiddenGestureError) as error:
            self._change(
                shipment.id, etat=State.REFUSED, issue_inconnue=False, erreur=_error(error)
            )
            return error if isinstance(error, ForbiddenGestureError) else None
        except LgcError as error:
            self._postpone(shipment, attempts, error, in_doubt=shipment.in_doubt)
        except Exception as error:
            # A fault of ours must not lose what waits: the next attempt finds out first.
            _log.exception("Envoi %s", shipment.id)
            unexpected = LgcError("ERREUR_INTERNE", f"Erreur du logiciel : {error}.")
            self._postpone(shipment, attempts, unexpected, in_doubt=True)
        else:
            self._change(
                shipment.id,
                etat=State.SENT,
                issue_inconnue=False,
                erreur=receipt.get("erreur"),
                acquitte_le=self._clock.now().isoformat(),
                contenu={**shipment.content, "accuse": dict(receipt)},
            )
        return None

    def _postpone(
        self, shipment: Shipment, attempts: int, error: LgcError, *, in_doubt: bool
    ) -> None:
        delay = min(FIRST_DELAY * 2 ** min(attempts - 1, 10), LONGEST_DELAY)
        self._change(
            shipment.id,
            issue_inconnue=in_doubt,
            prochaine_tentative=(self._clock.now() + delay).isoformat(),
            erreur=_error(error),
        )

    def _change(self, shipment_id: str, **values: object) -> None:
        with self._store.unit() as connection:
            connection.execute(
                update(shipments).where(shipments.c.id == shipment_id).values(**values)
            )

    def _claim(self, shipment_id: str) -> bool:
        """Take a shipment; False once another thread, which had it, is done with it."""
        with self._free:
            if shipment_id in self._busy:
                self._free.wait_for(lambda: shipment_id not in self._busy)
                return False
            self._busy.add(shipment_id)
            return True

    def _release(self, shipment_id: str) -> None:
        with self._free:
            self._busy.discard(shipment_id)
            self._free.notify_all()


class Worker:
    """Tries again, in the background, what is due. Stops at once when asked."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to stop, and wait for the attempt under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        delay = 0.0
        while not self._stop.wait(delay):
            try:
                self._outbox.flush(due_only=True)
                delay = self._delay()
            except Exception:
                # A full disk or a locked file must not end the retries for good.
                _log.exception("La boîte d’envoi n’a pas pu être relue")
                delay = 1.0

    def _delay(self) -> float:
        """Seconds to wait, at most one: a new shipment may be due sooner."""
        due = self._outbox.next_due()
        if due is None:
            return 1.0
        return min(max((due - self._clock.now()).total_seconds(), 0.05), 1.0)


def _error(error: LgcError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}


def _shipment(row: Row[Any]) -> Shipment:
    return Shipment(
        id=row.id,
        kind=row.genre,
        patient_id=row.patient,
        professional_id=row.professionnel,
        content=row.contenu,
        created_at=datetime.fromisoformat(row.cree_le),
        unique_id=row.identifiant_unique,
        message_id=row.message_id,
        state=State(row.etat),
        attempts=row.tentatives,
        in_doubt=row.issue_inconnue,
        error=row.erreur,
    )
