"""The append-only journal of a campaign: exchanges, marks, raw bytes.

Bodies are kept once, by SHA-256. Reading it back gives the very
:class:`~rules.exchange.Exchange` values that the checks judge, so a verdict
never needs the simulators to be up.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from rules.exchange import Correlation, Exchange, Message, Outcome, TlsPeer
from simulators.store import Store, Unit, metadata

bodies = sa.Table(
    "bodies",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

exchanges = sa.Table(
    "exchanges",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("campaign", sa.String(64), nullable=False, index=True),
    sa.Column("service", sa.String(32), nullable=False),
    sa.Column("operation", sa.String(128), nullable=False),
    sa.Column("started_at", sa.String(32), nullable=False),
    sa.Column("answered_at", sa.String(32)),
    sa.Column("peer", sa.String(64), nullable=False),
    sa.Column("host", sa.String(255)),
    sa.Column("tls", sa.Text),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("request_body", sa.String(64), nullable=False),
    sa.Column("response", sa.Text),
    sa.Column("response_body", sa.String(64)),
    sa.Column("outcome", sa.String(32), nullable=False),
    sa.Column("error_code", sa.String(128)),
    sa.Column("fault", sa.String(64)),
    sa.Column("patient", sa.String(32), index=True),
    sa.Column("professional", sa.String(64)),
    sa.Column("document", sa.String(128)),
    sa.Column("software", sa.String(128)),
    sa.Column("step", sa.String(255)),
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("campaign", sa.String(64), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
)

# Built once: every exchange of every service is written with them.
_INSERT = exchanges.insert()
_KEEP = bodies.insert()
_KNOWN = sa.select(bodies.c.sha256).where(bodies.c.sha256 == sa.bindparam("digest"))


@dataclass(frozen=True, slots=True)
class Mark:
    """A note in the journal: ``kind`` (scenario-started, expectation, …) and data.

    ``position`` is that of the last exchange observed before the mark.
    """

    kind: str
    position: int
    at: datetime
    payload: Mapping[str, Any]


Listener = Callable[[Exchange], None]


class Journal:
    """The journal of one campaign in a store."""

    def __init__(self, store: Store, campaign: str) -> None:
        self._store = store
        self.campaign = campaign
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after each exchange is durable; returns the way to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def record(self, unit: Unit, exchange: Exchange) -> Exchange:
        """Write an exchange in the unit of its request; gives it its position.

        ``exchange.position`` is ignored and set by the store. Listeners are
        called by :meth:`announce`, once the unit is committed.
        """
        position = unit.connection.execute(
            _INSERT,
            {
                "id": exchange.id,
                "campaign": self.campaign,
                "service": exchange.service,
                "operation": exchange.operation,
                "started_at": _stamp(exchange.started_at),
                "answered_at": _stamp(exchange.answered_at),
                "peer": exchange.peer,
                "host": exchange.host,
                "tls": _tls_to_json(exchange.tls),
                "request": _head_to_json(exchange.request),
                "request_body": keep_body(unit, exchange.request.body),
                "response": _head_to_json(exchange.response),
                "response_body": keep_body(unit, exchange.response.body)
                if exchange.response
                else None,
                "outcome": exchange.outcome.value,
                "error_code": exchange.error_code,
                "fault": exchange.fault,
                "patient": exchange.correlation.patient,
                "professional": exchange.correlation.professional,
                "document": exchange.correlation.document,
                "software": exchange.correlation.software,
                "step": exchange.step,
            },
        ).inserted_primary_key
        assert position is not None
        return _placed(exchange, self.campaign, int(position[0]))

    def announce(self, exchange: Exchange) -> None:
        """Tell the listeners of an exchange that is now durable."""
        for listener in tuple(self._listeners):
            listener(exchange)

    def append(self, exchange: Exchange) -> Exchange:
        """Record an exchange in a unit of its own and announce it."""
        with self._store.unit() as unit:
            placed = self.record(unit, exchange)
        self.announce(placed)
        return placed

    def mark(self, kind: str, at: datetime, payload: Mapping[str, Any]) -> Mark:
        """Note something at the present place of the journal."""
        mark = Mark(kind, self.position(), at, payload)
        with self._store.writing() as connection:
            connection.execute(
                marks.insert().values(
                    campaign=self.campaign,
                    position=mark.position,
                    at=_stamp(at),
                    kind=kind,
                    payload=json.dumps(payload, ensure_ascii=False, sort_keys=True),
                )
            )
        return mark

    def marks(self, *kinds: str) -> tuple[Mark, ...]:
        """Marks in order, restricted to the given kinds if any."""
        query = sa.select(marks).where(marks.c.campaign == self.campaign).order_by(marks.c.id)
        with self._store.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            Mark(r["kind"], r["position"], _instant(r["at"]), json.loads(r["payload"]))
            for r in rows
            if not kinds or r["kind"] in kinds
        )

    def position(self) -> int:
        """Position of the last exchange, 0 when there is none."""
        query = sa.select(sa.func.max(exchanges.c.position)).where(
            exchanges.c.campaign == self.campaign
        )
        with self._store.reading() as connection:
            return connection.execute(query).scalar() or 0

    def read(self, after: int = 0) -> tuple[Exchange, ...]:
        """Exchanges whose position is greater than ``after``, in order."""
        query = (
            sa.select(exchanges)
            .where(exchanges.c.campaign == self.campaign, exchanges.c.position > after)
            .order_by(exchanges.c.position)
        )
        with self._store.reading() as connection:
            rows = connection.execute(query).mappings().all()
            contents = _contents(connection, rows)
        return tuple(_exchange(row, contents) for row in rows)

    def find(self, exchange_id: str) -> Exchange | None:
        """The exchange of an id, or None."""
        query = sa.select(exchanges).where(
            exchanges.c.campaign == self.campaign, exchanges.c.id == exchange_id
        )
        with self._store.reading() as connection:
            row = connection.execute(query).mappings().first()
            return _exchange(row, _contents(connection, [row])) if row else None

    def clear(self) -> None:
        """Forget every exchange and mark of the campaign (administration: reset)."""
        with self._store.writing() as connection:
            for table in (exchanges, marks):
                connection.execute(table.delete().where(table.c.campaign == self.campaign))


def campaigns(store: Store) -> tuple[str, ...]:
    """Names of the campaigns a store holds."""
    with store.reading() as connection:
        return tuple(connection.execute(sa.select(exchanges.c.campaign).distinct()).scalars())


def new_id() -> str:
    """An identifier for an exchange: a random UUID (a declared variable field)."""
    return str(uuid.uuid4())


def _placed(exchange: Exchange, campaign: str, position: int) -> Exchange:
    return replace(exchange, campaign=campaign, position=position)


def keep_body(unit: Unit, content: bytes) -> str:
    """Store octets once, in the unit of a request; their SHA-256 in hexadecimal."""
    digest = hashlib.sha256(content).hexdigest()
    known = unit.connection.execute(_KNOWN, {"digest": digest}).first()
    if known is None:
        kept = {"sha256": digest, "size": len(content), "content": content}
        unit.connection.execute(_KEEP, kept)
    return digest


def read_bodies(connection: sa.Connection, digests: Iterable[str]) -> dict[str, bytes]:
    """Octets kept by :func:`keep_body`, by their digest."""
    found: dict[str, bytes] = {}
    ordered = sorted(set(digests))
    for start in range(0, len(ordered), 500):  # SQLite bounds the number of parameters
        query = sa.select(bodies.c.sha256, bodies.c.content).where(
            bodies.c.sha256.in_(ordered[start : start + 500])
        )
        found.update((digest, bytes(content)) for digest, content in connection.execute(query))
    return found


def _contents(connection: sa.Connection, rows: Any) -> dict[str, bytes]:
    keys = ("request_body", "response_body")
    return read_bodies(connection, (row[key] for row in rows for key in keys if row[key]))


def _exchange(row: Any, contents: Mapping[str, bytes]) -> Exchange:
    return Exchange(
        id=row["id"],
        campaign=row["campaign"],
        position=row["position"],
        service=row["service"],
        operation=row["operation"],
        started_at=_instant(row["started_at"]),
        answered_at=_instant(row["answered_at"]) if row["answered_at"] else None,
        peer=row["peer"],
        host=row["host"],
        tls=_tls_from_json(row["tls"]),
        request=_message(row["request"], contents[row["request_body"]]),
        response=_message(row["response"], contents[row["response_body"]])
        if row["response"]
        else None,
        outcome=Outcome(row["outcome"]),
        error_code=row["error_code"],
        fault=row["fault"],
        correlation=Correlation(
            row["patient"], row["professional"], row["document"], row["software"]
        ),
        step=row["step"],
    )


def _message(head: str, body: bytes) -> Message:
    value = json.loads(head)
    return Message(value["start"], tuple((k, v) for k, v in value["headers"]), body)


def _head_to_json(message: Message | None) -> str | None:
    if message is None:
        return None
    return json.dumps({"start": message.start_line, "headers": message.headers}, ensure_ascii=False)


def _tls_to_json(tls: TlsPeer | None) -> str | None:
    if tls is None:
        return None
    return json.dumps(
        {
            "version": tls.version,
            "cipher": tls.cipher,
            "sni": tls.sni,
            "certificate": tls.certificate.hex() if tls.certificate else None,
            "offered_versions": tls.offered_versions,
            "offered_ciphers": tls.offered_ciphers,
        }
    )


def _tls_from_json(text: str | None) -> TlsPeer | None:
    if text is None:
        return None
    value = json.loads(text)
    return TlsPeer(
        version=value["version"],
        cipher=value["cipher"],
        sni=value["sni"],
        certificate=bytes.fromhex(value["certificate"]) if value["certificate"] else None,
        offered_versions=tuple(value["offered_versions"]),
        offered_ciphers=tuple(value["offered_ciphers"]),
    )


def _stamp(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat(timespec="microseconds") if instant else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
