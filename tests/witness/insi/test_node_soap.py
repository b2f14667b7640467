"""Witness: the `soap` package of node reads our ?wsdl and calls INSi over mutual TLS.

Its packages are those of tests/witness/node-soap/package-lock.json, installed in a
temporary folder by npm.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.rules.insi.messages import ACTION, CARD_ACTION
from tests.simulators.insi.lps import Lps
from tests.witness.node import header_blocks, needs_npm, said, tls

TRAITS, CARD = "rechercherInsAvecTraitsIdentite", "rechercherInsAvecCarteVitale"
CAMILLE = {
    "NomNaissance": "TESTAVRIL",
    "Prenom": ["CAMILLE", "ANNE"],
    "Sexe": "F",
    "DateNaissance": "1985-07-12",
}

pytestmark = [pytest.mark.witness, needs_npm]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with running(("insi",)) as started:
        yield started


def call(
    program: Path, platform: Platform, content: Any, operation: str = TRAITS, **changes: str
) -> dict[str, Any]:
    """One call; what the client understood of the description and of the answer."""
    blocks = Lps(platform).message("", action=ACTION if operation == TRAITS else CARD_ACTION)
    for old, new in changes.items():
        blocks = blocks.replace(old, new)
    one = {"operation": operation, "entetes": header_blocks(blocks), "corps": content}
    address = platform.descriptor["insi"]["organisation"]
    answered = said(program, {"url": address, "appels": [one], **tls(platform, "org-insi-manu")})
    return {"services": answered["services"], **answered["reponses"][0]}


def test_it_searches_and_reads_the_answer(node_soap: Path, platform: Platform) -> None:
    answered = call(node_soap, platform, CAMILLE)
    assert set(answered["services"]["ICIR-v1"]["ICIRService"]) == {TRAITS, CARD}
    assert answered["resultat"]["CR"]["CodeCR"] == "00"
    active = answered["resultat"]["INDIVIDU"]["INSACTIF"]
    assert active["IdIndividu"] == {"NumIdentifiant": "2850733063042", "Cle": "08"}
    assert_nothing_is_found_in_the_last(platform, TRAITS)


def test_it_searches_by_the_carte_vitale(node_soap: Path, platform: Platform) -> None:
    """WS_INS1: the second of twins, told by rank."""
    twin = next(p for p in platform.kernel.world.patients if p.rank == "2")
    content = {
        "MatriculeOD": {"NumIdentifiant": twin.insured},
        "DateNaissance": twin.birth_date,
        "RangNaissance": twin.rank,
    }
    answered = call(node_soap, platform, content, CARD)
    active = answered["resultat"]["INDIVIDU"]["INSACTIF"]
    assert active["IdIndividu"] == {"NumIdentifiant": twin.matricule, "Cle": twin.key}
    assert_nothing_is_found_in_the_last(platform, CARD)


@pytest.mark.parametrize("fault", ["desir_1020", "insi_102"])
def test_it_reads_both_shapes_of_faults(node_soap: Path, platform: Platform, fault: str) -> None:
    platform.kernel.faults.add("insi", TRAITS, fault=fault)
    answered = call(node_soap, platform, CAMILLE)
    assert answered["faute"]["Detail"]["Erreur"]["attributes"]["code"] == fault


def test_it_reads_the_refusal_of_an_unknown_software(node_soap: Path, platform: Platform) -> None:
    answered = call(node_soap, platform, CAMILLE, TSTBANC00042="TSTINCONNU99")
    error = answered["faute"]["Detail"]["Erreur"]
    assert error["$value"].startswith("Numéro d'autorisation")


def assert_nothing_is_found_in_the_last(platform: Platform, operation: str) -> None:
    sent = exchanges(platform, "insi")[-1]
    assert sent.operation == operation
    judged = judge_journal(JournalView((sent,)), platform.kernel.environment)
    assert judged.findings == ()
