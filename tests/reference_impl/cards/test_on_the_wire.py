"""The LGC and the cards of the bench, which know nothing of each other, on real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reference_impl.app import ACTIONS
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.errors import LgcError
from reference_impl.lgc import Lgc
from reference_impl.wiring import build
from rules.exchange import Exchange
from rules.judge import JournalView, judge_journal
from simulators.cards.apilec import building
from simulators.platform import Platform
from simulators.testing import exchanges, running, wait_for
from tests.reference_impl.house import CAMILLE, LOUISE

CPS, VITALE = "Banc CPS 00", "Banc Vitale 00"
LOUISE_CARD = f"cps-{LOUISE}"


@dataclass
class Desk:
    """A bench with its readers, and an installation that drives them by gestures."""

    platform: Platform
    lgc: Lgc

    def __call__(self, action: str, **parameters: Any) -> dict[str, Any]:
        asked = ACTIONS[action]
        answer = asked.perform(self.lgc, asked.parameters.model_validate(parameters))
        return answer.model_dump(mode="json")

    def refused(self, action: str, **parameters: Any) -> LgcError:
        with pytest.raises(LgcError) as refused:
            self(action, **parameters)
        return refused.value

    def state(self, **parts: Any) -> None:
        """Put a card in a reader, take it out, vary it."""
        with self.platform.kernel.unit() as unit:
            self.platform.services["cards"].set_state(unit, parts)

    def fault(self, operation: str, name: str) -> None:
        self.platform.kernel.faults.add("cards", operation, fault=name, times=1)

    def wire(self, operation: str | None = None) -> list[Exchange]:
        found = exchanges(self.platform, "cards")
        return [e for e in found if operation in (None, e.operation)]

    def findings(self) -> list[tuple[str, str]]:
        view = JournalView(exchanges(self.platform))
        judged = judge_journal(view, self.platform.kernel.environment)
        return [(f.check_id, f.found) for f in judged.findings]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reading library of the bench, compiled: its tests are marked ``pcsc``."""
    return building.build(tmp_path_factory.mktemp("api_lec"))


@pytest.fixture(scope="module")
def shared_platform() -> Iterator[Platform]:
    with running(("insi", "cards")) as platform:
        yield platform


@pytest.fixture
def desk(shared_platform: Platform, tmp_path: Path) -> Iterator[Desk]:
    shared_platform.kernel.faults.clear()
    shared_platform.reset()
    environment = read_environment(shared_platform.folder / "environnement.json")
    lgc = build(environment, tmp_path, 1, SystemClock())
    try:
        yield Desk(shared_platform, lgc)
    finally:
        lgc.close()
        shared_platform.kernel.faults.clear()


def test_a_whole_session_raises_no_finding(desk: Desk) -> None:
    card = desk("card.read_cps", professionnel=LOUISE)["carte"]
    assert (card["lecteur"], card["famille"], card["essais_restants"]) == (CPS, "CPS3", 3)
    assert card["titulaire"]["identifiant_national"] == LOUISE
    assert [s["structure"] for s in card["situations"]] == ["1330999004"]
    search(desk)
    search(desk)
    assert len(desk.wire("VERIFY")) == 1
    assert len(desk.wire("SIGN")) == 2
    desk("card.close", professionnel=LOUISE)
    wait_for(desk.platform, lambda e: e.operation == "mise hors tension")
    assert desk.findings() == []


def search(desk: Desk) -> Any:
    louise = desk.lgc.environment.professional(LOUISE)
    assert louise is not None
    asked = replace(CAMILLE, birth_given_names="CAMILLE")
    return desk.lgc.insi.search(asked, "cps", louise)


def test_the_situation_chosen_is_that_of_the_assertion(desk: Desk) -> None:
    desk.state(lecteurs={CPS: {"carte": LOUISE_CARD, "variante": "situations-eparses"}})
    assert desk("card.read_cps", professionnel=LOUISE)["carte"]["situation"] is None
    with pytest.raises(LgcError) as refused:
        search(desk)
    assert refused.value.code == "SITUATION_A_CHOISIR"
    chosen = desk("card.choose_situation", professionnel=LOUISE, situation=4)
    assert chosen["carte"]["situation"] == 4
    search(desk)
    body = exchanges(desk.platform, "insi")[-1].request.body
    [fourth] = [s for s in chosen["carte"]["situations"] if s["numero"] == 4]
    assert fourth["identifiant_facturation"].encode() in body
    assert b"SA08" in body


