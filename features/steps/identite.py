"""Steps about sessions and patient identities."""

from __future__ import annotations

from typing import Any

from pytest_bdd import given, parsers, then

from bench.people import traits
from bench.session import Scenario

HIGH_TRUST = "CN"
"""Carte nationale d'identité, table 9004: a high-trust evidence (RNIV §3.3.2)."""


@given("un professionnel connecté à son logiciel par Pro Santé Connect")
def open_session(scenario: Scenario) -> None:
    professional = scenario.professional()
    scenario.must("session.open", professionnel=professional.national_id)
    scenario.notes["professionnel"] = professional.national_id


@given(parsers.re(r"(?P<nombre>\d+) patients? à l'identité qualifiée"), converters={"nombre": int})
def qualified_patients(scenario: Scenario, nombre: int) -> None:
    for _ in range(nombre):
        add_patient(scenario, "qualifiée")


@given(
    parsers.re(
        r"un (?:autre )?patient à l'identité (?P<statut>provisoire|récupérée|validée|qualifiée)"
    )
)
def one_patient(scenario: Scenario, statut: str) -> None:
    add_patient(scenario, statut)


@then("l'INS du premier patient n'apparaît dans aucun message")
def ins_nowhere(scenario: Scenario) -> None:
    scenario.expect("ins-absente", ins=patients(scenario)[0]["ins"])


def patients(scenario: Scenario) -> list[dict[str, Any]]:
    """Patients of the scenario in order of creation: ``id`` in the product, ``ins``."""
    return scenario.notes.setdefault("patients", [])


def add_patient(scenario: Scenario, statut: str) -> None:
    """Create a patient in the product and bring the identity to a status (RNIV EXI SI 07)."""
    known = patients(scenario)
    who = scenario.patient()
    created = scenario.must(
        "patient.create",
        traits={**traits(who), "nom_utilise": who.used_name},
    )
    local_id = created["patient"]["id"]
    last = created
    if statut in ("récupérée", "qualifiée"):
        last = scenario.must(
            "identity.search_insi",
            patient=local_id,
            voie="organisation",
            professionnel=scenario.notes["professionnel"],
        )
    if statut in ("validée", "qualifiée"):
        last = scenario.must("identity.record_evidence", patient=local_id, justificatif=HIGH_TRUST)
    assert last["patient"]["statut"] == statut, (
        f"le logiciel annonce l'identité {last['patient']['statut']}, {statut} attendue"
    )
    known.append({"id": local_id, "ins": who.ins})
