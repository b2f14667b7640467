"""Cards and readers in the store: where each card is, what it remembers without power."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from simulators.store import metadata

cards = sa.Table(
    "cards_cards",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("variant", sa.String(64), nullable=False),
    sa.Column("overrides", sa.Text, nullable=False),
    sa.Column("memory", sa.Text),
)
readers = sa.Table(
    "cards_readers",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("card", sa.String(64)),
    sa.Column("plugged", sa.Boolean, nullable=False),
    sa.Column("insertion", sa.String(36), nullable=False),
)


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card. ``overrides`` are what a tester changed of its image; ``memory`` its state."""

    name: str
    variant: str
    overrides: Mapping[str, Any]
    memory: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A reader. ``insertion`` changes whenever a card enters, leaves or is swapped."""

    name: str
    card: str | None
    plugged: bool
    insertion: str

    @property
    def present(self) -> bool:
        """Whether a card can be spoken to there."""
        return self.plugged and self.card is not None


class CardStore:
    """The cards of one campaign, on the connection of a unit (or of a reading)."""

    def __init__(self, connection: sa.Connection, campaign: str) -> None:
        self._connection = connection
        self._campaign = campaign

    def card(self, name: str) -> CardRow | None:
        """A card by its name."""
        row = self._connection.execute(self._of(cards, name)).mappings().first()
        return _card(row) if row else None

    def cards(self) -> tuple[CardRow, ...]:
        """Every card, by name."""
        query = sa.select(cards).where(cards.c.campaign == self._campaign).order_by(cards.c.name)
        return tuple(_card(row) for row in self._connection.execute(query).mappings())

    def reader(self, name: str) -> ReaderRow | None:
        """A reader by its name."""
        row = self._connection.execute(self._of(readers, name)).mappings().first()
        return _reader(row) if row else None

    def readers(self) -> tuple[ReaderRow, ...]:
        """Every reader, by name."""
        query = (
            sa.select(readers).where(readers.c.campaign == self._campaign).order_by(readers.c.name)
        )
        return tuple(_reader(row) for row in self._connection.execute(query).mappings())

    def put_card(self, row: CardRow) -> None:
        """Write a card, new or known."""
        self._replace(
            cards,
            {
                "name": row.name,
                "variant": row.variant,
                "overrides": json.dumps(dict(row.overrides), sort_keys=True),
                "memory": None if row.memory is None else json.dumps(dict(row.memory)),
            },
        )

    def remember(self, name: str, memory: Mapping[str, Any]) -> None:
        """Write what a card keeps without power."""
        self._connection.execute(
            cards.update()
            .where(cards.c.campaign == self._campaign, cards.c.name == name)
            .values(memory=json.dumps(dict(memory)))
        )

    def put_reader(self, row: ReaderRow) -> None:
        """Write a reader, new or known."""
        self._replace(
            readers,
            {
                "name": row.name,
                "card": row.card,
                "plugged": row.plugged,
                "insertion": row.insertion,
            },
        )

    def _of(self, table: sa.Table, name: str) -> sa.Select[Any]:
        return sa.select(table).where(table.c.campaign == self._campaign, table.c.name == name)

    def _replace(self, table: sa.Table, values: dict[str, Any]) -> None:
        mine = (table.c.campaign == self._campaign) & (table.c.name == values["name"])
        self._connection.execute(table.delete().where(mine))
        self._connection.execute(table.insert().values(campaign=self._campaign, **values))


def _card(row: Any) -> CardRow:
    memory = None if row["memory"] is None else json.loads(row["memory"])
    return CardRow(row["name"], row["variant"], json.loads(row["overrides"]), memory)


def _reader(row: Any) -> ReaderRow:
    return ReaderRow(row["name"], row["card"], bool(row["plugged"]), row["insertion"])
