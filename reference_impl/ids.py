"""Identifiers that follow from the seed and are never given twice.

Draw them outside of a unit of work: each draw is a transaction of its own.

The counter of each kind is durable, so that a restart goes on where it was;
two runs of one seed make the same identifiers in the same order.
"""

from __future__ import annotations

from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from reference_impl.errors import ConfigurationError
from reference_impl.store import Store, counters, settings

_OID_ARCS = {"document": 1, "version": 2, "lot": 3, "entree": 4}
_OTHER_ARC = 9


class SeededIds:
    """The source of identifiers of one installation. ``root`` is the product's OID."""

    def __init__(self, store: Store, seed: int, root: str) -> None:
        self._store = store
        self._root = root
        self._seed = _durable_seed(store, seed)
        self._namespace: UUID = uuid5(NAMESPACE_OID, f"{root}/{self._seed}")

    @property
    def instance(self) -> str:
        """UUID of this installation, constant (LPS/Instance of INSi, DMP)."""
        return str(uuid5(self._namespace, "instance"))

    def uuid(self) -> str:
        """A UUID, lower case."""
        return str(uuid5(self._namespace, f"uuid/{self.number('uuid')}"))

    def oid(self, kind: str) -> str:
        """An OID under the product's root, at most 64 characters for a root of 44."""
        arc = _OID_ARCS.get(kind, _OTHER_ARC)
        # One root serves many installations: 32 bits of the namespace tell them apart.
        installation = self._namespace.int & 0xFFFFFFFF
        return f"{self._root}.{arc}.{installation}.{self.number(f'oid/{arc}')}"

    def message_id(self, domain: str) -> str:
        """A Message-ID with its angle brackets."""
        unique = uuid5(self._namespace, f"message/{self.number('message')}")
        return f"<{unique}@{domain}>"

    def local(self, prefix: str) -> str:
        """A short local identifier: ``p1``, ``d1``, ``e1``."""
        return f"{prefix}{self.number(f'local/{prefix}')}"

    def number(self, kind: str) -> int:
        """Next value of the counter of a kind, from 1."""
        with self._store.unit() as connection:
            return _next(connection, kind)


def _next(connection: Connection, kind: str) -> int:
    row = insert(counters).values(genre=kind, valeur=1)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=[counters.c.genre], set_={"valeur": counters.c.valeur + 1}
        )
    )
    return connection.execute(
        select(counters.c.valeur).where(counters.c.genre == kind)
    ).scalar_one()


def _durable_seed(store: Store, seed: int) -> int:
    """The seed of the first start: changing it would give some identifiers again."""
    with store.unit() as connection:
        kept = connection.execute(
            select(settings.c.valeur).where(settings.c.nom == "graine")
        ).scalar()
        if kept is None:
            connection.execute(settings.insert().values(nom="graine", valeur=str(seed)))
        elif int(kept) != seed:
            raise ConfigurationError(
                "GRAINE_DIFFERENTE",
                f"Ce dossier a été créé avec la graine {kept} : relancez avec --seed {kept} "
                "ou indiquez un dossier vide.",
            )
    return seed
