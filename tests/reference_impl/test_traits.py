from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.traits import (
    contradictions,
    differences,
    normalised,
    traits_from_json,
    traits_to_json,
    transliterated,
    with_strict_traits_of,
)
from tests.reference_impl.house import CAMILLE


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("d'Æion", "D'AEION"),
        ("Cœur", "COEUR"),
        ("  béatrice  çà ", "BEATRICE CA"),
        ("D'Essai--Long", "D'ESSAI--LONG"),
    ],
)
def test_accents_and_ligatures_have_an_equivalent(typed: str, written: str) -> None:
    assert transliterated(typed) == written


@pytest.mark.parametrize(
    ("trait", "value", "field"),
    [
        ("birth_name", "D’ARTAGNAN", "traits.nom_naissance"),
        ("birth_name", "-TIRET", "traits.nom_naissance"),
        ("birth_name", "TROIS---TIRETS", "traits.nom_naissance"),
        ("birth_name", "DEUX''APOSTROPHES", "traits.nom_naissance"),
        ("birth_name", "CHIFFRE2", "traits.nom_naissance"),
        ("birth_given_names", "MARIE--LOU", "traits.prenoms_naissance"),
        ("birth_given_names", "ANNE-", "traits.prenoms_naissance"),
        ("birth_given_names", "ANNE'", "traits.prenoms_naissance"),
        ("sex", "f", "traits.sexe"),
        ("birth_date", "1985-13-12", "traits.date_naissance"),
        ("birth_date", "12/07/1985", "traits.date_naissance"),
        ("birth_date", "1985-W28-5", "traits.date_naissance"),
        ("birth_place", "2C001", "traits.lieu_naissance"),
    ],
)
def test_a_trait_that_insi_would_refuse_is_refused_and_named(
    trait: str, value: str, field: str
) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        normalised(replace(CAMILLE, **{trait: value}))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "name", ["D'ARTAGNAN DE L'HERAULT", "'T SERCLAES", "DE VINCI", "D'ESSAI--LONG"]
)
def test_names_of_the_official_profile_pass_unchanged(name: str) -> None:
    assert normalised(replace(CAMILLE, birth_name=name)).birth_name == name


@pytest.mark.parametrize("place", ["63220", "2A020", "2B020", "99350", None])
def test_places_of_birth(place: str | None) -> None:
    assert normalised(replace(CAMILLE, birth_place=place)).birth_place == place


@given(st.text(alphabet="abcÉÀÇœæ' -", max_size=12))
def test_what_passes_has_only_the_characters_of_insi(text: str) -> None:
    try:
        name = normalised(replace(CAMILLE, birth_name=text)).birth_name
    except InvalidRequestError:
        return
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ' -")
    assert normalised(replace(CAMILLE, birth_name=name)).birth_name == name


def test_a_place_that_insi_does_not_return_is_no_difference() -> None:
    assert differences(CAMILLE, replace(CAMILLE, birth_place=None)) == ()
    assert differences(CAMILLE, replace(CAMILLE, birth_place="75056")) == ("lieu_naissance",)


def test_more_given_names_complete_an_identity() -> None:
    searched = replace(CAMILLE, birth_given_names="ANNE")
    assert differences(searched, CAMILLE) == ("prenoms_naissance",)
    assert contradictions(searched, CAMILLE) == ()
    other = replace(CAMILLE, birth_given_names="JEANNE")
    assert contradictions(searched, other) == ("prenoms_naissance",)


def test_a_hyphen_counts_as_a_space_in_given_names() -> None:
    searched = replace(CAMILLE, birth_given_names="JEAN CHRISTOPHE")
    assert contradictions(searched, replace(CAMILLE, birth_given_names="JEAN-CHRISTOPHE")) == ()


def test_returned_traits_are_taken_unchanged_and_names_in_use_are_kept() -> None:
    returned = replace(CAMILLE, birth_given_names="CAMILLE ANNE ZOE", used_name=None)
    taken = with_strict_traits_of(CAMILLE, returned)
    assert taken.birth_given_names == "CAMILLE ANNE ZOE"
    assert taken.used_name == "TESTMAI"
    assert taken.used_given_name is None


def test_json_of_traits_comes_back_equal() -> None:
    assert traits_from_json(traits_to_json(CAMILLE)) == CAMILLE
