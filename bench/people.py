"""People whom only INSi and the scenario know, so that no scenario meets those of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fixtures.identifiers import matricule
from fixtures.world import PatientFixture
from simulators.insi.people import QUALIFICATION

if TYPE_CHECKING:
    from bench.session import Scenario

_PLACES = ("33063", "69123", "35238", "59350", "63220", "31555")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def invent(scenario: Scenario, given_names: str | None = None) -> PatientFixture:
    """A new person of this scenario, unknown to everybody: the same at each campaign."""
    rank = scenario.notes["personnes"] = scenario.notes.get("personnes", 0) + 1
    number = scenario.rank * 10 + rank
    sex = "MF"[number % 2]
    # A year in sixty, then an order of birth: no two numbers below 36 000 share a matricule.
    birth_date = f"{1940 + number % 60}-{1 + number % 12:02d}-{1 + number % 28:02d}"
    place = _PLACES[number % len(_PLACES)]
    return PatientFixture(
        birth_name=f"TESTI{_word(number)}",
        birth_given_names=given_names or ("NOE PAUL", "LEA MARIE")[number % 2],
        sex=sex,
        birth_date=birth_date,
        birth_place=place,
        matricule=matricule(sex, birth_date, place, 400 + number // 60 % 600),
        dmp="absent",
        mes="inconnue",
    )


def of_qualification(birth_name: str, birth_date: str) -> PatientFixture | None:
    """A person of INSi's qualification base (CNDA), None when INSi knows nobody so."""
    for one in QUALIFICATION:
        if (one.birth_name, one.birth_date) == (birth_name, birth_date):
            return PatientFixture(
                birth_name=birth_name,
                birth_given_names=one.given_names,
                sex=one.sex,
                birth_date=birth_date,
                birth_place=one.birth_place or "99999",
                matricule=one.active.number,
                oid=one.active.oid,
            )
    return None


def make_known(scenario: Scenario, who: PatientFixture, **changes: Any) -> None:
    """Put a person in the base of INSi; ``changes`` are fields as INSi's state names them."""
    told = {
        "birth_name": who.birth_name,
        "given_names": who.birth_given_names,
        "sex": who.sex,
        "birth_date": who.birth_date,
        "birth_place": who.birth_place,
        "insured": who.matricule,
        **changes,
    }
    set_state(scenario, "insi", {"personnes": {who.ins: told}})


def set_state(scenario: Scenario, service: str, change: dict[str, Any]) -> None:
    """Change the state of a simulator, as the administration of the bench does."""
    platform = scenario.session.platform
    with platform.kernel.unit() as unit:
        platform.services[service].set_state(unit, change)


def _word(number: int) -> str:
    """Three letters from a number: readable, and no name is another's beginning."""
    first, rest = divmod(number, 26 * 26)
    return _LETTERS[first % 26] + _LETTERS[rest // 26] + _LETTERS[rest % 26]
