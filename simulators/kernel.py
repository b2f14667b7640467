"""What a simulator is given, and what it must offer to be run by the platform."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rules.context import Environment
from simulators.clock import Clock
from simulators.http import HttpListener
from simulators.journal import Journal
from simulators.store import Store, Unit

if TYPE_CHECKING:
    import socket
    import ssl

    from fixtures.world import World
    from simulators.faults import Faults
    from simulators.pki import Pki


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener is bound. ``host`` is the name put in URLs."""

    host: str
    port: int

    def url(self, path: str = "", scheme: str = "https") -> str:
        """An absolute URL on this address."""
        return f"{scheme}://{self.host}:{self.port}{path}"


@dataclass
class Kernel:
    """Shared by all services of one platform: clock, store, journal, PKI, faults, people.

    ``addresses`` maps a listener name to its address; it is filled before any
    service is started, so that a service may quote its own URLs and others'.
    ``step`` is the scenario step now open, written in each exchange.
    """

    campaign: str
    seed: int
    clock: Clock
    store: Store
    journal: Journal
    pki: Pki
    faults: Faults
    world: World
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    addresses: dict[str, Address] = field(default_factory=dict[str, Address])
    step: str | None = None
    environment: Environment = field(default_factory=Environment)
    """What the checks are told of the product under test and its test world."""
    folder: Path | None = None
    """Folder of the campaign, for files a service gives a product."""

    @contextmanager
    def unit(self) -> Generator[Unit]:
        """The unit of work of one request (see :class:`simulators.store.Unit`)."""
        with self.store.unit() as unit:
            yield unit


@dataclass(frozen=True, slots=True)
class StreamListener:
    """A listener that is not HTTP: SMTP, IMAP, card readers.

    ``start`` listens on the bound socket it is given and returns the asyncio
    server; ``tls`` is the server context to use for STARTTLS.
    ``hostnames`` go in the server certificate, as for HTTP. A listener that never
    speaks TLS says ``tls=False``; nothing is certified for it.
    """

    name: str
    start: Callable[[socket.socket, ssl.SSLContext], Awaitable[asyncio.Server]]
    hostnames: tuple[str, ...] = ()
    tls: bool = True


Listener = HttpListener | StreamListener


class Service(Protocol):
    """A simulated national service. Constructed with its Kernel."""

    name: str
    """``psc``, ``insi``, ``dmp``, ``mssante`` …"""

    faults: Mapping[str, str]
    """Faults of this service: name to French description."""

    def listeners(self) -> Sequence[Listener]:
        """Addresses to bind."""
        ...

    def prepare(self, unit: Unit) -> None:
        """Put the initial state (people, records, mailboxes) if it is not there.

        Must be idempotent: a bench restarted on its store keeps what it has.
        """
        ...

    def describe(self) -> Mapping[str, Any]:
        """Its part of the environment descriptor; addresses are known."""
        ...

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Its state as JSON, for administration and for comparing resets."""
        ...

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """Put a named state (``{"dossiers": {"<ins>": "fermé"}}``).

        Raises ValueError with a French sentence when the change means nothing.
        """
        ...
