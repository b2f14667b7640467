from __future__ import annotations

from dataclasses import replace

import pytest

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.lookup import Lookup, folded
from reference_impl.people import Ins, PastIns, Patient
from tests.reference_impl.house import CAMILLE, CAMILLE_INS

TRAITS = replace(
    CAMILLE, birth_name="D'ARTAGNAN DE L'HERAULT", birth_given_names="PIERRE-ALAIN GUNTHER"
)
OLD = Ins("297022A020778", "78", "1.2.250.1.213.1.4.9")
PATIENT = Patient("p1", TRAITS, ins=CAMILLE_INS, history=(PastIns(OLD),))


@pytest.mark.parametrize(
    "text",
    [
        "d'artagnan",
        "D’Artagnan",
        "dartagnan",
        "hérault pierre alain",
        "Pierre-Alain",
        "pierrealain D ARTAGNAN",
        "gün",
        "testmai",
    ],
)
def test_names_are_found_whatever_case_accents_hyphens_and_apostrophes(text: str) -> None:
    assert Lookup.of(text, None, None).fits(PATIENT)


@pytest.mark.parametrize("text", ["porthos", "d'artagnan aramis"])
def test_other_names_are_not(text: str) -> None:
    assert not Lookup.of(text, None, None).fits(PATIENT)


@pytest.mark.parametrize("birth_date", ["1985-07-12", "12/07/1985"])
def test_a_date_in_both_writings(birth_date: str) -> None:
    assert Lookup.of(None, birth_date, None).fits(PATIENT)
    assert not Lookup.of(None, "1985-07-13", None).fits(PATIENT)


@pytest.mark.parametrize("ins", ["285073306304208", "2850733063042 08", "297022a020778 78"])
def test_a_matricule_with_its_key_active_or_former(ins: str) -> None:
    assert Lookup.of(None, None, ins).fits(PATIENT)


def test_another_matricule_finds_nobody_and_all_criteria_must_fit() -> None:
    assert not Lookup.of(None, None, "285073306304307").fits(PATIENT)
    assert not Lookup.of("artagnan", "1990-01-01", None).fits(PATIENT)


@pytest.mark.parametrize(
    ("text", "birth_date", "ins", "code"),
    [
        (None, None, None, "CRITERE_ABSENT"),
        (" ", None, "", "CRITERE_ABSENT"),
        (None, "1985-13-01", None, "DATE_INVALIDE"),
        (None, None, "12345", "INS_INVALIDE"),
        (None, None, "2850733063042", "INS_INVALIDE"),
        (None, None, "285073306304209", "INS_INVALIDE"),
    ],
)
def test_criteria_that_mean_nothing(
    text: str | None, birth_date: str | None, ins: str | None, code: str
) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        Lookup.of(text, birth_date, ins)
    assert refusal.value.code == code


def test_folding() -> None:
    assert folded("D’Æion-Cœur") == "DAEIONCOEUR"
