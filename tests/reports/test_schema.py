"""The published schema of the event stream is the one the code has."""

from __future__ import annotations

import json
from pathlib import Path

from reports.events import json_schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "evenements.schema.json"


def test_the_published_schema_is_regenerated_equal() -> None:
    """When it fails: ``segur-bench schema > docs/evenements.schema.json``."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()
