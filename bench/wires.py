"""The wires of the ordonnance numérique that an editor adds, for what is judged afterwards."""

from __future__ import annotations

from pathlib import Path

from bench.errors import UsageError
from rules.formats.prescription_adapter import AdapterError, add, load_folder


def read_wires(folder: Path) -> None:
    """Have the checks read the adapters of a folder. Raises UsageError."""
    try:
        for adapter in load_folder(folder):
            add(adapter)
    except AdapterError as error:
        raise UsageError(f"Adaptateur d'ordonnance numérique : {error}") from error
