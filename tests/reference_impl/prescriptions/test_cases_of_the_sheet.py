"""Negative cases of the sheet (e-prescription §15) that a product lives through, on both wires."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reference_impl.cards.errors import CardAbsentError
from reference_impl.clock import SystemClock
from reference_impl.people import Traits
from reference_impl.wiring import build
from rules.formats.ordonnance_page import PrintedOrdonnance
from simulators.platform import Platform
from simulators.testing import running
from tests.reference_impl.house import CAMILLE
from tests.reference_impl.prescriptions.cabinet import ALD, DRUG, Cabinet, cabinet

WARNED = {**DRUG, "cis": "60000012"}
NARCOTIC = {**DRUG, "cis": "60000003", "dureeJours": 28, "posologieTexte": "une gélule par jour"}
TSO = {**NARCOTIC, "cis": "60000004"}


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("psc", "cards", "prescription")) as started:
        yield started


@pytest.fixture(scope="module", params=["rest", "soap"])
def office(
    request: pytest.FixtureRequest, platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cabinet]:
    with cabinet(platform, tmp_path_factory.mktemp("lgc"), wire=request.param) as made:
        yield made


@pytest.fixture(autouse=True)
def _fresh(office: Cabinet) -> None:
    office.new()
    office.platform.kernel.faults.clear()


def validated(office: Cabinet, ordonnance: str) -> str:
    return office.refused(
        "prescription.validate", ordonnance=ordonnance, professionnel=office.louise
    )


def printed(office: Cabinet, ordonnance: str) -> PrintedOrdonnance:
    answer = office("prescription.print", ordonnance=ordonnance)
    page = PrintedOrdonnance.of_pdf(base64.b64decode(answer["document"]["contenu"]))
    assert page is not None
    return page


@pytest.fixture
def without_card(office: Cabinet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cabinet]:
    """A user known by Pro Santé Connect alone."""

    def absent(_professional: object) -> None:
        raise CardAbsentError("Insérez votre carte.")

    monkeypatch.setattr(office.lgc.cards, "signer", absent)
    louise = office.environment.professionals[0]
    office.lgc.sessions.open(louise)
    yield office
    office.lgc.sessions.close(louise)


def test_n01_the_new_number_is_the_one_printed_and_the_old_paper_is_void(office: Cabinet) -> None:
    office.fault("numero-deja-utilise", "EP4")
    told = office.recorded()
    (void,) = told["numeros_annules"]
    assert any(void in alert and "Détruisez" in alert for alert in told["alertes"])
    page = printed(office, told["id"])
    assert page.printed_number == told["numero"] != void
    assert [code.number for code in page.codes] == [told["numero"]]


def test_n04_a_service_too_slow_is_given_up_within_the_delay_of_the_settings(
    office: Cabinet,
) -> None:
    wire = office.environment.ordonnance.wire
    office.restart(timeout=0.2, wire=wire)
    office.fault("muet", "EP4", times=None)
    told = office.do("validate", office.draft())
    office.restart()
    assert (told["etat"], told["numero"]) == ("sans code", None)
    assert any("peut-être" in alert for alert in told["alertes"])


def test_n04_a_slow_answer_is_awaited(office: Cabinet) -> None:
    office.fault("lent", "EP4", delay=0.3)
    office.recorded()
    assert [e.operation for e in office.new()] == ["EP4"]


def test_n08_two_pharmacies_are_shown_in_order(office: Cabinet) -> None:
    told = office.recorded()
    office.fault("deux-pharmacies", "EP3")
    seen = office.consult(told["numero"])["suivi"]
    partly, wholly = seen["delivrees"]
    assert "délivrée en partie" in partly
    assert "délivrée le" in wholly
    assert seen["ecran"].count("Exécutant : ") == 2


def test_n10_a_token_refused_is_renewed_once(without_card: Cabinet) -> None:
    without_card.fault("assertion-refusee", "EP4")
    without_card.recorded()
    calls = [e for e in without_card.new() if e.operation == "EP4"]
    assert [e.error_code for e in calls] == ["EP-P-021", None]
    tokens = [e.request.header("Authorization") for e in calls]
    assert all(token and token.startswith("Bearer ") for token in tokens)
    assert tokens[0] != tokens[1]


def test_n10_refused_again_the_user_logs_in_and_the_draft_waits(without_card: Cabinet) -> None:
    without_card.fault("assertion-refusee", "EP4", times=2)
    draft = without_card.draft()
    assert validated(without_card, draft) == "EP-P-021"
    louise = without_card.environment.professionals[0]
    without_card.lgc.sessions.close(louise)
    without_card.lgc.sessions.open(louise)
    assert without_card.do("validate", draft)["etat"] == "enregistrée"


@pytest.mark.parametrize("days", [-1, 1])
def test_n11_a_wrong_clock_is_told_and_corrected(office: Cabinet, days: int) -> None:
    """The service refuses the number (or the assertion) of another day; nothing is recorded."""
    draft = office.draft()
    told = office.lgc.environment
    office.lgc.close()
    office.lgc = build(told, office.data, office.seed, SystemClock(timedelta(days=days)))
    assert validated(office, draft) in ("EP-P-002", "EP-P-021")
    office.restart()
    assert office.do("validate", draft)["etat"] == "enregistrée"


@pytest.mark.parametrize(
    "name", ["D'ARTAGNAN-L'ECUYER", "N" * 100, "DE LA TRES-LONGUE " * 5 + "RUE"]
)
def test_n12_names_leave_as_they_are_written(office: Cabinet, name: str) -> None:
    traits: Traits = replace(CAMILLE, birth_name=name)
    told = office.do("validate", office.draft(office.patient(traits)))
    assert told["etat"] == "enregistrée", told["alertes"]
    assert told["contenu"]["patient"]["nomNaissance"] == name
    assert '"N":"' + name[:90].ljust(90) + '"' in told["code_2d"]


def test_what_no_document_could_say_is_refused_before_it_is_recorded(office: Cabinet) -> None:
    """No channel of identity writes such a name; were it there, nothing must be half done."""
    draft = office.draft(office.patient(replace(CAMILLE, birth_name="L’ÉCUYER")))
    assert validated(office, draft) == "CARACTERE_INTERDIT"
    assert office.new() == []
    (kept,) = [o for o in office("prescription.list")["ordonnances"] if o["id"] == draft]
    assert (kept["etat"], kept["numero"]) == ("brouillon", None)


def test_n14_what_is_no_longer_sold_is_warned_about_and_prescribed(office: Cabinet) -> None:
    draft = office.draft(None, WARNED)
    told = office.do("validate", draft)
    assert told["etat"] == "enregistrée"
    (alert,) = told["alertes"]
    assert "Tension d’approvisionnement" in alert
    office.change(cis_retires=["60000012"])
    seen = office.consult(told["numero"])
    office.change(cis_retires=[])
    assert any("60000012" in alert for alert in seen["alertes"])


def test_n15_more_answers_than_are_read_is_told(
    office: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reference_impl.prescriptions.client.MOST_PAGES", 2)
    office.fault("recherche-200", "EP2", times=None)
    found = office("prescription.search", professionnel=office.louise)
    assert len(found["ordonnances"]) == 100
    assert found["alertes"] == [
        "200 ordonnances répondent : les 100 premières sont montrées, précisez."
    ]
    office.platform.kernel.faults.clear()
    office.fault("recherche-vide", "EP2")
    none = office("prescription.search", professionnel=office.louise)
    assert none == {"ordonnances": [], "alertes": []}


def test_outside_a_record_a_patient_is_searched_by_name_and_date(office: Cabinet) -> None:
    traits = replace(CAMILLE, birth_name="TESTJUIN", birth_date="1990-01-02")
    told = office.do("validate", office.draft(office.patient(traits)))
    asked = {"professionnel": office.louise, "nom_naissance": "TESTJUIN", "type": "PRODUITS_SANTE"}
    found = office("prescription.search", date_naissance="1990-01-02", **asked)["ordonnances"]
    assert told["numero"] in [o["numero"] for o in found]
    assert {o["patient"]["nom_naissance"] for o in found} == {"TESTJUIN"}
    other = office("prescription.search", date_naissance="1991-01-02", **asked)["ordonnances"]
    assert other == []


def test_the_screen_strikes_what_a_pharmacy_changed(office: Cabinet) -> None:
    told = office.recorded(DRUG, ALD)
    office.execute(told["numero"], "modifie")
    shown = office.consult(told["numero"])["suivi"]["ecran"].splitlines()
    assert f"   ~~{DRUG['posologieTexte']}~~" in shown
    assert f"   {ALD['posologieTexte']}" in shown
    assert "   MODIFICATION Ligne 1 : modifiée" in shown
    assert any(line.startswith("   Motif code(") for line in shown)
    office.change(consentements={told["numero"]: False})
    refused = office.consult(told["numero"])["suivi"]["ecran"]
    assert "MODIFICATION" not in refused
    assert "s’oppose" in refused


def test_traces_that_cannot_be_sent_wait_and_the_gesture_is_done(office: Cabinet) -> None:
    office.restart(send_traces=True)
    office.fault("couper", "traces", times=None)
    told = office.recorded()
    office.platform.kernel.faults.clear()
    office.consult(told["numero"])
    mine = [t for t in office("prescription.traces")["traces"]
            if t.get("idPrescription") == told["numero"]]  # fmt: skip
    assert [(t["action"], t["codeRetour"]) for t in mine] == [("EP4", "OK"), ("EP3", "OK")]
    assert {"horodatage", "dureeMs", "versionLPS"} <= set(mine[0])
    with office.platform.kernel.unit() as unit:
        received = office.platform.services["prescription"].state(unit)["traces"]
    assert [t["action"] for t in received if t.get("idPrescription") == told["numero"]] == [
        "EP4",
        "EP3",
    ]
    office.restart(traces=False)
    before = len(office("prescription.traces")["traces"])
    office.recorded()
    assert len(office("prescription.traces")["traces"]) == before
    office.restart()


def test_the_base_not_the_caller_makes_an_ordonnance_secure(office: Cabinet) -> None:
    told = office.recorded(NARCOTIC)
    assert (told["contenu"]["flags"], told["contenu"]["sousType"]) == (["MED-1098"], "SEC")
    assert told["contenu"]["lignes"][0]["stupefiant"] is True
    asked = {"patient": office.patient(), "professionnel": office.louise, "lignes": [TSO]}
    assert office.refused("prescription.create", **asked) == "EXECUTANT_ABSENT"
    named = {"structure": "PHARMACIE DES ESSAIS", "finess": "330999012"}
    told = office.recorded(TSO, executant_designe=named)
    assert told["contenu"]["executantDesigne"] == named
    assert office.findings() == []


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({"eprescType": "acteBiologieMedicale", "libelle": "Hémogramme"}, "BIOLOGIE"),
        ({"eprescType": "acteInfirmier", "libelle": "Pansement quotidien"}, "INFIRMIER"),
        ({"eprescType": "acteKinesitherapie", "libelle": "Rééducation"}, "KINESITHERAPIE"),
        ({"eprescType": "actePedicurie", "libelle": "Soins de pédicurie"}, "PEDICURIE"),
        ({"eprescType": "acteOrthophonie", "libelle": "Bilan"}, "ORTHOPHONIE"),
        ({"eprescType": "acteOrthoptie", "libelle": "Bilan"}, "ORTHOPTIE"),
        ({"eprescType": "dispositifMedical", "libelle": "PANSEMENT 5X7"}, "PRODUITS_SANTE"),
        ({"preparationMagistrale": True, "libelle": "Vaseline 30 g", "posologieTexte": "2 par jour",
          "quantite": 1}, "PRODUITS_SANTE"),
        ({**DRUG, "cis": None, "dci": "paracétamol 500 mg"}, "PRODUITS_SANTE"),
        ({**DRUG, "cis": None, "cip13": "3393351"}, "PRODUITS_SANTE"),
    ],
)  # fmt: skip
def test_each_kind_of_line_leaves_without_finding(
    office: Cabinet, line: dict[str, Any], kind: str
) -> None:
    told = office.recorded(line)
    assert told["contenu"]["type"] == kind
    assert office.findings() == []
    seen = office.consult(told["numero"])
    assert seen["contenu"]["lignes"] == told["contenu"]["lignes"]
