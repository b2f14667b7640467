"""The wires of the ordonnance numérique, each told by a TOML file: its adapter.

Two are ours (``adapters/``); an editor who holds the official package drops his own file
in a folder, and simulator and checks read it alike. What a file may say is in
:mod:`rules.formats.adapter_file`, how a wire is read in :mod:`rules.formats.adapter_wire`,
the neutral messages in :mod:`rules.formats.prescription_messages`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from rules.exchange import Message
from rules.formats.adapter_file import AdapterError, parse
from rules.formats.adapter_wire import JSON, SOAP, Adapter, Call, Operation

__all__ = [
    "JSON",
    "SOAP",
    "Adapter",
    "AdapterError",
    "Call",
    "Operation",
    "adapter_of",
    "adapters",
    "add",
    "discard",
    "load",
    "load_folder",
    "ours",
    "parse",
]


def adapter_of(message: Message) -> Adapter | None:
    """The wire that an HTTP request is for, those added last first."""
    return next((a for a in reversed(adapters()) if a.serves(message)), None)


def adapters() -> tuple[Adapter, ...]:
    """Every wire known: ours, then those added."""
    return (*ours(), *_added.values())


def add(adapter: Adapter) -> None:
    """Have a wire of an editor read, here and by the checks; replaces one of its name."""
    _added[adapter.name] = adapter


def discard(name: str) -> None:
    """Forget a wire that was added."""
    _added.pop(name, None)


def load(path: Path) -> Adapter:
    """Read an adapter. Raises AdapterError."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise AdapterError(f"{path.name} : fichier illisible ({error}).") from error


def load_folder(folder: Path) -> Iterator[Adapter]:
    """Read the adapters of a folder, in the order of their names. Raises AdapterError."""
    if not folder.is_dir():
        raise AdapterError(f"le dossier {folder} n'existe pas.")
    names: dict[str, str] = {adapter.name: "le banc" for adapter in ours()}
    for path in sorted(folder.glob("*.toml")):
        adapter = load(path)
        if adapter.name in names:
            raise AdapterError(
                f"{path.name} : « nom » : {adapter.name} est déjà pris par {names[adapter.name]} ; "
                "en choisir un autre."
            )
        names[adapter.name] = path.name
        yield adapter


_added: dict[str, Adapter] = {}


@cache
def ours() -> tuple[Adapter, ...]:
    """The wires of this project."""
    folder = files("rules.formats") / "adapters"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(parse(f.read_text(encoding="utf-8"), f.name) for f in found)
