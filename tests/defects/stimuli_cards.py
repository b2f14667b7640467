"""Sequences of gestures around cards; each puts readers and cards back as it found them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.people import set_state
from fixtures.world import PatientFixture

from .stimuli import Bench, stimulus

_FIRST, _SECOND, _VITALE = "Banc CPS 00", "Banc CPS 01", "Banc Vitale 00"
_WRONG_CODE = "0000"


def _holder(bench: Bench, rank: int = 0) -> str:
    return bench.scenario.session.platform.kernel.world.professionals[rank].national_id


def _cps(bench: Bench, rank: int = 0) -> str:
    return f"cps-{_holder(bench, rank)}"


def _beneficiary(bench: Bench, card: str) -> PatientFixture:
    """The first beneficiary of a carte Vitale."""
    world = bench.scenario.session.platform.kernel.world
    first = next(v for v in world.vitales if v.name == card).beneficiaries[0]
    return next(p for p in world.patients if p.matricule == first.insured)


@contextmanager
def _arranged(bench: Bench) -> Iterator[None]:
    """Afterwards every card is what it was, where it was, its tries and code too."""
    names = [_cps(bench, rank) for rank in (0, 1)]
    readers = dict(zip((_FIRST, _SECOND), names, strict=True))
    try:
        yield
    finally:
        for variant in ("situation-unique", "conforme"):  # another variant forgets the tries
            _change(bench, cartes={name: {"variante": variant} for name in names})
        _change(bench, lecteurs={reader: {"carte": card} for reader, card in readers.items()})
        _change(bench, lecteurs={_VITALE: {"carte": "vitale-00"}})


def _change(bench: Bench, **change: Mapping[str, Any]) -> None:
    set_state(bench.scenario, "cards", change)


def _vary(bench: Bench, variant: str, rank: int = 0) -> None:
    _change(bench, cartes={_cps(bench, rank): {"variante": variant}})


def _read(bench: Bench, **more: Any) -> None:
    bench.scenario.must("card.read_cps", professionnel=bench.doctor, **more)


def _try_read(bench: Bench, **more: Any) -> None:
    bench.forbidden("card.read_cps", professionnel=bench.doctor, **more)


def _variant(name: str, variant: str) -> None:
    """Declare the reading of a variant that must be accepted."""

    @stimulus(name)
    def read(bench: Bench) -> None:
        with _arranged(bench):
            _vary(bench, variant)
            _read(bench)


def _refused(name: str, variant: str) -> None:
    """Declare two readings of a variant that must be refused."""

    @stimulus(name)
    def read(bench: Bench) -> None:
        with _arranged(bench):
            _vary(bench, variant)
            for _ in range(2):
                _try_read(bench)


_variant("lecture-cps", "situation-unique")
_variant("lecture-situations-eparses", "situations-eparses")
_variant("lecture-valeurs-longues", "valeurs-longues")
_variant("lecture-remplacant", "remplacant")
_refused("lecture-carte-expiree", "expiree")
_refused("lecture-actua-tronque", "actua-tronque")
_refused("lecture-carte-reelle", "reelle")
_refused("lecture-carte-bloquee", "code-bloque")


@stimulus("lecture-cps4")
def other_generation(bench: Bench) -> None:
    """The card of the colleague is a CPS4."""
    with _arranged(bench):
        bench.scenario.must("card.read_cps", professionnel=_holder(bench, 1), code=None)


@stimulus("carte-dans-un-autre-lecteur")
def other_reader(bench: Bench) -> None:
    """The card is put in another reader than the usual one."""
    with _arranged(bench):
        _change(bench, lecteurs={_FIRST: None, _SECOND: {"carte": _cps(bench)}})
        _read(bench)


@stimulus("carte-echangee")
def swapped_card(bench: Bench) -> None:
    """Another professional puts a card in the reader of the first, whatever it is."""
    with _arranged(bench):
        _read(bench)
        _change(bench, lecteurs={_SECOND: None, _FIRST: {"carte": _cps(bench, 1)}})
        _try_read(bench)
        bench.scenario.must("card.read_cps", professionnel=None)


@stimulus("carte-retiree")
def removed_card(bench: Bench) -> None:
    """The card leaves its reader; somebody asks for it all the same."""
    with _arranged(bench):
        _read(bench)
        _change(bench, lecteurs={_FIRST: None})
        _try_read(bench)


@stimulus("code-faux")
def wrong_code(bench: Bench) -> None:
    """The user types a wrong code, once."""
    with _arranged(bench):
        _try_read(bench, code=_WRONG_CODE)


@stimulus("lecture-puis-recherche")
def read_then_search(bench: Bench) -> None:
    """The card is read, then signs the assertion of a search."""
    with _arranged(bench):
        _vary(bench, "situation-unique")
        bench.log_in()
        _read(bench)
        bench.search(bench.create(bench.someone()), way="cps")


@stimulus("situation-choisie")
def chosen_situation(bench: Bench) -> None:
    """Three situations, the user takes the fourth."""
    with _arranged(bench):
        _vary(bench, "situations-eparses")
        bench.log_in()
        _read(bench)
        bench.scenario.must("card.choose_situation", professionnel=bench.doctor, situation=4)
        bench.search(bench.create(bench.someone()), way="cps")


@stimulus("situation-a-choisir")
def no_situation_chosen(bench: Bench) -> None:
    """Three situations and nobody chose."""
    with _arranged(bench):
        _vary(bench, "situations-eparses")
        bench.log_in()
        _read(bench)
        patient = bench.create(bench.someone())
        bench.forbidden(
            "identity.search_insi", patient=patient, voie="cps", professionnel=bench.doctor
        )


@stimulus("recherches-espacees")
def searches_apart(bench: Bench) -> None:
    """Two searches by the card, twenty-five minutes apart."""
    with _arranged(bench):
        bench.log_in()
        _read(bench)
        bench.search(bench.create(bench.someone()), way="cps")
        bench.wait(minutes=25)
        bench.log_in()
        bench.search(bench.create(bench.someone()), way="cps")


@stimulus("recherche-vitale")
def search_by_vitale(bench: Bench) -> None:
    """The only beneficiary of a card is searched."""
    _search_vitale(bench, "vitale-04", beneficiaire=1)


@stimulus("recherche-vitale-lunaire")
def search_with_lunar_date(bench: Bench) -> None:
    """The beneficiary has a lunar date on his card."""
    _search_vitale(bench, "vitale-02", beneficiaire=1)


@stimulus("recherche-vitale-sans-choix")
def search_without_choice(bench: Bench) -> None:
    """Two beneficiaries, and nobody chose."""
    with _arranged(bench):
        bench.log_in()
        patient = bench.create(_beneficiary(bench, "vitale-00"))
        bench.forbidden(
            "identity.search_insi", patient=patient, source="vitale", **_by_organisation(bench)
        )


@stimulus("vitale-echangee")
def swapped_vitale(bench: Bench) -> None:
    """A card is shown, another takes its place, then the search is asked."""
    with _arranged(bench):
        bench.log_in()
        patient = bench.create(_beneficiary(bench, "vitale-04"))
        _change(bench, lecteurs={_VITALE: {"carte": "vitale-05"}})
        bench.scenario.must("card.read_vitale")
        _change(bench, lecteurs={_VITALE: {"carte": "vitale-04"}})
        bench.scenario.must(
            "identity.search_insi",
            patient=patient,
            source="vitale",
            beneficiaire=1,
            **_by_organisation(bench),
        )


def _search_vitale(bench: Bench, card: str, **asked: Any) -> None:
    with _arranged(bench):
        bench.log_in()
        patient = bench.create(_beneficiary(bench, card))
        _change(bench, lecteurs={_VITALE: {"carte": card}})
        bench.scenario.must(
            "identity.search_insi",
            patient=patient,
            source="vitale",
            **_by_organisation(bench),
            **asked,
        )


def _by_organisation(bench: Bench) -> dict[str, str]:
    return {"voie": "organisation", "professionnel": bench.doctor}
