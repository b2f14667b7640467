"""The neutral model: golden ordonnances read and written back, other shapes, bad types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rules.artefact import MalformedError
from rules.formats.prescription import LINE_TYPES, Ordonnance, iso_date
from tests.shared_data import GOLDEN, needs_shared

NAMES = ("simple", "bizone", "mixte", "bizone-executee")


def golden(name: str) -> dict[str, Any]:
    """A golden ordonnance as JSON."""
    return json.loads((GOLDEN / "prescription" / f"ordonnance-{name}.json").read_text())


def told(value: Any) -> Any:
    """Without what says nothing: null, and the empty list of flags."""
    if isinstance(value, dict):
        return {k: told(v) for k, v in value.items() if v is not None and v != []}
    return [told(each) for each in value] if isinstance(value, list) else value


@needs_shared
@pytest.mark.parametrize("name", NAMES)
def test_golden_ordonnances_are_written_back(name: str) -> None:
    data = golden(name)
    read = Ordonnance.parse(json.dumps(data).encode())
    assert read.to_json() == told(data)
    assert read.lines[0].n == 1
    assert read.day == iso_date("2026-03-12")


@needs_shared
def test_an_execution_is_read_line_by_line() -> None:
    (execution,) = Ordonnance.parse(golden("bizone-executee")).executions
    refused = execution.lines[2]
    assert (refused.line, refused.motive, refused.sub_motive) == (3, 28, 73)
    assert execution.executor is not None
    assert execution.executor.family_name == "TESTPHARMA"


def test_an_execution_of_one_line_may_hold_it_directly() -> None:
    """The shape of e-prescription.md §7.6."""
    told = {"date": "2026-03-03", "ligne": 3, "statut": "NON_DELIVREE", "motif": 28}
    (execution,) = Ordonnance.parse({"executions": [told]}).executions
    assert [(line.line, line.status) for line in execution.lines] == [(3, "NON_DELIVREE")]


def test_texts_of_xml_are_read_as_numbers_and_booleans() -> None:
    line = {"n": "2", "quantite": {"valeur": "3", "unite": "30009000"}, "ald": "true"}
    (read,) = Ordonnance.parse({"lignes": line, "consentement": "false"}).lines
    assert (read.n, read.quantity.value if read.quantity else None, read.ald) == (2, 3, True)


def test_a_line_that_says_no_type_is_a_drug() -> None:
    (line,) = Ordonnance.parse({"lignes": [{"n": 1}]}).lines
    assert line.drug
    assert len(LINE_TYPES) == 8


def test_unknown_keys_and_types_are_let_through() -> None:
    (line,) = Ordonnance.parse({"lignes": [{"eprescType": "acteInconnu", "autre": 1}]}).lines
    assert line.type == "acteInconnu"


@pytest.mark.parametrize(
    ("data", "place", "expected"),
    [
        ([], "message", "un objet"),
        ({"id": 12}, "id", "un texte"),
        ({"consentement": "oui"}, "consentement", "true ou false"),
        ({"lignes": [{"n": 1}, {"n": "un"}]}, "lignes[2].n", "un nombre entier"),
        ({"lignes": [{"n": "--1"}]}, "lignes[1].n", "un nombre entier"),
        ({"lignes": [{"n": "1" * 19}]}, "lignes[1].n", "un nombre entier"),
        ({"lignes": [{"n": True}]}, "lignes[1].n", "un nombre entier"),
        ({"lignes": ["ligne"]}, "lignes[1]", "un objet"),
        ({"patient": {"ins": "285"}}, "patient.ins", "un objet"),
        ({"lignes": [{"quantite": []}]}, "lignes[1].quantite.valeur", "un nombre entier"),
    ],
)
def test_a_value_of_another_type_is_a_finding_at_its_place(
    data: Any, place: str, expected: str
) -> None:
    with pytest.raises(MalformedError) as error:
        Ordonnance.parse(json.dumps(data).encode())
    finding = error.value.finding
    assert (finding.check_id, finding.place, finding.expected) == ("EP-00", place, expected)
    assert finding.hors_specification


@pytest.mark.parametrize("data", [b"", b"{", b'{"id": "\xff"}', b"[" * 100_000])
def test_what_is_no_json_is_a_finding(data: bytes) -> None:
    with pytest.raises(MalformedError) as error:
        Ordonnance.parse(data)
    assert error.value.finding.fails


def test_dates_are_iso() -> None:
    assert iso_date("2026-02-30") is None
    assert iso_date("20260302") is None
    assert iso_date(None) is None
