"""What a prescriber may write: the drug base fills lines in, the rules refuse them in French."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reference_impl.errors import ConfigurationError, InvalidRequestError
from reference_impl.prescriptions.drugs import OUR_BASE, DrugBase, read_base
from reference_impl.prescriptions.model import BIZONE, SECURE, Executor, Line
from reference_impl.prescriptions.writing import (
    flags_of,
    line_of,
    require_line_allowed,
    validity_days,
)
from tests.reference_impl.house import CAMILLE

BASE = read_base(OUR_BASE)
DAY = date(2026, 3, 12)
DRUG: dict[str, Any] = {
    "eprescType": "medicament",
    "cis": "60000001",
    "posologieTexte": "1 comprimé le matin",
    "dureeJours": 30,
    "quantite": {"valeur": 1},
}
NARCOTIC = DRUG | {"cis": "60000003", "dureeJours": 28, "posologieTexte": "une gélule par jour"}


def written(**changes: Any) -> Line:
    return line_of(Line.from_json(DRUG | changes), 1, BASE)


def refusal(**changes: Any) -> tuple[str, str | None]:
    with pytest.raises(InvalidRequestError) as raised:
        written(**changes)
    return raised.value.code, raised.value.field


def test_the_base_fills_in_what_is_known() -> None:
    line = written(renouvellements=2)
    assert line.to_json() == {
        "n": 1,
        "eprescType": "medicament",
        "cis": "60000001",
        "cip13": "3400960000015",
        "libelle": "SUBSTANCE FICTIVE UN 75 microgrammes comprimé, voie orale "
        "(MEDICAMENT FICTIF UN 75 microgrammes, comprimé)",
        "posologieTexte": "1 comprimé le matin",
        "dureeJours": 30,
        "quantite": {"valeur": 1, "unite": "30009000"},
        "renouvellements": 2,
        "substitution": {"code": "G"},
        "ald": False,
        "atmp": False,
        "prevention": False,
        "nonRemboursable": False,
        "horsAMM": False,
    }
    assert written(cis="60000009").not_reimbursed is True
    assert line_of(Line.from_json(NARCOTIC), 1, BASE).narcotic is True


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"cis": "69999999"}, "CIS_INCONNU", "cis"),
        ({"cis": None}, "CIS_INCONNU", "cis"),
        ({"cip13": "3400933516390"}, "CIP_ETRANGER", "cip13"),
        ({"eprescType": "acteDemain"}, "TYPE_DE_LIGNE_INCONNU", "eprescType"),
        ({"posologieTexte": " "}, "POSOLOGIE_ABSENTE", "posologieTexte"),
        ({"quantite": None}, "QUANTITE_INVALIDE", "quantite"),
        ({"quantite": {"valeur": 0}}, "QUANTITE_INVALIDE", "quantite"),
        ({"dureeJours": 0}, "DUREE_INVALIDE", "dureeJours"),
        ({"renouvellements": -1}, "RENOUVELLEMENTS_INVALIDES", "renouvellements"),
        ({"substitution": {"code": "N"}}, "MOTIF_ABSENT", "substitution.motif"),
        ({"substitution": {"code": "N", "motif": "XYZ"}}, "MOTIF_ABSENT", "substitution.motif"),
        ({"substitution": {"code": "Z"}}, "SUBSTITUTION_INVALIDE", "substitution.code"),
        ({"eprescType": "dispositifMedical"}, "LIBELLE_ABSENT", "libelle"),
        ({"cis": "60000007", "dureeJours": 85}, "DUREE_TROP_LONGUE", "dureeJours"),
        (NARCOTIC | {"dureeJours": 29}, "STUPEFIANT_DUREE", "dureeJours"),
        (NARCOTIC | {"dureeJours": None}, "STUPEFIANT_DUREE", "dureeJours"),
        (NARCOTIC | {"renouvellements": 1}, "STUPEFIANT_RENOUVELE", "renouvellements"),
        (NARCOTIC | {"posologieTexte": "1 par jour"}, "STUPEFIANT_LETTRES", "posologieTexte"),
    ],
)
def test_a_line_against_the_rules_is_refused(
    changes: dict[str, Any], code: str, field: str
) -> None:
    assert refusal(**changes) == (code, f"lignes.0.{field}")


def test_a_device_and_a_preparation_need_no_cis() -> None:
    device = line_of(
        Line.from_json({"eprescType": "dispositifMedical", "libelle": "Lit", "lpp": "1215702"}),
        2,
        BASE,
    )
    assert (device.n, device.quantity and device.quantity.to_json()) == (2, 1)
    preparation = written(cis=None, preparationMagistrale=True, libelle="Pommade")
    assert preparation.label == "Pommade"


def test_efg_is_for_small_children() -> None:
    line = written(substitution={"code": "N", "motif": "EFG"})
    child = replace(CAMILLE, birth_date="2020-03-13")
    require_line_allowed(line, child, DAY, None)
    for born in ("2020-03-12", "1985-07-12"):
        with pytest.raises(InvalidRequestError, match="moins de 6 ans"):
            require_line_allowed(line, replace(CAMILLE, birth_date=born), DAY, None)


def test_an_opioid_substitution_names_its_pharmacy() -> None:
    line = line_of(Line.from_json(NARCOTIC | {"traitementSubstitutionOpiaces": True}), 1, BASE)
    require_line_allowed(line, CAMILLE, DAY, Executor(structure="PHARMACIE"))
    for executor in (None, Executor()):
        with pytest.raises(InvalidRequestError) as raised:
            require_line_allowed(line, CAMILLE, DAY, executor)
        assert raised.value.code == "EXECUTANT_ABSENT"


def test_flags_follow_the_lines() -> None:
    ald, other = written(ald=True), written()
    assert flags_of([ald, other], ["MED-1095"]) == ("MED-1095", BIZONE)
    assert flags_of([ald, ald], []) == ()
    assert flags_of([line_of(Line.from_json(NARCOTIC), 1, BASE)], [SECURE]) == (SECURE,)


def test_validity_follows_renewals_up_to_a_year() -> None:
    assert validity_days([written()], None) == 90
    assert validity_days([written(renouvellements=5)], None) == 180
    assert validity_days([written(renouvellements=99)], None) == 365
    assert validity_days([written()], 10) == 10
    with pytest.raises(InvalidRequestError):
        validity_days([written()], 366)


def test_search_ignores_case_and_accents_and_reads_codes() -> None:
    assert [d.cis for d in BASE.search("Fictif  UN 75")] == ["60000001"]
    assert [d.cis for d in BASE.search("pelliculé cinq")] == ["60000005", "60000006"]
    assert [d.cis for d in BASE.search("3400933516390")] == ["63107752"]
    assert BASE.search("  ") == []
    assert BASE.search("TREIZE") == []  # not marketed any more
    five, six = BASE.get("60000005"), BASE.get("60000006")
    assert five is not None
    assert six is not None
    assert five.groups == six.groups == ("9001",)


def test_a_folder_without_base_is_told_and_odd_rows_are_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="CIS_bdpm"):
        read_base(tmp_path)
    (tmp_path / "CIS_bdpm.txt").write_bytes("61111111\tCRÈME\r\n\r\n".encode("cp1252"))
    base: DrugBase = read_base(tmp_path)
    drug = base.get("61111111")
    assert drug is not None
    assert (drug.name, drug.marketed, drug.presentations) == ("CRÈME", False, ())
