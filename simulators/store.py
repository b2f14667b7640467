"""One durable store for the journal and for the states of every service.

SQLAlchemy Core over SQLite (WAL) or PostgreSQL. A :class:`Unit` is one request
being served: whatever the service writes and the exchange itself are committed
together, before the answer leaves. A process killed at any moment has therefore
answered nothing that is not stored, and stored nothing by halves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc as sa_exc

from simulators.errors import SimulatorError

_TABLES = 0x5E6B
"""Advisory lock of PostgreSQL held while tables are made; any number of ours."""

metadata = sa.MetaData()
"""Tables of all services; each ``state`` module declares its own on it."""


class StoreError(SimulatorError):
    """The store cannot be opened: wrong address, missing driver, no permission."""


class Store:
    """An engine, its tables, and one writer at a time."""

    def __init__(self, url: str) -> None:
        """Open a store. ``url`` is an SQLAlchemy URL; raises StoreError.

        >>> Store.in_folder(Path("campagne"))          # SQLite, the default
        >>> Store("postgresql+psycopg://banc@/banc")   # a shared bench
        """
        try:
            self.engine = sa.create_engine(url, **_engine_options(url))
        except (sa_exc.ArgumentError, ImportError) as error:
            raise StoreError(f"Adresse de stockage illisible : {url} ({error})") from error
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _sqlite_pragmas)
            event.listen(self.engine, "begin", _sqlite_begin)
        self._writer = self.engine.execution_options(sqlite_mode="IMMEDIATE")
        self._writing = threading.RLock()

    @classmethod
    def in_folder(cls, folder: Path) -> Store:
        """The SQLite store of a campaign folder, created if needed."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder / 'banc.sqlite'}")

    def create_tables(self) -> None:
        """Create the tables that do not exist yet; raises StoreError."""
        try:
            # Two benches that open a new store together would each make them: SQLite is held
            # by the writer's mode, PostgreSQL by a lock of its own.
            with self._writer.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TABLES)))
                metadata.create_all(connection)
        except sa_exc.DBAPIError as error:
            raise StoreError(f"Stockage injoignable ou illisible : {error.orig}") from error

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """A connection to read with; nothing is committed."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """A transaction, committed at the end, rolled back on an exception."""
        with self._writing, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def unit(self) -> Generator[Unit]:
        """The unit of work of one request."""
        unit = Unit(self)
        try:
            yield unit
        except BaseException:
            unit.abandon()
            raise
        unit.commit()

    def close(self) -> None:
        """Release every connection."""
        self.engine.dispose()


class Unit:
    """What one request writes. The transaction opens at the first use.

    Parse and judge the message before touching :attr:`connection`: there is one
    writer at a time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scope: Any = None
        self._connection: sa.Connection | None = None
        self._afterwards: list[Callable[[], None]] = []

    @property
    def connection(self) -> sa.Connection:
        """The connection of this unit, inside its transaction."""
        if self._connection is not None:
            return self._connection
        self._scope = self._store.writing()
        self._connection = connection = self._scope.__enter__()
        return connection

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call something once everything is durable; never if it is abandoned."""
        self._afterwards.append(call)

    def commit(self) -> None:
        """Make everything durable and release the store."""
        self._close(None)
        calls, self._afterwards = self._afterwards, []
        for call in calls:
            call()

    def abandon(self) -> None:
        """Forget everything written in this unit and release the store."""
        self._close(RuntimeError("unité abandonnée"))

    def _close(self, error: BaseException | None) -> None:
        scope, self._scope, self._connection = self._scope, None, None
        if scope is None:
            return
        if error is None:
            scope.__exit__(None, None, None)
            return
        try:
            scope.__exit__(type(error), error, None)
        except RuntimeError as raised:
            if raised is not error:
                raise


def _engine_options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"check_same_thread": False, "timeout": 30}}
    return {"pool_pre_ping": True}


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # NORMAL in WAL survives the death of the process, which is what is promised;
    # FULL would only add the loss of power, at the price of one fsync a message.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    # Immediate: two writers wait for each other instead of failing half-way.
    mode = connection.get_execution_options().get("sqlite_mode", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
