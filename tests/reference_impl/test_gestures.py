"""The driver contract, gesture by gesture, over fake services."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import respx

from reference_impl.app import ACTIONS
from reference_impl.errors import UnavailableError
from reference_impl.people import Ins, Status
from reference_impl.ports import DmpStatus
from tests.reference_impl.driver import Driver, create, insi
from tests.reference_impl.house import CAMILLE_INS, CAMILLE_JSON, LOUISE
from tests.reference_impl.insi.messages import fault, found, not_found
from tests.reference_impl.provider import Provider

HUGO = "hugo.testcardio@cardio.banc.mssante.fr"
CAMILLE_MES = "285073306304208@patient.mssante.fr"
CONTRACTS = Path(__file__).parents[2] / "docs" / "contracts.md"


def test_every_action_of_the_contract_is_there_and_described(driver: Driver) -> None:
    written = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", CONTRACTS.read_text(), re.MULTILINE))
    assert len(written) >= 18
    assert set(ACTIONS) == written
    described = driver.http.get("/openapi.json").json()
    assert set(described["paths"]) == {f"/actions/{name}" for name in written}
    schemas = described["components"]["schemas"]
    references = set(re.findall(r"#/components/schemas/(\w+)", str(described)))
    assert references <= set(schemas)


def test_health(driver: Driver) -> None:
    assert driver.http.get("/health").json()["etat"] == "ok"


@pytest.mark.parametrize(
    ("parameters", "field", "words"),
    [
        ({}, "patient", "obligatoire"),
        ({"patient": "p1", "autre": 1}, "autre", "inconnu"),
        ({"patient": 1}, "patient", "forme"),
    ],
)
def test_wrong_parameters_are_explained_in_french(
    driver: Driver, parameters: dict[str, Any], field: str, words: str
) -> None:
    error = driver("patient.read", 400, **parameters)["erreur"]
    assert error["champ"] == field
    assert words in error["message"]


def test_errors_of_http(driver: Driver) -> None:
    assert driver.code("vsm.produce", 501) == "ACTION_INCONNUE"
    assert driver.http.get("/actions/a1").status_code == 404
    assert driver.http.get("/ailleurs").json()["erreur"]["code"] == "ADRESSE_INCONNUE"
    broken = driver.http.post("/actions/patient.read", b"{")
    assert broken.status_code == 400
    assert "JSON" in broken.json()["erreur"]["message"]


def test_a_defect_of_ours_shows_no_traceback(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver.house.lgc.outbox, "all", lambda: 1 / 0)
    answer = driver.http.post("/actions/outbox.read", b"{}")
    assert answer.status_code == 500
    assert answer.json()["erreur"]["code"] == "ERREUR_INTERNE"


def test_a_patient_is_provisoire_and_written_as_rniv_wants(driver: Driver) -> None:
    created = driver(
        "patient.create",
        traits=CAMILLE_JSON | {"nom_naissance": "Testavril", "lieu_naissance": None},
    )["patient"]
    assert created["statut"] == "provisoire"
    assert created["ins"] is None
    assert created["attributs"] == []
    assert created["traits"]["nom_naissance"] == "TESTAVRIL"
    assert created["traits"]["prenom_utilise"] is None
    assert driver("patient.read", patient=created["id"])["patient"] == created


def test_a_trait_that_cannot_be_sent_is_refused(driver: Driver) -> None:
    answer = driver("patient.create", 400, traits=CAMILLE_JSON | {"nom_naissance": "D’ARTAGNAN"})
    assert answer["erreur"]["champ"] == "traits.nom_naissance"


def test_search_then_evidence_qualifies(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver, prenoms_naissance="CAMILLE")
    insi(network, found())
    answer = driver(
        "identity.search_insi", patient=patient, voie="organisation", professionnel=LOUISE
    )
    assert answer["insi"] == {
        "code": "00",
        "libelle": "OK",
        "appels": 1,
        "ecarts": [],
        "propose": None,
    }
    assert answer["patient"]["statut"] == "récupérée"
    assert answer["patient"]["traits"]["prenoms_naissance"] == "CAMILLE ANNE"
    assert answer["patient"]["traits"]["nom_utilise"] == "TESTMAI"
    assert answer["patient"]["ins"] == {
        "matricule": "2850733063042",
        "cle": "08",
        "oid": "1.2.250.1.213.1.4.8",
        "nature": "NIR",
    }
    low = driver("identity.record_evidence", patient=patient, justificatif="PC")
    assert low["patient"]["statut"] == "récupérée"
    high = driver("identity.record_evidence", patient=patient, justificatif="CN")
    assert high["patient"]["statut"] == "qualifiée"


def test_evidence_then_search_qualifies_when_equal(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    valid = driver("identity.record_evidence", patient=patient, justificatif="PA")
    assert valid["patient"]["statut"] == "validée"
    assert valid["patient"]["ins"] is None
    insi(network, found())
    answer = driver("identity.search_insi", patient=patient, professionnel=LOUISE)
    assert answer["patient"]["statut"] == "qualifiée"


def test_evidence_then_search_with_other_traits_stays_validated(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    driver("identity.record_evidence", patient=patient, justificatif="PA")
    insi(network, found(names="CAMILLE ANNE ZOE"))
    answer = driver("identity.search_insi", patient=patient, professionnel=LOUISE)
    assert answer["patient"]["statut"] == "validée"
    assert answer["patient"]["ins"] is None
    assert answer["insi"]["ecarts"] == ["prenoms_naissance"]


def test_an_answer_about_someone_else_is_not_taken(
    driver: Driver, network: respx.MockRouter
) -> None:
    patient = create(driver)
    insi(network, found(place="75056"))
    answer = driver("identity.search_insi", patient=patient, professionnel=LOUISE)
    assert (answer["patient"]["statut"], answer["patient"]["ins"]) == ("provisoire", None)
    assert answer["insi"]["ecarts"] == ["lieu_naissance"]


def test_one_ins_is_never_given_to_two_files(driver: Driver, network: respx.MockRouter) -> None:
    driver.house.patient()
    patient = create(driver)
    insi(network, found())
    assert (
        driver.code("identity.search_insi", patient=patient, professionnel=LOUISE)
        == "INS_DEJA_ATTRIBUEE"
    )
    assert driver("patient.read", patient=patient)["patient"]["statut"] == "provisoire"


def test_calls_are_traced(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver)
    insi(network, not_found(), not_found(), not_found())
    answer = driver("identity.search_insi", patient=patient, professionnel=LOUISE)
    assert answer["insi"]["code"] == "01"
    assert answer["insi"]["appels"] == 3
    calls = driver.house.lgc.insi_log.of(patient)
    assert [call["code"] for call in calls] == ["01"] * 3
    assert {call["professionnel"] for call in calls} == {LOUISE}
    assert all(call["message_id"].startswith("uuid:") for call in calls)


def test_a_fault_changes_nothing_and_is_said(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver)
    insi(network, fault("desir_550", "siram_100"))
    answer = driver("identity.search_insi", patient=patient, professionnel=LOUISE)
    assert answer["insi"]["code"] == "desir_550"
    assert answer["patient"]["statut"] == "provisoire"


def test_a_nia_becomes_a_nir_and_stays_in_the_history(
    driver: Driver, network: respx.MockRouter
) -> None:
    nia = Ins("1090799350412", "04", "1.2.250.1.213.1.4.9")
    patient = driver.house.patient(ins=nia)
    insi(network, found())
    driver("identity.search_insi", patient=patient.id, professionnel=LOUISE)
    kept = driver.house.lgc.records.patient(patient.id)
    assert kept.ins == CAMILLE_INS
    assert [past.ins for past in kept.history] == [nia]


@pytest.mark.parametrize("attribute", ["douteuse", "fictive"])
def test_an_unreliable_identity_makes_no_call(
    driver: Driver, network: respx.MockRouter, attribute: str
) -> None:
    route = insi(network, found())
    patient = driver.house.patient().id
    marked = driver("identity.set_attribute", patient=patient, attribut=attribute, present=True)
    assert marked["patient"]["statut"] == "provisoire"
    assert marked["patient"]["ins"] is None
    assert marked["patient"]["attributs"] == [attribute]
    asked = {"patient": patient, "professionnel": LOUISE}
    assert driver.code("identity.search_insi", **asked) == "IDENTITE_NON_FIABLE"
    assert driver.code("dmp.access", **asked) == "IDENTITE_NON_FIABLE"
    evidence = driver.code("identity.record_evidence", patient=patient, justificatif="CN")
    assert evidence == "IDENTITE_NON_FIABLE"
    assert route.calls.call_count == 0
    assert driver.house.dmp.calls == []
    lifted = driver("identity.set_attribute", patient=patient, attribut=attribute, present=False)
    assert lifted["patient"]["attributs"] == []


def test_an_unknown_sex_is_not_searched(driver: Driver, network: respx.MockRouter) -> None:
    patient = create(driver, sexe="I")
    asked = {"patient": patient, "professionnel": LOUISE}
    assert driver.code("identity.search_insi", **asked) == "SEXE_INDETERMINE"


def test_a_document_carries_the_ins_of_a_qualified_identity_only(driver: Driver) -> None:
    contents = {}
    for status in Status:
        document, _ = driver.document(status)
        contents[status] = driver.house.lgc.records.document(document).document.content
    assert CAMILLE_INS.value.encode() in contents.pop(Status.QUALIFIED)
    assert all(content.endswith(b"sans INS") for content in contents.values())


@pytest.mark.parametrize("empty", ["titre", "texte", "type"])
def test_an_empty_document_is_refused(driver: Driver, empty: str) -> None:
    patient = driver.house.patient().id
    asked = {"type": "11488-4", "titre": "Lettre", "texte": "Bonjour"} | {empty: " "}
    answer = driver("document.write", 400, patient=patient, professionnel=LOUISE, **asked)
    assert answer["erreur"]["champ"] == empty


def test_a_deposit_and_its_reading_back(driver: Driver) -> None:
    document, patient = driver.document()
    answer = driver("dmp.deposit", document=document, professionnel=LOUISE)
    sent = answer["envoi"]
    assert (sent["genre"], sent["etat"], sent["tentatives"]) == ("dmp", "envoyé", 1)
    assert sent["erreur"] is None
    assert driver.house.dmp.calls == ["existence", "deposit"]
    who = {"patient": patient, "professionnel": LOUISE}
    listed = driver("dmp.search", **who)["documents"]
    assert [d["identifiant_unique"] for d in listed] == [sent["identifiant_unique"]]
    read = driver("dmp.read", **who, identifiant_unique=sent["identifiant_unique"])["document"]
    assert base64.b64decode(read["contenu"]) == b"<ClinicalDocument/>"
    assert (
        driver.code("dmp.read", 404, **who, identifiant_unique="1.2.3") == "DOCUMENT_ABSENT_DU_DMP"
    )


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.QUALIFIED])
def test_no_deposit_unless_qualified(driver: Driver, status: Status) -> None:
    document, _ = driver.document(status)
    asked = {"document": document, "professionnel": LOUISE}
    assert driver.code("dmp.deposit", **asked) == "IDENTITE_NON_QUALIFIEE"
    assert driver.house.dmp.calls == []
    assert driver("outbox.read")["envois"] == []


def test_a_nia_has_no_dmp(driver: Driver) -> None:
    document, patient = driver.document(ins=Ins("1090799350412", "04", "1.2.250.1.213.1.4.9"))
    assert driver.code("dmp.deposit", document=document, professionnel=LOUISE) == "NIA_SANS_DMP"
    assert driver.code("dmp.access", patient=patient, professionnel=LOUISE) == "NIA_SANS_DMP"
    assert driver.house.dmp.calls == []


@pytest.mark.parametrize(("state", "code"), [("absent", "DMP_ABSENT"), ("fermé", "DMP_FERME")])
def test_no_deposit_in_a_record_absent_or_closed(driver: Driver, state: Any, code: str) -> None:
    driver.house.dmp.status = DmpStatus(state)
    document, patient = driver.document()
    assert driver.code("dmp.deposit", document=document, professionnel=LOUISE) == code
    assert driver.house.dmp.calls == ["existence"]
    access = driver("dmp.access", patient=patient, professionnel=LOUISE)
    assert access["dmp"] == {"etat": state, "autorisation": None}


def test_the_same_document_is_not_deposited_twice(driver: Driver) -> None:
    document, _ = driver.document()
    asked = {"document": document, "professionnel": LOUISE}
    driver("dmp.deposit", **asked)
    assert driver.code("dmp.deposit", **asked) == "DOCUMENT_DEJA_DEPOSE"
    assert len(driver.house.dmp.registered) == 1


def test_asking_again_for_a_deposit_that_waits_tries_the_same_one(driver: Driver) -> None:
    document, _ = driver.document()
    asked = {"document": document, "professionnel": LOUISE}
    left = [1]

    def once(place: str) -> None:
        if place == "avant deposit" and left.pop():
            left.append(0)
            raise UnavailableError("HTTP_503", "plus tard")

    driver.house.dmp.hook = once
    first = driver("dmp.deposit", **asked)["envoi"]
    assert (first["etat"], first["erreur"]["code"]) == ("à envoyer", "HTTP_503")
    second = driver("dmp.deposit", **asked)["envoi"]
    assert (second["id"], second["etat"], second["tentatives"]) == (first["id"], "envoyé", 2)


def test_two_masks_together_are_refused(driver: Driver) -> None:
    document, _ = driver.document()
    masks = {"masque_ps": True, "invisible_patient": True}
    asked = {"document": document, "professionnel": LOUISE, "visibilite": masks}
    assert driver.code("dmp.deposit", **asked) == "VISIBILITE_INTERDITE"
    asked["visibilite"] = {"masque_ps": True, "invisible_representants": True}
    assert driver("dmp.deposit", **asked)["envoi"]["etat"] == "envoyé"


def test_consulting_needs_an_authorisation_and_asking_twice_changes_nothing(driver: Driver) -> None:
    driver.house.dmp.status = DmpStatus("actif", "NON_EXISTE")
    who = {"patient": driver.house.patient().id, "professionnel": LOUISE}
    assert driver.code("dmp.search", **who) == "AUTORISATION_ABSENTE"
    added = driver("dmp.authorize", **who, action="AJOUT")["dmp"]
    assert added == {"etat": "actif", "autorisation": "VALIDE"}
    driver("dmp.authorize", **who, action="AJOUT")
    assert driver.house.dmp.calls.count("authorize") == 1
    assert driver("dmp.search", **who)["documents"] == []
    driver("dmp.authorize", **who, action="SUPPRESSION")
    assert driver.code("dmp.search", **who) == "AUTORISATION_ABSENTE"


def test_a_blocked_professional_never_enters(driver: Driver) -> None:
    driver.house.dmp.status = DmpStatus("actif", "INTERDIT")
    who = {"patient": driver.house.patient().id, "professionnel": LOUISE}
    assert driver.code("dmp.search", **who) == "ACCES_BLOQUE"
    assert driver.code("dmp.authorize", **who, action="AJOUT") == "ACCES_BLOQUE"
    assert "authorize" not in driver.house.dmp.calls


def test_a_mail_to_a_professional(driver: Driver, session: Provider) -> None:
    document, _ = driver.document()
    answer = driver("mss.send", documents=[document], professionnel=LOUISE, destinataires=[HUGO])
    mail = driver.house.mailer.accepted[0]
    assert answer["envoi"]["etat"] == "envoyé"
    assert answer["envoi"]["message_id"] == mail.message_id
    assert mail.recipients == (HUGO,)
    assert mail.patient is not None
    assert (mail.patient.qualified, mail.to_patient) == (True, False)
    inbox = driver("mss.read_inbox", professionnel=LOUISE)["messages"]
    assert inbox == [{"objet": "Objet", "de": "de@x", "message_id": mail.message_id}]


def test_a_mail_to_a_patient_goes_to_the_address_of_the_ins(
    driver: Driver, session: Provider
) -> None:
    document, _ = driver.document()
    driver(
        "mss.send",
        documents=[document],
        professionnel=LOUISE,
        usager=True,
        fin_de_conversation=True,
    )
    mail = driver.house.mailer.accepted[0]
    assert mail.recipients == (CAMILLE_MES,)
    assert (mail.to_patient, mail.end_of_conversation) == (True, True)


@pytest.mark.parametrize("asked", [{"usager": True}, {"destinataires": [CAMILLE_MES]}])
@pytest.mark.parametrize("status", [s for s in Status if s is not Status.QUALIFIED])
def test_no_mail_to_a_patient_unless_qualified(
    driver: Driver, session: Provider, status: Status, asked: dict[str, Any]
) -> None:
    document, _ = driver.document(status)
    code = driver.code("mss.send", documents=[document], professionnel=LOUISE, **asked)
    assert code == "IDENTITE_NON_QUALIFIEE"
    assert driver.house.mailer.accepted == []


def test_a_mail_about_a_retrieved_identity_leaves_without_its_ins(
    driver: Driver, session: Provider
) -> None:
    document, _ = driver.document(Status.RETRIEVED)
    driver("mss.send", documents=[document], professionnel=LOUISE, destinataires=[HUGO])
    mail = driver.house.mailer.accepted[0]
    assert mail.patient is not None
    assert not mail.patient.qualified
    assert b"sans INS" in mail.documents[0].content


def test_wrong_recipients_are_refused(driver: Driver, session: Provider) -> None:
    document, _ = driver.document()
    base = {"documents": [document], "professionnel": LOUISE}
    assert driver.code("mss.send", 400, **base) == "DESTINATAIRE_ABSENT"
    mixed = {"destinataires": [HUGO, CAMILLE_MES]}
    assert driver.code("mss.send", 400, **base, **mixed) == "DESTINATAIRES_MELANGES"
    other, _ = driver.document()
    two = base | {"documents": [document, other], "destinataires": [HUGO]}
    assert driver.code("mss.send", 400, **two) == "PLUSIEURS_PATIENTS"


def test_no_mail_without_a_session(driver: Driver) -> None:
    document, _ = driver.document()
    asked = {"documents": [document], "professionnel": LOUISE, "destinataires": [HUGO]}
    assert driver.code("mss.send", **asked) == "SESSION_FERMEE"
    assert driver("outbox.read")["envois"] == []


def test_a_document_written_before_qualification_is_written_again_before_it_leaves(
    driver: Driver,
) -> None:
    patient = create(driver)
    document = driver.write(patient)
    lgc = driver.house.lgc
    qualified = driver.house.patient()
    lgc.records.save(
        lgc.records.patient(patient),
        type(qualified)(patient, qualified.traits, Status.QUALIFIED, CAMILLE_INS),
        "essai",
    )
    driver("dmp.deposit", document=document, professionnel=LOUISE)
    assert CAMILLE_INS.value.encode() in lgc.records.document(document).document.content


def test_a_document_that_left_without_ins_is_not_changed(driver: Driver, session: Provider) -> None:
    document, patient_id = driver.document(Status.RETRIEVED)
    asked = {"professionnel": LOUISE}
    driver("mss.send", documents=[document], destinataires=[HUGO], **asked)
    driver("identity.record_evidence", patient=patient_id, justificatif="CN")
    assert driver.code("dmp.deposit", document=document, **asked) == "DOCUMENT_DEJA_DIFFUSE"
    assert driver.house.dmp.registered == []


def test_sessions_open_and_close(driver: Driver, session: Provider) -> None:
    opened = driver("session.open", professionnel=LOUISE)["session"]
    assert opened["professionnel"] == LOUISE
    assert opened["ouverte_le"].startswith("2026-03-12")
    assert driver("session.close", professionnel=LOUISE)["session"]["fermee_le"]
    assert driver.code("session.close", professionnel=LOUISE) == "SESSION_FERMEE"
    assert driver.code("session.open", 404, professionnel="899") == "PROFESSIONNEL_INCONNU"


def test_the_dashboard_counts_what_was_acknowledged(driver: Driver, session: Provider) -> None:
    first, _ = driver.document()
    second, _ = driver.document()
    third, _ = driver.document(Status.RETRIEVED)
    own = driver.house.environment.professionals[0].mailbox
    sent = {"professionnel": LOUISE, "destinataires": [HUGO]}
    driver("dmp.deposit", document=first, professionnel=LOUISE)
    driver("mss.send", documents=[first], **sent)
    driver("mss.send", documents=[first], **sent)
    driver("mss.send", documents=[third], **sent)
    driver("mss.send", documents=[second], professionnel=LOUISE, destinataires=[own])
    driver("mss.send", documents=[second], professionnel=LOUISE, usager=True)
    counters = driver("dashboard.read", professionnel=LOUISE)["compteurs"]
    assert counters == {"dmp": 1, "mss_pro": 1, "mss_citoyenne": 1}


def test_what_waits_does_not_count_until_it_is_acknowledged(driver: Driver) -> None:
    document, _ = driver.document()

    def down(place: str) -> None:
        raise UnavailableError("HTTP_503", "plus tard")

    driver.house.dmp.hook = down
    driver("dmp.deposit", document=document, professionnel=LOUISE)
    assert driver("dashboard.read", professionnel=LOUISE)["compteurs"]["dmp"] == 0
    driver.house.dmp.hook = lambda _place: None
    assert [e["etat"] for e in driver("outbox.flush")["envois"]] == ["envoyé"]
    assert driver("dashboard.read", professionnel=LOUISE)["compteurs"]["dmp"] == 1


def test_a_restart_keeps_records_documents_and_outbox(driver: Driver) -> None:
    document, patient = driver.document()
    driver("dmp.deposit", document=document, professionnel=LOUISE)
    before = driver("outbox.read"), driver("patient.read", patient=patient)
    driver.house.reopen()
    again = Driver(driver.house)
    assert (again("outbox.read"), again("patient.read", patient=patient)) == before
    asked = {"document": document, "professionnel": LOUISE}
    assert again.code("dmp.deposit", **asked) == "DOCUMENT_DEJA_DEPOSE"
