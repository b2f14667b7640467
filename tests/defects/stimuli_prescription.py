"""Ordonnances: written, validated, printed, read back; when the service answers and when not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reference_impl.people import Environment

from .laboratory import SETTINGS
from .stimuli import Bench, stimulus

_DRUG: dict[str, Any] = {
    "eprescType": "medicament",
    "cis": "60000001",
    "libelle": "MEDICAMENT FICTIF UN 75 microgrammes comprimé, voie orale",
    "posologieTexte": "1 comprimé le matin à jeun",
    "dureeJours": 30,
    "quantite": {"valeur": 1, "unite": "30009000"},
    "renouvellements": 0,
    "substitution": {"code": "N", "motif": "MTE"},
    "ald": True,
}
_OTHER: dict[str, Any] = {
    **_DRUG,
    "cis": "60000002",
    "libelle": "MEDICAMENT FICTIF DEUX 20 mg comprimé, voie orale",
    "substitution": {"code": "G"},
    "ald": False,
}
_NARCOTIC: dict[str, Any] = {
    **_OTHER,
    "cis": "60000003",
    "libelle": "MEDICAMENT FICTIF TROIS dix milligrammes gélule, voie orale",
    "posologieTexte": "une gélule de dix milligrammes matin et soir",
    "dureeJours": 28,
    "stupefiant": True,
}
_TSO: dict[str, Any] = {
    **_NARCOTIC,
    "cis": "60000004",
    "libelle": "MEDICAMENT FICTIF QUATRE huit milligrammes comprimé, voie sublinguale",
    "posologieTexte": "un comprimé de huit milligrammes le matin",
    "dureeJours": 14,
    "traitementSubstitutionOpiaces": True,
}
_PHARMACY = {"structure": "PHARMACIE FICTIVE DU BANC", "finess": "330999400"}


def _set(name: str, **changes: Any) -> None:
    """The installation of a stimulus uses the service of ordonnances otherwise."""

    def settled(environment: Environment) -> Environment:
        return replace(environment, ordonnance=replace(environment.ordonnance, **changes))

    SETTINGS[name] = settled


def _asked(bench: Bench, patient: str | None = None, **changes: Any) -> dict[str, Any]:
    bench.log_in()
    return {
        "patient": patient or bench.qualified(),
        "professionnel": bench.doctor,
        "consentement": True,
        "lignes": [_DRUG, _OTHER],
        **changes,
    }


def _draft(bench: Bench, patient: str | None = None, **changes: Any) -> str:
    made = bench.scenario.must("prescription.create", **_asked(bench, patient, **changes))
    return str(made["ordonnance"]["id"])


def _validate(bench: Bench, held: str) -> str:
    """The number that the software says, or nothing."""
    told = bench.scenario.must("prescription.validate", ordonnance=held, professionnel=bench.doctor)
    bench.flush()
    return str(told["ordonnance"].get("numero") or "")


def _whole(bench: Bench, patient: str | None = None, **changes: Any) -> str:
    """Written, validated, printed; the number."""
    held = _draft(bench, patient, **changes)
    number = _validate(bench, held)
    bench.scenario.must("prescription.print", ordonnance=held)
    return number


def _consult(bench: Bench, number: str) -> Mapping[str, Any]:
    return bench.scenario.must("prescription.consult", numero=number, professionnel=bench.doctor)


@stimulus("ordonnance")
def prescribed(bench: Bench) -> None:
    """Drugs chosen, validated, deposited, printed: the same steps when the service is down."""
    bench.scenario.must("drug.search", texte="fictif")
    _whole(bench, sous_type="BZN", flags=["MED-1096"])


@stimulus("ordonnance-relue")
def read_back(bench: Bench) -> None:
    """Searched outside any record, then opened with its executions."""
    number = _validate(bench, _draft(bench))
    bench.scenario.must("prescription.search", professionnel=bench.doctor)
    _consult(bench, number)


@stimulus("ordonnance-soap")
def by_soap(bench: Bench) -> None:
    """Validated then opened, by a software that only knows the SOAP wire."""
    _consult(bench, _validate(bench, _draft(bench)))


_set("ordonnance-soap", wire="soap")


@stimulus("ordonnance-tracee")
def traced(bench: Bench) -> None:
    """One validated then opened, another validated, traces being sent."""
    _consult(bench, _validate(bench, _draft(bench)))
    _validate(bench, _draft(bench))


_set("ordonnance-tracee", send_traces=True)


@stimulus("ordonnance-nom-utilise")
def used_name(bench: Bench) -> None:
    """A patient who uses another name than that of birth, and has two given names."""
    _whole(bench, bench.qualified(bench.married()))


@stimulus("ordonnance-remplacant")
def replaced(bench: Bench) -> None:
    """A remplaçant prescribes in the place of the titulaire."""
    owner = bench.scenario.session.platform.kernel.world.professionals[1].national_id
    _whole(bench, remplace=owner)


@stimulus("ordonnance-sans-consentement")
def opposed(bench: Bench) -> None:
    """The patient does not let what was delivered be read back; a pharmacy delivers."""
    number = _whole(bench, consentement=False)
    _consult(bench, number)


@stimulus("ordonnance-deux")
def two(bench: Bench) -> None:
    """Two ordonnances of two patients, one after the other."""
    for _ in range(2):
        held = _draft(bench)
        bench.forbidden("prescription.validate", ordonnance=held, professionnel=bench.doctor)


@stimulus("ordonnance-adulte-efg")
def adult(bench: Bench) -> None:
    """A motive of children asked for an adult, which a conformant software refuses."""
    _maybe(bench, lignes=[{**_DRUG, "substitution": {"code": "N", "motif": "EFG"}}])


@stimulus("ordonnance-stupefiant")
def narcotic(bench: Bench) -> None:
    """A stupéfiant for 28 days, on an ordonnance sécurisée."""
    _whole(bench, lignes=[_NARCOTIC])


@stimulus("ordonnance-stupefiant-long")
def long_narcotic(bench: Bench) -> None:
    """A stupéfiant asked for three months, which a conformant software refuses."""
    bench.scenario.must("drug.search", texte="fictif")
    _maybe(bench, lignes=[{**_NARCOTIC, "dureeJours": 90}])


@stimulus("ordonnance-substitution-opiaces")
def substitution(bench: Bench) -> None:
    """A treatment of substitution: first without pharmacy, which is refused, then with one."""
    _maybe(bench, lignes=[_TSO])
    _whole(bench, lignes=[_TSO], executant_designe=_PHARMACY)


def _maybe(bench: Bench, **changes: Any) -> None:
    """The ordonnance that a conformant software refuses to write."""
    made = bench.scenario.perform("prescription.create", **_asked(bench, **changes))
    if made.status < 300:
        _validate(bench, str(made.answer["ordonnance"]["id"]))


@stimulus("ordonnance-sans-reponse")
def unanswered(bench: Bench) -> None:
    """The answer is lost (injection), and the user validates again."""
    held = _draft(bench)
    for _ in range(2):
        bench.forbidden("prescription.validate", ordonnance=held, professionnel=bench.doctor)


@stimulus("ordonnance-refusee")
def refused(bench: Bench) -> None:
    """The service refuses (injection): nothing is printed."""
    held = _draft(bench)
    bench.forbidden("prescription.validate", ordonnance=held, professionnel=bench.doctor)
    bench.forbidden("prescription.print", ordonnance=held)


_set("ordonnance-rattrapee", late=True)


@stimulus("ordonnance-rattrapee")
def caught_up(bench: Bench) -> None:
    """The service is down (injection), then takes what waited: documents are replaced."""
    held = _draft(bench)
    for _ in range(2):
        _validate(bench, held)


@stimulus("ordonnance-annulee")
def cancelled(bench: Bench) -> None:
    """Validated and deposited, then cancelled: what was deposited leaves the DMP."""
    held = _draft(bench)
    _validate(bench, held)
    bench.scenario.must("prescription.cancel", ordonnance=held, professionnel=bench.doctor)
    bench.flush()
