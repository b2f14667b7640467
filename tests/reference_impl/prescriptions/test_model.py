"""The neutral JSON of ordonnances; the golden ones are the witness."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.prescriptions.model import DRUG, Line, Ordonnance, Quantity
from tests.shared_data import GOLDEN, needs_shared

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "lignes", "n", "quantite", "patient", "executions", "ligne"]),
            inner,
        )
    ),
)


@needs_shared
@pytest.mark.parametrize(
    "name",
    ["ordonnance-simple", "ordonnance-bizone", "ordonnance-mixte", "ordonnance-bizone-executee"],
)
def test_golden_ordonnances_are_written_back(name: str) -> None:
    told = json.loads((GOLDEN / "prescription" / f"{name}.json").read_bytes())
    written = Ordonnance.from_json(told).to_json()
    assert written == {"executions": [], **{k: v for k, v in told.items() if v is not None}}


@given(_JSON)
def test_nothing_received_makes_reading_fail(value: Any) -> None:
    assert isinstance(Ordonnance.from_json(value).to_json(), dict)


def test_numbers_and_booleans_spelt_as_texts_are_read() -> None:
    line = Line.from_json({"n": "2", "ald": "true", "renouvellements": "x", "eprescType": DRUG})
    assert (line.n, line.ald, line.renewals, line.drug) == (2, True, None, True)


def test_a_bare_quantity_stays_bare() -> None:
    bare = Line.from_json({"quantite": "3"}).quantity
    assert bare is not None
    assert bare.to_json() == 3
    assert Line.from_json({"quantite": "beaucoup"}).quantity is None
    assert Quantity.from_json({"valeur": 3, "unite": "30009000"}).to_json() == {
        "valeur": 3,
        "unite": "30009000",
    }
