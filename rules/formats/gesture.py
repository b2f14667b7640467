"""Driver gestures as artefacts: what the software said of its own state.

The bench records each ``POST /actions/<name>`` it sends to the software as an
exchange of service ``lgc``. Its answer is the only place where a status such
as « récupérée » can be read, so that a verdict follows from the journal alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rules.artefact import Artefact, parses
from rules.context import Identity, Traits
from rules.exchange import Exchange


@dataclass(frozen=True)
class Gesture(Artefact):
    """One gesture: its name, its parameters, the software's answer (or ``{}``)."""

    label: ClassVar[str] = "Geste du logiciel"
    name: str
    parameters: Mapping[str, Any]
    answer: Mapping[str, Any]
    status: int | None

    @property
    def identity(self) -> Identity | None:
        """The patient identity in the answer, under the key ``patient``."""
        patient = self.answer.get("patient")
        return identity_of(patient) if isinstance(patient, Mapping) else None


def identity_of(patient: Mapping[str, Any]) -> Identity | None:
    """Read a patient of the driver contract; None when it has no status."""
    traits = patient.get("traits")
    status = patient.get("statut")
    if not isinstance(traits, Mapping) or not isinstance(status, str):
        return None
    ins = patient.get("ins") or {}
    return Identity(
        status=status,
        traits=Traits(
            birth_name=str(traits.get("nom_naissance", "")),
            birth_given_names=str(traits.get("prenoms_naissance", "")),
            sex=str(traits.get("sexe", "")),
            birth_date=str(traits.get("date_naissance", "")),
            birth_place=traits.get("lieu_naissance"),
            used_name=traits.get("nom_utilise"),
            used_given_name=traits.get("prenom_utilise"),
        ),
        ins=f"{ins['matricule']}{ins['cle']}" if ins.get("matricule") else None,
        oid=ins.get("oid"),
        attributes=frozenset(patient.get("attributs") or ()),
        local_id=patient.get("id"),
    )


@parses("lgc")
def read_gesture(exchange: Exchange) -> Iterable[Gesture]:
    """Read a gesture; a body that is not JSON is taken as empty."""
    yield Gesture(
        name=exchange.operation,
        parameters=_json(exchange.request.body),
        answer=_json(exchange.response.body) if exchange.response else {},
        status=exchange.response.status if exchange.response else None,
    )


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}
