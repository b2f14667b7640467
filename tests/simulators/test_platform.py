"""Starting, stopping, killing and starting again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from simulators.errors import AddressError, SettingsError, UnknownServiceError
from simulators.kernel import StreamListener
from simulators.platform import Platform
from simulators.testing import client, exchanges, running, trust
from tests.simulators.demo import Demo

ROOT = Path(__file__).parents[2]


def write(platform, text):
    with client(platform) as http:
        return http.post(platform.descriptor["demo"]["adresse"] + "/notes", content=text)


def ports(platform):
    return {name: address.port for name, address in platform.kernel.addresses.items()}


def test_an_unknown_service_is_said_in_french(tmp_path):
    with pytest.raises(UnknownServiceError, match="Service inconnu : « boulangerie »"):
        Platform(["boulangerie"], folder=tmp_path).start()


def test_a_campaign_opened_again_keeps_state_and_ports(tmp_path):
    with running([Demo], folder=tmp_path) as platform:
        write(platform, "gardée")
        before, described = ports(platform), platform.descriptor
        state, seen = platform.state(), exchanges(platform)
    with running([Demo], folder=tmp_path) as platform:
        assert ports(platform) == before
        assert platform.state() == state
        assert exchanges(platform) == seen
        assert platform.descriptor == described
        assert write(platform, "encore").status_code == 201


def test_a_campaign_keeps_its_seed(tmp_path):
    with running([Demo], folder=tmp_path, seed=3):
        pass
    with (
        pytest.raises(SettingsError, match="graine 3"),
        running([Demo], folder=tmp_path, seed=4),
    ):
        pass


def test_two_campaigns_share_a_store_without_mixing(tmp_path):
    store = f"sqlite:///{tmp_path / 'commun.sqlite'}"
    with (
        running([Demo], store_url=store, campaign="une") as one,
        running([Demo], store_url=store, campaign="deux") as two,
    ):
        write(one, "chez une")
        assert two.state()["demo"] == {"notes": ["première"]}
        assert exchanges(two) == ()
        assert set(ports(one).values()).isdisjoint(ports(two).values())
        two.reset()
        assert one.state()["demo"] == {"notes": ["première", "chez une"]}


def test_ports_follow_the_base_port(tmp_path):
    for base in range(21_000, 30_000, 50):  # another bench may hold some of them
        try:
            with running([Demo], folder=tmp_path, base_port=base) as platform:
                count = len(platform.kernel.addresses)
                assert sorted(ports(platform).values()) == list(range(base, base + count))
                return
        except AddressError:
            continue
    pytest.fail("aucune suite de ports libres")


def test_a_taken_port_is_said_in_french(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=f"{port}.*port de base"):
            Platform([Demo], folder=tmp_path, base_port=port).start()


def test_a_stopped_platform_frees_its_ports(tmp_path):
    with running([Demo], folder=tmp_path) as platform:
        held = ports(platform)
    for port in held.values():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))


def test_a_silent_call_does_not_hold_the_stop():
    with running([Demo]) as platform:
        platform.kernel.faults.add("demo", fault="muet")
        address = platform.kernel.addresses["demo"]
        with client(platform, timeout=0.2) as http, pytest.raises(Exception, match="timed out"):
            http.get(address.url("/notes/1"))


def test_reset_brings_back_the_initial_state():
    with running([Demo]) as platform:
        initial = platform.state()
        write(platform, "de trop")
        platform.kernel.faults.add("demo", fault="muet")
        platform.kernel.clock.freeze()
        platform.kernel.journal.mark("essai", platform.kernel.clock.now(), {})
        platform.reset()
        assert platform.state() == initial
        assert exchanges(platform) == ()
        assert platform.kernel.journal.marks() == ()
        assert platform.kernel.faults.active() == ()
        assert platform.kernel.clock.now() < platform.kernel.clock.now()
        assert write(platform, "à nouveau").status_code == 201


def test_another_seed_draws_another_world():
    with running([Demo], seed=1) as platform:
        patients = platform.descriptor["patients"]
        certificate = platform.descriptor["certificats"]["org-insi-manu"]["certificat"]
        before = (platform.folder / certificate).read_bytes()
        platform.reseed(2)
        assert platform.descriptor["banc"]["graine"] == 2
        assert platform.descriptor["patients"] != patients
        assert (platform.folder / certificate).read_bytes() != before
        with client(platform, "org-insi-manu") as http:
            url = platform.descriptor["demo"]["demo-mtls"] + "/notes/1"
            assert http.get(url).status_code == 200


KILLED = """
import sys
from pathlib import Path
from simulators.testing import running
from tests.simulators.demo import Demo
with running([Demo], folder=Path(sys.argv[1])):
    print("prêt", flush=True)
    sys.stdin.read()
"""


def test_what_was_answered_survives_a_kill(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    )
    try:
        assert child.stdout.readline().decode().strip() == "prêt"
        described = json.loads((tmp_path / "environnement.json").read_text("utf-8"))
        there = SimpleNamespace(folder=tmp_path, descriptor=described)
        answers = [write(there, f"note {rank}").text for rank in range(5)]
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert answers == ["2", "3", "4", "5", "6"]
    with running([Demo], folder=tmp_path) as platform:
        assert platform.state()["demo"]["notes"] == [
            "première",
            *(f"note {rank}" for rank in range(5)),
        ]
        assert len(exchanges(platform, "demo")) == 5
        assert platform.descriptor["demo"] == described["demo"]
        assert write(platform, "suite").text == "7"


class Stream:
    """A service with a listener that is not HTTP: TLS at once, for the shortest test."""

    name = "flux"
    faults = {}  # noqa: RUF012

    def __init__(self, kernel):
        self.kernel = kernel

    def listeners(self):
        return (StreamListener("flux", self.start, ("flux.banc.invalid",)),)

    async def start(self, bound, tls):
        async def greet(_reader, writer):
            writer.write(b"bonjour")
            writer.close()

        return await asyncio.start_server(greet, sock=bound, ssl=tls)

    def prepare(self, unit): ...

    def describe(self):
        return {"flux": {"port": self.kernel.addresses["flux"].port}, "annexe": {"a": 1}}

    def state(self, unit):
        return {}

    def set_state(self, unit, change): ...


def greeted(platform, hostname="flux.banc.invalid"):
    address = ("127.0.0.1", platform.descriptor["flux"]["port"])
    with (
        socket.create_connection(address, timeout=10) as raw,
        trust(platform).wrap_socket(raw, server_hostname=hostname) as secured,
    ):
        return secured.recv(100)


def test_a_stream_service_is_served_with_its_certificate():
    with running([Stream]) as platform:
        assert greeted(platform) == b"bonjour"
        assert platform.descriptor["annexe"] == {"a": 1}
        platform.kernel.faults.add("flux", fault="tls-mauvais-nom")
        with pytest.raises(ssl.SSLCertVerificationError):
            greeted(platform)
        assert greeted(platform) == b"bonjour"
