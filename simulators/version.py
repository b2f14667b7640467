"""Version of this distribution."""

from __future__ import annotations

from importlib import metadata


def _installed() -> str:
    try:
        return metadata.version("segur-bench")
    except metadata.PackageNotFoundError:
        return "0.0.0"  # run from a folder that was never installed


VERSION = _installed()
