"""Searches whose calls follow one another: given names in turn, namesakes, a card of a family."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.people import set_state
from fixtures.world import PatientFixture

from .stimuli import Bench, stimulus

_READER, _USUAL = "Banc Vitale 00", "vitale-00"


def _search(bench: Bench, name: str, given: str, sex: str, born: str, place: str = "63220") -> None:
    """A person of the qualification base, or of nowhere (CNDA)."""
    created = bench.scenario.must(
        "patient.create",
        traits={
            "nom_naissance": name,
            "prenoms_naissance": given,
            "sexe": sex,
            "date_naissance": born,
            "lieu_naissance": place,
        },
    )
    bench.search(str(created["patient"]["id"]))


@stimulus("recherche-deuxieme-prenom")
def second_name_found(bench: Bench) -> None:
    """CNDA 2.07 cas 1: the second given name is the right one."""
    _search(bench, "TCHITCHI", "OLA CATARINA BELLA", "F", "1936-06-21")


@stimulus("recherche-introuvable")
def nobody(bench: Bench) -> None:
    """CNDA 2.07 cas 2: none of three given names, nor all of them."""
    _search(bench, "HOUILLES", "PIERRE PAUL JACQUES", "M", "1993-01-27")


@stimulus("recherche-homonymes")
def namesakes(bench: Bench) -> None:
    """CNDA 2.06 cas 2: the place of birth tells namesakes apart."""
    _search(bench, "DE VINCI", "LEONARDO", "M", "2014-02-01")


@stimulus("recherche-homonymes-sans-lieu")
def namesakes_without_place(bench: Bench) -> None:
    """CNDA 2.06 cas 1: nothing tells them apart."""
    _search(bench, "DE VINCI", "LEONARDO", "M", "2014-02-01", "99999")


@stimulus("recherche-corse")
def born_in_corsica(bench: Bench) -> None:
    """CNDA 2.03 cas 2: the matricule has a letter."""
    _search(bench, "ADRTROIS", "TOUSSAINT", "M", "1960-01-01", "2B020")


@stimulus("recherche-nom-a-apostrophes")
def apostrophes(bench: Bench) -> None:
    """CNDA 2.03 cas 1."""
    _search(bench, "D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN", "M", "2001-06-17")


@stimulus("recherche-d-un-dossier-sur-deux")
def one_of_two_files(bench: Bench) -> None:
    """Two files are open, one is searched."""
    bench.create(bench.someone())
    bench.search(bench.create(bench.someone()))


@contextmanager
def _inserted(bench: Bench, card: str) -> Iterator[None]:
    set_state(bench.scenario, "cards", {"lecteurs": {_READER: {"carte": card}}})
    try:
        yield
    finally:
        set_state(bench.scenario, "cards", {"lecteurs": {_READER: {"carte": _USUAL}}})


def _by_card(bench: Bench, card: str, who: PatientFixture, **chosen: Any) -> None:
    """The card is read, the user chooses, the search is asked."""
    with _inserted(bench, card):
        bench.log_in()
        patient = bench.create(who)
        bench.scenario.must("card.read_vitale")
        bench.forbidden(
            "identity.search_insi",
            patient=patient,
            source="vitale",
            voie="organisation",
            professionnel=bench.doctor,
            **chosen,
        )


def _patients(bench: Bench) -> tuple[PatientFixture, ...]:
    return bench.scenario.session.platform.kernel.world.patients


@stimulus("vitale-d-un-jumeau")
def twin(bench: Bench) -> None:
    """The second of twins, third on the card of a parent, without certified number."""
    who = next(p for p in _patients(bench) if p.rank == "2")
    _by_card(bench, "vitale-01", who, beneficiaire=3)


@stimulus("vitale-a-plusieurs-sans-choix")
def family(bench: Bench) -> None:
    """Three on the card, and the user chose nobody yet."""
    who = next(p for p in _patients(bench) if p.rank == "2")
    _by_card(bench, "vitale-01", who)


@stimulus("vitale-a-date-lunaire")
def lunar(bench: Bench) -> None:
    """Alone on the card, under a lunar date."""
    _by_card(bench, "vitale-02", next(p for p in _patients(bench) if "LUNAIRE" in p.birth_name))


@stimulus("verification-non-servie")
def verification_not_served(bench: Bench) -> None:
    """A qualified identity is verified where the verification is not served."""
    patient = bench.qualified()
    bench.about("identity.verify", patient)


@stimulus("verification-servie")
def verification_served(bench: Bench) -> None:
    """The same where it is served."""
    patient = bench.qualified()
    set_state(bench.scenario, "insi", {"verification": True})
    try:
        bench.about("identity.verify", patient)
    finally:
        set_state(bench.scenario, "insi", {"verification": False})
