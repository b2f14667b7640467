"""The machine of the sheet (§5.1), whole: the state without wire against a model of it.

Two professionals, two phones, a clock; every operation in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
)

from simulators.apcv.codec import LIFE, Shown
from simulators.apcv.errors import Code, StatusError
from simulators.apcv.state import ACTIVE, DESTROYED, EXPIRED, ApcvContext, ApcvState, Profile
from simulators.store import metadata

CONTEXT_LIFE = timedelta(minutes=20)
PHONES = ("000400000001", "000400000002")
USERS = ("810999990012", "810999990178")
users, phones = st.sampled_from(USERS), st.sampled_from(PHONES)


@dataclass
class Held:
    """What the model knows of a context."""

    serial: str
    user: str
    ends: datetime
    destroyed: bool = False

    def state(self, now: datetime) -> str:
        if self.destroyed:
            return DESTROYED
        return ACTIVE if now < self.ends else EXPIRED


class Machine(RuleBasedStateMachine):
    """``(none) → ACTIVE → EXPIRED or DESTROYED``, by profile and by professional."""

    codes = Bundle("codes")
    contexts = Bundle("contexts")

    def __init__(self) -> None:
        super().__init__()
        self._engine = sa.create_engine("sqlite://")
        tables = [table for name, table in metadata.tables.items() if name.startswith("apcv_")]
        metadata.create_all(self._engine, tables)
        self._connection = self._engine.connect()
        self.now = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
        self.model: dict[str, Held] = {}
        self.revoked: set[str] = set()
        self.spent: set[str] = set()

    def teardown(self) -> None:
        self._connection.close()
        self._engine.dispose()

    @property
    def state(self) -> ApcvState:
        return ApcvState(self._connection, "essai")

    def ask(self, question: Callable[[ApcvState], ApcvContext | None]) -> tuple[str, str | None]:
        """The CodeStatut and the context of an answer."""
        try:
            given = question(self.state)
        except StatusError as error:
            return error.code, None
        return Code.OK, given.id if given else None

    @initialize()
    def fill(self) -> None:
        self.state.fill(Profile(serial, "T", revoked=False) for serial in PHONES)

    @rule(target=codes, serial=phones)
    def show(self, serial: str) -> Shown:
        return Shown(serial, self.now, uuid4().hex)

    @rule(target=contexts, code=codes, user=users)
    def authenticate(self, code: Shown, user: str) -> str | None:
        said, given = self.ask(lambda s: s.authenticate(code, user, self.now, CONTEXT_LIFE))
        if self.now - code.at > LIFE or code.nonce in self.spent:
            assert said == Code.OUTDATED
        elif code.serial in self.revoked:
            assert said == Code.INACTIVE
        else:
            assert said == Code.OK
            assert given not in (None, *self.model)
            self.spent.add(code.nonce)
            for held in self.model.values():
                held.destroyed |= (held.serial, held.user) == (code.serial, user)
            self.model[str(given)] = Held(code.serial, user, self.now + CONTEXT_LIFE)
        return given

    @rule(user=users)
    def restore(self, user: str) -> None:
        said, given = self.ask(lambda s: s.current(user, self.now))
        mine = {i: h for i, h in self.model.items() if h.user == user and not h.destroyed}
        running = [i for i, h in mine.items() if h.state(self.now) == ACTIVE]
        if running:
            assert (said, given) == (Code.OK, running[-1])
        else:
            assert said == (Code.EXPIRED_CONTEXT if mine else Code.UNKNOWN_CONTEXT)

    @rule(identifier=contexts, user=users)
    def sign(self, identifier: str | None, user: str) -> None:
        said, _ = self.ask(lambda s: s.usable(identifier, user, self.now))
        held = self.model.get(identifier or "")
        if held is None or held.user != user or held.destroyed:
            assert said == Code.UNKNOWN_CONTEXT
        else:
            expired = held.state(self.now) == EXPIRED
            assert said == (Code.EXPIRED_CONTEXT if expired else Code.OK)

    @rule(identifier=contexts, user=users)
    def destroy(self, identifier: str | None, user: str) -> None:
        said, _ = self.ask(lambda s: s.destroy(identifier, user))
        held = self.model.get(identifier or "")
        mine = held is not None and held.user == user and not held.destroyed
        assert said == (Code.OK if mine else Code.UNKNOWN_CONTEXT)
        if held is not None and mine:
            held.destroyed = True

    @rule(serial=phones)
    def expire(self, serial: str) -> None:
        """The button of the phone."""
        self.ask(lambda s: s.expire(serial, self.now))
        for held in self.model.values():
            if held.serial == serial and not held.destroyed:
                held.ends = min(held.ends, self.now)

    @rule(serial=phones, revoked=st.booleans())
    def change(self, serial: str, revoked: bool) -> None:
        self.ask(lambda s: s.change(serial, revoked=revoked))
        (self.revoked.add if revoked else self.revoked.discard)(serial)

    @rule(minutes=st.sampled_from((1, 2, 19, 20)))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(code=consumes(codes))
    def forget(self, code: Shown) -> None:
        """The phone shows another one."""
        assert code.serial in PHONES

    @invariant()
    def everything_is_as_modelled(self) -> None:
        known = self.state.contexts()
        assert [(c.id, c.serial, c.professional, c.state_at(self.now)) for c in known] == [
            (i, h.serial, h.user, h.state(self.now)) for i, h in self.model.items()
        ]
        running = [(h.serial, h.user) for h in self.model.values() if h.state(self.now) == ACTIVE]
        assert len(running) == len(set(running))


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
