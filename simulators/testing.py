"""Helpers for tests of simulators, ours and those of others.

>>> with running(["insi"]) as platform:
...     client(platform, "org-insi-manu").post(platform.descriptor["insi"]["organisation"])
...     assert [e.operation for e in exchanges(platform, "insi")] == ["…"]
"""

from __future__ import annotations

import os
import ssl
import tempfile
import threading
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from rules.exchange import Exchange
from simulators.catalogue import ServiceClass
from simulators.platform import Platform


@contextmanager
def running(
    services: Sequence[str | ServiceClass] = ("psc",), **options: Any
) -> Generator[Platform]:
    """A started platform in a temporary folder, stopped and erased at the end.

    ``options`` are those of :class:`~simulators.platform.Platform`. The variable
    SEGUR_TEST_STORE gives another store than SQLite (an SQLAlchemy URL).
    """
    with tempfile.TemporaryDirectory(prefix="banc-essai-") as temporary:
        options.setdefault("folder", Path(temporary))
        shared_store = os.environ.get("SEGUR_TEST_STORE")
        if shared_store and "store_url" not in options:
            options["store_url"] = shared_store
            # The folder stands for the campaign, as it does with SQLite.
            name = uuid.uuid5(uuid.NAMESPACE_URL, str(options["folder"]))
            options.setdefault("campaign", f"essai-{name}")
        with Platform(services, **options) as platform:
            yield platform


def trust(platform: Platform, certificate: str | None = None) -> ssl.SSLContext:
    """A client TLS context that trusts the bench and presents a certificate of it."""
    context = ssl.create_default_context(cafile=str(platform.folder / "confiance/autorites.pem"))
    if certificate is not None:
        files = platform.descriptor["certificats"][certificate]
        context.load_cert_chain(platform.folder / files["chaine"], platform.folder / files["cle"])
    return context


def client(platform: Platform, certificate: str | None = None, **options: Any) -> httpx.Client:
    """An HTTP client that trusts the bench. ``options`` are those of ``httpx.Client``."""
    options.setdefault("timeout", 20)
    return httpx.Client(verify=trust(platform, certificate), trust_env=False, **options)


def administration(platform: Platform) -> httpx.Client:
    """A client of the administration API."""
    address = platform.descriptor["banc"]["administration"]
    return httpx.Client(base_url=address, timeout=20, trust_env=False)


def exchanges(platform: Platform, service: str | None = None) -> tuple[Exchange, ...]:
    """The exchanges in the journal, of one service or of all."""
    found = platform.kernel.journal.read()
    return tuple(e for e in found if service in (None, e.service))


def wait_for(
    platform: Platform, predicate: Callable[[Exchange], bool], timeout: float = 10
) -> Exchange:
    """Wait for an exchange, already journaled or to come; raises TimeoutError.

    ``timeout`` is in seconds.
    """
    arrived = threading.Condition()
    found: list[Exchange] = []

    def listen(exchange: Exchange) -> None:
        if predicate(exchange):
            with arrived:
                found.append(exchange)
                arrived.notify_all()

    stop = platform.kernel.journal.subscribe(listen)
    try:
        found.extend(e for e in exchanges(platform) if predicate(e))
        with arrived:
            if not arrived.wait_for(lambda: found, timeout):
                raise TimeoutError("aucun échange attendu n'est venu au journal")
        return found[0]
    finally:
        stop()
