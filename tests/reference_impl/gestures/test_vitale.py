"""WS_INS1: the carte Vitale is a key to query INSi, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import respx
from lxml import etree

from reference_impl.cards.values import Beneficiary, VitaleCard
from tests.reference_impl.driver import Driver, create, insi
from tests.reference_impl.house import LOUISE
from tests.reference_impl.insi.messages import found, not_found

VIT = "{http://www.cnamts.fr/INSiRecVit}"
BAM = "{urn:siram:bam:ctxbam}"
CAMILLE = Beneficiary(
    position=1,
    used_name="TESTMAI",
    given_name="CAMILLE",
    birth_date="19850712",
    insured_nir="285073306304208",
    birth_name="TESTAVRIL",
    certified_nir="285073306304208",
    regime="01",
    fund="331",
    center="0000",
)
LUNAR_TWIN = replace(
    CAMILLE,
    position=2,
    birth_date="19851345",
    birth_name=None,
    certified_nir=None,
    rank="2",
    quality="6",
)


@dataclass
class FakeVitale:
    """A reader whose card may be changed between two readings."""

    beneficiaries: tuple[Beneficiary, ...] = (CAMILLE,)
    readings: int = field(default=0)

    def read(self) -> VitaleCard:
        self.readings += 1
        return VitaleCard("Lecteur", "apdu", "T", "0102030405", self.beneficiaries)


@pytest.fixture
def vitale(driver: Driver) -> FakeVitale:
    reader = FakeVitale()
    driver.house.lgc.vitale = reader  # type: ignore[assignment]
    return reader


def search(driver: Driver, patient: str, expected: int = 200, **asked: Any) -> dict[str, Any]:
    asked = {"patient": patient, "professionnel": LOUISE, "source": "vitale"} | asked
    return driver("identity.search_insi", expected, **asked)


def flat(element: etree._Element) -> dict[str, str]:
    """Texts by path below an element."""
    tree = element.getroottree()
    return {
        "/".join(
            etree.QName(e).localname for e in (*reversed(list(leaf.iterancestors())), leaf)
        ).rpartition(f"{etree.QName(element).localname}/")[2]: leaf.text
        for leaf in tree.iter()
        if len(leaf) == 0 and element in leaf.iterancestors()
    }


def test_the_card_of_the_insured(
    driver: Driver, network: respx.MockRouter, vitale: FakeVitale
) -> None:
    route = insi(network, found())
    answer = search(driver, create(driver, prenoms_naissance="CAMILLE"))
    assert answer["insi"]["appels"] == vitale.readings == 1
    assert (answer["patient"]["statut"], answer["patient"]["canal"]) == ("récupérée", "CV")
    sent = etree.fromstring(route.calls[0].request.content)
    assert flat(sent.find(f".//{VIT}RECVITALE")) == {
        "MatriculeIndividu/NumIdentifiant": "2850733063042",
        "MatriculeOD/NumIdentifiant": "2850733063042",
        "NomNaissance": "TESTAVRIL",
        "DateNaissance": "1985-07-12",
        "RangNaissance": "1",
    }
    assert flat(sent.find(f".//{BAM}COUVERTURE")) == {
        "GrandRegime": "01",
        "Organisme": "331",
        "CodeCentre": "0000",
        "ASSURE/Id/Num": "2850733063042",
        "ASSURE/Id/Cle": "08",
        "BENEFICIAIRE/Nir/Num": "2850733063042",
        "BENEFICIAIRE/Nir/Cle": "08",
        "BENEFICIAIRE/DateNai": "1985-07-12",
        "BENEFICIAIRE/Rang": "1",
    }
    action = sent.findtext(".//{http://www.w3.org/2005/08/addressing}Action")
    assert action == "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale"
    assert f'action="{action}"' in route.calls[0].request.headers["Content-Type"]


def test_a_lunar_date_and_no_certified_nir_are_sent_as_on_the_card(
    driver: Driver, network: respx.MockRouter, vitale: FakeVitale
) -> None:
    vitale.beneficiaries = (CAMILLE, LUNAR_TWIN)
    route = insi(network, not_found())
    patient = create(driver)
    before = driver("patient.read", patient=patient)["patient"]["traits"]
    answer = search(driver, patient, beneficiaire=2)
    sent = etree.fromstring(route.calls[0].request.content)
    assert flat(sent.find(f".//{VIT}RECVITALE")) == {
        "MatriculeOD/NumIdentifiant": "2850733063042",
        "DateNaissance": "1985-13-45",
        "RangNaissance": "2",
    }
    assert sent.find(f".//{BAM}Nir") is None
    # What the card says never becomes a trait (N25).
    assert answer["patient"]["traits"] == before


def test_the_user_chooses_among_beneficiaries_and_the_card_is_read_again(
    driver: Driver, network: respx.MockRouter, vitale: FakeVitale
) -> None:
    vitale.beneficiaries = (CAMILLE, LUNAR_TWIN)
    route = insi(network, found())
    patient = create(driver)
    assert search(driver, patient, 409)["erreur"]["code"] == "BENEFICIAIRE_A_CHOISIR"
    assert route.call_count == 0
    assert search(driver, patient, 400, beneficiaire=3)["erreur"]["code"] == "BENEFICIAIRE_INCONNU"
    search(driver, patient, beneficiaire=1)
    assert (vitale.readings, route.call_count) == (3, 1)


def test_the_card_of_somebody_else_is_seen(
    driver: Driver, network: respx.MockRouter, vitale: FakeVitale
) -> None:
    insi(network, found())
    answer = search(driver, create(driver, prenoms_naissance="HUGO", sexe="M"))
    assert answer["insi"]["ecarts"] == ["prenoms_naissance", "sexe"]
    assert (answer["patient"]["statut"], answer["patient"]["ins"]) == ("provisoire", None)


def test_an_unreliable_identity_reads_no_card(driver: Driver, vitale: FakeVitale) -> None:
    patient = create(driver)
    driver("identity.set_attribute", patient=patient, attribut="fictive", present=True)
    assert search(driver, patient, 409)["erreur"]["code"] == "IDENTITE_NON_FIABLE"
    assert vitale.readings == 0


def test_the_log_names_the_operation(
    driver: Driver, network: respx.MockRouter, vitale: FakeVitale
) -> None:
    insi(network, found())
    patient = create(driver)
    search(driver, patient)
    call = driver("identity.log", patient=patient)["appels"][0]
    assert call["operation"] == "rechercherInsAvecCarteVitale"
