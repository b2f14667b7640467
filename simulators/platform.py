"""Starting every simulator of a campaign, and stopping them.

>>> with Platform(["psc", "insi"], seed=1, folder=Path("campagne")) as platform:
...     platform.descriptor["insi"]["organisation"]
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fixtures.world import World, make_world
from simulators import environment
from simulators.administration import Administration
from simulators.catalogue import KNOWN, ServiceClass, build
from simulators.clock import Clock
from simulators.errors import SettingsError
from simulators.faults import Faults
from simulators.journal import Journal
from simulators.kernel import Kernel, Service
from simulators.listening import Listening
from simulators.memory import Memory, forget
from simulators.pki import KeyCache, Pki
from simulators.pki.server import PkiService
from simulators.store import Store
from simulators.version import VERSION


class Platform:
    """The simulators of one campaign.

    ``folder`` receives the store (unless ``store_url``), the descriptor and the
    certificates. A campaign opened again finds its state, and its ports unless
    ``base_port`` gives others. Raises SimulatorError with a French sentence.
    """

    def __init__(  # noqa: PLR0913 - the settings of a whole bench
        self,
        services: Sequence[str | ServiceClass] = KNOWN,
        *,
        seed: int = 1,
        store_url: str | None = None,
        folder: Path | None = None,
        campaign: str = "banc",
        host: str = "127.0.0.1",
        base_port: int | None = None,
        settings: Mapping[str, Any] | None = None,
        world: World | None = None,
        cache: KeyCache | None = None,
    ) -> None:
        self._asked = tuple(services)
        self._store_url = store_url
        self._temporary = tempfile.TemporaryDirectory(prefix="banc-") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else Path(str(folder))
        self._campaign = campaign
        self._seed = seed
        self._world = world or make_world(seed)
        self._cache = cache
        self._settings = dict(settings or {})
        self._host = host
        self._base_port = base_port
        self._listening: Listening | None = None
        self.services: dict[str, Service] = {}
        self.descriptor: dict[str, Any] = {}
        self.kernel: Kernel
        self.ready_in = 0.0
        """Seconds that :meth:`start` took."""

    def __enter__(self) -> Platform:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Bind every listener, prepare every service, serve; then write the descriptor."""
        began = time.perf_counter()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        self.ready_in = time.perf_counter() - began

    def stop(self) -> None:
        """Stop serving. The store, the journal and the descriptor stay."""
        if self._listening is not None:
            self._listening.stop()
            self._listening = None
        if hasattr(self, "kernel"):
            self.kernel.store.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def reset(self) -> None:
        """Back to the initial state: services, journal, faults, clock."""
        kernel = self.kernel
        kernel.faults.clear()
        kernel.clock.resume()
        kernel.step = None
        forget(kernel.store, kernel.campaign)
        self._prepare()
        self.renew_certificates()

    def reseed(self, seed: int) -> None:
        """Draw another world from another seed, then reset everything."""
        kernel = self.kernel
        kernel.seed = seed
        kernel.world = replace(make_world(seed), software=kernel.world.software)
        kernel.pki.reseed(seed, kernel.world)
        kernel.faults.reseed(seed)
        self._memory().put("graine", seed)
        self.reset()
        self._describe()

    def renew_certificates(self) -> None:
        """Have the next connections see the revocations and certificates of now."""
        if self._listening is not None:
            self._listening.renew()

    def state(self) -> dict[str, Any]:
        """The state of every service, as JSON."""
        with self.kernel.unit() as unit:
            return {name: service.state(unit) for name, service in self.services.items()}

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        store = Store(self._store_url) if self._store_url else Store.in_folder(self.folder)
        self.kernel = self._kernel(store)
        for asked in (PkiService, *self._asked):
            service = build(asked, self.kernel)
            self.services[service.name] = service
            self.kernel.faults.declare(service.name, service.faults)
        store.create_tables()
        self._remember()
        self._listening = self._listen()
        self._prepare()
        self._describe()
        self._listening.serve()

    def _kernel(self, store: Store) -> Kernel:
        now = datetime.now(UTC)
        return Kernel(
            campaign=self._campaign,
            seed=self._seed,
            clock=Clock(),
            store=store,
            journal=Journal(store, self._campaign),
            pki=Pki(self._seed, self._cache, now, self._world),
            faults=Faults(self._seed),
            world=self._world,
            settings=self._settings,
            folder=self.folder,
        )

    def _memory(self) -> Memory:
        return Memory(self.kernel.store, self._campaign)

    def _remember(self) -> None:
        """Take back what the campaign knows; refuse what contradicts it."""
        memory = self._memory()
        seed = memory.get("graine", self._seed)
        if seed != self._seed:
            raise SettingsError(
                f"La campagne « {self._campaign} » a été ouverte avec la graine {seed}, pas "
                f"{self._seed} : reprenez cette graine ou nommez une autre campagne."
            )
        self.kernel.pki.year = memory.get("annee", self.kernel.pki.year)
        memory.put("graine", seed)
        memory.put("annee", self.kernel.pki.year)

    def _listen(self) -> Listening:
        administration = Administration(self)
        listening = Listening(self.kernel, self._host)
        memory = self._memory()
        owners = {**self.services, administration.name: administration}
        asked = [(name, one) for name, owner in owners.items() for one in owner.listeners()]
        try:
            listening.bind(asked, self._base_port, memory.get("ports", {}))
        except BaseException:
            listening.stop()
            raise
        memory.put("ports", {name: a.port for name, a in self.kernel.addresses.items()})
        return listening

    def _prepare(self) -> None:
        with self.kernel.unit() as unit:
            for service in self.services.values():
                service.prepare(unit)

    def _describe(self) -> None:
        kernel = self.kernel
        keys: list[Any] = []
        parts: dict[str, Any] = {}
        for service in self.services.values():
            part = dict(service.describe())
            keys.extend(part.pop("psc_keys", ()))
            # A service may give its part, or the whole branch under its name.
            branch = environment.BRANCHES.get(service.name, service.name)
            whole = isinstance(part.get(branch), Mapping)
            parts.update(part if whole else {branch: part})
        assert self._listening is not None
        described: dict[str, Any] = {
            "banc": {
                "version": VERSION,
                "campagne": kernel.campaign,
                "graine": kernel.seed,
                "administration": kernel.addresses["administration"].url(scheme="http"),
            },
            **kernel.pki.write(self.folder),
            **parts,
            **environment.people(kernel.world),
            "hotes": self._listening.hosts(),
        }
        described["reglages"].update(self._settings.get("reglages", {}))
        self.descriptor = described
        kernel.environment = environment.knowledge(kernel, described, keys)
        environment.write(self.folder, described)
