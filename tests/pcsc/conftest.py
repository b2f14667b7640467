"""pcscd, vpcd and the cards of a bench in it, for the programs of these tests.

Needs the packages pcscd and vsmartcard-vpcd, pyscard, and the right to create
``/run/pcscd``: CI runs them as root. There is one pcscd for a machine: two runs of these
tests wait for each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulators.platform import Platform
from simulators.testing import running

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
CPS_READER = "Virtual PCD 00 00"
VITALE_READER = "Virtual PCD 00 01"
_READY = "daemon ready"


@dataclass(frozen=True)
class Vpcd:
    """A running pcscd; its virtual readers listen at ``port`` and ``port + 1``."""

    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def pcscd() -> Iterator[Vpcd]:
    """pcscd in the foreground with two readers of vpcd, ended by its number."""
    if shutil.which("pcscd") is None or not DRIVER.is_file():
        pytest.fail("Il faut les paquets pcscd et vsmartcard-vpcd : voir .ci/run.")
    Path("/run/pcscd").mkdir(exist_ok=True)
    with _alone(), tempfile.TemporaryDirectory(prefix="banc-pcscd-") as folder:
        port = _two_free_ports()
        (Path(folder) / "vpcd").write_text(
            'FRIENDLYNAME "Virtual PCD"\n'
            f"DEVICENAME /dev/null:{port:#x}\n"
            f"LIBPATH {DRIVER}\n"
            f"CHANNELID {port:#x}\n"
        )
        with _daemon(folder):
            yield Vpcd(port)


@pytest.fixture(scope="module")
def shared_bench(pcscd: Vpcd) -> Iterator[Platform]:
    """A bench whose first CPS and carte Vitale are in the readers of pcscd."""
    settings = {"cartes": {"acces": "pcsc", "vpcd": pcscd.address}}
    with running(("cards",), settings=settings) as platform:
        yield platform


@pytest.fixture
def bench(shared_bench: Platform) -> Platform:
    """The bench in its initial state, both cards seen by pcscd."""
    before = {name: event_count(name) for name in (CPS_READER, VITALE_READER)}
    shared_bench.reset()
    for name, count in before.items():
        wait_for_card(name, newer_than=count)
    return shared_bench


def event_count(reader: str) -> int:
    """How many times a card entered or left a reader; -1 when none is there now."""
    present, count = _status(reader)
    return count if present else -1


def scard() -> Any:
    """pyscard's PC/SC, imported only where these tests run."""
    return importlib.import_module("smartcard.scard")


def wait_for_card(
    reader: str, *, present: bool = True, newer_than: int = -1, timeout: float = 10
) -> None:
    """Wait for a card to be in a reader, or out of it, after an event of that rank."""
    deadline = time.monotonic() + timeout
    known = scard().SCARD_STATE_UNAWARE
    with _context() as context:
        while True:
            _, states = scard().SCardGetStatusChange(context, 200, [(reader, known)])
            there, count = _read_state(states[0][1])
            if there is present and (not present or count > newer_than):
                return
            if time.monotonic() > deadline:
                pytest.fail(f"{reader} : carte {'absente' if present else 'toujours là'}.")
            known = states[0][1]


@contextlib.contextmanager
def connected(reader: str) -> Iterator[Any]:
    """A pyscard connection to the card of a reader."""
    system = importlib.import_module("smartcard.System")
    connection = next(r for r in system.readers() if str(r) == reader).createConnection()
    try:
        connection.connect()
        yield connection
    finally:
        connection.release()


def transmit(connection: Any, command: str) -> tuple[bytes, int]:
    """Data and status word of one command in hexadecimal."""
    data, sw1, sw2 = connection.transmit(list(bytes.fromhex(command)))
    return bytes(data), sw1 << 8 | sw2


def _status(reader: str) -> tuple[bool, int]:
    with _context() as context:
        _, states = scard().SCardGetStatusChange(
            context, 0, [(reader, scard().SCARD_STATE_UNAWARE)]
        )
    return _read_state(states[0][1]) if states else (False, 0)


def _read_state(state: int) -> tuple[bool, int]:
    return bool(state & scard().SCARD_STATE_PRESENT), state >> 16


@contextlib.contextmanager
def _context() -> Iterator[int]:
    result, context = scard().SCardEstablishContext(scard().SCARD_SCOPE_SYSTEM)
    assert result == 0, f"pcscd ne répond pas ({result:#x})"
    try:
        yield context
    finally:
        scard().SCardReleaseContext(context)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with (Path(tempfile.gettempdir()) / "banc-pcscd.verrou").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _daemon(folder: str) -> Iterator[None]:
    command = ["pcscd", "--foreground", "--info", "--config", folder]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        assert daemon.stdout is not None
        for line in daemon.stdout:
            said.append(line)
            if _READY in line:
                ready.set()
        ready.set()  # it ended: nothing more will come

    threading.Thread(target=listen, daemon=True).start()
    try:
        if not ready.wait(20) or daemon.poll() is not None:
            pytest.fail(f"pcscd n'a pas démarré :\n{''.join(said[-20:])}")
        yield
    finally:
        daemon.terminate()
        daemon.wait(10)


def _two_free_ports() -> int:
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    pytest.fail("Aucune paire de ports libres.")
