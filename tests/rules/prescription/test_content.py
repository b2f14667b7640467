"""What an ordonnance says, on each wire: values that have a sense, data that are there."""

from __future__ import annotations

from typing import Any

import pytest

from rules.findings import Severity
from tests.rules.prescription.calls import (
    ORDONNANCE,
    created,
    found,
    line,
    ordonnance,
    refused,
    request,
)

OTHER = "531764e3-dc5a-5a84-9b9b-93a0671d0fe0"
SENSELESS: dict[str, dict[str, Any]] = {
    "code de substitution": {"substitution": {"code": "MTE"}},
    "renouvellements": {"renouvellements": -1},
    "durée": {"dureeJours": 0},
    "quantité": {"quantite": {"valeur": 0, "unite": "30009000"}},
    "rang": {"n": 0},
}
LACKING: dict[str, dict[str, Any]] = {
    "type": {"type": None},
    "horodatage": {"horodatage": None},
    "horodatage à la française": {"horodatage": "12/03/2026 10:21"},
    "prénoms": {"patient": {**ORDONNANCE["patient"], "prenoms": []}},
    "naissance": {"patient": {**ORDONNANCE["patient"], "naissance": "12/07/1985"}},
    "libellé": {"lignes": [line(libelle=None)]},
    "posologie": {"lignes": [line(posologieTexte=None)]},
}
each_wire = pytest.mark.parametrize("form", ["json", "soap"])


@each_wire
def test_a_whole_ordonnance_raises_nothing(form: str) -> None:
    assert created(form) == []


@each_wire
@pytest.mark.parametrize(
    "changes",
    [
        {"eprescType": None},
        {"renouvellements": None, "dureeJours": None, "quantite": None},
        {"n": None},
        {"posologieTexte": None, "posologie": {"dose": {"min": 1}}},
    ],
    ids=["médicament sous-entendu", "non dits", "sans rang", "posologie codée"],
)
def test_what_may_be_left_out_is_not_asked(form: str, changes: dict[str, Any]) -> None:
    assert created(form, lignes=[line(**changes)]) == []


@each_wire
@pytest.mark.parametrize("what", SENSELESS)
def test_a_value_without_sense(form: str, what: str) -> None:
    assert created(form, lignes=[line(**SENSELESS[what])]) == ["BANC-EP.01"]


@each_wire
def test_a_type_that_nobody_published_is_to_be_seen(form: str) -> None:
    """The official package may have more types than the published component."""
    (finding,) = found(request("EP4", ordonnance(lignes=[line(eprescType="potion")]), form))
    assert (finding.check_id, finding.severity) == ("BANC-EP.01", Severity.REVIEW)


@each_wire
def test_two_lines_of_one_rank(form: str) -> None:
    assert created(form, lignes=[line(n=2), line(n=2, idLigne=OTHER)]) == ["BANC-EP.01"]
    assert created(form, lignes=[line(n=3), line(n=2, idLigne=OTHER)]) == []


@each_wire
@pytest.mark.parametrize("what", LACKING)
def test_what_is_lacking(form: str, what: str) -> None:
    assert created(form, **LACKING[what]) == ["BANC-EP.02"]


@each_wire
def test_an_ordonnance_without_number(form: str) -> None:
    assert created(form, id=None) == ["EP-02"]
    assert refused(request("EP4", ordonnance(id=None), form)) == "EP-P-002"
