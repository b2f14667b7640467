"""Who exists for INSi and how a search is answered; no wire here.

Matching rules: sheet ``ins-insi`` §5 and §6 (inferred from every exchange seen):
nothing is folded nor approached, the traits sent must be those of the reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from rules.formats.insi import CardSearch, TraitsSearch
from simulators.insi.people import Number, Person
from simulators.store import metadata

_people = sa.Table(
    "insi_people",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("rank", sa.Integer, primary_key=True),
    sa.Column("birth_name", sa.String(128), nullable=False, index=True),
    sa.Column("alias", sa.String(128)),
    sa.Column("number", sa.String(16), nullable=False),
    sa.Column("insured", sa.String(16), nullable=False),
    sa.Column("person", sa.Text, nullable=False),
)
_settings = sa.Table(
    "insi_settings",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a search gives: ``00`` with a person, ``01`` or ``02`` without."""

    code: str
    person: Person | None = None


def matches(person: Person, search: TraitsSearch) -> bool:
    """Whether traits sent are those of a person (sheet §6).

    Prénoms: the whole list, or a beginning of it cut at a space.
    """
    sent, known = search.joined_given_names, person.given_names
    return (
        search.birth_name in (person.birth_name, person.alias)
        and search.sex == person.sex
        and search.birth_date == person.birth_date
        and (known == sent or known.startswith(f"{sent} "))
        and search.birth_place in (None, person.birth_place)
    )


def matches_card(person: Person, search: CardSearch) -> bool:
    """Whether what a card says designates a person (sheet §5).

    The certified matricule, active or former, decides when it is given; else the
    ouvrant droit, the date as the card says it (a lunar one is compared as text, never
    as a date), the rank, and the name when there is one.
    """
    if search.individual:
        numbers = (person.active, *person.history)
        return search.individual in [n.number for n in numbers]
    return (
        search.insured == person.insured
        and search.birth_date == (person.card_date or person.birth_date)
        and search.birth_rank == person.rank
        and search.birth_name in (None, "", person.birth_name)
    )


def conclude(found: Sequence[Person]) -> Result:
    """0, 1 or several people: ``01``, ``00``, ``02``."""
    if not found:
        return Result("01")
    return Result("00", found[0]) if len(found) == 1 else Result("02")


class InsiState:
    """The base and the settings of one campaign, in the unit of one request."""

    def __init__(self, connection: sa.Connection, campaign: str) -> None:
        self._connection = connection
        self._campaign = campaign

    def search(self, search: TraitsSearch | CardSearch) -> Result:
        """Answer a search."""
        if isinstance(search, TraitsSearch):
            named = _people.c.birth_name == search.birth_name
            wanted = named | (_people.c.alias == search.birth_name)
            return conclude([p for p in self._read(wanted) if matches(p, search)])
        found = [p for p in self._read(sa.true()) if matches_card(p, search)]
        if len({person.active.ins for person in found}) == 1:
            found = found[:1]  # one matricule under two names is one answer by card
        return conclude(found)

    def everyone(self) -> tuple[Person, ...]:
        """The whole base, in the order it was filled."""
        return tuple(self._read(sa.true()))

    def fill(self, people: Iterable[Person]) -> None:
        """Put people when the base is empty; does nothing otherwise."""
        if not self.everyone():
            for person in people:
                self.add(person)

    def add(self, person: Person) -> None:
        """Put one more person."""
        last = sa.select(sa.func.max(_people.c.rank)).where(_people.c.campaign == self._campaign)
        rank = (self._connection.execute(last).scalar() or 0) + 1
        self._connection.execute(
            _people.insert().values(
                campaign=self._campaign,
                rank=rank,
                birth_name=person.birth_name,
                alias=person.alias,
                number=person.active.number,
                insured=person.insured,
                person=json.dumps(asdict(person), ensure_ascii=False),
            )
        )

    def remove(self, ins: str) -> tuple[Person, ...]:
        """Take away whoever holds an active INS (13 or 15 characters); those removed."""
        wanted = _people.c.number == ins[:13]
        gone = tuple(self._read(wanted))
        self._connection.execute(
            _people.delete().where(_people.c.campaign == self._campaign, wanted)
        )
        return gone

    def settings(self) -> dict[str, Any]:
        """Every setting by its name."""
        query = (
            sa.select(_settings.c.name, _settings.c.value)
            .where(_settings.c.campaign == self._campaign)
            .order_by(_settings.c.name)
        )
        return {name: json.loads(value) for name, value in self._connection.execute(query)}

    def set_setting(self, name: str, value: Any) -> None:
        """Keep the value of a setting."""
        mine = (_settings.c.campaign == self._campaign) & (_settings.c.name == name)
        self._connection.execute(_settings.delete().where(mine))
        self._connection.execute(
            _settings.insert().values(campaign=self._campaign, name=name, value=json.dumps(value))
        )

    def _read(self, wanted: sa.ColumnElement[bool]) -> Iterable[Person]:
        query = (
            sa.select(_people.c.person)
            .where(_people.c.campaign == self._campaign, wanted)
            .order_by(_people.c.rank)
        )
        for (text,) in self._connection.execute(query):
            yield person_of(json.loads(text))


def person_of(row: Mapping[str, Any]) -> Person:
    """A person from its JSON form, that of :func:`dataclasses.asdict`."""
    told = dict(row)
    told["active"] = Number(**told["active"])
    told["history"] = tuple(Number(**number) for number in told["history"])
    return Person(**told)
