"""What a prescriber may write: the drug base fills lines in, the rules refuse them in French."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.errors import InvalidRequestError
from reference_impl.prescriptions.drugs import OUR_BASE, read_base
from reference_impl.prescriptions.model import BIZONE, EXCEPTION, SECURE, Executor, Line
from reference_impl.prescriptions.soap import element_of, tree_of
from reference_impl.prescriptions.writing import (
    flags_of,
    kind_of,
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
SECURE_ONLY = DRUG | {"cis": "60000015", "posologieTexte": "une gélule par jour"}
TSO = NARCOTIC | {"cis": "60000004", "posologieTexte": "un comprimé par jour"}
DEVICE: dict[str, Any] = {"eprescType": "dispositifMedical", "cis": None, "libelle": "Lit"}


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
        "(MEDICAMENT FICTIF UN)",
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
        ({"eprescType": "dispositifMedical", "cis": None}, "LIBELLE_ABSENT", "libelle"),
        ({"eprescType": "dispositifMedical"}, "CODE_INUTILE", "cis"),
        ({"cis": None, "cip13": "3400900000000"}, "CIP_INCONNU", "cip13"),
        ({"cis": None, "dci": "substance que personne ne vend"}, "DCI_INCONNUE", "dci"),
        ({"cis": None, "dci": "substance fictive"}, "DCI_AMBIGUE", "dci"),
        ({"lpp": "1215702"}, "CODE_INUTILE", "lpp"),
        ({"mv": "MV1"}, "MV_INVALIDE", "mv"),
        ({"preparationMagistrale": True}, "CODE_INUTILE", "cis"),
        ({"quantite": {"valeur": 1, "unite": "boîte"}}, "UNITE_INVALIDE", "quantite.unite"),
        ({"posologieTexte": "1\x00"}, "TEXTE_ILLISIBLE", "posologieTexte"),
        ({"posologieTexte": "1" * 1001}, "TEXTE_ILLISIBLE", "posologieTexte"),
        ({"mentions": ["a"] * 21}, "TROP_DE_MENTIONS", "mentions"),
        (DEVICE | {"lpp": "12"}, "LPP_INVALIDE", "lpp"),
        (DEVICE | {"emdn": "0806"}, "EMDN_INVALIDE", "emdn"),
        (SECURE_ONLY | {"posologieTexte": "1 par jour"}, "STUPEFIANT_LETTRES", "posologieTexte"),
        (SECURE_ONLY | {"dureeJours": None}, "DUREE_ABSENTE", "dureeJours"),
        (SECURE_ONLY | {"renouvellements": 3}, "DUREE_TROP_LONGUE", "dureeJours"),
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


def test_an_opioid_substitution_names_its_pharmacy_whatever_the_line_says() -> None:
    line = written(**TSO | {"traitementSubstitutionOpiaces": False, "stupefiant": False})
    assert (line.narcotic, line.opioid_substitution) == (True, True)
    require_line_allowed(line, CAMILLE, DAY, Executor(structure="PHARMACIE"))
    for executor in (None, Executor()):
        with pytest.raises(InvalidRequestError) as raised:
            require_line_allowed(line, CAMILLE, DAY, executor)
        assert raised.value.code == "EXECUTANT_ABSENT"


@pytest.mark.parametrize(
    ("named", "cis", "cip13"),
    [
        ({"cip13": "3400960001180"}, "60000018", "3400960001180"),
        ({"cip13": "6000118"}, "60000018", "3400960001180"),
        ({"dci": "Paracetamol 500 mg, comprimé"}, "63107752", "3400933516390"),
        ({"dci": "substance fictive CINQ 500 mg"}, "60000005", "3400960000053"),
        ({"dci": "substance fictive dix-huit voie orale"}, "60000018", None),
    ],
)
def test_a_drug_is_named_by_a_box_or_in_dc(
    named: dict[str, str], cis: str, cip13: str | None
) -> None:
    line = written(cis=None, **named)
    assert (line.cis, line.cip13) == (cis, cip13)
    assert "dci" not in line.to_json()
    generic, _, brand = (line.label or "").partition(" (")
    assert ", voie " in generic
    assert not any(c.isdigit() for c in brand)


def test_flags_follow_the_lines() -> None:
    ald, other = written(ald=True), written()
    assert flags_of([ald, other], ["MED-1095"], BASE) == ("MED-1095", BIZONE)
    assert flags_of([ald, ald], [], BASE) == ()
    assert flags_of([line_of(Line.from_json(NARCOTIC), 1, BASE)], [SECURE], BASE) == (SECURE,)


def test_the_base_makes_an_ordonnance_secure_or_of_exception() -> None:
    assert flags_of([written(**SECURE_ONLY)], [], BASE) == (SECURE,)
    assert written(**SECURE_ONLY).narcotic is None
    assert flags_of([written(**TSO)], [], BASE) == (SECURE,)
    assert flags_of([written(cis="60000017")], [], BASE) == (EXCEPTION,)
    with pytest.raises(InvalidRequestError, match="MED-1234") as raised:
        flags_of([written()], ["MED-1095", "MED-1234"], BASE)
    assert raised.value.field == "flags.1"


def test_the_type_of_an_ordonnance_is_that_of_its_acts() -> None:
    def act(kind: str) -> Line:
        return written(eprescType=kind, cis=None, libelle="Dix séances", quantite=None)

    assert kind_of([act("acteBiologieMedicale")], None) == "BIOLOGIE"
    assert kind_of([act("acteOrthoptie")], None) == "ORTHOPTIE"
    assert kind_of([act("acteInfirmier"), written()], None) == "PRODUITS_SANTE"
    assert kind_of([written(**DEVICE)], None) == "PRODUITS_SANTE"
    with pytest.raises(InvalidRequestError, match="BIOLOGIE"):
        kind_of([written()], "AUTRE")


def test_validity_follows_renewals_up_to_a_year() -> None:
    assert validity_days([written()], None) == 90
    assert validity_days([written(renouvellements=5)], None) == 180
    assert validity_days([written(renouvellements=99)], None) == 365
    assert validity_days([written()], 10) == 10
    with pytest.raises(InvalidRequestError):
        validity_days([written()], 366)


_TEXTS = st.text(max_size=30) | st.sampled_from(
    ["63107752", "60000003", "N", "G", "MTE", "dispositifMedical", "1"]
)
_ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | _TEXTS
    | st.lists(_TEXTS, max_size=2)
    | st.dictionaries(
        st.sampled_from(["valeur", "unite", "code", "motif"]), _TEXTS | st.integers(), max_size=2
    )
)
_KEYS = [f.metadata["key"] for f in fields(Line)]


@given(st.dictionaries(st.sampled_from(_KEYS), _ANYTHING, max_size=8))
def test_whatever_is_typed_is_a_line_or_a_sentence_that_names_its_key(told: dict[str, Any]) -> None:
    """What is accepted can be written on both wires; what is not says which key to change."""
    line, refusal = accepted_or_refused(told)
    if refusal is not None:
        assert (refusal.field or "").startswith("lignes.2.")
        assert refusal.message.startswith("Ligne 3 : ")
        assert refusal.message.endswith(".")
    if line is not None:
        assert tree_of(element_of("Ligne", line.to_json()))["n"] == "3"
        assert json.loads(json.dumps(line.to_json()))["libelle"] == line.label
    assert (line is None) is not (refusal is None)


def accepted_or_refused(told: dict[str, Any]) -> tuple[Line | None, InvalidRequestError | None]:
    try:
        return line_of(Line.from_json(told), 3, BASE), None
    except InvalidRequestError as error:
        return None, error
