"""The gestures of ordonnances that need no service, and the screen of consultation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reference_impl.config import read_environment
from reference_impl.errors import ConfigurationError
from reference_impl.prescriptions.follow_up import follow_up, screen
from reference_impl.prescriptions.model import Ordonnance
from tests.reference_impl.driver import Driver
from tests.reference_impl.house import CAMILLE, LOUISE, write_environment
from tests.reference_impl.prescriptions.cabinet import DRUG
from tests.shared_data import GOLDEN, needs_shared


def test_drugs_are_found_by_words(driver: Driver) -> None:
    (found,) = driver("drug.search", texte="fictif trois")["medicaments"]
    assert (found["cis"], found["stupefiant"]) == ("60000003", True)
    assert driver.code("drug.search", 400, texte=" ") == "PARAMETRE_INVALIDE"


def test_what_is_written_wrong_is_told_by_its_place(driver: Driver) -> None:
    patient = driver.house.patient().id
    told = {"patient": patient, "professionnel": LOUISE}
    error = driver("prescription.create", 400, **told, lignes=[DRUG, DRUG | {"cis": "6"}])["erreur"]
    assert (error["code"], error["champ"]) == ("CIS_INCONNU", "lignes.1.cis")
    assert driver.code("prescription.create", 400, **told, lignes=[]) == "ORDONNANCE_VIDE"
    unknown = DRUG | {"dosage": 1}
    assert driver.code("prescription.create", 400, **told, lignes=[unknown]) == "PARAMETRE_INVALIDE"


def test_a_draft_is_neither_printed_nor_sent_without_address(driver: Driver) -> None:
    patient = driver.house.patient().id
    told = {"patient": patient, "professionnel": LOUISE}
    draft = driver("prescription.create", **told, lignes=[DRUG])["ordonnance"]["id"]
    assert driver.code("prescription.print", 409, ordonnance=draft) == "ORDONNANCE_NON_VALIDEE"
    sent = {"ordonnance": draft, "professionnel": LOUISE}
    assert driver.code("prescription.validate", 500, **sent) == "ADRESSE_ABSENTE"
    assert driver("prescription.cancel", **sent)["ordonnance"]["etat"] == "annulée"
    assert driver.code("prescription.cancel", 404, ordonnance="o9", professionnel=LOUISE) == (
        "ORDONNANCE_INCONNUE"
    )


def test_a_name_of_101_characters_is_refused_before_anything_leaves(driver: Driver) -> None:
    patient = driver.house.patient(traits=replace(CAMILLE, birth_name="N" * 101)).id
    told = {"patient": patient, "professionnel": LOUISE, "lignes": [DRUG]}
    assert driver.code("prescription.create", 400, **told) == "NOM_TROP_LONG"


@needs_shared
def test_the_screen_shows_what_was_not_delivered() -> None:
    path = GOLDEN / "prescription" / "ordonnance-bizone-executee.json"
    told = Ordonnance.from_json(json.loads(path.read_bytes()))
    followed = follow_up(told)
    assert len(followed.delivered) == 2
    (refused,) = followed.modified
    assert "Ligne 3 : non délivrée le 13/03/2026 par TESTPHARMA NOE" in refused
    assert "code(28)" in refused
    assert "En ALD 1) MEDICAMENT FICTIF UN" in screen(told)
    assert "(non substituable MTE)" in screen(told)


def test_a_wire_nobody_knows_is_told(tmp_path: Path) -> None:
    path = write_environment(tmp_path)
    told = json.loads(path.read_text()) | {"ordonnance": {"voie": "pigeon"}}
    path.write_text(json.dumps(told))
    with pytest.raises(ConfigurationError, match=r"ordonnance\.voie"):
        read_environment(path)
