from __future__ import annotations

from dataclasses import replace

import pytest

from reference_impl.identity.given_names import begins, coherent, kept_first_name
from tests.reference_impl.house import CAMILLE

LIST = "JEAN CHRISTOPHE PIERRE"


@pytest.mark.parametrize(
    "first",
    [
        "JEAN",
        "JEAN CHRISTOPHE",
        "JEAN-CHRISTOPHE",
        "JEAN-CHRISTOPHE-PIERRE",
        "JEAN CHRISTOPHE-PIERRE",
    ],
)
def test_exi_id_10_accepts(first: str) -> None:
    assert begins(first, LIST)


@pytest.mark.parametrize(
    "first", ["CHRISTOPHE", "PIERRE", "JE", "JEAN PIERRE", "JEAN CHRISTOPHE PIERRE PAUL", "", "-"]
)
def test_exi_id_10_refuses(first: str) -> None:
    assert not begins(first, LIST)


def test_an_apostrophe_counts_as_a_space() -> None:
    assert begins("D'ARCY", "D ARCY LEA")
    assert begins("D", "D'ARCY LEA")


def test_the_premier_prenom_is_never_overwritten_by_another_list() -> None:
    assert kept_first_name(CAMILLE, "CAMILLE ANNE ZOE") is None
    assert kept_first_name(CAMILLE, "ANNE CAMILLE") == "CAMILLE"
    chosen = replace(CAMILLE, birth_given_names=LIST, first_birth_given_name="JEAN-CHRISTOPHE")
    assert kept_first_name(chosen, LIST) == "JEAN-CHRISTOPHE"
    assert coherent(chosen)
    assert chosen.first_given_name == "JEAN-CHRISTOPHE"
