"""EP-23 along a journal: on the wire, in the document, on paper."""

from __future__ import annotations

from typing import Any

import pytest

from rules.exchange import Exchange
from tests.rules.cda.samples import spoil
from tests.rules.ep_med_dm.documents import Line, written
from tests.rules.journals import deposit
from tests.rules.prescription.calls import line
from tests.rules.prescription_sequences.stories import NUMBER, ep4, gesture, ids

LETTERS = "un comprimé de dix milligrammes matin et soir"
NARCOTIC = line(stupefiant=True, dureeJours=28, posologieTexte=LETTERS)
SECURE: dict[str, Any] = {"lignes": [NARCOTIC], "flags": ["MED-1098"]}
TSO: dict[str, Any] = {
    "lignes": [line(**{**NARCOTIC, "traitementSubstitutionOpiaces": True})],
    "flags": ["MED-1098"],
    "executantDesigne": {"structure": "PHARMACIE FICTIVE DU BANC"},
}


def n3(**changes: Any) -> Exchange:
    """A document of 2022 that says itself sécurisé, unless told."""
    return deposit(_document(**changes))


def _document(**changes: Any) -> bytes:
    return written(**{"version": "2022.01", "number": NUMBER, "flags": ("MED-1098",), **changes})


def known(narcotic: bool = True) -> Exchange:
    """What the drug base of the software shows of the drug."""
    drug = {"cis": "63107752", "libelle": "PARACETAMOL", "stupefiant": narcotic}
    return gesture("drug.search", {"medicaments": [drug]})


def test_what_is_secure_everywhere_raises_nothing() -> None:
    assert ids(known(), ep4(told=SECURE), n3()) == []
    assert ids(known(narcotic=False), ep4(), n3(flags=())) == []


@pytest.mark.parametrize("flag", [{}, {"flags": ["MED-1098"], "lignes": [line(dureeJours=60)]}])
def test_the_base_says_what_the_line_does_not(flag: dict[str, Any]) -> None:
    assert ids(ep4(told=flag)) == []
    assert ids(known(), ep4(told=flag)) == ["EP-23"]


def test_a_document_that_is_not_secure() -> None:
    assert ids(ep4(told=SECURE), n3(flags=())) == ["EP-23"]
    assert ids(known(), ep4(told={"flags": ["MED-1098"]}), n3(flags=())) == ["EP-23"]


def test_a_document_that_lasts_longer() -> None:
    long = (Line(days=("20260312", "20260612")),)
    assert ids(ep4(told=SECURE), n3(flags=(), drugs=long)) == ["EP-23"]


def test_a_document_that_names_no_pharmacy() -> None:
    assert ids(ep4(told=TSO), n3()) == ["EP-23"]
    named = spoil(
        _document(),
        "<documentationOf>",
        '<participant typeCode="PRF"><associatedEntity classCode="PROV"/></participant>'
        "<documentationOf>",
    )
    assert ids(ep4(told=TSO), deposit(named)) == []
