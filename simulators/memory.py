"""What a campaign remembers of its bench: ports, seed, year of its certificates."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from simulators.store import Store, metadata

benches = sa.Table(
    "benches",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


class Memory:
    """Small JSON values of one campaign, by name; a reset leaves them."""

    def __init__(self, store: Store, campaign: str) -> None:
        self._store = store
        self._campaign = campaign

    @staticmethod
    def campaigns(store: Store) -> list[str]:
        """Names of the campaigns a store remembers, in order."""
        query = sa.select(benches.c.campaign).distinct().order_by(benches.c.campaign)
        with store.reading() as connection:
            return list(connection.execute(query).scalars())

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or the default."""
        query = sa.select(benches.c.value).where(
            benches.c.campaign == self._campaign, benches.c.name == name
        )
        with self._store.reading() as connection:
            found = connection.execute(query).scalar()
        return default if found is None else json.loads(found)

    def put(self, name: str, value: Any) -> None:
        """Keep a value under a name."""
        mine = (benches.c.campaign == self._campaign) & (benches.c.name == name)
        row = {"campaign": self._campaign, "name": name, "value": json.dumps(value)}
        with self._store.writing() as connection:
            connection.execute(benches.delete().where(mine))
            connection.execute(benches.insert().values(row))


def forget(store: Store, campaign: str) -> None:
    """Delete what every service keeps of a campaign, journal included."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not benches and "campaign" in table.c:
                connection.execute(table.delete().where(table.c.campaign == campaign))
