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


def _traces(tmp_path: Path, *lines: str) -> Inspection:
    path = tmp_path / "logiciel.log"
    path.write_text("LOGICIEL ESSAI 4.2.0\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return _inspected(path)


def test_traces_that_say_what_happened_and_not_to_whom(tmp_path: Path) -> None:
    inspection = _traces(
        tmp_path,
        "2026-03-12 10:12:31,204 INFO lecture de l'appli carte Vitale (773 caractères lus)",
        "2026-03-12 10:12:32,549 INFO contexte 1ccca9a0-0795-5cac-9ca4-2dddf8080bb2 ouvert",
        "2026-03-12 10:12:33,001 INFO instant 1773310353001, dossier 285073306304299, PB83N8746746",
        "2026-03-12 10:12:33,002 WARN numéro 1-85-07-12-33063, série 000499900012",
    )
    assert inspection.kind == "traces du logiciel"
    assert inspection.findings == ()
    assert "AV-18" in inspection.evaluated


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("réponse : <NumIdentifiant>2850733063042</NumIdentifiant>", None),
        ("patient 285073306304208 qualifié", "un NIR"),
        ("patient 2 85 07 33 063 042 08 qualifié", "un NIR"),
        ("assuré 100022B03306338", None),
    ],
)
def test_a_nir_in_the_traces_is_told(tmp_path: Path, said: str, found: str | None) -> None:
    inspection = _traces(tmp_path, f"12/03/2026 10:12:31 DEBUG {said}")
    assert [(f.check_id, f.place, f.found) for f in inspection.findings] == (
        [("AV-18", "ligne 2", found)] if found else []
    )
    assert "285073306304208" not in str(inspection.to_json()["constats"])


def test_a_code_in_the_traces_is_told(tmp_path: Path) -> None:
    text = (FOLDER / "apcv-qr.txt").read_text()
    for written in (text, text[:100], text.lower()):
        inspection = _traces(tmp_path, f"Mar 12 10:12:31 poste lecteur: {written} fin")
        assert [f.found for f in inspection.findings] == ["le texte du QR code"]
