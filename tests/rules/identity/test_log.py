"""INS-L-01, INS-E-01, INS-E-02: the trace of the calls, and what is done of failures."""

from __future__ import annotations

from typing import Any

import pytest

from rules.exchange import Exchange
from tests.rules.identity.story import (
    DOWN,
    NUMBER,
    PAST,
    about,
    call,
    created,
    fault,
    found,
    gesture,
    ids,
    ins,
    mine,
    nobody,
    patient,
    refusal,
    searched,
)
from tests.rules.insi.messages import NOW
from tests.rules.journals import HUGO, LOUISE

SEARCH = "rechercherInsAvecTraitsIdentite"
CONTENT = {"ins": ins(), "traits": {"nom": "TESTAVRIL", "date": "1985-07-12"}, "passe": [PAST]}


def entry(message_id: str = "uuid:1", code: str = "00", **changes: Any) -> dict[str, Any]:
    told = {
        "le": NOW.isoformat(),
        "professionnel": LOUISE,
        "operation": SEARCH,
        "voie": "organisation",
        "message_id": message_id,
        "code": code,
        "libelle": "OK",
        "contenu": CONTENT if code == "00" else None,
    }
    return {**told, **changes}


STATE = patient("récupérée", ins(), historique=[PAST])


def logged(*entries: dict[str, Any]) -> Exchange:
    return about("identity.log", STATE, answer={"appels": list(entries), "evenements": []})


def one_call(*entries: dict[str, Any]) -> tuple[Exchange, ...]:
    return (created(), call(found(ins(), PAST)), searched(STATE), logged(*entries))


def failed(
    answer: str | None, code: str, label: str = DOWN, **changes: Any
) -> tuple[Exchange, ...]:
    return (created(), call(answer), searched(patient(**changes), code, label))


REFUSED = refusal("identity.search_insi", f"{DOWN} (desir_1020)", "desir_1020")

CONFORMANT: dict[str, tuple[Exchange, ...]] = {
    "un-appel": one_call(entry()),
    "urn": one_call(entry("urn:uuid:1")),
    "sans-contenu-annonce": one_call({k: v for k, v in entry().items() if k != "contenu"}),
    "deux-appels": (
        created(),
        call(nobody()),
        call(found(ins(), PAST), "uuid:2"),
        searched(STATE),
        logged(entry(code="01"), entry("uuid:2")),
    ),
    "faute-tracee": (
        *failed(fault(), "desir_1020"),
        logged(entry(code="desir_1020", libelle=DOWN)),
    ),
    "sans-reponse-tracee": (
        *failed(None, "SERVICE_INJOIGNABLE"),
        logged(entry(code="INJOIGNABLE")),
    ),
    "faute-dite": failed(fault(), "desir_1020"),
    "faute-en-refus": (created(), call(fault()), REFUSED),
    "page-html": failed("<html>503</html>", "REPONSE_ILLISIBLE"),
    "sans-reponse": (*failed(None, "SERVICE_INJOIGNABLE"), about("patient.read", patient())),
    "poignee-refusee": (
        created(),
        call(None, operation="TLS"),
        searched(patient(), "CERTIFICAT", DOWN),
    ),
}

DEFECTS: dict[str, tuple[str, tuple[Exchange, ...]]] = {
    "appel-non-trace": ("INS-L-01", one_call()),
    "appel-anonyme": ("INS-L-01", one_call(entry(professionnel=None))),
    "un-autre-utilisateur": ("INS-L-01", one_call(entry(professionnel=HUGO))),
    "operation-autre": ("INS-L-01", one_call(entry(operation="recherche"))),
    "code-autre": ("INS-L-01", one_call(entry(code="01"))),
    "date-d-hier": ("INS-L-01", one_call(entry(le="2026-03-11T08:50:00+00:00"))),
    "historique-non-trace": ("INS-L-01", one_call(entry(contenu={**CONTENT, "passe": []}))),
    "appel-invente": ("INS-L-01", one_call(entry(), entry("uuid:9"))),
    "echec-non-trace": ("INS-L-01", (*failed(fault(), "desir_1020"), logged())),
    "message-technique": (
        "INS-E-01",
        failed(fault(), "desir_1020", "Traceback: soap fault received from host"),
    ),
    "sans-message": ("INS-E-01", failed(fault(), "desir_1020", "")),
    "statut-change": (
        "INS-E-01",
        failed(None, "SERVICE_INJOIGNABLE", statut="récupérée", ins=ins()),
    ),
    "plus-rien-ne-marche": (
        "INS-E-01",
        (*failed(None, "SERVICE_INJOIGNABLE"), gesture("patient.read", {"patient": "p1"}, {}, 500)),
    ),
    "code-illisible": ("INS-E-02", failed(fault(), "ERREUR")),
    "code-de-soap": ("INS-E-02", failed(fault("insi_102"), "Sender")),
}


@pytest.mark.parametrize("story", CONFORMANT.values(), ids=CONFORMANT)
def test_calls_traced_and_failures_told_raise_nothing(story: tuple[Exchange, ...]) -> None:
    assert ids(*story) == []


@pytest.mark.parametrize(("check_id", "story"), DEFECTS.values(), ids=DEFECTS)
def test_a_lost_trace_or_a_mute_failure_raises_its_check_alone(
    check_id: str, story: tuple[Exchange, ...]
) -> None:
    [finding] = mine(*story)
    assert finding.check_id == check_id
    assert finding.found
    assert finding.exchange_id in {each.id for each in story}


def test_another_patient_is_not_asked_for_the_calls_of_the_first() -> None:
    other = patient(id="p2")
    log = about("identity.log", other, answer={"appels": []})
    assert NUMBER in str(CONTENT)
    assert ids(*one_call(entry()), log) == []
