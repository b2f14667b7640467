"""Matching rules and people, without any wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from fixtures.identifiers import nir_key
from fixtures.world import make_world
from rules.formats.insi import CardSearch, TraitsSearch
from simulators.insi.people import NIA, QUALIFICATION, Number, Person, from_world
from simulators.insi.state import InsiState, conclude, matches, matches_card
from simulators.store import Store
from tests.simulators.insi.lps import card, traits

LEONARDO, OTHER_LEONARDO = (p for p in QUALIFICATION if p.birth_name == "DE VINCI")
WRONG_KEYS = {"1810363220456", "2810363220456"}


def asked(*args: str, **options: object) -> TraitsSearch:
    return TraitsSearch(etree.fromstring(traits(*args, **options)))  # type: ignore[arg-type]


def asked_by_card(**options: str) -> CardSearch:
    return CardSearch(etree.fromstring(card(**options)))


@pytest.fixture
def state(tmp_path: object) -> Iterator[InsiState]:
    store = Store("sqlite://")
    store.create_tables()
    with store.writing() as connection:
        filled = InsiState(connection, "essai")
        filled.fill((*from_world(make_world(1)), *QUALIFICATION))
        yield filled
    store.close()


@pytest.mark.parametrize(
    ("given_names", "found"),
    [
        ("PIERRE-ALAIN", True),
        ("PIERRE-ALAIN MURIEL", True),
        (("PIERRE-ALAIN", "MURIEL", "FLORIANT"), True),
        ("PIERRE-ALAIN MURIEL FLORIANT", True),
        ("PIERRE", False),
        ("MURIEL", False),
        ("PIERRE-ALAIN FLORIANT", False),
        ("PIERRE-ALAIN MURIEL FLORIANT AUTRE", False),
        ("", False),
    ],
)
def test_given_names_are_the_list_or_its_beginning(given_names: str, found: bool) -> None:
    ecetinsi = next(p for p in QUALIFICATION if p.birth_name == "ECETINSI")
    assert matches(ecetinsi, asked("ECETINSI", given_names, "M", "2009-07-14")) is found


@given(st.integers(1, 3), st.booleans())
def test_repeated_elements_or_spaces_are_one(count: int, joined: bool) -> None:
    words = ["PIERRE-ALAIN", "MURIEL", "FLORIANT"][:count]
    search = asked("ECETINSI", " ".join(words) if joined else tuple(words), "M", "2009-07-14")
    ecetinsi = next(p for p in QUALIFICATION if p.birth_name == "ECETINSI")
    assert matches(ecetinsi, search)


@pytest.mark.parametrize(
    "other",
    [
        ("TESTMAI", "CAMILLE", "F", "1985-07-12"),
        ("TESTAVRIL", "CAMILLE", "M", "1985-07-12"),
        ("TESTAVRIL", "CAMILLE", "F", "1985-07-13"),
        ("TESTAVRIL", "CAMILLE", "F", "1985-07-12", "75056"),
        ("testavril", "CAMILLE", "F", "1985-07-12"),
    ],
)
def test_nothing_is_approached(state: InsiState, other: tuple[str, ...]) -> None:
    assert state.search(asked(*other)).code == "01"


def test_ambiguity_is_lifted_by_the_place(state: InsiState) -> None:
    assert state.search(asked("DE VINCI", "LEONARDO", "M", "2014-02-01")).code == "02"
    result = state.search(asked("DE VINCI", "LEONARDO", "M", "2014-02-01", place="63220"))
    assert result.person == LEONARDO


def test_second_given_name_alone_is_not_found_then_the_first_is(state: InsiState) -> None:
    """CNDA 2.07 cas 1: OLA, then CATARINA."""
    assert state.search(asked("TCHITCHI", "OLA", "F", "1936-06-21")).code == "01"
    assert state.search(asked("TCHITCHI", "CATARINA", "F", "1936-06-21")).code == "00"


def test_alias_of_an_injected_answer(state: InsiState) -> None:
    result = state.search(asked("HERMAN", "GATIEN", "M", "1981-03-24"))
    assert result.person is not None
    assert result.person.birth_name == "HERMANN"


def test_conclusion() -> None:
    assert conclude([]).code == "01"
    assert conclude([LEONARDO, OTHER_LEONARDO]).code == "02"
    assert conclude([LEONARDO, OTHER_LEONARDO]).person is None


def test_card_with_a_certified_number_active_or_former() -> None:
    person = next(p for p in QUALIFICATION if p.birth_name == "ECETINSI")
    assert matches_card(person, asked_by_card(individual="1090763220834"))
    assert matches_card(person, asked_by_card(individual="2090763220834"))
    assert not matches_card(person, asked_by_card(individual="1090763220888"))


def test_child_found_by_the_insured_the_date_and_the_rank() -> None:
    child = Person(
        "TESTAVRIL",
        "NINO",
        "M",
        "2019-03-05",
        "33063",
        Number("1190333063118", "48"),
        insured="2850733063042",
    )
    assert matches_card(child, asked_by_card(insured="2850733063042", birth="2019-03-05"))
    assert not matches_card(
        child, asked_by_card(insured="2850733063042", birth="2019-03-05", rank="2")
    )
    assert not matches_card(child, asked_by_card(insured="2850733063042", birth="2019-03-06"))


def test_every_beneficiary_of_a_card_of_the_world_is_found(state: InsiState) -> None:
    """Child, twins, lunar date, no certified NIR: what a card says designates one person."""
    world = make_world(1)
    held = [each for vitale in world.vitales for each in vitale.beneficiaries]
    assert any(each.birth_date[4:6] > "12" for each in held)
    assert {each.rank for each in held} == {"1", "2"}
    for each in held:
        date = f"{each.birth_date[:4]}-{each.birth_date[4:6]}-{each.birth_date[6:]}"
        for certified in {each.certified or "", ""}:
            search = asked_by_card(
                individual=certified, insured=each.insured, birth=date, rank=each.rank
            )
            person = state.search(search).person
            assert person is not None
            assert (person.birth_name, person.rank) == (each.birth_name, each.rank)


def test_a_lunar_date_is_compared_as_the_text_of_the_card(state: InsiState) -> None:
    [lunar] = [p for p in state.everyone() if p.card_date]
    assert (lunar.birth_date, lunar.card_date) == ("1942-01-01", "1942-19-01")
    insured = lunar.insured
    assert state.search(asked_by_card(insured=insured, birth="1942-19-01")).person == lunar
    assert state.search(asked_by_card(insured=insured, birth="1942-01-01")).code == "01"


def test_one_number_under_two_names_is_one_answer_by_card(state: InsiState) -> None:
    assert state.search(asked_by_card(individual="2770763220829")).code == "00"


def test_keys_are_right_but_for_those_published_wrong() -> None:
    for person in QUALIFICATION:
        for number in (person.active, *person.history):
            right = nir_key(number.number) == number.key
            assert right is (number.number not in WRONG_KEYS), number


def test_the_nia_of_the_official_case() -> None:
    [nia] = [p for p in QUALIFICATION if p.active.oid == NIA]
    assert (nia.birth_name, nia.active.ins) == ("PROVISOIRE", "109076322088835")


def test_filling_twice_changes_nothing(state: InsiState) -> None:
    before = state.everyone()
    state.fill(QUALIFICATION)
    assert state.everyone() == before
