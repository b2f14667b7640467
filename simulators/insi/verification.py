"""WS_INS3, WS_INS4 and WS_INS5 as the bench imagines them: off unless a tester asks.

``hors_specification`` from end to end: see :mod:`rules.formats.insi_verification`. Each
answer says so in the header :data:`MARK`, which the journal and the reports show.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

import sqlalchemy as sa

from rules.formats.insi_verification import NS_VERIF, InsVerification
from rules.formats.soap import NS_SOAP12
from simulators.insi.errors import VERIFIED
from simulators.insi.people import Person
from simulators.store import metadata

MARK = ("Banc-Hors-Specification", "verification INSi: message imagine par le banc")
RUNNING, DONE = "en cours", "terminé"

_deposits = sa.Table(
    "insi_deposits",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at", sa.String(64), nullable=False),
    sa.Column("lines", sa.Text, nullable=False),
)

SameOid = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Claim:
    """An INS and the traits that go with it, as somebody holds them."""

    line: str
    number: str
    key: str
    oid: str
    birth_name: str
    given_names: str
    sex: str
    birth_date: str
    birth_place: str | None = None

    @classmethod
    def of(cls, asked: InsVerification) -> Claim:
        """What a message claims."""
        return cls(
            asked.line or "",
            asked.number or "",
            asked.key or "",
            asked.oid or "",
            asked.birth_name or "",
            asked.given_names,
            asked.sex or "",
            asked.birth_date or "",
            asked.birth_place,
        )

    def holds(self, person: Person, same_oid: SameOid) -> bool:
        """Whether it is true of a person: active INS, and every trait sent."""
        known = person.given_names
        return (
            (self.number, self.key) == (person.active.number, person.active.key)
            and same_oid(self.oid, person.active.oid)
            and (self.birth_name, self.sex) == (person.birth_name, person.sex)
            and self.birth_date == person.birth_date
            and (known == self.given_names or known.startswith(f"{self.given_names} "))
            and self.birth_place in (None, person.birth_place)
        )


@dataclass(frozen=True, slots=True)
class Deposit:
    """Verifications asked for together."""

    id: str
    at: datetime
    claims: tuple[Claim, ...]

    def state(self, now: datetime, delay: timedelta) -> str:
        """``en cours`` until ``delay`` has passed, then ``terminé``."""
        return DONE if now - self.at >= delay else RUNNING


def verdict(claim: Claim, people: Iterable[Person], same_oid: SameOid) -> str:
    """``00`` conforme, ``01`` non conforme."""
    return "00" if any(claim.holds(person, same_oid) for person in people) else "01"


class Deposits:
    """The deposits of one campaign, in the unit of one request."""

    def __init__(self, connection: sa.Connection, campaign: str) -> None:
        self._connection = connection
        self._campaign = campaign

    def put(self, claims: Iterable[Claim], at: datetime) -> Deposit:
        """Keep the verifications asked for."""
        deposit = Deposit(str(uuid4()), at, tuple(claims))
        lines = json.dumps([asdict(claim) for claim in deposit.claims], ensure_ascii=False)
        self._connection.execute(
            _deposits.insert().values(
                campaign=self._campaign, id=deposit.id, at=at.isoformat(), lines=lines
            )
        )
        return deposit

    def get(self, identifier: str) -> Deposit | None:
        """A deposit by its identifier."""
        mine = (_deposits.c.campaign == self._campaign) & (_deposits.c.id == identifier)
        row = self._connection.execute(sa.select(_deposits).where(mine)).first()
        if row is None:
            return None
        claims = tuple(Claim(**told) for told in json.loads(row.lines))
        return Deposit(row.id, datetime.fromisoformat(row.at), claims)


def deposited(deposit: Deposit) -> bytes:
    """The answer to a deposit."""
    return _envelope("DEPOT", _tag("Identifiant", deposit.id) + _tag("Etat", RUNNING))


def followed(deposit: Deposit, state: str, verdicts: Sequence[str]) -> bytes:
    """The answer to a follow-up; ``verdicts`` go with the claims once it is done."""
    lines = "".join(
        f"<v:LIGNE Ligne={quoteattr(claim.line)}>{_tag('CodeCR', code)}"
        f"{_tag('LibelleCR', VERIFIED[code])}</v:LIGNE>"
        for claim, code in zip(deposit.claims, verdicts, strict=False)
    )
    return _envelope("SUIVI", _tag("Identifiant", deposit.id) + _tag("Etat", state) + lines)


def _tag(name: str, text: str) -> str:
    return f"<v:{name}>{escape(text)}</v:{name}>"


def _envelope(name: str, content: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{NS_SOAP12}">'
        f'<soap:Body><v:{name} xmlns:v="{NS_VERIF}">{content}</v:{name}></soap:Body>'
        "</soap:Envelope>"
    ).encode()