def test_the_code_typed_is_presented_and_the_tries_are_told(desk: Desk) -> None:
    error = desk.refused("card.read_cps", professionnel=LOUISE, code="0000")
    assert (error.code, error.http_status) == ("CODE_FAUX", 409)
    assert "2 essais" in error.message
    assert desk("card.read_cps", code="1234")["carte"]["numero"]


def test_a_blocked_card_is_unblocked(desk: Desk) -> None:
    desk.state(cartes={LOUISE_CARD: {"variante": "code-bloque"}})
    assert desk.refused("card.read_cps", professionnel=LOUISE).code == "CARTE_BLOQUEE"
    assert desk.wire("VERIFY") == []
    asked = {"professionnel": LOUISE, "code_deblocage": "12345678", "nouveau_code": "2468"}
    assert desk("card.unblock", **asked)["carte"]["essais_restants"] == 3
    assert desk("card.read_cps", professionnel=LOUISE, code="2468")["carte"]["situations"]


def test_a_card_taken_out_stops_the_calls_until_it_is_back(desk: Desk) -> None:
    desk("card.read_cps", professionnel=LOUISE)
    desk.state(lecteurs={CPS: None})
    before = len(exchanges(desk.platform, "insi"))
    with pytest.raises(LgcError) as refused:
        search(desk)
    assert refused.value.code == "CARTE_ABSENTE"
    assert len(exchanges(desk.platform, "insi")) == before
    desk.state(lecteurs={CPS: {"carte": LOUISE_CARD}})
    assert search(desk).calls
    assert desk.findings() == []


def test_the_card_is_found_where_it_was_moved(desk: Desk) -> None:
    desk.state(lecteurs={CPS: None, VITALE: {"carte": LOUISE_CARD}})
    assert desk("card.read_cps", professionnel=LOUISE)["carte"]["lecteur"] == VITALE


@pytest.mark.parametrize(
    ("operation", "fault", "code"),
    [
        ("SIGN", "perte-alimentation", "CARTE_ABSENTE"),
        ("SIGN", "carte-retiree", "CARTE_ABSENTE"),
        ("HASH", "lecteur-debranche", "CARTE_ABSENTE"),
        ("SIGN", "sw-6982", "CARTE_REFUS"),
        ("SIGN", "autre-empreinte", "SIGNATURE_FAUSSE"),
        ("VERIFY", "sw-6983", "CARTE_BLOQUEE"),
    ],
)
def test_a_fault_of_the_card_leaves_no_message_on_the_wire(
    desk: Desk, operation: str, fault: str, code: str
) -> None:
    desk.fault(operation, fault)
    with pytest.raises(LgcError) as refused:
        search(desk)
    assert refused.value.code == code
    assert exchanges(desk.platform, "insi") == ()


def test_a_storm_of_61xx_is_borne(desk: Desk) -> None:
    desk.fault("SIGN", "tempete-61xx")
    assert search(desk).calls


def test_a_card_at_rest_is_left_alone(desk: Desk) -> None:
    desk("card.read_cps", professionnel=LOUISE)
    at_rest = len(desk.wire())
    desk.lgc.outbox.flush()
    for name in ("outbox.read", "worklist.read"):
        desk(name)
    assert len(desk.wire()) == at_rest


# Carte Vitale


def test_the_public_files_of_a_vitale_are_read(desk: Desk) -> None:
    card = desk("card.read_vitale")["vitale"]
    assert (card["lecteur"], card["moyen"], card["type"]) == (VITALE, "apdu", "T")
    assert [one["prenom"] for one in card["beneficiaires"]] == ["CAMILLE", "Éloïse"]
    first, child = card["beneficiaires"]
    assert (first["nir_certifie"], first["qualite"]) == ("285073306304208", "0")
    assert (child["nir_certifie"], child["nir_ouvrant_droit"]) == (None, "285073306304208")
    assert child["qualite"] == "6"


@pytest.mark.pcsc
def test_both_ways_read_the_same_card(desk: Desk, library: Path) -> None:
    for name in ("vitale-00", "vitale-01", "vitale-02", "vitale-03"):
        desk.state(lecteurs={VITALE: {"carte": name}})
        by_commands = desk("card.read_vitale")["vitale"]
        by_library = through(desk, library)("card.read_vitale")["vitale"]
        assert by_library["moyen"] == "api_lec"
        same = ("type", "numero_serie", "beneficiaires")
        assert [by_library[k] for k in same] == [by_commands[k] for k in same]


