"""Driver gestures as artefacts: what the software said of its own state.

The bench records each ``POST /actions/<name>`` it sends to the software as an
exchange of service ``lgc``. Its answer is the only place where a status such
as « récupérée » can be read, so that a verdict follows from the journal alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rules.artefact import Artefact, MalformedError, parses
from rules.context import Evidence, Identity, PastIns, Traits
from rules.exchange import Exchange
from rules.formats.pdf import PdfDocument

PRINTING = ("document.print", "prescription.print")


@dataclass(frozen=True)
class Gesture(Artefact):
    """One gesture: its name, its parameters, the software's answer (or ``{}``)."""

    label: ClassVar[str] = "Geste du logiciel"
    name: str
    parameters: Mapping[str, Any]
    answer: Mapping[str, Any]
    status: int | None

    @property
    def done(self) -> bool:
        """Whether the software answered that it did it."""
        return self.status is not None and self.status < 300

    def told(self, *names: str) -> str | None:
        """A text of the answer under nested names (``insi``, ``code``), None when absent."""
        value: Any = self.answer
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        return None if value is None else str(value)

    def part(self, name: str) -> Mapping[str, Any]:
        """An object of the answer (``insi``, ``verification``), empty when there is none."""
        return _mapping(self.answer.get(name))

    def entries(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """A list of objects of the answer (``appels``, ``patients``), without what is no object."""
        return _objects(self.answer.get(name))

    @cached_property
    def printed(self) -> PdfDocument | None:
        """The page that a gesture printed; None when it gave no readable PDF."""
        document = _mapping(self.answer.get("document"))
        if self.name not in PRINTING or not document.get("contenu"):
            return None
        try:
            return PdfDocument.parse(base64.b64decode(str(document["contenu"]), validate=True))
        except (MalformedError, ValueError):
            return None

    def parts(self) -> Iterable[Artefact]:
        """What the software printed: paper is a way out like another."""
        return () if self.printed is None else (self.printed,)

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
    ins = _mapping(patient.get("ins"))
    return Identity(
        status=status,
        traits=Traits(
            birth_name=str(traits.get("nom_naissance", "")),
            birth_given_names=str(traits.get("prenoms_naissance", "")),
            sex=str(traits.get("sexe", "")),
            birth_date=str(traits.get("date_naissance", "")),
            birth_place=_text(traits.get("lieu_naissance")),
            used_name=_text(traits.get("nom_utilise")),
            used_given_name=_text(traits.get("prenom_utilise")),
        ),
        ins=f"{ins['matricule']}{ins.get('cle') or ''}" if ins.get("matricule") else None,
        oid=_text(ins.get("oid")),
        attributes=frozenset(map(str, _listed(patient.get("attributs")))),
        local_id=_text(patient.get("id")),
        first_name=_text(traits.get("premier_prenom")),
        channel=_text(patient.get("canal")),
        nature=_text(ins.get("nature")),
        evidence=_evidence(_mapping(patient.get("justificatif"))),
        history=tuple(map(_past, _objects(patient.get("historique")))),
        uncertain_date=bool(patient.get("date_incertaine")),
        alerts=tuple(map(str, _listed(patient.get("alertes")))),
        announced=frozenset(str(key) for key in patient),
    )


def _evidence(told: Mapping[str, Any]) -> Evidence | None:
    if not told.get("code"):
        return None
    return Evidence(
        str(told["code"]), _text(told.get("niveau")), _text(told.get("le")), _text(told.get("par"))
    )


def _past(told: Mapping[str, Any]) -> PastIns:
    return PastIns(
        number=str(told.get("matricule") or ""),
        key=_text(told.get("cle")),
        oid=str(told.get("oid") or ""),
        start=_text(told.get("debut")),
        end=_text(told.get("fin")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(each for each in _listed(value) if isinstance(each, Mapping))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


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
