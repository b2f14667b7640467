"""EP-29, EP-29b and EP-29c along a journal."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rules.context import Environment
from rules.exchange import Correlation, Exchange, Outcome
from rules.findings import Severity
from rules.formats.cda import ClinicalDocument
from rules.judge import judge_sequence
from tests.rules.dmp import golden as dmp
from tests.rules.ep_med_dm.documents import written
from tests.rules.journals import INS, deposit, exchange, journal, mail
from tests.rules.journals import gesture as state
from tests.rules.prescription.calls import line
from tests.rules.prescription_sequences.stories import (
    LOST,
    NUMBER,
    OTHER,
    REFUSED,
    ep3,
    ep4,
    gesture,
    held,
    ids,
    n1,
    n3,
    outage,
    printed,
    story,
    validated,
)

ALERT = {"alertes": ["Le service n'a pas répondu : ordonnance sans Code 2D."]}
TWO = {"lignes": [line(posologieTexte="2 comprimés par jour")]}
FAILED = {"outcome": Outcome.FAILED, "response": None}


@pytest.mark.parametrize("failure", [LOST, FAILED])
def test_the_user_must_know(failure: dict[str, object]) -> None:
    assert ids(ep4(**failure), n3(None), n1(), validated(None)) == ["EP-29"]


def test_no_code_for_the_dmp() -> None:
    assert ids(ep4(**LOST), n3(), n1(), validated(None, **ALERT)) == ["EP-29"]


def test_no_code_on_paper() -> None:
    assert ids(ep4(**LOST), n3(None), n1(), validated(None, **ALERT), printed()) == ["EP-29"]


def test_no_code_on_screen() -> None:
    code = {"code_2d": held()["code_2d"]}
    assert ids(ep4(**LOST), n3(None), n1(), validated(None, **ALERT, **code)) == ["EP-29"]


def test_a_repetition_that_succeeds_ends_the_outage() -> None:
    assert ids(ep4(**LOST), *story()) == []


def test_a_reading_that_gives_it_back_ends_the_outage() -> None:
    """N03: already used, by this very ordonnance."""
    used = ep4(**LOST, fault="couper-apres-traitement"), ep4(**REFUSED)
    assert ids(*used, ep3(asked=False), n3(), n1(), validated(), printed()) == []
    assert ids(*used, n3(), n1(), validated(**ALERT), printed()) == ["EP-29"]


def test_a_late_sending_then_the_code() -> None:
    late = ep4(), gesture("outbox.flush", {}), gesture("prescription.read", {"ordonnance": held()})
    assert ids(*outage(), *late, printed()) == []


def test_a_code_that_was_never_sent() -> None:
    others = ep4(), n3(None, drugs=()), n1()
    assert "EP-29b" in ids(*others, validated(), printed(OTHER))


def test_a_code_of_a_former_campaign() -> None:
    """Registered the day before this journal begins, printed again."""
    assert ids(*story(), gesture("patient.read", {}), printed("04B4BBY113H9WH0035")) == ["EP-06"]


def test_a_code_that_was_refused() -> None:
    found = ids(ep4(**REFUSED), n3(None), n1(), validated(None, **ALERT), printed())
    assert found == ["EP-29", "EP-29b"]


def test_a_lost_answer_is_known_to_the_base() -> None:
    processed = ep4(**LOST, fault="couper-apres-traitement")
    assert ids(processed, n3(None), n1(), validated(None, **ALERT)) == []


def test_a_code_of_elsewhere_is_not_judged_without_the_service() -> None:
    assert ids(n3(OTHER)) == []


def test_only_the_n3() -> None:
    assert ids(ep4(), n3(), validated()) == ["EP-29c"]


def test_only_the_n1() -> None:
    assert ids(ep4(), n1(), validated()) == ["EP-29c"]


def test_biology_has_no_n3() -> None:
    biology = {"contenu": {"lignes": [{"eprescType": "acteBiologieMedicale"}]}}
    assert ids(ep4(), n1(), validated(**biology)) == []
    assert ids(ep4(), n3(), validated(**biology)) == ["EP-29c"]


def test_a_dmp_that_refused_is_no_defect() -> None:
    answer = {"ordonnance": held(), "envois": [{"etat": "refusé"}]}
    assert ids(ep4(), gesture("prescription.validate", answer)) == []


def test_a_later_deposit_named_by_the_validation() -> None:
    third, first = n3(), n1()
    view = journal(third, first)
    names = [d.unique_id for _, d in view.artefacts(ClinicalDocument, "dmp")]
    flush = gesture("outbox.flush", {})
    assert ids(ep4(), validated(names=names), third, first, flush) == []
    assert ids(ep4(), validated(names=names), third, flush) == ["EP-29c"]


def test_a_dmp_that_is_down_is_no_defect() -> None:
    down = replace(n3(), **FAILED), replace(n1(), **FAILED)
    assert ids(ep4(), down[0], validated()) == []


def test_nothing_leaves_for_an_identity_that_is_not_qualified() -> None:
    told = gesture("prescription.validate", {"ordonnance": held(), "envois": [], **_patient()})
    assert ids(ep4(), told) == []


def _patient() -> dict[str, object]:
    answer = state("provisoire").response
    assert answer is not None
    return json.loads(answer.body)


def existence(status: str | None) -> Exchange:
    """A TD0.2 about the patient, and what it answers."""
    answered = dmp.message(f"{dmp.T01}-reponse")
    body = answered.body if status else answered.body.replace(b'"active"', b'"terminated"')
    made = exchange("dmp", "TD0.2", dmp.message(f"{dmp.T01}-requete"))
    told = replace(made, correlation=Correlation(patient=INS))
    return replace(told, response=replace(answered, body=body))


def test_a_patient_without_dmp() -> None:
    told = gesture("prescription.validate", {"ordonnance": held(), "envois": [], **_qualified()})
    assert ids(existence(None), ep4(), told) == []
    assert ids(existence("active"), ep4(), told) == ["EP-29c"]
    others = ep4(OTHER), n3(OTHER), n1(), validated(OTHER, id="o2")
    assert ids(existence(None), ep4(), told, *others) == []


def _qualified() -> dict[str, object]:
    answer = state("qualifiée").response
    assert answer is not None
    return json.loads(answer.body)


def test_a_deposit_that_waits_is_to_be_seen() -> None:
    answer = {"ordonnance": held(), "envois": [{"etat": "à envoyer"}]}
    judged = judge_sequence(journal(ep4(), gesture("prescription.validate", answer)), Environment())
    found = [f for f in judged.findings if f.check_id == "EP-29c"]
    assert [f.severity for f in found] == [Severity.REVIEW, Severity.REVIEW]


def test_a_code_that_another_software_made() -> None:
    """Read in the DMP, then forwarded by mail: this software made none of it."""
    theirs = written(version="2022.01", number=OTHER)
    read = replace(deposit(theirs), operation="TD3.2")
    assert ids(*story(), read, mail(theirs)) == []
    assert ids(*story(), ep4(OTHER, told=TWO, **REFUSED), mail(theirs)) == ["EP-29b"]


def test_a_code_mailed_while_the_service_is_down() -> None:
    mailed = mail(written(version="2022.01", number=NUMBER))
    assert ids(*outage(), mailed) == ["EP-29"]
    assert ids(*story(), mailed) == []
