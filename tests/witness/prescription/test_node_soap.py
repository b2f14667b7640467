"""Witness: the node ``soap`` package reads ?wsdl of the ordonnance and calls each operation.

Its packages are those of tests/witness/node-soap/package-lock.json. It makes the envelope and
the body from the description; the header, whose assertion a card signs, is handed to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.simulators.prescription.client import (
    DOCTOR,
    PHARMACIST,
    Caller,
    line,
    ordonnance,
    pharmacist,
)
from tests.witness.node import header_blocks, needs_npm, said, tls

SPACE = "urn:EPRESC:1.0.0"
WHO = {"Rpps": DOCTOR[1:], "Am": "331999011"}

pytestmark = [pytest.mark.witness, needs_npm]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("prescription",)) as started:
        yield started


def capitals(value: Any) -> Any:
    """Names of the placeholder: the neutral key, with a capital."""
    if isinstance(value, dict):
        return {k[:1].upper() + k[1:]: capitals(v) for k, v in value.items()}
    return [capitals(each) for each in value] if isinstance(value, list) else value


def called(program: Path, platform: Platform, *calls: tuple[str, str, Any]) -> dict[str, Any]:
    """Make calls (who, operation, body in neutral keys); what the client understood."""

    def told(who: str, operation: str, content: Any) -> dict[str, Any]:
        caller = Caller(platform, who, "soap-placeholder")
        blocks = header_blocks(caller.envelope("", f"{SPACE}:{operation}"))
        return {"operation": operation, "entetes": blocks, "corps": capitals(content)}

    parameters = {
        "url": platform.descriptor["ordonnance"]["soap"],
        "wsdl": platform.descriptor["ordonnance"]["wsdl"],
        "appels": [told(*call) for call in calls],
    }
    return said(program, {**parameters, **tls(platform)})


def test_it_records_executes_reads_searches_and_cancels(
    node_soap: Path, platform: Platform
) -> None:
    now = platform.kernel.clock.now()
    told, other = ordonnance(now, line(1, renouvellements=1), line(2)), ordonnance(now)
    lines = [{"ligne": 1, "statut": "DELIVREE", "completude": "FFC"}]
    execution = {
        "id": told["id"], "date": told["horodatage"][:10], "executant": pharmacist(),
        "lignes": lines,
    }  # fmt: skip
    reading = {"id": told["id"], "emetteur": WHO, "avecExecutions": True}
    leaving = {"operation": "annulation", "id": other["id"], "prescripteur": {"rpps": DOCTOR[1:]}}
    answered = called(
        node_soap, platform,
        (DOCTOR, "enregistrer", told),
        (PHARMACIST, "transmettreExecution", execution),
        (DOCTOR, "consulter", reading),
        (DOCTOR, "rechercher", {"emetteur": WHO, "page": 1, "taillePage": 10}),
        (DOCTOR, "enregistrer", other),
        (DOCTOR, "enregistrer", leaving),
    )  # fmt: skip
    described = answered["services"]["OrdonnanceNumerique-v1"]["OrdonnanceNumerique"]
    assert set(described) == {
        "enregistrer", "transmettreExecution", "consulter", "rechercher", "deposerTraces",
    }  # fmt: skip
    recorded, executed, seen, found, _, gone = (a["resultat"] for a in answered["reponses"])
    assert recorded["Etat"] == "ENREGISTREE"
    # Integers of the description come back as integers, booleans as booleans.
    assert (executed["Etat"], executed["Rang"]) == ("EXECUTION_PARTIELLE", 1)
    assert seen["AccesExecutions"] == "AUTORISE"
    assert seen["Ordonnance"]["Consentement"] is True
    assert [each["IdLigne"] for each in seen["Ordonnance"]["Lignes"]] == [
        each["idLigne"] for each in told["lignes"]
    ]
    assert found["Total"] == 1
    assert gone["Etat"] == "ANNULEE"
    served = [e for e in exchanges(platform, "prescription") if e.operation != "wsdl"]
    assert [e.operation for e in served] == ["EP4", "EP1", "EP3", "EP2", "EP4", "EP4-annulation"]
    judged = judge_journal(JournalView(tuple(served)), platform.kernel.environment)
    assert judged.findings == ()


def test_it_reads_a_refusal(node_soap: Path, platform: Platform) -> None:
    asked = {"id": "04B5BBY113H9WH0099", "emetteur": {"am": "1"}}
    (answer,) = called(node_soap, platform, (DOCTOR, "consulter", asked))["reponses"]
    assert answer["faute"]["Detail"]["Erreur"]["attributes"]["code"] == "EP-P-007"
