"""People whom only INSi and the scenario know, so that no scenario meets those of another."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

from fixtures.identifiers import matricule
from fixtures.world import PatientFixture
from rules.exchange import Message
from rules.formats.dmp import read_request
from rules.formats.xds import Submission
from simulators.dmp.deposit import deposit
from simulators.dmp.state import Authorization, DmpState, RecordState
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


def traits(who: PatientFixture) -> dict[str, str]:
    """The traits of an identity, as the driver contract names them."""
    return {
        "nom_naissance": who.birth_name,
        "prenoms_naissance": who.birth_given_names,
        "sexe": who.sex,
        "date_naissance": who.birth_date,
        "lieu_naissance": who.birth_place,
    }


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


def open_with_document(scenario: Scenario, who: PatientFixture) -> str:
    """Open the DMP of someone, with a document of another software in it; its uniqueId.

    The professional of the scenario may consult it. The document is the golden one,
    written for that person.
    """
    kernel = scenario.session.platform.kernel
    submission = _golden_deposit(who)
    unique_id = submission.objects.documents[0].unique_id or ""
    with kernel.unit() as unit:
        state = DmpState(unit, kernel.campaign)
        state.set_record(who.ins, RecordState.ACTIVE, at=kernel.clock.now())
        state.authorize(who.ins, scenario.notes["professionnel"], Authorization.VALID)
        if not state.has_unique_id(unique_id):
            deposit(submission, state, ins=who.ins, seed=kernel.seed, at=kernel.clock.now())
    return unique_id


def _golden_deposit(who: PatientFixture) -> Submission:
    golden = resources.files("fixtures") / "golden" / "dmp" / "t04-td21-depot-requete.http"
    text = golden.read_bytes()
    year, month, day = who.birth_date.split("-")
    for former, wanted in {
        "285073306304208": who.ins,
        "TESTAVRIL": who.birth_name,
        "CAMILLE ANNE": who.birth_given_names,
        "CAMILLE": who.first_given_name,
        "19850712": f"{year}{month}{day}",
        "2.25.": f"2.25.{who.matricule}",
    }.items():
        text = text.replace(former.encode(), wanted.encode())
    head, _, body = text.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    request = read_request(Message(start, tuple((n, v) for n, _, v in pairs), body))
    assert isinstance(request.body, Submission)
    return request.body


def set_state(scenario: Scenario, service: str, change: dict[str, Any]) -> None:
    """Change the state of a simulator, as the administration of the bench does."""
    platform = scenario.session.platform
    with platform.kernel.unit() as unit:
        platform.services[service].set_state(unit, change)


def _word(number: int) -> str:
    """Three letters from a number: readable, and no name is another's beginning."""
    first, rest = divmod(number, 26 * 26)
    return _LETTERS[first % 26] + _LETTERS[rest // 26] + _LETTERS[rest % 26]
