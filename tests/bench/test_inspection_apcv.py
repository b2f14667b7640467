"""``segur-bench check`` on what an appli carte Vitale shows and exchanges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.context_files import FileContext
from bench.inspection import Inspection, inspect_file
from tests.shared_data import GOLDEN, needs_shared

pytestmark = needs_shared
FOLDER = GOLDEN / "prescription"
FILES = [
    *(f"apcv-authentification-{side}.{form}" for side in ("demande", "reponse")
      for form in ("http", "xml")),
    *(f"apcv-destruction-demande.{form}" for form in ("http", "xml")),
    *(f"apcv-qr.{form}" for form in ("txt", "png")),
]  # fmt: skip


def _inspected(path: Path) -> Inspection:
    return inspect_file(path, FileContext.read(None, path))


@pytest.mark.parametrize("name", FILES)
def test_golden_files_raise_nothing(name: str) -> None:
    inspection = _inspected(FOLDER / name)
    assert [(f.check_id, f.place, f.found) for f in inspection.findings] == []
    assert "appli carte Vitale" in inspection.kind
    assert "reponse" in name or any(c.startswith("AV-") for c in inspection.evaluated)


@pytest.mark.parametrize(
    "spoil",
    [
        str.lower,
        lambda t: t.replace("  ", " ", 1),
        lambda t: t[:400],
        lambda t: t.replace("*", "é"),
    ],
    ids=["minuscules", "espace réduite", "tronqué", "clavier"],
)
def test_a_damaged_text_is_told(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    path = tmp_path / "code.txt"
    path.write_text(spoil((FOLDER / "apcv-qr.txt").read_text()) + "\r\n", encoding="latin-1")
    found = {f.check_id for f in _inspected(path).findings}
    assert found == {"AV-01"}


def test_a_damaged_call_is_told(tmp_path: Path) -> None:
    path = tmp_path / "appel.http"
    whole = (FOLDER / "apcv-authentification-demande.http").read_bytes()
    action, other = b"authentifierUtilisateurProximite</", b"restituerContexteApCV</"
    path.write_bytes(whole.replace(action, other))
    assert {f.check_id for f in _inspected(path).findings} == {"AV-02"}
