"""What is made of gestures: acts, names compared, answers that may not be taken."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.context import Traits
from rules.exchange import Exchange
from rules.formats.gesture import Gesture
from rules.formats.insi_answer import Individual, InsEntry
from rules.identities import acts, contradictions, returned_traits, unusable, words
from rules.incoming import incoming
from rules.judge import read
from tests.rules.archives import archive_of
from tests.rules.cda.samples import LETTER
from tests.rules.identity.story import (
    CARD,
    NIR,
    PAST,
    about,
    call,
    created,
    found,
    gesture,
    ids,
    ins,
    nobody,
    patient,
    searched,
)
from tests.rules.journals import journal

LOCAL = Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063")
NAMES = st.text("ABCDEÉÇœ'-", min_size=1, max_size=8)


def individual(**changes: Any) -> Individual:
    told = {
        "active": InsEntry("2850733063042", "08", NIR),
        "history": (),
        "birth_name": "TESTAVRIL",
        "given_name": None,
        "given_names": "CAMILLE ANNE",
        "sex": "F",
        "birth_date": "1985-07-12",
        "birth_place": "33063",
    }
    return Individual(**{**told, **changes})


def test_an_act_knows_the_identity_before_it_and_the_calls_it_caused() -> None:
    story = (
        created(),
        call(nobody(), "uuid:1"),
        call(found(), "uuid:2"),
        searched(patient("récupérée", ins())),
        about("patient.read", patient("récupérée", ins())),
    )
    opened, search, reading = journal(*story).derived(acts)
    assert opened.before is None
    assert opened.patient == "p1"
    assert (search.before or LOCAL) == opened.after
    assert len(search.calls) == len(search.answers) == 2
    assert search.found is not None
    assert search.found.active.number == "2850733063042"
    assert reading.calls == ()
    assert reading.before == search.after


def test_a_gesture_announces_what_the_contract_has() -> None:
    state = patient(
        "qualifiée", ins(nature="NIR"), justificatif=CARD, historique=[PAST], alertes=["Voir."]
    )
    [made] = [a for a in read(about("patient.read", state)).artefacts if isinstance(a, Gesture)]
    identity = made.identity
    assert identity is not None
    assert identity.evidence is not None
    assert (identity.evidence.code, identity.evidence.by) == ("CN", CARD["par"])
    assert [past.number for past in identity.history] == [PAST["matricule"]]
    assert (identity.nature, identity.alerts) == ("NIR", ("Voir.",))
    assert "historique" in identity.announced
    assert made.told("patient", "ins", "cle") == "08"
    assert made.told("patient", "absent", "cle") is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
FIELDS = ("attributs", "ins", "justificatif", "historique", "alertes", "canal", "insi", "appels")


@given(st.sampled_from(FIELDS), ANYTHING, st.sampled_from(["identity.search_insi", "identity.log"]))
def test_whatever_a_product_answers_is_judged_without_falling(
    field: str, value: Any, name: str
) -> None:
    state = patient("récupérée", ins(), **{field: value})
    answer = {"patient": state, field: value, "insi": value if field == "insi" else {}}
    asked = {"patient": "p1", "professionnel": "x"}
    assert isinstance(ids(created(), call(found()), gesture(name, asked, answer)), list)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_hyphens_apostrophes_case_and_accents_tell_no_names_apart(names: list[str]) -> None:
    listed = words(" ".join(names))
    assert listed == words("-".join(names).lower()) == words("'".join(names))
    assert all(word.isascii() and word.isupper() for word in listed)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ()),
        ({"birth_given_names": "ANNE"}, ()),
        ({"birth_place": None}, ()),
        ({"birth_place": "99999"}, ()),
        ({"birth_name": "Testavril"}, ()),
        ({"birth_name": "AUTRE"}, ("nom de naissance",)),
        ({"birth_given_names": "LEA"}, ("prénoms de naissance",)),
        ({"sex": "M", "birth_date": "1985-07-13"}, ("sexe", "date de naissance")),
        ({"birth_place": "75056"}, ("lieu de naissance",)),
    ],
)
def test_what_keeps_two_identities_apart(
    changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    other = replace(LOCAL, **changes)
    assert contradictions(LOCAL, other) == contradictions(other, LOCAL) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"birth_name": None}, "nom de naissance vide"),
        ({"given_names": " "}, "prénoms de naissance vide"),
        ({"sex": ""}, "sexe vide"),
        ({"birth_date": "1985-07-00"}, "date de naissance 1985-07-00"),
        ({"birth_date": None}, "date de naissance vide"),
        ({"active": InsEntry("2850733063042", "08", "1.2.3")}, "OID 1.2.3"),
    ],
)
def test_an_answer_that_may_not_be_taken_says_why(changes: dict[str, Any], reason: str) -> None:
    assert unusable(individual(**changes)) == (reason,)


def test_a_whole_answer_may_be_taken_and_the_list_goes_before_the_first_name() -> None:
    assert unusable(individual(birth_place=None)) == ()
    assert returned_traits(individual(given_name="CAMILLE")).birth_given_names == "CAMILLE ANNE"
    assert returned_traits(individual(given_name="CAMILLE", given_names=None)).birth_given_names


def brought(name: str, **parameters: str) -> Gesture:
    made: Exchange = gesture(name, parameters, {})
    [read_gesture] = [a for a in read(made).artefacts if isinstance(a, Gesture)]
    return read_gesture


@pytest.mark.parametrize("content", [LETTER, archive_of(LETTER)], ids=["cda", "archive"])
def test_the_identity_of_a_document_received(content: bytes) -> None:
    told = incoming(brought("identity.receive", contenu=base64.b64encode(content).decode()))
    assert told is not None
    assert (told.ins, told.traits.birth_name) == ("285073306304208", "TESTAVRIL")


@pytest.mark.parametrize(
    "content", ["pas du base64 !", "", base64.b64encode(b"PK\x03\x04").decode()]
)
def test_what_cannot_be_read_brings_nobody(content: str) -> None:
    assert incoming(brought("identity.receive", contenu=content)) is None
    assert incoming(brought("identity.scan_datamatrix", texte="IS02")) is None
    assert incoming(brought("identity.scan_datamatrix", image="…")) is None
    assert incoming(brought("patient.read")) is None


def test_a_page_that_cannot_be_read_is_no_page() -> None:
    for content in ("", "!", base64.b64encode(b"%PDF-").decode(), base64.b64encode(b"x").decode()):
        made = brought("document.print")
        told = replace(made, answer={"document": {"contenu": content}})
        assert told.printed is None or told.parts()
    assert brought("patient.read").printed is None
