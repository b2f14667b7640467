"""Sessions, codes, refresh tokens and switches of Pro Santé Connect, in tables.

The states of a session are those of the fact sheet §2.4; lifetimes are those of
§2.3. Instants come from the caller: the bench clock decides.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from simulators.store import metadata

ACCESS_LIFETIME = timedelta(seconds=120)
INACTIVITY = timedelta(minutes=30)
SESSION_LIFETIME = timedelta(hours=4)
CODE_LIFETIME = timedelta(seconds=60)
"""Placeholder of the fact sheet: the real lifetime is not known."""

_sessions = sa.Table(
    "psc_sessions",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("sid", sa.String(36), primary_key=True),
    sa.Column("cookie", sa.String(64), nullable=False, index=True),
    sa.Column("national_id", sa.String(64), nullable=False),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
    sa.Column("closed_at", sa.Float),
)
_codes = sa.Table(
    "psc_codes",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("code", sa.String(128), primary_key=True),
    sa.Column("sid", sa.String(36), nullable=False),
    sa.Column("issued_at", sa.Float, nullable=False),
    sa.Column("used", sa.Boolean, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
)
_refresh = sa.Table(
    "psc_refresh_tokens",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("jti", sa.String(36), primary_key=True),
    sa.Column("sid", sa.String(36), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("request", sa.Text, nullable=False),
)
_revoked = sa.Table(
    "psc_revoked_tokens",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("jti", sa.String(36), primary_key=True),
)
_switches = sa.Table(
    "psc_switches",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


class SessionState(StrEnum):
    """Where a PSC session stands (fiche §2.4)."""

    OPEN = "ouverte"
    IDLE = "inactive depuis 30 minutes"
    OVER = "ouverte depuis 4 heures"
    CLOSED = "fermée"


class RefreshState(StrEnum):
    """Each refresh token serves once, then its successor does."""

    ACTIVE = "active"
    USED = "used"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Session:
    """A person logged in at PSC."""

    sid: str
    cookie: str
    national_id: str
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None

    def state(self, at: datetime) -> SessionState:
        """Its state at an instant."""
        if self.closed_at is not None:
            return SessionState.CLOSED
        if at >= self.opened_at + SESSION_LIFETIME:
            return SessionState.OVER
        if at >= self.seen_at + INACTIVITY:
            return SessionState.IDLE
        return SessionState.OPEN


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a login was asked for; follows the code, then each refresh token."""

    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None = None
    challenge: str | None = None
    challenge_method: str = "plain"

    def to_json(self) -> str:
        """As stored."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code, single use."""

    code: str
    sid: str
    issued_at: datetime
    used: bool
    request: Authorization

    def expired(self, at: datetime) -> bool:
        """True once its lifetime is over."""
        return at >= self.issued_at + CODE_LIFETIME


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token known to PSC."""

    jti: str
    sid: str
    state: RefreshState
    request: Authorization


class PscState:
    """The state of one campaign, through the connection of the request being served."""

    def __init__(self, connection: sa.Connection, campaign: str) -> None:
        self._connection = connection
        self._campaign = campaign

    def open_session(self, national_id: str, at: datetime) -> Session:
        """A person has just authenticated."""
        session = Session(str(uuid.uuid4()), secrets.token_urlsafe(32), national_id, at, at, None)
        self._insert(
            _sessions,
            sid=session.sid,
            cookie=session.cookie,
            national_id=national_id,
            opened_at=at.timestamp(),
            seen_at=at.timestamp(),
        )
        return session

    def session(self, sid: str | None) -> Session | None:
        """The session of a sid."""
        return self._one_session(_sessions.c.sid == sid)

    def session_of_cookie(self, cookie: str | None) -> Session | None:
        """The session a browser has a cookie of."""
        return self._one_session(_sessions.c.cookie == cookie)

    def sessions(self) -> tuple[Session, ...]:
        """Every session, oldest first."""
        rows = self._rows(_sessions, order=_sessions.c.opened_at)
        return tuple(_session(row) for row in rows)

    def touch(self, session: Session, at: datetime) -> None:
        """The person was active."""
        self._update(_sessions, _sessions.c.sid == session.sid, seen_at=at.timestamp())

    def close_session(self, session: Session, at: datetime) -> None:
        """Logout: the session and its refresh tokens are worth nothing any more."""
        self._update(_sessions, _sessions.c.sid == session.sid, closed_at=at.timestamp())
        self.revoke_refresh_tokens(session.sid)

    def issue_code(self, session: Session, request: Authorization, at: datetime) -> str:
        """A code in Keycloak's form: ``<uuid>.<sid>.<uuid of the client>``."""
        client = uuid.uuid5(uuid.NAMESPACE_URL, request.client_id)
        code = f"{uuid.uuid4()}.{session.sid}.{client}"
        self._insert(
            _codes,
            code=code,
            sid=session.sid,
            issued_at=at.timestamp(),
            used=False,
            request=request.to_json(),
        )
        return code

    def code(self, code: str) -> Code | None:
        """A code that was issued, used or not."""
        if "\x00" in code:  # PostgreSQL takes no such text
            return None
        rows = self._rows(_codes, _codes.c.code == code)
        if not rows:
            return None
        row = rows[0]
        return Code(
            row["code"],
            row["sid"],
            _instant(row["issued_at"]),
            row["used"],
            Authorization(**json.loads(row["request"])),
        )

    def use_code(self, code: Code) -> None:
        """The code has been presented: it will not serve again."""
        self._update(_codes, _codes.c.code == code.code, used=True)

    def issue_refresh(self, sid: str, request: Authorization) -> str:
        """A new refresh token; returns its jti."""
        jti = str(uuid.uuid4())
        self._insert(
            _refresh, jti=jti, sid=sid, state=RefreshState.ACTIVE.value, request=request.to_json()
        )
        return jti

    def refresh(self, jti: str) -> Refresh | None:
        """A refresh token that was issued."""
        rows = self._rows(_refresh, _refresh.c.jti == jti)
        if not rows:
            return None
        row = rows[0]
        request = Authorization(**json.loads(row["request"]))
        return Refresh(jti, row["sid"], RefreshState(row["state"]), request)

    def use_refresh(self, token: Refresh) -> None:
        """The token has been changed for another."""
        self._update(_refresh, _refresh.c.jti == token.jti, state=RefreshState.USED.value)

    def revoke_refresh_tokens(self, sid: str) -> None:
        """No refresh token of a session serves any more."""
        self._update(_refresh, _refresh.c.sid == sid, state=RefreshState.REVOKED.value)

    def revoke(self, jti: str) -> None:
        """An access token is given up before its end."""
        if not self.revoked(jti):
            self._insert(_revoked, jti=jti)

    def revoked(self, jti: str) -> bool:
        """Whether an access token was given up."""
        return bool(self._rows(_revoked, _revoked.c.jti == jti))

    def switch(self, name: str) -> Any:
        """The value of a switch, or None."""
        rows = self._rows(_switches, _switches.c.name == name)
        return json.loads(rows[0]["value"]) if rows else None

    def switches(self) -> Mapping[str, Any]:
        """Every switch, by name."""
        return {r["name"]: json.loads(r["value"]) for r in self._rows(_switches)}

    def set_switch(self, name: str, value: Any) -> None:
        """Set a switch; the value is JSON."""
        if self.switch(name) is None:
            self._insert(_switches, name=name, value=json.dumps(value))
        else:
            self._update(_switches, _switches.c.name == name, value=json.dumps(value))

    def profile(self, national_id: str) -> dict[str, Any]:
        """What administration said of a professional: ``revoque``, ``profil``."""
        return self.switch(f"professionnel {national_id}") or {}

    def set_profile(self, national_id: str, value: Mapping[str, Any]) -> None:
        """Say it."""
        self.set_switch(f"professionnel {national_id}", dict(value))

    def _one_session(self, condition: sa.ColumnElement[bool]) -> Session | None:
        rows = self._rows(_sessions, condition)
        return _session(rows[0]) if rows else None

    def _rows(
        self,
        table: sa.Table,
        condition: sa.ColumnElement[bool] | None = None,
        order: sa.ColumnElement[Any] | None = None,
    ) -> list[Mapping[str, Any]]:
        query = sa.select(table).where(table.c.campaign == self._campaign)
        if condition is not None:
            query = query.where(condition)
        if order is not None:
            query = query.order_by(order)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def _insert(self, table: sa.Table, **values: Any) -> None:
        self._connection.execute(table.insert().values(campaign=self._campaign, **values))

    def _update(self, table: sa.Table, condition: sa.ColumnElement[bool], **values: Any) -> None:
        mine = table.c.campaign == self._campaign
        self._connection.execute(table.update().where(mine, condition).values(**values))


def _session(row: Mapping[str, Any]) -> Session:
    closed = row["closed_at"]
    return Session(
        row["sid"],
        row["cookie"],
        row["national_id"],
        _instant(row["opened_at"]),
        _instant(row["seen_at"]),
        None if closed is None else _instant(closed),
    )


def _instant(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
