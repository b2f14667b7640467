"""INS-S-01, 02, 04, 05, 12: each status rule, kept and broken."""

from __future__ import annotations

from typing import Any

import pytest

from rules.exchange import Exchange
from tests.rules.identity.story import (
    ATTESTED,
    CARD,
    about,
    call,
    created,
    found,
    ids,
    ins,
    mine,
    nobody,
    patient,
    refusal,
    retrieved,
    searched,
)
from tests.rules.journals import HUGO

OTHER: dict[str, Any] = {"nom_naissance": "AUTRE"}


def proven(state: dict[str, Any], code: str = "CN") -> Exchange:
    kept = {**state, "justificatif": {**CARD, "code": code}}
    return about("identity.record_evidence", kept, justificatif=code)


def validated() -> tuple[Exchange, ...]:
    return (created(), proven(patient("validée")))


def qualified() -> tuple[Exchange, ...]:
    return (*retrieved(), proven(patient("qualifiée", ins(), canal="INSI")))


def edited(state: dict[str, Any], *, unlocked: bool = True) -> Exchange:
    return about("identity.edit_traits", state, traits=state["traits"], deverrouille=unlocked)


def marked(state: dict[str, Any], name: str = "douteuse") -> Exchange:
    return about("identity.set_attribute", state, attribut=name, present=True)


def attested(state: dict[str, Any], author: str = "professionnel") -> Exchange:
    return about("identity.attest", state, auteur=author)


KEPT = patient("validée", justificatif=CARD)

CONFORMANT: dict[str, tuple[Exchange, ...]] = {
    "recuperee": tuple(retrieved()),
    "qualifiee-par-insi": (
        *validated(),
        call(found()),
        searched(patient("qualifiée", ins(), justificatif=CARD)),
    ),
    "sans-lieu": (
        *validated(),
        call(found(lieu_naissance=None)),
        searched(patient("qualifiée", ins(), justificatif=CARD)),
    ),
    "validee-traits-differents": (
        *validated(),
        call(found(**OTHER)),
        searched(KEPT, ecarts=["nom_naissance"]),
    ),
    "provisoire-traits-differents": (
        created(),
        call(found(**OTHER)),
        searched(patient(), propose=OTHER),
    ),
    "personne": (created(), call(nobody()), searched(patient(), "01", "Personne")),
    "plusieurs": (created(), call(nobody("02")), searched(patient(), "02", "Plusieurs")),
    "justificatifs": qualified(),
    "permis": (*retrieved(), proven(patient("récupérée", ins()), "PC")),
    "age-inconnu": (*retrieved(), proven(patient("récupérée", ins()), "LE")),
    "trait-modifie": (*qualified(), edited(patient(traits=OTHER))),
    "trait-modifie-un-cran": (*qualified(), edited(patient("validée", traits=OTHER))),
    "trait-verrouille": (
        *qualified(),
        refusal("identity.edit_traits", "Déverrouillez.", traits=OTHER, deverrouille=False),
    ),
    "nom-utilise-modifie": (
        *qualified(),
        edited(patient("qualifiée", ins(), traits={"nom_utilise": "TESTMAI"}), unlocked=False),
    ),
    "douteuse": (*qualified(), marked(patient(attributs=["douteuse"]))),
    "homonyme": (*qualified(), marked(patient("qualifiée", ins(), attributs=["homonyme"]))),
    "attestee": (*retrieved(), attested(patient("qualifiée", ins(), justificatif=ATTESTED))),
    "secretariat-refuse": (
        *retrieved(),
        refusal("identity.attest", "Réservé au professionnel.", auteur="secretariat"),
    ),
}

DEFECTS: dict[str, tuple[str, tuple[Exchange, ...]]] = {
    "reste-provisoire": ("INS-S-01", (created(), call(found()), searched(patient()))),
    "qualifiee-sans-justificatif": (
        "INS-S-01",
        (created(), call(found()), searched(patient("qualifiée", ins()))),
    ),
    "reste-validee": ("INS-S-01", (*validated(), call(found()), searched(KEPT))),
    "qualifiee-malgre-un-autre-nom": (
        "INS-S-01",
        (
            *validated(),
            call(found(**OTHER)),
            searched(patient("qualifiée", ins(), traits=OTHER, justificatif=CARD)),
        ),
    ),
    "ecart-tu": ("INS-S-01", (*validated(), call(found(**OTHER)), searched(KEPT))),
    "recuperee-sans-personne": (
        "INS-S-01",
        (created(), call(nobody()), searched(patient("récupérée", ins()), "01")),
    ),
    "carte-sans-effet": ("INS-S-02", (*retrieved(), proven(patient("récupérée", ins())))),
    "permis-qualifiant": ("INS-S-02", (*retrieved(), proven(patient("qualifiée", ins()), "PC"))),
    "trait-modifie-sans-effet": (
        "INS-S-04",
        (*qualified(), edited(patient("qualifiée", ins(), traits=OTHER))),
    ),
    "trait-modifie-ins-gardee": (
        "INS-S-04",
        (*qualified(), edited(patient("validée", ins(), traits=OTHER))),
    ),
    "trait-recupere-validee": (
        "INS-S-04",
        (*retrieved(), edited(patient("validée", traits=OTHER))),
    ),
    "trait-non-verrouille": (
        "INS-S-04",
        (*qualified(), edited(patient(traits=OTHER), unlocked=False)),
    ),
    "douteuse-qualifiee": (
        "INS-S-05",
        (*qualified(), marked(patient("qualifiée", ins(), attributs=["douteuse"]))),
    ),
    "fictive-avec-ins": (
        "INS-S-05",
        (*qualified(), marked(patient("provisoire", ins(), attributs=["fictive"]), "fictive")),
    ),
    "douteuse-et-fictive": (
        "INS-S-05",
        (created(), marked(patient(attributs=["douteuse", "fictive"]))),
    ),
    "attestee-par-le-secretariat": (
        "INS-S-12",
        (
            *retrieved(),
            attested(patient("qualifiée", ins(), justificatif=ATTESTED), "secretariat"),
        ),
    ),
    "attestee-comme-une-piece": (
        "INS-S-12",
        (*retrieved(), attested(patient("qualifiée", ins(), justificatif=CARD))),
    ),
    "attestee-sans-auteur": (
        "INS-S-12",
        (
            *retrieved(),
            attested(patient("qualifiée", ins(), justificatif={**ATTESTED, "par": HUGO})),
        ),
    ),
}


@pytest.mark.parametrize("story", CONFORMANT.values(), ids=CONFORMANT)
def test_a_status_as_the_rules_say_raises_nothing(story: tuple[Exchange, ...]) -> None:
    assert ids(*story) == []


@pytest.mark.parametrize(("check_id", "story"), DEFECTS.values(), ids=DEFECTS)
def test_a_wrong_status_raises_its_check_alone(check_id: str, story: tuple[Exchange, ...]) -> None:
    [finding] = mine(*story)
    assert finding.check_id == check_id
    assert finding.exchange_id == story[-1].id
    assert finding.fails


def test_a_fault_is_not_judged_as_an_answer() -> None:
    answered = searched(patient(), "desir_1020", "Le service est indisponible pour le moment.")
    assert ids(created(), call(None), answered) == []
