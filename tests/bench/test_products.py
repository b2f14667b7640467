"""The declaration of the product under test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.products import read_product
from fixtures.world import SoftwareFixture


def written(folder: Path, value: object) -> Path:
    path = folder / "produit.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def test_what_is_declared_replaces_what_is_fictitious(tmp_path: Path) -> None:
    path = written(
        tmp_path, {"nom": "CROSSWAY", "nil": "123456", "client_psc": {"client_id": "crossway"}}
    )
    product = read_product(path)
    assert (product.name, product.nil, product.psc_client_id) == ("CROSSWAY", "123456", "crossway")
    assert product.version == SoftwareFixture().version


def test_nothing_declared_is_the_fictitious_product() -> None:
    assert read_product(None) == SoftwareFixture()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[", "n'est pas du JSON"),
        ([], "objet JSON"),
        ({"nome": "x"}, "champ nome inconnu"),
        ({"nil": 12}, "champ nil : un texte"),
        ({"profil": "recette"}, "champ profil : test ou production"),
        ({"client_psc": {"secret": "x"}}, "client_psc.secret inconnu"),
        ({"client_psc": "x"}, "client_psc : un objet"),
    ],
)
def test_a_faulty_declaration_names_its_field(tmp_path: Path, value: object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_product(written(tmp_path, value))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ne se lit pas"):
        read_product(tmp_path / "absent.json")
