"""Witness: the node ``soap`` package reads ?wsdl of AUTH and of SIGN and calls both.

Its packages are those of tests/witness/node-soap/package-lock.json. It makes the envelope and
the body from the description; the header, whose assertion a card signs, is handed to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from rules.formats.apcv_names import AUTHENTICATE, DESTROY, RESTORE, SIGN
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import exchanges, running
from tests.simulators.apcv.lps import FAMILY, LOUISE, Lps
from tests.witness.node import header_blocks, needs_npm, said, tls

VERSION = {"attributes": {"version": "1.0"}}
PRACTICE = {"IdentifiantFacturation": "331999011", "CodeSpecialiteAMO": "01"}
CARD = {"attributes": {"cle": "08"}, "$value": "2850733063042"}
INVOICE: dict[str, Any] = {
    "Facture": {"attributes": {"type": "FSE"}, "NIRAssure": CARD, "DonneeFSE": "ZXNzYWk="},
    "ResumeFacture": {
        "ProfessionnelSante": {
            "IdentifiantFacturation": "331999011", "IdNatPS": LOUISE, "Nom": "TESTMEDECIN",
        },
        "Beneficiaire": {"NomFamille": "TESTAVRIL", "Prenom": "CAMILLE", "NIRCertifie": CARD},
    },
}  # fmt: skip

pytestmark = [pytest.mark.witness, needs_npm]


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc", "apcv")) as started:
        yield started


@pytest.fixture
def lps(shared_platform: Platform) -> Lps:
    shared_platform.reset()
    return Lps(shared_platform)


def called(program: Path, lps: Lps, *calls: tuple[str, Any], **told: Any) -> dict[str, Any]:
    """Make calls (operation, body) to one service; what the client understood."""
    service = "sign" if calls[0][0] == SIGN else "auth"

    def one(operation: str, content: Any) -> dict[str, Any]:
        blocks = header_blocks(lps.envelope(operation, "", **told)[1])
        return {"operation": operation, "entetes": blocks, "corps": content}

    address = lps.platform.descriptor["apcv"][service]
    parameters = {"url": address, "appels": [one(*call) for call in calls]}
    return said(program, {**parameters, **tls(lps.platform)})


def opening(lps: Lps) -> tuple[str, Any]:
    content = {**VERSION, "ProfessionnelSante": PRACTICE, "Donnees": lps.code()}
    return AUTHENTICATE, content


def test_it_authenticates_restores_signs_and_destroys(node_soap: Path, lps: Lps) -> None:
    answered = called(node_soap, lps, opening(lps), (RESTORE, VERSION))
    described = answered["services"]["ServiceAUTHService"]["ServiceAUTHPort"]
    assert set(described) == {AUTHENTICATE, RESTORE, DESTROY}
    opened, restored = (answer["resultat"] for answer in answered["reponses"])
    assert (opened["CodeStatut"], opened["attributes"]["version"]) == ("0", "1.0")
    profile = opened["ProfilApCV"]
    assert profile["Identification"]["attributes"] == {"numSerie": FAMILY, "type": "T"}
    person = profile["Utilisateur"]["IdentitePatient"]
    assert person["INSACTIF"]["IdIndividu"] == {"NumIdentifiant": "2850733063042", "Cle": "08"}
    assert person["TIQ"]["ListePrenom"] == "CAMILLE ANNE"
    assert len(profile["Individu"]) == 2
    context = opened["ContexteApCV"]["Identifiant"]
    assert restored["ContexteApCV"]["Identifiant"] == context
    named = {"ContexteApCV": {"Identifiant": context}}
    (signed,) = called(node_soap, lps, (SIGN, {**named, **INVOICE}))["reponses"]
    assert signed["resultat"]["CodeStatut"] == "0"
    leaving = called(node_soap, lps, (DESTROY, {**VERSION, **named}), (RESTORE, VERSION))
    gone, lost = (answer["resultat"] for answer in leaving["reponses"])
    assert (gone["CodeStatut"], lost["CodeStatut"]) == ("0", "6")
    assert "ContexteApCV" not in lost
    journal = exchanges(lps.platform, "apcv")
    judged = judge_journal(JournalView(journal[:-1]), lps.platform.kernel.environment)
    assert judged.findings == ()


def test_what_it_sends_is_the_scanned_text(node_soap: Path, lps: Lps) -> None:
    called(node_soap, lps, (asked := opening(lps)))
    sent = etree.fromstring(lps.last().request.body)
    assert sent.findtext(".//{*}Donnees") == asked[1]["Donnees"]


def test_it_reads_a_refusal(node_soap: Path, lps: Lps) -> None:
    (answer,) = called(node_soap, lps, (RESTORE, VERSION), idam="AUTRE")["reponses"]
    assert answer["faute"]["Detail"]["Erreur"]["attributes"]["code"] == "desir_550"
