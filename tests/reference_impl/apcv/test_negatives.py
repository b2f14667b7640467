"""What the reference LGC does about each negative case N01 to N26, on real sockets."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from rules.formats.apcv_names import AUTHENTICATE, DESTROY
from simulators.apcv.negatives import NEGATIVES
from simulators.testing import exchanges
from tests.reference_impl.apcv.cabinet import CAMILLE, Cabinet, RefusedGestureError

QUALIFIED, RETRIEVED, REFUSED = "qualifiée", "récupérée", "refus"
TOLD = {
    "code-perime": "APCV_2",
    "code-rejoue": "APCV_2",
    **{f"lecteur-{how}": "APCV_1" for how in ("tronque", "minuscules", "espace", "azerty")},
    **{f"statut-{code}": f"APCV_{code}" for code in range(1, 9)},
    "desir_550": "desir_550",
    "desir_1020": "desir_1020",
    "faute-technique": "apcv_8",
    "http-500": "REPONSE_ILLISIBLE",
    "http-502": "REPONSE_ILLISIBLE",
    "page-html": "REPONSE_ILLISIBLE",
    "tls-expire": "TLS_REFUSE",
}
"""Readings that fail: the code told with a French sentence. Nothing stays open."""
TAKEN = {
    "sans-ins": RETRIEVED,
    "ins-perimee": QUALIFIED,
    "oid-test": QUALIFIED,
    "nia": QUALIFIED,
    "sans-nom-famille": QUALIFIED,
    "sans-nom-usage": QUALIFIED,
    "jumeaux": QUALIFIED,
    "date-lunaire": QUALIFIED,
    "famille": QUALIFIED,
    "cle-fausse": QUALIFIED,
    "fuseau": QUALIFIED,
    "inconnus": QUALIFIED,
    "prefixes": QUALIFIED,
    "sans-prefixe": QUALIFIED,
    "ne-a-l-etranger": QUALIFIED,
}
"""Answers that are taken as they are, and what the identity of the holder becomes."""
UNUSABLE = ("sexe-indetermine", "sexe-vide")
APART = {"contexte-court", "lent", "statut-6", "statut-7"}
"""Those that have a test of their own below; the LGC signs nothing (N26)."""


def ask(cabinet: Cabinet, fault: str, **more: float) -> None:
    case = next(c for c in NEGATIVES.values() if fault in c.faults)
    cabinet.platform.kernel.faults.add("apcv", case.operation, fault=fault, **more)


def test_every_way_of_every_case_is_met() -> None:
    ways = {fault for case in NEGATIVES.values() for fault in case.faults}
    assert ways == {*TOLD, *TAKEN, *UNUSABLE, *APART}


@pytest.mark.parametrize(("fault", "code"), TOLD.items())
def test_a_reading_that_fails_is_told(cabinet: Cabinet, fault: str, code: str) -> None:
    ask(cabinet, fault)
    text = "" if fault == "tls-expire" else cabinet.code()
    with pytest.raises(RefusedGestureError, match=rf"^{code}$"):
        cabinet("apcv.read", donnees=text or "PB83N8746746*98")
    with pytest.raises(RefusedGestureError, match="APCV_NON_LUE"):
        cabinet.qualify()
    assert cabinet.findings() == []
    cabinet.read()
    assert cabinet.qualify()["statut"] == QUALIFIED


@pytest.mark.parametrize(("fault", "status"), TAKEN.items())
def test_an_odd_answer_is_taken_as_it_is(cabinet: Cabinet, fault: str, status: str) -> None:
    ask(cabinet, fault)
    cabinet.read()
    patient = cabinet.qualify()
    assert patient["statut"] == status
    assert patient["ins"]["matricule"] == CAMILLE[:13]
    assert len(exchanges(cabinet.platform, "insi")) == (fault == "sans-ins")
    cabinet("apcv.close")
    assert cabinet.findings() == []


@pytest.mark.parametrize("fault", UNUSABLE)
def test_traits_that_cannot_be_used_are_not_taken(cabinet: Cabinet, fault: str) -> None:
    ask(cabinet, fault)
    cabinet.read()
    with pytest.raises(RefusedGestureError, match="APCV_TRAITS_INUTILISABLES"):
        cabinet.qualify()
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_a_context_of_thirty_seconds_serves_thirty_seconds(cabinet: Cabinet) -> None:
    """N17: the date of end is looked at before each use."""
    ask(cabinet, "contexte-court")
    cabinet.read()
    first = cabinet.qualify()
    cabinet.platform.kernel.clock.advance(timedelta(seconds=31))
    with pytest.raises(RefusedGestureError, match="APCV_NON_LUE"):
        cabinet.qualify(patient=first["id"])
    assert cabinet.operations() == [AUTHENTICATE]


def test_an_answer_that_never_comes_in_time(cabinet: Cabinet) -> None:
    """N23: the user is told, and another reading opens; what was opened meanwhile is replaced."""
    cabinet.lgc.apcv._client._transport._timeout = 0.3
    ask(cabinet, "lent", delay=60)
    with pytest.raises(RefusedGestureError, match=r"REPONSE"):
        cabinet.read()
    cabinet.lgc.apcv._client._transport._timeout = 20
    cabinet.read()
    assert cabinet.qualify()["statut"] == QUALIFIED
    cabinet("apcv.close")


def test_a_context_already_destroyed_stops_nobody(cabinet: Cabinet) -> None:
    """N25."""
    cabinet.platform.kernel.faults.add("apcv", DESTROY, fault="statut-6")
    cabinet.read()
    assert cabinet("apcv.close")["apcv"]["contexte"] is None
    cabinet("apcv.close")
    assert cabinet.operations() == [AUTHENTICATE, DESTROY]


def test_twins_are_searched_each_under_their_own_rank(cabinet: Cabinet) -> None:
    """N13, and N15: people of the same given name are not taken for one another."""
    ask(cabinet, "jumeaux")
    told = cabinet.read()
    assert [one["prenom"] for one in told["individus"]] == ["CAMILLE", "TOM", "TIM"]
    for rank in (1, 2):
        with pytest.raises(RefusedGestureError, match="INS_NON_TROUVEE"):
            cabinet.qualify(individu=rank)
    tom, tim = (e.request.body.decode() for e in exchanges(cabinet.platform, "insi"))
    ranks = [set(re.findall(r"rang[^>]*?[>\"](\d)", body, re.IGNORECASE)) for body in (tom, tim)]
    assert ranks == [{"1"}, {"2"}]


def test_two_children_of_the_same_given_name_are_two(cabinet: Cabinet) -> None:
    ask(cabinet, "famille")
    people = cabinet.read()["individus"]
    assert len(people) == 6
    same = [one for one in people if one["prenom"] == "ALIX"]
    assert len({(one["nir_certifie"], one["date_naissance"]) for one in same}) == 2


def test_the_date_of_a_record_is_that_of_the_ins_not_the_lunar_one(cabinet: Cabinet) -> None:
    """N14: the two identities are kept apart."""
    ask(cabinet, "date-lunaire")
    cabinet.read()
    assert cabinet.qualify()["traits"]["date_naissance"] == "1985-07-12"
