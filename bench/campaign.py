"""Running a campaign: simulators up, features played, journal judged, reports written."""

from __future__ import annotations

import io
import json
import os
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from bench import __version__
from bench.drivers import Driver
from bench.environments import to_json
from bench.errors import BenchEnvironmentError, UsageError
from bench.features_plugin import FeaturesPlugin, Progress
from bench.known import KnownFindings
from bench.projection import project
from bench.restarts import ENDED
from bench.session import Session
from bench.wires import read_wires
from fixtures.world import SoftwareFixture, make_world
from reports.events import CampaignFinished, Event
from reports.writing import write_reports
from simulators.errors import SimulatorError
from simulators.journal import Journal
from simulators.memory import Memory
from simulators.platform import Platform
from simulators.prescription.settings import KEPT
from simulators.store import Store, StoreError

SERVICES = ("psc", "insi", "dmp", "mssante", "cards", "prescription", "apcv")
"""Services a campaign starts unless told otherwise."""


@dataclass(frozen=True)
class Settings:
    """What the command line asks for."""

    features: tuple[str, ...] = ()
    scenario: str | None = None
    """Text that the name of each scenario played must have."""
    folder: Path | None = None
    seed: int = 1
    store_url: str | None = None
    services: tuple[str, ...] = SERVICES
    base_port: int | None = None
    product: SoftwareFixture = field(default_factory=SoftwareFixture)
    expected: tuple[dict[str, str], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignResult:
    """Where the campaign is and what it concluded."""

    folder: Path
    events: tuple[Event, ...]
    report: Path

    @property
    def finished(self) -> CampaignFinished:
        """The concluding event."""
        last = self.events[-1]
        assert isinstance(last, CampaignFinished)
        return last


def campaign_folder(asked: Path | None) -> Path:
    """The folder of a campaign: the one asked for, or ``campagnes/<date>``."""
    if asked is not None:
        return asked
    return Path("campagnes") / datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S-%f")[:-3]


def campaign_name(folder: Path, store_url: str | None) -> str:
    """The name under which a store keeps the campaign of a folder.

    The folder's own database may have been renamed or copied elsewhere: it holds
    one campaign, under the name it had. In a shared store the folder's name is
    not enough: what makes it unique is drawn once and kept in the descriptor.
    """
    name = folder.resolve().name[:48] or "campagne"
    if store_url is not None:
        return _described_name(folder) or f"{name}-{secrets.token_hex(4)}"
    if not (folder / "banc.sqlite").is_file():
        return name
    store = open_store(folder, None)
    try:
        held = Memory.campaigns(store)
    finally:
        store.close()
    return held[0] if len(held) == 1 else name


def _described_name(folder: Path) -> str | None:
    try:
        described = json.loads((folder / "environnement.json").read_text(encoding="utf-8"))
        return str(described["banc"]["campagne"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def open_store(folder: Path, store_url: str | None) -> Store:
    """The store of a campaign. Raises BenchEnvironmentError."""
    try:
        store = Store(store_url) if store_url else Store.in_folder(folder)
        store.create_tables()
    except StoreError as error:
        raise BenchEnvironmentError(str(error)) from error
    return store


def start_platform(settings: Settings, folder: Path) -> Platform:
    """Start the simulators in a campaign folder. Raises BenchEnvironmentError."""
    platform = Platform(
        services=settings.services,
        seed=settings.seed,
        store_url=settings.store_url,
        folder=folder,
        campaign=campaign_name(folder, settings.store_url),
        base_port=settings.base_port,
        settings=settings.options,
        world=replace(make_world(settings.seed), software=settings.product),
    )
    try:
        platform.start()
    except (SimulatorError, StoreError, OSError) as error:
        raise BenchEnvironmentError(f"Les simulateurs n'ont pas démarré : {error}") from error
    return platform


def mark_start(platform: Platform, settings: Settings, driver: str) -> None:
    """Write in the journal what a later verdict must know."""
    kernel = platform.kernel
    kernel.journal.mark(
        "campaign-started",
        kernel.clock.now(),
        {
            "seed": settings.seed,
            "bench_version": __version__,
            "rules_version": __version__,
            "driver": driver,
            "environment": to_json(kernel.environment),
        },
    )


def mark_end(platform: Platform) -> None:
    """Close the part of the journal that is judged: a product that stops lets its cards go."""
    kernel = platform.kernel
    kernel.journal.mark(ENDED, kernel.clock.now(), {})


def run(settings: Settings, driver: Driver, progress: Progress | None = None) -> CampaignResult:
    """Play features with a driver, judge, write the reports.

    Raises UsageError when no scenario was found, BenchEnvironmentError when the
    product or the machine prevents the campaign.
    """
    paths = feature_paths(settings.features)
    folder = campaign_folder(settings.folder)
    platform = start_platform(settings, folder)
    try:
        if platform.kernel.journal.marks("campaign-started"):
            raise UsageError(
                f"{folder} contient déjà une campagne : donnez un autre dossier, ou jugez-la de "
                "nouveau avec « segur-bench verdict »."
            )
        mark_start(platform, settings, driver.name)
        described = str(folder / "environnement.json")
        known = KnownFindings(settings.expected)
        session = Session(platform, driver, settings.seed, described, known)
        session.start()
        plugin = FeaturesPlugin(session, progress, settings.scenario)
        output = _play(paths, plugin)
        if plugin.environment_error:
            raise plugin.environment_error
        if plugin.unknown_step:
            raise plugin.unknown_step
        if plugin.collected == 0:
            named = f" dont le nom contient « {settings.scenario} »" if settings.scenario else ""
            where = ", ".join(paths)
            raise UsageError(f"Aucun scénario à jouer{named} dans {where}.\n{output}".strip())
        mark_end(platform)
        return conclude(platform.kernel.journal, folder, settings.expected)
    finally:
        driver.stop()
        platform.stop()


def conclude(
    journal: Journal, folder: Path, expected: Sequence[dict[str, str]] = ()
) -> CampaignResult:
    """Judge a journal and write every report in the campaign's folder."""
    events = tuple(project(journal, expected))
    report = write_reports(events, folder, journal.read())
    return CampaignResult(folder, events, report)


def judge_again(
    folder: Path, store_url: str | None, expected: Sequence[dict[str, str]]
) -> CampaignResult:
    """Judge a campaign from its stored journal alone. Raises UsageError."""
    database = folder / "banc.sqlite"
    if store_url is None and not database.is_file():
        raise UsageError(f"{folder} n'est pas le dossier d'une campagne : banc.sqlite n'y est pas.")
    if (folder / KEPT).is_dir():
        read_wires(folder / KEPT)
    store = open_store(folder, store_url)
    try:
        journal = Journal(store, campaign_name(folder, store_url))
        if not journal.marks("campaign-started"):
            raise UsageError(f"Aucune campagne « {folder.name} » dans ce stockage.")
        return conclude(journal, folder, expected)
    finally:
        store.close()


def feature_paths(asked: Sequence[str]) -> tuple[str, ...]:
    """Paths to give pytest: as asked, else inside the installed features.

    ``features/mom`` means the shipped features even outside a checkout.
    """
    shipped = Path(str(resources.files("features")))
    if not asked:
        return (str(shipped),)
    return tuple(_feature_path(name, shipped) for name in asked)


def _feature_path(name: str, shipped: Path) -> str:
    path = Path(name)
    inside = shipped / name.removeprefix("features/").removeprefix("features")
    for candidate in (path, inside):
        if candidate.exists():
            if candidate.suffix == ".feature":
                raise UsageError(
                    f"Donnez le dossier de {name}, ou filtrez par nom avec --scenario."
                )
            return str(candidate)
    known = ", ".join(sorted(p.name for p in shipped.iterdir() if (p / "__init__.py").is_file()))
    raise UsageError(f"Aucune fonctionnalité à {name}. Dossiers livrés : {known}.")


@contextmanager
def _no_other_plugin() -> Generator[None]:
    name = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _play(paths: Sequence[str], plugin: FeaturesPlugin) -> str:
    # pytest speaks to developers; the campaign speaks to testers, so its output
    # is kept aside and shown only when nothing could be collected.
    captured = io.StringIO()
    with redirect_stdout(captured), redirect_stderr(captured), _no_other_plugin():
        pytest.main(
            [
                *paths,
                "-q",
                "-p",
                "pytest_bdd.plugin",
                "-p",
                "no:cacheprovider",
                "--import-mode=importlib",
                "-o",
                "addopts=",
                "--rootdir",
                str(Path(paths[0]).resolve()),
                "-W",
                "ignore",
            ],
            plugins=[plugin],
        )
    return captured.getvalue()
