"""What comes from elsewhere: documents, datamatrix."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import pytest
import respx

from reference_impl.documents import datamatrix
from reference_impl.people import Ins, Patient, Status
from tests.reference_impl.driver import Driver, create, insi
from tests.reference_impl.house import CAMILLE_INS, LOUISE
from tests.reference_impl.insi.messages import fault, found, not_found
from tests.reference_impl.story import CAMILLE, TEST_OID, UNQUALIFIED, written

SENDER = "hugo.testcardio@cardio.banc.mssante.fr"
OTHER = replace(CAMILLE, traits=replace(CAMILLE.traits, birth_name="TESTJUIN"))


def receive(driver: Driver, patient: Patient = CAMILLE, sender: str = SENDER) -> dict[str, Any]:
    content = base64.b64encode(written(patient=patient).content).decode()
    asked = {"contenu": content, "emetteur": sender, "professionnel": LOUISE}
    return driver("identity.receive", **asked)


def tasks(driver: Driver) -> list[tuple[str | None, str]]:
    return [(t["patient"], t["motif"]) for t in driver("worklist.read")["taches"]]


def test_an_unknown_identity_is_verified_then_recovered(
    driver: Driver, network: respx.MockRouter
) -> None:
    route = insi(network, found())
    answer = receive(driver)
    assert answer["rapprochement"] == "nouveau"
    assert answer["verification"] == {"resultat": "OK", "code": "00", "libelle": "OK", "appels": 1}
    assert answer["patient"]["statut"] == "récupérée"
    # The document has the OID of the bench; INSi knows another one.
    assert answer["patient"]["ins"]["oid"] == CAMILLE_INS.oid
    assert route.call_count == 1
    calls = driver("identity.log", patient=answer["patient"]["id"])["appels"]
    assert [call["code"] for call in calls] == ["00"]


def test_a_contract_of_trust_qualifies(driver: Driver, network: respx.MockRouter) -> None:
    asked = {"emetteur": SENDER.upper(), "present": True}
    assert driver("identity.trust_sender", **asked)["emetteurs"] == [SENDER]
    insi(network, found())
    patient = receive(driver)["patient"]
    assert patient["statut"] == "qualifiée"
    assert (patient["justificatif"]["code"], patient["justificatif"]["par"]) == ("TC", SENDER)
    asked["present"] = False
    assert driver("identity.trust_sender", **asked)["emetteurs"] == []


def test_a_contract_of_trust_does_not_replace_the_verification(
    driver: Driver, network: respx.MockRouter
) -> None:
    driver("identity.trust_sender", emetteur=SENDER, present=True)
    insi(network, not_found(), not_found(), not_found())
    assert receive(driver)["patient"] is None


@pytest.mark.parametrize("status", [Status.RETRIEVED, Status.QUALIFIED])
def test_an_ins_already_known_here_makes_no_call(
    driver: Driver, network: respx.MockRouter, status: Status
) -> None:
    route = insi(network, found())
    patient = driver.house.patient(status).id
    answer = receive(driver)
    assert (answer["patient"]["id"], answer["rapprochement"]) == (patient, "automatique")
    assert answer["verification"]["resultat"] == "déjà connue"
    assert answer["verification"]["appels"] == route.call_count == 0
    assert tasks(driver) == []


def test_a_known_ins_with_other_traits_is_left_to_a_person(driver: Driver) -> None:
    patient = driver.house.patient().id
    answer = receive(driver, OTHER)
    assert (answer["patient"]["id"], answer["rapprochement"]) == (patient, "manuel")
    assert "autres traits" in answer["patient"]["alertes"][0]
    assert tasks(driver) == [(patient, "Rapprochement à faire")]


@pytest.mark.parametrize(
    ("status", "after"),
    [(Status.PROVISIONAL, "récupérée"), (Status.VALIDATED, "qualifiée")],
)
def test_a_local_file_without_ins_takes_it(
    driver: Driver, network: respx.MockRouter, status: Status, after: str
) -> None:
    patient = driver.house.patient(status).id
    insi(network, found())
    answer = receive(driver)
    assert (answer["patient"]["id"], answer["rapprochement"]) == (patient, "automatique")
    assert answer["patient"]["statut"] == after


@pytest.mark.parametrize("known", [False, True])
def test_a_ko_is_not_integrated(driver: Driver, network: respx.MockRouter, known: bool) -> None:
    patient = create(driver) if known else None
    insi(network, found(matricule="1850733063042", key="<Cle>58</Cle>"))
    answer = receive(driver)
    assert (answer["patient"], answer["rapprochement"]) == (None, "manuel")
    assert answer["verification"]["resultat"] == "KO"
    assert tasks(driver) == [(patient, "INS reçue KO")]
    if patient:
        kept = driver("patient.read", patient=patient)["patient"]
        assert (kept["statut"], kept["ins"]) == ("provisoire", None)
        assert "refuse" in kept["alertes"][0]


def test_what_could_not_be_verified_waits(driver: Driver, network: respx.MockRouter) -> None:
    insi(network, fault("desir_1020", "siram_40"))
    answer = receive(driver)
    assert answer["patient"] is None
    assert answer["verification"]["resultat"] == "indisponible"
    assert answer["verification"]["code"] == "desir_1020"
    assert tasks(driver) == [(None, "Vérification INSi à refaire")]


def test_a_nia_received_for_somebody_who_now_has_a_nir(
    driver: Driver, network: respx.MockRouter
) -> None:
    nia = Ins("1090799350412", "04", "1.2.250.1.213.1.4.9")
    entry = (
        f"<INSHISTO><IdIndividu><NumIdentifiant>{nia.matricule}</NumIdentifiant><Cle>{nia.key}"
        f"</Cle></IdIndividu><OID>{nia.oid}</OID></INSHISTO>"
    )
    holder = driver.house.patient().id
    insi(network, found(history=entry))
    answer = receive(driver, replace(CAMILLE, ins=nia))
    assert answer["patient"]["id"] == holder
    assert answer["patient"]["ins"]["matricule"] == CAMILLE_INS.matricule


def test_two_files_alike_are_left_to_a_person(driver: Driver, network: respx.MockRouter) -> None:
    create(driver)
    create(driver)
    insi(network, found())
    answer = receive(driver)
    assert (answer["patient"], answer["rapprochement"]) == (None, "manuel")


def test_a_document_without_ins_calls_nothing(driver: Driver, network: respx.MockRouter) -> None:
    route = insi(network, found())
    answer = receive(driver, UNQUALIFIED)
    assert answer == {"patient": None, "rapprochement": "manuel", "verification": None}
    assert route.call_count == 0
    assert tasks(driver) == [(None, "Rapprochement à faire")]


@pytest.mark.parametrize(
    ("content", "code"), [("%%%", "BASE64_INVALIDE"), ("UEsD", "DOCUMENT_ILLISIBLE")]
)
def test_what_is_no_document(driver: Driver, content: str, code: str) -> None:
    asked = {"contenu": content, "emetteur": SENDER, "professionnel": LOUISE}
    assert driver.code("identity.receive", 400, **asked) == code


TEXT = datamatrix.write_text(CAMILLE_INS, TEST_OID, CAMILLE.traits)


def scan(driver: Driver, **asked: str) -> dict[str, Any]:
    return driver("identity.scan_datamatrix", professionnel=LOUISE, **asked)


def test_a_datamatrix_prefills_a_new_file_and_proves_nothing(driver: Driver) -> None:
    answer = scan(driver, texte=TEXT)
    patient = answer["patient"]
    assert answer["rapprochement"] == "nouveau"
    assert (patient["statut"], patient["ins"], patient["canal"]) == ("provisoire", None, "CB")
    assert patient["traits"]["prenoms_naissance"] == "CAMILLE ANNE"
    assert patient["traits"]["nom_utilise"] is None
    assert answer["datamatrix"]["ins"]["oid"] == CAMILLE_INS.oid


def test_scanning_the_same_again_makes_no_second_file(driver: Driver) -> None:
    first = scan(driver, texte=TEXT)["patient"]["id"]
    again = scan(driver, texte=TEXT)
    assert (again["patient"]["id"], again["rapprochement"]) == (first, "manuel")


def test_a_picture_of_a_known_identity_is_matched(driver: Driver) -> None:
    patient = driver.house.patient().id
    made = io.BytesIO()
    datamatrix.picture(datamatrix.symbol(TEXT)).save(made, "PNG")
    answer = scan(driver, image=base64.b64encode(made.getvalue()).decode())
    assert (answer["patient"]["id"], answer["rapprochement"]) == (patient, "automatique")
    assert answer["patient"]["alertes"] == []


def test_a_known_ins_under_other_traits_is_not_matched_alone(driver: Driver) -> None:
    patient = driver.house.patient().id
    text = datamatrix.write_text(CAMILLE_INS, TEST_OID, OTHER.traits)
    answer = scan(driver, texte=text)
    assert (answer["patient"]["id"], answer["rapprochement"]) == (patient, "manuel")
    assert answer["patient"]["alertes"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, "DATAMATRIX_ABSENT"),
        ({"texte": TEXT, "image": "AAAA"}, "DATAMATRIX_ABSENT"),
        ({"texte": "IS02"}, "DATAMATRIX_ILLISIBLE"),
        ({"image": "AAAA"}, "DATAMATRIX_ILLISIBLE"),
    ],
)
def test_what_is_no_datamatrix(driver: Driver, asked: dict[str, str], code: str) -> None:
    asked = asked | {"professionnel": LOUISE}
    assert driver.code("identity.scan_datamatrix", 400, **asked) == code
