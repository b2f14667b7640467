"""The appli carte Vitale read by the reference LGC on the wires of the bench.

A conformant LGC raises no finding; identities become what the sheets say.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.formats.apcv_names import AUTHENTICATE, DESTROY, RESTORE
from simulators.testing import exchanges
from tests.reference_impl.apcv.cabinet import CAMILLE, Cabinet, RefusedGestureError
from tests.simulators.apcv.lps import ALONE, DEMO, FAMILY, NAMES, REVOKED, WAITING


def test_the_holder_is_qualified_without_insi(cabinet: Cabinet) -> None:
    told = cabinet.read()
    assert (told["type"], told["numero_serie"]) == ("T", FAMILY)
    assert [one["qualite"] for one in told["individus"]] == ["0", "2", "6"]
    patient = cabinet.qualify(individu=0)
    assert (patient["statut"], patient["canal"]) == ("qualifiée", "AV")
    assert patient["justificatif"]["code"] == "AV"
    assert patient["ins"]["matricule"] + patient["ins"]["cle"] == CAMILLE
    assert patient["traits"]["prenoms_naissance"] == "CAMILLE ANNE"
    assert patient["alertes"] == []
    cabinet("apcv.close")
    assert exchanges(cabinet.platform, "insi") == ()
    assert cabinet.findings() == []


def test_the_calls_of_a_consultation(cabinet: Cabinet) -> None:
    text = cabinet.code()
    first = cabinet("apcv.read", donnees=text + "\r")["apcv"]
    again = cabinet("apcv.read", donnees=text, source="NFC")["apcv"]
    assert first["contexte"] == again["contexte"]
    assert cabinet.operations() == [AUTHENTICATE]
    cabinet.read(ALONE)
    assert cabinet.operations() == [DESTROY, AUTHENTICATE]
    assert cabinet("apcv.close")["apcv"]["contexte"] is None
    cabinet("apcv.close")
    assert cabinet.operations() == [DESTROY]
    with pytest.raises(RefusedGestureError, match="APCV_NON_LUE"):
        cabinet.qualify()


def test_no_finding_in_a_long_morning(cabinet: Cabinet) -> None:
    for serial in (FAMILY, ALONE, NAMES, WAITING, DEMO):
        cabinet.read(serial)
        assert cabinet.qualify()["statut"] == "qualifiée"
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_a_record_is_matched_and_not_doubled(cabinet: Cabinet) -> None:
    cabinet.read()
    first = cabinet.qualify()
    assert cabinet.qualify()["id"] == first["id"]
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_an_existing_record_with_the_same_traits_takes_the_ins(cabinet: Cabinet) -> None:
    people = json.loads((Path(cabinet.platform.folder) / "environnement.json").read_text())
    camille = people["patients"][0]
    names = ("nom_naissance", "prenoms_naissance", "sexe", "date_naissance", "lieu_naissance")
    traits = {name: camille[name] for name in names}
    created = cabinet("patient.create", traits=traits)["patient"]
    cabinet.read()
    patient = cabinet.qualify()
    assert (patient["id"], patient["statut"]) == (created["id"], "qualifiée")


def test_a_record_that_is_contradicted_is_left_alone(cabinet: Cabinet) -> None:
    traits = {
        "nom_naissance": "AUTRE",
        "prenoms_naissance": "CAMILLE",
        "sexe": "F",
        "date_naissance": "1985-07-12",
    }
    created = cabinet("patient.create", traits=traits)["patient"]
    cabinet.read()
    patient = cabinet.qualify(patient=created["id"])
    assert patient["statut"] == "provisoire"
    assert patient["ins"] is None
    assert patient["traits"]["nom_naissance"] == "AUTRE"
    assert "contredit" in patient["alertes"][0]
    assert [c for c, _ in cabinet.findings()] == []


def test_a_child_is_searched_in_insi_and_has_an_ins_of_its_own(cabinet: Cabinet) -> None:
    cabinet.read()
    child = cabinet.qualify(individu=2)
    assert child["statut"] == "récupérée"
    assert child["ins"]["matricule"] + child["ins"]["cle"] != CAMILLE
    assert child["traits"]["prenoms_naissance"] == "ELOISE"
    assert len(exchanges(cabinet.platform, "insi")) == 1
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_by_psc_without_card(cabinet: Cabinet) -> None:
    cabinet("session.open")
    cabinet.read(voie="psc")
    assert cabinet.qualify(voie="psc")["statut"] == "qualifiée"
    cabinet("apcv.close")
    assert cabinet.findings() == []


def test_the_context_is_asked_again_after_a_restart(cabinet: Cabinet) -> None:
    before = cabinet.read()
    cabinet.restart()
    cabinet.operations()
    patient = cabinet("apcv.qualify")
    assert patient["apcv"]["contexte"] == before["contexte"]
    assert cabinet.operations() == [RESTORE]


def test_an_expired_context_qualifies_nobody(cabinet: Cabinet) -> None:
    cabinet.read()
    cabinet.platform.kernel.clock.advance(timedelta(minutes=21))
    with pytest.raises(RefusedGestureError, match="APCV_NON_LUE"):
        cabinet.qualify()
    assert cabinet.findings() == []


@pytest.mark.parametrize(
    ("serial", "spoil", "code"),
    [(REVOKED, str, "APCV_3"), (FAMILY, lambda text: text[:300], "APCV_1")],
    ids=["révoqué", "tronqué"],
)
def test_what_the_service_refuses_is_told_in_french(
    cabinet: Cabinet, serial: str, spoil: Any, code: str
) -> None:
    with pytest.raises(RefusedGestureError, match=code):
        cabinet("apcv.read", donnees=spoil(cabinet.code(serial)))
    assert cabinet.findings() == []


def test_a_demonstration_is_refused_in_production(cabinet: Cabinet) -> None:
    cabinet.lgc.apcv._environment = replace(cabinet.lgc.environment, production=True)
    with pytest.raises(RefusedGestureError, match="APCV_DE_TEST"):
        cabinet.read(DEMO)
    assert cabinet.operations() == [AUTHENTICATE, DESTROY]


def test_nothing_of_the_code_is_kept_on_disk(cabinet: Cabinet) -> None:
    """AV-18: neither the text nor any long piece of it."""
    text = cabinet.code()
    cabinet("apcv.read", donnees=text)
    cabinet.qualify()
    kept = b"".join(path.read_bytes() for path in cabinet.folder.rglob("*") if path.is_file())
    assert kept
    assert text[80:160].encode() not in kept
