"""Turning command line words into objects, with a French sentence when they mean nothing."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from bench.drivers import Driver
from bench.drivers.command import CommandDriver
from bench.drivers.http import HttpDriver
from bench.drivers.manual import ManualDriver
from bench.drivers.reference import REFERENCE_COMMAND, ReferenceDriver
from bench.errors import UsageError


def choose_driver(name: str, address: str | None, command: str | None) -> Driver:
    """The driver of a name. Raises UsageError when an option it needs is missing."""
    if name == "reference":
        return ReferenceDriver(shlex.split(command) if command else REFERENCE_COMMAND)
    if name == "http":
        if not address:
            raise UsageError("Le driver http demande --adresse, l'adresse du pilote du logiciel.")
        return HttpDriver(address)
    if name == "command":
        if not command:
            raise UsageError("Le driver command demande --commande, l'exécutable du logiciel.")
        return CommandDriver(command)
    if name == "manual":
        return ManualDriver()
    raise UsageError(f"Driver inconnu : {name}. Choisissez reference, http, command ou manual.")


def read_expected(path: Path | None) -> tuple[dict[str, str], ...]:
    """The file of expected findings. Raises UsageError naming the faulty entry."""
    if path is None:
        return ()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} ne se lit pas : {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} n'est pas du JSON : {error}.") from error
    if not isinstance(entries, list):
        raise UsageError(f"{path} doit contenir une liste d'objets {{regle, scenario}}.")
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("regle"), str):
            raise UsageError(f"{path}, entrée n° {number} : le champ « regle » manque.")
    return tuple(entries)
