"""The log of INSi calls: who asked what, and what came back (INS-L-01).

Sources: INS/va1.38 and va1.35 (user, code, values returned and their history).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from reference_impl.identity.rows import individual_to_json
from reference_impl.insi.client import Call, Way
from reference_impl.people import Professional
from reference_impl.ports import Clock
from reference_impl.store import Store, insi_calls


class InsiLog:
    """The calls of one installation, kept as soon as they are answered."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, patient_id: str | None, professional: Professional, way: Way, call: Call) -> None:
        """Keep a call; the patient is None for an identity received and not integrated."""
        found = call.answer.individual or call.answer.refused
        with self._store.unit() as connection:
            connection.execute(
                insi_calls.insert().values(
                    le=self._clock.now().isoformat(),
                    patient=patient_id,
                    professionnel=professional.national_id,
                    operation=call.operation,
                    voie=way,
                    message_id=call.message_id,
                    code=call.answer.code,
                    libelle=call.answer.label,
                    contenu=individual_to_json(found) if found else None,
                )
            )

    def adopt(self, message_ids: list[str], patient_id: str) -> None:
        """These calls turn out to be about this patient."""
        with self._store.unit() as connection:
            connection.execute(
                update(insi_calls)
                .where(insi_calls.c.message_id.in_(message_ids))
                .values(patient=patient_id)
            )

    def of(self, patient_id: str) -> list[dict[str, Any]]:
        """The calls made for a patient, oldest first."""
        query = select(insi_calls).where(insi_calls.c.patient == patient_id)
        with self._store.unit() as connection:
            rows = connection.execute(query.order_by(insi_calls.c.id)).all()
        return [dict(row._mapping) for row in rows]
