"""Settings, identifiers, records: what an installation keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reference_impl.config import read_environment
from reference_impl.errors import ConfigurationError, UnknownRecordError
from reference_impl.ids import SeededIds
from reference_impl.people import (
    Attribute,
    Channel,
    Environment,
    Evidence,
    Individual,
    Ins,
    PastIns,
)
from reference_impl.store import Store
from tests.reference_impl.house import CAMILLE, CAMILLE_INS, LOUISE, House

ROOT = "2.25.208769918343938067399439369971024257366"


def draw(folder: Path, seed: int) -> list[str]:
    ids = SeededIds(Store(folder / "x.sqlite"), seed, ROOT)
    return [
        ids.instance,
        ids.uuid(),
        ids.oid("document"),
        ids.oid("lot"),
        ids.message_id("medecin.banc.mssante.fr"),
        ids.local("p"),
    ]


def test_one_seed_gives_the_same_identifiers(tmp_path: Path) -> None:
    assert draw(tmp_path / "a", 1) == draw(tmp_path / "b", 1)
    assert set(draw(tmp_path / "a2", 1)).isdisjoint(set(draw(tmp_path / "c", 2)) - {"p1"})


def test_a_restart_never_gives_an_identifier_again(tmp_path: Path) -> None:
    first = draw(tmp_path, 1)
    again = draw(tmp_path, 1)
    assert again[0] == first[0]
    assert set(first[1:]).isdisjoint(again[1:])


def test_oids_are_short_enough_for_xds(tmp_path: Path) -> None:
    oid = SeededIds(Store(tmp_path / "x.sqlite"), 1, ROOT).oid("document")
    assert len(oid) <= 64
    assert oid.startswith(f"{ROOT}.")
    assert all(arc == str(int(arc)) for arc in oid.split("."))


def test_another_seed_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    draw(tmp_path, 1)
    with pytest.raises(ConfigurationError, match="--seed 1"):
        draw(tmp_path, 2)


def test_the_descriptor_is_read_with_absolute_paths(environment: Environment) -> None:
    louise = environment.professional(LOUISE)
    assert louise is not None
    assert louise.structure.structure_id == "1330999004"
    assert environment.credentials["org-insi-manu"].key_path.is_file()
    assert environment.document_oid(Ins("1" * 13, "11", "1.2.250.1.213.1.4.8")).endswith(".10")
    assert environment.document_oid(Ins("1" * 13, "11", "1.2.250.1.213.1.4.9")).endswith(".9")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "invalide"),
        (json.dumps({"confiance": {"pem": "x"}}), "logiciel"),
        (None, "ne peut pas être lu"),
    ],
)
def test_a_wrong_descriptor_is_explained(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "environnement.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=words):
        read_environment(path)


def test_a_restart_keeps_patients(house: House) -> None:
    patient = house.patient(
        attributes=frozenset({Attribute.HOMONYM}),
        history=(PastIns(Ins("1850733063042", "58", "1.2.250.1.213.1.4.8"), "1985-07-12"),),
        evidence=Evidence("CN", "haut", "2026-03-12T09:00:00+00:00", LOUISE),
        channel=Channel.VITALE,
        uncertain_date=True,
    )
    returned = Individual(CAMILLE_INS, (), CAMILLE)
    changed = replace(patient, proposed=returned, asked_at="2026-03-12").alerted("cle", "Clé.")
    house.lgc.records.save(patient, changed, "justificatif")
    assert house.reopen().records.patient(patient.id) == changed


def test_an_unknown_record_is_named(house: House) -> None:
    with pytest.raises(UnknownRecordError, match="p99"):
        house.lgc.records.patient("p99")
    with pytest.raises(UnknownRecordError, match="d99"):
        house.lgc.records.document("d99")
