"""Witness: openapi-client-axios reads our openapi.json and calls the REST facade from it.

Its packages are those of tests/witness/node-openapi/package-lock.json, installed in a
temporary folder by npm. What the answers hold is compared with the schemas by jsonschema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges, running
from tests.simulators.prescription.client import DOCTOR, ordonnance
from tests.witness.node import needs_npm, said, tls

WHO = {"rpps": DOCTOR[1:], "am": "331999011"}


@pytest.fixture(scope="module")
def platform() -> Any:
    with running(("prescription",)) as started:
        yield started


def read(platform: Platform) -> dict[str, Any]:
    with client(platform) as http:
        return http.get(platform.descriptor["ordonnance"]["openapi"]).json()


def verify(described: dict[str, Any], path: str, answer: Any, status: str = "200") -> None:
    """Raises when an answer is not what its schema says."""
    told = described["paths"][path]["post"]["responses"][status]["content"]["application/json"]
    schema = {**told["schema"], "components": described["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer)


@pytest.mark.witness
@needs_npm
def test_it_records_reads_and_searches(node_openapi: Path, platform: Platform) -> None:
    told = ordonnance(platform.kernel.clock.now())
    parameters = {
        "openapi": platform.descriptor["ordonnance"]["openapi"],
        **tls(platform, f"cps-{DOCTOR}-auth"),
        "appels": [
            ["ep4_creer", told],
            ["ep3_consulter", {"id": told["id"], "emetteur": WHO}],
            ["ep2_rechercher", {"emetteur": WHO}],
            ["ep3_consulter", {"id": told["id"]}],
        ],
    }
    answered = said(node_openapi, parameters)
    assert answered["operations"] == [
        "ep1_transmettreExecution", "ep2_rechercher", "ep3_consulter", "ep4_creer",
        "generateIdentifiantUnique", "traces",
    ]  # fmt: skip
    recorded, seen, found, refused = answered["reponses"]
    assert (recorded["statut"], recorded["corps"]["etat"]) == (200, "ENREGISTREE")
    assert seen["corps"]["ordonnance"]["lignes"] == told["lignes"]
    assert [each["id"] for each in found["corps"]["resultats"]] == [told["id"]]
    assert (refused["statut"], refused["corps"]["erreur"]["code"]) == (422, "EP-P-004")
    described = read(platform)
    verify(described, "/epresc/ep4_creer", recorded["corps"])
    verify(described, "/epresc/ep3_consulter", seen["corps"])
    verify(described, "/epresc/ep2_rechercher", found["corps"])
    verify(described, "/epresc/ep3_consulter", refused["corps"], "default")
    served = [e for e in exchanges(platform, "prescription") if e.error_code is None]
    judged = judge_journal(JournalView(tuple(served)), platform.kernel.environment)
    assert judged.findings == ()


def test_the_description_says_what_is_ours(platform: Platform) -> None:
    described = read(platform)
    assert "Hors spécification" in described["info"]["description"]
    for path, told in described["paths"].items():
        assert path.startswith("/epresc/")
        for answer in (a for each in told.values() for a in each["responses"].values()):
            for content in answer["content"].values():
                jsonschema.Draft202012Validator.check_schema(
                    {**content["schema"], "components": described["components"]}
                )
