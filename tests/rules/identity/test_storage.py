"""INS-S-03, 06, 07, 08, 10, 11: what is recorded, as INSi and the user gave it."""

from __future__ import annotations

from typing import Any

import pytest

from rules.exchange import Exchange
from tests.rules.identity.story import (
    CARD,
    NIA,
    NUMBER,
    PAST,
    about,
    call,
    created,
    found,
    gesture,
    ids,
    ins,
    mine,
    patient,
    searched,
)

RETURNED = found(ins(), PAST)


def taken(answer: str = RETURNED, held: Any = None, **changes: Any) -> tuple[Exchange, ...]:
    told = {"historique": [PAST], **changes}
    return (created(), call(answer), searched(patient("récupérée", held or ins(), **told)))


def dated(asked: str, kept: str, uncertain: bool = True) -> Exchange:
    state = patient(traits={"date_naissance": kept}, date_incertaine=uncertain)
    asking = {**state["traits"], "date_naissance": asked}
    return gesture("patient.create", {"traits": asking}, {"patient": state})


def recorded(evidence: dict[str, Any] | None) -> tuple[Exchange, ...]:
    state = patient("validée", justificatif=evidence)
    return (created(), about("identity.record_evidence", state, justificatif="CN"))


def named(typed: str, returned: str, **told: Any) -> tuple[Exchange, ...]:
    """A person created under given names, found under others."""
    state = patient("récupérée", ins(), traits={"prenoms_naissance": returned}, **told)
    first = created(traits={"prenoms_naissance": typed})
    return (first, call(found(prenoms_naissance=returned)), searched(state))


LATER = {"nom_naissance": "TESTAVRIL-DUPONT"}

CONFORMANT: dict[str, tuple[Exchange, ...]] = {
    "tel-quel": taken(),
    "cle-qui-ne-calcule-pas": taken(found(ins(key="99"), PAST), ins(key="99")),
    "historique-egal-a-l-actif": taken(found(ins(), ins()), historique=[]),
    "nia": taken(found(ins(oid=NIA), PAST), ins(oid=NIA, nature="NIA")),
    "nir-apres-nia": taken(found(ins(), ins(oid=NIA)), historique=[ins(oid=NIA)]),
    "lu-plus-tard": (
        *taken(),
        about("patient.read", patient("récupérée", ins(), historique=[PAST])),
    ),
    "nouvelle-reponse-non-reprise": (
        *taken(),
        call(found(ins(), PAST, **LATER)),
        searched(patient("récupérée", ins(), historique=[PAST]), ecarts=["nom_naissance"]),
    ),
    "reprise-sur-decision": (
        created(),
        call(found(ins(), **LATER)),
        searched(patient(), propose=LATER),
        about("identity.accept_insi", patient("récupérée", ins(), traits=LATER), accepter=True),
    ),
    "rien-annonce": (
        created(),
        call(RETURNED),
        searched({k: v for k, v in patient("récupérée", ins()).items() if k != "historique"}),
    ),
    "carte-enregistree": recorded(CARD),
    "appli-carte-vitale": (created(justificatif={**CARD, "code": "AV"}, canal="AV"),),
    "premier-prenom": named("JEAN", "JEAN CHRISTOPHE PIERRE"),
    "premier-prenom-compose": named("JEAN-CHRISTOPHE", "JEAN CHRISTOPHE PIERRE"),
    "second-prenom-signale": named("PIERRE JEAN", "JEAN PIERRE", alertes=["Premier prénom."]),
    "jour-inconnu": (dated("1985-07", "1985-07-01"),),
    "annee-seule": (dated("1985", "1985-12-31"),),
    "date-complete": (dated("1985-07-12", "1985-07-12", uncertain=False),),
}

DEFECTS: dict[str, tuple[str, tuple[Exchange, ...]]] = {
    "justificatif-presume": ("INS-S-03", (created(justificatif=CARD),)),
    "justificatif-apparu": (
        "INS-S-03",
        (created(), about("patient.read", patient(justificatif=CARD))),
    ),
    "justificatif-oublie": ("INS-S-03", recorded(None)),
    "justificatif-sans-date": ("INS-S-03", recorded({**CARD, "le": None})),
    "cle-recalculee": ("INS-S-06", taken(found(ins(key="99"), PAST))),
    "oid-de-test": ("INS-S-06", taken(held=ins(oid="1.2.250.1.213.1.4.10"))),
    "nom-en-minuscules": ("INS-S-06", taken(traits={"nom_naissance": "Testavril"})),
    "premier-prenom-seul": ("INS-S-06", taken(traits={"prenoms_naissance": "CAMILLE"})),
    "historique-perdu": ("INS-S-06", taken(historique=[])),
    "oid-change-plus-tard": (
        "INS-S-06",
        (*taken(), about("patient.read", patient("récupérée", ins(oid=NIA), historique=[PAST]))),
    ),
    "nature-d-apres-le-premier-chiffre": (
        "INS-S-07",
        taken(found(ins(oid=NIA), PAST), ins(oid=NIA, nature="NIR")),
    ),
    "nir-dit-nia": ("INS-S-07", taken(held=ins(nature="NIA"))),
    "actif-en-historique": ("INS-S-08", taken(found(ins(), ins()), historique=[ins()])),
    "historique-en-double": ("INS-S-08", taken(historique=[PAST, PAST])),
    "second-prenom-tu": ("INS-S-10", named("PIERRE JEAN", "JEAN PIERRE")),
    "jour-invente": ("INS-S-11", (dated("1985-07", "1985-07-15"),)),
    "premier-janvier": ("INS-S-11", (dated("1985", "1985-01-01"),)),
    "sans-marque": ("INS-S-11", (dated("1985-07", "1985-07-01", uncertain=False),)),
}


@pytest.mark.parametrize("story", CONFORMANT.values(), ids=CONFORMANT)
def test_what_is_kept_as_given_raises_nothing(story: tuple[Exchange, ...]) -> None:
    assert ids(*story) == []


@pytest.mark.parametrize(("check_id", "story"), DEFECTS.values(), ids=DEFECTS)
def test_what_is_lost_or_changed_raises_its_check_alone(
    check_id: str, story: tuple[Exchange, ...]
) -> None:
    [finding] = mine(*story)
    assert finding.check_id == check_id
    assert finding.exchange_id == story[-1].id


def test_an_answer_is_judged_once_for_a_patient() -> None:
    spoilt = patient("récupérée", ins(oid=NIA), historique=[PAST])
    read = [about("patient.read", spoilt) for _ in range(3)]
    assert NUMBER in str(spoilt)
    assert ids(*taken(), *read) == ["INS-S-06"]
