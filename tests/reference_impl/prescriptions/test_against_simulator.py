"""The LGC and the simulator of the ordonnance numérique, which know nothing of each other.

On each wire a conformant ordonnance raises no finding, and outages, lost answers
and numbers already used are lived through without a second creation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reference_impl.people import Status
from reference_impl.prescriptions.records import Kept
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_wire import read_request
from simulators.platform import Platform
from simulators.testing import running
from tests.reference_impl.house import CAMILLE_INS
from tests.reference_impl.prescriptions.cabinet import ALD, DRUG, Cabinet, cabinet


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


def registered(office: Cabinet) -> list[tuple[str, str | None]]:
    """The EP4 that left, with their numbers, and how each ended."""
    calls = [(e, read_request(e.request)) for e in office.new() if e.operation == "EP4"]
    return [(call.number or "", e.error_code) for e, call in calls if call is not None]


def test_an_ordonnance_is_registered_without_finding(office: Cabinet) -> None:
    told = office.recorded(DRUG, ALD)
    assert told["contenu"]["flags"] == ["MED-1096"]
    assert told["contenu"]["sousType"] == "BZN"
    assert f'"ID":"{told["numero"]}"' in told["code_2d"]
    assert told["contenu"]["patient"]["ins"]["matricule"] == CAMILLE_INS.value
    sent = Ordonnance.parse(told["contenu"])
    assert [line.cip13 for line in sent.lines] == ["3400933516390", "3400960000015"]
    assert office.findings() == []


def test_the_user_of_an_open_session_is_known_by_it_where_no_card_signs(office: Cabinet) -> None:
    office.lgc.sessions.open(office.environment.professionals[0])
    office.recorded()
    (call,) = [e for e in office.new() if e.operation == "EP4"]
    token = call.request.header("Authorization") or ""
    assert token.startswith("Bearer ") is (office.environment.ordonnance.wire == "rest")
    office.lgc.sessions.close(office.environment.professionals[0])


def test_an_identity_not_qualified_leaves_without_ins(office: Cabinet) -> None:
    told = office.do("validate", office.draft(office.patient(status=Status.RETRIEVED)))
    assert told["etat"] == "enregistrée"
    assert "ins" not in told["contenu"]["patient"]
    assert any("pas qualifiée" in alert for alert in told["alertes"])
    assert office.findings() == []


def test_a_lost_answer_is_asked_again_under_the_same_number(office: Cabinet) -> None:
    office.fault("couper-apres-traitement", "EP4")
    told = office.recorded()
    sent = registered(office)
    assert [number for number, _ in sent] == [told["numero"]] * 2


def test_a_number_of_someone_else_is_given_up(office: Cabinet) -> None:
    office.fault("numero-deja-utilise", "EP4")
    told = office.recorded()
    (first, refused), (second, accepted) = registered(office)
    assert (refused, accepted) == ("EP-P-001", None)
    assert told["numeros_annules"] == [first]
    assert told["numero"] == second != first
    assert any("Détruisez" in alert for alert in told["alertes"])


@pytest.mark.parametrize("fault", ["http-503", "faute-technique", "couper", "tls-expire"])
def test_without_service_there_is_no_code(office: Cabinet, fault: str) -> None:
    office.fault(fault, None if fault.startswith("tls") else "EP4", times=None)
    told = office.do("validate", office.draft())
    office.platform.kernel.faults.clear()
    assert (told["etat"], told["numero"], told["code_2d"]) == ("sans code", None, None)
    assert "id" not in told["contenu"]
    assert "ne répond pas" in told["alertes"][0]
    doubtful = any("peut-être" in alert for alert in told["alertes"])
    assert doubtful is not fault.startswith("tls")


def test_what_was_handed_over_without_code_is_not_sent_late_by_default(office: Cabinet) -> None:
    office.fault("http-503", "EP4", times=2)
    ordonnance = office.draft()
    assert office.do("validate", ordonnance)["etat"] == "sans code"
    office.lgc.prescriptions.records.save(_published(office, ordonnance))
    asked = {"ordonnance": ordonnance, "professionnel": office.louise}
    assert office.refused("prescription.validate", **asked) == "ENVOI_TARDIF_DESACTIVE"
    wire = office.environment.ordonnance.wire
    office.restart(late=True)
    assert office.do("validate", ordonnance)["etat"] == "enregistrée"
    assert len({number for number, _ in registered(office)}) == 1
    assert office.lgc.environment.ordonnance.wire == wire
    office.restart()


def _published(office: Cabinet, ordonnance: str) -> Kept:
    return replace(office.lgc.prescriptions.records.get(ordonnance), n1="d1")


def test_a_process_killed_before_the_answer_sends_the_same_again(office: Cabinet) -> None:
    ordonnance = office.draft()
    patient = office.lgc.prescriptions.records.get(ordonnance).patient_id
    author = office.environment.professionals[0]
    records = office.lgc.prescriptions.records
    original = office.lgc.prescriptions.client.record

    class Killed(BaseException):
        pass

    def killed(*told: Any) -> None:
        original(*told)
        raise Killed

    office.lgc.prescriptions.client.record = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        office.lgc.prescriptions.validate(
            records.get(ordonnance), office.lgc.records.patient(patient), author
        )
    office.restart()
    told = office.do("validate", ordonnance)
    assert told["etat"] == "enregistrée"
    assert [number for number, _ in registered(office)] == [told["numero"]] * 2


def test_a_refusal_leaves_a_draft_without_number(office: Cabinet) -> None:
    office.fault("assertion-refusee", "EP4", times=2)
    ordonnance = office.draft()
    asked = {"ordonnance": ordonnance, "professionnel": office.louise}
    assert office.refused("prescription.validate", **asked) == "EP-P-021"
    office.platform.kernel.faults.clear()
    assert office.do("validate", ordonnance)["etat"] == "enregistrée"
    numbers = [number for number, _ in registered(office)]
    assert len(set(numbers)) == 2


def test_validating_twice_sends_once(office: Cabinet) -> None:
    ordonnance = office.draft()
    first = office.do("validate", ordonnance)
    again = office.do("validate", ordonnance)
    assert first["numero"] == again["numero"]
    assert len(registered(office)) == 1


def test_executions_are_read_back(office: Cabinet) -> None:
    told = office.recorded(DRUG, ALD)
    office.execute(told["numero"], "tout")
    seen = office.consult(told["numero"])
    assert seen["id"] == told["id"]
    assert seen["contenu"]["lignes"] == told["contenu"]["lignes"]
    assert len(seen["executions"]) == 1
    assert len(seen["suivi"]["delivrees"]) == 2
    assert office.findings() == []


def test_replaced_added_and_suppressed_lines_are_listed(office: Cabinet) -> None:
    told = office.recorded(DRUG, ALD)
    office.fault("executions-melees", "EP3")
    followed = office.consult(told["numero"])["suivi"]
    assert len(followed["remplacees_ou_ajoutees"]) == 2
    (suppressed,) = followed["supprimees"]
    assert "motif code(28) > Traitement non reçu" in suppressed
    assert "sous-motif code(73)" in suppressed


def test_what_nobody_knows_is_shown_as_it_came(office: Cabinet) -> None:
    told = office.recorded()
    office.fault("motif-inconnu", "EP3")
    (sentence,) = office.consult(told["numero"])["suivi"]["modifiees"]
    assert "motif code(97) > libellé inconnu" in sentence
    office.fault("type-ligne-inconnu", "EP3")
    assert "acteDemain" in office.consult(told["numero"])["suivi"]["ecran"]
    office.fault("elements-inconnus", "EP3")
    assert office.consult(told["numero"])["contenu"]["id"] == told["numero"]


def test_an_opposed_patient_is_not_even_asked_about(office: Cabinet) -> None:
    told = office.recorded(consentement=False)
    office.execute(told["numero"], "tout")
    office.new()
    seen = office.consult(told["numero"])
    assert (seen["executions"], seen["suivi"]["delivrees"]) == ([], [])
    assert any("s’oppose" in alert for alert in seen["alertes"])
    (call,) = office.new()
    assert call.error_code is None


def test_an_opposition_of_which_the_lgc_knew_nothing_is_shown(office: Cabinet) -> None:
    told = office.recorded()
    office.execute(told["numero"], "tout")
    office.change(consentements={told["numero"]: False})
    seen = office.consult(told["numero"])
    assert seen["executions"] == []
    assert any("s’oppose" in alert for alert in seen["alertes"])
    assert seen["contenu"]["id"] == told["numero"]


def test_an_ordonnance_nobody_knows(office: Cabinet) -> None:
    asked = {"numero": "04B5BBY113H9WH0035", "professionnel": office.louise}
    assert office.refused("prescription.consult", **asked) == "ORDONNANCE_INCONNUE_DU_SERVICE"


def test_search_in_a_record_and_outside(office: Cabinet) -> None:
    told = office.recorded()
    patient = office.lgc.prescriptions.records.get(told["id"]).patient_id
    for asked in ({}, {"patient": patient}, {"debut": "2020-01-01"}):
        found = office("prescription.search", professionnel=office.louise, **asked)
        mine = [o for o in found["ordonnances"] if o["numero"] == told["numero"]]
        assert [(o["sous_type"], o["patient"]["id"]) for o in mine] == [("STD", patient)]
    past = office(
        "prescription.search", professionnel=office.louise, debut="2020-01-01", fin="2020-01-02"
    )
    assert past == {"ordonnances": [], "alertes": []}
    assert (
        office.refused(
            "prescription.search", professionnel=office.louise, debut="2021-01-01", fin="2020-01-01"
        )
        == "PERIODE_INVALIDE"
    )
    assert office.findings() == []


def test_a_long_search_is_read_to_its_end(office: Cabinet) -> None:
    office.fault("recherche-200", "EP2", times=None)
    found = office("prescription.search", professionnel=office.louise)["ordonnances"]
    assert len({o["numero"] for o in found}) == 200
    assert len(office.new()) == 4


def test_cancel_while_nothing_is_executed(office: Cabinet) -> None:
    told = office.recorded()
    assert office.do("cancel", told["id"])["etat"] == "annulée"
    assert office.do("cancel", told["id"])["etat"] == "annulée"
    assert [e.operation for e in office.new()] == ["EP4", "EP4-annulation"]
    seen = office.consult(told["numero"])
    assert (seen["etat"], seen["etat_service"]) == ("annulée", "ANNULEE")
    executed = office.recorded()
    office.execute(executed["numero"], "tout")
    asked = {"ordonnance": executed["id"], "professionnel": office.louise}
    assert office.refused("prescription.cancel", **asked) == "ORDONNANCE_EXECUTEE"
    assert (
        office.refused("prescription.validate", ordonnance=told["id"], professionnel=office.louise)
        == "ORDONNANCE_ANNULEE"
    )


def test_a_draft_in_doubt_is_cancelled_there_too(office: Cabinet) -> None:
    office.fault("couper", "EP4", times=None)
    ordonnance = office.draft()
    assert office.do("validate", ordonnance)["etat"] == "sans code"
    office.platform.kernel.faults.clear()
    office.new()
    assert office.do("cancel", ordonnance)["etat"] == "annulée"
    assert [(e.operation, e.error_code) for e in office.new()] == [("EP4-annulation", "EP-P-007")]


def test_renewing_makes_a_new_draft_with_the_same_lines(office: Cabinet) -> None:
    told = office.recorded(DRUG, ALD)
    draft = office.do("renew", told["id"])
    assert (draft["etat"], draft["numero"]) == ("brouillon", None)
    codes = [line["cis"] for line in draft["contenu"]["lignes"]]
    assert codes == ["63107752", "60000001"]
    fresh = {line["idLigne"] for line in draft["contenu"]["lignes"]}
    assert not fresh & {line["idLigne"] for line in told["contenu"]["lignes"]}
    assert office.do("validate", draft["id"])["numero"] != told["numero"]
    assert office.findings() == []


def test_a_remplacant_prescribes_for_the_titulaire(office: Cabinet) -> None:
    louise, hugo = office.environment.professionals[:2]
    asked = {"patient": office.patient(), "remplace": louise.national_id, "lignes": [dict(DRUG)]}
    draft = office("prescription.create", professionnel=hugo.national_id, **asked)["ordonnance"]
    told = office("prescription.validate", ordonnance=draft["id"], professionnel=hugo.national_id)[
        "ordonnance"
    ]
    assert told["etat"] == "enregistrée", told["alertes"]
    assert told["contenu"]["prescripteur"]["rpps"] == louise.rpps
    assert told["contenu"]["remplace"]["rpps"] == hugo.rpps
    assert f'"RPPS2":"{hugo.rpps}"' in told["code_2d"]
    assert office.findings() == []


def test_only_the_author_validates(office: Cabinet) -> None:
    other = office.environment.professionals[1].national_id
    asked = {"ordonnance": office.draft(), "professionnel": other}
    assert office.refused("prescription.validate", **asked) == "AUTRE_PRESCRIPTEUR"


def test_traces_are_kept_and_sent_when_asked(office: Cabinet) -> None:
    office.restart(send_traces=True)
    told = office.recorded()
    with office.platform.kernel.unit() as unit:
        received = office.platform.services["prescription"].state(unit)["traces"]
    mine = [trace for trace in received if trace.get("idPrescription") == told["numero"]]
    assert [(t["action"], t["codeRetour"], t["versionLPS"]) for t in mine] == [
        ("EP4", "OK", office.environment.software.version)
    ]
    assert office.lgc.prescriptions.client._traces.waiting() == {}
    office.restart()
