"""Where the shared data lives, and the skip that says so when it is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("SEGUR_SHARED", Path(__file__).parents[2] / "shared")) / "data"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and not os.environ.get("CI"),
    reason="les données partagées (../shared/data) ne sont pas à côté de ce dépôt",
)
"""Skips where the folder is absent; in CI its absence is a failure."""

GOLDEN = SHARED / "golden"
