"""Several benches open one new store together: each finds every table there."""

from __future__ import annotations

import multiprocessing
import os
import uuid
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
import sqlalchemy as sa

from simulators import journal
from simulators.store import Store, StoreError, metadata

BENCHES = 4


@pytest.fixture
def new_store(tmp_path: Path) -> Iterator[str]:
    """The address of a store nobody has opened: a file, or a new PostgreSQL database."""
    shared = os.environ.get("SEGUR_TEST_STORE")
    if not shared:
        yield f"sqlite:///{tmp_path / 'banc.sqlite'}"
        return
    name = f"neuf_{uuid.uuid4().hex}"
    server = sa.create_engine(shared, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    try:
        yield sa.make_url(shared).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        server.dispose()


def _open(url: str, together: Barrier) -> None:
    together.wait(30)
    store = Store(url)
    store.create_tables()
    with store.reading() as connection:
        found = set(sa.inspect(connection).get_table_names())
    store.close()
    raise SystemExit(0 if set(metadata.tables) <= found and journal.exchanges.name in found else 1)


def test_benches_that_open_a_new_store_together_make_its_tables_once(new_store: str) -> None:
    spawning = multiprocessing.get_context("spawn")
    together = spawning.Barrier(BENCHES)
    benches = [spawning.Process(target=_open, args=(new_store, together)) for _ in range(BENCHES)]
    for bench in benches:
        bench.start()
    for bench in benches:
        bench.join(60)
    assert [bench.exitcode for bench in benches] == [0] * BENCHES


def test_an_unknown_kind_of_store_is_told_by_its_address() -> None:
    with pytest.raises(StoreError, match="illisible : ailleurs:"):
        Store("ailleurs:")
