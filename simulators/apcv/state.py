"""Profiles, codes presented and contexts of a campaign; no wire here.

A context belongs to one professional and one profile (sheet ``apcv`` §5 and §5.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from simulators.apcv.codec import Shown
from simulators.apcv.errors import Code, StatusError
from simulators.store import metadata

ACTIVE, DESTROYED = "actif", "détruit"
EXPIRED = "expiré"
"""Never stored: an active context whose end has passed."""

_profiles = sa.Table(
    "apcv_profiles",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("serial", sa.String(12), primary_key=True),
    sa.Column("kind", sa.String(1), nullable=False),
    sa.Column("revoked", sa.Boolean, nullable=False),
)
_codes = sa.Table(
    "apcv_codes",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("nonce", sa.String(32), primary_key=True),
    sa.Column("professional", sa.String(16), nullable=False),
)
_contexts = sa.Table(
    "apcv_contexts",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("serial", sa.String(12), nullable=False),
    sa.Column("professional", sa.String(16), nullable=False),
    sa.Column("opened", sa.String(40), nullable=False),
    sa.Column("ends", sa.String(40), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What may change of a profile; who is on it is in the fixtures."""

    serial: str
    kind: str
    revoked: bool


@dataclass(frozen=True, slots=True)
class ApcvContext:
    """A context. ``state`` is as stored: see :meth:`state_at`."""

    id: str
    serial: str
    professional: str
    ends: datetime
    state: str

    def state_at(self, now: datetime) -> str:
        """``actif``, ``expiré`` or ``détruit``."""
        return EXPIRED if self.state == ACTIVE and now >= self.ends else self.state


class ApcvState:
    """The state of one campaign, in the unit of one request."""

    def __init__(self, connection: sa.Connection, campaign: str) -> None:
        self._connection = connection
        self._campaign = campaign

    def fill(self, profiles: Iterable[Profile]) -> None:
        """Put profiles when there are none; does nothing otherwise."""
        if self.profiles():
            return
        for one in profiles:
            row = {"serial": one.serial, "kind": one.kind, "revoked": one.revoked}
            self._connection.execute(_profiles.insert().values(campaign=self._campaign, **row))

    def profiles(self) -> tuple[Profile, ...]:
        """Every profile by serial number."""
        query = sa.select(_profiles).where(_profiles.c.campaign == self._campaign)
        rows = self._connection.execute(query.order_by(_profiles.c.serial))
        return tuple(Profile(row.serial, row.kind, row.revoked) for row in rows)

    def profile(self, serial: str) -> Profile | None:
        """A profile by its serial number."""
        return next((p for p in self.profiles() if p.serial == serial), None)

    def change(self, serial: str, **values: Any) -> None:
        """Change ``kind`` or ``revoked`` of a profile."""
        mine = (_profiles.c.campaign == self._campaign) & (_profiles.c.serial == serial)
        self._connection.execute(_profiles.update().where(mine).values(**values))

    def authenticate(
        self, shown: Shown, professional: str, now: datetime, life: timedelta
    ) -> ApcvContext:
        """Open a context; the one this professional had on this profile is destroyed.

        Raises StatusError: code outdated or replayed, profile inactive. A code opens one
        context, whoever shows it again (sheet ``apcv`` §2).
        """
        profile = self.profile(shown.serial)
        if shown.outdated(now) or self._served(shown.nonce):
            raise StatusError(Code.OUTDATED)
        if profile is None or profile.revoked:
            raise StatusError(Code.INACTIVE)
        self.spend(shown.nonce, professional)
        for former in self._of(professional):
            if former.serial == shown.serial:
                self._set(former.id, state=DESTROYED)
        made = ApcvContext(str(uuid4()), shown.serial, professional, now + life, ACTIVE)
        self._connection.execute(
            _contexts.insert().values(
                campaign=self._campaign,
                id=made.id,
                rank=len(self.contexts()) + 1,
                serial=made.serial,
                professional=professional,
                opened=now.isoformat(),
                ends=made.ends.isoformat(),
                state=ACTIVE,
            )
        )
        return made

    def current(self, professional: str, now: datetime) -> ApcvContext:
        """The last context of a professional that still runs. Raises StatusError."""
        found = [c for c in self._of(professional) if c.state == ACTIVE]
        if not found:
            raise StatusError(Code.UNKNOWN_CONTEXT)
        running = [c for c in found if c.state_at(now) == ACTIVE]
        return _running((running or found)[-1], now)

    def usable(self, identifier: str | None, professional: str, now: datetime) -> ApcvContext:
        """A context by its identifier. Raises StatusError."""
        return _running(self._mine(identifier, professional), now)

    def destroy(self, identifier: str | None, professional: str) -> None:
        """Destroy a context, expired or not. Raises StatusError, also the second time."""
        self._set(self._mine(identifier, professional).id, state=DESTROYED)

    def expire(self, serial: str, now: datetime) -> None:
        """End now every context of a profile."""
        for context in self.contexts():
            if context.serial == serial and context.state == ACTIVE:
                self._set(context.id, ends=now.isoformat())

    def spend(self, nonce: str, professional: str) -> None:
        """Remember that a code served; it opens nothing any more."""
        told = {"campaign": self._campaign, "nonce": nonce, "professional": professional}
        self._connection.execute(_codes.insert().values(**told))

    def contexts(self) -> tuple[ApcvContext, ...]:
        """Every context, in the order they were opened."""
        query = (
            sa.select(_contexts)
            .where(_contexts.c.campaign == self._campaign)
            .order_by(_contexts.c.rank)
        )
        return tuple(_context(row) for row in self._connection.execute(query).mappings())

    def _of(self, professional: str) -> list[ApcvContext]:
        return [c for c in self.contexts() if c.professional == professional]

    def _mine(self, identifier: str | None, professional: str) -> ApcvContext:
        found = [c for c in self._of(professional) if c.id == identifier and c.state == ACTIVE]
        if not found:
            raise StatusError(Code.UNKNOWN_CONTEXT)
        return found[0]

    def _set(self, identifier: str, **values: Any) -> None:
        mine = (_contexts.c.campaign == self._campaign) & (_contexts.c.id == identifier)
        self._connection.execute(_contexts.update().where(mine).values(**values))

    def _served(self, nonce: str) -> bool:
        mine = (_codes.c.campaign == self._campaign) & (_codes.c.nonce == nonce)
        return self._connection.execute(sa.select(_codes.c.nonce).where(mine)).first() is not None


def _running(context: ApcvContext, now: datetime) -> ApcvContext:
    if context.state_at(now) == EXPIRED:
        raise StatusError(Code.EXPIRED_CONTEXT)
    return context


def _context(row: sa.RowMapping) -> ApcvContext:
    ends = datetime.fromisoformat(row["ends"])
    return ApcvContext(row["id"], row["serial"], row["professional"], ends, row["state"])
