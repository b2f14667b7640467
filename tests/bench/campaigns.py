"""Campaigns for tests: the command in a process of its own, and features small enough to repeat."""

from __future__ import annotations

import fcntl
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.campaign import campaign_name
from bench.cli import main
from rules.exchange import Exchange
from simulators.journal import Journal
from simulators.store import Store

COMMAND = (sys.executable, "-m", "bench.cli")

SMALL = """# language: fr
@domaine-mom
Fonctionnalité: Une petite mise en ordre de marche

  @exigence:BANC-MOM.01
  Scénario: Quelques documents
    Étant donné un professionnel connecté à son logiciel par Pro Santé Connect
    Et 1 patient à l'identité qualifiée
    Quand le professionnel dépose 1 document au DMP
    Et il envoie 1 document à un confrère par MSSanté
    Alors 1 dépôt au DMP est compté
    Et 1 envoi à un confrère est compté
    Et aucun écart n'est relevé
"""

_BINDING = """from pytest_bdd import scenarios

from features.steps.identite import *
from features.steps.mom import *

scenarios(".")
"""


_WATCH = """import os, sys

_log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


def _watch(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        where = arguments[1][0] if isinstance(arguments[1], tuple) else "unix"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        where = arguments[0]
    else:
        return
    os.write(_log, f"{{where}}\\n".encode())


sys.addaudithook(_watch)
"""

LOOPBACK = {socket.gethostname(), "127.0.0.1", "::1", "localhost", "unix", "None"}


def segur_bench(
    *words: str, cwd: Path | None = None, watched: Path | None = None, shared: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, in a process of its own; ``watched`` receives its connections.

    ``shared=False`` leaves alone the store that tests are told to use.
    """
    return subprocess.run(
        [*COMMAND, *words, *(_store(words) if shared else ())],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
        timeout=300,
        env=variables(watched),
    )


def variables(watched: Path | None = None) -> dict[str, str]:
    """The environment of a child process.

    With a folder, each Python process, children included, writes there what it
    connects to or resolves: see :func:`connections`.
    """
    known = {**os.environ, "COLUMNS": "200"}
    if watched is not None:
        watched.mkdir(parents=True, exist_ok=True)
        text = _WATCH.format(log=str(watched / "connexions.txt"))
        (watched / "sitecustomize.py").write_text(text, encoding="utf-8")
        known["PYTHONPATH"] = os.pathsep.join([str(watched), known.get("PYTHONPATH", "")])
    return known


def connections(watched: Path) -> set[str]:
    """Hosts that watched processes connected to or resolved."""
    return set((watched / "connexions.txt").read_text(encoding="utf-8").split())


def in_process(*words: str, shared: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command in this process: sooner, for what starts no simulator."""
    said, complained = io.StringIO(), io.StringIO()
    command = ["segur-bench", *words, *(_store(words) if shared else ())]
    with (
        patch.object(sys, "argv", command),
        redirect_stdout(said),
        redirect_stderr(complained),
    ):
        try:
            main()
            code: Any = 0
        except SystemExit as ended:
            code = ended.code
    return subprocess.CompletedProcess(
        command, int(code or 0), said.getvalue(), complained.getvalue()
    )


def _store(words: Sequence[str]) -> tuple[str, ...]:
    url = shared_store()
    return ("--store", url) if url and words[0] in ("run", "verdict", "serve") else ()


def shared_store() -> str | None:
    """The store that tests are told to use instead of SQLite."""
    return os.environ.get("SEGUR_TEST_STORE")


def write_features(folder: Path, text: str = SMALL) -> Path:
    """A folder of features with one scenario of a few seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "petite.feature").write_text(text, encoding="utf-8")
    (folder / "test_petite.py").write_text(_BINDING, encoding="utf-8")
    return folder


def write_lgc(folder: Path, lines: Sequence[str]) -> str:
    """A command that runs the reference LGC after some lines of Python have changed it."""
    program = folder / "lgc_modifie.py"
    ending = ["import sys", "from reference_impl.__main__ import main", "sys.exit(main())"]
    program.write_text("\n".join([*lines, *ending]) + "\n", encoding="utf-8")
    return f"'{sys.executable}' '{program}'"


def events(folder: Path) -> list[dict[str, Any]]:
    """The stream of events of a campaign's report."""
    return json.loads((folder / "rapport.json").read_text(encoding="utf-8"))


@contextmanager
def opened_store(folder: Path) -> Generator[tuple[Store, str]]:
    """The store of a campaign, and the name it has there."""
    url = shared_store()
    store = Store(url) if url else Store.in_folder(folder)
    try:
        yield store, campaign_name(folder, url)
    finally:
        store.close()


def journal(folder: Path) -> tuple[Exchange, ...]:
    """The exchanges of a campaign, read from its store."""
    with opened_store(folder) as (store, name):
        return Journal(store, name).read()


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """One test process at a time inside; the others wait."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
