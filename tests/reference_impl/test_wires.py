"""The reference LGC against the simulators, over real sockets."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reference_impl.app import ACTIONS
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.errors import ForbiddenGestureError, LgcError, ServiceError, UnavailableError
from reference_impl.lgc import Lgc
from reference_impl.wiring import build
from simulators.insi import faults
from simulators.platform import Platform
from simulators.psc import faults as psc_faults
from simulators.testing import exchanges, running

LOUISE = "810999990012"


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("psc", "insi", "dmp", "mssante", "cards", "pki")) as platform:
        yield platform


@pytest.fixture
def platform(shared_platform: Platform) -> Iterator[Platform]:
    yield shared_platform
    shared_platform.kernel.faults.clear()


class Desk:
    """Does gestures in an LGC."""

    def __init__(self, lgc: Lgc, people: list[dict[str, Any]]) -> None:
        self.lgc = lgc
        self._people = people

    def __call__(self, name: str, **parameters: Any) -> dict[str, Any]:
        action = ACTIONS[name]
        asked = action.parameters.model_validate(parameters)
        return action.perform(self.lgc, asked).model_dump(mode="json")

    def person(self, rank: int = 0) -> dict[str, Any]:
        known = self._people[rank]
        return {name: known[name] for name in NAMES}

    def create(self, **traits: Any) -> str:
        return self("patient.create", traits=self.person() | traits)["patient"]["id"]

    def search(self, patient: str, voie: str = "organisation") -> dict[str, Any]:
        asked = {"patient": patient, "voie": voie, "professionnel": LOUISE}
        return self("identity.search_insi", **asked)

    def letter(self, rank: int = 0) -> str:
        """A letter about a qualified patient."""
        patient = self.create(**self.person(rank))
        self.search(patient)
        self("identity.record_evidence", patient=patient, justificatif="CN")
        asked = {"type": "11488-4", "titre": "Lettre", "texte": "Cher confrère, bonjour."}
        written = self("document.write", patient=patient, professionnel=LOUISE, **asked)
        assert written["patient"]["statut"] == "qualifiée"
        return written["document"]["id"]


def open_desk(platform: Platform, folder: Path, seed: int = 1) -> Desk:
    environment = read_environment(platform.folder / "environnement.json")
    lgc = build(environment, folder, seed, SystemClock())
    return Desk(lgc, platform.descriptor["patients"])


@pytest.fixture
def desk(platform: Platform, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    # A seed of its own: documents of two tests must not share their identifiers.
    desk = open_desk(platform, tmp_path, zlib.crc32(request.node.nodeid.encode()))
    yield desk
    desk.lgc.close()


def count(platform: Platform, service: str, operation: str) -> int:
    return sum(e.operation == operation for e in exchanges(platform, service))


@pytest.mark.parametrize("voie", ["organisation", "cps"])
def test_both_ways_find_an_identity(desk: Desk, voie: str) -> None:
    answer = desk.search(desk.create(), voie)
    assert answer["insi"]["code"] == "00"
    assert answer["patient"]["statut"] == "récupérée"
    assert answer["patient"]["ins"]["oid"] == "1.2.250.1.213.1.4.8"


CNDA = [
    (("TCHITCHI", "OLA CATARINA BELLA", "F", "1936-06-21", None), "00", 2),
    (("HOUILLES", "PIERRE PAUL JACQUES", "M", "1993-01-27", None), "01", 4),
    (("DE VINCI", "LEONARDO", "M", "2014-02-01", None), "02", 1),
    (("DE VINCI", "LEONARDO", "M", "2014-02-01", "63220"), "00", 2),
    (("D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN", "M", "2001-06-17", "63220"), "00", 1),
    (("ADRTROIS", "TOUSSAINT", "M", "1960-01-01", "2B020"), "00", 1),
]
NAMES = ("nom_naissance", "prenoms_naissance", "sexe", "date_naissance", "lieu_naissance")


@pytest.mark.parametrize(
    ("traits", "code", "calls"), CNDA, ids=[f"{traits[0]} {code}" for traits, code, _ in CNDA]
)
def test_cases_of_the_cnda(
    desk: Desk, traits: tuple[str | None, ...], code: str, calls: int
) -> None:
    answer = desk.search(desk.create(**dict(zip(NAMES, traits, strict=True))))
    assert (answer["insi"]["code"], answer["insi"]["appels"]) == (code, calls)
    assert answer["patient"]["statut"] == ("récupérée" if code == "00" else "provisoire")


@pytest.mark.parametrize("fault", faults.ERRORS)
def test_an_error_of_insi_is_told_and_changes_nothing(
    platform: Platform, desk: Desk, fault: str
) -> None:
    platform.kernel.faults.add("insi", fault=fault)
    answer = desk.search(desk.create())
    assert answer["insi"]["code"] == fault
    assert answer["insi"]["appels"] == 1
    assert answer["patient"]["statut"] == "provisoire"


@pytest.mark.parametrize("fault", sorted(set(faults.FAULTS) - set(faults.ERRORS)))
def test_no_lie_of_insi_breaks_the_lgc_nor_qualifies(
    platform: Platform, desk: Desk, fault: str
) -> None:
    patient = desk.create()
    desk("identity.record_evidence", patient=patient, justificatif="PC")
    platform.kernel.faults.add("insi", fault=fault)
    with contextlib.suppress(ForbiddenGestureError):
        desk.search(patient)
    answer = desk("patient.read", patient=patient)["patient"]
    assert answer["statut"] in ("provisoire", "récupérée")
    assert (answer["ins"] is not None) == (answer["statut"] == "récupérée")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("http-503", "REPONSE_ILLISIBLE"),
        ("corps-tronque", "REPONSE_NON_LUE"),
        ("couper", "REPONSE_NON_LUE"),
        ("tls-expire", "TLS_REFUSE"),
        ("tls-autre-ac", "TLS_REFUSE"),
        ("tls-mauvais-nom", "TLS_REFUSE"),
        ("tls-revoque", "TLS_REFUSE"),
    ],
)
def test_failures_of_the_wire_are_told_and_never_bypassed(
    platform: Platform, desk: Desk, fault: str, code: str
) -> None:
    before = count(platform, "insi", "rechercherInsAvecTraitsIdentite")
    platform.kernel.faults.add("insi", fault=fault)
    answer = desk.search(desk.create())
    assert answer["insi"]["code"] == code
    assert answer["patient"]["statut"] == "provisoire"
    if fault.startswith("tls"):
        assert count(platform, "insi", "rechercherInsAvecTraitsIdentite") == before


def test_a_revoked_identity_provider_is_told_as_such(platform: Platform, desk: Desk) -> None:
    platform.kernel.faults.add("psc", fault="tls-revoque")
    with pytest.raises(UnavailableError, match="révoqué"):
        desk("session.open", professionnel=LOUISE)


@pytest.mark.parametrize("fault", ["couper-apres-traitement", "couper", "http-503"])
def test_a_deposit_cut_in_the_middle_is_made_once(
    platform: Platform, desk: Desk, fault: str
) -> None:
    document = desk.letter()
    platform.kernel.faults.add("dmp", "TD2.1", fault=fault)
    first = desk("dmp.deposit", document=document, professionnel=LOUISE)["envoi"]
    assert first["etat"] == "à envoyer"
    deposits = count(platform, "dmp", "TD2.1")
    flushed = desk("outbox.flush")["envois"][-1]
    assert (flushed["etat"], flushed["id"]) == ("envoyé", first["id"])
    again = count(platform, "dmp", "TD2.1") - deposits
    assert again == (0 if fault == "couper-apres-traitement" else 1)
    patient = desk.lgc.records.document(document).document.patient_id
    who = {"patient": patient, "professionnel": LOUISE}
    desk("dmp.authorize", **who, action="AJOUT")
    found = [d["identifiant_unique"] for d in desk("dmp.search", **who)["documents"]]
    assert found.count(first["identifiant_unique"]) == 1


def test_a_restart_in_the_middle_finishes_the_work_with_no_double(
    platform: Platform, tmp_path: Path
) -> None:
    desk = open_desk(platform, tmp_path / "donnees", seed=77)
    document = desk.letter()
    platform.kernel.faults.add("dmp", "TD2.1", fault="couper-apres-traitement")
    desk("dmp.deposit", document=document, professionnel=LOUISE)
    desk.lgc.close()
    deposits = count(platform, "dmp", "TD2.1")
    again = open_desk(platform, tmp_path / "donnees", seed=77)
    assert [e["etat"] for e in again("outbox.flush")["envois"]] == ["envoyé"]
    assert count(platform, "dmp", "TD2.1") == deposits
    again.lgc.close()


def send_letter(platform: Platform, desk: Desk) -> dict[str, Any]:
    desk("session.open", professionnel=LOUISE)
    other = platform.descriptor["professionnels"][1]
    return desk(
        "mss.send",
        documents=[desk.letter()],
        professionnel=LOUISE,
        destinataires=[other["bal"]],
        texte="Bonjour",
    )["envoi"]


def received(platform: Platform, desk: Desk, message_id: str) -> int:
    other = platform.descriptor["professionnels"][1]["identifiant_national"]
    desk("session.open", professionnel=other)
    inbox = desk("mss.read_inbox", professionnel=other)["messages"]
    return [m["message_id"] for m in inbox].count(message_id)


def test_a_mail_arrives_and_counts(platform: Platform, desk: Desk) -> None:
    sent = send_letter(platform, desk)
    assert sent["etat"] == "envoyé"
    assert received(platform, desk, sent["message_id"]) == 1
    counters = desk("dashboard.read", professionnel=LOUISE)["compteurs"]
    assert counters == {"dmp": 0, "mss_pro": 1, "mss_citoyenne": 0}


@pytest.mark.parametrize("fault", ["454", "450", "451", "452", "starttls-absent"])
def test_a_mail_put_off_leaves_later(platform: Platform, desk: Desk, fault: str) -> None:
    platform.kernel.faults.add("mssante", fault=fault)
    sent = send_letter(platform, desk)
    assert (sent["etat"], sent["tentatives"]) == ("à envoyer", 1)
    assert desk("dashboard.read", professionnel=LOUISE)["compteurs"]["mss_pro"] == 0
    flushed = desk("outbox.flush")["envois"][-1]
    assert (flushed["etat"], flushed["message_id"]) == ("envoyé", sent["message_id"])
    assert received(platform, desk, sent["message_id"]) == 1


@pytest.mark.parametrize("fault", ["550", "552", "554"])
def test_a_mail_refused_is_not_sent_again(platform: Platform, desk: Desk, fault: str) -> None:
    platform.kernel.faults.add("mssante", fault=fault)
    sent = send_letter(platform, desk)
    assert sent["etat"] == "refusé"
    assert sent["erreur"]["code"] == f"SMTP_{fault}"
    assert desk("outbox.flush")["envois"][-1]["tentatives"] == 1


@pytest.mark.parametrize("fault", ["401-535", "401-cut"])
def test_a_refused_token_is_renewed_once(platform: Platform, desk: Desk, fault: str) -> None:
    platform.kernel.faults.add("mssante", fault=fault)
    assert send_letter(platform, desk)["etat"] == "envoyé"
    platform.kernel.faults.add("mssante", fault=fault, times=2)
    with pytest.raises(LgcError, match="reconnectez-vous"):
        desk("mss.read_inbox", professionnel=LOUISE)


@pytest.mark.parametrize("fault", ["401-535", "401-cut"])
def test_a_mail_waits_for_a_new_login_when_no_token_is_accepted(
    platform: Platform, desk: Desk, fault: str
) -> None:
    platform.kernel.faults.add("mssante", fault=fault, times=2)
    sent = send_letter(platform, desk)
    assert (sent["etat"], sent["erreur"]["code"]) == ("à envoyer", "JETON_REFUSE")
    desk("session.open", professionnel=LOUISE)
    assert desk("outbox.flush")["envois"][-1]["etat"] == "envoyé"


def test_a_mail_cut_after_its_acceptance_keeps_its_message_id(
    platform: Platform, desk: Desk
) -> None:
    platform.kernel.faults.add("mssante", fault="couper-apres-data")
    sent = send_letter(platform, desk)
    assert (sent["etat"], sent["erreur"]["code"]) == ("à envoyer", "REPONSE_NON_LUE")
    flushed = desk("outbox.flush")["envois"][-1]
    assert (flushed["etat"], flushed["message_id"]) == ("envoyé", sent["message_id"])
    assert received(platform, desk, sent["message_id"]) >= 1
    assert desk("dashboard.read", professionnel=LOUISE)["compteurs"]["mss_pro"] == 1


BEARABLE = {
    "acr-eidas2",
    "acr-eidas3",
    "retour-sans-etat",
    "sans-refresh-token",
    "sans-expires-in",
    "expires-in-30",
    "horloge-avance",
    "horloge-retard",
    "activite-sans-structure",
    "deux-exercices",
    "nom-accentue",
    "origines-multiples",
    "profession-inconnue",
    "valeurs-vides",
}
"""Oddities of Pro Santé Connect that a product must live with (sheet PSC §3.2, §6, §9)."""


@pytest.mark.parametrize("fault", sorted(psc_faults.catalogue()))
def test_no_lie_of_pro_sante_connect_opens_a_session(
    platform: Platform, desk: Desk, fault: str
) -> None:
    platform.kernel.faults.add("psc", fault=fault, times=None)
    if fault in BEARABLE:
        desk("session.open", professionnel=LOUISE)
        assert desk("session.close", professionnel=LOUISE)["session"]["fermee_le"]
    else:
        with pytest.raises(ServiceError):
            desk("session.open", professionnel=LOUISE)
