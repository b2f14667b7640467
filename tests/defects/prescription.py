"""Mistakes made with the ordonnance numérique and its document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.defects import Injection
from reference_impl.errors import UnavailableError

from . import stimuli_prescription
from .mistakes import around, broken, written

__all__ = ["DEFECTS", "stimuli_prescription"]

_BUILD = "reference_impl.documents.ep_med_dm:build"
_OUTAGE = Injection("prescription", "couper", "EP4", 9)


def _silent(original: Any, *arguments: Any, **options: Any) -> Any:
    kept = original(*arguments, **options)
    return arguments[0]._records.save(replace(kept, alerts=()))


def _unsent(_original: Any, sender: Any, kept: Any, _professional: Any) -> Any:
    kept = sender._about_to_send(kept)
    return sender._without_code(kept, UnavailableError("PANNE", "Panne."), in_doubt=False)


def _unexecuted(original: Any, *arguments: Any) -> Any:
    local, found = original(*arguments)
    return local, replace(found, ordonnance=replace(found.ordonnance, executions=()))


DEFECTS = (
    broken(
        "ordonnance-references-sans-diese",
        "Les références du document désignent le texte sans dièse",
        "ordonnance",
        "BANC-EPMED.01",
        written(_BUILD, r'value="#([^"]*)"', r'value="\1"'),
    ),
    broken(
        "ordonnance-sans-observation-ald",
        "Le document ne dit plus si une ligne est en ALD",
        "ordonnance",
        "EP-19",
        written(_BUILD, "MED-574", "MED-575"),
    ),
    broken(
        "ordonnance-bizone-non-declaree",
        "Le document mêle ALD et non-ALD sans se dire bizone",
        "ordonnance",
        "EP-18",
        written(_BUILD, "MED-1096", "MED-1095"),
    ),
    broken(
        "ordonnance-cis-d-un-autre-systeme",
        "Les codes CIS du document sont déclarés d'une autre nomenclature",
        "ordonnance",
        "EP-22 BANC-EPMED.04",
        written(_BUILD, r'"1\.2\.250\.1\.213\.2\.3\.1"', '"1.2.250.1.213.2.3.9"'),
    ),
    broken(
        "ordonnance-panne-tue",
        "Le service ne répond pas et l'utilisateur n'en sait rien",
        "ordonnance",
        "EP-29",
        around("reference_impl.prescriptions.sending:Sender._without_code", _silent),
        injection=_OUTAGE,
    ),
    broken(
        "ordonnance-jamais-envoyee",
        "L'ordonnance validée n'est pas envoyée au service",
        "ordonnance",
        "EP-01",
        around("reference_impl.prescriptions.sending:Sender.send", _unsent),
    ),
    broken(
        "ordonnance-executions-tues",
        "Les exécutions que le service rend ne sont pas montrées",
        "ordonnance-relue",
        "EP-24",
        around("reference_impl.prescriptions.service:Prescriptions.consult", _unexecuted),
        injection=Injection("prescription", "executions-melees", "EP3", 1),
    ),
)
