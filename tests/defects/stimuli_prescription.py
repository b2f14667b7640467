"""Ordonnances: written, validated, printed, read back; when the service answers and when not."""

from __future__ import annotations

from typing import Any

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


def _draft(bench: Bench) -> str:
    bench.log_in()
    made = bench.scenario.must(
        "prescription.create",
        patient=bench.qualified(),
        professionnel=bench.doctor,
        consentement=True,
        sous_type="BZN",
        flags=["MED-1096"],
        lignes=[_DRUG, _OTHER],
    )
    return str(made["ordonnance"]["id"])


def _validate(bench: Bench, held: str) -> str:
    """The number that the software says, or nothing."""
    told = bench.scenario.must("prescription.validate", ordonnance=held, professionnel=bench.doctor)
    bench.scenario.must("outbox.flush")
    return str(told["ordonnance"].get("numero") or "")


@stimulus("ordonnance")
def prescribed(bench: Bench) -> None:
    """Validated, deposited, printed: the same steps when the service is down."""
    held = _draft(bench)
    _validate(bench, held)
    bench.scenario.must("prescription.print", ordonnance=held)


@stimulus("ordonnance-relue")
def read_back(bench: Bench) -> None:
    """Searched outside any record, then opened with its executions."""
    number = _validate(bench, _draft(bench))
    bench.scenario.must("prescription.search", professionnel=bench.doctor)
    bench.scenario.must("prescription.consult", numero=number, professionnel=bench.doctor)
