"""Verifying the INS of a file, by a search or by the form of the bench."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import respx
from lxml import etree

from reference_impl.people import Environment, Evidence, Ins, Status
from tests.reference_impl.driver import Driver, create, insi
from tests.reference_impl.house import CAMILLE_INS, LOUISE, House
from tests.reference_impl.insi.messages import answer, fault, found, not_found

SEEN = Evidence("CN", "haut", "2026-03-12T09:00:00+00:00")
VERIF = "{http://www.cnamts.fr/INSiVerif}"
CONFORM = answer("<CR><CodeCR>00</CodeCR><LibelleCR>INS conforme</LibelleCR></CR>")
OTHER = {"matricule": "1850733063042", "key": "<Cle>58</Cle>"}


def verify(driver: Driver, patient: str) -> dict[str, Any]:
    return driver("identity.verify", patient=patient, professionnel=LOUISE)


def test_the_same_ins_is_ok_and_changes_no_status(
    driver: Driver, network: respx.MockRouter
) -> None:
    insi(network, found())
    patient = driver.house.patient(evidence=SEEN).id
    told = verify(driver, patient)
    assert told["verification"]["resultat"] == "OK"
    assert told["patient"]["statut"] == "qualifiée"
    assert told["patient"]["justificatif"]["code"] == "CN"


@pytest.mark.parametrize("status", [Status.QUALIFIED, Status.RETRIEVED])
@pytest.mark.parametrize("bodies", [[found(**OTHER)], [not_found()] * 3], ids=["autre", "01"])
def test_a_ko_drops_the_ins_and_asks_for_a_person(
    driver: Driver, network: respx.MockRouter, status: Status, bodies: list[bytes]
) -> None:
    insi(network, *bodies)
    patient = driver.house.patient(status, evidence=SEEN).id
    told = verify(driver, patient)
    assert told["verification"]["resultat"] == "KO"
    lowered = told["patient"]
    assert (lowered["statut"], lowered["ins"]) == ("provisoire", None)
    assert "ne reconnaît plus" in lowered["alertes"][0]
    tasks = driver("worklist.read")["taches"]
    assert [(t["patient"], t["motif"]) for t in tasks] == [(patient, "INS KO")]
    insi(network, found())
    again = driver("identity.search_insi", patient=patient, professionnel=LOUISE)["patient"]
    assert (again["statut"], again["alertes"]) == ("récupérée", [])
    assert driver("worklist.read")["taches"] == []


def test_a_ko_leaves_nothing_to_send(driver: Driver, network: respx.MockRouter) -> None:
    insi(network, *[not_found()] * 3)
    document, patient = driver.document()
    verify(driver, patient)
    asked = {"document": document, "professionnel": LOUISE}
    assert driver.code("dmp.deposit", **asked) == "IDENTITE_NON_QUALIFIEE"


def test_a_fault_changes_nothing(driver: Driver, network: respx.MockRouter) -> None:
    insi(network, fault("insi_102", "siram_40", "S"))
    patient = driver.house.patient().id
    before = driver("patient.read", patient=patient)["patient"]
    told = verify(driver, patient)
    assert (told["verification"]["resultat"], told["verification"]["code"]) == (
        "indisponible",
        "insi_102",
    )
    assert told["patient"] == before
    assert driver("identity.log", patient=patient)["appels"][0]["code"] == "insi_102"


def test_a_nia_that_became_a_nir_is_still_this_person(
    driver: Driver, network: respx.MockRouter
) -> None:
    nia = Ins("1090799350412", "04", "1.2.250.1.213.1.4.9")
    entry = (
        f"<INSHISTO><IdIndividu><NumIdentifiant>{nia.matricule}</NumIdentifiant><Cle>{nia.key}"
        f"</Cle></IdIndividu><OID>{nia.oid}</OID></INSHISTO>"
    )
    insi(network, found(history=entry))
    told = verify(driver, driver.house.patient(ins=nia, evidence=SEEN).id)
    assert told["verification"]["resultat"] == "OK"
    assert told["patient"]["statut"] == "qualifiée"
    assert told["patient"]["ins"]["matricule"] == CAMILLE_INS.matricule
    assert [past["matricule"] for past in told["patient"]["historique"]] == [nia.matricule]


def test_nothing_to_verify(driver: Driver) -> None:
    asked = {"patient": create(driver), "professionnel": LOUISE}
    assert driver.code("identity.verify", **asked) == "INS_ABSENTE"


@pytest.fixture
def verifying(environment: Environment, tmp_path: Path) -> Driver:
    """A LGC whose descriptor offers the unitary verification of the bench."""
    offered = replace(environment, insi_verification=True)
    return Driver(House(offered, tmp_path))


@pytest.mark.parametrize(
    ("body", "result", "status"),
    [
        (CONFORM, "OK", "qualifiée"),
        (CONFORM.replace(b">00<", b">01<"), "KO", "provisoire"),
        (CONFORM.replace(b">00<", b">02<"), "indisponible", "qualifiée"),
        (fault("desir_1020", "siram_40"), "indisponible", "qualifiée"),
        (b"<html/>", "indisponible", "qualifiée"),
    ],
)
def test_the_unitary_verification_of_the_bench(
    verifying: Driver, network: respx.MockRouter, body: bytes, result: str, status: str
) -> None:
    route = insi(network, body)
    told = verify(verifying, verifying.house.patient().id)
    assert (told["verification"]["resultat"], told["verification"]["appels"]) == (result, 1)
    assert told["patient"]["statut"] == status
    sent = etree.fromstring(route.calls[0].request.content)
    asked = sent.find(f".//{VERIF}VERIFINS")
    assert [etree.QName(child).localname for child in asked] == [
        "Matricule",
        "OID",
        "NomNaissance",
        "Prenom",
        "Sexe",
        "DateNaissance",
        "LieuNaissance",
    ]
    assert asked.findtext(f"{VERIF}Matricule/{VERIF}NumIdentifiant") == CAMILLE_INS.matricule
    assert asked.findtext(f"{VERIF}OID") == CAMILLE_INS.oid
    assert sent.findtext(".//{http://www.w3.org/2005/08/addressing}Action").endswith("verifierIns")
