"""What a person still has to do about identities, and the senders under a contract of trust."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from reference_impl.ports import Clock
from reference_impl.store import Store, trusted_senders, worklist

INS_KO = "INS KO"
"""A verification contradicted the INS of a file."""
RECEIVED_KO = "INS reçue KO"
"""INSi contradicted an identity received."""
TO_VERIFY = "Vérification INSi à refaire"
"""INSi could not be asked about an identity received."""
TO_MATCH = "Rapprochement à faire"
"""An identity received looks like a file, and a person has to say whether it is."""
_SETTLED_BY_INSI = (INS_KO, RECEIVED_KO, TO_VERIFY)


class Worklist:
    """Tasks about identities: « INS KO » and others (INS/va1.06, va1.08)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, patient_id: str | None, reason: str) -> None:
        """A task, once for a patient and a reason."""
        with self._store.unit() as connection:
            same = select(worklist.c.id).where(
                worklist.c.patient == patient_id, worklist.c.motif == reason
            )
            if patient_id is None or connection.execute(same).first() is None:
                now = self._clock.now().isoformat()
                connection.execute(
                    worklist.insert().values(patient=patient_id, motif=reason, le=now)
                )

    def settle(self, patient_id: str) -> None:
        """INSi gave this file its INS: what was asked of a person about it has no reason left."""
        settled = worklist.c.motif.in_(_SETTLED_BY_INSI)
        with self._store.unit() as connection:
            connection.execute(delete(worklist).where(worklist.c.patient == patient_id, settled))

    def all(self) -> list[dict[str, Any]]:
        """Every task, oldest first: ``patient``, ``motif``, ``le``."""
        query = select(worklist.c.patient, worklist.c.motif, worklist.c.le)
        with self._store.unit() as connection:
            rows = connection.execute(query.order_by(worklist.c.id)).all()
        return [dict(row._mapping) for row in rows]


class TrustedSenders:
    """MSSanté addresses whose identities may qualify (contrat de confiance, INS/va1.04)."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def set(self, address: str, present: bool) -> None:
        """Add or remove an address, whatever its case."""
        folded = address.strip().lower()
        with self._store.unit() as connection:
            if present:
                row = insert(trusted_senders).values(
                    adresse=folded, depuis=self._clock.now().isoformat()
                )
                connection.execute(row.on_conflict_do_nothing())
            else:
                connection.execute(
                    delete(trusted_senders).where(trusted_senders.c.adresse == folded)
                )

    def all(self) -> list[str]:
        """The addresses, in alphabetical order."""
        query = select(trusted_senders.c.adresse).order_by(trusted_senders.c.adresse)
        with self._store.unit() as connection:
            return list(connection.execute(query).scalars())

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and address.strip().lower() in self.all()