def through(desk: Desk, library: Path) -> Desk:
    """The same installation with the reading library."""
    environment = desk.lgc.environment
    settings = replace(environment.cards, reading_api=library)
    vitale = type(desk.lgc.vitale)(replace(environment, cards=settings))
    return Desk(desk.platform, replace(desk.lgc, vitale=vitale))


def test_a_lunar_date_and_twins_are_kept_as_on_the_card(desk: Desk) -> None:
    desk.state(lecteurs={VITALE: {"carte": "vitale-02"}})
    (lunar,) = desk("card.read_vitale")["vitale"]["beneficiaires"]
    assert lunar["date_naissance"] == "19421901"
    desk.state(lecteurs={VITALE: {"carte": "vitale-01"}})
    twins = desk("card.read_vitale")["vitale"]["beneficiaires"][1:]
    assert [one["rang_gemellaire"] for one in twins] == ["1", "2"]
    assert twins[0]["date_naissance"] == twins[1]["date_naissance"]


@pytest.mark.parametrize(
    ("name", "variant", "code"),
    [("vitale-00", "vitale-1", "VITALE_NON_LISIBLE"), (None, None, "CARTE_ABSENTE")],
)
def test_a_vitale_that_cannot_be_read(
    desk: Desk, name: str | None, variant: str | None, code: str
) -> None:
    desk.state(lecteurs={VITALE: {"carte": name, "variante": variant} if name else None})
    assert desk.refused("card.read_vitale").code == code


def test_a_cps_in_the_reader_of_the_vitale_is_no_vitale(desk: Desk) -> None:
    desk.state(lecteurs={CPS: None, VITALE: {"carte": LOUISE_CARD}})
    assert desk.refused("card.read_vitale").code == "CARTE_ABSENTE"


@pytest.mark.parametrize(("kind", "accepted"), [("T", False), ("D", False), ("R", True)])
def test_only_real_vitales_serve_in_production(desk: Desk, kind: str, accepted: bool) -> None:
    desk.state(vitales={"vitale-00": {"type": kind}})
    production = replace(desk.lgc.environment, production=True)
    reader = type(desk.lgc.vitale)(production)
    if accepted:
        assert reader.read().kind == "R"
        return
    with pytest.raises(LgcError) as refused:
        reader.read()
    assert refused.value.code == "VITALE_DE_TEST"


@pytest.mark.pcsc
@pytest.mark.parametrize("code", [13, 15, 17, 23, 25, 30, 36, 37, 39, 41, 42, 50, 60, 61, 70])
def test_the_errors_of_the_library_are_told_in_french(desk: Desk, library: Path, code: int) -> None:
    desk.fault("Hn_LectureVitaleDonneesIdentification", f"api-{code}")
    error = through(desk, library).refused("card.read_vitale")
    assert (error.code, error.http_status) == (f"API_LECTURE_{code}", 409)
    assert "erreur inconnue" not in error.message
    assert through(desk, library)("card.read_vitale")["vitale"]["beneficiaires"]


@pytest.mark.pcsc
@pytest.mark.parametrize("fault", ["api-utf-8", "api-encodage-faux"])
def test_the_library_may_write_utf_8_whatever_it_declares(
    desk: Desk, library: Path, fault: str
) -> None:
    desk.fault("Hn_LectureVitaleDonneesIdentification", fault)
    card = through(desk, library)("card.read_vitale")["vitale"]
    assert card["beneficiaires"][1]["prenom"] == "Éloïse"


@pytest.mark.pcsc
def test_an_empty_reader_is_told_by_the_library(desk: Desk, library: Path) -> None:
    desk.state(lecteurs={VITALE: None})
    assert through(desk, library).refused("card.read_vitale").code == "CARTE_ABSENTE"


def test_a_library_that_is_none_is_a_matter_of_configuration(desk: Desk, tmp_path: Path) -> None:
    nothing = tmp_path / "api_lec.so"
    nothing.write_bytes(b"rien")
    assert through(desk, nothing).refused("card.read_vitale").code == "API_LECTURE_ABSENTE"
