"""The « traces poste » of ordonnances: one line for each call, kept, then sent when asked.

Format and destination are hors spécification. Source: sheet e-prescription §8.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from reference_impl.store import Store, ordonnance_traces

_BATCH = 200


class Traces:
    """The traces of one installation."""

    def __init__(self, store: Store, enabled: bool = True) -> None:
        self._store = store
        self._enabled = enabled

    def keep(self, trace: dict[str, Any]) -> None:
        """Keep the trace of a call that ended, well or not, when traces are asked for."""
        if not self._enabled:
            return
        with self._store.unit() as connection:
            connection.execute(ordonnance_traces.insert().values(trace=trace, envoyee=False))

    def all(self) -> list[dict[str, Any]]:
        """Every trace, oldest first."""
        query = select(ordonnance_traces.c.trace).order_by(ordonnance_traces.c.id)
        with self._store.unit() as connection:
            return list(connection.execute(query).scalars())

    def waiting(self) -> dict[int, dict[str, Any]]:
        """Traces to send, by their row, as many as one call takes."""
        query = select(ordonnance_traces.c.id, ordonnance_traces.c.trace)
        query = query.where(~ordonnance_traces.c.envoyee).order_by(ordonnance_traces.c.id)
        with self._store.unit() as connection:
            return {row.id: row.trace for row in connection.execute(query.limit(_BATCH))}

    def sent(self, rows: list[int]) -> None:
        """These were acknowledged."""
        with self._store.unit() as connection:
            connection.execute(
                update(ordonnance_traces)
                .where(ordonnance_traces.c.id.in_(rows))
                .values(envoyee=True)
            )
