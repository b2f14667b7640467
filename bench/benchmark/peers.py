"""GreenMail and maildev, the usual sinks of mail, beside the simulator on demand.

They are installed by Maven and npm from ``tests/witness/peers`` of a checkout and
listen on the loopback. They are given mails in clear and without authentication,
as their users do, which is to their advantage.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.benchmark.plan import WAIT
from bench.benchmark.processes import end
from bench.errors import BenchEnvironmentError

SOURCES = Path(__file__).parents[2] / "tests" / "witness" / "peers"
INSTALL_WAIT = 540
"""Seconds left to Maven and npm for what they fetch."""
REMARK = "en clair, sans authentification"


@dataclass(frozen=True, slots=True)
class Program:
    """A peer: what it needs, how it is installed in a folder, how it is run on a port."""

    name: str
    needs: tuple[str, ...]
    sources: tuple[str, ...]
    install: Callable[[Path], list[str]]
    command: Callable[[Path, int], list[str]]


def _greenmail(folder: Path, port: int) -> list[str]:
    return [
        "java",
        "-Dgreenmail.smtp.hostname=127.0.0.1",
        f"-Dgreenmail.smtp.port={port}",
        "-Dgreenmail.auth.disabled",
        "-cp",
        str(folder / "bibliotheques" / "*"),
        "com.icegreen.greenmail.standalone.GreenMailStandaloneRunner",
    ]


def _maildev(folder: Path, port: int) -> list[str]:
    program = folder / "node_modules" / "maildev" / "bin" / "maildev"
    kept = ["--mail-directory", str(folder / "courriels")]
    where = ["--ip", "127.0.0.1", "--smtp", str(port), "--disable-web", "--silent"]
    return ["node", str(program), *where, *kept]


PROGRAMS = (
    Program(
        "GreenMail",
        ("java", "mvn"),
        ("pom.xml",),
        lambda folder: [
            "mvn",
            "-q",
            "-B",
            "dependency:copy-dependencies",
            f"-DoutputDirectory={folder / 'bibliotheques'}",
        ],
        _greenmail,
    ),
    Program(
        "maildev",
        ("node", "npm"),
        ("package.json", "package-lock.json"),
        lambda _folder: ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        _maildev,
    ),
)


def missing(program: Program) -> str:
    """A French sentence when a peer cannot be run here, else nothing."""
    if not all((SOURCES / name).is_file() for name in program.sources):
        return f"{program.name} n'est pas mesuré : il faut un dépôt complet du banc ({SOURCES})."
    absent = [name for name in program.needs if shutil.which(name) is None]
    if absent:
        return f"{program.name} n'est pas mesuré : {' et '.join(absent)} manque sur cette machine."
    return ""


@contextmanager
def serving(program: Program, folder: Path) -> Generator[int]:
    """Install a peer in a folder and run it; its SMTP port.

    Raises BenchEnvironmentError with its last words when it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in program.sources:
        shutil.copy(SOURCES / name, folder)
    _install(program, folder)
    port = _free_port()
    with (folder / "sortie.txt").open("w", encoding="utf-8") as output:
        popen = subprocess.Popen(  # noqa: S603 - Java or node, from the path
            program.command(folder, port), cwd=folder, stdout=output, stderr=output
        )
    try:
        _await(program.name, popen, port, folder / "sortie.txt")
        yield port
    finally:
        popen.terminate()
        end(popen)


def serving_all(folder: Path, stack: ExitStack, remarks: list[str]) -> dict[str, int]:
    """Every peer that can be run, until the stack unwinds: its name and its SMTP port.

    ``remarks`` receives why another is not there.
    """
    ports: dict[str, int] = {}
    for program in PROGRAMS:
        why = missing(program)
        if why:
            remarks.append(why)
            continue
        try:
            ports[program.name] = stack.enter_context(
                serving(program, folder / program.name.lower())
            )
        except BenchEnvironmentError as error:
            remarks.append(str(error))
    return ports


def _install(program: Program, folder: Path) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - Maven or npm, from the path
            program.install(folder),
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=INSTALL_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BenchEnvironmentError(
            f"{program.name} n'est pas mesuré : son installation dure plus de {INSTALL_WAIT} s."
        ) from error
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["sans message"]
        raise BenchEnvironmentError(
            f"{program.name} n'est pas mesuré : installation impossible ({words[0]})."
        )


def _await(name: str, popen: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline and popen.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as tried:
                tried.settimeout(1)
                if tried.recv(3) == b"220":
                    return
        except OSError:
            time.sleep(0.1)
    words = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise BenchEnvironmentError(f"{name} n'est pas mesuré : il n'a pas démarré ({words}).")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as tried:
        return int(tried.getsockname()[1])
