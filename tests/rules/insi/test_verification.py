"""The checks of the verification: silent on a whole one, alone on a defect, never failing."""

from __future__ import annotations

import pytest

from rules.exchange import Outcome
from rules.findings import Finding
from rules.formats.insi import read_request
from rules.judge import JournalView, judge_artefact, judge_journal
from tests.rules.insi.messages import context, envelope, environment, exchange, message
from tests.rules.insi.verifications import ACTIONS, deposit, follow_up, verification


def findings(name: str, body: str) -> tuple[Finding, ...]:
    request = read_request(message(envelope(body, action=ACTIONS[name])))
    return judge_artefact(request, context()).findings


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("VERIFINS", verification()),
        ("VERIFINS", verification(birth_place=None)),
        ("VERIFINS", verification(number="160012B020777", key="13", birth_place="2B020")),
        ("DEPOTVERIF", deposit(verification("1"), verification("2"))),
        ("SUIVIVERIF", follow_up("d1")),
    ],
)
def test_whole_ones_raise_nothing(name: str, body: str) -> None:
    assert findings(name, body) == ()


@pytest.mark.parametrize(
    ("name", "body", "place"),
    [
        ("VERIFINS", verification(key=""), "Matricule"),
        ("VERIFINS", verification(oid="1.2.3"), "OID"),
        ("VERIFINS", verification(birth_name=""), "NomNaissance"),
        ("VERIFINS", verification(given_names=""), "Prenom"),
        ("VERIFINS", verification(sex="I"), "Sexe"),
        ("VERIFINS", verification(birth_date="12/07/1985"), "DateNaissance"),
        ("VERIFINS", verification(birth_place="BORDEAUX"), "LieuNaissance"),
        ("DEPOTVERIF", deposit(), "@Ligne"),
        ("DEPOTVERIF", deposit(verification("1"), verification("1")), "@Ligne"),
        ("SUIVIVERIF", follow_up(""), "Identifiant"),
    ],
)
def test_each_defect_is_told_and_never_fails(name: str, body: str, place: str) -> None:
    [found] = findings(name, body)
    assert (found.check_id, found.place.rpartition("/")[2]) == ("INS-V-01", place)
    assert found.hors_specification
    assert not found.fails
    assert found.rejects == "insi_9008"


def test_order_of_the_elements() -> None:
    sex = "<q:Sexe>F</q:Sexe>"
    body = verification().replace(sex, "").replace("<q:OID>", f"{sex}<q:OID>")
    [found] = findings("VERIFINS", body)
    assert found.check_id == "INS-V-01"


def test_called_though_not_served() -> None:
    xml = envelope(verification(), action=ACTIONS["VERIFINS"])
    served = exchange(xml, 1, operation="verifierIns")
    refused = exchange(
        xml.replace("fc8c0711", "fc8c0712"),
        2,
        operation="verifierIns",
        outcome=Outcome.REFUSED,
        error_code="desir_9011",
    )
    judged = judge_journal(JournalView((served, refused)), environment())
    assert [(f.check_id, f.exchange_id) for f in judged.findings] == [("INS-V-02", "x2")]
